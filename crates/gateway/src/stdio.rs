//! One wrapped server over stdio: two reading threads, a courier, a ticker, and this thread that waits for the end.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_engine::Engine;
use bailiwick_mcp::{Direction, Limits};
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Trace;
use bailiwick_sandbox::{Exit, Process, Signal, Supervised, suspend};

use crate::relay::{Alarm, Keeper, Observer, Reader, Relay, RelaySettings, Teller};
use crate::sink::Sink;

/// Loads the policy again when told to, or when it changed by itself.
pub trait Reload: Send {
    /// Called a few times a second; `forced` after SIGHUP. Applies a changed policy to the relay's engine and records it.
    fn poll(&mut self, relay: &Relay, forced: bool);
}

/// Everything that one run needs.
pub struct Stdio {
    pub engine: Engine,
    pub entries: Entries,
    pub server: Supervised,
    pub signals: Receiver<Signal>,
    pub limits: Limits,
    pub strict: bool,
    /// How long the server has to end by itself once its input is closed.
    pub grace: Duration,
    pub observer: Observer,
    pub teller: Teller,
    pub alarm: Alarm,
    pub keeper: Keeper,
    /// Takes down every line, before it is decided over.
    pub trace: Option<Arc<Trace>>,
}

impl std::fmt::Debug for Stdio {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stdio").field("server", &self.server).finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub exit: Exit,
    pub why: Why,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    ClientClosed,
    ServerEnded,
    Signal(Signal),
}

impl Why {
    /// As in the record.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Why::ClientClosed => "the client closed its end",
            Why::ServerEnded => "the server ended",
            Why::Signal(_) => "a signal",
        }
    }
}

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// Room in the pipes to and from the server: while a chunk is decided, the server goes on with those before. Of 64 MiB that the
/// kernel gives all pipes of a user (pipe(7), `pipe-user-pages-soft`), and used only while somebody is behind.
const PIPE_BYTES: usize = 256 << 10;
/// How often time is told to the engine and the policy files are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How long opinions of what a server said are waited for when it has ended: longer than any policy waits for one.
const OPINIONS: Duration = Duration::from_secs(31);
/// How long the rest of a server's output is waited for after it ended.
const DRAIN: Duration = Duration::from_secs(2);

enum Event {
    Signal(Signal),
    ClientClosed,
    /// Found out by the server's reader, which ends with it.
    ClientStoppedReading,
    ServerOutputClosed,
    ServerExited(Exit),
}

impl Stdio {
    /// The relay between our own standard streams and the server.
    ///
    /// # Errors
    /// If a stream cannot be used.
    pub fn connect(self) -> io::Result<Connected> {
        let (input, output) = (dup(rustix::stdio::stdin())?, dup(rustix::stdio::stdout())?);
        self.connect_to(input, output)
    }

    /// The relay between a client and the server: what the client says is read from `input`.
    ///
    /// # Errors
    /// If a stream cannot be used.
    pub fn connect_to(self, input: OwnedFd, output: OwnedFd) -> io::Result<Connected> {
        for pipe in [&self.server.stdin, &self.server.stdout] {
            // Where the user's pipes have used up what the kernel gives them, it stays as it is.
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
        }
        let to_server = Sink::abortable(self.server.stdin, dup(&input)?)?;
        let settings = RelaySettings {
            limits: self.limits,
            strict: self.strict,
            observer: self.observer,
            teller: self.teller,
            alarm: self.alarm,
            keeper: self.keeper,
            trace: self.trace,
        };
        let sinks = (to_server, Sink::blocking(File::from(output)));
        let relay = Arc::new(Relay::new(self.engine, self.entries, sinks, settings));
        Ok(Connected {
            relay,
            client: File::from(input),
            server: self.server.stdout,
            process: Arc::new(self.server.process),
            signals: self.signals,
            limits: self.limits,
            grace: self.grace,
        })
    }
}

fn dup(file: impl AsFd) -> io::Result<OwnedFd> {
    file.as_fd().try_clone_to_owned()
}

/// A run whose streams are connected, not yet moving.
#[derive(Debug)]
pub struct Connected {
    pub relay: Arc<Relay>,
    client: File,
    server: File,
    process: Arc<Process>,
    signals: Receiver<Signal>,
    limits: Limits,
    grace: Duration,
}

impl Connected {
    /// Moves bytes until one side ends. Everything that was started has ended when this returns.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn drive(self, mut reload: Box<dyn Reload>) -> io::Result<Ended> {
        let (events, happened) = channel();
        self.spawn("client", Direction::ToServer, self.client.try_clone()?, &events)?;
        self.spawn("server", Direction::ToClient, self.server.try_clone()?, &events)?;
        let relay = Arc::clone(&self.relay);
        thread::Builder::new().name("courier".into()).spawn(move || relay.courier())?;
        let (signals, signalled) = (self.signals, events.clone());
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals {
                if signalled.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        let (process, exited) = (Arc::clone(&self.process), events);
        thread::Builder::new().name("waiter".into()).spawn(move || {
            // The receiver is gone only when the run is over.
            let _ = exited.send(Event::ServerExited(process.wait()));
        })?;
        let ending = Ending {
            relay: &self.relay,
            process: &self.process,
            grace: self.grace,
            why: None,
            deadline: None,
            opinions: None,
        };
        let ended = ending.wait(&happened, &mut *reload);
        // The courier goes, whoever ended it.
        self.relay.close_server_input();
        Ok(ended)
    }

    fn spawn(&self, name: &str, direction: Direction, file: File, events: &Sender<Event>) -> io::Result<()> {
        // While it waits for bytes it holds nothing: a client that stays when all is over has its own end closed.
        let (relay, events, limits) = (Arc::downgrade(&self.relay), events.clone(), self.limits);
        let body = move || {
            let event = match (direction, pump(&relay, direction, file, &limits)) {
                (Direction::ToServer, Ok(()) | Err(_)) => Event::ClientClosed,
                (Direction::ToClient, Ok(())) => Event::ServerOutputClosed,
                (Direction::ToClient, Err(_)) => Event::ClientStoppedReading,
            };
            // The receiver is gone only when the run is over.
            let _ = events.send(event);
        };
        thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
    }
}

/// What is known of how the run ends.
struct Ending<'a> {
    relay: &'a Relay,
    process: &'a Process,
    grace: Duration,
    why: Option<Why>,
    /// When waiting turns into stopping.
    deadline: Option<Instant>,
    /// Until when a classifier's opinions of what the server said are waited for, once it said everything.
    opinions: Option<Instant>,
}

impl Ending<'_> {
    fn wait(mut self, happened: &Receiver<Event>, reload: &mut dyn Reload) -> Ended {
        let mut exit = None;
        let mut output_closed = false;
        loop {
            let mut hangup = false;
            match happened.recv_timeout(TICK) {
                Ok(Event::Signal(Signal::HangUp)) => hangup = true,
                Ok(Event::Signal(signal)) if signal.is_the_commands() => self.process.signal(signal),
                Ok(Event::Signal(Signal::Suspend)) => {
                    self.process.signal(Signal::Suspend);
                    suspend();
                    self.process.signal(Signal::Resume);
                }
                Ok(Event::Signal(signal)) => {
                    self.process.signal(signal);
                    self.ends(Why::Signal(signal), self.grace);
                }
                Ok(Event::ClientClosed) => {
                    self.relay.close_server_input();
                    self.ends(Why::ClientClosed, self.grace);
                }
                Ok(Event::ClientStoppedReading) => {
                    output_closed = true;
                    self.relay.close_server_input();
                    self.ends(Why::ClientClosed, self.grace);
                }
                Ok(Event::ServerOutputClosed) => {
                    output_closed = true;
                    self.opinions = Some(Instant::now() + OPINIONS);
                    self.ends(Why::ServerEnded, self.grace);
                }
                Ok(Event::ServerExited(status)) => {
                    exit = Some(status);
                    self.deadline = None;
                    self.ends(Why::ServerEnded, DRAIN);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => output_closed = true,
            }
            if self.opinions.is_some_and(|until| Instant::now() >= until || !self.relay.awaits_opinions()) {
                self.opinions = None;
                // A client that is gone is noticed by its reader.
                let _ = self.relay.server_ended(ENDED);
            }
            reload.poll(self.relay, hangup);
            let _ = self.relay.tick();
            let over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if exit.is_none() && over {
                exit = Some(self.process.stop());
                self.deadline = Some(Instant::now() + DRAIN);
            } else if let (Some(exit), Some(why), None, true) =
                (exit, self.why, self.opinions, output_closed || over)
            {
                let _ = self.relay.server_ended(ENDED);
                return Ended { exit, why };
            }
        }
    }

    /// The first reason is the reason; the run is over within `grace`.
    fn ends(&mut self, why: Why, grace: Duration) {
        self.why.get_or_insert(why);
        self.deadline.get_or_insert_with(|| Instant::now() + grace);
    }
}

/// What requests are told that a server left unanswered.
const ENDED: &str = "the server ended before it answered";

/// Reads one peer until its stream ends or breaks, or nobody relays any more.
///
/// # Errors
/// If the client does not read any more.
fn pump(relay: &Weak<Relay>, direction: Direction, mut file: File, limits: &Limits) -> io::Result<()> {
    let mut reader = Reader::new(direction, limits);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match file.read(&mut chunk) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What cannot be read has ended.
            Err(_) => 0,
        };
        let Some(relay) = relay.upgrade() else { return Ok(()) };
        match read {
            0 => return reader.finish(&relay),
            read => reader.take(&relay, chunk.get(..read).unwrap_or_default())?,
        }
    }
}
