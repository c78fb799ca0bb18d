//! What a request is about, in a mode in which no rule is asked: for the record.

use bailiwick_mcp::{Governed, Value};

use crate::decision::Arguments;
use crate::engine::{Engine, Judgement};
use crate::foresight::is_maskless;

impl Engine {
    /// A request that is only observed: let through, with its target and its arguments as far as they can be read.
    pub(crate) fn observed<'a>(
        &self,
        governed: Option<Governed>,
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
                (Some(self.settings.server.to_string().into()), params)
            }
            Some(
                Governed::Protocol
                | Governed::List(_)
                | Governed::Listen
                | Governed::InFlight
                | Governed::Notice,
            )
            | None => (None, None),
        };
        let maskless = is_maskless(&self.scanner, arguments);
        Judgement { target, arguments: arguments.map(Arguments::View), maskless, ..Judgement::allow() }
    }
}
