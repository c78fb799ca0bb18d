//! Rules against the schemas of the tools that they are about. A tool whose schema is not known is not looked at.

use std::collections::BTreeMap;

use super::Reader;
use super::shapes::{Doubt, about_args};
use crate::args::Sense;
use crate::condition::{Condition, FindingKind, unknown_help};
use crate::glob::Name;
use crate::schema::{Catalog, Shape, Tool};
use crate::scope::Scope;
use crate::target::{Aim, Object, TargetPattern};
use crate::tree::{Form, Node};

/// Tools that a message names.
const TOOLS_SHOWN: usize = 3;

impl Reader<'_> {
    /// `members` are those of the rule or limit that `scope` was made from.
    pub(super) fn check_types(&mut self, members: &BTreeMap<&str, &Node>, scope: &Scope) {
        let senses = scope.senses;
        let unless = members.get("unless").and_then(|unless| member(unless, "args"));
        let unless_if = members.get("unless").and_then(|unless| member(unless, "if"));
        let conditions = [
            (members.get("if").copied(), scope.condition.as_ref(), senses.args),
            (unless_if, scope.unless.as_ref().and_then(|unless| unless.condition.as_ref()), senses.unless),
        ];
        let Some(catalog) = self.catalog else {
            for (node, condition, _) in conditions {
                if let (Some(node), Some(condition)) = (node, condition) {
                    self.check_alone(node, condition);
                }
            }
            return;
        };
        let tools = self.tools_of(catalog, members.get("on").copied(), &scope.on);
        let shapes: Vec<(&Tool, &Shape)> =
            tools.iter().filter_map(|tool| Some((*tool, tool.arguments.as_ref()?))).collect();
        // What a pattern also covers beside tools has other arguments.
        let only_tools = scope.on.iter().all(|pattern| pattern.aim == Aim::Tool);
        for (node, condition, sense) in conditions {
            let (Some(node), Some(condition)) = (node, condition) else { continue };
            if shapes.is_empty() || !only_tools {
                self.check_alone(node, condition);
            } else {
                let doubts = shapes.iter().map(|(tool, shape)| (*tool, self.doubts(node, condition, shape)));
                let doubts = doubts.collect();
                self.report(doubts, sense);
            }
        }
        if shapes.is_empty() || !only_tools {
            return;
        }
        for (node, sense) in [(members.get("args").copied(), senses.args), (unless, senses.unless)] {
            let Some(node) = node else { continue };
            let doubts = shapes.iter().map(|(tool, shape)| (*tool, about_args(node, shape))).collect();
            self.report(doubts, sense);
        }
        if let Some(sum) = members.get("sum") {
            let doubts = shapes.iter().map(|(tool, shape)| (*tool, super::shapes::about_sum(sum, shape)));
            let doubts = doubts.collect();
            self.report(doubts, Sense::Any);
        }
    }

    /// What can have no answer for any tool.
    fn check_alone(&mut self, node: &Node, condition: &Condition) {
        for finding in condition.check(None) {
            let Some(text) = node.scalar() else { continue };
            let span = self.place_in(node, text, &finding.fault.span);
            self.problem(&span, finding.fault.message, finding.fault.help);
        }
    }

    fn doubts(&self, node: &Node, condition: &Condition, shape: &Shape) -> Vec<Doubt> {
        let text = node.scalar().unwrap_or_default();
        let found = condition.check(Some(shape)).into_iter();
        found
            .map(|finding| Doubt {
                span: self.place_in(node, text, &finding.fault.span),
                message: finding.fault.message,
                help: finding.fault.help,
                kind: finding.kind,
                // An argument that is not there makes the condition an error.
                fails: true,
            })
            .collect()
    }

    /// What is so for all tools is an error; what is so for some is a warning where it counts against their calls.
    fn report(&mut self, doubts: Vec<(&Tool, Vec<Doubt>)>, sense: Sense) {
        let all = doubts.len();
        let mut places: BTreeMap<(usize, usize, FindingKind), (Doubt, Vec<&Tool>)> = BTreeMap::new();
        for (tool, doubts) in doubts {
            for doubt in doubts {
                let key = (doubt.span.start, doubt.span.end, doubt.kind);
                let (_, tools) = places.entry(key).or_insert_with(|| (doubt, Vec::new()));
                if tools.last().is_none_or(|last| !std::ptr::eq(*last, tool)) {
                    tools.push(tool);
                }
            }
        }
        for (doubt, tools) in places.into_values() {
            let message = format!("{} in {}", doubt.message, named(&tools));
            let every = tools.len() == all;
            match doubt.kind {
                FindingKind::Certain | FindingKind::Unknown | FindingKind::Absent if every => {
                    self.problem(&doubt.span, message, doubt.help);
                }
                FindingKind::Certain => {
                    self.warn("schema-mismatch", &doubt.span, message, doubt.help);
                }
                FindingKind::Unknown | FindingKind::Optional if doubt.fails && sense != Sense::Every => {
                    let help = "an error counts against the call; ask with `has(…)` first, or write a rule for these tools";
                    self.warn("schema-mismatch", &doubt.span, message, Some(help.to_owned()));
                }
                FindingKind::Unknown | FindingKind::Optional | FindingKind::Absent => {}
            }
        }
    }

    /// The tools that a rule is about. A pattern over a known server that names none of its tools is a mistake.
    fn tools_of<'c>(
        &mut self,
        catalog: &'c Catalog,
        on: Option<&Node>,
        patterns: &[TargetPattern],
    ) -> Vec<&'c Tool> {
        let nodes: Vec<&Node> = match on.map(|on| (on, &on.form)) {
            Some((_, Form::List(nodes))) => nodes.iter().collect(),
            Some((on, Form::Scalar { .. } | Form::Map(_))) => vec![on],
            None => Vec::new(),
        };
        let mut out: Vec<&Tool> = Vec::new();
        for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| pattern.aim == Aim::Tool) {
            let found = catalog.tools().iter().filter(|tool| names(pattern, tool));
            let before = out.len();
            out.extend(found);
            // With a pattern that could not be read, the places would be those of others.
            let node = nodes.get(index).filter(|_| nodes.len() == patterns.len());
            if let Some(node) = node.filter(|_| out.len() == before) {
                self.names_nothing(catalog, node, pattern);
            }
        }
        out.sort_by_key(|tool| (&tool.server, &tool.name));
        out.dedup_by(|one, other| std::ptr::eq(*one, *other));
        out
    }

    fn names_nothing(&mut self, catalog: &Catalog, node: &Node, pattern: &TargetPattern) {
        let known = |server: &&str| pattern.server.matches(server, &crate::scope::folded(server), true);
        if matches!(pattern.server, Name::Any) || !catalog.servers().any(|server| known(&server)) {
            *self.unchecked = self.unchecked.saturating_add(1);
            return;
        }
        let written = node.scalar().unwrap_or_default();
        let locked = catalog.tools().iter().filter(|tool| known(&tool.server.as_str()));
        let names: Vec<String> = locked.map(|tool| format!("{}/{}", tool.server, tool.name)).collect();
        let help = unknown_help(written, names.iter().map(String::as_str));
        self.problem(&node.span, format!("`{written}` matches no tool of the lock file"), Some(help));
    }
}

/// True if the pattern may be about the tool. Case is ignored: a rule over `Read` is about `read` for everybody but an allow.
fn names(pattern: &TargetPattern, tool: &Tool) -> bool {
    pattern.server.matches(&tool.server, &tool.server_folded, true)
        && match &pattern.object {
            Object::Name(name) => name.matches(&tool.name, &tool.name_folded, true),
            Object::Uri(_) => false,
        }
}

fn named(tools: &[&Tool]) -> String {
    let shown: Vec<String> =
        tools.iter().take(TOOLS_SHOWN).map(|tool| format!("`{}/{}`", tool.server, tool.name)).collect();
    let more = tools.len().saturating_sub(TOOLS_SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", shown.join(", "))
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    match &node.form {
        Form::Map(pairs) => pairs.iter().find(|(key, _)| key.scalar() == Some(name)).map(|(_, value)| value),
        Form::List(_) | Form::Scalar { .. } => None,
    }
}
