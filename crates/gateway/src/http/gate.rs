//! What all requests to one service share, and what those of one thread share.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_engine::Lane;
use bailiwick_mcp::{Id, Packet, Parser};
use hyper::body::Bytes;
use hyper::header::HeaderName;
use tokio::sync::watch;

use super::handle::RunBy;
use super::limits::HttpLimits;
use super::metrics::Metrics;
use super::office::Office;
use super::run::{Decided, Party, Run};
use super::server::Target;
use super::sessions::Sessions;
use super::stdio::{Source, Stable};
use super::upstream::Link;
use crate::look::is_clear;

/// How far a gateway, or one of its services, is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Told to end: nothing new is taken, what runs may finish.
    Draining,
    /// Out of time.
    Over,
}

/// Waits until it is at least that far; one that is gone is over.
pub(super) async fn until(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    drop(phases.wait_for(|now| *now >= phase).await);
}

/// What all requests to one service share. A reload makes another one, which has the same office and sessions if it is
/// the same service.
#[derive(Debug)]
pub(super) struct Gate {
    /// What the operator calls it.
    pub(super) name: String,
    pub(super) office: Arc<Office>,
    pub(super) sessions: Arc<Sessions>,
    /// Where processes are, of a server over stdio.
    pub(super) stable: Option<Arc<Stable>>,
    pub(super) target: Target,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limits: HttpLimits,
    /// Headers that go on to the upstream besides the protocol's own.
    pub(super) forward: Vec<HeaderName>,
    /// What tells apart the runs that one principal has without a session.
    pub(super) run_by: Option<RunBy>,
    pub(super) phases: Arc<watch::Sender<Phase>>,
    pub(super) phase: watch::Receiver<Phase>,
    /// A reload put another in its place: threads need not keep their ends of it.
    pub(super) superseded: AtomicBool,
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
    /// This thread's ends of the services that it has served. Few, and looked through in order.
    static WORKERS: RefCell<Vec<Arc<Worker>>> = const { RefCell::new(Vec::new()) };
}

impl Worker {
    /// This thread's end of `gate`.
    pub(super) fn of(gate: &Arc<Gate>) -> Arc<Worker> {
        WORKERS.with_borrow_mut(|workers| {
            if let Some(known) = workers.iter().find(|known| Arc::ptr_eq(&known.gate, gate)) {
                return Arc::clone(known);
            }
            workers.retain(|known| !known.gate.superseded.load(Ordering::Relaxed));
            let way = match (&gate.stable, &gate.target) {
                (Some(stable), _) => Way::Stdio(Arc::clone(stable)),
                (None, Target::Http(target) | Target::Events(target)) => {
                    Way::Http(Box::new(Link::new(target.clone(), &gate.limits)))
                }
                (None, Target::Stdio(command)) => {
                    let source = Source::Command(command.clone());
                    Way::Stdio(Arc::new(Stable::new(source, &gate.limits)))
                }
            };
            let worker = Arc::new(Worker { gate: Arc::clone(gate), way });
            workers.push(Arc::clone(&worker));
            worker
        })
    }
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
        self.receive_answer_in(run, |_| lane, bytes)
    }

    /// The same where its lane depends on what it is.
    pub(super) fn receive_answer_in(
        &self,
        run: &Run,
        lane: impl FnOnce(Option<&Packet<'_>>) -> Lane,
        bytes: &Bytes,
    ) -> Decided {
        let none: &[Id<'static>] = &[];
        self.parse(bytes, |packet| {
            let clear = packet.as_ref().is_ok_and(|packet| is_clear(&self.office.with.scanner, packet));
            let lane = lane(packet.as_ref().ok());
            run.receive(lane, Party::Server { clear }, packet, bytes, none)
        })
    }

    /// Counts a request that the upstream did not answer as it should.
    pub(super) fn failed(&self) {
        self.metrics.upstream_failed(&self.name);
    }

    /// Ends what was idle for too long.
    pub(super) fn expire(&self) {
        let (sessions, alone) = self.sessions.expire(&self.limits, &self.office.policy());
        self.metrics.sessions.dec_by(i64::try_from(sessions.len()).unwrap_or(i64::MAX));
        let runs = sessions.into_iter().map(|session| Arc::clone(&session.run)).chain(alone);
        end_all(runs, "idle for too long");
    }

    /// Ends all runs and processes.
    pub(super) fn end(&self, why: &str) {
        if let Some(stable) = &self.stable {
            stable.clear();
        }
        self.metrics.sessions.dec_by(i64::try_from(self.sessions.len()).unwrap_or(i64::MAX));
        end_all(self.sessions.drain(), why);
    }
}

fn end_all(runs: impl IntoIterator<Item = Arc<Run>>, why: &str) {
    for run in runs {
        run.ended(why).hand_over();
        run.stop(why);
    }
}
