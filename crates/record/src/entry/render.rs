//! The members of a decision's line. Whatever may hold a secret is masked here, before it is written anywhere.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bailiwick_engine::{Decision, Event, Link, Policy, Reason, Scanner};
use bailiwick_mcp::{Direction, Id, Limits, Parser, method};
use sha2::{Digest as _, Sha256};

use super::draft::Entry;
use super::{NAME_BYTES_MAX, REASONS_MAX};
use crate::json::Object;

#[derive(Debug)]
pub(super) struct Renderer {
    scanner: Arc<Scanner>,
    parser: Parser,
    scratch: Vec<u8>,
    /// The last target, and how it is shown: an outcome has the one of its request, and calls come in rows.
    target: (String, String),
    rules: Rules,
}

/// The rules of one policy as reasons: the same few stand in most records.
#[derive(Debug, Default)]
struct Rules {
    policy: Option<Arc<Policy>>,
    /// By number of the rule and whether it is a `require` that did not hold. No larger than twice the policy's rules.
    written: HashMap<(u32, bool), Vec<u8>>,
}

impl Renderer {
    pub(super) fn new(scanner: Arc<Scanner>) -> Renderer {
        Renderer {
            scanner,
            parser: Parser::default(),
            scratch: Vec::new(),
            target: Default::default(),
            rules: Rules::default(),
        }
    }

    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    pub(super) fn kind(decision: &Decision<'_>) -> &'static str {
        match decision.event {
            Event::Decision => "decision",
            Event::Completion => "outcome",
            Event::Malformed => "malformed",
            Event::Approval => "approval",
            Event::Opinion => "opinion",
            Event::Pin => "pin",
        }
    }

    pub(super) fn entry(&mut self, object: &mut Object<'_>, entry: &Entry<'_>) {
        let decision = entry.decision;
        object.word("direction", direction(decision.direction));
        if decision.call != 0 {
            object.number("call", decision.call);
        }
        match &decision.id {
            Some(Id::Number(number)) => {
                self.scratch.clear();
                Id::Number(*number).write(&mut self.scratch);
                object.raw("id", &self.scratch);
            }
            Some(Id::Text(id)) => name(&self.scanner, object, "id", id),
            None => {}
        }
        match (&*decision.method, method::find(&decision.method)) {
            ("", _) => {}
            // Names of the protocol's own hold no secret.
            (_, Some(known)) => drop(object.word("method", known.name)),
            (other, None) => name(&self.scanner, object, "method", other),
        }
        if let Some(target) = entry.target {
            self.target(object, target);
        }
        match (entry.arguments, entry.long) {
            (Some(arguments), _) => self.arguments(object, arguments, decision.maskless),
            (None, Some(long)) => {
                object.number("arguments_bytes", long.bytes as u64);
                digest(object, "arguments_sha256", &long.sha256);
            }
            (None, None) => {}
        }
        if let Some(line) = entry.line {
            object.number("line_bytes", line.bytes as u64);
            digest(object, "line_sha256", &line.sha256);
        }
        object.word("verdict", decision.verdict.word()).word("effect", decision.action.as_str());
        self.reasons(object, entry);
        if let Some(latency) = decision.latency_us {
            object.number("latency_us", latency);
        }
        if let Some(completion) = decision.completion {
            object.word("outcome", completion.as_str());
        }
    }

    fn target(&mut self, object: &mut Object<'_>, target: &str) {
        if target.len() > NAME_BYTES_MAX {
            return name(&self.scanner, object, "target", target);
        }
        if self.target.0 != target {
            self.target = (target.to_owned(), shown(&self.scanner, target).into_owned());
        }
        object.string("target", &self.target.1);
    }

    fn arguments(&mut self, object: &mut Object<'_>, text: &str, maskless: bool) {
        if !maskless && self.scanner.may_hold_secret(text) {
            match self.parser.parse(text.as_bytes(), &Limits::DEFAULT) {
                Ok(document) => {
                    self.scratch.clear();
                    self.scanner.redact_json(document.root(), &mut self.scratch);
                    object.raw("arguments", &self.scratch);
                }
                // Deeper than is usual, by a limit that was raised, and perhaps a secret in it.
                Err(_) => drop(object.number("arguments_bytes", text.len() as u64)),
            }
        } else {
            object.raw("arguments", text.as_bytes());
        }
        digest(object, "arguments_sha256", &Sha256::digest(text).into());
    }

    fn reasons(&mut self, object: &mut Object<'_>, entry: &Entry<'_>) {
        let Entry { decision, reasons, .. } = entry;
        if reasons.is_empty() {
            return;
        }
        let (scanner, rules) = (&*self.scanner, &mut self.rules);
        object.array("reasons", |array| {
            for reason in reasons.iter().take(REASONS_MAX) {
                match reason {
                    Reason::Rule { index, failed_require } => {
                        let place = (*index, *failed_require);
                        array.raw(rules.written(place, reason, &decision.policy, scanner));
                    }
                    Reason::Limit { .. }
                    | Reason::Default(_)
                    | Reason::Hidden(_)
                    | Reason::Link(_)
                    | Reason::Guard { .. }
                    | Reason::Pin { .. }
                    | Reason::Sequence { .. }
                    | Reason::Precondition { .. }
                    | Reason::Protocol(_)
                    | Reason::Approval(_) => {
                        array.object(|object| write_reason(scanner, object, reason, &decision.policy));
                    }
                }
            }
        });
        let omitted = reasons.len().saturating_sub(REASONS_MAX);
        if omitted > 0 {
            object.number("reasons_omitted", omitted as u64);
        }
    }
}

impl Rules {
    fn written(
        &mut self,
        place: (u32, bool),
        reason: &Reason,
        policy: &Arc<Policy>,
        scanner: &Scanner,
    ) -> &[u8] {
        if !self.policy.as_ref().is_some_and(|ours| Arc::ptr_eq(ours, policy)) {
            self.policy = Some(Arc::clone(policy));
            self.written.clear();
        }
        self.written.entry(place).or_insert_with(|| {
            let mut text = vec![b'{'];
            write_reason(scanner, &mut Object::resume(&mut text, true), reason, policy);
            text.push(b'}');
            text
        })
    }
}

fn write_reason(scanner: &Scanner, object: &mut Object<'_>, reason: &Reason, policy: &Policy) {
    let described = reason.describe(policy);
    object.string("source", described.source);
    name(scanner, object, "id", &described.id);
    if let Some((file, line)) = described.place {
        object.string("file", file).number("line", u64::from(line));
    }
    if !described.message.is_empty() {
        name(scanner, object, "message", &described.message);
    }
    if let Reason::Link(followed) = reason {
        link(scanner, object, followed);
    }
}

/// A link as a fact: whoever decides again later follows it where it led.
pub(crate) fn link(scanner: &Scanner, object: &mut Object<'_>, link: &Link) {
    object.string("text", &scanner.redact_secrets(&link.text));
    if let Some(to) = &link.to {
        object.string("to", &scanner.redact_secrets(to));
    }
}

pub(super) fn name(scanner: &Scanner, object: &mut Object<'_>, key: &'static str, name: &str) {
    object.string(key, &shown(scanner, name));
}

/// A name that came from outside, as it is recorded: secrets masked, never endless.
fn shown<'n>(scanner: &Scanner, name: &'n str) -> Cow<'n, str> {
    // Masked before it is cut: half a secret looks like none.
    let masked = scanner.redact_secrets(name);
    if masked.len() <= NAME_BYTES_MAX {
        return masked;
    }
    let cut = masked.floor_char_boundary(NAME_BYTES_MAX);
    Cow::Owned(format!("{}…", masked.get(..cut).unwrap_or_default()))
}

fn digest(object: &mut Object<'_>, key: &'static str, sha256: &[u8; 32]) {
    let mut text = [0_u8; 64];
    data_encoding::HEXLOWER.encode_mut(sha256, &mut text);
    object.string(key, std::str::from_utf8(&text).unwrap_or_default());
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to_server",
        Direction::ToClient => "to_client",
    }
}
