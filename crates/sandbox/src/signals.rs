//! The signals that a person or a service manager sends us, as a channel.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::thread;

use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH, SIGXFSZ,
};

/// A signal that can be received by us or forwarded to the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Ctrl-C in a terminal.
    Interrupt,
    /// The polite request to end.
    Terminate,
    /// The terminal went away, or a request to read the configuration again.
    HangUp,
    /// Ctrl-\ in a terminal.
    Quit,
    /// Whatever the command makes of it.
    User1,
    /// The same.
    User2,
    /// A timer of the command's, or of whoever started us.
    Alarm,
    /// The terminal has another size.
    Resize,
    /// Ctrl-Z in a terminal.
    Suspend,
    /// We were stopped and go on.
    Resume,
}

impl Signal {
    /// The number that the kernel knows it by.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Signal::Interrupt => SIGINT,
            Signal::Terminate => SIGTERM,
            Signal::HangUp => SIGHUP,
            Signal::Quit => SIGQUIT,
            Signal::User1 => SIGUSR1,
            Signal::User2 => SIGUSR2,
            Signal::Alarm => SIGALRM,
            Signal::Resize => SIGWINCH,
            Signal::Suspend => SIGTSTP,
            Signal::Resume => SIGCONT,
        }
    }

    /// True if it ends nothing here and is for the command alone.
    #[must_use]
    pub fn is_the_commands(self) -> bool {
        matches!(self, Signal::User1 | Signal::User2 | Signal::Alarm | Signal::Resize | Signal::Resume)
    }

    fn from_number(number: i32) -> Option<Signal> {
        ALL.into_iter().find(|signal| signal.number() == number)
    }
}

const ALL: [Signal; 10] = [
    Signal::Interrupt,
    Signal::Terminate,
    Signal::HangUp,
    Signal::Quit,
    Signal::User1,
    Signal::User2,
    Signal::Alarm,
    Signal::Resize,
    Signal::Suspend,
    Signal::Resume,
];

/// Stops this process as Ctrl-Z does one that does not catch it; returns when it is continued. It goes on at once where that
/// came already.
pub fn suspend() {
    if STOPS.load(Ordering::SeqCst) {
        // Nothing can be done where the kernel does not: then we go on.
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
    }
}

/// True from TSTP to the CONT behind it, in the order in which they come.
static STOPS: AtomicBool = AtomicBool::new(false);

/// Signals are told apart by kind and not by order where they come together: of these two the order counts.
fn watch_stops() -> io::Result<()> {
    for (signal, stops) in [(SIGTSTP, true), (SIGCONT, false)] {
        // SAFETY: the closure stores an atomic, which is async-signal-safe.
        #[expect(unsafe_code, reason = "only a handler of our own knows which of two signals came last")]
        unsafe {
            signal_hook::low_level::register(signal, move || STOPS.store(stops, Ordering::SeqCst))?;
        }
    }
    Ok(())
}

/// A file that may grow no further (`ulimit -f`) is an error of writing from now on, and no end of the process. Commands that
/// are launched start with what is usual.
///
/// # Errors
/// When the handler cannot be set up.
pub fn outlive_file_limit() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}

/// Catches INT, TERM, HUP, QUIT, USR1, USR2, ALRM, WINCH, TSTP and CONT from now on and delivers them here, in order, instead
/// of ending or stopping the process.
///
/// More than `WAITING_MAX` undelivered signals are dropped: the sixteenth Ctrl-C says nothing that the first did not.
/// A launched command starts with the default dispositions in any case.
///
/// # Errors
/// When the handlers or the thread cannot be set up.
pub fn signals() -> io::Result<Receiver<Signal>> {
    watch_stops()?;
    let mut caught = signal_hook::iterator::Signals::new(ALL.map(Signal::number))?;
    let (sender, receiver) = sync_channel(WAITING_MAX);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in caught.forever().filter_map(Signal::from_number) {
            if let Err(TrySendError::Disconnected(_)) = sender.try_send(signal) {
                return;
            }
        }
    })?;
    Ok(receiver)
}

const WAITING_MAX: usize = 16;
