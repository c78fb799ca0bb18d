//! Bounds what a person who watches is told, so that a flood does not fill the terminal.

use std::sync::{Mutex, PoisonError};

use bailiwick_engine::Scanner;
use bailiwick_mcp::{Direction, Timestamp};
use bailiwick_record::audit::visible;
use bailiwick_record::entry::Extent;

/// Lines in a second; of further ones their number is told.
pub(super) const WORDS_MAX: u64 = 64;
const SECOND_US: u64 = 1_000_000;

/// A line that is no message.
#[derive(Debug)]
pub(crate) struct Junk {
    pub(crate) extent: Extent,
    /// How it begins, fit to be shown; of what the server said. What the client wrote, its own program knows.
    begins: Option<String>,
}

impl Junk {
    pub(crate) fn of(direction: Direction, line: &[u8], scanner: &Scanner) -> Junk {
        let begins = (direction == Direction::ToClient).then(|| beginning(line, scanner));
        Junk { extent: Extent::of(line), begins }
    }

    /// What a person is told, and how it begins.
    pub(crate) fn told(junk: Option<&Junk>, words: String) -> String {
        match junk.and_then(|junk| junk.begins.as_deref()) {
            Some(begins) => format!("{words}; the line was: {begins}"),
            None => words,
        }
    }
}

fn beginning(line: &[u8], scanner: &Scanner) -> String {
    // Masked before it is cut: half a secret looks like none.
    let text = String::from_utf8_lossy(line.get(..MASKED_BYTES_MAX).unwrap_or(line));
    let masked = scanner.redact_secrets(&text);
    let mut shown = visible(&masked.chars().take(SHOWN_MAX).collect::<String>());
    if masked.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Characters of a line that are shown, and bytes of it that are looked through for secrets.
const SHOWN_MAX: usize = 200;
const MASKED_BYTES_MAX: usize = 16 << 10;

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
    use bailiwick_engine::Scanner;
    use bailiwick_mcp::{Direction, Timestamp};

    use super::{Junk, WORDS_MAX, Words};

    #[test]
    fn a_line_is_shown_by_its_beginning_without_secrets() {
        let scanner = Scanner::new();
        let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let line = format!("\u{1b}[31mstarting\u{202e} {key} {}", "x".repeat(100_000));
        let junk = Junk::of(Direction::ToClient, line.as_bytes(), &scanner);
        let shown = Junk::told(Some(&junk), "not JSON".to_owned());
        assert!(shown.starts_with("not JSON; the line was: <U+001B>[31mstarting<U+202E> "), "{shown}");
        assert!(!shown.contains(key) && !shown.contains("ABCDEFGHIJ"), "{shown}");
        assert!(shown.ends_with("x…") && shown.chars().count() < 300, "{shown}");
        let ours = Junk::of(Direction::ToServer, b"x\xff", &scanner);
        assert_eq!(Junk::told(Some(&ours), "not JSON".to_owned()), "not JSON");
        let broken = Junk::of(Direction::ToClient, b"x\xff\r", &scanner);
        assert_eq!(Junk::told(Some(&broken), "a".to_owned()), "a; the line was: x\u{fffd}<U+000D>");
    }

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
