//! `bailiwick infer`: from traces to the policy that allows what was used, and little else.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};

use bailiwick_analysis::infer::{Checked, Fate, Generalise, Options, Use, infer};
use bailiwick_mcp::Direction;
use bailiwick_policy::Context;
use bailiwick_record::audit::visible;
use bailiwick_record::trace::{Line, Reader, TracedDecision};
use serde_json::{Map, Value};

use crate::args::infer::{GeneraliseArg, InferArgs};
use crate::exit::{self, Failure};
use crate::{places, say, wire};

pub(crate) fn run(args: &InferArgs) -> Result<i32, Failure> {
    let mut calls = Calls::default();
    let files = files(args)?;
    for file in &files {
        calls.read(file)?;
    }
    let uses: Vec<Use> = calls.uses.into_values().collect();
    if uses.is_empty() {
        return Err(Failure::new(exit::NOTHING, format!("no calls of tools in {} traces", files.len()))
            .help("record some first: `bailiwick record --client ID`, then work"));
    }
    let generalise = match args.generalise {
        GeneraliseArg::Strict => Generalise::Strict,
        GeneraliseArg::Balanced => Generalise::Balanced,
        GeneraliseArg::Loose => Generalise::Loose,
    };
    let workspace = match &args.workspace {
        Some(folder) => wire::absolute(folder)?,
        None => wire::absolute(Path::new("."))?,
    };
    let context = Context { workspace: Some(workspace), home: places::home() };
    let options = Options { generalise, min_support: args.min_support, name: args.name.clone() };
    let inferred = infer(&uses, &options, &context);
    for line in &inferred.summary {
        say::note(&visible(line));
    }
    if calls.others > 0 {
        say::note(&format!(
            "{} uses of resources, prompts and others are not inferred: write rules for them",
            calls.others
        ));
    }
    checked(&inferred.checked)?;
    match &args.output {
        None => say::line(inferred.text.trim_end()),
        Some(path) => {
            let written = OpenOptions::new().write(true).create_new(true).open(path);
            written
                .and_then(|mut file| file.write_all(inferred.text.as_bytes()))
                .map_err(|error| Failure::error(format!("cannot write `{}`: {error}", path.display())))?;
            say::note(&format!("written to {}", path.display()));
        }
    }
    Ok(exit::OK)
}

/// What was shown, not claimed.
fn checked(checked: &Checked) -> Result<(), Failure> {
    if let Some(broken) = &checked.broken {
        return Err(Failure::error(format!(
            "the inferred text is no policy, which is our mistake:\n{broken}"
        )));
    }
    let Checked { calls, denied, rules, needless, .. } = checked;
    say::note(&format!("checked: {} of {calls} recorded calls pass", calls - denied));
    say::note(&format!(
        "checked: without any of {} of {rules} rules some recorded call is denied",
        rules - needless
    ));
    if let Some((passed, all)) = checked.held_out {
        say::note(&format!("checked: {passed} of {all} calls pass a policy inferred from the other runs"));
    }
    match denied {
        0 => Ok(()),
        _ => Err(Failure::error("the policy denies what it was inferred from, which is our mistake")),
    }
}

/// The traces that are named, those of a folder in the order of their names.
fn files(args: &InferArgs) -> Result<Vec<PathBuf>, Failure> {
    let named = match args.traces.is_empty() {
        true => vec![places::state()?.join("traces")],
        false => args.traces.clone(),
    };
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let fail =
            |error: std::io::Error| Failure::error(format!("cannot read `{}`: {error}", path.display()));
        for entry in fs::read_dir(&path).map_err(fail)? {
            let found = entry.map_err(fail)?.path();
            if found.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(found);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Calls of tools by run and number, each with what became of it.
#[derive(Default)]
struct Calls {
    uses: BTreeMap<(String, u64, u64), Use>,
    others: usize,
    /// Calls of the last message that are not decided over yet: a run that only observes does not look into them.
    waiting: VecDeque<(String, Map<String, Value>)>,
    /// Calls without a number are told apart by this one.
    unnumbered: u64,
}

impl Calls {
    fn read(&mut self, path: &Path) -> Result<(), Failure> {
        let fail = |error: String| Failure::error(format!("`{}`: {error}", path.display()));
        let file = File::open(path).map_err(|error| fail(error.to_string()))?;
        let mut reader = Reader::new(BufReader::new(file)).map_err(|error| fail(error.to_string()))?;
        let (run, server) = (reader.header.run.clone(), reader.header.server.clone());
        for line in &mut reader {
            match line.map_err(|error| fail(error.to_string()))? {
                Line::Decision { decision, .. } => self.decision(&run, &server, decision),
                Line::Message { to: Direction::ToServer, message, .. } => {
                    self.waiting = calls_in(message.get())
                }
                Line::Absent { to: Direction::ToServer, .. } => self.waiting.clear(),
                Line::Message { .. } | Line::Absent { .. } | Line::End { .. } | Line::Unknown => {}
            }
        }
        Ok(())
    }

    fn decision(&mut self, run: &str, server: &str, decision: TracedDecision) {
        let refused = decision.effect == "refused";
        match (decision.event.as_str(), decision.method.as_str()) {
            ("outcome", _) => {
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
            // A person said no.
            ("approval", _) if refused => {
                if let Some(used) = self.uses.get_mut(&(run.to_owned(), decision.call, 0)) {
                    used.fate = Fate::Denied;
                }
            }
            ("decision", "tools/call") => {
                let Some((tool, arguments)) = told(&decision).or_else(|| self.waiting.pop_front()) else {
                    return;
                };
                self.unnumbered += u64::from(decision.call == 0);
                let unnumbered = if decision.call == 0 { self.unnumbered } else { 0 };
                let key = (run.to_owned(), decision.call, unnumbered);
                let fate = if refused { Fate::Denied } else { Fate::Unknown };
                let (run, server) = (run.to_owned(), server.to_owned());
                self.uses.insert(key, Use { run, server, tool, arguments, fate });
            }
            (
                "decision",
                "resources/read"
                | "prompts/get"
                | "completion/complete"
                | "sampling/createMessage"
                | "elicitation/create",
            ) => {
                self.others += 1;
            }
            _ => {}
        }
    }
}

/// The calls of tools in a message, which may be a batch, in their order.
fn calls_in(message: &str) -> VecDeque<(String, Map<String, Value>)> {
    let messages = match serde_json::from_str(message) {
        Ok(Value::Array(messages)) => messages,
        Ok(message) => vec![message],
        Err(_) => Vec::new(),
    };
    let call = |message: Value| {
        let method = message.get("method").and_then(Value::as_str)?;
        let params = message.get("params").filter(|_| method == "tools/call")?;
        let name = params.get("name").and_then(Value::as_str)?;
        Some((
            name.to_owned(),
            params.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default(),
        ))
    };
    messages.into_iter().filter_map(call).collect()
}

/// What the decision itself says of its call.
fn told(decision: &TracedDecision) -> Option<(String, Map<String, Value>)> {
    let arguments = decision.arguments.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    Some((decision.target.clone()?, arguments.unwrap_or_default()))
}
