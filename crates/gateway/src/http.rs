//! The gateway: Streamable HTTP towards clients, and towards one upstream Streamable HTTP or stdio.
//!
//! A request is checked by its head, its principal named, its body read whole and parsed; the engine decides; the record is
//! written; then the upstream is asked. Its answer, in one piece or event by event, takes the same way back. What is sent
//! on either side is a `Letter`, which only a permit of the engine becomes.

mod admin;
mod answer;
mod authenticate;
mod desk;
mod endpoint;
mod exchange;
mod gate;
mod head;
mod letter;
mod limits;
mod metrics;
mod office;
mod pipe;
mod post;
mod reply;
mod run;
mod server;
mod sessions;
mod stdio;
mod stream;
mod upstream;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bailiwick_engine::Policy;
use bailiwick_record::entry::Entries;
use bailiwick_sandbox::Signal;
pub use hyper::Uri;
pub use hyper::header::{HeaderName, HeaderValue};
use tokio::sync::watch;

pub use authenticate::{Authenticate, Authenticating, Challenge, Everybody};
pub use head::Names;
pub use limits::HttpLimits;
pub use office::Deciding;
pub use server::Target;
pub use stdio::Command;
pub use upstream::Target as Endpoint;

use self::gate::{Gate, Phase};
use self::metrics::Metrics;
use self::office::Office;
use self::server::{Threads, wait};
use self::sessions::Sessions;

/// Everything that a gateway needs.
#[derive(Debug)]
pub struct Http {
    pub listener: TcpListener,
    /// Where its health and metrics are asked for.
    pub admin: Option<TcpListener>,
    /// The path that is served.
    pub path: String,
    pub target: Target,
    pub names: Names,
    /// Headers of clients that go on to the upstream besides the protocol's own.
    pub forward: Vec<HeaderName>,
    pub authenticate: Box<dyn Authenticate>,
    pub limits: HttpLimits,
    /// Threads that serve.
    pub workers: usize,
    pub deciding: Deciding,
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    office: Arc<Office>,
    threads: Threads,
}

impl Http {
    /// Begins to serve.
    ///
    /// # Errors
    /// If a thread or a socket cannot be had.
    pub fn start(self) -> io::Result<Gateway> {
        let office = Office::open(self.deciding)?;
        let (phase, phases) = watch::channel(Phase::Serving);
        let gate = Arc::new(Gate {
            office: Arc::clone(&office),
            sessions: Sessions::default(),
            metrics: Metrics::new(),
            limits: self.limits,
            path: self.path,
            names: self.names,
            forward: self.forward,
            authenticate: self.authenticate,
            phase: phases,
        });
        let listeners = (self.listener, self.admin);
        let threads = Threads::start(&gate, phase, &self.target, listeners, self.workers)?;
        Ok(Gateway { office, threads })
    }
}

impl Gateway {
    /// Entries of the gateway itself.
    #[must_use]
    pub fn entries(&self) -> &Entries {
        self.office.entries()
    }

    /// Another policy decides from now on, in sessions that are open too. No call is dropped.
    pub fn replace_policy(&self, policy: Arc<Policy>) {
        self.office.replace_policy(policy);
    }

    /// Serves until INT, TERM or QUIT; `look` is called a few times a second, with true after HUP.
    #[must_use]
    pub fn wait(&self, signals: &Receiver<Signal>, mut look: impl FnMut(&Gateway, bool)) -> Option<Signal> {
        let mut ended_by = None;
        wait(signals, |signal| match signal {
            Some(Signal::Interrupt | Signal::Terminate | Signal::Quit) => {
                ended_by = signal;
                true
            }
            Some(Signal::HangUp) | None => {
                look(self, signal.is_some());
                false
            }
        });
        ended_by
    }

    /// Lets calls in hand finish within the grace, and ends all threads and runs. The entries are for the last words.
    pub fn stop(self) -> impl std::ops::Deref<Target = Entries> {
        self.threads.stop();
        LastWords(self.office)
    }
}

struct LastWords(Arc<Office>);

impl std::ops::Deref for LastWords {
    type Target = Entries;

    fn deref(&self) -> &Entries {
        self.0.entries()
    }
}
