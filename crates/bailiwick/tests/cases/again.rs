//! Traces read back, and decided again.

use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use bailiwick_analysis::replay::{Again, Decided, Input};
use bailiwick_engine::{Lane, Mode, Scanner, Settings};
use bailiwick_mcp::{Direction, Id, Malformation, Malformed};
use bailiwick_policy::{Policy, Principal};
use bailiwick_record::trace::{Given, Header, Line, Reader, TracedDecision, pins_of};

/// Cases whose decision rests on what the trace does not hold: a masked secret, a message that is left out for its length.
pub(crate) const NOT_IN_A_TRACE: [&str; 20] = [
    "answer-big",
    "answer-of-the-client-asks-a-person",
    "answer-of-the-client-is-looked-at",
    "answer-of-the-client-is-looked-at-modern",
    "command-above-its-bounds",
    "guard-blobs",
    "guard-injection-after-three-megabytes",
    "guard-large-answer",
    "guard-per-tool",
    "guard-redaction-keeps-the-schema",
    "guard-secrets-by-their-key",
    "guard-secrets-of-every-kind",
    "guard-secrets-of-further-kinds",
    "guard-secrets-past-a-simple-redactor",
    "guard-secrets-redacted",
    "guard-secrets-to-the-server",
    "guard-taints-the-run",
    "guard-text-that-is-written-back",
    "guard-write-back-redacted",
    "limit-spent-by-what-is-approved",
];

/// One input with the decisions that were recorded of it.
pub(crate) struct Group {
    pub(crate) line: Line,
    pub(crate) decisions: Vec<TracedDecision>,
}

/// What stands in the trace, each input with what was decided over it.
pub(crate) fn groups(path: &Path) -> (Header, Vec<Group>) {
    let file = fs::File::open(path).expect("a trace");
    let reader = Reader::new(BufReader::new(file)).expect("a trace");
    let header = reader.header.clone();
    let mut groups: Vec<Group> = Vec::new();
    for line in reader {
        match line.expect("a line") {
            Line::Decision { decision, .. } => {
                groups.last_mut().expect("an input comes first").decisions.push(decision);
            }
            line => groups.push(Group { line, decisions: Vec::new() }),
        }
    }
    (header, groups)
}

/// What is decided over each input now. `take` finds the policy of a digest.
pub(crate) fn replay(
    header: &Header,
    server: &str,
    scanner: &Arc<Scanner>,
    groups: &[Group],
    mut take: impl FnMut(&str) -> Policy,
) -> Vec<Vec<Decided>> {
    let mode = match header.mode.as_str() {
        "enforce" => Mode::Enforce,
        "shadow" => Mode::Shadow,
        _ => Mode::Observe,
    };
    let principal =
        Principal { id: header.principal.clone(), roles: header.roles.clone(), ..Principal::default() };
    let settings = Settings {
        mode,
        server: server.into(),
        principal: Arc::new(principal),
        limits: header.limits(),
        nonce: header.nonce.clone().expect("it is recorded"),
    };
    let pins = header.pins.as_ref().map(|pins| pins_of(pins.get()).expect("pins"));
    let mut again = Again::new(settings, take(&header.policy), Arc::clone(scanner), pins);
    let mut out = Vec::new();
    for group in groups {
        let reasons = group.decisions.iter().flat_map(|decision| &decision.reasons);
        let links: Vec<(String, Option<String>)> =
            reasons.filter_map(|reason| Some((reason.text.clone()?, reason.to.clone()))).collect();
        let (at, input) = match &group.line {
            Line::Message { at, to, lane, message, beside, .. } => {
                let (lane, beside) = (Lane(*lane), beside.as_ref());
                (*at, Input::Text { to: *to, lane, text: message.get(), beside })
            }
            Line::Absent(absent) => {
                let Some(cause) = absent.cause else {
                    // Left out for its length.
                    out.push(Vec::new());
                    continue;
                };
                let id = absent.id.as_ref().map(|id| id_of(id.get()));
                let (to, lane) = (absent.to, Lane(absent.lane));
                let input = match cause {
                    Malformation::TooLong => Input::TooLong { to, lane, id, is_request: absent.is_request },
                    cause => Input::Broken { to, lane, malformed: Malformed { id, ..Malformed::new(cause) } },
                };
                (absent.at, input)
            }
            Line::Given { at, given } => match given {
                Given::Answer(question, answer) => (*at, Input::Answer(*question, answer)),
                Given::Others(names) => (*at, Input::Others(names)),
                Given::Tick => (*at, Input::Tick),
                Given::ServerEnded(why) => (*at, Input::ServerEnded(why)),
                Given::Unanswered(lane, id, why) => {
                    (*at, Input::Unanswered { lane: Lane(*lane), id: id_of(id), why })
                }
                Given::LaneEnded(lane, why) => (*at, Input::LaneEnded { lane: Lane(*lane), why }),
                Given::Reload(digest) => (*at, Input::Reload(Box::new(take(digest)))),
            },
            Line::Decision { .. } | Line::End { .. } | Line::Unknown => {
                out.push(Vec::new());
                continue;
            }
        };
        out.push(again.decide(at, input, links));
    }
    out
}

fn id_of(json: &str) -> Id<'static> {
    match serde_json::from_str(json).expect("an id") {
        serde_json::Value::String(text) => Id::Text(text.into()),
        serde_json::Value::Number(number) => Id::Number(number.as_i64().expect("an integer")),
        other => panic!("{other} is no id"),
    }
}

/// A recorded decision in the form of one that is made now.
pub(crate) fn same(then: &TracedDecision, now: &Decided) -> bool {
    let reasons: Vec<(String, String)> =
        then.reasons.iter().map(|reason| (reason.source.clone(), reason.id.clone())).collect();
    (then.event.as_str(), then.call, Direction::from(then.to), then.method.as_str())
        == (now.event, now.call, now.to, now.method.as_str())
        && then.target == now.target
        && (then.verdict.as_str(), then.effect.as_str()) == (now.verdict, now.effect)
        && reasons == now.reasons
}
