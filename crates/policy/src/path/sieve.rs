//! Which of some words stands in a text: from rare byte to rare byte where the words have such, else all words at once.

use aho_corasick::packed;
use memchr::memmem::Finder;

/// A set of words, in which ASCII case does not count.
#[derive(Debug)]
pub(crate) struct Sieve {
    /// In the order of what is seen of them.
    words: Vec<Word>,
    /// By byte, a bit for each group of words in which one has it in its window: eight for the first place, eight each for
    /// the second and the third.
    windows: Box<[u32; 256]>,
    /// The rarest bytes of the words, where they are so few and so rare that it is worth to go from one to the next.
    rare: Option<[u8; RARE_MAX]>,
    /// How far behind the start of its window a rare byte may stand.
    offsets: Vec<usize>,
    /// For long texts in which nothing is rare. `None`: the processor has no wide steps.
    wide: Option<Wide>,
}

#[derive(Debug)]
struct Word {
    text: Box<[u8]>,
    /// Where in it the bytes stand by which it is looked for, its rarest among them.
    window: usize,
    seen: [u8; WINDOW_BYTES],
}

/// All words at once, in a text in lower case.
#[derive(Debug)]
struct Wide {
    /// Three bytes stand by chance in every text, so that looking for all words at once would stop there again and again:
    /// these few are looked for by themselves.
    short: Vec<Finder<'static>>,
    /// `None`: there are no others.
    long: Option<packed::Searcher>,
}

const WINDOW_BYTES: usize = 3;
/// Groups of words; as many as fit three times.
const GROUPS: usize = 8;
const GROUPS_MASK: u32 = 0xFF;
/// So many bytes are looked for in wide steps.
const RARE_MAX: usize = 3;
/// With more rare bytes than one in so many they are not rare in that text.
const RARE_EVERY: usize = 64;
/// With more places that look like a word, and are none, it is made to look so.
const LOOKALIKES_MAX: usize = 4;
/// A shorter text is read byte by byte before all words are looked for.
const SHORT_BYTES: usize = 128;
/// Looked for by themselves, at most.
const FINDERS_MAX: usize = 12;
/// From the commonest to the rarest in prose, code and paths together. What is not here is rarer, but has to be looked for
/// with the rest: the marks at the end stand in most words of most policies.
const COMMON: &[u8] = b"etainoslrcdupmhgfybwvkxjqz0123456789.-_";

/// How far a look has come.
enum Look {
    Found(bool),
    /// It takes too long.
    GivenUp,
}

impl Sieve {
    /// `None`: a word is shorter than three bytes.
    pub(crate) fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Sieve> {
        let (mut all, mut rare, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        for word in words {
            let text = word.as_ref().to_ascii_lowercase().into_bytes();
            let last = text.len().checked_sub(WINDOW_BYTES)?;
            let rarity = |byte: u8| COMMON.iter().position(|common| *common == byte).unwrap_or(COMMON.len());
            let (at, byte) = text.iter().copied().enumerate().max_by_key(|(_, byte)| rarity(*byte))?;
            rare.push(byte);
            offsets.push(at.saturating_sub(last));
            let window = at.min(last);
            let seen = *text.get(window..)?.first_chunk()?;
            all.push(Word { text: text.into(), window, seen });
        }
        // Those that are looked for alike are looked for together.
        all.sort_by(|one: &Word, other| (one.seen, &one.text).cmp(&(other.seen, &other.text)));
        all.dedup_by(|one, other| one.text == other.text);
        rare.sort_unstable();
        rare.dedup();
        offsets.sort_unstable();
        offsets.dedup();
        let rare = match *rare.as_slice() {
            _ if rare.iter().any(u8::is_ascii_alphabetic) => None,
            [one] => Some([one, one, one]),
            [one, two] => Some([one, two, two]),
            [one, two, three] => Some([one, two, three]),
            _ => None,
        };
        let wide = Wide::new(&all);
        Some(Sieve { windows: windows(&all), words: all, rare, offsets, wide })
    }

    /// True if one of the words stands in `text`.
    pub(crate) fn finds_in(&self, text: &str) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let bytes = text.as_bytes();
        let look = match self.rare {
            Some(rare) => self.by_rare_bytes(rare, bytes),
            None if bytes.len() <= SHORT_BYTES => self.by_every_byte(bytes),
            None => Look::GivenUp,
        };
        match (look, &self.wide) {
            (Look::Found(found), _) => found,
            (Look::GivenUp, Some(wide)) => wide.finds_in(text.to_ascii_lowercase().as_bytes()),
            (Look::GivenUp, None) => {
                (0..bytes.len()).any(|at| self.looks_so(bytes, at) && self.stands_at(bytes, at))
            }
        }
    }

    fn by_rare_bytes(&self, [one, two, three]: [u8; RARE_MAX], text: &[u8]) -> Look {
        let mut left = text.len() / RARE_EVERY + LOOKALIKES_MAX;
        let mut lookalikes = 0;
        for at in memchr::memchr3_iter(one, two, three, text) {
            for at in self.offsets.iter().filter_map(|offset| at.checked_sub(*offset)) {
                if self.looks_so(text, at) {
                    if self.stands_at(text, at) {
                        return Look::Found(true);
                    }
                    lookalikes += 1;
                }
            }
            left = left.saturating_sub(1);
            if left == 0 || lookalikes > LOOKALIKES_MAX {
                return Look::GivenUp;
            }
        }
        Look::Found(false)
    }

    fn by_every_byte(&self, text: &[u8]) -> Look {
        let mut lookalikes = 0;
        let (mut before, mut last) = (0, 0);
        for (end, byte) in text.iter().enumerate() {
            let seen = self.seen(*byte);
            let groups = before & last >> GROUPS & seen >> (2 * GROUPS);
            (before, last) = (last, seen);
            if groups & GROUPS_MASK != 0 {
                if self.stands_at(text, end.saturating_sub(WINDOW_BYTES - 1)) {
                    return Look::Found(true);
                }
                lookalikes += 1;
                if lookalikes > LOOKALIKES_MAX {
                    return Look::GivenUp;
                }
            }
        }
        Look::Found(false)
    }

    fn seen(&self, byte: u8) -> u32 {
        self.windows.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// False only if no word stands in `text` with its window at `at`.
    fn looks_so(&self, text: &[u8], at: usize) -> bool {
        let Some([one, two, three]) = text.get(at..).and_then(|rest| rest.first_chunk()) else {
            return false;
        };
        let groups = self.seen(*one) & self.seen(*two) >> GROUPS & self.seen(*three) >> (2 * GROUPS);
        groups & GROUPS_MASK != 0
    }

    /// True if a word stands in `text` with its window at `at`.
    fn stands_at(&self, text: &[u8], at: usize) -> bool {
        let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk::<WINDOW_BYTES>()) else {
            return false;
        };
        let window = window.map(|byte| byte.to_ascii_lowercase());
        let first = self.words.partition_point(|word| word.seen < window);
        let mut alike = self.words.iter().skip(first).take_while(|word| word.seen == window);
        alike.any(|word| {
            let rest = at.checked_sub(word.window).and_then(|start| text.get(start..));
            let there = rest.and_then(|rest| rest.get(..word.text.len()));
            there.is_some_and(|there| there.eq_ignore_ascii_case(&word.text))
        })
    }
}

fn windows(words: &[Word]) -> Box<[u32; 256]> {
    let mut windows = Box::new([0; 256]);
    let size = words.len().div_ceil(GROUPS).max(1);
    for (group, words) in words.chunks(size).enumerate() {
        for (place, byte) in words.iter().flat_map(|word| word.seen.iter().enumerate()) {
            for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                if let Some(groups) = windows.get_mut(usize::from(byte)) {
                    *groups |= 1_u32 << (place * GROUPS + group);
                }
            }
        }
    }
    windows
}

impl Wide {
    fn new(words: &[Word]) -> Option<Wide> {
        let texts = words.iter().map(|word| &*word.text);
        let (short, long): (Vec<&[u8]>, Vec<&[u8]>) =
            texts.clone().partition(|word| word.len() == WINDOW_BYTES);
        let (short, long) =
            if short.len() > FINDERS_MAX { (Vec::new(), texts.collect()) } else { (short, long) };
        let short = short.into_iter().map(|word| Finder::new(word).into_owned()).collect();
        let mut config = packed::Config::new();
        config.match_kind(packed::MatchKind::LeftmostFirst).heuristic_pattern_limits(false);
        let long = match long.is_empty() {
            true => None,
            false => Some(config.builder().extend(long).build()?),
        };
        Some(Wide { short, long })
    }

    fn finds_in(&self, text: &[u8]) -> bool {
        self.long.as_ref().is_some_and(|long| long.find(text).is_some())
            || self.short.iter().any(|word| word.find(text).is_some())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Sieve;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_word_is_found_wherever_it_stands(
            words in prop::collection::vec("[.]env|[.]ENVRC|[.]ex|id_rsa|_netrc|ee[.]|a-b-c|é[.]é|日本|shadow|key[.]|[.]{3,5}|[ -~]{3,6}", 0..8),
            text in prop::collection::vec("[.]{1,9}|[.]{40}|[.]e|[.]E|[.]en|nv|NVRC|id|_r|sA|_|netrc|a-|b-c|é|[.]|日|本|sha|dow|KEY|[ -~]{0,70}", 0..24),
        ) {
            let text = text.concat();
            let sieve = Sieve::new(&words).unwrap();
            let lower = text.to_ascii_lowercase();
            let plain = words.iter().any(|word| lower.contains(&word.to_ascii_lowercase()));
            prop_assert_eq!(sieve.finds_in(&text), plain, "{:?} {}", words, text);
        }

        #[test]
        fn it_is_found_across_blocks(word in "[.a-c_]{3,70}", before in 0_usize..300, behind in 0_usize..70) {
            let sieve = Sieve::new([&word]).unwrap();
            let text = format!("{}{}{}", "x.".repeat(before), word.to_ascii_uppercase(), "x".repeat(behind));
            prop_assert!(sieve.finds_in(&text));
        }
    }

    #[test]
    fn no_words_are_found_nowhere_and_any_byte_may_be_the_rarest() {
        let none = Sieve::new([""; 0]).unwrap();
        assert!(!none.finds_in("") && !none.finds_in(&"a.b".repeat(99)));
        // More words than groups, by every byte.
        let all: Vec<String> = (' '..'\u{800}').map(|byte| format!("{byte}x{byte}")).collect();
        let sieve = Sieve::new(&all).unwrap();
        assert!(all.iter().all(|word| sieve.finds_in(word)) && !sieve.finds_in("abxcab"));
        assert!(Sieve::new(["ab"]).is_none() && Sieve::new([""]).is_none());
    }
}
