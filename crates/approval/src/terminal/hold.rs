//! What is held while a question stands on the terminal, and given back in every case: signals, the turn, the mode.

use std::fs::{self, DirBuilder, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::termios::{FlushArg, LocalFlags, SetArg, Termios, tcflush, tcgetattr, tcsetattr};

use super::{Interrupt, is_taken, timeout, unusable};
use crate::question::{DenyCause, NoTerminal};

/// This thread's immunity against the signals of job control: instead of stopping the job and the client with it, a
/// read from the background fails. Drawing from the background goes through, and cannot hurt.
pub(super) struct JobSignals {
    before: SigSet,
}

impl JobSignals {
    pub(super) fn hold() -> Result<JobSignals, DenyCause> {
        let mut held = SigSet::empty();
        held.add(Signal::SIGTTIN);
        held.add(Signal::SIGTTOU);
        let before = held.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(unusable)?;
        Ok(JobSignals { before })
    }
}

impl Drop for JobSignals {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}

/// The right to ask on this session's terminal, which only one process has at a time.
pub(super) struct Turn {
    _lock: Flock<File>,
}

impl Turn {
    /// Waits for the other processes of the session that ask on the same terminal.
    pub(super) fn wait(
        folder: &Path,
        deadline: Instant,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<Turn, DenyCause> {
        let mut file = lock_file(folder)?;
        loop {
            file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => return Ok(Turn { _lock: lock }),
                Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) => file,
                Err((_, errno)) => return Err(unusable(errno)),
            };
            if let Some(cause) = (interrupt.check)() {
                return Err(cause);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NoTerminal::Busy.into());
            }
            // A lock cannot be polled together with the wake.
            let mut watched = [PollFd::new(interrupt.wake.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut watched, timeout(left.min(TURN_PAUSE)));
        }
    }
}

/// One file per session: a session has one controlling terminal.
fn lock_file(folder: &Path) -> Result<File, DenyCause> {
    let unusable = |error: std::io::Error| NoTerminal::Unusable(format!("lock file: {error}")).into();
    if !folder.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
    }
    let session = nix::unistd::getsid(None).map_err(super::unusable)?;
    fs::File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(folder.join(format!("terminal-{session}.lock")))
        .map_err(unusable)
}

/// The terminal in single-key mode without echo. Dropping it, on return and on panic alike, gives back what was there.
pub(super) struct Raw<'a> {
    tty: &'a File,
    before: Termios,
    keeper: Option<&'a dyn Keeper>,
}

/// Gives a terminal its mode back where this process cannot any more.
pub trait Keeper: Send {
    /// From now on, should this process die: `terminal` had these local flags.
    fn keep(&self, terminal: BorrowedFd<'_>, local_flags: u64);
    /// The terminal is as it was.
    fn forget(&self);
}

impl<'a> Raw<'a> {
    pub(super) fn enter(tty: &'a File, keeper: Option<&'a dyn Keeper>) -> Result<Raw<'a>, DenyCause> {
        if is_taken(tty)? {
            return Err(NoTerminal::Taken.into());
        }
        let before = tcgetattr(tty).map_err(unusable)?;
        let mut mode = before.clone();
        // Without ISIG a Ctrl-C denies this question instead of ending the client and us.
        let off = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG | LocalFlags::IEXTEN;
        mode.local_flags.remove(off);
        if let Some(keeper) = keeper {
            keeper.keep(tty.as_fd(), u64::from(before.local_flags.bits()));
        }
        let raw = Raw { tty, before, keeper };
        // TCSAFLUSH would wait for output that a Ctrl-S holds back.
        tcsetattr(tty, SetArg::TCSANOW, &mode).map_err(unusable)?;
        tcflush(tty, FlushArg::TCIFLUSH).map_err(unusable)?;
        Ok(raw)
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        // Keys meant for the question shall not reach the program that reads next.
        let _ = tcflush(self.tty, FlushArg::TCIFLUSH);
        let _ = tcsetattr(self.tty, SetArg::TCSANOW, &self.before);
        if let Some(keeper) = self.keeper {
            keeper.forget();
        }
    }
}

const TURN_PAUSE: Duration = Duration::from_millis(100);
