//! What a policy speaks of by name: for whoever asks whether it was written with some server in mind.

use bailiwick_mcp::json::fold_key;

use crate::glob::Name;
use crate::model::Effect;
use crate::policy::Policy;
use crate::scope::{Aimed, Scope};
use crate::target::{Aim, Object, Target};

/// A server, and perhaps a tool of it, that a rule names without wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    pub effect: Effect,
    /// As the rule spells it; rules that tighten are kept in lower case.
    pub server: Option<String>,
    pub tool: Option<String>,
}

impl Policy {
    /// Every server and tool that a rule names, in the order of the rules, each once per rule.
    #[must_use]
    pub fn mentions(&self) -> Vec<Mention> {
        let mut out = Vec::new();
        for (about, scope) in self.rules().iter().zip(&self.scopes) {
            for pattern in &scope.on {
                let tool = match (&pattern.object, pattern.aim) {
                    (Object::Name(name), Aim::Tool) => literal(name),
                    (Object::Name(_) | Object::Uri(_), _) => None,
                };
                let mention = Mention { effect: about.effect, server: literal(&pattern.server), tool };
                if (mention.server.is_some() || mention.tool.is_some()) && !out.contains(&mention) {
                    out.push(mention);
                }
            }
        }
        out
    }

    /// True if some rule is about `target` and not about everything: its pattern names a server or a tool, or it asks for
    /// labels that the target is known to have.
    #[must_use]
    pub fn speaks_of(&self, target: &Target<'_>) -> bool {
        let (server, object) = (fold_key(target.server()), fold_key(target.object()));
        let aimed = Aimed { target: *target, server_folded: &server, object_folded: &object, labels: None };
        let mut scratch = self.scratch(target.server());
        let labelled = self.labels.look_up(aimed, &mut scratch);
        let aimed = Aimed { labels: labelled.as_ref(), ..aimed };
        let specific = |scope: &Scope, scratch: &mut crate::path::Scratch<'_>| {
            let named = scope.on.iter().any(|pattern| {
                let is_about_all = matches!(pattern.server, Name::Any) && pattern.object.is_any();
                !is_about_all && pattern.matches(aimed, scope.senses.on, scratch)
            });
            let by_label = !scope.labels.is_empty() && scope.has_known_label(aimed);
            named || by_label && scope.covers(aimed, scratch)
        };
        self.scopes.iter().any(|scope| specific(scope, &mut scratch))
    }
}

fn literal(name: &Name) -> Option<String> {
    match name {
        Name::Literal(word) => Some(word.to_string()),
        Name::Any | Name::Stars(_) | Name::Glob { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Context, Load, Source, Target, compile};

    struct Alone;

    impl Load for Alone {
        fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
            Err(reference.to_owned())
        }
    }

    #[test]
    fn what_is_named_is_spoken_of_and_what_is_about_everything_is_not() {
        let text = "version: 1\ndefault: deny\nrules:\n\
                    - { id: a, effect: deny, on: [\"*/*\"], args: { \"**\": { prefix: \"x\" } } }\n\
                    - { id: b, effect: allow, on: [\"fs/read_file\", \"Mail/*\"] }\n\
                    - { id: c, effect: ask, on: [\"*/send_*\"] }\n";
        let source = Source { name: "p".to_owned(), text: text.to_owned() };
        let policy = compile(vec![source], &mut Alone, &Context::default()).unwrap();
        let speaks = |server, name| policy.speaks_of(&Target::Tool { server, name });
        assert!(speaks("fs", "read_file") && speaks("Mail", "x") && speaks("any", "send_it"));
        assert!(!speaks("fs", "write_file") && !speaks("shell", "run"));
        let mentions = policy.mentions();
        let named: Vec<_> =
            mentions.iter().map(|mention| (mention.server.as_deref(), mention.tool.as_deref())).collect();
        assert_eq!(named, [(Some("fs"), Some("read_file")), (Some("Mail"), None)]);
    }
}
