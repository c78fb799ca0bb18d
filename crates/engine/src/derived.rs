//! What a held call comes to, for the person who is asked about it.

use bailiwick_mcp::{Direction, Limits, Message, Parser};
use bailiwick_policy::{Call, Derived, Target};

use crate::decision::Arguments;
use crate::engine::{Engine, Judgement};

impl Engine {
    /// Derived from what the person is shown, so that no secret comes to light by it.
    pub(crate) fn derived(
        &self,
        message: &Message<'_>,
        direction: Direction,
        judgement: &Judgement<'_>,
    ) -> Vec<Derived> {
        let server = &*self.settings.server;
        let name = self.scanner.redact_for_person(judgement.target.as_deref().unwrap_or_default());
        let target = match (direction, message.method()) {
            (Direction::ToServer, Some("tools/call")) => Target::Tool { server, name: &name },
            (Direction::ToServer, Some("prompts/get")) => Target::Prompt { server, name: &name },
            (Direction::ToServer, Some(method)) if method.starts_with("resources/") => {
                Target::Resource { server, uri: &name }
            }
            (Direction::ToServer | Direction::ToClient, _) => return Vec::new(),
        };
        let mut shown = Vec::new();
        if let Some(Arguments::View(value)) = &judgement.arguments {
            self.scanner.redact_json_for_person(*value, &mut shown);
        }
        let mut parser = Parser::default();
        let arguments = parser.parse(&shown, &Limits::DEFAULT).ok().map(|document| document.root());
        self.policy.derived(&Call { target, arguments, principal: &self.settings.principal })
    }
}
