//! How many of what, in words.

use std::fmt::Display;

/// `1 call`, `2 calls`, `0 entries`: a number and what it counts, named by `one`.
pub fn counted(number: impl Display, one: &str) -> String {
    let number = number.to_string();
    match one.strip_suffix('y') {
        _ if number == "1" => format!("1 {one}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_one_and_all_others_are_many() {
        let found = [counted(0, "call"), counted(1_u64, "entry"), counted(2, "entry"), counted(12, "day")];
        assert_eq!(found, ["0 calls", "1 entry", "2 entries", "12 days"]);
    }
}
