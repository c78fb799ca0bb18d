//! Compares what happened with what must.

use super::Way;
use super::transcript::{Line, Refusal, Step};
use crate::wire::shown;
use serde_json::Value;

/// What came of one step.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Lines to the server and to the client, in this order.
    pub lines: [Vec<Vec<u8>>; 2],
    pub decisions: Vec<Seen>,
}

/// One decision, as the record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `decision`, `outcome`, `malformed`, `approval` or `pin`.
    pub event: String,
    /// `to_server` or `to_client`.
    pub direction: String,
    pub method: String,
    pub target: String,
    pub verdict: String,
    pub effect: String,
    /// Id and message of each reason.
    pub reasons: Vec<(String, String)>,
}

/// All that is not as it must be; empty if all is.
pub fn problems(step: &Step, observed: &Observed) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(wanted) = &step.wanted.lines {
        for (way, name) in [(Way::ToServer, "the server"), (Way::ToClient, "the client")] {
            compare_lines(name, &wanted[way as usize], &observed.lines[way as usize], &mut problems);
        }
    }
    if let Some(wanted) = &step.wanted.decisions {
        compare_decisions(wanted, &observed.decisions, &mut problems);
    }
    for part in &step.wanted.says {
        if !said(observed, part) {
            problems.push(format!("nothing says `{part}`"));
        }
    }
    if !problems.is_empty() {
        problems.push(format!("it was: {}", tell(observed)));
    }
    problems.into_iter().map(|problem| format!("{}: {problem}", step.place)).collect()
}

fn compare_lines(party: &str, wanted: &[Line], got: &[Vec<u8>], problems: &mut Vec<String>) {
    if wanted.len() != got.len() {
        problems.push(format!("{} lines reach {party}, not {}", got.len(), wanted.len()));
        return;
    }
    for (wanted, got) in wanted.iter().zip(got) {
        match wanted {
            Line::Exactly(bytes) if bytes == got => {}
            Line::Exactly(bytes) => problems.push(format!("{party} gets other bytes than {}", shown(bytes))),
            Line::Refusal { id, refusal, names } => {
                if let Err(problem) = refused(got, id, refusal, names) {
                    problems.push(format!("{party} gets no such refusal: {problem}"));
                }
            }
        }
    }
}

fn refused(line: &[u8], id: &str, refusal: &Refusal, names: &[String]) -> Result<(), String> {
    let message: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if message["jsonrpc"] != "2.0" || message.get("id").map(Value::to_string).as_deref() != Some(id) {
        return Err(format!("it answers {} and not {id}", message["id"]));
    }
    let text = match refusal {
        Refusal::Result(json) => {
            let expected: Value = serde_json::from_str(json).expect("a result is JSON");
            return if message["result"] == expected {
                Ok(())
            } else {
                Err(format!("not the result {json}"))
            };
        }
        Refusal::Code(code) => {
            if message["error"]["code"] != *code || message.get("result").is_some() {
                return Err(format!("not the error {code}"));
            }
            // The codes of the protocol say nothing of rules: a hidden tool is an unknown one.
            if *code < -32_000 {
                return Ok(());
            }
            message["error"]["message"].as_str()
        }
        Refusal::Tool => {
            if message["result"]["isError"] != true {
                return Err("not an error of a tool".to_owned());
            }
            message["result"]["content"][0]["text"].as_str()
        }
    };
    let text = text.unwrap_or_default();
    match names.iter().find(|name| !text.contains(name.as_str())) {
        Some(name) => Err(format!("`{name}` is not named in `{text}`")),
        None => Ok(()),
    }
}

fn compare_decisions(wanted: &[(String, Option<Vec<String>>)], got: &[Seen], problems: &mut Vec<String>) {
    if wanted.len() != got.len() {
        problems.push(format!("{} decisions and not {}", got.len(), wanted.len()));
        return;
    }
    for ((head, ids), seen) in wanted.iter().zip(got) {
        if *head != seen.head() {
            problems.push(format!("`{}` and not `{head}`", seen.head()));
        }
        let sorted = |ids: &mut dyn Iterator<Item = &String>| {
            let mut ids: Vec<String> = ids.cloned().collect();
            ids.sort();
            ids
        };
        let seen_ids = sorted(&mut seen.reasons.iter().map(|(id, _)| id));
        if let Some(ids) = ids
            && sorted(&mut ids.iter()) != seen_ids
        {
            problems.push(format!("because of {seen_ids:?} and not {ids:?}"));
        }
    }
}

fn said(observed: &Observed, part: &str) -> bool {
    let reasons = observed.decisions.iter().flat_map(|seen| &seen.reasons);
    let lines = observed.lines.iter().flatten();
    reasons.into_iter().any(|(_, message)| message.contains(part))
        || lines.into_iter().any(|line| String::from_utf8_lossy(line).contains(part))
}

/// All of it in a few lines, for a person.
pub(super) fn tell(observed: &Observed) -> String {
    let mut text = String::new();
    for (lines, mark) in observed.lines.iter().zip(["→ server", "→ client"]) {
        lines.iter().for_each(|line| text.push_str(&format!("\n      {mark} {}", shown(line))));
    }
    for seen in &observed.decisions {
        text.push_str(&format!("\n      {} {} {} {:?}", seen.head(), seen.method, seen.target, seen.reasons));
    }
    text
}

impl Seen {
    fn head(&self) -> String {
        format!("{} {} {}", self.event, self.verdict, self.effect)
    }
}
