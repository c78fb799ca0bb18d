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

impl AnswerSet {
    /// All answers so far as one array, in the order of the batch. Leaves none behind.
    fn send(&mut self) -> Option<Effect<'static>> {
        self.ready.sort_by_key(|ready| ready.place);
        array(self.ready.drain(..).map(|ready| ready.answer))
    }
}

impl AnswerSets {
    /// Adds an answer to the set that waits for it; false if none does. What would make the set longer than `bytes_max` is
    /// sent before.
    fn take(&mut self, answer: &Message<'_>, bytes_max: usize, send: &mut Vec<Effect<'_>>) -> bool {
        let (Body::Result { .. } | Body::Error { .. }, Some(id)) = (&answer.body, answer.id()) else {
            return false;
        };
        let id = id.clone().into_owned();
        let Some(set) = self.sets.iter_mut().find(|set| set.open.contains_key(&id)) else { return false };
        let Some(place) = set.open.remove(&id) else { return false };
        let answer = answer.raw().as_bytes();
        let bytes: usize = set.ready.iter().map(|ready| ready.answer.len() + 1).sum();
        if bytes + answer.len() > bytes_max {
            send.extend(set.send());
        }
        set.ready.push(Ready { place, id: Some(id), answer: answer.to_vec() });
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
            || open.is_empty()
            || (!refused && open.keys().all(sent_on))
        {
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
            let sets = &mut self.run.answer_sets;
            match Packet::parse(&mut parser, message.bytes(), &limits) {
                Ok(Packet::One(answer)) if sets.take(&answer, limits.message_bytes_max, &mut kept) => {}
                Ok(Packet::Batch(members)) => {
                    let all = members.len();
                    let members = members.into_iter().flatten();
                    let rest: Vec<_> = members
                        .filter(|member| !sets.take(member, limits.message_bytes_max, &mut kept))
                        .map(|member| member.raw().as_bytes().to_vec())
                        .collect();
                    if rest.len() == all {
                        kept.push(effect);
                    } else {
                        kept.extend(array(rest));
                    }
                }
                Ok(Packet::One(_)) | Err(_) => kept.push(effect),
            }
        }
        *effects = kept;
    }

    /// Sends the sets that wait for nothing more.
    fn send_whole_sets(&mut self, effects: &mut Vec<Effect<'_>>) {
        let mut sets = std::mem::take(&mut self.run.answer_sets.sets);
        sets.retain_mut(|set| {
            set.open.retain(|id, _| self.owes(id));
            if set.open.is_empty() {
                effects.extend(set.send());
            }
            !set.open.is_empty()
        });
        self.run.answer_sets.sets = sets;
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
