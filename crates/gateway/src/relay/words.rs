//! Bounds what a person who watches is told, so that a flood does not fill the terminal.

use std::sync::{Mutex, PoisonError};

use bailiwick_mcp::Timestamp;

/// Lines in a second; of further ones their number is told.
pub(super) const WORDS_MAX: u64 = 64;
const SECOND_US: u64 = 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Words {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    since: Timestamp,
    lines: u64,
    omitted: u64,
}

impl Words {
    /// Leaves in `words` what may be told at `at`.
    pub(super) fn pass(&self, at: Timestamp, words: &mut Vec<String>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = None;
        if at < told.since || at.micros_since(told.since) >= SECOND_US {
            let omitted = std::mem::take(&mut *told).omitted;
            before = (omitted > 0).then(|| format!("{omitted} more like these; the audit log has them"));
            told.since = at;
        }
        words.retain(|_| {
            let room = told.lines < WORDS_MAX;
            told.lines += u64::from(room);
            told.omitted += u64::from(!room);
            room
        });
        if let Some(before) = before {
            words.insert(0, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::Timestamp;

    use super::{WORDS_MAX, Words};

    #[test]
    fn a_flood_is_told_by_its_number() {
        let words = Words::default();
        let mut batch = vec!["deny".to_owned(); 1_000];
        words.pass(Timestamp(5_000_000), &mut batch);
        assert_eq!(batch.len() as u64, WORDS_MAX);
        let mut none = vec!["deny".to_owned()];
        words.pass(Timestamp(5_900_000), &mut none);
        assert_eq!(none, [""; 0]);
        let mut later = vec!["ask".to_owned()];
        words.pass(Timestamp(6_000_000), &mut later);
        assert_eq!(later, ["937 more like these; the audit log has them", "ask"]);
    }
}
