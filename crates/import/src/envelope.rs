//! Envelopes of agent-envelope, as far as limits and sequences go: how many actions, how fast, how often the same tool.
//!
//! What depends on what the agent says of itself (tokens, cost, labels of data, depth of delegation) is left out.

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section, Verdict};
use crate::fnmatch::Pattern;
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Members, Reader, member};

/// What is left at its default has no line.
#[derive(Debug)]
struct Bound {
    line: u32,
    most: f64,
}

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(root) = reader.root() else { return };
    let members = reader.map(&root, "the envelope");
    reader.known(
        &members,
        &["name", "purpose", "bounds", "workflows", "drift", "responses", "version"],
        "the envelope",
    );
    let name = member(&members, "name").and_then(|node| reader.word(node, "`name`")).unwrap_or("envelope");
    draft.name = name.to_owned();
    let bounds = member(&members, "bounds").map(|node| reader.map(node, "`bounds`")).unwrap_or_default();
    let drift = member(&members, "drift").map(|node| reader.map(node, "`drift`")).unwrap_or_default();
    let responses = member(&members, "responses");
    reader.known(
        &bounds,
        &[
            "max_actions_per_session",
            "max_tokens_consumed",
            "max_duration_seconds",
            "max_cost_usd",
            "max_actions_per_minute",
            "max_identical_calls",
            "max_similar_calls",
            "data_flow",
            "autonomy",
        ],
        "`bounds`",
    );
    let blocks = blocks(reader, responses);
    let velocity = member(&drift, "velocity").map(|node| reader.map(node, "`velocity`")).unwrap_or_default();
    let repetition =
        member(&drift, "repetition").map(|node| reader.map(node, "`repetition`")).unwrap_or_default();
    let bound = |reader: &mut Reader<'_>, key: &str, others: &Members<'_>, most: f64| {
        let node = member(&bounds, key).or(member(others, key));
        let read = node
            .and_then(|node| reader.number(node, key).map(|most| Bound { line: reader.line(node), most }));
        read.unwrap_or(Bound { line: 0, most })
    };
    let none = Members::new();
    let actions = bound(reader, "max_actions_per_session", &none, 100.0);
    let minute = bound(reader, "max_actions_per_minute", &velocity, 30.0);
    let similar = bound(reader, "max_similar_calls", &repetition, 10.0);
    limit(draft, "actions", "max_actions_per_session", &actions, |most| format!("{most:.0}"), 1.0 >= blocks);
    // What came before is compared, so one more passes.
    let further = if draft.is_safe() { 0.0 } else { 1.0 };
    limit(
        draft,
        "pace",
        "max_actions_per_minute",
        &minute,
        |most| format!("{:.0}/1m", most + further),
        0.7 >= blocks || draft.is_safe(),
    );
    per_tool(draft, &similar, 0.7 >= blocks || draft.is_safe());
    let workflows =
        member(&members, "workflows").map(|node| reader.list(node, "`workflows`")).unwrap_or_default();
    steps(reader, draft, workflows);
    if workflows.is_empty() {
        no_workflow(reader, draft, &drift, blocks);
    }
    autonomy(reader, draft, &bounds);
    left_out(reader, draft, &bounds, !workflows.is_empty());
}

/// The score from which actions are blocked.
fn blocks(reader: &mut Reader<'_>, responses: Option<&Node>) -> f64 {
    let mut least = f64::INFINITY;
    let responses = responses.map(|node| reader.map(node, "`responses`")).unwrap_or_default();
    reader.known(&responses, &["warn", "pause", "kill"], "`responses`");
    for (key, usual) in [("pause", 0.6), ("kill", 0.8)] {
        let members = member(&responses, key).map(|node| reader.map(node, key)).unwrap_or_default();
        let threshold = member(&members, "threshold").and_then(|node| reader.number(node, "`threshold`"));
        least = least.min(threshold.unwrap_or(usual));
    }
    least
}

fn limit(draft: &mut Draft, id: &str, key: &str, bound: &Bound, max: impl Fn(f64) -> String, blocks: bool) {
    if !blocks {
        draft.left_out(bound.line, format!("`{key}` only warns at these thresholds"));
        return;
    }
    let fields = vec![
        ("id", Out::Text(draft.id(id))),
        ("on", Out::text("*/*")),
        ("max", Out::word(max(bound.most.floor()))),
        ("reason", Out::text(format!("{key} of the envelope"))),
    ];
    draft.add(Section::Limits, origin(bound.line, key), fields);
}

fn per_tool(draft: &mut Draft, bound: &Bound, blocks: bool) {
    // The call that reaches it is stopped already.
    let most = bound.most.floor() - 1.0;
    if !blocks || most < 1.0 {
        draft.left_out(
            bound.line,
            "`max_similar_calls` cannot be said here with this number and these thresholds",
        );
        return;
    }
    let fields = vec![
        ("id", Out::Text(draft.id("similar"))),
        ("on", Out::text("*/*")),
        ("max-per-tool", Out::word(format!("{most:.0}"))),
        ("reason", Out::text("max_similar_calls of the envelope")),
    ];
    draft.add(Section::Limits, origin(bound.line, "max_similar_calls"), fields);
    draft.differs(
        bound.line,
        "limits count calls that go on; agent-envelope counts those that it stops too",
        Some(
            Shown::tool(
                "srv",
                "some_tool",
                "{}",
                ("is stopped: the one that was stopped counts", "counts one less"),
            )
            .after(format!("{most:.0} like it, one of which was stopped")),
        ),
    );
}

fn origin(line: u32, key: &str) -> String {
    if line == 0 { format!("{key}, by default") } else { format!("line {line}: {key}") }
}

/// In `safe` the steps of workflows are what passes, and everything else asks.
fn steps(reader: &mut Reader<'_>, draft: &mut Draft, workflows: &[Node]) {
    let mut on: Vec<String> = Vec::new();
    let mut line = 0;
    for workflow in workflows {
        let members = reader.map(workflow, "a workflow");
        reader.known(&members, &["name", "steps", "max_steps", "description"], "a workflow");
        line = if line == 0 { reader.line(workflow) } else { line };
        let Some(steps) = member(&members, "steps") else { continue };
        for (word, node) in reader.words(steps, "`steps`") {
            match Pattern::new(word) {
                Ok(step) if !word.is_empty() => on.push(format!("*/{}", step.glob())),
                Ok(_) => reader.wrong(node, "an empty step", "name a tool"),
                Err(cause) => reader.wrong(node, cause, "name a tool, with `*` for any text"),
            }
        }
    }
    on.sort();
    on.dedup();
    if draft.is_safe() && !on.is_empty() {
        draft.default = Verdict::Ask;
        draft.default_comment = "no workflow names it".to_owned();
        let fields = vec![
            ("id", Out::Text(draft.id("workflows"))),
            ("effect", Out::word("allow")),
            ("on", Out::texts(on)),
        ];
        draft.add(Section::Rules, origin(line, "steps of workflows"), fields);
        let shown = Shown::tool("srv", "unheard_of_tool", "{}", ("passes at first", "asks"));
        draft.differs(
            line,
            "tools that no workflow names ask; agent-envelope lets some pass before it scores drift",
            Some(shown),
        );
    } else {
        draft.default = if draft.is_safe() { Verdict::Ask } else { Verdict::Allow };
        draft.default_comment = "an envelope bounds what it does not name".to_owned();
    }
}

/// Without workflows every action from the threshold on counts as drift.
fn no_workflow(reader: &mut Reader<'_>, draft: &mut Draft, drift: &Members<'_>, blocks: f64) {
    let node = member(drift, "unknown_workflow_threshold");
    let threshold = node.and_then(|node| reader.count(node, "unknown_workflow_threshold")).unwrap_or(3);
    let line = node.map_or(0, |node| reader.line(node));
    let Some(most) = threshold.checked_sub(1).filter(|_| blocks <= 0.65) else { return };
    if draft.is_safe() {
        draft.left_out(line, "drift without workflows, which stops every agent after a few actions; what is not named asks instead");
        return;
    }
    let fields = vec![
        ("id", Out::Text(draft.id("drift"))),
        ("on", Out::text("*/*")),
        ("max", Out::word(most.to_string())),
        ("reason", Out::text("no workflow is declared, so every action is drift")),
    ];
    draft.add(Section::Limits, origin(line, "unknown_workflow_threshold"), fields);
}

fn autonomy(reader: &mut Reader<'_>, draft: &mut Draft, bounds: &Members<'_>) {
    let members = member(bounds, "autonomy").map(|node| reader.map(node, "`autonomy`")).unwrap_or_default();
    reader.known(&members, &["max_chain_depth", "requires_human_approval"], "`autonomy`");
    let Some(list) = member(&members, "requires_human_approval") else { return };
    for (word, node) in reader.words(list, "`requires_human_approval`") {
        let line = reader.line(node);
        let is_tool = !word.is_empty()
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*'));
        if !draft.is_safe() || !is_tool {
            draft.left_out(
                line,
                format!("`{word}` in requires_human_approval, which agent-envelope never enforces"),
            );
            continue;
        }
        let fields = vec![
            ("id", Out::Text(draft.id(&format!("approve-{word}")))),
            ("effect", Out::word("ask")),
            ("on", Out::text(format!("*/{word}"))),
        ];
        draft.add(Section::Rules, origin(line, "requires_human_approval"), fields);
        let shown = Shown::tool("srv", &word.replace('*', "x"), "{}", ("passes", "asks"));
        let text = format!("`{word}` asks; agent-envelope lists it and lets it pass");
        draft.differs(line, text, Some(shown));
    }
}

fn left_out(reader: &Reader<'_>, draft: &mut Draft, bounds: &Members<'_>, workflows: bool) {
    let notes = [
        ("max_tokens_consumed", "tokens, which no MCP message carries"),
        ("max_cost_usd", "cost, which no MCP message carries"),
        ("max_duration_seconds", "the duration of a session"),
        ("max_identical_calls", "calls with the same arguments"),
        ("data_flow", "flows between labels that the agent itself gives"),
    ];
    for (key, text) in notes {
        if let Some(node) = member(bounds, key) {
            draft.left_out(reader.line(node), format!("`{key}`: {text}"));
        }
    }
    if workflows {
        draft.left_out(
            0,
            "drift scores: how well what was done fits a workflow, and scores of several violations together",
        );
    }
}
