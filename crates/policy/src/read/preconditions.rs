//! `preconditions`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::Reader;
use super::limits::{EFFECTS, PER};
use super::sequences::{COUNTS, Use, written};
use crate::args::Sense;
use crate::history::{Condition, Count, Part, Precondition, Step, StepPart};
use crate::model::{Effect, Per};
use crate::scope::Senses;
use crate::tree::Node;
use crate::words;

/// What a precondition is about, with the call that it speaks of and the place of the id that it names.
struct Wanted {
    condition: Condition,
    event: Option<StepPart>,
    approval_span: Range<usize>,
}

impl Reader<'_> {
    pub(super) fn precondition(&mut self, node: &Node) -> Option<Part<Precondition>> {
        let members = self.members(node, &words::PRECONDITION, "a precondition")?;
        let id = self.id(node, members.get("id").copied(), "precondition");
        let wanted = self.wanted(node, &members);
        let hours = members.get("hours").map(|hours| self.hours(hours));
        if !["needs", "not-after", "hours"].iter().any(|key| members.contains_key(key)) {
            let help =
                "add `needs: { approval: RULE }`, `needs: { call: TARGET }`, `not-after: TARGET` or `hours`";
            self.wrong(node, "a precondition without a condition", help);
        }
        let within_ms = members.get("within").and_then(|within| self.duration(within));
        if let (Some(within), false, false) =
            (members.get("within"), members.contains_key("needs"), members.contains_key("not-after"))
        {
            self.wrong(within, "`within` beside `hours` alone", "it belongs to `needs` and `not-after`");
        }
        let count = members.get("count").map(|count| self.choice(count, "value of `count`", &COUNTS));
        if let (Some(count), false) = (members.get("count"), members.contains_key("not-after")) {
            self.wrong(count, "`count` without `not-after`", "what is needed has succeeded");
        }
        let calls = members.contains_key("not-after")
            || wanted.as_ref().is_some_and(|wanted| matches!(wanted.condition, Condition::Call(_)));
        if let (Some(same), false) = (members.get("same"), calls) {
            self.wrong(
                same,
                "`same` without another call",
                "it belongs to `not-after` and to `needs: { call: … }`",
            );
        }
        let loosens = wanted.as_ref().is_some_and(|wanted| matches!(wanted.condition, Condition::Call(_)));
        let sense = if loosens { Sense::Every } else { Sense::Any };
        let same = members.get("same").and_then(|same| self.same(same, sense));
        let scope = self.scope(node, &members, Senses::of(Effect::Deny));
        let effect =
            members.get("effect").map(|effect| self.choice(effect, "effect of a precondition", &EFFECTS));
        let per = members.get("per").and_then(|per| self.choice(per, "value of `per`", &PER));
        let reason = self.reason(&members);
        let who = members.get("for").map(|who| self.who(who)).unwrap_or_default();
        let (id, id_node) = id?;
        let own = Step { written: written(&members), succeeded: false, digest: 0 };
        let (condition, event, approval_span) = match wanted {
            Some(wanted) => (Some(wanted.condition), wanted.event, wanted.approval_span),
            None => (None, None, 0..0),
        };
        // The scope of the precondition is the last step.
        let own = StepPart { scope: scope?, same, step: own };
        Some(Part {
            about: Precondition {
                id,
                file: Arc::clone(&self.file),
                line: self.line(id_node),
                reason,
                effect: effect.unwrap_or(Some(Effect::Deny))?,
                per: per.unwrap_or(Per::Run),
                within_ms,
                count: count.unwrap_or(Some(Count::Forwarded))?,
                condition,
                hours: hours.flatten(),
            },
            who: Arc::new(who),
            steps: event.into_iter().chain([own]).collect(),
            source: self.source,
            id_span: id_node.span.clone(),
            approval_span,
        })
    }

    fn wanted(&mut self, node: &Node, members: &BTreeMap<&str, &Node>) -> Option<Wanted> {
        let same = members.get("same").copied();
        match (members.get("needs"), members.get("not-after")) {
            (Some(_), Some(second)) => {
                self.wrong(second, "`not-after` beside `needs`", "write two preconditions");
                None
            }
            (Some(needs), None) => self.needs(needs, same),
            (None, Some(event)) => {
                let event = self.step(event, same, Use::Tighten, "`not-after`")?;
                let condition = Condition::NotAfter(event.step.clone());
                Some(Wanted { condition, event: Some(event), approval_span: node.span.clone() })
            }
            (None, None) => None,
        }
    }

    fn needs(&mut self, node: &Node, same: Option<&Node>) -> Option<Wanted> {
        let members = self.members(node, &words::NEEDS, "`needs`")?;
        match (members.get("approval"), members.get("call")) {
            (Some(approval), None) => {
                let id = self.word(approval, "`approval`")?;
                let condition = Condition::Approval(id.to_owned());
                Some(Wanted { condition, event: None, approval_span: approval.span.clone() })
            }
            (None, Some(call)) => {
                let event = self.step(call, same, Use::Loosen, "`call`")?;
                let condition = Condition::Call(event.step.clone());
                Some(Wanted { condition, event: Some(event), approval_span: node.span.clone() })
            }
            (Some(_), Some(_)) | (None, None) => {
                let help = "either `needs: { approval: RULE }` or `needs: { call: TARGET }`";
                self.wrong(node, "`needs` must name one thing", help);
                None
            }
        }
    }
}
