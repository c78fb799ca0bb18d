//! Starting a command below a supervisor, and what can be done with it while it runs.

mod diagnose;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

pub use self::diagnose::LaunchError;
use crate::control::{Report, STOP};
use crate::signals::Signal;
use crate::supervise::{SUPERVISE, SWEEP_MAX, family};
use crate::terminal::TerminalKeeper;

/// What to start, and how to end it.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    /// The command, looked up on the `PATH` when it has no slash.
    pub program: &'a OsStr,
    /// Its arguments, without the command itself.
    pub args: &'a [OsString],
    /// What its environment has beyond ours; the command's own `PATH` among it is not where the command is looked up.
    pub environment: &'a [(OsString, OsString)],
    /// Our own binary (`/proc/self/exe`, or `std::env::current_exe`), which must call [`crate::supervise_main`] first
    /// thing when its first argument is [`SUPERVISE`].
    pub supervisor: PathBuf,
    /// How long the command may take between TERM and KILL.
    pub grace: Duration,
    /// Where its standard error goes.
    pub standard_error: StandardError,
    /// Whether this process also takes in, and kills, what a killed supervisor leaves behind (Linux). It becomes the
    /// reaper of its descendants, so this is for a process that has no other children than this command.
    pub adopt: bool,
}

/// Where the command's standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardError {
    /// Straight to ours.
    Inherit,
    /// To us, as [`Supervised::stderr`]: needed where ours is the terminal on which a person approves, since a command
    /// that writes there could draw over the question.
    Pipe,
}

/// A running command: its standard streams, and the handle on its process.
#[derive(Debug)]
pub struct Supervised {
    /// What we write here, the command reads.
    pub stdin: File,
    /// What the command writes, we read here.
    pub stdout: File,
    /// The command's standard error, where [`StandardError::Pipe`] asked for it.
    pub stderr: Option<File>,
    /// The process itself; shareable between threads.
    pub process: Process,
}

/// A handle on the command's process. When it is dropped, the command ends as if we had died.
#[derive(Debug)]
pub struct Process {
    command: u32,
    grace: Duration,
    adopt: bool,
    control: UnixStream,
    supervisor: Mutex<Supervisor>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code, 0 to 255.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Its supervisor was killed by this signal, or ended without a report (0); the command was killed with it.
    SupervisorLost(i32),
}

impl Exit {
    /// The status for our own exit, as a shell has it: the code, or 128 plus the signal.
    #[must_use]
    pub fn status(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) | Exit::SupervisorLost(signal) => signal.saturating_add(128),
        }
    }
}

/// Starts a command below a supervisor and returns when it runs.
///
/// # Errors
/// [`LaunchError`] says why the command does not run; nothing is left behind then.
pub fn launch(launch: &Launch<'_>) -> Result<Supervised, LaunchError> {
    if launch.program.is_empty() {
        return Err(LaunchError::Empty);
    }
    if launch.adopt {
        family::adopt().map_err(LaunchError::Supervisor)?;
    }
    let (mut control, theirs) = UnixStream::pair().map_err(LaunchError::Supervisor)?;
    let mut child = supervisor_command(launch, theirs.into()).spawn().map_err(LaunchError::Supervisor)?;
    let command = match Report::read(&mut control).map_err(LaunchError::Supervisor)? {
        Some(Report::Started(pid)) => pid.unsigned_abs(),
        Some(Report::Failed(errno)) => {
            // The status adds nothing to the report; waiting keeps no zombie.
            let _ = child.wait();
            return Err(diagnose::diagnose(launch.program, io::Error::from_raw_os_error(errno)));
        }
        Some(Report::Exited(_) | Report::Signalled(_)) | None => {
            let status = child.wait().map_err(LaunchError::Supervisor)?;
            return Err(LaunchError::Supervisor(io::Error::other(format!("it ended with {status}"))));
        }
    };
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(LaunchError::Supervisor(io::Error::other("it has no standard streams")));
    };
    let stderr = child.stderr.take().map(|stderr| File::from(OwnedFd::from(stderr)));
    let supervisor = Mutex::new(Supervisor { child, exit: None });
    let process = Process { command, grace: launch.grace, adopt: launch.adopt, control, supervisor };
    Ok(Supervised {
        stdin: File::from(OwnedFd::from(stdin)),
        stdout: File::from(OwnedFd::from(stdout)),
        stderr,
        process,
    })
}

impl Process {
    /// The process id of the command itself.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.command
    }

    /// Who puts a terminal back if we are killed while a question stands on it.
    ///
    /// # Errors
    /// If the control socket cannot be shared.
    pub fn terminal_keeper(&self) -> io::Result<TerminalKeeper> {
        TerminalKeeper::new(&self.control)
    }

    /// Sends a signal to the command's process group. To a command that has ended it does nothing.
    pub fn signal(&self, signal: Signal) {
        if let Ok(byte) = u8::try_from(signal.number()) {
            self.say(byte);
        }
    }

    /// Ends the command and everything that it started: TERM, then KILL after the grace. Returns when all is over.
    ///
    /// The caller closes the command's standard input first, which is how a server is asked to end (MCP, "Lifecycle",
    /// shutdown over stdio).
    pub fn stop(&self) -> Exit {
        self.say(STOP);
        // A hostile command may have stopped its supervisor.
        let supervisor = self.supervisor_pid();
        let _ = nix::sys::signal::kill(supervisor, nix::sys::signal::Signal::SIGCONT);
        let all_over = self.grace.saturating_add(SWEEP_MAX).saturating_add(MARGIN);
        if !self.ended_within(Some(all_over)) {
            let _ = nix::sys::signal::kill(supervisor, nix::sys::signal::Signal::SIGKILL);
        }
        self.wait()
    }

    /// Waits until the command and everything that it started have ended.
    pub fn wait(&self) -> Exit {
        self.ended_within(None);
        let mut supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(exit) = supervisor.exit {
            return exit;
        }
        let report = Report::read(&mut &self.control);
        let status = supervisor.child.wait();
        let exit = match (report, status) {
            (Ok(Some(Report::Exited(code))), _) => Exit::Code(code),
            (Ok(Some(Report::Signalled(signal))), _) => Exit::Signal(signal),
            (_, Ok(status)) => Exit::SupervisorLost(status.signal().unwrap_or(0)),
            (_, Err(_)) => Exit::SupervisorLost(0),
        };
        if self.adopt && matches!(exit, Exit::SupervisorLost(_)) {
            family::sweep(Instant::now() + SWEEP_MAX);
        }
        supervisor.exit = Some(exit);
        exit
    }

    fn supervisor_pid(&self) -> Pid {
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        Pid::from_raw(i32::try_from(supervisor.child.id()).unwrap_or(i32::MAX))
    }

    fn say(&self, byte: u8) {
        // Nobody listens any more when this fails, and then there is nothing left to say.
        let _ = (&self.control).write_all(&[byte]);
    }

    /// Waits for the supervisor's end of the control socket to close; `false` when `limit` passed before.
    fn ended_within(&self, limit: Option<Duration>) -> bool {
        let until = limit.map(|limit| Instant::now() + limit);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let timeout = match left {
                None => PollTimeout::NONE,
                Some(left) if left.is_zero() => return false,
                Some(left) => PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
            };
            let mut watched = [PollFd::new(self.control.as_fd(), PollFlags::empty())];
            match poll(&mut watched, timeout) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => {}
                Ok(_) | Err(_) => return true,
            }
        }
    }
}

#[derive(Debug)]
struct Supervisor {
    child: Child,
    exit: Option<Exit>,
}

fn supervisor_command(launch: &Launch<'_>, control: OwnedFd) -> Command {
    let mut command = Command::new(&launch.supervisor);
    command
        .arg(SUPERVISE)
        .arg(control.as_raw_fd().to_string())
        .arg(launch.grace.as_millis().to_string())
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(launch.program)
        .args(launch.args)
        .envs(launch.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(match launch.standard_error {
            StandardError::Inherit => Stdio::inherit(),
            StandardError::Pipe => Stdio::piped(),
        });
    let keep_open = move || {
        fcntl(&control, FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed; the closure makes one `fcntl` on a
    // descriptor that it owns, and allocates nothing.
    #[expect(unsafe_code, reason = "the control socket must stay open over this exec, and over no other")]
    unsafe {
        command.pre_exec(keep_open);
    }
    command
}

/// What `stop` allows the supervisor beyond its own limits.
const MARGIN: Duration = Duration::from_secs(1);
