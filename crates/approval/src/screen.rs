//! The server's standard error on the terminal where we ask: nothing of it is drawn while a question stands there.

use std::io::{self, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::visible::visible;

/// The screen that the desk shares with the text of others. Clones are the same screen.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Screen {
    /// A screen on which nothing stands.
    #[must_use]
    pub fn new() -> Screen {
        Screen::default()
    }

    /// Copies the server's standard error to the terminal, line by line, until it ends; the handle returns when all is
    /// written. Colours are taken out and every other control character is made visible, so that no text can move the
    /// cursor over a question. While one stands on the screen, up to `HELD_BYTES_MAX` wait, and what is beyond is
    /// counted instead; the server itself never waits.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn relay(
        &self,
        mut from: impl Read + Send + 'static,
        mut to: impl Write + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (reader, writer) = (self.clone(), self.clone());
        let written = thread::Builder::new()
            .name("server stderr out".to_owned())
            .spawn(move || writer.write_out(&mut to))?;
        thread::Builder::new()
            .name("server stderr in".to_owned())
            .spawn(move || reader.read_in(&mut from))?;
        Ok(written)
    }

    /// Keeps the screen free of others' text until the guard is dropped.
    pub(crate) fn hold(&self) -> Held {
        let (state, changed) = &*self.shared;
        let mut held = lock(state);
        held.held = true;
        // A line on its way out is let out first, unless the terminal is stopped.
        let waited = changed.wait_timeout_while(held, LINE_PAUSE, |state| state.writing);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        Held { screen: self.clone() }
    }

    fn read_in(&self, from: &mut impl Read) {
        let mut lines = Lines::default();
        let mut bytes = [0; 4096];
        loop {
            let read = match from.read(&mut bytes) {
                Ok(count) => bytes.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => &[],
            };
            let text = if read.is_empty() { lines.rest() } else { lines.take(read) };
            let (state, changed) = &*self.shared;
            let mut state = lock(state);
            if state.text.len().saturating_add(text.len()) > HELD_BYTES_MAX {
                state.lost = state.lost.saturating_add(text.len());
            } else {
                state.text.push_str(&text);
            }
            state.ended = read.is_empty();
            changed.notify_all();
            if state.ended {
                return;
            }
        }
    }

    fn write_out(&self, to: &mut impl Write) {
        let (state, changed) = &*self.shared;
        let mut now = lock(state);
        loop {
            let idle = |state: &mut State| state.held || (state.text.is_empty() && !state.ended);
            now = changed.wait_while(now, idle).unwrap_or_else(PoisonError::into_inner);
            if now.text.is_empty() && now.ended {
                return;
            }
            let mut text = std::mem::take(&mut now.text);
            let lost = std::mem::take(&mut now.lost);
            if lost > 0 {
                text.push_str(&format!("({lost} bytes of the server's error output are left out here)\n"));
            }
            now.writing = true;
            drop(now);
            // A terminal that is gone takes no text, but the server must not notice.
            let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
            now = lock(state);
            now.writing = false;
            changed.notify_all();
        }
    }
}

/// The screen is ours.
#[derive(Debug)]
pub(crate) struct Held {
    screen: Screen,
}

impl Drop for Held {
    fn drop(&mut self) {
        let (state, changed) = &*self.screen.shared;
        lock(state).held = false;
        changed.notify_all();
    }
}

#[derive(Debug, Default)]
struct State {
    held: bool,
    writing: bool,
    ended: bool,
    text: String,
    lost: usize,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Cuts a stream into lines that are safe to show.
#[derive(Default)]
struct Lines {
    open: Vec<u8>,
}

impl Lines {
    /// The lines that these bytes complete.
    fn take(&mut self, bytes: &[u8]) -> String {
        let mut shown = String::new();
        for byte in bytes {
            // A progress bar goes back by a carriage return; here it goes on to the next line.
            if matches!(byte, b'\n' | b'\r') {
                shown.push_str(&self.rest());
            } else {
                self.open.push(*byte);
                if self.open.len() >= LINE_BYTES_MAX {
                    shown.push_str(&self.rest());
                }
            }
        }
        shown
    }

    /// What was not yet ended, as a line.
    fn rest(&mut self) -> String {
        let line = std::mem::take(&mut self.open);
        if line.is_empty() {
            return String::new();
        }
        let text = without_colours(&String::from_utf8_lossy(&line));
        let mut shown = text.split('\t').map(visible).collect::<Vec<_>>().join("\t");
        shown.push('\n');
        shown
    }
}

/// Takes out the sequences that only change colour (`ESC [ … m`); every other sequence stays, to be made visible.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let after = part.trim_start_matches(|character: char| matches!(character, '0'..='9' | ';' | ':'));
        match after.strip_prefix('m') {
            Some(after) => kept.push_str(after),
            None => {
                kept.push_str("\u{1b}[");
                kept.push_str(part);
            }
        }
    }
    kept
}

/// What may wait for the end of a question.
const HELD_BYTES_MAX: usize = 256 * 1024;
/// A longer line is broken.
const LINE_BYTES_MAX: usize = 4096;
const LINE_PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::io::PipeWriter;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    struct Sink(Sender<String>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn relayed(screen: &Screen) -> (PipeWriter, Receiver<String>, JoinHandle<()>) {
        let (from, server) = io::pipe().unwrap();
        let (sender, seen) = channel();
        (server, seen, screen.relay(from, Sink(sender)).unwrap())
    }

    #[test]
    fn lines_are_shown_without_power_over_the_terminal() {
        for (sent, shown) in [
            ("plain\n", "plain\n"),
            ("\u{1b}[1;31mred\u{1b}[0m\tgrüße\r\n", "red\tgrüße\n"),
            ("\u{1b}[2J\u{1b}[H\u{1b}]0;t\u{7}\n", "⟨U+001B⟩[2J⟨U+001B⟩[H⟨U+001B⟩]0;t⟨U+0007⟩\n"),
            ("10%\r20%\r\n", "10%\n20%\n"),
            ("\u{1b}[12", "⟨U+001B⟩[12\n"),
            ("no end", "no end\n"),
        ] {
            let mut lines = Lines::default();
            assert_eq!(lines.take(sent.as_bytes()) + &lines.rest(), shown, "{sent:?}");
        }
    }

    #[test]
    fn a_letter_in_two_pieces_stays_whole() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"\xc3"), "");
        assert_eq!(lines.take(b"\xbc\n"), "ü\n");
    }

    #[test]
    fn nothing_is_drawn_over_a_question_and_nothing_is_lost() {
        let screen = Screen::new();
        let (mut server, seen, done) = relayed(&screen);
        server.write_all(b"before\n").unwrap();
        assert_eq!(seen.recv().unwrap(), "before\n");
        let held = screen.hold();
        server.write_all(b"during\n").unwrap();
        drop(server);
        while lock(&screen.shared.0).text != "during\n" {
            thread::yield_now();
        }
        assert!(seen.try_recv().is_err());
        drop(held);
        assert_eq!(seen.recv().unwrap(), "during\n");
        done.join().unwrap();
    }

    #[test]
    fn a_chatty_server_never_waits_and_costs_bounded_memory() {
        let screen = Screen::new();
        let (mut server, seen, done) = relayed(&screen);
        let held = screen.hold();
        // Would block for ever if the reader stopped.
        server.write_all(&b"0123456\n".repeat(100_000)).unwrap();
        drop(server);
        while !lock(&screen.shared.0).ended {
            thread::yield_now();
        }
        drop(held);
        let text = seen.iter().collect::<String>();
        done.join().unwrap();
        assert!(text.len() < HELD_BYTES_MAX + 100);
        assert!(text.ends_with(" bytes of the server's error output are left out here)\n"), "{text}");
    }
}
