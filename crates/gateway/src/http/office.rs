//! What all runs of one service share: the policy in force, and what engines are made from.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bailiwick_engine::{Counters, Engine, Lane, Mode, Offer, Pins, Policy, Principal, Scanner, Settings};
use bailiwick_mcp::{Limits, Timestamp};
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Whereabouts;
use tokio::sync::watch;

use super::ask::Approver;
use super::gate::Phase;
use super::recorder::Recorder;
use super::run::Run;
use super::taken::Taken;
use crate::relay::now;

/// What a service decides with.
#[derive(Clone)]
pub struct Deciding {
    pub mode: Mode,
    /// The upstream's name in rules.
    pub server: Arc<str>,
    pub policy: Arc<Policy>,
    pub scanner: Arc<Scanner>,
    /// Pins of a lock file; every run starts from them.
    pub pins: Option<Arc<Pins>>,
    pub limits: Limits,
    /// Where the policy's paths lead, for traces.
    pub whereabouts: Whereabouts,
}

impl std::fmt::Debug for Deciding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Deciding").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Deciding {
    /// True if runs that began with the one may go on with the other: only the policy differs.
    pub(super) fn continues(&self, other: &Deciding) -> bool {
        self.mode == other.mode
            && self.server == other.server
            && self.limits == other.limits
            && self.pins == other.pins
            && self.whereabouts == other.whereabouts
    }
}

const LEFT: &str = "the client left before it was answered";
/// Why what is in hand ends with the gateway.
pub(super) const OVER: &str = "the gateway ends";

/// Different offers that are remembered, so that runs can share them.
const OFFERS_MAX: usize = 16;

/// What a run knew of the server when it was last looked whether others know the same.
#[derive(Debug, Default)]
pub(super) struct Seen {
    offer: Weak<Offer>,
    pins: Arc<Pins>,
}

/// [`Deciding`], shared.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) recorder: Arc<Recorder>,
    pub(super) with: Deciding,
    /// Who puts questions to people.
    pub(super) approver: Option<Arc<dyn Approver>>,
    pub(super) phases: Arc<watch::Sender<Phase>>,
    entries: Entries,
    policy: Mutex<Arc<Policy>>,
    /// What most runs know of the server: they keep it once, and only they do.
    offers: Mutex<VecDeque<Weak<Offer>>>,
    /// Counts policies, so that a run sees without the lock that it has the newest.
    generation: AtomicU64,
}

impl Office {
    pub(super) fn new(
        recorder: &Arc<Recorder>,
        approver: Option<Arc<dyn Approver>>,
        phases: &Arc<watch::Sender<Phase>>,
        with: Deciding,
    ) -> Office {
        if let Some(pins) = &with.pins {
            recorder.names.note(&with.server, pins);
        }
        Office {
            approver,
            phases: Arc::clone(phases),
            recorder: Arc::clone(recorder),
            entries: recorder.with.entries.for_server(&with.server),
            policy: Mutex::new(Arc::clone(&with.policy)),
            offers: Mutex::default(),
            with,
            generation: AtomicU64::new(1),
        }
    }

    /// Why a request ends where the work for it is dropped: mostly its client is gone.
    pub(super) fn why_dropped(&self) -> &'static str {
        if *self.phases.borrow() < Phase::Over { LEFT } else { OVER }
    }

    /// The policy in force.
    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another policy decides from now on, in every run.
    pub(super) fn replace_policy(&self, policy: Arc<Policy>) {
        let mut now = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&now, &policy) {
            *now = policy;
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Lets the engine keep what it knows of the server together with other runs, if they know the same; `seen` is that of the
    /// last time.
    pub(super) fn share_offer(&self, seen: &mut Seen, engine: &mut Engine) {
        engine.share_offer(|own| {
            if seen.offer.as_ptr() == Arc::as_ptr(own) {
                return None;
            }
            // Mostly it is the same list again. Nobody waits while long lists are compared.
            let same = seen.offer.upgrade().filter(|before| before == own);
            let found = same.or_else(|| self.offers().iter().find(|known| *known == own).cloned());
            let shared = found.as_ref().unwrap_or(own);
            seen.offer = Arc::downgrade(shared);
            self.keep_offer(&seen.offer);
            if !Arc::ptr_eq(&seen.pins, shared.pins()) {
                seen.pins = Arc::clone(shared.pins());
                self.recorder.names.note(&self.with.server, &seen.pins);
            }
            found
        });
    }

    fn offers(&self) -> Vec<Arc<Offer>> {
        let known = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter_map(Weak::upgrade).collect()
    }

    /// Puts it before all others: what a run has meanwhile, page by page and kind by kind, and what only one has, must not push
    /// out what most have.
    fn keep_offer(&self, offer: &Weak<Offer>) {
        let mut known = self.offers.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.strong_count() > 0 && !known.ptr_eq(offer));
        known.push_front(Weak::clone(offer));
        known.truncate(OFFERS_MAX);
    }

    /// Gives the engine the names of the other servers' tools, if they changed since `seen`.
    pub(super) fn introduce(&self, seen: &mut u64, engine: &mut Engine) -> Option<Arc<Vec<String>>> {
        let others = self.recorder.names.beside(&self.with.server, seen)?;
        engine.replace_strangers(&others);
        Some(others)
    }

    /// Gives the engine the policy in force, if it is not that of `seen`; true if it did.
    pub(super) fn refresh(&self, seen: &mut u64, engine: &mut Engine) -> bool {
        let newest = self.generation.load(Ordering::Acquire);
        let newer = *seen != newest;
        if newer {
            engine.replace_policy(self.policy());
            *seen = newest;
        }
        newer
    }

    /// A new run of `account`; `name` and `nonce` are fresh and unguessable.
    pub(super) fn run(
        self: &Arc<Office>,
        account: &Arc<Account>,
        principal: &Arc<Principal>,
        name: String,
        nonce: String,
    ) -> Run {
        // Before the policy: one that comes in between is taken up at the first message.
        let generation = self.generation.load(Ordering::Acquire);
        let policy = self.policy();
        let settings = Settings {
            mode: self.with.mode,
            server: Arc::clone(&self.with.server),
            principal: Arc::clone(principal),
            limits: self.with.limits,
            nonce,
        };
        let pins = self.with.pins.as_deref().cloned();
        let laws = (policy.digest(), pins.as_ref(), &self.with.whereabouts);
        let taken = Taken::begin(&self.recorder, &name, &settings, laws, now());
        let mut engine = Engine::new(settings, policy, Arc::clone(&self.with.scanner), pins);
        // An exchange joins the answers to its batch itself.
        engine.leave_answers_apart();
        let entries = self.entries.for_run(name, principal.id.clone());
        let parties = (Arc::clone(account), Arc::clone(principal));
        Run::new(Arc::clone(self), parties, (engine, generation), (entries, taken))
    }
}

/// One principal, over all of its runs.
#[derive(Debug, Default)]
pub(super) struct Account {
    counters: Mutex<Counters>,
}

impl Account {
    /// True if nothing that it remembers would change a decision.
    pub(super) fn is_as_new(&self, policy: &Policy, at: Timestamp) -> bool {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).is_as_new(policy, at)
    }

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
