//! A pseudo-terminal with somebody at its keyboard.

use crate::patience::PATIENCE;
use rustix::fd::OwnedFd;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

/// The keyboard's side of it, and all that was ever shown.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    path: String,
    /// What programs have of it. It keeps the terminal open between them: otherwise its output would end with the first.
    side: OwnedFd,
    screen: Arc<Screen>,
    /// Up to here the screen was looked at.
    seen: usize,
}

#[derive(Debug, Default)]
struct Screen {
    shown: Mutex<Vec<u8>>,
    news: Condvar,
}

/// Makes the terminal at `$0` the controlling one of the command that follows.
const ENTER: &str = "exec 3<>\"$0\"; exec \"$@\" 3<&-";

impl Terminal {
    /// A terminal large enough for any question.
    pub fn new() -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a pseudo-terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it can be opened");
        let size = Winsize { ws_row: 200, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("it has a size");
        let path = ptsname(&master, Vec::new()).expect("it has a name").into_string().expect("an ASCII name");
        let side = ioctl_tiocgptpeer(&master, flags).expect("its other side");
        let keyboard = File::from(master);
        let screen = Arc::new(Screen::default());
        let (mut output, sink) = (keyboard.try_clone().expect("a second handle"), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It fails when nobody has the terminal open any more.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                sink.shown.lock().expect("no waiter panics").extend_from_slice(&bytes[..count]);
                sink.news.notify_all();
            }
        });
        Terminal { keyboard, path, side, screen, seen: 0 }
    }

    /// The command, started as the leader of a session on this terminal.
    pub fn command(&self, command: Vec<String>) -> Vec<String> {
        let leader = ["setsid", "--wait", "sh", "-c", ENTER, &self.path].map(str::to_owned);
        leader.into_iter().chain(command).collect()
    }

    /// Waits for the next question, and approves or denies it with the keys that it names.
    pub fn answer(&mut self, approve: bool) {
        let line = self.until("Type ", " and Enter to approve");
        let keys = if approve { format!("{line}\r") } else { "n\r".to_owned() };
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.seen = self.screen.shown.lock().expect("the reader does not panic").len();
    }

    /// The terminal as a program has it that writes to it.
    pub fn output(&self) -> OwnedFd {
        self.side.try_clone().expect("a second handle")
    }

    /// Waits until `last` is shown, and gives all that was shown by then.
    pub fn shown(&self, last: &str) -> String {
        self.wait(last, |text| text.contains(last).then(|| text.to_owned()))
    }

    /// Waits until `before`, a text and `after` are shown, and gives the text.
    fn until(&self, before: &str, after: &str) -> String {
        self.wait(&format!("{before}…{after}"), |text| {
            let (head, _) = text.split_once(after)?;
            head.rsplit_once(before).map(|(_, wanted)| wanted.to_owned())
        })
    }

    /// Waits until something is found in what is shown and was not looked at.
    fn wait(&self, what: &str, find: impl Fn(&str) -> Option<String>) -> String {
        let end = Instant::now() + PATIENCE;
        let mut shown = self.screen.shown.lock().expect("the reader does not panic");
        loop {
            let text = String::from_utf8_lossy(&shown[self.seen..]).into_owned();
            if let Some(found) = find(&text) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "`{what}` is not on the terminal: {text}");
            shown = self.screen.news.wait_timeout(shown, left).expect("the reader does not panic").0;
        }
    }
}

impl Default for Terminal {
    fn default() -> Terminal {
        Terminal::new()
    }
}
