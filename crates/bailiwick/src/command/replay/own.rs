//! Lines of a trace as what the engine was handed, and what it decided.

use bailiwick_analysis::replay::{Input, Then};
use bailiwick_engine::Lane;
use bailiwick_mcp::{Direction, Id, Malformation, Malformed};
use bailiwick_record::trace::{Given, Line, TracedDecision};

/// What a line handed to the engine; nothing for one that handed it nothing, or is not there.
pub(super) fn input_of(line: &Line) -> Option<Input<'_>> {
    Some(match line {
        Line::Message { to, lane, message, beside, .. } => {
            Input::Text { to: *to, lane: Lane(*lane), text: message.get(), beside: beside.as_ref() }
        }
        Line::Absent(absent) => {
            let id = absent.id.as_ref().and_then(|id| id_of(id.get()));
            let (to, lane) = (absent.to, Lane(absent.lane));
            match absent.cause? {
                Malformation::TooLong => Input::TooLong { to, lane, id, is_request: absent.is_request },
                cause => Input::Broken { to, lane, malformed: Malformed { id, ..Malformed::new(cause) } },
            }
        }
        Line::Given { given, .. } => match given {
            Given::Answer(question, answer) => Input::Answer(*question, answer),
            Given::Others(names) => Input::Others(names),
            Given::Tick => Input::Tick,
            Given::ServerEnded(why) => Input::ServerEnded(why),
            Given::Unanswered(lane, id, why) => Input::Unanswered { lane: Lane(*lane), id: id_of(id)?, why },
            Given::LaneEnded(lane, why) => Input::LaneEnded { lane: Lane(*lane), why },
            Given::Reload(_) => return None,
        },
        Line::Decision { .. } | Line::End { .. } | Line::Unknown => return None,
    })
}

fn id_of(json: &str) -> Option<Id<'static>> {
    match serde_json::from_str(json).ok()? {
        serde_json::Value::String(text) => Some(Id::Text(text.into())),
        serde_json::Value::Number(number) => number.as_i64().map(Id::Number),
        _ => None,
    }
}

/// A decision of a trace, to be compared with the one that is made now.
pub(super) fn then(line: u64, decision: &TracedDecision) -> Then {
    let reasons = &decision.reasons;
    Then {
        line,
        event: decision.event.clone(),
        call: decision.call,
        to_server: Direction::from(decision.to) == Direction::ToServer,
        method: decision.method.clone(),
        target: decision.target.clone(),
        verdict: decision.verdict.clone(),
        effect: decision.effect.clone(),
        reasons: reasons.iter().map(|reason| (reason.source.clone(), reason.id.clone())).collect(),
        links: reasons.iter().filter_map(|reason| Some((reason.text.clone()?, reason.to.clone()))).collect(),
    }
}
