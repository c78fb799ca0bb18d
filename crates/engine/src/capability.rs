//! Capabilities that no rule could ever let the other party use are not offered to it.

use bailiwick_mcp::{Message, Splice, Value};
use bailiwick_policy::Target;

use crate::engine::Engine;
use crate::listing::uncache;

/// The tasks extension of 2026-07-28.
pub(crate) const TASKS: &str = "io.modelcontextprotocol/tasks";

impl Engine {
    /// Cuts the `sampling`, `elicitation`, `roots` and `tasks` capabilities of the client that the policy denies altogether.
    pub(crate) fn cut_forbidden_capabilities(&self, message: &Message<'_>, splice: &mut Splice) {
        let params = message.params();
        let offered = if message.method() == Some("initialize") {
            params.and_then(|params| params.get("capabilities"))
        } else {
            client_capabilities(params)
        };
        cut(offered, |name| self.forbids(name), splice);
        if self.forbids_tasks() && declared_tasks(params).is_some() {
            cut_tasks(params, splice);
        }
    }

    /// Cuts the tasks that a server offers, in either era, where the policy denies them altogether.
    pub(crate) fn cut_offered_tasks(&self, introduction: Value<'_>, splice: &mut Splice) {
        let Some(offered) = introduction.get("capabilities") else { return };
        if self.forbids_tasks() {
            cut(Some(offered), |name| name == "tasks", splice);
            cut(offered.get("extensions"), |name| name == TASKS, splice);
            if !splice.is_empty() {
                uncache(introduction, splice);
            }
        }
    }

    fn forbids(&self, capability: &str) -> bool {
        let server = &self.settings.server;
        let target = match capability {
            "sampling" => Target::Sampling { server },
            "elicitation" => Target::Elicitation { server },
            "roots" => Target::Roots { server },
            // Those of the client, which a server may ask about: silence of the rules denies it.
            "tasks" => Target::Task { server },
            _ => return false,
        };
        !self.policy.could_allow(&target, &self.settings.principal)
    }
}

/// Cuts the members of `offered` whose keys are forbidden.
fn cut(offered: Option<Value<'_>>, forbidden: impl Fn(&str) -> bool, splice: &mut Splice) {
    let mut elements = Vec::new();
    for (key, value) in offered.map(Value::members).into_iter().flatten() {
        let forbidden = key.text().is_some_and(|name| forbidden(&name));
        elements.push(((key.span().0, value.span().1), !forbidden));
    }
    splice.retain(&elements);
}

/// What a request of 2026-07-28 says that its client can do.
fn client_capabilities<'a>(params: Option<Value<'a>>) -> Option<Value<'a>> {
    params?.get("_meta")?.get("io.modelcontextprotocol/clientCapabilities")
}

/// The extensions that its client knows.
pub(crate) fn client_extensions<'a>(params: Option<Value<'a>>) -> Option<Value<'a>> {
    client_capabilities(params)?.get("extensions")
}

/// That its client takes tasks (2026-07-28).
pub(crate) fn declared_tasks<'a>(params: Option<Value<'a>>) -> Option<Value<'a>> {
    client_extensions(params)?.get(TASKS)
}

/// Takes that back.
pub(crate) fn cut_tasks(params: Option<Value<'_>>, splice: &mut Splice) {
    cut(client_extensions(params), |name| name == TASKS, splice);
}

/// What a server asks of the client, an entry of `inputRequests` each (2026-07-28).
pub(crate) fn input_requests<'a>(result: Value<'a>) -> impl Iterator<Item = Value<'a>> {
    let requests = result.get("inputRequests");
    requests.into_iter().flat_map(Value::members).map(|(_, request)| request)
}
