//! Envelopes of agent-envelope, as far as limits and history go: how many actions, how fast, how often the same, in which order.
//!
//! What depends on what the agent says of itself (tokens, cost, labels of data, depth of delegation) is left out.

mod flow;
mod order;

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section};
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
    let [pauses, kills] = thresholds(reader, responses);
    let blocks = pauses.min(kills);
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
    let identical = bound(reader, "max_identical_calls", &repetition, 3.0);
    let similar = bound(reader, "max_similar_calls", &repetition, 10.0);
    limit(
        draft,
        "actions",
        ("max_actions_per_session", &actions),
        bound_of(actions.most),
        &[],
        1.0 >= blocks,
    );
    // What came before is compared, so one more passes. There a minute has both its ends.
    let pace = match draft.is_safe() {
        true => format!("{:.0}/61s", minute.most.floor().max(1.0)),
        false => format!("{:.0}/1m", minute.most.floor() + 1.0),
    };
    limit(draft, "pace", ("max_actions_per_minute", &minute), pace, &[], 0.7 >= blocks);
    // The call that reaches the number is stopped.
    let loops = bound_of(identical.most.ceil() - 1.0);
    let each = [("per", Out::word("call"))];
    limit(draft, "identical", ("max_identical_calls", &identical), loops, &each, 0.85 >= blocks);
    let of_one = bound_of(similar.most.ceil() - 1.0);
    let each = [("per", Out::word("tool"))];
    limit(draft, "similar", ("max_similar_calls", &similar), of_one, &each, 0.7 >= blocks);
    spelling(draft, &identical, 0.85 >= blocks);
    let drifts = flow::Drift { blocks, actions: actions.most, members: &drift };
    let workflows = flow::translate(reader, draft, &members, &drifts);
    autonomy(reader, draft, &bounds, &workflows);
    ends(draft, &identical, 0.85 >= blocks && 0.85 >= kills);
    left_out(reader, draft, &bounds, !workflows.is_empty());
}

/// The scores from which actions are paused and killed. Both stop them.
fn thresholds(reader: &mut Reader<'_>, responses: Option<&Node>) -> [f64; 2] {
    let responses = responses.map(|node| reader.map(node, "`responses`")).unwrap_or_default();
    reader.known(&responses, &["warn", "pause", "kill"], "`responses`");
    [("pause", 0.6), ("kill", 0.8)].map(|(key, usual)| {
        let members = member(&responses, key).map(|node| reader.map(node, key)).unwrap_or_default();
        let threshold = member(&members, "threshold").and_then(|node| reader.number(node, "`threshold`"));
        threshold.unwrap_or(usual)
    })
}

/// The greatest count that stays within `most`.
fn bound_of(most: f64) -> String {
    format!("{:.0}", most.floor().max(0.0))
}

/// A limit on every tool. In `safe` a bound holds whatever the thresholds make of it: several violations add up.
fn limit(
    draft: &mut Draft,
    id: &str,
    (key, bound): (&str, &Bound),
    max: String,
    more: &[(&'static str, Out)],
    blocks: bool,
) {
    if !blocks && !draft.is_safe() {
        draft.left_out(bound.line, format!("`{key}` only warns at these thresholds"));
        return;
    }
    let mut fields = vec![("id", Out::Text(draft.id(id))), ("on", Out::text("*/*")), ("max", Out::word(max))];
    fields.extend(more.iter().cloned());
    // What is stopped is an action there, too.
    fields.push(("count", Out::word("attempts")));
    fields.push(("reason", Out::text(format!("{key} of the envelope"))));
    draft.add(Section::Limits, origin(bound.line, key), fields);
}

fn spelling(draft: &mut Draft, bound: &Bound, blocks: bool) {
    let most = bound.most.ceil() - 1.0;
    if (blocks || draft.is_safe()) && most >= 1.0 {
        let shown = Shown::tool("srv", "some_tool", "{ \"n\": 1.0 }", ("another call", "the same call"));
        draft.differs(
            bound.line,
            "arguments are the same in their canonical form; agent-envelope tells 1 from 1.0",
            Some(shown.after(format!("{most:.0} with {{ \"n\": 1 }}"))),
        );
    }
}

/// What became of a session that was killed.
fn ends(draft: &mut Draft, identical: &Bound, kills: bool) {
    if draft.is_safe() {
        let fields = vec![
            ("id", Out::Text(draft.id("over"))),
            ("on", Out::text("*/*")),
            ("max", Out::word("1")),
            ("count", Out::word("denied")),
            ("reason", Out::text("a call was denied, which ends the run")),
        ];
        draft.add(Section::Limits, "what was stopped counts there as done, and a kill is for good", fields);
        let shown = Shown::tool("srv", "some_tool", "{}", ("may pass: a pause has no memory", "is denied"));
        draft.differs(
            0,
            "one denied call ends the run; agent-envelope ends it by a kill only",
            Some(shown.after("a call that was paused")),
        );
    } else if kills && identical.most.ceil() >= 2.0 {
        let shown = Shown::tool("srv", "other_tool", "{}", ("is stopped", "passes"));
        draft.differs(
            identical.line,
            "a limit stops what it counts; after a kill agent-envelope stops everything",
            Some(shown.after(format!("{:.0} calls that are the same", identical.most.ceil()))),
        );
    }
}

fn origin(line: u32, key: &str) -> String {
    if line == 0 { format!("{key}, by default") } else { format!("line {line}: {key}") }
}

fn autonomy(reader: &mut Reader<'_>, draft: &mut Draft, bounds: &Members<'_>, steps: &[String]) {
    let members = member(bounds, "autonomy").map(|node| reader.map(node, "`autonomy`")).unwrap_or_default();
    reader.known(&members, &["max_chain_depth", "requires_human_approval"], "`autonomy`");
    if let Some(depth) = member(&members, "max_chain_depth") {
        draft.left_out(reader.line(depth), "`max_chain_depth`: what the agent says of its delegation");
    }
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
        // A question must not open what no workflow names.
        let is_step = |step: &&String| order::covers(word, step);
        let on = if steps.is_empty() || steps.iter().any(|step| order::covers(step, word)) {
            vec![format!("*/{word}")]
        } else {
            steps.iter().filter(is_step).map(|step| target(step)).collect()
        };
        if on.is_empty() {
            draft.left_out(
                line,
                format!("`{word}` in requires_human_approval, which is no step of a workflow"),
            );
            continue;
        }
        let fields = vec![
            ("id", Out::Text(draft.id(&format!("approve-{word}")))),
            ("effect", Out::word("ask")),
            ("on", Out::texts(on)),
        ];
        draft.add(Section::Rules, origin(line, "requires_human_approval"), fields);
        let shown = Shown::tool("srv", &word.replace('*', "x"), "{}", ("passes", "asks"));
        let text = format!("`{word}` asks; agent-envelope lists it and lets it pass");
        draft.differs(line, text, Some(shown));
    }
}

/// A tool of any server, by a pattern in which only `*` means more than itself.
fn target(step: &str) -> String {
    Pattern::of_stars(step).map_or_else(|_| step.to_owned(), |pattern| format!("*/{}", pattern.glob()))
}

fn left_out(reader: &Reader<'_>, draft: &mut Draft, bounds: &Members<'_>, workflows: bool) {
    let notes = [
        ("max_tokens_consumed", Some("500000"), "tokens, which no MCP message carries"),
        ("max_cost_usd", Some("10"), "cost, which no MCP message carries"),
        ("max_duration_seconds", Some("600"), "the duration of a session"),
        ("data_flow", None, "flows between labels that the agent itself gives"),
    ];
    for (key, usual, text) in notes {
        match (member(bounds, key), usual) {
            (Some(node), _) => draft.left_out(reader.line(node), format!("`{key}`: {text}")),
            (None, Some(usual)) => draft.left_out(0, format!("`{key}`, {usual} by default: {text}")),
            (None, None) => {}
        }
    }
    if workflows && !draft.is_safe() {
        draft.left_out(
            0,
            "drift scores: how well what was done fits a workflow, and scores of several violations together",
        );
    }
}
