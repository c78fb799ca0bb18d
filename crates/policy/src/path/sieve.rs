//! Which of some words stands in a text: one pass over it, from rare byte to rare byte.

/// A set of words, in which ASCII case does not count.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// The rarest bytes of the words, each with what may stand behind it.
    anchors: Vec<Anchor>,
    /// By byte: the place of its anchor, counted from one; 0 for all others.
    places: Box<[u8; 256]>,
    /// The anchors themselves, where they are so few and so rare that blocks without one are worth finding.
    rare: Vec<u8>,
}

/// A byte with the words that are looked for where it stands.
#[derive(Debug)]
struct Anchor {
    /// By the byte behind it: the place of its words, counted from one; 0 where none goes on so.
    places: Box<[u8; 256]>,
    words: Vec<Vec<Word>>,
}

#[derive(Debug)]
struct Word {
    text: Box<[u8]>,
    /// Where in it its anchor stands; never at the end.
    anchor: usize,
}

/// A text is looked through in steps of so many bytes.
const BLOCK_BYTES: usize = 64;
/// More anchors cost more to look for than they spare.
const RARE_MAX: usize = 6;
/// From the commonest to the rarest in prose, code and paths together. What is not here is rarer, but has to be looked for
/// with the rest: the marks at the end stand in most words of most policies.
const COMMON: &[u8] = b"etainoslrcdupmhgfybwvkxjqz0123456789.-_";

impl Sieve {
    /// `None`: a word is shorter than two bytes.
    pub(crate) fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Sieve> {
        let mut sieve = Sieve { anchors: Vec::new(), places: Box::new([0; 256]), rare: Vec::new() };
        let mut words: Vec<Vec<u8>> =
            words.into_iter().map(|word| word.as_ref().to_ascii_lowercase().into_bytes()).collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            sieve.add(word)?;
        }
        if sieve.rare.len() > RARE_MAX || sieve.rare.iter().any(u8::is_ascii_alphabetic) {
            sieve.rare.clear();
        }
        Some(sieve)
    }

    fn add(&mut self, word: Vec<u8>) -> Option<()> {
        let rarity = |byte: &u8| COMMON.iter().position(|common| common == byte).unwrap_or(COMMON.len());
        let (_, starts) = word.split_last()?;
        let anchor = (0..starts.len()).max_by_key(|at| starts.get(*at).map(rarity))?;
        let (byte, behind) = (*word.get(anchor)?, *word.get(anchor.saturating_add(1))?);
        let fresh = place(&self.places, byte) == 0;
        if fresh {
            self.rare.push(byte);
            self.anchors.push(Anchor { places: Box::new([0; 256]), words: Vec::new() });
            put(&mut self.places, byte, self.anchors.len())?;
        }
        let found = self.anchors.get_mut(place(&self.places, byte).checked_sub(1)?)?;
        if place(&found.places, behind) == 0 {
            found.words.push(Vec::new());
            put(&mut found.places, behind, found.words.len())?;
        }
        let same = found.words.get_mut(place(&found.places, behind).checked_sub(1)?)?;
        same.push(Word { text: word.into(), anchor });
        Some(())
    }

    /// True if one of the words stands in `text`.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut start: usize = 0;
        bytes.chunks(BLOCK_BYTES).any(|block| {
            let here = start;
            start = start.saturating_add(block.len());
            (self.rare.is_empty() || self.rare.iter().any(|byte| holds(block, *byte)))
                && block.iter().enumerate().any(|(offset, byte)| {
                    let place = place(&self.places, *byte);
                    place != 0 && self.stands_at(bytes, here.saturating_add(offset), place)
                })
        })
    }

    /// True if one of the words of an anchor stands around `at`, where the anchor stands.
    fn stands_at(&self, text: &[u8], at: usize, place_of_anchor: usize) -> bool {
        let Some(anchor) = self.anchors.get(place_of_anchor.saturating_sub(1)) else { return false };
        let Some(behind) = text.get(at.saturating_add(1)) else { return false };
        let Some(at_word) = place(&anchor.places, *behind).checked_sub(1) else { return false };
        anchor.words.get(at_word).is_some_and(|words| {
            words.iter().any(|word| {
                let rest = at.checked_sub(word.anchor).and_then(|start| text.get(start..));
                let there = rest.and_then(|rest| rest.get(..word.text.len()));
                there.is_some_and(|there| there.eq_ignore_ascii_case(&word.text))
            })
        })
    }
}

/// In wide steps.
fn holds(block: &[u8], byte: u8) -> bool {
    block.iter().fold(false, |any, other| any | (*other == byte))
}

fn place(places: &[u8; 256], byte: u8) -> usize {
    places.get(usize::from(byte)).copied().map_or(0, usize::from)
}

/// Notes the place of a lower-case byte, in both cases. `None`: there are too many, which there cannot be: 230 bytes differ
/// in more than their case.
fn put(places: &mut [u8; 256], byte: u8, place: usize) -> Option<()> {
    let place = u8::try_from(place).ok()?;
    for byte in [byte, byte.to_ascii_uppercase()] {
        *places.get_mut(usize::from(byte))? = place;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Sieve;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_word_is_found_wherever_it_stands(
            words in prop::collection::vec("[.]env|[.]ENVRC|[.]e|id_rsa|_netrc|e[.]|a-b-c|é[.]é|日本|shadow|key[.]|[ -~]{2,5}", 0..8),
            text in prop::collection::vec("[.]{1,9}|[.]e|[.]E|[.]en|nv|NVRC|id|_r|sA|_|netrc|a-|b-c|é|[.]|日|本|sha|dow|KEY|[ -~]{0,70}", 0..24),
        ) {
            let text = text.concat();
            let sieve = Sieve::new(&words).unwrap();
            let lower = text.to_ascii_lowercase();
            let plain = words.iter().any(|word| lower.contains(&word.to_ascii_lowercase()));
            prop_assert_eq!(sieve.finds_in(&text), plain, "{:?} {}", words, text);
        }

        #[test]
        fn it_is_found_across_blocks(word in "[.a-c_]{2,70}", before in 0_usize..140, behind in 0_usize..70) {
            let sieve = Sieve::new([&word]).unwrap();
            let text = format!("{}{}{}", "x".repeat(before), word.to_ascii_uppercase(), "x".repeat(behind));
            prop_assert!(sieve.finds_in(&text));
        }
    }

    #[test]
    fn no_words_are_found_nowhere_and_every_byte_may_be_an_anchor() {
        let none = Sieve::new([""; 0]).unwrap();
        assert!(!none.finds_in("") && !none.finds_in(&"a.b".repeat(99)));
        let all: Vec<String> = (' '..'\u{800}').map(|byte| format!("{byte}{byte}")).collect();
        let sieve = Sieve::new(&all).unwrap();
        assert!(all.iter().all(|word| sieve.finds_in(word)) && !sieve.finds_in("abab"));
        assert!(Sieve::new(["a"]).is_none() && Sieve::new([""]).is_none());
    }
}
