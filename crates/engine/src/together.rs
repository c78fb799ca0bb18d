//! Answers to one batch go together (JSON-RPC 2.0, section 6): of a batch that was not simply sent on, our refusals wait for what the
//! server answers to the rest.

use std::collections::BTreeMap;

use bailiwick_mcp::{Body, Direction, Id, Message, Packet, Parser};

use crate::decision::{Effect, Outcome};
use crate::engine::Engine;
use crate::permit::Permitted;
use crate::reply::{Refusal, UNRECORDED};
use crate::run::{Held, Origin};

/// The batches of a client whose answers are being gathered.
#[derive(Debug, Default)]
pub(crate) struct AnswerSets {
    sets: Vec<AnswerSet>,
    /// Somebody else joins the answers.
    apart: bool,
}

#[derive(Debug)]
struct AnswerSet {
    /// The requests of the batch that are not answered yet, and where they stood in it.
    open: BTreeMap<Id<'static>, usize>,
    /// The answers so far.
    ready: Vec<Ready>,
}

#[derive(Debug)]
struct Ready {
    /// Where what it answers stood in the batch.
    place: usize,
    /// `None`: what it answers had none that could be read.
    id: Option<Id<'static>>,
    answer: Vec<u8>,
}

/// Batches whose answers are gathered at once. The answers to further ones come one by one.
const SETS_MAX: usize = 64;

/// What an answer takes besides its bytes.
const READY_BYTES: usize = 96;

impl Ready {
    fn bytes(&self) -> usize {
        self.answer.len().saturating_add(READY_BYTES)
    }
}

impl AnswerSet {
    fn bytes(&self) -> usize {
        self.ready.iter().map(Ready::bytes).sum()
    }

    /// All answers so far as one array, in the order of the batch. Leaves none behind.
    fn send(&mut self) -> Option<Effect<'static>> {
        self.ready.sort_by_key(|ready| ready.place);
        array(self.ready.drain(..).map(|ready| ready.answer))
    }
}

impl AnswerSets {
    /// True if an answer to a request with this id is there and was not sent yet.
    pub(crate) fn keeps(&self, id: &Id<'_>) -> bool {
        let mut ready = self.sets.iter().flat_map(|set| &set.ready);
        ready.any(|ready| ready.id.as_ref() == Some(id))
    }

    /// The client took the request back: it is not waited for.
    pub(crate) fn forget(&mut self, id: &Id<'_>) {
        let id = id.clone().into_owned();
        for set in &mut self.sets {
            set.open.remove(&id);
        }
    }

    /// Adds an answer to the set that waits for it; false if none does. Where all sets together would be longer than `bytes_max`,
    /// what is there of this one is sent.
    fn take(&mut self, answer: &Message<'_>, bytes_max: usize, send: &mut Vec<Effect<'_>>) -> bool {
        let Some(id) = answer.id().cloned().map(Id::into_owned) else { return false };
        let Some(at) = self.sets.iter().position(|set| set.open.contains_key(&id)) else { return false };
        let others: usize = self.sets.iter().map(AnswerSet::bytes).sum();
        let Some(set) = self.sets.get_mut(at) else { return false };
        let Some(place) = set.open.remove(&id) else { return false };
        let ready = Ready { place, id: Some(id), answer: answer.raw().as_bytes().to_vec() };
        if set.bytes().saturating_add(ready.bytes()) > bytes_max {
            send.extend(set.send());
        }
        let is_full = others.saturating_add(ready.bytes()) > bytes_max;
        set.ready.push(ready);
        if is_full {
            send.extend(set.send());
        }
        true
    }
}

impl Engine {
    /// The members of one batch are answered one by one as their answers come: for a transport that joins them itself.
    pub fn leave_answers_apart(&mut self) {
        self.run.answer_sets.apart = true;
    }

    /// A batch of the client was decided, which led to `outcomes`, each with the place of its member. `open` are the requests in
    /// it that were not answered.
    pub(crate) fn begin_answer_set(
        &mut self,
        (outcomes, places): (&mut [Outcome<'_>], &[usize]),
        mut open: BTreeMap<Id<'static>, usize>,
    ) {
        open.retain(|id, _| self.owes(id));
        let sent_on =
            |id: &Id<'_>| self.run.to_server.get(id).is_some_and(|pending| pending.origin == Origin::Peer);
        let refused = outcomes.iter().any(|outcome| outcome.effects.iter().any(is_told));
        if self.run.answer_sets.apart
            || !self.enforces()
            || self.run.answer_sets.sets.len() >= SETS_MAX
            || open.is_empty()
            || (!refused && open.keys().all(sent_on))
        {
            return;
        }
        let own = |outcome: &Outcome<'_>| outcome.effects.iter().filter_map(told_bytes).sum::<usize>();
        let refusals: usize = outcomes.iter().map(own).sum();
        let others: usize = self.run.answer_sets.sets.iter().map(AnswerSet::bytes).sum();
        if others.saturating_add(refusals) > self.settings.limits.message_bytes_max {
            return;
        }
        let mut ready = Vec::new();
        for (outcome, place) in outcomes.iter_mut().zip(places) {
            for effect in outcome.effects.extract_if(.., |effect| is_told(effect)) {
                if let Effect::Send { message, .. } = effect {
                    let id = outcome.decision.id.clone().map(Id::into_owned);
                    ready.push(Ready { place: *place, id, answer: message.bytes().to_vec() });
                }
            }
        }
        self.run.answer_sets.sets.push(AnswerSet { open, ready });
    }

    /// Answers that a batch waits for are kept until it has all of them.
    pub(crate) fn gather_answers(&mut self, outcomes: &mut [Outcome<'_>]) {
        if self.run.answer_sets.sets.is_empty() {
            return;
        }
        for outcome in outcomes.iter_mut() {
            self.keep_answers(&mut outcome.effects);
        }
        if let Some(last) = outcomes.last_mut() {
            self.send_whole_sets(&mut last.effects);
        }
    }

    /// The same of effects that belong to no outcome.
    pub(crate) fn gather_told(&mut self, effects: &mut Vec<Effect<'static>>) {
        if !self.run.answer_sets.sets.is_empty() {
            self.keep_answers(effects);
            self.send_whole_sets(effects);
        }
    }

    fn keep_answers(&mut self, effects: &mut Vec<Effect<'_>>) {
        let limits = self.settings.limits;
        let mut kept = Vec::with_capacity(effects.len());
        for effect in effects.drain(..) {
            let Effect::Send { to: Direction::ToClient, message } = &effect else {
                kept.push(effect);
                continue;
            };
            let mut parser = Parser::default();
            match Packet::parse(&mut parser, message.bytes(), &limits) {
                Ok(Packet::One(answer)) => {
                    if !self.keep_answer(&answer, &mut kept) {
                        kept.push(effect);
                    }
                }
                Ok(Packet::Batch(members)) => {
                    let all = members.len();
                    let mut rest = Vec::new();
                    for member in members.into_iter().flatten() {
                        if !self.keep_answer(&member, &mut kept) {
                            rest.push(member.raw().as_bytes().to_vec());
                        }
                    }
                    if rest.len() == all {
                        kept.push(effect);
                    } else {
                        kept.extend(array(rest));
                    }
                }
                Err(_) => kept.push(effect),
            }
        }
        *effects = kept;
    }

    /// Keeps it if a set waits for it. While the request is open, what is said under its id is said of another one.
    fn keep_answer(&mut self, answer: &Message<'_>, send: &mut Vec<Effect<'_>>) -> bool {
        let is_answer = matches!(answer.body, Body::Result { .. } | Body::Error { .. });
        let is_final = is_answer && answer.id().is_some_and(|id| !self.owes(id));
        is_final && self.run.answer_sets.take(answer, self.settings.limits.message_bytes_max, send)
    }

    /// Sends the sets that wait for nothing more.
    fn send_whole_sets(&mut self, effects: &mut Vec<Effect<'_>>) {
        self.run.answer_sets.sets.retain_mut(|set| {
            if set.open.is_empty() {
                effects.extend(set.send());
            }
            !set.open.is_empty()
        });
    }

    /// True while the client may expect an answer to `id`: it did not take the request back.
    fn owes(&self, id: &Id<'_>) -> bool {
        let answers = |held: &Held| {
            !held.is_request && held.direction == Direction::ToClient && held.id.as_ref() == Some(id)
        };
        self.waits(id).is_some() || self.run.to_server.is_wanted(id) || self.run.held.values().any(answers)
    }

    /// The record failed: answers that are kept may be among those that it lacks, so none of them is delivered (law 3).
    pub fn undo_kept(&mut self, why: &str) {
        let refusal = Refusal::error(UNRECORDED, why);
        for ready in self.run.answer_sets.sets.iter_mut().flat_map(|set| &mut set.ready) {
            ready.answer = refusal.to_bytes(ready.id.as_ref()).unwrap_or_default();
        }
    }
}

/// True for what is said to the client.
pub(crate) fn is_told(effect: &Effect<'_>) -> bool {
    matches!(effect, Effect::Send { to: Direction::ToClient, .. })
}

fn told_bytes(effect: &Effect<'_>) -> Option<usize> {
    match effect {
        Effect::Send { to: Direction::ToClient, message } => {
            Some(message.bytes().len().saturating_add(READY_BYTES))
        }
        Effect::Send { .. } | Effect::Ask(_) | Effect::Withdraw(_) | Effect::Quarantine(_) => None,
    }
}

/// An array of messages for the client, if there are any.
fn array(messages: impl IntoIterator<Item = Vec<u8>>) -> Option<Effect<'static>> {
    let mut array = Vec::new();
    for message in messages {
        array.push(if array.is_empty() { b'[' } else { b',' });
        array.extend(message);
    }
    if array.is_empty() {
        return None;
    }
    array.push(b']');
    Some(Effect::Send { to: Direction::ToClient, message: Permitted::new(array) })
}
