//! Capabilities of the client that no rule could ever let a server use are not offered to it.

use bailiwick_mcp::{Message, Splice, Value};
use bailiwick_policy::Target;

use crate::engine::Engine;

impl Engine {
    /// Cuts the `sampling`, `elicitation` and `roots` capabilities that the policy denies altogether.
    pub(crate) fn cut_forbidden_capabilities(&self, message: &Message<'_>, splice: &mut Splice) {
        let params = message.params();
        let offered = if message.method() == Some("initialize") {
            params.and_then(|params| params.get("capabilities"))
        } else {
            let meta = params.and_then(|params| params.get("_meta"));
            meta.and_then(|meta| meta.get("io.modelcontextprotocol/clientCapabilities"))
        };
        let mut elements = Vec::new();
        for (key, value) in offered.map(Value::members).into_iter().flatten() {
            let forbidden = key.text().is_some_and(|name| self.forbids(&name));
            elements.push(((key.span().0, value.span().1), !forbidden));
        }
        splice.retain(&elements);
    }

    fn forbids(&self, capability: &str) -> bool {
        let server = &self.settings.server;
        let target = match capability {
            "sampling" => Target::Sampling { server },
            "elicitation" => Target::Elicitation { server },
            "roots" => Target::Roots { server },
            _ => return false,
        };
        !self.policy.could_allow(&target, &self.settings.principal)
    }
}

/// Method and parameters of one entry of `inputRequests`.
pub(crate) type Wanted<'a> = (Option<Value<'a>>, Option<Value<'a>>);

/// What a server asks of the client in one entry of `inputRequests` (2026-07-28).
pub(crate) fn input_requests<'a>(result: Value<'a>) -> impl Iterator<Item = Wanted<'a>> {
    let requests = result.get("inputRequests");
    requests
        .into_iter()
        .flat_map(Value::members)
        .map(|(_, request)| (request.get("method"), request.get("params")))
}
