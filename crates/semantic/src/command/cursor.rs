//! Where the parser stands in its text. Everything that the grammar looks for is ASCII, so bytes are enough.

use super::grammar::Parser;

impl Parser<'_, '_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    /// The byte so many behind the next one.
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn starts(&self, with: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(with.as_bytes()))
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        if found {
            self.skip(text.len());
        }
        found
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    /// One character forward.
    pub(super) fn bump(&mut self) {
        self.skip(1);
        while self.at < self.text.len() && !self.text.is_char_boundary(self.at) {
            self.skip(1);
        }
    }

    pub(super) fn since(&self, start: usize) -> &str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes to the next byte that `stop` wants, or to the end, and gives what was passed.
    pub(super) fn until(&mut self, stop: impl Fn(u8) -> bool) -> &str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| stop(*byte)).unwrap_or(rest.len());
        self.skip(length);
        self.since(start)
    }

    /// Blanks and continued lines. A carriage return separates as in the terminals that take it for Enter.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.skip(1),
                Some(b'\\') if self.byte(1) == Some(b'\n') => self.skip(2),
                _ => return,
            }
        }
    }

    /// Blanks, ends of lines with the here-documents behind them, and comments.
    pub(super) fn lines(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'\n' | b'\r') => {
                    self.skip(1);
                    self.heredocs();
                }
                Some(b'#') => {
                    self.until(|byte| byte == b'\n' || byte == b'\r');
                }
                _ => return,
            }
        }
    }

    /// The bytes up to the next one that ends or quotes a word: enough to know a reserved word.
    pub(super) fn plain_word(&self) -> &str {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let most = rest.len().min(RESERVED_BYTES_MAX + 1);
        let length = rest.iter().take(most).position(|byte| ends_plain(*byte)).unwrap_or(most);
        self.text.get(self.at..self.at.saturating_add(length)).unwrap_or_default()
    }

    /// Takes a reserved word.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.plain_word() == word;
        if found {
            self.skip(word.len());
        }
        found
    }
}

/// Length of the longest reserved word.
const RESERVED_BYTES_MAX: usize = "function".len();

/// What ends or quotes a word.
pub(super) fn ends_plain(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b';'
            | b'&'
            | b'|'
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'\''
            | b'"'
            | b'\\'
            | b'$'
            | b'`'
    )
}
