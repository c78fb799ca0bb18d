//! What traces say was used, and what became of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::BufReader;
use std::path::Path;

use bailiwick_analysis::infer::{Fate, Kind, Use};
use bailiwick_mcp::{Direction, Timestamp};
use bailiwick_record::trace::{Absent, Line, Reader, TracedDecision, Whereabouts};
use serde_json::Value;

use crate::exit::Failure;
use crate::requested::{Told, kind, requests};

/// Uses by run and number.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) uses: BTreeMap<(String, u64, u64), Use>,
    /// The tools that servers listed.
    pub(super) offered: BTreeMap<String, BTreeSet<String>>,
    pub(super) others: usize,
    /// Where paths led, as the traces name it.
    pub(super) places: BTreeSet<Whereabouts>,
    /// Requests of the last message that are not decided over yet: a run that only observes does not look into them.
    waiting: VecDeque<Told>,
    /// Uses without a number are told apart by this one.
    unnumbered: u64,
}

impl Calls {
    pub(super) fn read(&mut self, path: &Path) -> Result<(), Failure> {
        let fail = |error: String| Failure::error(format!("`{}`: {error}", path.display()));
        let file = bailiwick_disk::open(path).map_err(|error| fail(error.to_string()))?;
        let mut reader = Reader::new(BufReader::with_capacity(256 << 10, file))
            .map_err(|error| fail(error.to_string()))?;
        let (run, server) = (reader.header.run.clone(), reader.header.server.clone());
        self.places.extend(reader.header.whereabouts());
        for line in &mut reader {
            match line.map_err(|error| fail(error.to_string()))? {
                Line::Decision { at, decision } => self.decision(&run, &server, at, decision),
                Line::Message { to: Direction::ToServer, message, .. } => {
                    self.waiting = requests(message.get())
                }
                Line::Message { to: Direction::ToClient, message, .. } => self.listed(&server, message.get()),
                Line::Absent(Absent { to: Direction::ToServer, .. }) => self.waiting.clear(),
                Line::Absent(_) | Line::End { .. } | Line::Given { .. } | Line::Unknown => {}
            }
        }
        Ok(())
    }

    /// Whatever looks like a list of tools names what the server offers.
    fn listed(&mut self, server: &str, message: &str) {
        if !message.contains("\"tools\":") {
            return;
        }
        let Ok(message) = serde_json::from_str::<Value>(message) else { return };
        let tools = message.get("result").and_then(|result| result.get("tools")).and_then(Value::as_array);
        let names = tools.into_iter().flatten().filter_map(|tool| tool.get("name")?.as_str());
        for name in names {
            self.offered.entry(server.to_owned()).or_default().insert(name.to_owned());
        }
    }

    fn decision(&mut self, run: &str, server: &str, at: Timestamp, decision: TracedDecision) {
        let refused = matches!(decision.effect.as_str(), "refused" | "dropped");
        match decision.event.as_str() {
            "outcome" => {
                let fate = match decision.outcome.as_deref() {
                    Some("succeeded") => Fate::Succeeded,
                    Some("failed") => Fate::Failed,
                    Some(_) | None => Fate::Unknown,
                };
                if let Some(used) = self.uses.get_mut(&(run.to_owned(), decision.call, 0))
                    && used.fate != Fate::Denied
                {
                    used.fate = fate;
                }
            }
            // A person said no, or was not asked any more.
            "approval" if refused => {
                if let Some(used) = self.uses.get_mut(&(run.to_owned(), decision.call, 0)) {
                    used.fate = Fate::Denied;
                }
            }
            "decision" => self.used(run, server, at, &decision, refused),
            _ => {}
        }
    }

    fn used(&mut self, run: &str, server: &str, at: Timestamp, decision: &TracedDecision, refused: bool) {
        let Some(kind) = kind(&decision.method) else {
            let others =
                ["completion/complete", "sampling/createMessage", "elicitation/create", "roots/list"];
            self.others += usize::from(others.contains(&decision.method.as_str()));
            return;
        };
        let same = |told: &Told| told.kind == kind;
        let waiting = || self.waiting.iter().position(same).and_then(|at| self.waiting.remove(at));
        let Some(Told { name, arguments, .. }) = told(kind, decision).or_else(waiting) else { return };
        self.unnumbered += u64::from(decision.call == 0);
        let unnumbered = if decision.call == 0 { self.unnumbered } else { 0 };
        let key = (run.to_owned(), decision.call, unnumbered);
        let fate = if refused { Fate::Denied } else { Fate::Unknown };
        let (run, server, at) = (run.to_owned(), server.to_owned(), at.0);
        self.uses.insert(key, Use { run, server, kind, name, arguments, fate, at });
    }
}

/// What the decision itself says of its request.
fn told(kind: Kind, decision: &TracedDecision) -> Option<Told> {
    let name = decision.target.clone()?;
    let arguments = decision.arguments.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let arguments = arguments.filter(|_| kind != Kind::Resource).unwrap_or_default();
    Some(Told { kind, name, arguments })
}

#[cfg(test)]
mod tests {
    use super::{Calls, Fate, Timestamp, TracedDecision};

    fn fates(decisions: &[&str]) -> Vec<Fate> {
        let mut calls = Calls::default();
        for text in decisions {
            let decision: TracedDecision = serde_json::from_str(text).unwrap();
            calls.decision("r", "s", Timestamp(1), decision);
        }
        calls.uses.values().map(|used| used.fate).collect()
    }

    const ASKED: &str = r#"{"event":"decision","call":1,"to":"server","method":"tools/call","target":"t","verdict":"ask","effect":"held"}"#;
    const GONE: &str = r#"{"event":"approval","call":1,"to":"server","method":"tools/call","target":"t","verdict":"deny","effect":"dropped"}"#;
    const PASSED: &str = r#"{"event":"approval","call":1,"to":"server","method":"tools/call","target":"t","verdict":"allow","effect":"forwarded"}"#;
    const WORKED: &str = r#"{"event":"outcome","call":1,"to":"client","method":"tools/call","target":"t","verdict":"allow","effect":"forwarded","outcome":"succeeded"}"#;
    const BACK: &str = r#"{"event":"decision","call":1,"to":"server","method":"tools/call","target":"t","verdict":"deny","effect":"dropped"}"#;

    #[test]
    fn what_never_went_out_was_not_used() {
        assert_eq!(fates(&[ASKED, PASSED, WORKED]), [Fate::Succeeded]);
        assert_eq!(fates(&[ASKED, GONE]), [Fate::Denied], "nobody waited for the answer any more");
        assert_eq!(fates(&[ASKED, GONE, WORKED]), [Fate::Denied]);
        assert_eq!(fates(&[BACK]), [Fate::Denied], "it was taken back while the list was fetched");
    }
}
