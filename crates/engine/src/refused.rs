//! Texts that are no message, answers that never come, and effects that cannot take place.

use std::borrow::Cow;

use bailiwick_mcp::{Body, Direction, Id, Malformation, Malformed, Packet, Parser, Timestamp, method};
use bailiwick_policy::Verdict;

use crate::decision::{Action, Answer, Arguments, Completion, Effect, Event, Outcome, QuestionId, Reason};
use crate::engine::{Engine, Judgement, send};
use crate::reply::{Refusal, UNRECORDED, WITHHELD};
use crate::request::Judged;
use crate::run::{Origin, Pending, Waiting};

impl Engine {
    /// A text that is no message: answered where it can be, never forwarded, whatever the mode.
    pub(crate) fn malformed<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        malformed: &Malformed,
    ) -> Outcome<'a> {
        let mut decision = self.decision(at, Event::Malformed, direction);
        decision.id = malformed.id.clone();
        decision.arguments = malformed.json.as_deref().map(|json| Arguments::Text(json.to_owned()));
        decision.verdict = Verdict::Deny;
        decision.reasons.push(Reason::Protocol(malformed.cause.to_string().into()));
        decision.action = Action::Dropped;
        let mut effects = Vec::new();
        // JSON-RPC answers a client even where no id could be read; a server's garbage is answered only by its id.
        if direction == Direction::ToServer || malformed.id.is_some() {
            let refusal = Refusal::error(malformed.cause.code(), malformed.cause.to_string());
            effects.extend(send(direction.reverse(), refusal.to_bytes(malformed.id.as_ref())));
            decision.action = Action::Refused;
            decision.completion = Some(Completion::Refused);
        }
        Outcome { decision, effects }
    }

    /// A text above the limit was dropped unread, except for its id. Of a request that is the sender's own, of an answer
    /// the other party's, who waits for it.
    pub fn too_long<'a>(
        &mut self,
        at: Timestamp,
        direction: Direction,
        (id, is_request): (Option<Id<'static>>, bool),
        out: &mut Vec<Outcome<'a>>,
    ) {
        let own = id.clone().filter(|_| is_request);
        let mut outcome =
            self.malformed(at, direction, &Malformed { id: own, ..Malformed::new(Malformation::TooLong) });
        if let (Some(id), false) = (id, is_request)
            && let Some((pending, told)) = self.fail_pending(direction, &id)
        {
            let decision = &mut outcome.decision;
            decision.call = pending.call;
            decision.method = pending.method_name();
            decision.target = pending.target.map(|target| Cow::Owned(target.into_string()));
            decision.latency_us = Some(at.micros_since(pending.at));
            decision.completion = Some(Completion::Failed);
            decision.id = Some(id);
            outcome.effects = told.into_iter().collect();
        }
        self.gather_answers(std::slice::from_mut(&mut outcome));
        out.push(outcome);
    }

    /// The request that an answer above the limit was for, and what its sender is told.
    fn fail_pending<'a>(
        &mut self,
        direction: Direction,
        id: &Id<'_>,
    ) -> Option<(Pending, Option<Effect<'a>>)> {
        let asked = self.run.in_flight(direction.reverse());
        if asked.get(id)?.origin != Origin::Peer {
            return None;
        }
        let pending = asked.remove(id)?;
        let text = "the answer is longer than the limit; see `--max-message-bytes`";
        Some((pending, send(direction, Refusal::error(WITHHELD, text).to_bytes(Some(id)))))
    }

    /// A record could not be written, or the peer does not read any more (`why`), so what was to be sent in direction `to` stays here: whoever waits for it is told
    /// (law 3). `bytes` is one text that the engine permitted.
    pub fn undo_send(&mut self, to: Direction, bytes: &[u8], why: &str, effects: &mut Vec<Effect<'static>>) {
        let mut parser = Parser::default();
        let members = match Packet::parse(&mut parser, bytes, &self.settings.limits) {
            Ok(Packet::One(message)) => vec![message],
            Ok(Packet::Batch(members)) => members.into_iter().flatten().collect(),
            // INVARIANT: the engine permits only what parses; and what does not is answered by nobody.
            Err(_) => return,
        };
        let refusal = Refusal::error(UNRECORDED, why);
        for message in members {
            let Some(id) = message.id() else { continue };
            let answered = match message.body {
                Body::Request { .. } => match self.run.in_flight(to).remove(id) {
                    Some(pending) if pending.origin == Origin::Own => {
                        self.undo_listing(pending.at, &refusal, effects);
                        continue;
                    }
                    Some(_) | None => to.reverse(),
                },
                Body::Result { .. } | Body::Error { .. } | Body::Notification { .. } => to,
            };
            effects.extend(send(answered, refusal.to_bytes(Some(id))));
        }
        self.gather_told(effects);
    }

    /// Our own listing was not sent: the calls that wait for it are answered.
    fn undo_listing(&mut self, at: Timestamp, refusal: &Refusal, effects: &mut Vec<Effect<'static>>) {
        self.listing_fails(at, "the audit log cannot be written");
        for Waiting { bytes, .. } in std::mem::take(&mut self.run.waiting) {
            let mut parser = Parser::default();
            if let Ok(Packet::One(call)) = Packet::parse(&mut parser, &bytes, &self.settings.limits) {
                effects.extend(send(Direction::ToClient, refusal.to_bytes(call.id())));
            }
        }
    }

    /// Calls that wait for our own listing are refused: it never comes.
    fn refuse_waiting(&mut self, at: Timestamp, why: &str, out: &mut Vec<Outcome<'static>>) {
        for Waiting { lane, bytes, .. } in std::mem::take(&mut self.run.waiting) {
            self.run.enter(lane);
            self.listing_fails(at, why);
            let mut parser = Parser::default();
            let limits = self.settings.limits;
            if let Ok(Packet::One(call)) = Packet::parse(&mut parser, &bytes, &limits) {
                let method = call.method().and_then(method::find);
                let judgement = Judgement::protocol(-32603, why.to_owned());
                let judged = Judged { direction: Direction::ToServer, method, modern: false, judgement };
                out.push(self.conclude(at, &call, judged).into_owned());
            }
        }
    }

    /// The server is gone: every open request ends, and is answered. So does each that comes afterwards.
    pub fn server_ended(&mut self, at: Timestamp, why: &str, out: &mut Vec<Outcome<'static>>) {
        self.run.over = Some(why.into());
        self.end_open(at, why, out);
        self.gather_answers(out);
    }

    /// What was decided since the server ended: some of a client's words may be on their way when that is noticed.
    pub(crate) fn end_late(&mut self, at: Timestamp, out: &mut Vec<Outcome<'_>>) {
        if let Some(why) = self.run.over.clone() {
            let (here, mut ended) = (self.run.lane(), Vec::new());
            self.end_open(at, &why, &mut ended);
            self.run.enter(here);
            out.extend(ended);
        }
    }

    fn end_open(&mut self, at: Timestamp, why: &str, out: &mut Vec<Outcome<'static>>) {
        self.refuse_waiting(at, why, out);
        let questions: Vec<QuestionId> = self.run.held.keys().copied().collect();
        for question in questions {
            self.answer(at, question, &Answer::Deny("the run ended".to_owned()), out);
        }
        let open = self.run.to_server.drain();
        for ((lane, id), pending) in open {
            self.run.enter(lane);
            out.push(self.ended(at, id, pending, why));
        }
        for ((lane, id), pending) in self.run.to_client.drain() {
            self.run.enter(lane);
            // No client answers it any more; nobody is told.
            let why = "the run ended before the client answered";
            out.push(self.never_answered(at, Direction::ToServer, id, pending, why));
        }
    }

    /// No answer will come to `id` of the current lane: it ends, and whoever asked is told.
    pub fn unanswered(&mut self, at: Timestamp, id: &Id<'_>, why: &str, out: &mut Vec<Outcome<'static>>) {
        match self.run.to_server.get(id).map(|pending| pending.origin) {
            None => {}
            // What is held was never put to the server: nobody needs to be asked any more.
            Some(Origin::Held(question)) => out.push(self.withdrawn(at, question, why)),
            Some(origin) => {
                let Some(pending) = self.run.to_server.remove(id) else { return };
                out.push(self.ended(at, id.clone().into_owned(), pending, why));
                if origin == Origin::Own {
                    self.own_listing_answered(at, Err(why.to_owned()), out);
                }
            }
        }
        self.gather_answers(out);
    }

    /// True while `id` of the current lane waits for a person.
    #[must_use]
    pub fn holds(&self, id: &Id<'_>) -> bool {
        self.run.to_server.get(id).is_some_and(|pending| matches!(pending.origin, Origin::Held(_)))
    }

    /// True while that question waits for a person.
    #[must_use]
    pub fn asks(&self, question: QuestionId) -> bool {
        self.run.held.contains_key(&question)
    }

    /// The number of the call to which the server owes an answer under `id` of the current lane.
    #[must_use]
    pub fn call_of(&self, id: &Id<'_>) -> Option<u64> {
        self.run.to_server.get(id).filter(|_| self.awaits(id)).map(|pending| pending.call)
    }

    /// True while the server owes an answer to `id` of the current lane.
    #[must_use]
    pub fn awaits(&self, id: &Id<'_>) -> bool {
        self.run.to_server.get(id).is_some_and(|pending| !matches!(pending.origin, Origin::Held(_)))
    }

    /// The ids in the current lane that the server owes an answer to.
    #[must_use]
    pub fn awaited(&self) -> Vec<Id<'static>> {
        let ids = self.run.to_server.ids();
        ids.into_iter().filter(|id| self.awaits(id)).collect()
    }

    /// The current lane is over, and with it whatever it still waits for: nobody is there who could be told.
    pub fn lane_ended(&mut self, at: Timestamp, why: &str, out: &mut Vec<Outcome<'static>>) {
        let here = self.run.lane();
        let held = self.run.held.iter().filter(|(_, held)| held.lane == here).map(|(question, _)| *question);
        for question in held.collect::<Vec<_>>() {
            out.push(self.withdrawn(at, question, why));
        }
        for call in self.run.waiting.extract_if(.., |call| call.lane == here).collect::<Vec<_>>() {
            out.extend(self.taken_back(at, &call, why));
        }
        for id in self.run.to_server.ids() {
            // Our own listing is not this exchange's alone.
            let own = self.run.to_server.get(&id).is_some_and(|pending| pending.origin == Origin::Own);
            if let Some(pending) = (!own).then(|| self.run.to_server.remove(&id)).flatten() {
                let mut outcome = self.ended(at, id, pending, why);
                outcome.effects.clear();
                outcome.decision.action = Action::Dropped;
                out.push(outcome);
            }
        }
        for id in self.run.to_client.ids() {
            if let Some(pending) = self.run.to_client.remove(&id) {
                out.push(self.never_answered(at, Direction::ToServer, id, pending, why));
            }
        }
    }

    /// A question that nobody waits for any more.
    pub(crate) fn withdrawn(&mut self, at: Timestamp, question: QuestionId, why: &str) -> Outcome<'static> {
        let mut answered = Vec::new();
        self.heed(at, question, &Answer::Deny(why.to_owned()), &mut answered);
        let mut outcome = answered.pop().unwrap_or_else(|| Outcome {
            decision: self.decision(at, Event::Approval, Direction::ToServer),
            effects: Vec::new(),
        });
        outcome.effects = vec![Effect::Withdraw(question)];
        // Nobody is there to be answered.
        outcome.decision.action = Action::Dropped;
        if outcome.decision.completion == Some(Completion::Refused) {
            outcome.decision.completion = Some(Completion::Unknown);
        }
        outcome
    }

    /// A request that gets no answer from its server: whoever asked is told.
    pub(crate) fn ended<'a>(
        &self,
        at: Timestamp,
        id: Id<'static>,
        pending: Pending,
        why: &str,
    ) -> Outcome<'a> {
        let mut decision = self.decision(at, Event::Completion, Direction::ToClient);
        decision.call = pending.call;
        decision.method = pending.method_name();
        decision.target = pending.target.map(|target| Cow::Owned(target.into_string()));
        decision.latency_us = Some(at.micros_since(pending.at));
        decision.completion = Some(Completion::Unknown);
        decision.action = Action::Refused;
        decision.reasons.push(Reason::Protocol(why.to_owned().into()));
        let mut effects = Vec::new();
        if pending.origin != Origin::Own {
            effects.extend(send(Direction::ToClient, Refusal::error(-32603, why).to_bytes(Some(&id))));
        }
        decision.id = Some(id);
        Outcome { decision, effects }
    }
}
