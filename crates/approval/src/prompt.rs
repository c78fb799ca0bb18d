//! The dialogue as a state machine over bytes and time: what to show next, and what a key means.

use std::ops::Range;
use std::time::Duration;

use crate::question::{Answer, DenyCause};
use crate::sheet::width;

/// How long a question, and its last page, stand on the screen before a key is heard. A person who was typing
/// something else answers nothing by accident.
pub const SETTLE: Duration = Duration::from_millis(700);

/// What a person must type, before Enter, to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// The letter `y`.
    Yes,
    /// These characters, which only the screen shows.
    Code(String),
}

/// What the terminal is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Draw the bottom line again and wait.
    Wait,
    /// Show these rows, then the bottom line.
    Show(Range<usize>),
    /// It is decided.
    Done(Answer),
}

/// One question on the screen. All times count from the moment it appeared.
#[derive(Debug)]
pub(crate) struct Prompt {
    rows: usize,
    page: usize,
    shown: usize,
    confirm: Confirm,
    typed: String,
    deaf_until: Duration,
    left: Duration,
}

impl Prompt {
    /// A question of so many rows on pages of so many, that must be answered within `left`.
    pub(crate) fn new(rows: usize, page: usize, confirm: Confirm, left: Duration) -> Prompt {
        Prompt {
            rows,
            page: page.max(1),
            shown: 0,
            confirm,
            typed: String::new(),
            deaf_until: Duration::ZERO,
            left,
        }
    }

    /// Turns to the next page, the first at the beginning.
    pub(crate) fn turn(&mut self, at: Duration) -> Step {
        let from = self.shown;
        self.shown = from.saturating_add(self.page).min(self.rows);
        if from == 0 || self.all_shown() {
            self.deaf_until = at.saturating_add(SETTLE);
        }
        Step::Show(from..self.shown)
    }

    /// Until when keys are to be thrown away.
    pub(crate) fn deaf_until(&self) -> Duration {
        self.deaf_until
    }

    /// When time alone decides.
    pub(crate) fn deadline(&self) -> Duration {
        self.left
    }

    /// Time has passed.
    pub(crate) fn tick(&self, at: Duration) -> Step {
        if at >= self.left { Step::Done(Answer::Deny(DenyCause::TimedOut)) } else { Step::Wait }
    }

    /// These keys were pressed; an empty read is the end of the terminal.
    pub(crate) fn keys(&mut self, at: Duration, keys: &[u8]) -> Step {
        if keys.is_empty() {
            return Step::Done(Answer::Deny(DenyCause::EndOfInput));
        }
        if let step @ Step::Done(_) = self.tick(at) {
            return step;
        }
        if at < self.deaf_until {
            return Step::Wait;
        }
        if self.all_shown() { self.confirming(keys) } else { self.paging(at, keys) }
    }

    /// The bottom line, at most `columns` wide, with what was typed so far.
    pub(crate) fn line(&self, at: Duration, columns: usize) -> String {
        let left = self.left.saturating_sub(at).as_millis().div_ceil(1000);
        let clock = format!("{}:{:02}", left / 60, left % 60);
        let candidates = if at < self.deaf_until {
            [format!("-- no key is heard yet ({clock}) "), format!("-- ({clock}) ")]
        } else if self.all_shown() {
            let key = match &self.confirm {
                Confirm::Yes => "y",
                Confirm::Code(code) => code,
            };
            [
                format!("Type {key} and Enter to approve; anything else denies ({clock}): {}", self.typed),
                format!("{key}+Enter approves ({clock}): {}", self.typed),
            ]
        } else {
            let (shown, rows) = (self.shown, self.rows);
            [
                format!("-- {shown} of {rows} rows shown; Enter shows more, any other key denies ({clock}) "),
                format!("-- {shown}/{rows}, Enter: more ({clock}) "),
            ]
        };
        let [full, short] = candidates;
        let line = if width(&full) < columns { full } else { short };
        line.chars().take(columns.saturating_sub(1)).collect()
    }

    fn all_shown(&self) -> bool {
        self.shown >= self.rows
    }

    fn paging(&mut self, at: Duration, keys: &[u8]) -> Step {
        match keys {
            [b'\r' | b'\n' | b' '] => self.turn(at),
            [END_OF_INPUT, ..] => Step::Done(Answer::Deny(DenyCause::NoMoreKeys)),
            // Several keys at once were not pressed by somebody who read the page.
            _ => Step::Done(Answer::Deny(DenyCause::Person)),
        }
    }

    fn confirming(&mut self, keys: &[u8]) -> Step {
        for (index, key) in keys.iter().copied().enumerate() {
            match key {
                b'\r' | b'\n' => {
                    let last = index.saturating_add(1) == keys.len();
                    let answer = if last && self.confirmed() { Answer::Approve } else { DENIED };
                    return Step::Done(answer);
                }
                BACKSPACE | DELETE => drop(self.typed.pop()),
                b' '..=b'~' if self.typed.len() < TYPED_MAX => self.typed.push(char::from(key)),
                END_OF_INPUT => return Step::Done(Answer::Deny(DenyCause::NoMoreKeys)),
                // Ctrl-C, Escape, a pasted or a foreign letter: whatever it was, it was not a yes.
                _ => return Step::Done(DENIED),
            }
        }
        Step::Wait
    }

    fn confirmed(&self) -> bool {
        match &self.confirm {
            Confirm::Yes => self.typed.eq_ignore_ascii_case("y"),
            Confirm::Code(code) => !code.is_empty() && self.typed.eq_ignore_ascii_case(code),
        }
    }
}

const DENIED: Answer = Answer::Deny(DenyCause::Person);
/// Ctrl-D.
const END_OF_INPUT: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const TYPED_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(2);
    const LIMIT: Duration = Duration::from_secs(180);

    fn short(confirm: Confirm) -> Prompt {
        let mut prompt = Prompt::new(10, 20, confirm, LIMIT);
        assert_eq!(prompt.turn(Duration::ZERO), Step::Show(0..10));
        prompt
    }

    #[test]
    fn only_an_explicit_yes_approves() {
        let code = Confirm::Code("k7f3".to_owned());
        for (keys, confirm, answer) in [
            (&b"y\n"[..], Confirm::Yes, Answer::Approve),
            (b"Y\r", Confirm::Yes, Answer::Approve),
            (b"n\x7fy\n", Confirm::Yes, Answer::Approve),
            (b"\n", Confirm::Yes, DENIED),
            (b"yes\n", Confirm::Yes, DENIED),
            (b" y\n", Confirm::Yes, DENIED),
            (b"y\nq", Confirm::Yes, DENIED),
            (b"y\ny\n", Confirm::Yes, DENIED),
            (b"y\x03", Confirm::Yes, DENIED),
            (b"\x04", Confirm::Yes, Answer::Deny(DenyCause::NoMoreKeys)),
            (b"y\x04", Confirm::Yes, Answer::Deny(DenyCause::NoMoreKeys)),
            (b"\x1b[A", Confirm::Yes, DENIED),
            (b"\x1b[200~y\n", Confirm::Yes, DENIED),
            (b"\0y\n", Confirm::Yes, DENIED),
            (b"\xd1\x83\n", Confirm::Yes, DENIED),
            (b"yyyyyyyyyyyyyyyyyyyyyyyy", Confirm::Yes, DENIED),
            (b"K7f3\n", code.clone(), Answer::Approve),
            (b"y\n", code.clone(), DENIED),
            (b"k7f\n", code.clone(), DENIED),
            (b"k7f33\n", code, DENIED),
            (b"\n", Confirm::Code(String::new()), DENIED),
        ] {
            let mut prompt = short(confirm);
            assert_eq!(prompt.keys(LATER, keys), Step::Done(answer), "{keys:?}");
        }
    }

    #[test]
    fn keys_one_by_one_mean_the_same() {
        let mut prompt = short(Confirm::Yes);
        assert_eq!(prompt.keys(LATER, b"y"), Step::Wait);
        assert_eq!(prompt.keys(LATER, b"\r"), Step::Done(Answer::Approve));
    }

    #[test]
    fn silence_is_deny() {
        let mut prompt = short(Confirm::Yes);
        assert_eq!(prompt.tick(LIMIT - Duration::from_millis(1)), Step::Wait);
        assert_eq!(prompt.tick(LIMIT), Step::Done(Answer::Deny(DenyCause::TimedOut)));
        assert_eq!(prompt.keys(LIMIT, b"y\n"), Step::Done(Answer::Deny(DenyCause::TimedOut)));
    }

    #[test]
    fn the_end_of_input_is_deny_at_any_time() {
        for at in [Duration::ZERO, LATER] {
            assert_eq!(short(Confirm::Yes).keys(at, b""), Step::Done(Answer::Deny(DenyCause::EndOfInput)));
        }
    }

    #[test]
    fn keys_before_the_question_has_settled_are_not_heard() {
        let mut prompt = short(Confirm::Yes);
        assert_eq!(prompt.keys(SETTLE - Duration::from_millis(1), b"y\n"), Step::Wait);
        assert_eq!(prompt.keys(SETTLE, b"\n"), Step::Done(DENIED));
    }

    #[test]
    fn nothing_approves_before_the_last_row_was_shown() {
        let mut prompt = Prompt::new(50, 20, Confirm::Yes, LIMIT);
        assert_eq!(prompt.turn(Duration::ZERO), Step::Show(0..20));
        assert_eq!(prompt.keys(LATER, b"\r"), Step::Show(20..40));
        assert_eq!(prompt.keys(LATER, b" "), Step::Show(40..50));
        // The last page settles anew, so a key held down for paging decides nothing.
        assert_eq!(prompt.keys(LATER, b"\r"), Step::Wait);
        assert_eq!(prompt.keys(LATER + SETTLE, b"y\r"), Step::Done(Answer::Approve));
        for keys in [&b"y\n"[..], b"\r\r\r", b"y", b"q", b"\x1b"] {
            let mut prompt = Prompt::new(50, 20, Confirm::Yes, LIMIT);
            prompt.turn(Duration::ZERO);
            assert_eq!(prompt.keys(LATER, keys), Step::Done(DENIED), "{keys:?}");
        }
    }

    #[test]
    fn the_line_counts_down_and_fits() {
        let mut prompt = short(Confirm::Code("k7f3".to_owned()));
        assert_eq!(prompt.line(Duration::ZERO, 80), "-- no key is heard yet (3:00) ");
        assert_eq!(prompt.line(LATER, 80), "Type k7f3 and Enter to approve; anything else denies (2:58): ");
        prompt.keys(LATER, b"k7");
        assert_eq!(prompt.line(LIMIT - Duration::from_millis(1), 40), "k7f3+Enter approves (0:01): k7");
        for columns in 0..100 {
            assert!(width(&prompt.line(LATER, columns)) < columns.max(1));
        }
    }
}
