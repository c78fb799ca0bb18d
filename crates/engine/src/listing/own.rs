//! Our own lists: what is used before the client asked for a list is compared all the same.

use std::sync::Arc;

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::message::keys_clear;
use bailiwick_mcp::{Direction, Governed, Id, Item, Kind, Message, Timestamp, Value, method};

use crate::asked::{Asked, URIS};
use crate::decision::{Effect, Event, Outcome, Reason};
use crate::engine::Engine;
use crate::govern::completed;
use crate::permit::Permitted;
use crate::result::{ASKING, asks_back};
use crate::run::{LISTING_PAGES_MAX, LISTING_US_MAX, Listing, Origin, Pending, Told, Waiting};

/// What the ids of our own requests begin with, before what nobody can guess.
const OWN: &str = "bailiwick-";

impl Engine {
    /// For looking back, where no server answers: what is used before its list was seen is decided without it.
    pub fn fetch_nothing(&mut self) {
        self.run.fetches_nothing = true;
    }

    /// What is used before its list was seen waits while we fetch the list.
    pub(crate) fn list_first<'a>(
        &mut self,
        at: Timestamp,
        message: &Message<'a>,
        governed: Governed,
        out: &mut Vec<Outcome<'a>>,
    ) -> ListFirst {
        let Some(item) = self.listed_as(governed, message.params()) else { return ListFirst::Known };
        self.give_up_listing(at, out);
        let failed = self.run.listing_failed.get(&item);
        let failed_lately = failed.is_some_and(|(_, when)| at < when.plus_micros(LISTING_AGAIN_US));
        if self.offer.is_fresh(item) || failed_lately || self.run.fetches_nothing {
            return ListFirst::Known;
        }
        let waiting_bytes: usize = self.run.waiting.iter().map(|call| call.bytes.len()).sum();
        let limits = &self.settings.limits;
        if self.run.waiting.len() >= limits.pending_max || waiting_bytes > limits.message_bytes_max {
            return ListFirst::Full;
        }
        let bytes = message.raw().as_bytes().to_vec();
        let (lane, id) = (self.run.lane(), message.id().cloned().map(Id::into_owned));
        self.run.waiting.push(Waiting { lane, id, at, bytes, beside: self.beside.clone() });
        if self.run.listing.is_none() {
            let meta = Engine::stated_meta(message);
            out.push(self.fetch_page(at, item, (0, None), meta));
        }
        ListFirst::Waits
    }

    /// The list that says whether what a request is about is as it was pinned, if there is one.
    ///
    /// Every tool is looked at before it is called. Of prompts and templates a server may have none that it lists: they are
    /// where a lock file says what they were.
    fn listed_as(&self, governed: Governed, params: Option<Value<'_>>) -> Option<Item> {
        if governed == Governed::Tool {
            return Some(Item::Tool);
        }
        if !self.offer.locked {
            return None;
        }
        let text = |key| params.and_then(|params| params.get(key)).and_then(Value::text);
        let (item, name) = match governed {
            Governed::Prompt => (Item::Prompt, text("name")?),
            Governed::Resource => (Item::ResourceTemplate, text("uri")?),
            Governed::Completion => completed(params)?,
            Governed::Listen => return self.listened_as(params),
            _ => return None,
        };
        let pinned = self.offer.pinned.of(item)?;
        let concerns = match item {
            Item::ResourceTemplate => self.offer.may_expand_to(&name),
            _ => pinned.contains_key(&*name),
        };
        concerns.then_some(item)
    }

    /// The same of what is listened to.
    fn listened_as(&self, params: Option<Value<'_>>) -> Option<Item> {
        let uris = params?.get("notifications")?.get(URIS)?;
        let concerns = |uri: Value<'_>| uri.text().is_some_and(|uri| self.offer.may_expand_to(&uri));
        uris.elements().any(concerns).then_some(Item::ResourceTemplate)
    }

    /// Our own listing came to nothing: what waits is decided without it, which is a reason against it.
    pub(crate) fn listing_fails(&mut self, at: Timestamp, cause: &str) {
        if let Some(listing) = self.run.listing.take() {
            self.run.listing_failed.insert(listing.item, (cause.to_owned(), at));
        }
    }

    /// A server says that a list changed: what is used of it next is compared with a new one.
    pub(crate) fn note_changed_list(&mut self, method: Option<&str>) {
        let item = match method {
            Some("notifications/tools/list_changed") => Item::Tool,
            Some("notifications/prompts/list_changed") => Item::Prompt,
            Some("notifications/resources/list_changed") => Item::ResourceTemplate,
            Some(_) | None => return,
        };
        if self.offer.is_fresh(item) {
            Arc::make_mut(&mut self.offer).set_stale(item);
        }
    }

    /// True for an id like those of our own requests, in whatever run.
    #[must_use]
    pub fn may_be_own(id: &Id<'_>) -> bool {
        matches!(id, Id::Text(text) if text.starts_with(OWN))
    }

    /// True for an id that one of our own requests may have.
    pub(crate) fn is_own_id(&self, id: &str) -> bool {
        let rest = id.strip_prefix(OWN).and_then(|rest| rest.strip_prefix(self.settings.nonce.as_str()));
        rest.is_some_and(|rest| rest.starts_with('-'))
    }

    fn fetch_page<'a>(
        &mut self,
        at: Timestamp,
        item: Item,
        (page, cursor): (u32, Option<&str>),
        meta: Option<String>,
    ) -> Outcome<'a> {
        let method = item.listed_by();
        // No id is used twice.
        let id: Id<'static> = Id::Text(format!("{OWN}{}-{}", self.settings.nonce, self.run.listings).into());
        let mut bytes = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        id.write(&mut bytes);
        bytes.extend_from_slice(br#","method":"#);
        escape_into(method, &mut bytes);
        bytes.extend_from_slice(br#","params":{"#);
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
        self.run.listings += 1;
        let call = self.run.next_call();
        let modern = meta.is_some();
        let pending = Pending {
            call,
            at,
            method: method::find(method),
            unknown: None,
            target: None,
            modern,
            origin: Origin::Own,
            token: None,
            told: Told::default(),
            sent: None,
            asked: Asked::default(),
            sampled: 0,
            from_start: false,
        };
        self.run.to_server.insert(id.clone(), pending);
        let deadline = at.plus_micros(LISTING_US_MAX);
        let lane = self.run.lane();
        self.run.listing = Some(Listing { lane, item, id: id.clone(), pages: page + 1, deadline, meta });
        let mut decision = self.decision(at, Event::Decision, Direction::ToServer);
        decision.call = call;
        decision.id = Some(id);
        decision.method = method.into();
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
        let (item, requests) = (listing.item, self.run.calls);
        let mut fails = |cause: &str| drop(self.run.listing_failed.insert(item, (cause.to_owned(), at)));
        match result {
            Err(cause) => fails(&cause),
            Ok(result) if !is_list(result, item) => fails("the answer is no such list"),
            Ok(result) => {
                for element in result.get(item.member()).map(Value::elements).into_iter().flatten() {
                    if let Some(name) = element.get(item.key()).and_then(Value::text) {
                        Arc::make_mut(&mut self.offer).observe(item, &name, element, requests);
                    }
                }
                match result.get("nextCursor").and_then(Value::text) {
                    Some(cursor) if listing.pages < LISTING_PAGES_MAX => {
                        out.push(self.fetch_page(at, item, (listing.pages, Some(&cursor)), listing.meta));
                        return;
                    }
                    Some(_) => fails("the list does not end"),
                    None => Arc::make_mut(&mut self.offer).set_complete(item),
                }
            }
        }
        self.release_waiting(at, out);
    }

    pub(crate) fn release_waiting(&mut self, at: Timestamp, out: &mut Vec<Outcome<'_>>) {
        let here = self.run.lane();
        for Waiting { lane, bytes, beside, .. } in std::mem::take(&mut self.run.waiting) {
            self.run.enter(lane);
            self.receive_kept(at, Direction::ToServer, (&bytes, beside), out);
        }
        self.run.enter(here);
    }

    /// Passing time: our own listing is given up at its deadline. Call it a few times a second.
    pub fn tick(&mut self, at: Timestamp, out: &mut Vec<Outcome<'static>>) {
        self.tell_waiting(at, out);
        self.give_up_listing(at, out);
        self.gather_answers(out);
    }

    /// Ends our own listing if its time is over, and decides over what waited for it.
    fn give_up_listing(&mut self, at: Timestamp, out: &mut Vec<Outcome<'_>>) {
        let Some(listing) = self.run.listing.as_ref().filter(|listing| listing.deadline <= at) else {
            return;
        };
        let (lane, id) = (listing.lane, listing.id.clone());
        let here = self.run.enter(lane);
        let why = "no answer in time";
        if let Some(pending) = self.run.to_server.remove(&id) {
            out.push(self.ended(at, id, pending, why));
        }
        self.own_listing_answered(at, Err(why.to_owned()), out);
        self.run.enter(here);
    }
}

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

/// True for a page of a list that can be read to its end, and nothing else.
fn is_list(result: Value<'_>, item: Item) -> bool {
    let cursor = result.get("nextCursor");
    result.get(item.member()).is_some_and(|list| list.is_array())
        && !asks_back(result)
        && keys_clear(result, &ASKING)
        && cursor.is_none_or(|cursor| cursor.text().is_some() || cursor.kind() == Kind::Null)
}
