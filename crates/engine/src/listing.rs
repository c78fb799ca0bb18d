//! Lists: filtered item by item, pinned or compared, and fetched by us when a call comes before any list.

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::message::listing_clear;
use bailiwick_mcp::{Direction, Id, Item, Message, Splice, Timestamp, Value};
use bailiwick_policy::{Drift, Target, Verdict};

use crate::decision::{Action, Effect, Event, Outcome, Reason};
use crate::engine::{Engine, Judgement};
use crate::inspect::{About, Inspection, Neighbours};
use crate::permit::Permitted;
use crate::reply::{Refusal, WITHHELD};
use crate::request::changed;
use crate::run::{LISTING_PAGES_MAX, LISTING_US_MAX, Listing, Origin, Pending, Told, Waiting};

impl Engine {
    /// Takes it that the server offers the tool that `message` calls, so that one message can be explained by itself.
    pub fn offer_for_explanation(&mut self, message: &Message<'_>) {
        let name = message.params().and_then(|params| params.get("name"));
        if let (Some("tools/call"), Some(value)) = (message.method(), name)
            && let Some(name) = value.text()
        {
            // The name alone stands for the tool: every call of it shows the same one.
            Arc::make_mut(&mut self.offer.pinned).add(Item::Tool, &name, value);
            self.offer.observe(Item::Tool, &name, value);
        }
        self.offer.set_complete(Item::Tool);
    }

    /// A call before the list was seen waits while we fetch the list.
    pub(crate) fn list_first<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        out: &mut Vec<Outcome<'a>>,
    ) -> ListFirst {
        let failed_lately =
            self.run.listing_failed.as_ref().is_some_and(|(_, when)| at < when.plus_micros(LISTING_AGAIN_US));
        if self.offer.is_complete(Item::Tool) || failed_lately || !self.enforces() {
            return ListFirst::Known;
        }
        let waiting_bytes: usize = self.run.waiting.iter().map(|call| call.bytes.len()).sum();
        let limits = &self.settings.limits;
        if self.run.waiting.len() >= limits.pending_max || waiting_bytes > limits.message_bytes_max {
            return ListFirst::Full;
        }
        let bytes = message.raw().as_bytes().to_vec();
        self.run.waiting.push(Waiting { lane: self.run.lane(), bytes, beside: self.beside.clone() });
        if self.run.listing.is_none() {
            let meta = Engine::stated_meta(message);
            out.push(self.fetch_page(at, 0, None, meta));
        }
        ListFirst::Waits
    }

    /// Our own listing came to nothing: the calls that wait are decided without it, which is a reason against them.
    pub(crate) fn listing_fails(&mut self, at: Timestamp, cause: &str) {
        self.run.listing = None;
        self.run.listing_failed = Some((cause.to_owned(), at));
    }

    fn fetch_page<'a>(
        &mut self,
        at: Timestamp,
        page: u32,
        cursor: Option<&str>,
        meta: Option<String>,
    ) -> Outcome<'a> {
        let id: Id<'static> = Id::Text(format!("bailiwick-{}-{page}", self.settings.nonce).into());
        let mut bytes = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        id.write(&mut bytes);
        bytes.extend_from_slice(br#","method":"tools/list","params":{"#);
        if let Some(cursor) = cursor {
            bytes.extend_from_slice(br#""cursor":"#);
            escape_into(cursor, &mut bytes);
        }
        if let Some(meta) = &meta {
            if cursor.is_some() {
                bytes.push(b',');
            }
            bytes.extend_from_slice(br#""_meta":"#);
            bytes.extend_from_slice(meta.as_bytes());
        }
        bytes.extend_from_slice(b"}}");
        let call = self.run.next_call();
        let modern = meta.is_some();
        let method = bailiwick_mcp::method::find("tools/list");
        let pending = Pending {
            call,
            at,
            method,
            target: None,
            modern,
            origin: Origin::Own,
            token: None,
            told: Told::default(),
            sent: None,
            sampled: 0,
        };
        self.run.to_server.insert(id.clone(), pending);
        let deadline = at.plus_micros(LISTING_US_MAX);
        let lane = self.run.lane();
        self.run.listing = Some(Listing { lane, id: id.clone(), pages: page + 1, deadline, meta });
        let mut decision = self.decision(at, Event::Decision, Direction::ToServer);
        decision.call = call;
        decision.id = Some(id);
        decision.method = "tools/list".into();
        decision.reasons.push(Reason::Protocol("bailiwick itself asks, before the first call".into()));
        let message = Permitted::new(bytes);
        Outcome { decision, effects: vec![Effect::Send { to: Direction::ToServer, message }] }
    }

    /// An answer to our own listing: pinned, and the calls that waited go on.
    pub(crate) fn own_listing_answered(
        &mut self,
        at: Timestamp,
        result: Result<Value<'_>, String>,
        out: &mut Vec<Outcome<'_>>,
    ) {
        let Some(listing) = self.run.listing.take() else { return };
        match result {
            Err(cause) => self.listing_fails(at, &cause),
            Ok(result) => {
                for tool in result.get(Item::Tool.member()).map(Value::elements).into_iter().flatten() {
                    if let Some(name) = tool.get(Item::Tool.key()).and_then(Value::text) {
                        self.offer.observe(Item::Tool, &name, tool);
                    }
                }
                match result.get("nextCursor").and_then(Value::text) {
                    Some(cursor) if listing.pages < LISTING_PAGES_MAX => {
                        out.push(self.fetch_page(at, listing.pages, Some(&cursor), listing.meta));
                        return;
                    }
                    Some(_) => self.listing_fails(at, "the list does not end"),
                    None => self.offer.set_complete(Item::Tool),
                }
            }
        }
        self.release_waiting(at, out);
    }

    pub(crate) fn release_waiting(&mut self, at: Timestamp, out: &mut Vec<Outcome<'_>>) {
        let here = self.run.lane();
        for Waiting { lane, bytes, beside } in std::mem::take(&mut self.run.waiting) {
            self.run.enter(lane);
            self.receive_kept(at, Direction::ToServer, (&bytes, beside), out);
        }
        self.run.enter(here);
    }

    /// Passing time: our own listing is given up at its deadline. Call it a few times a second.
    pub fn tick(&mut self, at: Timestamp, out: &mut Vec<Outcome<'static>>) {
        self.tell_waiting(at, out);
        let Some(listing) = self.run.listing.as_ref().filter(|listing| listing.deadline <= at) else {
            return;
        };
        let (lane, id) = (listing.lane, listing.id.clone());
        self.run.enter(lane);
        self.run.to_server.remove(&id);
        self.own_listing_answered(at, Err("no answer in time".to_owned()), out);
    }

    /// Filters a page of a list. The cursor and every byte of what stays are kept.
    pub(crate) fn list<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        item: Item,
        result: Value<'a>,
        pins: &mut Vec<Outcome<'a>>,
    ) -> Judgement<'a> {
        if !listing_clear(result, item) {
            // A client that reads keys without regard to case would see a second list, past this filter.
            let cause = "a key of the list in another case";
            return Judgement::deny(Reason::Protocol(cause.into()), Refusal::error(WITHHELD, cause));
        }
        let others = LISTS.iter().filter(|other| **other != item);
        let foreign = others.clone().any(|other| result.get(other.member()).is_some());
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
        let mut hidden = 0_usize;
        let list = result.get(item.member());
        let neighbours = Neighbours::of(item, list);
        for element in list.map(Value::elements).into_iter().flatten() {
            let name = element.get(item.key()).and_then(Value::text);
            let mut keep = match &name {
                Some(name) => names.insert(name.to_string()) && !self.hides_item(item, name),
                None => false,
            };
            if let Some(name) = &name {
                keep &= self.identity_holds(at, item, name, element, pins);
            }
            let mut inspection = Inspection::default();
            if let (true, Some(name)) = (keep, &name) {
                inspection = self.inspect_item(item, name, element, &neighbours);
                keep = !inspection.blocks();
                self.offer.set_withheld(item, name, !keep);
                judgement.reasons.append(&mut inspection.reasons);
            }
            if keep {
                splice.append(inspection.splice);
            } else {
                hidden += 1;
            }
            elements.push((element.span(), keep));
        }
        if item == Item::Tool && result.get("nextCursor").is_none() {
            self.offer.set_complete(Item::Tool);
        } else if result.get("nextCursor").is_none() {
            self.offer.set_complete(item);
        }
        splice.retain(&elements);
        if !splice.is_empty() {
            uncache(result, &mut splice);
        }
        if hidden > 0 {
            judgement.reasons.push(Reason::Protocol(format!("{hidden} of {} hidden", elements.len()).into()));
        }
        judgement.changed = changed(message, &splice);
        judgement
    }

    fn hides_item(&self, item: Item, name: &str) -> bool {
        let server = &self.settings.server;
        match item {
            Item::Tool => self.hides(&Target::Tool { server, name }),
            Item::Prompt => self.hides(&Target::Prompt { server, name }),
            // A template stands for many URIs: it is hidden only where none of them could be read.
            Item::Resource | Item::Skill | Item::ResourceTemplate => {
                self.hides(&Target::Resource { server, uri: name })
            }
            Item::Task => !self.run.tasks.contains_key(name),
        }
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
        let Some(change) = self.offer.observe(item, name, value) else { return true };
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

/// Whether a call can be decided now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListFirst {
    Known,
    Waits,
    /// Too much waits already.
    Full,
}

/// After our listing failed, calls are denied for so long before it is tried again, in microseconds.
const LISTING_AGAIN_US: i64 = 5_000_000;

/// A list that was changed for one caller must not be kept for another, nor outlive the policy (2026-07-28, caching).
pub(crate) fn uncache(result: Value<'_>, splice: &mut Splice) {
    if let Some(ttl) = result.get("ttlMs") {
        splice.replace(ttl.span(), "0");
    }
    if let Some(scope) = result.get("cacheScope") {
        splice.replace(scope.span(), "\"private\"");
    }
}
