//! What the server owes an answer to, and the end of that for whom none comes.

use bailiwick_engine::{Engine, Lane, Outcome};
use bailiwick_mcp::Id;
use bailiwick_record::trace::Happening;

use super::{Decided, Run};
use crate::relay::now;

/// A request that was sent on. Once it is answered its id may be another's, of another client of the same session even.
#[derive(Debug, Clone)]
pub(in crate::http) struct Owed {
    pub(in crate::http) id: Id<'static>,
    /// `None` until it is sent on.
    pub(in crate::http) call: Option<u64>,
}

impl Owed {
    fn is_open_in(&self, engine: &Engine) -> bool {
        let call = engine.call_of(&self.id);
        call.is_some() && (self.call.is_none() || self.call == call)
    }
}

impl Run {
    /// True while the server owes an answer to `id`.
    pub(in crate::http) fn awaits(&self, lane: Lane, id: &Id<'_>) -> bool {
        let mut state = self.state();
        state.engine.enter(lane);
        state.engine.awaits(id)
    }

    /// True while the server owes an answer to that very request.
    pub(in crate::http) fn owes(&self, lane: Lane, owed: &Owed) -> bool {
        let mut state = self.state();
        state.engine.enter(lane);
        owed.is_open_in(&state.engine)
    }

    /// No answer will come to `id`.
    pub(in crate::http) fn unanswered(&self, lane: Lane, id: &Id<'_>, why: &str) -> Decided {
        self.simply(lane, |engine, out| self.end_of(lane, id, why, engine, out))
    }

    /// The same of that very request; `None` if it is answered.
    pub(in crate::http) fn left_unanswered(&self, lane: Lane, owed: &Owed, why: &str) -> Option<Decided> {
        // Mostly it is answered, and nothing is decided anew.
        if !self.owes(lane, owed) {
            return None;
        }
        let mut was_owed = false;
        let decided = self.simply(lane, |engine, out| {
            was_owed = owed.is_open_in(engine);
            if was_owed {
                self.end_of(lane, &owed.id, why, engine, out);
            }
        });
        was_owed.then_some(decided)
    }

    pub(super) fn end_of(
        &self,
        lane: Lane,
        id: &Id<'_>,
        why: &str,
        engine: &mut Engine,
        out: &mut Vec<Outcome<'static>>,
    ) {
        let at = now();
        self.taken.happening(at, &Happening::Unanswered(lane, id, why));
        engine.unanswered(at, id, why, out);
    }
}
