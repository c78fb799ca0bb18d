//! Reading resources and listening to them.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::{Item, Kind, Splice, Timestamp, Value};
use bailiwick_policy::{Target, Verdict};

use crate::asked::{Listening, TASK_IDS, URIS};
use crate::decision::Reason;
use crate::engine::{Engine, Judgement};
use crate::reply::{DENIED, Refusal};

impl Engine {
    pub(crate) fn resource<'a>(
        &mut self,
        at: Timestamp,
        params: Option<Value<'a>>,
        modern: bool,
    ) -> Judgement<'a> {
        let Some(uri) = params.and_then(|params| params.get("uri")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.uri` is not a string");
        };
        let server = Arc::clone(&self.settings.server);
        let target = Target::Resource { server: &server, uri: &uri };
        let (mut verdict, mut reasons) = self.decide(at, &target, None);
        if let Some((pinned, reason)) = self.template_pin(&uri) {
            verdict = verdict.max(pinned);
            reasons.push(reason);
        }
        let refusal = if self.hides(&target) {
            verdict = Verdict::Deny;
            Refusal::error(if modern { -32602 } else { -32002 }, "Resource not found")
        } else {
            Refusal::error(DENIED, self.denial(&reasons))
        };
        self.spend_allowed(at, &target, None, verdict);
        Judgement { verdict, reasons, refusal, target: Some(uri), ..Judgement::allow() }
    }

    /// What the pins say against a URI, or a template: that of the templates that it may come from the nearest one differs.
    pub(crate) fn template_pin(&self, uri: &str) -> Option<(Verdict, Reason)> {
        let item = Item::ResourceTemplate;
        let failed = self.run.listing_failed.get(&item).filter(|_| !self.offer.is_complete(item));
        let failed =
            failed.map(|(cause, _)| format!("the server's {} could not be listed: {cause}", item.member()));
        let (template, change) = self.offer.template_change(uri, failed.as_deref())?;
        Some((self.drift_verdict(), Reason::Pin { name: template.to_owned(), change }))
    }

    /// Listening to a resource is reading it: URIs that may not be read are cut out, and tasks of others too.
    pub(crate) fn listen<'a>(&mut self, params: Option<Value<'a>>, splice: &mut Splice) -> Judgement<'a> {
        let mut judgement = Judgement::allow();
        let wanted = params.and_then(|params| params.get("notifications"));
        let uris = wanted.and_then(|wanted| wanted.get("resourceSubscriptions"));
        let tasks = [wanted, params].map(|place| place.and_then(|place| place.get("taskIds")));
        if tasks.iter().chain([&uris]).flatten().any(|list| list.kind() != Kind::Array) {
            return Judgement::protocol(-32602, "what is listened to is no list");
        }
        let server = Arc::clone(&self.settings.server);
        let room = self.room_to_listen();
        let mut listening = Box::new(Listening::default());
        for (kind, value) in wanted.into_iter().flat_map(Value::members) {
            let kind = kind.text().unwrap_or_default();
            if value.boolean() != Some(false) && kind != URIS && kind != TASK_IDS {
                listening.note(&kind, std::iter::empty(), room);
            }
        }
        let mut elements = Vec::new();
        for element in uris.into_iter().flat_map(Value::elements) {
            let uri = element.text().unwrap_or_default();
            let (mut verdict, mut reasons) =
                self.rules(&Target::Resource { server: &server, uri: &uri }, None);
            if let Some((pinned, reason)) = self.template_pin(&uri) {
                verdict = verdict.max(pinned);
                reasons.push(reason);
            }
            elements.push((element.span(), verdict == Verdict::Allow));
            if verdict != Verdict::Allow {
                // Each once: a list names far more URIs than a policy has rules.
                let known = &mut judgement.reasons;
                for reason in reasons {
                    if !known.contains(&reason) {
                        known.push(reason);
                    }
                }
            }
        }
        let kept = |elements: &[((usize, usize), bool)], list: Value<'a>| {
            let kept = list.elements().zip(elements).filter(|(_, (_, keep))| *keep);
            kept.filter_map(|(name, _)| name.text().map(Cow::into_owned)).collect::<Vec<_>>()
        };
        if let Some(list) = uris {
            listening.note(URIS, kept(&elements, list).into_iter(), room);
        }
        splice.retain(&elements);
        for list in tasks.into_iter().flatten() {
            let elements: Vec<_> = list.elements().map(|id| (id.span(), self.may_hear_of_task(id))).collect();
            listening.note(TASK_IDS, kept(&elements, list).into_iter(), room);
            splice.retain(&elements);
        }
        judgement.listening = Some(listening);
        judgement
    }
}
