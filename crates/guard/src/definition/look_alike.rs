//! Names of tools that a reader takes for others.

use unicode_normalization::UnicodeNormalization as _;

/// True if `name` looks like another of `names`, or like a plain name that it is not.
pub(super) fn is_one(name: &str, names: &[&str]) -> bool {
    let shape = shape(name);
    // Letters of other alphabets that are drawn like those of a plain name.
    let imitates = !name.is_ascii() && shape.is_ascii();
    imitates || names.iter().any(|other| *other != name && self::shape(other) == shape)
}

/// True if `name` looks like one of `names` only because of letters that are drawn alike. Servers that know nothing of each
/// other spell one name with other signs and cases.
pub(super) fn is_disguised(name: &str, names: &[&str]) -> bool {
    let plain = |name: &str| name.replace(['_', '-', '.', ' '], "").to_lowercase();
    let shape = shape(name);
    names.iter().any(|other| self::shape(other) == shape && plain(other) != plain(name))
}

/// A name as it looks: case, signs between words, and characters that are drawn alike do not count.
pub(super) fn shape(name: &str) -> String {
    let visible = |c: &char| {
        !matches!(c, '_' | '-' | '.' | ' ' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
    };
    let letter = |c: char| match c {
        '0' | 'о' | 'ο' => 'o',
        '1' | 'i' | '|' | 'і' | 'ι' | 'ӏ' => 'l',
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'е' | 'ε' => 'e',
        'р' | 'ρ' => 'p',
        'ѕ' | '5' => 's',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        other => other,
    };
    name.nfkc().filter(visible).flat_map(char::to_lowercase).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_disguised, is_one};

    #[test]
    fn servers_may_spell_one_name_differently() {
        assert!(is_disguised("read_fi1e", &["read_file"]));
        assert!(is_disguised("sеnd_email", &["send_email"]));
        assert!(!is_disguised("readFile", &["read_file"]));
        assert!(!is_disguised("read_file", &["read_file", "write_file"]));
    }

    #[test]
    fn names_that_look_alike_are_told_apart_from_names_that_differ() {
        for (name, others) in [
            ("read_fi1e", vec!["read_file"]),
            ("readFile", vec!["read_file"]),
            ("send-email", vec!["send_email"]),
            ("sеnd_email", vec![]),
            ("send\u{200b}_email", vec!["send_email"]),
        ] {
            assert!(is_one(name, &others), "{name} {others:?}");
        }
        for (name, others) in [
            ("read_file", vec!["read_file", "read_files", "write_file"]),
            ("list_items", vec!["list_item"]),
            ("größe", vec!["grösse"]),
            ("поиск", vec!["search"]),
        ] {
            assert!(!is_one(name, &others), "{name} {others:?}");
        }
    }
}
