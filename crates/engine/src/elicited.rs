//! Addresses that a person was sent to, by the ids that servers give them: only of these may a server say that one is done with.

use std::collections::VecDeque;

use bailiwick_mcp::{Body, Message, Value};
use bailiwick_policy::{GuardAction, Requests};

use crate::engine::Engine;

/// Ids of what was let through to the client, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Elicited {
    ids: VecDeque<Box<str>>,
}

/// Ids remembered of one run; beyond it the oldest is forgotten, and its end is not told.
const IDS_MAX: usize = 256;
/// Longest id that is remembered, in bytes.
const ID_BYTES_MAX: usize = 512;

impl Elicited {
    fn note(&mut self, params: Option<Value<'_>>) {
        let id = params.and_then(|params| params.get("elicitationId")).and_then(Value::text);
        let Some(id) = id.filter(|id| id.len() <= ID_BYTES_MAX && !self.knows(id)) else { return };
        if self.ids.len() >= IDS_MAX {
            self.ids.pop_front();
        }
        self.ids.push_back(id.into());
    }

    fn knows(&self, id: &str) -> bool {
        self.ids.iter().any(|own| **own == *id)
    }
}

impl Engine {
    /// Remembers the ids in a message that goes on to the client: a request, or an error that elicits.
    pub(crate) fn note_elicited(&mut self, message: &Message<'_>) {
        match &message.body {
            Body::Request { method, params, .. } if method == "elicitation/create" => {
                self.run.elicited.note(*params);
            }
            Body::Error { error, .. } => {
                let entries = error.get("data").and_then(|data| data.get("elicitations"));
                for entry in entries.into_iter().flat_map(Value::elements) {
                    self.run.elicited.note(Some(entry));
                }
            }
            Body::Request { .. } | Body::Notification { .. } | Body::Result { .. } => {}
        }
    }

    /// The same of an entry of `inputRequests`.
    pub(crate) fn note_elicited_entry(&mut self, entry: Value<'_>) {
        if entry.get("method").is_some_and(|method| method.is_text("elicitation/create")) {
            self.run.elicited.note(entry.get("params"));
        }
    }

    /// What is done with word of the end of an elicitation that was not let through.
    pub(crate) fn unelicited(&self, params: Option<Value<'_>>) -> GuardAction {
        let id = params.and_then(|params| params.get("elicitationId")).and_then(Value::text);
        match id.is_some_and(|id| self.run.elicited.knows(&id)) {
            true => GuardAction::Off,
            false => {
                self.policy.guards().requests().iter().map(|own: &Requests| own.url).max().unwrap_or_default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Limits, Parser};

    use super::{Elicited, ID_BYTES_MAX, IDS_MAX};

    #[test]
    fn only_so_many_ids_of_such_a_length_are_remembered() {
        let mut elicited = Elicited::default();
        let mut note = |id: &str| {
            let params = format!("{{\"elicitationId\":\"{id}\"}}");
            let mut parser = Parser::default();
            let document = parser.parse(params.as_bytes(), &Limits::default());
            elicited.note(document.ok().map(|document| document.root()));
        };
        let long = "x".repeat(ID_BYTES_MAX + 1);
        note(&long);
        (0..=IDS_MAX).for_each(|number| note(&number.to_string()));
        note("1");
        assert_eq!(elicited.ids.len(), IDS_MAX);
        let known = |id: &str| elicited.knows(id);
        assert_eq!((known("0"), known("1"), known("256"), known(&long)), (false, true, true, false));
    }
}
