//! What all runs of one upstream share: the policy in force, the record, and who is told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick_engine::{Counters, Engine, Lane, Mode, Pins, Policy, Principal, Scanner, Settings};
use bailiwick_mcp::Limits;
use bailiwick_record::AuditError;
use bailiwick_record::entry::Entries;
use tokio::sync::{mpsc, oneshot};

use super::run::Run;
use crate::relay::{Alarm, Observer, Teller};

/// What a gateway decides with, and where it writes that down.
pub struct Deciding {
    pub mode: Mode,
    /// The upstream's name in rules.
    pub server: Arc<str>,
    pub policy: Arc<Policy>,
    pub scanner: Arc<Scanner>,
    /// Pins of a lock file; every run starts from them.
    pub pins: Option<Pins>,
    pub limits: Limits,
    /// Entries of the gateway itself; those of runs go to the same log.
    pub entries: Entries,
    /// Every outcome waits for its record to be durable.
    pub strict: bool,
    pub observer: Observer,
    pub teller: Teller,
    pub alarm: Alarm,
}

impl std::fmt::Debug for Deciding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deciding").field("server", &self.server).finish_non_exhaustive()
    }
}

/// [`Deciding`], shared.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) with: Deciding,
    policy: Mutex<Arc<Policy>>,
    /// Counts policies, so that a run sees without the lock that it has the newest.
    generation: AtomicU64,
    alarmed: AtomicBool,
    committer: Option<mpsc::Sender<oneshot::Sender<Result<(), AuditError>>>>,
}

/// Commits that wait for one thread; beyond it callers wait to be taken up.
const COMMITS_MAX: usize = 4_096;

impl Office {
    /// # Errors
    /// If a thread cannot be started.
    pub(super) fn open(with: Deciding) -> std::io::Result<Arc<Office>> {
        let (sender, receiver) = mpsc::channel(COMMITS_MAX);
        let strict = with.strict;
        let office = Arc::new(Office {
            policy: Mutex::new(Arc::clone(&with.policy)),
            with,
            generation: AtomicU64::new(1),
            alarmed: AtomicBool::new(false),
            committer: strict.then_some(sender),
        });
        if strict {
            let weak = Arc::downgrade(&office);
            let body = move || {
                let commit = || weak.upgrade().map(|office| office.with.entries.commit());
                commit_for_all(receiver, commit);
            };
            std::thread::Builder::new().name("committer".into()).spawn(body)?;
        }
        Ok(office)
    }

    pub(super) fn entries(&self) -> &Entries {
        &self.with.entries
    }

    /// Another policy decides from now on, in every run.
    pub(super) fn replace_policy(&self, policy: Arc<Policy>) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = policy;
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Gives the engine the policy in force, if it is not that of `seen`.
    pub(super) fn refresh(&self, seen: &mut u64, engine: &mut Engine) {
        let newest = self.generation.load(Ordering::Acquire);
        if *seen != newest {
            engine.replace_policy(Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner)));
            *seen = newest;
        }
    }

    /// A new run of `account`; `name` and `nonce` are fresh and unguessable.
    pub(super) fn run(
        self: &Arc<Office>,
        account: &Arc<Account>,
        principal: &Arc<Principal>,
        name: String,
        nonce: String,
    ) -> Run {
        let policy = Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner));
        let settings = Settings {
            mode: self.with.mode,
            server: Arc::clone(&self.with.server),
            principal: Arc::clone(principal),
            limits: self.with.limits,
            nonce,
        };
        let engine = Engine::new(settings, policy, Arc::clone(&self.with.scanner), self.with.pins.clone());
        let entries = self.with.entries.for_run(name, principal.id.clone());
        Run::new(Arc::clone(self), (Arc::clone(account), Arc::clone(principal)), engine, entries)
    }

    /// Writes what was recorded so far; on the disk, where the log is strict.
    pub(super) async fn commit(&self) -> Result<(), AuditError> {
        let result = match &self.committer {
            // A write to a file is short; waiting for the disk is not, and must not hold up everybody on this thread.
            None => self.with.entries.commit(),
            Some(committer) => {
                let (sender, done) = oneshot::channel();
                match committer.send(sender).await {
                    Ok(()) => done.await.unwrap_or(Err(AuditError::Closed)),
                    Err(_) => Err(AuditError::Closed),
                }
            }
        };
        self.sound(result.as_ref().err());
        result
    }

    /// Says once that the record failed, and once that it works again.
    pub(super) fn sound(&self, error: Option<&AuditError>) {
        if self.alarmed.swap(error.is_some(), Ordering::Relaxed) != error.is_some() {
            (self.with.alarm)(error);
        }
    }

    /// True if the record could be written the last time.
    pub(super) fn records(&self) -> bool {
        !self.alarmed.load(Ordering::Relaxed)
    }
}

/// One commit for all that wait when it begins.
fn commit_for_all(
    mut receiver: mpsc::Receiver<oneshot::Sender<Result<(), AuditError>>>,
    commit: impl Fn() -> Option<Result<(), AuditError>>,
) {
    let mut waiting = Vec::new();
    while receiver.blocking_recv_many(&mut waiting, COMMITS_MAX) > 0 {
        let Some(result) = commit() else { return };
        for sender in waiting.drain(..) {
            // Whoever does not wait any more has its record all the same.
            let _ = sender.send(result.clone());
        }
    }
}

/// One principal, over all of its runs.
#[derive(Debug, Default)]
pub(super) struct Account {
    counters: Mutex<Counters>,
}

impl Account {
    /// Lets `decide` use the engine with this principal's counters, one run at a time where there is something to count.
    pub(super) fn lend<R>(
        &self,
        lane: Lane,
        engine: &mut Engine,
        decide: impl FnOnce(&mut Engine) -> R,
    ) -> R {
        engine.enter(lane);
        if !engine.policy().counts_principals() {
            return decide(engine);
        }
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        engine.trade_principal_counters(&mut counters);
        let result = decide(engine);
        engine.trade_principal_counters(&mut counters);
        result
    }
}
