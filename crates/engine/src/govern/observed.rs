//! What a request is about, in a mode in which no rule is asked: for the record.

use bailiwick_mcp::{Governed, Value};

use crate::decision::Arguments;
use crate::engine::Judgement;

/// A request that is only observed: let through, with its target and its arguments as far as they can be read.
pub(crate) fn observed<'a>(
    governed: Option<Governed>,
    server: &str,
    params: Option<Value<'a>>,
) -> Judgement<'a> {
    let member = |key| params.and_then(|params| params.get(key));
    let text = |value: Option<Value<'a>>| value.and_then(Value::text);
    let (target, arguments) = match governed {
        Some(Governed::Tool | Governed::Prompt) => (text(member("name")), member("arguments")),
        Some(Governed::Resource) => (text(member("uri")), None),
        Some(Governed::Completion) => {
            let reference = |key| member("ref").and_then(|reference| reference.get(key));
            (text(reference("name")).or_else(|| text(reference("uri"))), params)
        }
        Some(Governed::Task) => (text(member("taskId")), None),
        Some(Governed::Sampling | Governed::Elicitation | Governed::Roots) => {
            (Some(server.to_owned().into()), params)
        }
        Some(
            Governed::Protocol | Governed::List(_) | Governed::Listen | Governed::InFlight | Governed::Notice,
        )
        | None => (None, None),
    };
    Judgement { target, arguments: arguments.map(Arguments::View), ..Judgement::allow() }
}
