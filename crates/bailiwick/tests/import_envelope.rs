//! Envelopes against a small model of what agent-envelope does with them: read in `safe`, nothing passes that it stops, and
//! nobody is asked about it either.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test says so by a panic when it fails"
)]

#[path = "../examples/peer_cases/stage.rs"]
mod stage;

use std::fmt::Write as _;

use bailiwick_import::{Format, Mode};
use bailiwick_policy::Verdict;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use stage::Stage;

/// What an envelope says of calls, without what no message carries.
#[derive(Debug, Clone)]
struct Envelope {
    actions: u32,
    minute: f64,
    identical: f64,
    similar: f64,
    threshold: u32,
    pause: f64,
    kill: f64,
    /// Steps, and the most of them.
    workflows: Vec<(Vec<&'static str>, u32)>,
}

impl Envelope {
    fn text(&self) -> String {
        let mut text = format!(
            "name: e\nbounds:\n  max_actions_per_session: {}\n  max_actions_per_minute: {}\n  max_identical_calls: {}\n  \
             max_similar_calls: {}\ndrift: {{ unknown_workflow_threshold: {} }}\nresponses:\n  pause: {{ threshold: {} }}\n  \
             kill: {{ threshold: {} }}\n",
            self.actions, self.minute, self.identical, self.similar, self.threshold, self.pause, self.kill
        );
        if !self.workflows.is_empty() {
            text.push_str("workflows:\n");
        }
        for (index, (steps, most)) in self.workflows.iter().enumerate() {
            let steps: Vec<String> = steps.iter().map(|step| format!("\"{step}\"")).collect();
            let _ =
                writeln!(text, "  - {{ name: w{index}, steps: [{}], max_steps: {most} }}", steps.join(", "));
        }
        text
    }
}

/// Everything that was tried, and whether it was killed.
#[derive(Debug, Default)]
struct Session {
    tried: Vec<(&'static str, u8, i64)>,
    killed: bool,
}

impl Session {
    /// True if it is stopped: paused or killed.
    fn stops(&mut self, envelope: &Envelope, call: (&'static str, u8, i64)) -> bool {
        if self.killed {
            return true;
        }
        let (tool, arguments, second) = call;
        let earlier = self.tried.iter().filter(|(.., then)| second - then <= 60).count() as f64;
        self.tried.push(call);
        let same_tool = self.tried.iter().filter(|(other, ..)| *other == tool).count() as f64;
        let same = |(other, others, _): &&(&str, u8, i64)| (*other, *others) == (tool, arguments);
        let mut scores = Vec::new();
        let mut fires = |fires: bool, score: f64| scores.extend(fires.then_some(score));
        fires(self.tried.len() > envelope.actions as usize, 1.0);
        fires(earlier > envelope.minute, 0.7);
        fires(self.tried.iter().filter(same).count() as f64 >= envelope.identical, 0.85);
        fires(same_tool >= envelope.similar, 0.7);
        let confidence = self.confidence(envelope);
        let drifts = self.tried.len() >= envelope.threshold as usize && confidence < 0.6;
        fires(drifts, if confidence >= 0.3 { 0.4 } else { 0.65 });
        let sum: f64 = scores.iter().sum();
        let most = scores.iter().copied().fold(0.0, f64::max);
        let score = (most + (sum - most) * 0.1).min(1.0);
        self.killed = !scores.is_empty() && score >= envelope.kill;
        !scores.is_empty() && score >= envelope.kill.min(envelope.pause)
    }

    fn confidence(&self, envelope: &Envelope) -> f64 {
        let of_one = |(steps, most): &(Vec<&str>, u32)| {
            let mut matched = 0;
            for (tool, ..) in &self.tried {
                matched += usize::from(steps.get(matched).is_some_and(|step| is_match(step, tool)));
            }
            let calls = self.tried.len() as f64;
            let fit = 0.7 * (matched as f64 / steps.len() as f64) + 0.3 * (matched as f64 / calls);
            let fit = if calls > f64::from(*most) { fit * 0.5 } else { fit };
            if matched == 0 { 0.0 } else { (fit * 1_000.0).round() / 1_000.0 }
        };
        envelope.workflows.iter().map(of_one).fold(0.0, f64::max)
    }
}

fn is_match(step: &str, tool: &str) -> bool {
    match step.split_once('*') {
        Some((before, behind)) => {
            tool.len() >= before.len() + behind.len() && tool.starts_with(before) && tool.ends_with(behind)
        }
        None => step == tool,
    }
}

const STEPS: [&str; 8] = ["find", "read_*", "read_page", "*_page", "sort", "send", "*", "file_*"];
const TOOLS: [&str; 9] =
    ["find", "read_page", "read_mail", "sort", "send", "file_page", "file_it", "other", "wipe"];

fn envelopes() -> impl Strategy<Value = Envelope> {
    let edge = prop_oneof![4 => (1_u32..9).prop_map(f64::from), 1 => Just(0.0), 2 => (0_u32..70).prop_map(|n| f64::from(n) / 10.0)];
    let step =
        prop_oneof![12 => (0_usize..6).prop_map(|n| STEPS[n]), 1 => (6_usize..8).prop_map(|n| STEPS[n])];
    let workflows = vec((vec(step, 1..7), prop_oneof![1_u32..8, Just(20)]), 0..4);
    let thresholds = prop_oneof![
        Just((0.6, 0.8)),
        Just((0.3, 0.8)),
        Just((0.4, 0.9)),
        Just((0.65, 0.7)),
        Just((0.72, 0.8)),
        Just((0.9, 0.8)),
        Just((0.95, 2.0))
    ];
    (1_u32..30, edge.clone(), edge.clone(), edge, 0_u32..6, thresholds, workflows).prop_map(
        |(actions, minute, identical, similar, threshold, (pause, kill), workflows)| Envelope {
            actions,
            // Half of them are about order rather than about how often.
            minute: if actions % 2 == 0 { minute } else { 50.0 },
            identical: if actions % 3 == 0 { identical } else { 9.0 },
            similar: if actions % 4 < 2 { similar } else { 20.5 },
            threshold,
            pause,
            kill,
            workflows,
        },
    )
}

/// Calls: most go on with a step of a workflow, so that they come far.
fn calls() -> impl Strategy<Value = Vec<(u8, usize, u8, i64)>> {
    vec((0_u8..6, 0_usize..1_000, 0_u8..3, prop_oneof![3 => 0_i64..2, 1 => 0_i64..90]), 1..25)
}

fn named(step: &str) -> &'static str {
    TOOLS.into_iter().find(|tool| is_match(step, tool)).unwrap_or("other")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_agent_envelope_stops_is_denied(envelope in envelopes(), calls in calls()) {
        let text = envelope.text();
        let policy = stage::policy(std::slice::from_ref(&text), Format::Envelope, Mode::Safe, "").unwrap_or_else(|error| panic!("{error}"));
        let mut stage = Stage::new(policy, "srv", "user:ana".to_owned(), Vec::new());
        let (mut session, mut second, mut at) = (Session::default(), 0, 0);
        let mut so_far = Vec::new();
        let base = 10_000;
        for (kind, pick, arguments, later) in calls {
            second += later;
            let flow = envelope.workflows.get(pick % envelope.workflows.len().max(1));
            let tool = match flow {
                Some((steps, _)) if kind > 0 => {
                    at += usize::from(kind > 1);
                    named(steps[(at.max(1) - 1) % steps.len()])
                }
                _ => TOOLS[pick % TOOLS.len()],
            };
            let theirs = session.stops(&envelope, (tool, arguments, second));
            let spelled: Value = json!({ "n": arguments });
            let ours = stage.call(&json!(tool), Some(&spelled), Some(base - second));
            so_far.push((tool, arguments, second, theirs, ours));
            prop_assert!(!theirs || ours == Verdict::Deny, "{text}\n{so_far:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Without workflows, and without kills, which end what is stopped by nothing else.
    #[test]
    fn in_exact_the_same_is_stopped(envelope in envelopes(), calls in vec((0_usize..9, 0_u8..3), 1..25)) {
        let envelope = Envelope { pause: 0.6, kill: 2.0, workflows: Vec::new(), ..envelope };
        let text = envelope.text();
        let policy = stage::policy(std::slice::from_ref(&text), Format::Envelope, Mode::Exact, "").unwrap_or_else(|error| panic!("{error}"));
        let mut stage = Stage::new(policy, "srv", "user:ana".to_owned(), Vec::new());
        let mut session = Session::default();
        for (pick, arguments) in calls {
            let tool = TOOLS[pick];
            let theirs = session.stops(&envelope, (tool, arguments, 0));
            let ours = stage.call(&json!(tool), Some(&json!({ "n": arguments })), None);
            prop_assert_eq!(theirs, ours == Verdict::Deny, "{} {:?}", text, session.tried);
        }
    }
}

/// The shortest way through each workflow.
#[test]
fn a_workflow_done_step_by_step_passes() {
    for steps in [
        vec!["find", "read_*", "sort", "send"],
        vec!["find", "sort"],
        vec!["a", "b", "c", "d", "e", "f", "g"],
    ] {
        let envelope = Envelope {
            actions: 50,
            minute: 20.0,
            identical: 3.0,
            similar: 10.0,
            threshold: 3,
            pause: 0.6,
            kill: 0.8,
            workflows: vec![(steps.clone(), 10)],
        };
        let policy = stage::policy(&[envelope.text()], Format::Envelope, Mode::Safe, "");
        let mut stage = Stage::new(
            policy.unwrap_or_else(|error| panic!("{error}")),
            "srv",
            "user:ana".to_owned(),
            Vec::new(),
        );
        for step in steps {
            let tool = step.replace('*', "page");
            assert_eq!(stage.call(&json!(tool), None, None), Verdict::Allow, "{tool}");
        }
    }
}

/// What the model stops, and `exact` too.
#[test]
fn the_same_call_over_and_over_is_stopped_in_both_modes() {
    let text = "name: e\nbounds: { max_identical_calls: 3 }\nworkflows: [{ name: w, steps: [read, send] }]\n";
    for mode in [Mode::Exact, Mode::Safe] {
        let policy = stage::policy(&[text.to_owned()], Format::Envelope, mode, "");
        let mut stage = Stage::new(
            policy.unwrap_or_else(|error| panic!("{error}")),
            "srv",
            "user:ana".to_owned(),
            Vec::new(),
        );
        let mut call = |n: u8| stage.call(&json!("read"), Some(&json!({ "n": n })), None);
        assert_eq!(
            [call(1), call(1), call(2)],
            [Verdict::Allow; 3],
            "{mode:?}: two of a kind, and another one"
        );
        assert_eq!(call(1), Verdict::Deny, "{mode:?}: the third");
    }
}
