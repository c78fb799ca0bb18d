//! Guards over one item of a list: its texts, and what a tool's definition asks of the agent that reads it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick_guard::{Beside, Guard};
use bailiwick_mcp::{Direction, Item, Value};
use bailiwick_policy::{GuardAction, GuardName, Target};

use super::edited::Edited;
use super::finding::{Case, Place};
use super::{About, Inspection};
use crate::engine::Engine;

/// The names that stand in one list.
#[derive(Debug, Default)]
pub(crate) struct Neighbours(BTreeSet<String>);

impl Neighbours {
    pub(crate) fn of(item: Item, list: Option<Value<'_>>) -> Neighbours {
        if item != Item::Tool {
            return Neighbours::default();
        }
        let names =
            list.map(Value::elements).into_iter().flatten().filter_map(|tool| tool.get(item.key())?.text());
        Neighbours(names.take(NEIGHBOURS_MAX).map(std::borrow::Cow::into_owned).collect())
    }
}

/// Names of a list beyond these are not compared.
const NEIGHBOURS_MAX: usize = 2_000;

impl Engine {
    /// What the guards say of one item that a server lists. A tool that a person should see first is noted.
    pub(crate) fn inspect_item(
        &mut self,
        item: Item,
        name: &str,
        element: Value<'_>,
        neighbours: &Neighbours,
    ) -> Inspection {
        let server = std::sync::Arc::clone(&self.settings.server);
        let target = match item {
            Item::Tool => Some(Target::Tool { server: &server, name }),
            Item::Prompt => Some(Target::Prompt { server: &server, name }),
            Item::Resource | Item::ResourceTemplate | Item::Skill => {
                Some(Target::Resource { server: &server, uri: name })
            }
            Item::Task => None,
        };
        let about = About { target, ..About::default() };
        let Some(mut inspector) = self.inspector(about, Direction::ToClient) else {
            return Inspection::default();
        };
        inspector.value(element);
        let mut asked = false;
        if item == Item::Tool && inspector.view.from(GuardName::ToolPoisoning).is_some() {
            let among: Vec<&str> = neighbours.0.iter().map(String::as_str).collect();
            let others: Vec<&str> = self.strangers.iter().map(String::as_str).collect();
            let beside = Beside { own: &among, others: &others };
            let verdict = inspector.scanner.judge_definition_beside(element, beside);
            let before = std::mem::take(&mut inspector.out.action);
            for finding in verdict.findings.iter().filter(|found| found.guard == Guard::ToolPoisoning) {
                let whole = bailiwick_guard::Finding { span: 0..0, ..finding.clone() };
                let (edited, mut edits) = (Edited::new(""), Vec::new());
                let mut case = Case {
                    view: &inspector.view,
                    about: &inspector.about,
                    at: inspector.at,
                    name: GuardName::ToolPoisoning,
                    text: "",
                    place: &Place::at(finding.span.start),
                    edited: &edited,
                    silent: false,
                    out: &mut inspector.out,
                    edits: &mut edits,
                };
                case.take(&whole);
            }
            // The list goes on; each call of such a tool is put to a person.
            asked = inspector.out.action == GuardAction::Ask;
            let action = if asked { GuardAction::Log } else { inspector.out.action };
            inspector.out.action = before.max(action);
        }
        let mut inspection = inspector.finish();
        // An item is not put to a person by itself.
        if inspection.asks() {
            inspection.action = GuardAction::Block;
        }
        if item == Item::Tool {
            let of_guard = |reason: &&crate::decision::Reason| {
                matches!(reason, crate::decision::Reason::Guard { guard: "tool-poisoning", .. })
            };
            let why = inspection.reasons.iter().find(of_guard).filter(|_| asked).cloned();
            Arc::make_mut(&mut self.offer).set_suspect(name, why);
        }
        self.take_in(&inspection);
        inspection
    }
}
