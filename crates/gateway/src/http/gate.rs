//! What all requests share, and what those of one thread share.

use std::cell::RefCell;
use std::sync::Arc;

use bailiwick_engine::Lane;
use bailiwick_mcp::{Id, Packet, Parser};
use hyper::body::Bytes;
use hyper::header::HeaderName;
use tokio::sync::watch;

use super::authenticate::Authenticate;
use super::head::Names;
use super::limits::HttpLimits;
use super::metrics::Metrics;
use super::office::Office;
use super::run::{Decided, Party, Run};
use super::sessions::Sessions;
use super::stdio::Stable;
use super::upstream::Link;

/// How far the gateway is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Told to end: nothing new is taken, what runs may finish.
    Draining,
    /// Out of time.
    Over,
}

/// Waits until the gateway is at least that far; one that is gone is over.
pub(super) async fn until(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    drop(phases.wait_for(|now| *now >= phase).await);
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) office: Arc<Office>,
    pub(super) sessions: Sessions,
    pub(super) metrics: Metrics,
    pub(super) limits: HttpLimits,
    /// The path that is served; every other is 404.
    pub(super) path: String,
    pub(super) names: Names,
    /// Headers that go on to the upstream besides the protocol's own.
    pub(super) forward: Vec<HeaderName>,
    pub(super) authenticate: Box<dyn Authenticate>,
    pub(super) phase: watch::Receiver<Phase>,
}

/// One thread's end of it.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) gate: Arc<Gate>,
    pub(super) way: Way,
}

/// How the upstream is reached.
#[derive(Debug)]
pub(super) enum Way {
    Http(Box<Link>),
    Stdio(Arc<Stable>),
}

thread_local! {
    /// Its buffers are reused for every message of the thread.
    static PARSER: RefCell<Parser> = RefCell::new(Parser::default());
}

impl Gate {
    /// Parses `bytes` and lets `read` see the outcome.
    pub(super) fn parse<R>(
        &self,
        bytes: &[u8],
        read: impl FnOnce(Result<Packet<'_>, bailiwick_mcp::Malformed>) -> R,
    ) -> R {
        let limits = &self.office.with.limits;
        PARSER.with_borrow_mut(|parser| read(Packet::parse(parser, bytes, limits)))
    }

    /// Decides over what an upstream sent.
    pub(super) fn receive_answer(&self, run: &Run, lane: Lane, bytes: &Bytes) -> Decided {
        let none: &[Id<'static>] = &[];
        self.parse(bytes, |packet| run.receive(lane, Party::Server, packet, bytes, none))
    }

    pub(super) fn serves(&self) -> bool {
        *self.phase.borrow() == Phase::Serving
    }
}
