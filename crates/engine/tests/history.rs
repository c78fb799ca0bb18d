//! Rules that look back, through the whole engine, against a list of everything that ever happened.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

#[path = "stage/parts.rs"]
mod stage;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bailiwick_engine::{Action, Answer, ApprovedBy, Effect, Engine, Mode, Outcome, QuestionId};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};
use bailiwick_policy::Policy;
use proptest::prelude::*;

const POLICY: &str = "
version: 1
rules:
  - { id: fine, effect: allow, on: 's/*' }
  - { id: asks, effect: ask, on: 's/ask' }
  - { id: bad, effect: deny, on: 's/*', args: { k: { in: [bad] } } }
sequences:
  - { id: ab, steps: ['s/a', 's/b'], within: 5s }
  - { id: abc, steps: ['s/a', 's/b', 's/c'], same: args.k }
  - { id: tries, steps: ['s/a', 's/c'], count: attempts, within: 9s }
  - { id: worked, steps: [{ on: 's/b', result: succeeded }, 's/a'], within: 7s }
preconditions:
  - { id: needs, on: 's/d', needs: { call: 's/c' }, within: 6s, same: args.k }
  - { id: cool, on: 's/e', not-after: 's/d', within: 4s }
  - { id: gate, on: 's/f', needs: { approval: asks }, within: 8s }
";

fn policy(text: &str) -> Arc<Policy> {
    stage::policy(&[text])
}

const TOOLS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "ask"];

/// An engine before which the server has listed its tools.
struct Stage {
    engine: Engine,
    questions: VecDeque<(QuestionId, usize)>,
}

impl Stage {
    fn new(text: &str) -> Stage {
        let engine = stage::engine(Mode::Enforce, Limits::DEFAULT, policy(text));
        let mut stage = Stage { engine, questions: VecDeque::new() };
        let tools: Vec<String> = TOOLS.iter().map(|name| format!("{{\"name\":\"{name}\"}}")).collect();
        stage.say(0, Direction::ToServer, r#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}"#);
        let list = format!(r#"{{"jsonrpc":"2.0","id":"list","result":{{"tools":[{}]}}}}"#, tools.join(","));
        stage.say(0, Direction::ToClient, &list);
        stage
    }

    fn say(
        &mut self,
        at: i64,
        direction: Direction,
        text: &str,
    ) -> Vec<(Action, BTreeSet<String>, Option<QuestionId>)> {
        let mut parser = Parser::default();
        let mut outcomes = Vec::new();
        let packet = Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT);
        self.engine.receive(Timestamp(at), direction, packet, &mut outcomes);
        outcomes.iter().map(seen).collect()
    }

    fn call(
        &mut self,
        at: i64,
        id: usize,
        tool: &str,
        key: &str,
    ) -> (Action, BTreeSet<String>, Option<QuestionId>) {
        let arguments = if key.is_empty() { "{}".to_owned() } else { format!("{{\"k\":\"{key}\"}}") };
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        );
        self.say(at, Direction::ToServer, &text).remove(0)
    }

    fn answer(&mut self, at: i64, id: usize, failed: bool) {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"isError":{failed}}}}}"#);
        self.say(at, Direction::ToClient, &text);
    }
}

fn seen(outcome: &Outcome<'_>) -> (Action, BTreeSet<String>, Option<QuestionId>) {
    let decision = &outcome.decision;
    let ids = decision.reasons.iter().map(|reason| reason.describe(&decision.policy).id.into_owned());
    let question = outcome.effects.iter().find_map(|effect| match effect {
        Effect::Ask(question) => Some(question.id),
        Effect::Send { .. } | Effect::Withdraw(_) | Effect::Quarantine(_) => None,
    });
    (decision.action, ids.collect(), question)
}

/// A call as the reference remembers it.
#[derive(Debug)]
struct Past {
    at: i64,
    tool: &'static str,
    key: &'static str,
    sent: bool,
    /// When it was answered, and whether it failed.
    answer: Option<(i64, bool)>,
}

/// Everything that ever happened.
#[derive(Default)]
struct Reference {
    past: Vec<Past>,
    approvals: Vec<i64>,
}

const SECOND: i64 = 1_000_000;

impl Reference {
    /// True if calls of `steps` were made in this order, the first less than `within` ago, and all fit `counts`.
    fn chain(&self, steps: &[&str], now: i64, within: Option<i64>, counts: &dyn Fn(&Past) -> bool) -> bool {
        fn rest(past: &[Past], steps: &[&str], counts: &dyn Fn(&Past) -> bool) -> bool {
            let Some((first, behind)) = steps.split_first() else { return true };
            past.iter().enumerate().any(|(at, call)| {
                call.tool == *first && counts(call) && rest(&past[at + 1..], behind, counts)
            })
        }
        self.past.iter().enumerate().any(|(at, call)| {
            call.tool == steps[0]
                && counts(call)
                && within.is_none_or(|within| now - call.at < within * SECOND)
                && rest(&self.past[at + 1..], &steps[1..], counts)
        })
    }

    /// The ids of the history rules that must speak about a call.
    fn speaks(&self, tool: &str, key: &str, now: i64) -> BTreeSet<String> {
        // Of the same value, or of none that could be told.
        let of = |wanted: &'static str| {
            move |call: &Past| call.sent && (call.key == wanted || call.key.is_empty() || wanted.is_empty())
        };
        let sent = |call: &Past| call.sent;
        let found = match tool {
            "a" => {
                let worked = |call: &Past| call.sent && call.answer.is_none_or(|(_, failed)| !failed);
                vec![("worked", self.chain(&["b"], now, Some(7), &worked))]
            }
            "b" => vec![("ab", self.chain(&["a"], now, Some(5), &sent))],
            "c" => {
                let keys: Vec<&'static str> = match key {
                    // A call that could be of any value.
                    "" => vec!["x", "y", "nobody's"],
                    "x" => vec!["x"],
                    _ => vec!["y"],
                };
                let same = keys.iter().any(|key| self.chain(&["a", "b"], now, None, &of(key)));
                vec![("abc", same), ("tries", self.chain(&["a"], now, Some(9), &|_| true))]
            }
            "d" => {
                let met = |call: &Past| {
                    let young = |(at, failed): (i64, bool)| !failed && at <= now && now - at < 6 * SECOND;
                    call.tool == "c"
                        && call.sent
                        && !key.is_empty()
                        && call.key == key
                        && call.answer.is_some_and(young)
                };
                vec![("needs", !self.past.iter().any(met))]
            }
            "e" => vec![("cool", self.chain(&["d"], now, Some(4), &sent))],
            "f" => vec![("gate", !self.approvals.iter().any(|at| now - at < 8 * SECOND))],
            _ => Vec::new(),
        };
        found.into_iter().filter(|(_, speaks)| *speaks).map(|(id, _)| id.to_owned()).collect()
    }
}

#[derive(Debug, Clone)]
enum Deed {
    Call(&'static str, &'static str),
    /// The answer to the n-th of the calls that wait.
    Answer(usize, bool),
    /// A person's word on the oldest question.
    Person(bool),
}

fn deeds() -> impl Strategy<Value = Vec<(i64, Deed)>> {
    let key = prop::sample::select(vec!["x", "x", "y", "", "bad"]);
    let call = (prop::sample::select(TOOLS.to_vec()), key).prop_map(|(tool, key)| Deed::Call(tool, key));
    let deed = prop_oneof![
        6 => call,
        3 => (0..3_usize, any::<bool>()).prop_map(|(nth, failed)| Deed::Answer(nth, failed)),
        1 => any::<bool>().prop_map(Deed::Person),
    ];
    prop::collection::vec((0..3_i64, deed), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_past_is_judged_as_from_a_list_of_all_calls(deeds in deeds()) {
        let mut stage = Stage::new(POLICY);
        let mut reference = Reference::default();
        let mut waiting: Vec<usize> = Vec::new();
        let mut now = 0;
        for (later, deed) in deeds {
            now += later * SECOND;
            match deed {
                Deed::Call(tool, key) => {
                    let id = reference.past.len();
                    let (action, ids, question) = stage.call(now, id, tool, key);
                    let spoken: BTreeSet<String> =
                        ids.into_iter().filter(|id| !["fine", "asks", "bad"].contains(&id.as_str())).collect();
                    // A call that a rule denies is denied without a look back.
                    let expected = if key == "bad" { BTreeSet::new() } else { reference.speaks(tool, key, now) };
                    prop_assert_eq!(&spoken, &expected, "call {} of {} {}", id, tool, key);
                    let sent = action == Action::Forwarded;
                    prop_assert_eq!(sent, key != "bad" && tool != "ask" && expected.is_empty());
                    reference.past.push(Past { at: now, tool, key, sent, answer: None });
                    if sent {
                        waiting.push(id);
                    }
                    stage.questions.extend(question.map(|question| (question, id)));
                }
                Deed::Answer(nth, failed) if nth < waiting.len() => {
                    let id = waiting.remove(nth);
                    stage.answer(now, id, failed);
                    reference.past[id].answer = Some((now, failed));
                }
                Deed::Answer(..) => {}
                Deed::Person(approves) => {
                    let Some((question, id)) = stage.questions.pop_front() else { continue };
                    let answer = if approves { Answer::Approve(ApprovedBy::new("user:ana", "here")) } else { Answer::Deny("no".to_owned()) };
                    stage.engine.answer(Timestamp(now), question, &answer, &mut Vec::new());
                    if approves {
                        reference.approvals.push(now);
                        waiting.push(id);
                    }
                }
            }
        }
    }
}

#[test]
fn no_flood_pushes_a_step_out() {
    let mut stage = Stage::new(
        "version: 1\nrules: [{ id: fine, effect: allow, on: 's/*' }]\nsequences: [{ id: ab, steps: ['s/a', 's/b'], same: args.k }, { id: cd, steps: ['s/c', 's/d'] }]\n",
    );
    for (id, tool) in [(1, "a"), (2, "c")] {
        assert_eq!(stage.call(0, id, tool, "first").0, Action::Forwarded);
        stage.answer(0, id, false);
    }
    for id in 10..5_010 {
        assert_eq!(stage.call(1, id, "a", &format!("k{id}")).0, Action::Forwarded);
        stage.answer(1, id, false);
    }
    assert!(stage.call(2, 6_000, "b", "first").1.contains("ab"), "the first value");
    assert!(stage.call(2, 6_001, "b", "k5009").1.contains("ab"), "the last value");
    assert!(stage.call(2, 6_002, "d", "").1.contains("cd"), "another sequence");
}
