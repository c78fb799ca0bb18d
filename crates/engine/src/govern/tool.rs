//! Calls of tools.

use std::sync::Arc;

use bailiwick_mcp::{Item, Malformation, Splice, Timestamp, Value};
use bailiwick_policy::{Drift, Target, Verdict};

use crate::decision::{Arguments, Reason};
use crate::engine::{Engine, Judgement};
use crate::reply::Refusal;

impl Engine {
    pub(crate) fn tool<'a>(
        &mut self,
        at: Timestamp,
        params: Option<Value<'a>>,
        modern: bool,
        splice: &mut Splice,
    ) -> Judgement<'a> {
        let Some(name) = params.and_then(|params| params.get("name")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.name` is not a string");
        };
        let arguments = params.and_then(|params| params.get("arguments"));
        if arguments.is_some_and(|arguments| !arguments.is_object()) {
            return Judgement::protocol(-32602, "`params.arguments` is not an object");
        }
        if modern && !self.headers_agree(&name, arguments) {
            return Judgement::protocol(Malformation::Header.code(), Malformation::Header.to_string());
        }
        let server = Arc::clone(&self.settings.server);
        let target = Target::Tool { server: &server, name: &name };
        // Asked once, for the guards and for the record.
        let known = self.known(&target, arguments);
        let (mut verdict, mut reasons) = self.decide(at, &target, arguments);
        // What these very arguments let pass is not hidden.
        let hidden = verdict == Verdict::Deny && self.hides(&target);
        verdict = verdict.max(self.inspect_arguments(&target, arguments, known, &mut reasons));
        if let Some(suspect) = self.offer.suspect(&name) {
            verdict = verdict.max(Verdict::Ask);
            reasons.push(suspect.clone());
        }
        let mut may_be_task = true;
        if self.policy.restricts_tasks() {
            let (asked, may) = self.asks_for_task(params, modern, splice, &mut reasons);
            (verdict, may_be_task) = (verdict.max(asked), may);
        }
        let mut unknown = hidden || self.offer.is_withheld(Item::Tool, &name);
        if let Some((pinned, reason)) = self.pin_verdict(Item::Tool, &name) {
            // Only a list that was seen to its end says that something is not there.
            let listed = !self.offer.is_complete(Item::Tool) || self.offer.was_offered(Item::Tool, &name);
            unknown |= pinned == Verdict::Deny && !listed;
            verdict = verdict.max(pinned);
            reasons.push(reason);
        }
        let refusal = if unknown {
            verdict = Verdict::Deny;
            Refusal::error(-32602, format!("Unknown tool: {name}"))
        } else if verdict == Verdict::Allow {
            Refusal::Silent
        } else {
            Refusal::Tool { text: self.denial(&reasons), modern }
        };
        self.spend_allowed(at, &target, arguments, verdict);
        let arguments = arguments.map(Arguments::View);
        let target = Some(name);
        let maskless = known.maskless;
        Judgement {
            verdict,
            reasons,
            refusal,
            target,
            arguments,
            maskless,
            may_be_task,
            ..Judgement::allow()
        }
    }

    /// Whether the arguments that are headers too are the same in both. Without headers there is nothing to compare.
    fn headers_agree(&self, tool: &str, arguments: Option<Value<'_>>) -> bool {
        self.beside.as_ref().is_none_or(|beside| beside.agree(self.offer.headers_of(tool), arguments))
    }

    /// What the pins say against a call of `name`: its definition differs, or it is not in the list at all.
    pub(crate) fn pin_verdict(&self, item: Item, name: &str) -> Option<(Verdict, Reason)> {
        let complete = self.offer.is_complete(item);
        let change = match (self.offer.drift_of(item, name), self.run.listing_failed.get(&item)) {
            (Some(change), _) => change.to_owned(),
            (None, Some((cause, _))) if !complete => {
                format!("the server's {} could not be listed: {cause}", item.member())
            }
            (None, _) if complete && !self.offer.was_seen(item, name) => {
                "not in the server's list".to_owned()
            }
            (None, _) => return None,
        };
        Some((self.drift_verdict(), Reason::Pin { name: name.to_owned(), change }))
    }

    /// What the policy says of anything that differs from its pin.
    pub(crate) fn drift_verdict(&self) -> Verdict {
        match self.policy.pins().drift {
            Drift::Deny => Verdict::Deny,
            Drift::Ask => Verdict::Ask,
            Drift::Warn => Verdict::Allow,
        }
    }
}
