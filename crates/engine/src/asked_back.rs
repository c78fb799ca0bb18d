//! Questions that a server put inside an answer (2026-07-28), and the client's answers to them in its next request.

use std::collections::BTreeSet;

use bailiwick_mcp::{Method, Splice, Value};

use crate::engine::Engine;

/// Questions that were delivered and not answered yet: the target that asked, and the key of the question.
#[derive(Debug, Default)]
pub(crate) struct AskedBack {
    open: BTreeSet<(String, String)>,
}

/// Open questions remembered per run; an answer to a further one is cut.
const OPEN_MAX: usize = 1_024;

impl Engine {
    /// Remembers the questions of an answer that is delivered to the client.
    pub(crate) fn note_questions(&mut self, result: Value<'_>, target: &str) {
        for (key, _) in result.get("inputRequests").into_iter().flat_map(Value::members) {
            if self.run.asked_back.open.len() < OPEN_MAX {
                let key = key.text().unwrap_or_default().into_owned();
                self.run.asked_back.open.insert((target.to_owned(), key));
            }
        }
    }

    /// Takes the client's answers off the open questions, and cuts those that belong to none: policy denied that question,
    /// or nobody asked it. True if there were such.
    pub(crate) fn take_answers(
        &mut self,
        params: Option<Value<'_>>,
        row: &Method,
        splice: &mut Splice,
    ) -> Result<bool, &'static str> {
        let Some(answers) = params.and_then(|params| params.get("inputResponses")) else { return Ok(false) };
        let keys = ["name", "uri", "taskId"];
        let named =
            keys.iter().find_map(|key| params.and_then(|params| params.get(key)).and_then(Value::text));
        let target = named.unwrap_or_default().into_owned();
        if !answers.is_object() || !row.fields.contains(&"inputResponses") {
            return Err("`inputResponses` has no place here");
        }
        let open = &mut self.run.asked_back.open;
        let elements: Vec<_> = answers
            .members()
            .map(|(key, value)| {
                let question = (target.clone(), key.text().unwrap_or_default().into_owned());
                ((key.span().0, value.span().1), open.remove(&question))
            })
            .collect();
        splice.retain(&elements);
        Ok(elements.iter().any(|(_, asked)| !asked))
    }
}
