//! Lists: filtered item by item, pinned or compared, and fetched by us when a call comes before any list.

mod hidden;
mod own;

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick_mcp::message::listing_clear;
use bailiwick_mcp::{Direction, Item, Message, Splice, Timestamp, Value};
use bailiwick_policy::{Drift, Verdict};

use self::hidden::{Hidden, Why};
pub(crate) use self::own::ListFirst;
use crate::decision::{Action, Event, Outcome, Reason};
use crate::engine::{Engine, Judgement};
use crate::inspect::{About, Inspection, Neighbours};
use crate::reply::{Refusal, WITHHELD};
use crate::request::changed;
use crate::run::{Pending, TASKS_MAX};

impl Engine {
    /// Takes it that the server offers the tool that `message` calls, and that a call made the task that it names, so that one
    /// message can be explained by itself.
    pub fn offer_for_explanation(&mut self, message: &Message<'_>) {
        let name = message.params().and_then(|params| params.get("name"));
        if let (Some("tools/call"), Some(value)) = (message.method(), name)
            && let Some(name) = value.text()
        {
            // The name alone stands for the tool: every call of it shows the same one.
            let offer = Arc::make_mut(&mut self.offer);
            Arc::make_mut(&mut offer.pinned).add(Item::Tool, &name, value);
            offer.observe(Item::Tool, &name, value, 0);
        }
        let task = message.params().and_then(|params| params.get("taskId")).and_then(Value::text);
        if let Some(id) = task.filter(|_| self.run.tasks.len() < TASKS_MAX) {
            self.run.tasks.entry(id.into_owned()).or_default();
        }
        Arc::make_mut(&mut self.offer).set_complete(Item::Tool);
    }

    /// Filters a page of a list. The cursor and every byte of what stays are kept.
    pub(crate) fn list<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        item: Item,
        (result, pending): (Value<'a>, &Pending),
        pins: &mut Vec<Outcome<'a>>,
    ) -> Judgement<'a> {
        if !listing_clear(result, item) {
            // A client that reads keys without regard to case would see a second list, past this filter.
            let cause = "a key of the list in another case";
            return Judgement::deny(Reason::Protocol(cause.into()), Refusal::error(WITHHELD, cause));
        }
        let foreign = LISTS.iter().any(|other| *other != item && result.get(other.member()).is_some());
        if foreign || result.get(item.member()).is_some_and(|list| !list.is_array()) {
            let cause = "the answer is no such list";
            return Judgement::deny(Reason::Protocol(cause.into()), Refusal::error(WITHHELD, cause));
        }
        let mut judgement = Judgement::allow();
        let mut around =
            self.inspect_message(message, About::default(), Direction::ToClient, Some(item.member()));
        self.take_in(&around);
        // A list is not put to a person: what should be asked about is not shown.
        if around.blocks() || around.asks() {
            let cause = "a guard blocks what stands beside the list";
            let refusal = Refusal::error(WITHHELD, cause);
            return Judgement { verdict: Verdict::Deny, reasons: around.reasons, refusal, ..judgement };
        }
        judgement.reasons.append(&mut around.reasons);
        let mut splice = around.splice;
        let mut elements = Vec::new();
        let mut names = BTreeSet::new();
        let mut hidden = Hidden::default();
        let list = result.get(item.member());
        let neighbours = Neighbours::of(item, list);
        for element in list.map(Value::elements).into_iter().flatten() {
            let name = element.get(item.key()).and_then(Value::text);
            let mut keep = name.as_ref().is_some_and(|name| names.insert(name.to_string()));
            let mut why = if name.is_some() { Why::Again } else { Why::Nameless };
            if let Some(name) = &name {
                if keep && self.hides_item(item, name) {
                    (keep, why) = (false, Why::Rules);
                }
                if !self.identity_holds(at, item, name, element, pins) {
                    (keep, why) = (false, Why::Pin);
                }
            }
            let mut inspection = Inspection::default();
            if let (true, Some(name)) = (keep, &name) {
                inspection = self.inspect_item(item, name, element, &neighbours);
                keep = !inspection.blocks();
                why = Why::Guard;
                Arc::make_mut(&mut self.offer).set_withheld(item, name, !keep);
                judgement.reasons.append(&mut inspection.reasons);
            }
            if keep {
                splice.append(inspection.splice);
            } else {
                let words = hidden.has_room().then(|| self.why_hidden(item, name.as_deref(), why));
                hidden.add(name.as_deref(), words);
            }
            elements.push((element.span(), keep));
        }
        if result.get("nextCursor").is_none() {
            let offer = Arc::make_mut(&mut self.offer);
            offer.set_complete(item);
            if pending.from_start {
                offer.forgive(item, &names, pending.call);
            }
        }
        splice.retain(&elements);
        if !splice.is_empty() {
            uncache(result, &mut splice);
        }
        judgement.reasons.extend(odd_names(item, list));
        if let Some(words) = hidden.words(elements.len()) {
            judgement.reasons.push(Reason::Hidden(words));
        }
        judgement.changed = changed(message, &splice);
        judgement
    }

    /// Pins or compares one item; false if the policy denies what differs.
    fn identity_holds(
        &mut self,
        at: Timestamp,
        item: Item,
        name: &str,
        value: Value<'_>,
        pins: &mut Vec<Outcome<'_>>,
    ) -> bool {
        let requests = self.run.calls;
        let Some(change) = Arc::make_mut(&mut self.offer).observe(item, name, value, requests) else {
            return true;
        };
        let drift = self.policy.pins().drift;
        let mut decision = self.decision(at, Event::Pin, Direction::ToClient);
        decision.method = item.member().into();
        decision.target = Some(name.to_owned().into());
        decision.verdict = self.drift_verdict();
        let dropped = drift == Drift::Deny && self.enforces();
        decision.action = if dropped { Action::Dropped } else { Action::Forwarded };
        decision.reasons.push(Reason::Pin { name: name.to_owned(), change });
        pins.push(Outcome { decision, effects: Vec::new() });
        drift != Drift::Deny
    }
}

/// Everything that is listed: a list of another kind has no place in an answer.
const LISTS: [Item; 6] =
    [Item::Tool, Item::Prompt, Item::Resource, Item::ResourceTemplate, Item::Task, Item::Skill];

/// Names of tools that are not what the specification has them be (`A-Z a-z 0-9 _ . -`, at most 128 of them): clients read them in
/// different ways.
fn odd_names(item: Item, list: Option<Value<'_>>) -> Option<Reason> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let is_odd = |name: &str| !(1..=NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(is_usual);
    let elements = list.filter(|_| item == Item::Tool)?.elements();
    let mut odd = elements.filter_map(|tool| tool.get("name")?.text()).filter(|name| is_odd(name));
    let first = odd.next()?;
    let first = first.get(..first.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default().escape_debug();
    Some(Reason::Protocol(
        format!("names of {} tools are of unusual form, `{first}` first", odd.count() + 1).into(),
    ))
}

/// Of a tool.
const NAME_BYTES_MAX: usize = 128;

/// A list that was changed for one caller must not be kept for another, nor outlive the policy (2026-07-28, caching).
pub(crate) fn uncache(result: Value<'_>, splice: &mut Splice) {
    if let Some(ttl) = result.get("ttlMs") {
        splice.replace(ttl.span(), "0");
    }
    if let Some(scope) = result.get("cacheScope") {
        splice.replace(scope.span(), "\"private\"");
    }
}
