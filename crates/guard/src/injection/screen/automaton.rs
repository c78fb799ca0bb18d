//! The automaton of Aho and Corasick as one table that the cache holds.

/// What ends where, by state and class of byte. White space and case are folded into the classes.
#[derive(Debug)]
pub(super) struct Automaton {
    /// By state and class of byte, the next state; [`HIT`] marks one in which something ends. As long as a mask reaches, so
    /// that a step checks no bound; what no state has is never touched.
    table: Box<[u16; ENTRIES]>,
    classes: [u8; 256],
    /// By state, the words that end in it.
    ends: Vec<Vec<u16>>,
    /// By length, the first state of so many bytes: those of more follow.
    levels: Vec<u16>,
}

/// Set in a table entry whose state ends a word.
pub(super) const HIT: u16 = 1 << 15;
/// Classes of bytes, at most; a power of two, so that a row starts at a shift.
const CLASSES: usize = 64;
/// States, at most; a power of two, for a mask.
const STATES: usize = 1 << 13;
const ENTRIES: usize = STATES * CLASSES;

impl Automaton {
    pub(super) fn new(words: &[&str]) -> Automaton {
        let classes = classes(words);
        // INVARIANT: it has this length. From zeros of the system: an array would be made on the stack.
        let zeros = vec![0_u16; ENTRIES].into_boxed_slice();
        let mut table = zeros.try_into().unwrap_or_else(|_| Box::new([0; ENTRIES]));
        let (ends, levels) = tree(words, &classes, table.as_mut_slice());
        Automaton { table, classes, ends, levels }
    }

    /// True if the state stands for all of the bytes since the walk began, of which there were so many.
    pub(super) fn is_of_all(&self, state: u16, bytes: usize) -> bool {
        self.levels.get(bytes).is_some_and(|first| state & !HIT >= *first)
    }

    #[inline]
    pub(super) fn step(&self, state: u16, byte: u8) -> u16 {
        // INVARIANT: classes and states are below these powers of two.
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let row = usize::from(state) % STATES * CLASSES;
        self.table.get(row | usize::from(class)).copied().unwrap_or(0)
    }

    /// The words that end in this state.
    pub(super) fn ends(&self, state: u16) -> &[u16] {
        self.ends.get(usize::from(state & !HIT)).map_or(&[], Vec::as_slice)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Fills the table; what ends in each state, and which is the first of each length. A table of its own is made in a tenth of the time that a general one takes to be
/// made and translated, and every run begins with it.
fn tree(words: &[&str], classes: &[u8; 256], table: &mut [u16]) -> (Vec<Vec<u16>>, Vec<u16>) {
    let mut levels = vec![0];
    let mut ends: Vec<Vec<u16>> = vec![Vec::new()];
    let class = |byte: u8| usize::from(classes.get(usize::from(byte)).copied().unwrap_or(0));
    // A tree of the words, level by level: the states that every text visits lie together.
    let mut reached = vec![0_u16; words.len()];
    for depth in 0..words.iter().map(|word| word.len()).max().unwrap_or(0) {
        levels.push(u16::try_from(ends.len()).unwrap_or(HIT));
        for (number, (word, at)) in words.iter().zip(&mut reached).enumerate() {
            let Some(byte) = word.as_bytes().get(depth) else { continue };
            let fresh = u16::try_from(ends.len()).unwrap_or(HIT);
            let Some(next) = table.get_mut(usize::from(*at) * CLASSES + class(*byte)) else { continue };
            if *next == 0 {
                *next = fresh;
                ends.push(Vec::new());
            }
            *at = table.get(usize::from(*at) * CLASSES + class(*byte)).copied().unwrap_or(0);
            if depth + 1 == word.len()
                && let Some(ends) = ends.get_mut(usize::from(*at))
            {
                ends.extend(u16::try_from(number));
            }
        }
    }
    debug_assert!(ends.len() <= STATES, "{} states: more than a mask tells apart", ends.len());
    complete(table, &mut ends);
    (ends, levels)
}

/// Gives every state its way for every class: where the tree has none, that of the longest end of it which is a start too.
fn complete(table: &mut [u16], ends: &mut [Vec<u16>]) {
    let mut shorter = vec![0_u16; ends.len()];
    // States are numbered by their depth, so that what is shorter is complete already.
    for state in 0..ends.len() {
        let fall = shorter.get(state).copied().unwrap_or(0);
        for class in 0..CLASSES {
            // The start itself falls nowhere.
            let instead = match state {
                0 => 0,
                _ => table.get(usize::from(fall) * CLASSES + class).copied().unwrap_or(0),
            };
            let Some(next) = table.get_mut(state * CLASSES + class) else { continue };
            if *next == 0 {
                *next = instead;
            } else if let Some(fall) = shorter.get_mut(usize::from(*next)) {
                *fall = instead;
            }
        }
        let inherited =
            if state == 0 { Vec::new() } else { ends.get(usize::from(fall)).cloned().unwrap_or_default() };
        if let Some(own) = ends.get_mut(state) {
            own.extend(inherited);
        }
    }
    for next in table.iter_mut().take(ends.len() * CLASSES) {
        if ends.get(usize::from(*next)).is_some_and(|ends| !ends.is_empty()) {
            *next |= HIT;
        }
    }
}

/// The class of each byte: letters of either case are one, white space is one, and so is all that stands in no word.
fn classes(words: &[&str]) -> [u8; 256] {
    let mut used = [false; 256];
    for byte in words.iter().flat_map(|word| word.bytes()) {
        if let Some(used) = used.get_mut(usize::from(byte)) {
            *used = true;
        }
    }
    // Class 0 is every byte that no word has.
    let mut count = 1_u8;
    let mut classes = [0; 256];
    for byte in (0..=255_u8).filter(|byte| used.get(usize::from(*byte)) == Some(&true)) {
        let same = |other: u8| other.to_ascii_lowercase() == byte || (byte == b' ' && is_space(other));
        for (other, place) in (0..=255_u8).zip(&mut classes) {
            if same(other) {
                *place = count;
            }
        }
        count += 1;
    }
    debug_assert!(usize::from(count) <= CLASSES, "more classes than a row has");
    classes
}

#[cfg(test)]
mod tests {
    use super::{Automaton, HIT};

    #[test]
    fn every_word_ends_where_it_stands() {
        let words = ["he", "she", "his", "hers", "is", "a b", "e h", "shehishe"];
        let automaton = Automaton::new(&words);
        for text in ["ushers", "SHE his a\tb", "shehishershe h", "xx", "hhehhersshis"] {
            let folded = text.to_ascii_lowercase().replace('\t', " ");
            let mut state = 0;
            for at in 0..text.len() {
                state = automaton.step(state, text.as_bytes()[at]);
                let mut found = automaton.ends(state).to_vec();
                found.sort_unstable();
                let expected = (0..words.len())
                    .filter(|word| folded.as_bytes()[..=at].ends_with(words[*word].as_bytes()));
                let expected: Vec<u16> = expected.map(|word| u16::try_from(word).unwrap()).collect();
                assert_eq!(found, expected, "{text} at {at}");
                assert_eq!(state & HIT != 0, !expected.is_empty(), "{text} at {at}");
            }
        }
    }
}
