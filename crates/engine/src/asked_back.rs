//! Questions that a server put inside an answer (2026-07-28), and the client's answers to them in its next request.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_mcp::{Direction, Governed, Method, Splice, Value};
use bailiwick_policy::Verdict;

use crate::decision::Reason;
use crate::engine::{Engine, Judgement};
use crate::inspect::About;
use crate::reply::{DENIED, Refusal};

/// Questions that were delivered and not answered yet: the target that asked, and the key of the question.
#[derive(Debug, Default)]
pub(crate) struct AskedBack {
    open: BTreeSet<(String, String)>,
    /// How many sampling requests each target has brought that has not given its last answer.
    sampled: BTreeMap<String, u64>,
}

impl AskedBack {
    /// The count of what is asked back for `target`; `None`: too many targets are counted.
    pub(crate) fn sampled(&mut self, target: &str) -> Option<&mut u64> {
        if !self.sampled.contains_key(target) {
            if self.sampled.len() >= OPEN_MAX {
                return None;
            }
            self.sampled.insert(target.to_owned(), 0);
        }
        self.sampled.get_mut(target)
    }

    /// `target` has answered for good: what it asks from now on belongs to another request.
    pub(crate) fn answered(&mut self, target: &str) {
        if !self.sampled.is_empty() {
            self.sampled.remove(target);
        }
    }
}

/// Open questions remembered per run; an answer to a further one is cut.
const OPEN_MAX: usize = 1_024;

impl Engine {
    /// Remembers the questions of an answer that is delivered to the client.
    pub(crate) fn note_questions(&mut self, result: Value<'_>, target: &str) {
        for (key, entry) in result.get("inputRequests").into_iter().flat_map(Value::members) {
            self.note_elicited_entry(entry);
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
        answers: Option<Value<'_>>,
        row: &Method,
        splice: &mut Splice,
    ) -> Result<bool, &'static str> {
        let Some(answers) = answers else { return Ok(false) };
        let named =
            NAMED.iter().find_map(|key| params.and_then(|params| params.get(key)).and_then(Value::text));
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

    /// Looks at the client's answers as at the arguments of a call: what the guards say, or a refusal.
    pub(crate) fn inspect_responses<'a>(
        &mut self,
        params: Option<Value<'a>>,
        answers: Option<Value<'a>>,
        (row, modern): (&Method, bool),
    ) -> Result<Option<(Verdict, Vec<Reason>)>, Box<Judgement<'a>>> {
        let Some(answers) = answers else { return Ok(None) };
        let Some(mut inspector) = self.inspector(About::default(), Direction::ToServer) else {
            return Ok(None);
        };
        inspector.name_secrets(answers);
        inspector.value(answers);
        let inspection = inspector.finish();
        self.take_in(&inspection);
        let verdict = inspection.verdict();
        if verdict != Verdict::Deny || !self.enforces() {
            return Ok(Some((verdict, inspection.reasons)));
        }
        let refusal = self.denied_to_client(&inspection.reasons, row, modern);
        let named = NAMED.iter().find_map(|key| params?.get(key)?.text());
        let (reasons, target) = (inspection.reasons, named);
        Err(Box::new(Judgement { verdict, reasons, refusal, target, ..Judgement::allow() }))
    }

    pub(crate) fn denied_to_client(&self, reasons: &[Reason], row: &Method, modern: bool) -> Refusal {
        let text = self.denial(reasons);
        match row.governed {
            Governed::Tool => Refusal::Tool { text, modern },
            _ => Refusal::error(DENIED, text),
        }
    }
}

/// The members that name what a request is about.
const NAMED: [&str; 3] = ["name", "uri", "taskId"];

#[cfg(test)]
mod tests {
    use super::{AskedBack, OPEN_MAX};

    #[test]
    fn only_so_many_targets_are_counted() {
        let mut asked_back = AskedBack::default();
        for number in 0..OPEN_MAX {
            assert_eq!(asked_back.sampled(&number.to_string()).copied(), Some(0));
        }
        assert_eq!(asked_back.sampled("one more"), None);
        assert!(asked_back.sampled("7").is_some());
        asked_back.answered("7");
        assert!(asked_back.sampled("one more").is_some());
    }
}
