//! Questions that a server put inside an answer (2026-07-28), and the client's answers to them in its next request.

use std::collections::BTreeSet;

use bailiwick_mcp::{Method, Value};

use crate::engine::Engine;

/// Questions that were delivered and not answered yet: the target that asked, and the key of the question.
#[derive(Debug, Default)]
pub(crate) struct AskedBack {
    open: BTreeSet<(String, String)>,
}

/// Open questions remembered per run; an answer to a further one is refused.
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

    /// Takes the client's answers off the open questions. The error says that one belongs to none: policy denied that
    /// question, or nobody asked it.
    pub(crate) fn take_answers(
        &mut self,
        params: Option<Value<'_>>,
        row: &Method,
    ) -> Result<(), &'static str> {
        let Some(answers) = params.and_then(|params| params.get("inputResponses")) else { return Ok(()) };
        let keys = ["name", "uri", "taskId"];
        let named =
            keys.iter().find_map(|key| params.and_then(|params| params.get(key)).and_then(Value::text));
        let target = named.unwrap_or_default().into_owned();
        if !answers.is_object() || !row.fields.contains(&"inputResponses") {
            return Err("`inputResponses` has no place here");
        }
        let question =
            |(key, _): (Value<'_>, _)| (target.clone(), key.text().unwrap_or_default().into_owned());
        let questions: Vec<(String, String)> = answers.members().map(question).collect();
        let open = &mut self.run.asked_back.open;
        // All or none: a refused request uses nothing up.
        if !questions.iter().all(|question| open.contains(question)) {
            return Err("an answer to a question that was not asked");
        }
        for question in &questions {
            open.remove(question);
        }
        Ok(())
    }
}
