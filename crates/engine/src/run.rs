//! The state of one run: what is in flight, which version was agreed on, what was held.

mod slots;

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map};

use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Id, Item, Method, Timestamp, Version};

use bailiwick_policy::{Classifier, LogLevel, Taints};

use crate::approval::Consents;
use crate::asked::{Asked, Listening, Watched};
use crate::asked_back::AskedBack;
use crate::decision::{Completion, Decision, Lane, Quarantined, QuestionId, Reason};
use crate::elicited::Elicited;
use crate::history::Sent;
use crate::pace::Paces;
use crate::reply::Refusal;
use crate::run::slots::Slots;
use crate::together::AnswerSets;

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) call: u64,
    pub(crate) at: Timestamp,
    /// `None` for a method that the table does not know (observe and shadow let it through).
    pub(crate) method: Option<&'static Method>,
    /// What such a method calls itself.
    pub(crate) unknown: Option<Box<str>>,
    /// The name under which rules know its target.
    pub(crate) target: Option<Box<str>>,
    pub(crate) modern: bool,
    pub(crate) origin: Origin,
    pub(crate) token: Option<Id<'static>>,
    pub(crate) told: Told,
    /// What its answer means to rules that look back.
    pub(crate) sent: Option<Box<Sent>>,
    pub(crate) asked: Asked,
    /// Sampling requests that came while it was in flight and were counted for it.
    pub(crate) sampled: u64,
    /// The other party's request for a list from its beginning.
    pub(crate) from_start: bool,
}

/// How far a request's progress was told, by us and by the other party together: it only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Told {
    /// What we told while a person was asked; what the other party tells counts from there.
    pub(crate) by_us: f64,
    pub(crate) last: f64,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The other party's; its answer is delivered.
    Peer,
    /// The other party's, not sent on yet: a human is being asked.
    Held(QuestionId),
    /// Ours: the list that was fetched before the first call.
    Own,
}

/// Requests in flight in one direction. Ids and tokens count within their lane.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    pub(crate) lane: Lane,
    requests: BTreeMap<Key, u32>,
    slots: Slots,
    /// Progress tokens that may be used, and whose they are.
    tokens: BTreeMap<Key, Key>,
    /// Cancelled requests whose answers may still come, oldest first.
    cancelled: VecDeque<Key>,
}

type Key = (Lane, Id<'static>);

/// Cancelled requests that are remembered for a late answer. Beyond it the oldest is forgotten and its answer dropped.
const CANCELLED_MAX: usize = 256;

impl InFlight {
    pub(crate) fn contains(&self, id: &Id<'_>) -> bool {
        self.requests.contains_key(&self.key(id))
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// True if the request is in flight and was not cancelled.
    pub(crate) fn is_wanted(&self, id: &Id<'_>) -> bool {
        let key = self.key(id);
        self.requests.contains_key(&key) && !self.cancelled.contains(&key)
    }

    pub(crate) fn get(&self, id: &Id<'_>) -> Option<&Pending> {
        self.slots.get(*self.requests.get(&self.key(id))?)
    }

    /// Remembers `pending`. An id that is in flight already keeps its request.
    pub(crate) fn insert(&mut self, id: Id<'static>, pending: Pending) {
        let key = (self.lane, id);
        let btree_map::Entry::Vacant(vacant) = self.requests.entry(key) else { return };
        if let Some(token) = &pending.token {
            self.tokens.insert((self.lane, token.clone()), vacant.key().clone());
        }
        vacant.insert(self.slots.put(pending));
    }

    pub(crate) fn remove(&mut self, id: &Id<'_>) -> Option<Pending> {
        self.take(&self.key(id))
    }

    fn take(&mut self, key: &Key) -> Option<Pending> {
        let pending = self.slots.take(self.requests.remove(key)?)?;
        if let Some(token) = &pending.token {
            self.tokens.remove(&(key.0, token.clone()));
        }
        // The id is free again: forgetting the cancelled one must not forget its next user.
        self.cancelled.retain(|cancelled| cancelled != key);
        Some(pending)
    }

    /// A held request goes on after all.
    pub(crate) fn release(&mut self, id: &Id<'_>, told: f64, sent: Option<Box<Sent>>) {
        let number = self.requests.get(&self.key(id));
        if let Some(pending) = number.and_then(|number| self.slots.get_mut(*number)) {
            pending.origin = Origin::Peer;
            pending.told = Told { by_us: told, last: told };
            pending.sent = sent;
        }
    }

    /// What a request in flight listens to.
    pub(crate) fn listening(&mut self, id: &Id<'_>) -> Option<&mut Listening> {
        let number = self.requests.get(&self.key(id))?;
        self.slots.get_mut(*number)?.asked.listening.as_deref_mut()
    }

    /// How far the progress under `token` was told; `None`: nobody may use the token.
    pub(crate) fn told(&mut self, token: &Id<'_>) -> Option<&mut Told> {
        let key = self.tokens.get(&self.key(token))?;
        self.slots.get_mut(*self.requests.get(key)?).map(|pending| &mut pending.told)
    }

    /// The count of sampling requests of the request in flight that has brought the fewest.
    pub(crate) fn least_sampled(&mut self) -> Option<&mut u64> {
        let slots = &self.slots;
        let count = |number: &u32| {
            let pending = slots.get(*number)?;
            (pending.origin == Origin::Peer).then_some((pending.sampled, *number))
        };
        let own = self.requests.iter().filter(|((lane, _), _)| *lane == self.lane);
        let (_, number) = own.filter_map(|(_, number)| count(number)).min()?;
        self.slots.get_mut(number).map(|pending| &mut pending.sampled)
    }

    /// Notes that `id` was cancelled; returns a request that is forgotten for it, with its id.
    pub(crate) fn cancel(&mut self, id: &Id<'_>) -> Option<(Id<'static>, Pending)> {
        let key = self.key(id);
        if self.cancelled.contains(&key) {
            return None;
        }
        self.cancelled.push_back(key);
        if self.cancelled.len() <= CANCELLED_MAX {
            return None;
        }
        let oldest = self.cancelled.pop_front()?;
        let pending = self.take(&oldest)?;
        Some((oldest.1, pending))
    }

    /// Takes all that is still in flight, in the order of their numbers.
    pub(crate) fn drain(&mut self) -> Vec<(Key, Pending)> {
        self.tokens.clear();
        let (requests, mut slots) = (std::mem::take(&mut self.requests), std::mem::take(&mut self.slots));
        let taken = |(key, number)| Some((key, slots.take(number)?));
        let mut all: Vec<_> = requests.into_iter().filter_map(taken).collect();
        all.sort_by_key(|(_, pending)| pending.call);
        all
    }

    /// The requests of the current lane.
    pub(crate) fn here(&self) -> impl Iterator<Item = &Pending> {
        let first = (self.lane, Id::Number(i64::MIN));
        let own = self.requests.range(first..).take_while(|((lane, _), _)| *lane == self.lane);
        own.filter_map(|(_, number)| self.slots.get(*number))
    }

    /// The requests of all lanes.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Pending> {
        self.slots.slots.iter().flatten()
    }

    /// The ids in flight in the current lane.
    pub(crate) fn ids(&self) -> Vec<Id<'static>> {
        let own = self.requests.keys().filter(|(lane, _)| *lane == self.lane);
        own.map(|(_, id)| id.clone()).collect()
    }

    /// The id as a key. Free for numbers, which is what the SDKs use.
    fn key(&self, id: &Id<'_>) -> Key {
        (self.lane, id.clone().into_owned())
    }
}

/// A message that waits for a human.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) lane: Lane,
    pub(crate) bytes: Vec<u8>,
    pub(crate) direction: Direction,
    pub(crate) id: Option<Id<'static>>,
    pub(crate) call: u64,
    /// When its request came.
    pub(crate) since: Timestamp,
    pub(crate) method: String,
    pub(crate) target: Option<String>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) refusal: Refusal,
    /// Digest of the policy that asked: another policy decides anew.
    pub(crate) policy: String,
    /// Who must approve it, and who has.
    pub(crate) consents: Consents,
    /// A request whose limits are spent when it is approved.
    pub(crate) is_request: bool,
    /// How the request ended whose answer it is.
    pub(crate) completion: Option<Completion>,
    /// How the waiting party is told that it waits.
    pub(crate) progress: Option<Waits>,
    /// An external classifier is asked, and no person: what its opinion does.
    pub(crate) wanted: Option<Wanted>,
}

/// What the opinion of an external classifier does to an answer.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) classifier: Classifier,
    /// More is suspect than it is shown.
    pub(crate) is_partial: bool,
    /// What a person may look at if it is quarantined.
    pub(crate) kept: Option<Box<Quarantined>>,
}

/// What somebody who waits for a person was told.
#[derive(Debug)]
pub(crate) struct Waits {
    pub(crate) token: Id<'static>,
    pub(crate) since: Timestamp,
    pub(crate) last: Timestamp,
    /// What had been told before the question came up.
    pub(crate) from: f64,
    /// The whole seconds that were told last; 0: nothing yet.
    pub(crate) seconds: u64,
}

/// A call that waits for our own listing.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) lane: Lane,
    pub(crate) id: Option<Id<'static>>,
    pub(crate) at: Timestamp,
    pub(crate) bytes: Vec<u8>,
    /// The headers that came with it.
    pub(crate) beside: Option<Repeated>,
}

/// Our own fetch of a list, before the first use of what it names by a client that did not ask for it.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) lane: Lane,
    pub(crate) item: Item,
    pub(crate) id: Id<'static>,
    pub(crate) pages: u32,
    pub(crate) deadline: Timestamp,
    /// `_meta` of the call that made us ask, for a modern server.
    pub(crate) meta: Option<String>,
}

/// Everything that one run remembers.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// The version that `initialize` agreed on.
    pub(crate) version: Option<Version>,
    /// The versions that the server says it has, of those that we govern (2026-07-28).
    pub(crate) supported: Option<Vec<Version>>,
    /// A request of the modern era was seen.
    pub(crate) modern_seen: bool,
    /// Requests so far, of either party and our own.
    pub(crate) calls: u64,
    pub(crate) questions: u64,
    pub(crate) to_server: InFlight,
    pub(crate) to_client: InFlight,
    pub(crate) held: BTreeMap<QuestionId, Held>,
    /// Calls that wait for our own listing.
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) listing: Option<Listing>,
    /// Nobody would answer: no list is fetched.
    pub(crate) fetches_nothing: bool,
    /// Pages that we asked for.
    pub(crate) listings: u64,
    /// Our listing failed, why and when: until it is tried again that is a reason against what it would have named.
    pub(crate) listing_failed: BTreeMap<Item, (String, Timestamp)>,
    /// What the client calls itself: shown to a human, never trusted.
    pub(crate) client: Option<String>,
    /// The last requests, a line each, for a human who is asked.
    pub(crate) history: VecDeque<String>,
    pub(crate) asked_back: AskedBack,
    pub(crate) elicited: Elicited,
    /// Sampling requests that came with no request of the client.
    pub(crate) sampled_alone: u64,
    /// What findings of guards say that the agent was given.
    pub(crate) taints: Taints,
    pub(crate) watched: Watched,
    pub(crate) paces: Paces,
    /// How the instructions differ from their pin, of the last introduction that waits or was refused for that, and its number:
    /// nothing else is let through.
    pub(crate) barred: Option<(String, u64)>,
    /// Why nothing is answered any more.
    pub(crate) over: Option<Box<str>>,
    /// The level of log lines that the client asked for last, before 2026-07-28.
    pub(crate) log_level: Option<LogLevel>,
    /// Extensions that the server says it has and that are not known here (2026-07-28).
    pub(crate) extensions: BTreeSet<String>,
    /// Tasks that this run made, with the tool that each belongs to.
    pub(crate) tasks: BTreeMap<String, String>,
    /// Tasks that the client made of what the server asked.
    pub(crate) client_tasks: BTreeSet<String>,
    pub(crate) answer_sets: AnswerSets,
}

/// Requests that a human who is asked is shown, besides the one in question.
const HISTORY_MAX: usize = 5;
/// What is kept of a target's name for that.
const HISTORY_CHARACTERS_MAX: usize = 200;
/// Tasks remembered per run; beyond it a new one is refused its later use.
pub(crate) const TASKS_MAX: usize = 4_096;
/// Questions open at once; beyond it a call that would ask is denied.
pub(crate) const HELD_MAX: usize = 64;
/// Pages of the list that we fetch before the first call.
pub(crate) const LISTING_PAGES_MAX: u32 = 64;
/// How long our own listing may take, in microseconds.
pub(crate) const LISTING_US_MAX: i64 = 10_000_000;

impl Run {
    /// The lane of what is decided now.
    pub(crate) fn lane(&self) -> Lane {
        self.to_server.lane
    }

    /// What is decided from now on belongs to `lane`; returns the lane before.
    pub(crate) fn enter(&mut self, lane: Lane) -> Lane {
        self.to_client.lane = lane;
        std::mem::replace(&mut self.to_server.lane, lane)
    }

    pub(crate) fn in_flight(&mut self, direction: Direction) -> &mut InFlight {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Keeps a line about a request for whoever is asked next.
    pub(crate) fn remember(&mut self, decision: &Decision<'_>) {
        // The oldest line makes room and gives its memory.
        let mut line = match self.history.len() >= HISTORY_MAX {
            true => self.history.pop_front().unwrap_or_default(),
            false => String::new(),
        };
        line.clear();
        let target = decision.target.as_deref().unwrap_or_default();
        let end = target.char_indices().nth(HISTORY_CHARACTERS_MAX).map_or(target.len(), |(at, _)| at);
        for part in
            [decision.verdict.word(), " ", &decision.method, " ", target.get(..end).unwrap_or_default()]
        {
            line.push_str(part);
        }
        self.history.push_back(line);
    }

    /// Why nothing goes on.
    pub(crate) fn bar(&self) -> Option<Reason> {
        let (change, _) = self.barred.as_ref()?;
        Some(Reason::Pin { name: "instructions".to_owned(), change: change.clone() })
    }

    pub(crate) fn next_call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bailiwick_mcp::{Id, Timestamp};

    use crate::asked::Asked;

    use super::slots::SLOTS_KEPT_MAX;
    use super::{InFlight, Origin, Pending, Told};

    fn pending(call: u64, token: Option<Id<'static>>) -> Pending {
        let (at, told, origin) = (Timestamp(0), Told::default(), Origin::Peer);
        Pending {
            call,
            at,
            method: None,
            unknown: None,
            target: None,
            modern: false,
            origin,
            token,
            told,
            sent: None,
            asked: Asked::default(),
            sampled: 0,
            from_start: false,
        }
    }

    #[test]
    fn each_id_keeps_its_request_while_others_come_and_go() {
        let mut in_flight = InFlight::default();
        let mut model = BTreeMap::new();
        let mut random = 1_u64;
        for call in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = random >> 56;
            let id = Id::Number(number.cast_signed());
            if random & 1 << 40 == 0 {
                // A second one of an id that is in flight changes nothing.
                in_flight.insert(id.clone(), pending(call, Some(Id::Text(format!("t{call}").into()))));
                model.entry(number).or_insert(call);
            } else {
                assert_eq!(in_flight.remove(&id).map(|pending| pending.call), model.remove(&number));
            }
            assert_eq!(in_flight.get(&id).map(|pending| pending.call), model.get(&number).copied());
            assert_eq!((in_flight.len(), in_flight.tokens.len()), (model.len(), model.len()));
            let room = in_flight.slots.slots.len();
            assert_eq!(room, in_flight.slots.free.len() + model.len(), "each slot is free or taken");
            assert!(room <= 256, "{room}");
        }
        let calls: Vec<u64> = in_flight.drain().into_iter().map(|(_, pending)| pending.call).collect();
        let mut expected: Vec<u64> = model.into_values().collect();
        expected.sort_unstable();
        assert_eq!(calls, expected);
    }

    #[test]
    fn the_memory_of_a_crowd_is_given_back() {
        let mut in_flight = InFlight::default();
        let ids = || (0..10_000).map(Id::Number);
        ids().for_each(|id| in_flight.insert(id, pending(1, None)));
        ids().for_each(|id| drop(in_flight.remove(&id)));
        assert!(in_flight.slots.slots.capacity() <= SLOTS_KEPT_MAX);
        assert!(in_flight.slots.free.capacity() <= SLOTS_KEPT_MAX);
    }
}
