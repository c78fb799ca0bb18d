//! Prompts, and completions of what they or templates leave open.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::{Item, Timestamp, Value};
use bailiwick_policy::{Target, Verdict};

use crate::decision::{Arguments, Reason};
use crate::engine::{Engine, Judgement};
use crate::foresight::Known;
use crate::reply::{DENIED, Refusal};

impl Engine {
    pub(crate) fn prompt<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>) -> Judgement<'a> {
        let Some(name) = params.and_then(|params| params.get("name")).and_then(Value::text) else {
            return Judgement::protocol(-32602, "`params.name` is not a string");
        };
        let arguments = params.and_then(|params| params.get("arguments"));
        if arguments.is_some_and(|arguments| !arguments.is_object()) {
            return Judgement::protocol(-32602, "`params.arguments` is not an object");
        }
        let server = Arc::clone(&self.settings.server);
        let target = Target::Prompt { server: &server, name: &name };
        let (mut verdict, mut reasons) = self.decide(at, &target, arguments);
        verdict = verdict.max(self.inspect_arguments(&target, arguments, Known::default(), &mut reasons));
        if let Some((pinned, reason)) = self.prompt_pin(&name) {
            verdict = verdict.max(pinned);
            reasons.push(reason);
        }
        // A prompt that appeared after the first list was cut from the lists.
        let new = verdict == Verdict::Deny
            && self.offer.is_complete(Item::Prompt)
            && !self.offer.was_offered(Item::Prompt, &name);
        let refusal = if new || self.hides(&target) || self.offer.is_withheld(Item::Prompt, &name) {
            verdict = Verdict::Deny;
            Refusal::error(-32602, format!("Unknown prompt: {name}"))
        } else {
            Refusal::error(DENIED, self.denial(&reasons))
        };
        self.spend_allowed(at, &target, arguments, verdict);
        let arguments = arguments.map(Arguments::View);
        let target = Some(name);
        Judgement { verdict, reasons, refusal, target, arguments, ..Judgement::allow() }
    }

    /// What the pins say against a prompt. Without a lock file a prompt that is in no list is the server's to refuse.
    pub(crate) fn prompt_pin(&self, name: &str) -> Option<(Verdict, Reason)> {
        let pin = |change: &str| {
            (self.drift_verdict(), Reason::Pin { name: name.to_owned(), change: change.to_owned() })
        };
        if !self.offer.locked {
            return self.offer.drift_of(Item::Prompt, name).map(pin);
        }
        let unknown = (!self.offer.pinned.prompts.contains_key(name)).then(|| pin("not in the lock file"));
        self.pin_verdict(Item::Prompt, name).or(unknown)
    }

    /// What the pins say against a name that is a prompt's or a template's.
    pub(crate) fn completed_pin(&self, name: &str) -> Option<(Verdict, Reason)> {
        let is_prompt =
            self.offer.was_seen(Item::Prompt, name) || self.offer.pinned.prompts.contains_key(name);
        if is_prompt { self.prompt_pin(name) } else { self.template_pin(name) }
    }

    /// A completion needs its own permission and that of the prompt or template that it completes.
    pub(crate) fn completion<'a>(&mut self, at: Timestamp, params: Option<Value<'a>>) -> Judgement<'a> {
        let Some((item, reference)) = completed(params) else {
            return Judgement::protocol(-32602, "`params.ref` names neither a prompt nor a resource");
        };
        let is_prompt = item == Item::Prompt;
        let server = Arc::clone(&self.settings.server);
        let referred = if is_prompt {
            Target::Prompt { server: &server, name: &reference }
        } else {
            Target::Resource { server: &server, uri: &reference }
        };
        let target = Target::Completion { server: &server, reference: &reference };
        let (mut verdict, mut reasons) = self.decide(at, &target, params);
        verdict = verdict.max(self.inspect_arguments(&target, params, Known::default(), &mut reasons));
        if !self.policy.could_allow(&referred, &self.settings.principal) {
            verdict = Verdict::Deny;
            reasons.extend(self.rules(&referred, None).1);
        }
        let pinned = if is_prompt { self.prompt_pin(&reference) } else { self.template_pin(&reference) };
        if let Some((pinned, reason)) = pinned {
            verdict = verdict.max(pinned);
            reasons.push(reason);
        }
        self.spend_allowed(at, &target, params, verdict);
        let refusal = Refusal::error(DENIED, self.denial(&reasons));
        let arguments = params.map(Arguments::View);
        let target = Some(reference);
        Judgement { verdict, reasons, refusal, target, arguments, ..Judgement::allow() }
    }
}

/// What `completion/complete` is about: a prompt by its name, or what a template expands to.
pub(crate) fn completed<'a>(params: Option<Value<'a>>) -> Option<(Item, Cow<'a, str>)> {
    let reference = params?.get("ref")?;
    let member = |key| reference.get(key).and_then(Value::text);
    match &*member("type")? {
        "ref/prompt" => Some((Item::Prompt, member("name")?)),
        "ref/resource" => Some((Item::ResourceTemplate, member("uri")?)),
        _ => None,
    }
}
