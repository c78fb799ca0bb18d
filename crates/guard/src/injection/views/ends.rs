//! Which words of a text are worth a look: by the first letter, the last one and the length, as cheaply as can be.

use std::sync::OnceLock;

use super::{moved, typos};

/// For every pair of letters a bit for each length that a word has which begins and ends with them.
#[derive(Debug)]
pub(in crate::injection) struct Ends(Box<[u16; PAIRS]>);

const PAIRS: usize = 32 * 32;
/// Longer words are not looked at.
const LETTERS_MAX: usize = 15;
/// One letter alone is no word that is looked for.
const LETTERS_MIN: usize = 2;

impl Ends {
    /// Those of all words that may be disguised by their letters.
    pub(in crate::injection) fn table() -> &'static Ends {
        static TABLE: OnceLock<Ends> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut table = Ends(Box::new([0; PAIRS]));
            moved::hidden_words().for_each(|word| table.add(&word));
            typos::known_words().for_each(|word| table.add(word.as_bytes()));
            table
        })
    }

    fn add(&mut self, word: &[u8]) {
        let letter = |byte: Option<&u8>| byte.copied().unwrap_or(0);
        if let Some(lengths) = self.0.get_mut(pair(letter(word.first()), letter(word.last())))
            && (LETTERS_MIN..=LETTERS_MAX).contains(&word.len())
        {
            *lengths |= 1 << word.len();
        }
    }

    /// False only if so many letters of which these are the first and the last are no word that may be disguised.
    #[inline]
    pub(in crate::injection) fn may_be(&self, first: u8, last: u8, length: u32) -> bool {
        let lengths = self.0.get(pair(first, last)).copied().unwrap_or(0);
        // A length of 34 is taken for one of 2: the word itself is looked at next.
        u32::from(lengths).wrapping_shr(length) & 1 == 1
    }
}

/// The first and the last letter as a number; case does not count.
#[inline]
fn pair(first: u8, last: u8) -> usize {
    usize::from(first & 31) << 5 | usize::from(last & 31)
}
