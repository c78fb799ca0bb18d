//! One question on the controlling terminal: the thin layer of IO around the dialogue.

mod hold;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{FlushArg, LocalFlags, tcflush, tcgetattr};

pub use self::hold::Keeper;
use self::hold::{JobSignals, Raw, Turn};
use crate::arguments::Mask;
use crate::prompt::{Confirm, Prompt, Step};
use crate::question::{Answer, DenyCause, NoTerminal, Question};
use crate::screen::Screen;
use crate::sheet::{rows, width};

/// What a person types to approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// `y` and Enter.
    Yes,
    /// A random code from the screen, and Enter.
    Code,
}

impl Gesture {
    /// A code wherever another process of the session could push keys into the terminal without seeing the screen.
    /// Linux from 6.2 on can forbid that (`dev.tty.legacy_tiocsti = 0`, the default of most distributions).
    #[must_use]
    pub fn for_this_system() -> Gesture {
        match fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti") {
            Ok(setting) if setting.trim() == "0" => Gesture::Yes,
            Ok(_) | Err(_) => Gesture::Code,
        }
    }
}

/// Where and how to ask.
pub(crate) struct Terminal {
    pub(crate) path: PathBuf,
    pub(crate) runtime_folder: PathBuf,
    pub(crate) gesture: Gesture,
    pub(crate) screen: Screen,
    pub(crate) mask: Box<Mask>,
    pub(crate) keeper: Option<Box<dyn Keeper>>,
}

/// What can end a question from our side.
pub(crate) struct Interrupt<'a> {
    /// Readable when there may be something new.
    pub(crate) wake: &'a UnixStream,
    /// Looks; called after each wake and each second.
    pub(crate) check: &'a mut dyn FnMut() -> Option<DenyCause>,
}

impl Terminal {
    /// Puts a question to the person at the terminal, which is as it was before when this returns.
    ///
    /// # Errors
    /// The causes that keep the question from being asked, or end it from our side.
    pub(crate) fn ask(
        &self,
        question: &Question,
        deadline: Instant,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<Answer, DenyCause> {
        let _signals = JobSignals::hold()?;
        let tty = open(&self.path)?;
        in_foreground(&tty)?;
        let _turn = Turn::wait(&self.runtime_folder, deadline, interrupt)?;
        let _screen = self.screen.hold();
        let _raw = Raw::enter(&tty, self.keeper.as_deref())?;
        let (columns, lines) = size(&tty);
        let sheet = rows(question, columns.saturating_sub(1), &self.mask)?;
        let confirm = match self.gesture {
            Gesture::Yes => Confirm::Yes,
            Gesture::Code => Confirm::Code(code()?),
        };
        let start = Instant::now();
        let left = deadline.saturating_duration_since(start);
        let page = lines.saturating_sub(PROMPT_LINES);
        let prompt = Prompt::new(sheet.len(), page, confirm, left);
        let mut dialogue = Dialogue { tty: &tty, sheet, prompt, start, columns, drawn: 0 };
        let answer = dialogue.run(interrupt);
        dialogue.say_outcome(&answer);
        answer
    }
}

/// The bottom line, and one line of what came before it.
const PROMPT_LINES: usize = 2;

struct Dialogue<'a> {
    tty: &'a File,
    sheet: Vec<String>,
    prompt: Prompt,
    start: Instant,
    columns: usize,
    /// How many columns of the bottom line are in use.
    drawn: usize,
}

impl Dialogue<'_> {
    fn run(&mut self, interrupt: &mut Interrupt<'_>) -> Result<Answer, DenyCause> {
        let mut step = self.prompt.turn(Duration::ZERO);
        let mut deaf = true;
        loop {
            match step {
                Step::Done(answer) => return Ok(answer),
                Step::Show(range) => {
                    let page = self.sheet.get(range).unwrap_or_default().join("\r\n");
                    self.clear_line()?;
                    self.draw(&format!("{page}\r\n"))?;
                    deaf = true;
                }
                Step::Wait => {}
            }
            let now = self.start.elapsed();
            if deaf && now >= self.prompt.deaf_until() {
                flush(self.tty)?;
                deaf = false;
            }
            self.draw_line(now)?;
            if let Some(cause) = (interrupt.check)() {
                return Err(cause);
            }
            in_foreground(self.tty)?;
            step = match self.wait(deaf, interrupt.wake)? {
                Some(keys) => self.prompt.keys(self.start.elapsed(), &keys),
                None => self.prompt.tick(self.start.elapsed()),
            };
        }
    }

    /// Waits for keys (unless deaf), a wake, the next second of the countdown, or the end of deafness.
    fn wait(&self, deaf: bool, wake: &UnixStream) -> Result<Option<Vec<u8>>, DenyCause> {
        let now = self.start.elapsed();
        let next = if deaf { self.prompt.deaf_until() } else { now.saturating_add(SECOND) };
        let until = next.min(now.saturating_add(SECOND)).min(self.prompt.deadline());
        // The terminal itself is watched for its end only, while deaf.
        let wanted = if deaf { PollFlags::empty() } else { PollFlags::POLLIN };
        let mut watched =
            [PollFd::new(self.tty.as_fd(), wanted), PollFd::new(wake.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, timeout(until.saturating_sub(now))) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(errno) => return Err(unusable(errno)),
        }
        let [tty, _] = &watched;
        let seen = tty.revents().unwrap_or(PollFlags::empty());
        if seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
            return Ok(Some(Vec::new()));
        }
        if !seen.contains(PollFlags::POLLIN) {
            return Ok(None);
        }
        let mut keys = vec![0; KEYS_MAX];
        let mut tty = self.tty;
        match tty.read(&mut keys) {
            Ok(count) => {
                keys.truncate(count);
                Ok(Some(keys))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(None)
            }
            // EIO: the terminal hung up, or the job was put into the background.
            Err(_) => Ok(Some(Vec::new())),
        }
    }

    fn draw_line(&mut self, at: Duration) -> Result<(), DenyCause> {
        let line = self.prompt.line(at, self.columns);
        let used = width(&line);
        let spare = self.drawn.saturating_sub(used);
        self.drawn = used;
        // Only the carriage return and blanks, which every terminal knows.
        self.draw(&format!("\r{line}{}{}", " ".repeat(spare), "\u{8}".repeat(spare)))
    }

    fn clear_line(&mut self) -> Result<(), DenyCause> {
        let drawn = std::mem::take(&mut self.drawn);
        self.draw(&format!("\r{}\r", " ".repeat(drawn)))
    }

    /// Writes all of it, or gives up at the deadline: a terminal stopped by Ctrl-S must not hold the question open.
    fn draw(&self, text: &str) -> Result<(), DenyCause> {
        let mut rest = text.as_bytes();
        let mut tty = self.tty;
        while !rest.is_empty() {
            match tty.write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let left = self.prompt.deadline().saturating_sub(self.start.elapsed());
                    if left.is_zero() {
                        return Err(DenyCause::TimedOut);
                    }
                    let mut watched = [PollFd::new(self.tty.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut watched, timeout(left.min(SECOND)));
                }
                Err(_) => return Err(DenyCause::EndOfInput),
            }
        }
        Ok(())
    }

    fn say_outcome(&self, answer: &Result<Answer, DenyCause>) {
        let outcome = match answer {
            Ok(Answer::Approve) => "approved".to_owned(),
            Ok(Answer::Deny(cause)) | Err(cause) => format!("denied: {cause}"),
        };
        // The answer stands, whether it can still be shown or not; this must not wait.
        let _ = { self.tty }.write_all(format!("\r\n  {outcome}\r\n").as_bytes());
    }
}

fn open(path: &Path) -> Result<File, DenyCause> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    File::options()
        .read(true)
        .write(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(|_| DenyCause::NoTerminal(NoTerminal::None))
}

/// Reading a terminal from the background stops the whole job, and the client with it.
fn in_foreground(tty: &File) -> Result<(), DenyCause> {
    match nix::unistd::tcgetpgrp(tty) {
        Ok(group) if group == nix::unistd::getpgrp() => Ok(()),
        Ok(_) => Err(NoTerminal::Background.into()),
        Err(nix::errno::Errno::ENOTTY) => Err(NoTerminal::None.into()),
        Err(_) => Err(DenyCause::EndOfInput),
    }
}

/// Columns and lines, as they are now.
fn size(tty: &File) -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(tty).ok();
    let known =
        |value: Option<u16>, otherwise| value.filter(|value| *value > 0).map_or(otherwise, usize::from);
    (known(size.map(|size| size.ws_col), 80), known(size.map(|size| size.ws_row), 24))
}

fn flush(tty: &File) -> Result<(), DenyCause> {
    tcflush(tty, FlushArg::TCIFLUSH).map_err(unusable)
}

fn code() -> Result<String, DenyCause> {
    let mut random = [0; CODE_LENGTH];
    getrandom::fill(&mut random).map_err(|_| DenyCause::Failed)?;
    let symbols =
        random.iter().map(|byte| CODE_SYMBOLS.get(usize::from(byte & 31)).map(|symbol| char::from(*symbol)));
    symbols.collect::<Option<String>>().ok_or(DenyCause::Failed)
}

fn timeout(duration: Duration) -> PollTimeout {
    // Rounded up, or the last millisecond would spin.
    PollTimeout::try_from(duration.saturating_add(Duration::from_millis(1))).unwrap_or(PollTimeout::MAX)
}

fn unusable(errno: nix::errno::Errno) -> DenyCause {
    NoTerminal::Unusable(errno.desc().to_owned()).into()
}

/// Canonical mode is off when somebody else reads single keys.
fn is_taken(tty: &File) -> Result<bool, DenyCause> {
    tcgetattr(tty).map(|mode| !mode.local_flags.contains(LocalFlags::ICANON)).map_err(unusable)
}

const SECOND: Duration = Duration::from_secs(1);
const KEYS_MAX: usize = 64;
/// One in a million for a program that guesses blindly, once per question.
const CODE_LENGTH: usize = 4;
/// 32 characters that are not mistaken for one another.
const CODE_SYMBOLS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
