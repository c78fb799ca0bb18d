//! The supervisor's loop: reap, forward, and end what must end.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{Order, SWEEP_MAX, family};
use crate::control::{Report, STOP};
use crate::terminal::{self, Kept};

/// What the supervisor knows about the command.
pub(super) struct Watch {
    command: Pid,
    grace: Duration,
    parent: Pid,
    wake: UnixStream,
    stop: UnixStream,
    end: Option<Report>,
    stage: Stage,
    terminal: Kept,
}

#[derive(Clone, Copy)]
enum Stage {
    Running,
    /// TERM was sent; KILL follows then.
    Stopping(Instant),
    /// KILL is sent again and again until nothing is left, or until then.
    Sweeping(Instant),
}

impl Watch {
    pub(super) fn new(command: Pid, order: &Order, wake: UnixStream, stop: UnixStream) -> Watch {
        let Order { grace, parent, .. } = *order;
        let terminal = Kept::default();
        Watch { command, grace, parent, wake, stop, end: None, stage: Stage::Running, terminal }
    }

    /// Returns when the command and all its descendants are gone, with how the command ended.
    pub(super) fn run(mut self, control: &UnixStream) -> Report {
        let end = self.watch(control);
        self.leave(control);
        end
    }

    fn watch(&mut self, control: &UnixStream) -> Report {
        let mut control = Some(control);
        for stream in [Some(&self.wake), Some(&self.stop), control].into_iter().flatten() {
            // A blocking read could only delay us, and `poll` comes before each read.
            let _ = stream.set_nonblocking(true);
        }
        loop {
            let alone = self.reap();
            if let (true, Some(end)) = (alone, self.end) {
                return end;
            }
            if self.end.is_some() && matches!(self.stage, Stage::Running) {
                self.begin_stop();
            }
            if let Some(end) = self.escalate() {
                return end;
            }
            self.sleep(control);
            if family::is_orphan(self.parent) || !drained(&self.stop).is_empty() {
                self.begin_stop();
            }
            drained(&self.wake);
            if let Some(open) = control {
                let (orders, closed) = terminal::orders(open, &mut self.terminal);
                orders.into_iter().for_each(|order| self.obey(order));
                if closed {
                    control = None;
                    self.terminal.put_back();
                    self.begin_stop();
                }
            }
        }
    }

    /// A command may end because we are being left, before that is seen here: the terminal is ours to give back then.
    fn leave(&mut self, control: &UnixStream) {
        let until = Instant::now() + LEAVE_MAX;
        loop {
            let (orders, closed) = terminal::orders(control, &mut self.terminal);
            // Other orders were for the command.
            orders.into_iter().for_each(|order| _ = self.terminal.take(order));
            if closed {
                return self.terminal.put_back();
            }
            // Who is still there gives it back.
            if !self.terminal.is_kept() || Instant::now() >= until {
                return;
            }
            let mut watched = [PollFd::new(control.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut watched, PollTimeout::from(SWEEP_PAUSE_MS));
        }
    }

    /// Collects every child that has ended; `true` when nothing of the command is left.
    fn reap(&mut self) -> bool {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) if pid == self.command => {
                    self.end = Some(Report::Exited(code))
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == self.command => {
                    self.end = Some(Report::Signalled(signal as i32));
                }
                Ok(WaitStatus::StillAlive) => return false,
                Err(Errno::ECHILD) => return !family::any_left(self.command),
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn begin_stop(&mut self) {
        if let Stage::Running = self.stage {
            self.stage = Stage::Stopping(Instant::now() + self.grace);
            if self.end.is_none() {
                self.signal_group(Signal::SIGTERM);
            } else {
                family::signal_all(self.command, Signal::SIGTERM);
            }
        }
    }

    /// Kills once the grace is over; returns how the command ended if the sweep is to be given up.
    fn escalate(&mut self) -> Option<Report> {
        let now = Instant::now();
        match self.stage {
            Stage::Stopping(until) if now >= until => self.stage = Stage::Sweeping(now + SWEEP_MAX),
            Stage::Sweeping(until) if now >= until => return Some(self.end.unwrap_or(KILLED)),
            Stage::Running | Stage::Stopping(_) | Stage::Sweeping(_) => {}
        }
        if let Stage::Sweeping(_) = self.stage {
            family::signal_all(self.command, Signal::SIGKILL);
        }
        None
    }

    fn sleep(&self, control: Option<&UnixStream>) {
        let timeout = match self.stage {
            Stage::Running => PollTimeout::NONE,
            Stage::Stopping(until) => {
                // Rounded up, or the last millisecond would spin.
                let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
            }
            Stage::Sweeping(_) => PollTimeout::from(SWEEP_PAUSE_MS),
        };
        let mut watched: Vec<PollFd<'_>> = [Some(&self.wake), Some(&self.stop), control]
            .into_iter()
            .flatten()
            .map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN))
            .collect();
        // Interrupted or not, the loop looks at everything again.
        let _ = poll(&mut watched, timeout);
    }

    fn obey(&mut self, order: u8) {
        let Some(order) = self.terminal.take(order) else { return };
        if order == STOP {
            self.begin_stop();
        } else if let Ok(signal) = Signal::try_from(i32::from(order)) {
            self.signal_group(signal);
        }
    }

    /// Signals the command's group while the command is unreaped: afterwards its id may belong to a stranger.
    fn signal_group(&self, signal: Signal) {
        if self.end.is_none() {
            let _ = killpg(self.command, signal);
            // A stopped group would never notice.
            if signal != Signal::SIGTSTP {
                let _ = killpg(self.command, Signal::SIGCONT);
            }
        }
    }
}

/// What came on a stream, or `None` when its other end is closed.
fn drained_or_closed(mut stream: &UnixStream) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut bytes = [0; 64];
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => return None,
            Ok(count) => all.extend(bytes.iter().take(count)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(all),
            Err(_) => return None,
        }
    }
}

fn drained(stream: &UnixStream) -> Vec<u8> {
    drained_or_closed(stream).unwrap_or_default()
}

/// How a command is said to have ended that could not be ended.
const KILLED: Report = Report::Signalled(Signal::SIGKILL as i32);
const SWEEP_PAUSE_MS: u8 = 10;
/// How long whoever asks something on the terminal is given to die with the command.
const LEAVE_MAX: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

    use super::*;
    use crate::terminal::TerminalKeeper;

    /// A terminal in single-key mode that was entrusted, when the command is gone; whether it is given back.
    fn given_back(left: bool) -> bool {
        let pair = nix::pty::openpty(None, None).unwrap();
        let before = tcgetattr(&pair.slave).unwrap();
        let mut mode = before.clone();
        mode.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        tcsetattr(&pair.slave, SetArg::TCSANOW, &mode).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let keeper = TerminalKeeper::new(&ours).unwrap();
        keeper.keep(pair.slave.as_fd(), before.local_flags.bits().into());
        let (wake, stop) = UnixStream::pair().unwrap();
        let grace = Duration::ZERO;
        let (parent, terminal) = (Pid::parent(), Kept::default());
        let (end, stage) = (Some(Report::Exited(0)), Stage::Running);
        let mut watch = Watch { command: Pid::this(), grace, parent, wake, stop, end, stage, terminal };
        let alive = (!left).then_some((ours, keeper));
        watch.leave(&theirs);
        drop(alive);
        tcgetattr(&pair.slave).unwrap().local_flags.contains(LocalFlags::ICANON)
    }

    #[test]
    fn the_terminal_is_given_back_by_who_is_left_behind_by_both() {
        assert!(given_back(true));
        assert!(!given_back(false), "who lives gives it back");
    }
}
