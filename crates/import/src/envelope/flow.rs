//! Workflows: which tools may be called, in which order, and how often before there is progress.

use super::order::{Flow, Order};
use super::{origin, target};
use crate::draft::{Draft, Section, Verdict};
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Members, Reader, member};

/// What drift depends on.
#[derive(Debug)]
pub(super) struct Drift<'n> {
    /// The score from which actions are stopped.
    pub(super) blocks: f64,
    /// Most actions of a session.
    pub(super) actions: f64,
    pub(super) members: &'n Members<'n>,
}

/// Translates the workflows; returns the patterns of their steps.
pub(super) fn translate(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    members: &Members<'_>,
    drift: &Drift<'_>,
) -> Vec<String> {
    let node = member(drift.members, "unknown_workflow_threshold");
    let threshold = node.and_then(|node| reader.count(node, "unknown_workflow_threshold")).unwrap_or(3);
    let line = node.map_or(0, |node| reader.line(node));
    let mut order = Order {
        patterns: Vec::new(),
        flows: Vec::new(),
        threshold,
        // Drift is 0.4 below a confidence of 0.6, and 0.65 below one of 0.3.
        confidence: if drift.blocks <= 0.4 { 600 } else { 300 },
    };
    let first = read(reader, members, &mut order);
    let drifts = drift.blocks <= 0.65;
    if order.flows.is_empty() {
        draft.default = if draft.is_safe() { Verdict::Ask } else { Verdict::Allow };
        draft.default_comment = "an envelope bounds what it does not name".to_owned();
        if drifts {
            let max = threshold.saturating_sub(1).to_string();
            let reason = "no workflow is declared, so every action is drift";
            bound(draft, "drift", (line, "unknown_workflow_threshold"), Out::text("*/*"), max, reason);
        }
    } else if draft.is_safe() {
        draft.default = Verdict::Deny;
        draft.default_comment = "no workflow names it".to_owned();
        let mut on: Vec<String> = order.patterns.iter().map(|step| target(step)).collect();
        on.sort();
        let fields = vec![
            ("id", Out::Text(draft.id("workflows"))),
            ("effect", Out::word("allow")),
            ("on", Out::texts(on)),
        ];
        draft.add(Section::Rules, origin(first, "steps of workflows"), fields);
        let shown = Shown::tool("srv", "unheard_of_tool", "{}", ("passes at first", "is denied"));
        draft.differs(
            first,
            "tools that no workflow names are denied; agent-envelope lets some pass before it scores drift",
            Some(shown),
        );
        if drifts {
            steps(draft, &order, first);
            progress(draft, &order, (first, drift.actions));
        }
    } else {
        draft.default = Verdict::Allow;
        draft.default_comment = "an envelope bounds what it does not name".to_owned();
    }
    order.patterns
}

/// Reads the workflows; returns the line of the first.
fn read(reader: &mut Reader<'_>, members: &Members<'_>, order: &mut Order) -> u32 {
    let workflows = member(members, "workflows").map(|node| reader.list(node, "`workflows`"));
    let (mut first, mut room) = (0, STEPS_MAX);
    for workflow in workflows.unwrap_or_default() {
        let members = reader.map(workflow, "a workflow");
        reader.known(&members, &["name", "steps", "max_steps", "description"], "a workflow");
        first = if first == 0 { reader.line(workflow) } else { first };
        let most = member(&members, "max_steps").and_then(|node| reader.number(node, "`max_steps`"));
        let mut flow = Flow { steps: Vec::new(), most: most.unwrap_or(20.0) };
        let Some(steps) = member(&members, "steps") else { continue };
        for (word, node) in reader.words(steps, "`steps`") {
            if word.is_empty() || word.len() > STEP_BYTES_MAX || room == 0 {
                let cause = match () {
                    () if word.is_empty() => "an empty step".to_owned(),
                    () if room == 0 => format!("more than {STEPS_MAX} steps in all workflows"),
                    () => format!("a step longer than {STEP_BYTES_MAX} bytes"),
                };
                reader.wrong(node, cause, "name a tool, with `*` for any text");
                return first;
            }
            room = room.saturating_sub(1);
            let known = order.patterns.iter().position(|step| step == word);
            flow.steps.push(known.unwrap_or(order.patterns.len()));
            if known.is_none() {
                order.patterns.push(word.to_owned());
            }
        }
        if !flow.steps.is_empty() {
            order.flows.push(flow);
        }
    }
    first
}

/// A tool that is no first step needs the success of a step before its own.
fn steps(draft: &mut Draft, order: &Order, line: u32) {
    let mut needs = None;
    for (index, step) in order.patterns.iter().enumerate() {
        let before: Vec<&String> =
            order.before(index).into_iter().filter_map(|index| order.patterns.get(index)).collect();
        if before.is_empty() {
            continue;
        }
        needs = needs.or(Some(step));
        let on: Vec<String> = before.iter().map(|step| target(step)).collect();
        let names: Vec<String> = before.iter().map(|step| format!("`{step}`")).collect();
        let fields = vec![
            ("id", Out::Text(draft.id(&format!("order-{step}")))),
            ("on", Out::text(target(step))),
            ("needs", Out::map([("call", Out::texts(on))])),
            ("reason", Out::text(format!("comes behind {} in a workflow", names.join(" or ")))),
        ];
        draft.add(Section::Preconditions, origin(line, "the order of the workflows"), fields);
    }
    if let Some(step) = needs {
        let shown = Shown::tool("srv", &step.replace('*', "x"), "{}", ("passes at first", "is denied"));
        draft.differs(
            line,
            "a step needs the success of one before it; agent-envelope scores the order of what was tried",
            Some(shown),
        );
    }
}

/// So many calls may be made as the score stays good for, as far as the calls have come.
fn progress(draft: &mut Draft, order: &Order, (line, actions): (u32, f64)) {
    let bounds = order.bounds();
    let mut ends: Vec<u64> = bounds.iter().flatten().copied().collect();
    ends.sort_unstable();
    ends.dedup();
    // What would be bounded later is bounded with the last.
    ends.truncate(LEVELS_MAX);
    let last = ends.last().copied().unwrap_or_default();
    let bounds: Vec<Option<u64>> = bounds.iter().map(|bound| bound.map(|bound| bound.min(last))).collect();
    let below = |end: &u64| f64::from(u32::try_from(*end).unwrap_or(u32::MAX)) < actions;
    let mut least = None;
    for end in ends.into_iter().filter(below) {
        let within = |bound: &Option<u64>| bound.is_some_and(|bound| bound <= end);
        let mut on: Vec<String> = order
            .patterns
            .iter()
            .zip(&bounds)
            .filter(|(_, bound)| within(bound))
            .map(|(step, _)| target(step))
            .collect();
        on.sort();
        least = least.or_else(|| on.first().cloned().map(|tool| (tool, end)));
        let reason = "more calls than a workflow that has come no further explains";
        let origin = (line, "drift from the workflows");
        bound(draft, "progress", origin, Out::texts(on), end.to_string(), reason);
    }
    if let Some((tool, end)) = least {
        let name = tool.trim_start_matches("*/").replace('*', "x");
        let shown = Shown::tool("srv", &name, "{}", ("passes: the workflow went on meanwhile", "is denied"));
        draft.differs(
            line,
            "drift is bounded by the number of calls of steps that stand early; agent-envelope weighs all of them",
            Some(shown.after(format!("{end} of such calls, and all other steps of a workflow"))),
        );
    }
}

fn bound(draft: &mut Draft, id: &str, (line, key): (u32, &str), on: Out, max: String, reason: &str) {
    let fields = vec![
        ("id", Out::Text(draft.id(id))),
        ("on", on),
        ("max", Out::word(max)),
        ("count", Out::word("attempts")),
        ("reason", Out::text(reason)),
    ];
    draft.add(Section::Limits, origin(line, key), fields);
}

/// Steps of all workflows together.
const STEPS_MAX: usize = 512;
/// Longest step, in bytes.
const STEP_BYTES_MAX: usize = 256;
/// Most limits that bound the drift.
const LEVELS_MAX: usize = 16;
