//! Recorded decisions of other products, decided by their policies as they are read here:
//! `cargo xtask peer-cases FILE.jsonl…`.
//!
//! A line of a file is a policy in their language with a request, or with calls that came before, and what they decided. In
//! `exact` the decision must be the same, or stand in [`REASONS`]; in `safe` nothing may pass that they deny. Lines with `peer`
//! are calls that got past them: in `safe` they must not get past us.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a check of data reads, prints and fails"
)]

mod stage;

use std::collections::BTreeMap;

use bailiwick_import::{Format, Mode};
use bailiwick_policy::{Policy, Principal, Target, Verdict};
use serde_json::Value;
use stage::Stage;

/// Decisions that cannot be the same in `exact`, by what the line is about, with the reason.
const REASONS: [(&str, &str); 4] = [
    ("budget_cost", "no MCP message carries its cost"),
    ("budget_tokens", "no MCP message carries its tokens"),
    ("chain_depth", "the depth of delegation is what the agent says of itself"),
    ("workflow_drift", "a score of how well calls fit a workflow is no limit and no sequence"),
];

#[derive(Debug, Default)]
struct Totals {
    same: usize,
    listed: Vec<String>,
    other: Vec<String>,
    safe: usize,
    wider: Vec<String>,
    closed: usize,
    open: Vec<String>,
    elsewhere: BTreeMap<String, usize>,
}

fn main() {
    let mut totals = Totals::default();
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let row: Value = serde_json::from_str(line).unwrap();
            if row.get("peer").is_some() { bypass(&row, &mut totals) } else { decided(&row, &mut totals) }
        }
    }
    println!(
        "exact: {} decided as theirs, {} listed with a reason, {} otherwise",
        totals.same,
        totals.listed.len(),
        totals.other.len()
    );
    println!("safe:  {} never wider on a denial, {} wider", totals.safe, totals.wider.len());
    println!("calls that got past them, in safe: {} stopped, {} not", totals.closed, totals.open.len());
    totals.listed.iter().for_each(|line| println!("  listed: {line}"));
    let elsewhere: Vec<String> =
        totals.elsewhere.iter().map(|(what, count)| format!("{count} {what}")).collect();
    println!("not about a policy that is read here: {}", elsewhere.join(", "));
    let bad: Vec<&String> = totals.other.iter().chain(&totals.wider).chain(&totals.open).collect();
    bad.iter().for_each(|line| println!("  WRONG {line}"));
    std::process::exit(i32::from(!bad.is_empty()));
}

fn word(row: &Value, key: &str) -> String {
    row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn format(row: &Value) -> Option<Format> {
    match word(row, "format").as_str() {
        "mcpfw-policy" => Some(Format::Mcpfw),
        "agentperms-policy" => Some(Format::Agentperms),
        "aegis-rbac" | "aegis-sanitize" => Some(Format::Aegis),
        "envelope" => Some(Format::Envelope),
        _ => None,
    }
}

fn verdict(word: &str) -> Verdict {
    match word.trim_end_matches('?') {
        "allow" | "pass" | "warn" => Verdict::Allow,
        "ask" | "require_approval" => Verdict::Ask,
        "deny" | "block" | "pause" | "kill" => Verdict::Deny,
        other => panic!("an expected decision `{other}`"),
    }
}

/// A line with what they decided.
fn decided(row: &Value, totals: &mut Totals) {
    let id = word(row, "id");
    let Some(format) = format(row) else {
        *totals.elsewhere.entry(word(row, "format")).or_default() += 1;
        return;
    };
    let theirs = theirs(row);
    for mode in [Mode::Exact, Mode::Safe] {
        let ours = match ours(row, format, mode) {
            Ok(ours) => ours,
            Err(error) => {
                totals.other.push(format!("{id}, {}: {error}", mode.word()));
                continue;
            }
        };
        assert_eq!(ours.len(), theirs.len(), "{id}");
        let differ = theirs.iter().zip(&ours).position(|(theirs, ours)| theirs != ours);
        let wider =
            theirs.iter().zip(&ours).position(|(theirs, ours)| *theirs == Verdict::Deny && ours != theirs);
        let found = if mode == Mode::Exact { differ } else { wider };
        let text = format!("{id}, {}: theirs {theirs:?}, ours {ours:?}", mode.word());
        let reason = found.filter(|_| mode == Mode::Exact).and_then(|at| reason(row, at));
        match (mode, found, reason) {
            (Mode::Exact, None, _) => totals.same += 1,
            (Mode::Safe, None, _) => totals.safe += 1,
            (Mode::Exact, Some(_), Some(reason)) => totals.listed.push(format!("{text}: {reason}")),
            (Mode::Exact, Some(_), None) => totals.other.push(text),
            (Mode::Safe, Some(_), _) => totals.wider.push(text),
        }
    }
}

/// Why the decision over call `at` cannot be the same.
fn reason(row: &Value, at: usize) -> Option<&'static str> {
    let expected = row["expected"].as_array()?;
    if expected.iter().take(at).any(|one| one["decision"] == "kill") {
        return Some("after a kill everything is stopped there");
    }
    let rules = expected.get(at)?.get("rules")?.as_array()?;
    let known = |name: &str| REASONS.iter().find(|(rule, _)| *rule == name).map(|(_, reason)| *reason);
    rules.iter().filter_map(Value::as_str).find_map(known)
}

fn theirs(row: &Value) -> Vec<Verdict> {
    if let Some(hidden) = row.get("expected_hidden").and_then(Value::as_array) {
        let tools = row["tools_list"].as_array().unwrap().iter();
        return tools
            .map(|tool| if hidden.contains(tool) { Verdict::Deny } else { Verdict::Allow })
            .collect();
    }
    match &row["expected"] {
        Value::Array(list) => list.iter().map(|one| verdict(one["decision"].as_str().unwrap())).collect(),
        one => vec![verdict(one.as_str().unwrap())],
    }
}

/// The texts of the policies, with labels that give the tool of the line the action that the line speaks of.
fn texts(row: &Value) -> Vec<String> {
    if let Some(layers) = row.get("policy_layers").and_then(Value::as_array) {
        return layers.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    }
    let text = [word(row, "policy"), word(row, "envelope")].concat();
    vec![if text.is_empty() {
        "version: \"1\"\nprincipals:\n  all: { roles: [all], tools: [{ pattern: \"*\", actions: [read, execute] }] }\n".to_owned()
    } else {
        text
    }]
}

fn ours(row: &Value, format: Format, mode: Mode) -> Result<Vec<Verdict>, String> {
    let labels = row.get("action").and_then(Value::as_str).map(|action| {
        let label = if action == "read" { "read" } else { "exec" };
        format!("\nlabels: {{ \"*/{}\": {label} }}\n", word(row, "tool"))
    });
    let roles: Vec<String> = row.get("roles").and_then(Value::as_array).map_or_else(
        || vec!["all".to_owned()],
        |roles| roles.iter().map(|role| role.as_str().unwrap().to_owned()).collect(),
    );
    let principal = row.get("principal").and_then(Value::as_str).unwrap_or("user:ana").to_owned();
    let server = row.get("server").and_then(Value::as_str).unwrap_or("srv");
    let policy = stage::policy(&texts(row), format, mode, labels.as_deref().unwrap_or_default())?;
    if let Some(tools) = row.get("tools_list").and_then(Value::as_array) {
        return Ok(tools.iter().map(|tool| offered(&policy, server, tool.as_str().unwrap())).collect());
    }
    let mut stage = Stage::new(policy, server, principal, roles);
    if let Some(calls) = row.get("calls").and_then(Value::as_array) {
        return Ok(calls.iter().map(|call| stage.call(&call["tool"], call.get("arguments"), None)).collect());
    }
    for call in row.get("history").and_then(Value::as_array).into_iter().flatten() {
        stage.call(&call["name"], call.get("arguments"), call.get("seconds_ago").and_then(Value::as_i64));
    }
    let decided = match (row.get("request"), row.get("tool"), row.get("arguments")) {
        (Some(request), ..) => stage.message(request, Some(0)),
        (None, Some(tool), _) => stage.call(tool, None, Some(0)),
        (None, None, arguments) => stage.call(&Value::String("some_tool".to_owned()), arguments, Some(0)),
    };
    Ok(vec![decided])
}

/// Whether a list shows the tool.
fn offered(policy: &Policy, server: &str, name: &str) -> Verdict {
    let seen = policy.could_allow(&Target::Tool { server, name }, &Principal::default());
    if seen { Verdict::Allow } else { Verdict::Deny }
}

/// A line that got past them, in `safe`.
fn bypass(row: &Value, totals: &mut Totals) {
    let (check, id) = (word(row, "check"), word(row, "id"));
    let format = match word(row, "project").as_str() {
        "mcpfw-stdio" | "mcpfw-http" => Format::Mcpfw,
        "agentperms-proxy" => Format::Agentperms,
        _ => {
            *totals.elsewhere.entry(word(row, "project")).or_default() += 1;
            return;
        }
    };
    let messages: Option<Vec<&Value>> =
        row["lines"].as_array().map(|lines| lines.iter().filter(|line| line.is_object()).collect());
    let messages =
        messages.filter(|all| !all.is_empty() && all.iter().all(|one| one.get("method").is_some()));
    let (Some(policy), Some(messages), true) = (
        row.get("policy").and_then(Value::as_str),
        messages,
        ["not_reached", "refuse_start"].contains(&check.as_str()),
    ) else {
        *totals.elsewhere.entry("lines about the wire".to_owned()).or_default() += 1;
        return;
    };
    let stopped = match stage::policy(&[policy.to_owned()], format, Mode::Safe, "") {
        Err(_) => check == "refuse_start",
        Ok(policy) => {
            let server = row.get("server").and_then(Value::as_str).unwrap_or("srv");
            let mut stage = Stage::new(policy, server, "user:ana".to_owned(), Vec::new());
            // Nobody approves anything: what an agent sends is no answer.
            let decided: Vec<Verdict> = messages.iter().map(|message| stage.message(message, None)).collect();
            check != "refuse_start" && decided.last() != Some(&Verdict::Allow)
        }
    };
    if stopped { totals.closed += 1 } else { totals.open.push(format!("{id}: {}", word(row, "what"))) }
}
