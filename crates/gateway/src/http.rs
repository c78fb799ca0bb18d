//! The gateway: Streamable HTTP towards clients, and towards upstreams Streamable HTTP or stdio.
//!
//! A request is checked by its head, its principal named, its body read whole and parsed; the engine decides; the record is
//! written; then the upstream is asked. Its answer, in one piece or event by event, takes the same way back. What is sent
//! on either side is a `Letter`, which only a permit of the engine becomes.

mod admin;
mod aggregate;
mod answer;
mod ask;
mod authenticate;
mod batch;
mod bridge;
mod desk;
mod endpoint;
mod exchange;
mod fields;
mod front;
mod gate;
mod handle;
mod head;
mod hub;
mod legacy;
mod legacy_upstream;
mod letter;
mod limits;
mod metrics;
mod names;
mod office;
mod onward;
mod opinion;
mod pipe;
mod plan;
mod post;
mod recorder;
mod reply;
mod run;
mod server;
mod sessions;
#[cfg(test)]
mod simulated;
mod stdio;
mod stream;
mod taken;
mod tls;
mod together;
mod upstream;
mod wait;
mod wire;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bailiwick_engine::Policy;
use bailiwick_record::entry::Entries;
use bailiwick_sandbox::{Signal, suspend};
pub use hyper::Uri;
pub use hyper::header::{HeaderName, HeaderValue};
/// The head of a request, by which it is said whose it is.
pub use hyper::http::request::Parts as Head;
use tokio::sync::mpsc;

pub use ask::{Answering, Approver, Asked, NOBODY, Taken};
pub use authenticate::{Authenticate, Authenticating, Challenge, Everybody};
pub use bridge::bridge;
pub use front::bind;
pub use handle::RunBy;
pub use head::{Names, is_own_header};
pub use limits::HttpLimits;
pub use office::Deciding;
pub(crate) use opinion::Post;
pub use plan::{Http, Listener, Plan, Route, Serves, Service};
pub use recorder::Recording;
pub use server::Target;
pub use stdio::Command;
pub use tls::{Identity, Roots, TlsError};
pub use upstream::Target as Endpoint;

use self::hub::Hub;
use self::recorder::Recorder;
use self::server::{Threads, wait};

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    hub: Arc<Hub>,
    threads: Threads,
}

impl Http {
    /// Begins to serve.
    ///
    /// # Errors
    /// If a thread or a socket cannot be had.
    pub fn start(self) -> io::Result<Gateway> {
        let Http { plan, admin, authenticate, approver, limits, workers, recording } = self;
        let recorder = Recorder::open(recording)?;
        let (sender, sockets) = mpsc::unbounded_channel();
        let hub = Arc::new(Hub::new(recorder, (authenticate.into(), approver), limits, sender));
        hub.adopt(plan)?;
        let threads = Threads::start(&hub, sockets, admin, workers)?;
        Ok(Gateway { hub, threads })
    }
}

impl Gateway {
    /// Entries of the gateway itself.
    #[must_use]
    pub fn entries(&self) -> &Entries {
        &self.hub.recorder.with.entries
    }

    /// Another policy decides in that service from now on, in sessions that are open too. No call is dropped. False if there
    /// is no such service.
    pub fn replace_policy(&self, service: &str, policy: &Arc<Policy>) -> bool {
        self.hub.replace_policy(service, policy)
    }

    /// Serves what `plan` says from now on. Listeners and services that are in both plans go on with their connections and
    /// sessions; what has gone takes nothing new and finishes what it has in hand.
    ///
    /// # Errors
    /// If a new listener has no socket, two have one name, or a route leads nowhere. Then nothing has changed.
    pub fn adopt(&self, plan: Plan) -> io::Result<()> {
        self.hub.adopt(plan)
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
            Some(Signal::Suspend) => {
                suspend();
                false
            }
            // They are for a command, and there may be many or none.
            Some(Signal::User1 | Signal::User2 | Signal::Alarm | Signal::Resize | Signal::Resume) => false,
            Some(Signal::HangUp) | None => {
                look(self, signal.is_some());
                false
            }
        });
        ended_by
    }

    /// Lets calls in hand finish within the grace, and ends all threads and runs. The entries are for the last words.
    #[must_use]
    pub fn stop(self) -> Entries {
        self.threads.stop();
        self.hub.recorder.with.entries.clone()
    }
}
