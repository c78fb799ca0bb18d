//! Which of the known names was meant by one that is not known.

/// Letters that may differ in a name that was meant.
const DISTANCE_MAX: usize = 3;
/// A longer name is compared with nothing, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The part of a name that is taken for the whole has at least so many bytes.
const PART_BYTES_MIN: usize = 3;

/// The nearest name: one that is told by a part of it, else one that differs by a few letters, of short names by fewer.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    let is_part = |own: &&str| name.len() >= PART_BYTES_MIN && own.contains(name);
    if let Some(whole) = known.clone().filter(is_part).min_by_key(|own| own.len()) {
        return Some(whole);
    }
    let near = known.map(|own| (distance(name, own), own)).min();
    let most = DISTANCE_MAX.min(name.len() / 2);
    near.filter(|(distance, _)| *distance <= most).map(|(_, own)| own)
}

/// How many letters have to be put in, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > NAME_BYTES_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut left = at + 1;
        let mut above = std::mem::replace(row.first_mut().unwrap_or(&mut 0), left);
        for (own, cell) in other.bytes().zip(row.iter_mut().skip(1)) {
            let changed = above + usize::from(own != letter);
            above = *cell;
            left = changed.min(above + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn a_slip_and_a_part_are_told_from_another_name() {
        let known = ["cursor", "zed", "claude-code", "toxic-combination"];
        let near = |name: &str| nearest(name, known.into_iter());
        for (name, meant) in [
            ("curser", Some("cursor")),
            ("ze", Some("zed")),
            ("toxic", Some("toxic-combination")),
            ("claude", Some("claude-code")),
            ("emacs", None),
            ("", None),
            (&"x".repeat(100), None),
        ] {
            assert_eq!(near(name), meant, "{name}");
        }
        assert_eq!((distance("abc", "abc"), distance("abc", "acb"), distance("", "ab")), (0, 2, 2));
    }
}
