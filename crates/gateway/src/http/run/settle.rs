//! From what was decided to what is done: the record first, then people, then the rest; and what is done in place of what
//! cannot be.

use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::Ordering;

use bailiwick_engine::{Answer, Lane, QuestionId};
use bailiwick_mcp::{Direction, Id};

use bailiwick_record::trace::Happening;

use super::{Decided, Run, State};
use crate::http::ask::Late;
use crate::http::letter::{Act, What};
use crate::http::office::Office;
use crate::relay::now;

impl Run {
    /// False if the record of it had to be written and could not be.
    pub(in crate::http) async fn writes(&self, decided: &Decided) -> bool {
        !decided.must_commit || self.office.recorder.commit().await.is_ok()
    }

    /// What is to be done. If its record could not be `written`, whoever waits is told.
    pub(in crate::http) fn settle(
        self: &Arc<Run>,
        decided: Decided,
        written: bool,
        late: Option<&Late>,
    ) -> Vec<Act> {
        let mut acts = if written { decided.acts } else { self.undo(decided.acts, UNWRITTEN) };
        for kept in acts.extract_if(.., |act| matches!(act.what, What::Keep(_))) {
            if let What::Keep(kept) = kept.what {
                (self.office.recorder.with.keeper)(&kept);
            }
        }
        if acts.iter().any(|act| matches!(act.what, What::Ask(_))) { self.ask(acts, late) } else { acts }
    }

    /// What is to be said to whoever waits for `id`; nothing if it waits for nobody any more.
    pub(in crate::http) fn still_waits(&self, lane: Lane, id: &Id<'_>) -> Option<Decided> {
        let mut waits = false;
        let decided = self.simply(lane, |engine, out| {
            let at = now();
            waits = engine.still_waits(at, id, out);
            if !out.is_empty() {
                self.taken.happening(at, &Happening::Tick);
            }
        });
        waits.then_some(decided)
    }

    /// True while that question waits for a person.
    pub(in crate::http) fn asks(&self, question: QuestionId) -> bool {
        self.state().engine.asks(question)
    }

    /// Whoever waited for `id` does not any more.
    pub(in crate::http) fn forget(&self, lane: Lane, id: &Id<'static>) {
        self.state().waiters.forget(lane, id);
    }

    /// What comes of an answer, once that is written; words if others must answer too.
    pub(in crate::http) fn answered(
        &self,
        question: QuestionId,
        answer: &Answer,
    ) -> (Vec<Act>, Option<String>) {
        let Decided { acts, waits, .. } = self.answer(question, answer);
        if self.entries.commit().is_ok() { (acts, waits) } else { (self.undo(acts, UNWRITTEN), None) }
    }

    /// True if an exchange waits for what becomes of its request.
    pub(in crate::http) fn waits(&self, lane: Lane, id: Option<&Id<'static>>) -> bool {
        id.is_some_and(|id| self.state().waiters.has(lane, id))
    }

    /// Requests that the server owes an answer to, in whatever lane, and exchanges that wait for a decision.
    #[cfg(test)]
    pub(in crate::http) fn open(&self) -> (usize, usize) {
        let mut state = self.state();
        let lanes = 0..self.lanes.load(Ordering::Relaxed);
        let owed = lanes.map(|lane| {
            state.engine.enter(Lane(lane));
            state.engine.awaited().len()
        });
        (owed.sum(), state.waiters.len())
    }

    pub(in crate::http) fn office(&self) -> &Office {
        &self.office
    }

    /// What cannot be done is not done: what is to be done in its place, so that whoever waits is told.
    pub(in crate::http) fn undo(&self, acts: Vec<Act>, why: &str) -> Vec<Act> {
        let mut undone = Vec::new();
        let mut state = self.state();
        for act in acts {
            let (to, letter) = match &act.what {
                What::ToServer { letter, .. } => (Direction::ToServer, letter),
                What::ToClient(letter) => (Direction::ToClient, letter),
                // Of what is not recorded nothing is kept.
                What::Keep(_) => continue,
                What::Ask(question) => {
                    let mut out = Vec::new();
                    let deny = Answer::Deny(why.to_owned());
                    state.engine.answer(now(), question.id, &deny, &mut out);
                    let effects = out.iter().flat_map(|outcome| &outcome.effects);
                    undone
                        .extend(effects.filter_map(|effect| Act::instead(act.lane, act.id.clone(), effect)));
                    continue;
                }
            };
            let mut told = Vec::new();
            state.engine.enter(act.lane);
            state.engine.undo_send(to, letter.bytes(), why, &mut told);
            let mut waiter = act.waiter;
            for effect in &told {
                if let Some(mut instead) = Act::instead(act.lane, act.id.clone(), effect) {
                    instead.waiter = waiter.take();
                    undone.push(instead);
                }
            }
        }
        // Calls that waited for our own listing are told by the end of their wait; those that a person is asked about wait on.
        let State { engine, waiters, .. } = &mut *state;
        if !engine.holds_calls_back() {
            waiters.retain(|lane, id| {
                engine.enter(lane);
                engine.holds(id)
            });
        }
        undone
    }
}

pub(super) const UNWRITTEN: &str = "the audit log cannot be written, so nothing is sent on";
