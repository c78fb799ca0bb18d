//! The body of the hidden subcommand: it starts the command, watches it, and leaves nothing of it behind.

pub(crate) mod family;
mod watch;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::Pid;
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::control::Report;

/// The first argument by which our binary knows that it is to be the supervisor.
pub const SUPERVISE: &str = "__supervise";

/// How long the supervisor goes on killing after the grace. Only a process that the kernel cannot end (waiting for a
/// dead disk), or one that forks faster than it can be found, lasts longer.
pub(crate) const SWEEP_MAX: Duration = Duration::from_secs(5);

/// Runs the supervisor with the arguments that follow [`SUPERVISE`], and returns the status to exit with.
///
/// It must be called before the process has a second thread, and before anything else is set up: the command waits.
pub fn supervise_main(args: impl IntoIterator<Item = OsString>) -> i32 {
    let Some(order) = Order::parse(args) else {
        return USAGE;
    };
    let Ok(mut control) = control_socket(order.control) else {
        return USAGE;
    };
    match start(&order) {
        Ok((pid, wake)) => {
            if control.write_all(&Report::Started(pid.as_raw()).encode()).is_err() {
                // We were left alone already: the watch ends the command at once.
            }
            let Ok(stop) = let_go_and_listen() else {
                // Ending here makes the kernel kill the command.
                return FAILED;
            };
            let report = watch::Watch::new(pid, &order, wake, stop).run(&control);
            let _ = control.write_all(&report.encode());
            match report {
                Report::Signalled(signal) => signal.saturating_add(128),
                Report::Exited(code) | Report::Started(code) | Report::Failed(code) => code,
            }
        }
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(Errno::EIO as i32);
            let _ = control.write_all(&Report::Failed(errno).encode());
            FAILED
        }
    }
}

/// The arguments of the hidden subcommand: `CONTROL-FD GRACE-MS PARENT-PID -- PROGRAM ARGS…`.
struct Order {
    control: RawFd,
    grace: Duration,
    parent: Pid,
    program: OsString,
    args: Vec<OsString>,
}

impl Order {
    fn parse(args: impl IntoIterator<Item = OsString>) -> Option<Order> {
        let mut args = args.into_iter();
        let control = number(args.next()).filter(|fd| *fd > 2)?;
        let grace = Duration::from_millis(number(args.next())?);
        let parent = Pid::from_raw(number(args.next())?);
        if args.next()? != OsStr::new("--") {
            return None;
        }
        Some(Order { control, grace, parent, program: args.next()?, args: args.collect() })
    }
}

fn number<N: std::str::FromStr>(arg: Option<OsString>) -> Option<N> {
    arg?.to_str()?.parse().ok()
}

fn control_socket(fd: RawFd) -> io::Result<UnixStream> {
    // A number that a person made up is refused before anything is owned.
    if !fs::metadata(format!("/dev/fd/{fd}"))?.file_type().is_socket() {
        return Err(Errno::ENOTSOCK.into());
    }
    // SAFETY: the descriptor is open, as just seen; `launch` passes the number of a descriptor that it left open for this process alone, and nothing in this
    // process has opened or taken a descriptor before.
    #[expect(unsafe_code, reason = "a descriptor comes over exec as a number")]
    let control = unsafe { UnixStream::from_raw_fd(fd) };
    fcntl(&control, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(control)
}

/// Leaves our session and starts the command; returns its id, and a stream that wakes the watch when a child ends or
/// our parent dies.
fn start(order: &Order) -> io::Result<(Pid, UnixStream)> {
    nix::unistd::setsid()?;
    let (wake, waker) = UnixStream::pair()?;
    pipe::register(SIGCHLD, waker.try_clone()?)?;
    // SIGCONT wakes this process even where a hostile command has stopped it.
    pipe::register(SIGCONT, waker)?;
    family::become_reaper(order.parent)?;
    let supervisor = nix::unistd::getpid();
    let mut command = Command::new(&order.program);
    command.args(&order.args).process_group(0);
    let die_with_supervisor = move || family::die_with(supervisor);
    // SAFETY: the closure makes two system calls (`prctl`, `getppid`), both async-signal-safe, and allocates nothing.
    #[expect(
        unsafe_code,
        reason = "the request to die with the supervisor must be made by the command's own process"
    )]
    unsafe {
        command.pre_exec(die_with_supervisor);
    }
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok((Pid::from_raw(pid), wake))
}

/// Gives up the standard streams, so that their ends are seen when the command closes them, and starts to catch the
/// signals that mean "end"; returns the stream on which they come.
fn let_go_and_listen() -> io::Result<UnixStream> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&nothing)?;
    nix::unistd::dup2_stdout(&nothing)?;
    nix::unistd::dup2_stderr(&nothing)?;
    let (stop, stopper) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        pipe::register(signal, stopper.try_clone()?)?;
    }
    Ok(stop)
}

const USAGE: i32 = 2;
const FAILED: i32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Option<Order> {
        Order::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn an_order_needs_all_its_parts() {
        let order = parse(&["5", "250", "42", "--", "server", "--", "-x"]).unwrap();
        assert_eq!((order.control, order.grace, order.parent.as_raw()), (5, Duration::from_millis(250), 42));
        assert_eq!((order.program, order.args), ("server".into(), vec!["--".into(), "-x".into()]));
        for wrong in [
            &["5", "250", "42", "--"][..],
            &["5", "250", "42", "server"],
            &["1", "250", "42", "--", "server"],
            &["x", "250", "42", "--", "server"],
            &[],
        ] {
            assert!(parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
