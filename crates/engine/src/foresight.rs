//! What the rules say of a call, found out before the engine is locked: they are asked about nothing that changes with every
//! message. The engine takes it if nothing has changed since, and asks them itself if anything has.

use std::sync::Arc;

use bailiwick_guard::Scanner;
use bailiwick_mcp::{Body, Direction, Governed, Malformed, Packet, Timestamp, Value, method};
use bailiwick_policy::{Beside, Call, Hide, Hit, Policy, Principal, Taints, Target, Verdict};

use crate::decision::{Outcome, Reason};
use crate::engine::{Engine, Mode};
use crate::inspect;
use crate::pins::Parameters;

/// What the rules look at besides a call.
#[derive(Debug)]
pub struct Foresight {
    policy: Arc<Policy>,
    principal: Arc<Principal>,
    server: Arc<str>,
    scanner: Arc<Scanner>,
    taints: Taints,
    parameters: Parameters,
}

/// What was found out about one call.
#[derive(Debug)]
pub struct Foreseen {
    by: Arc<Foresight>,
    tool: Box<str>,
    /// Where its arguments stand in memory.
    arguments: Option<(usize, usize)>,
    verdict: Verdict,
    reasons: Vec<Reason>,
    known: Known,
}

/// What is known of the arguments of a call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    /// The record would mask nothing in them.
    pub(crate) maskless: bool,
    /// No guard of arguments finds anything in them, and each looked at all.
    pub(crate) harmless: bool,
}

impl Foresight {
    /// What can be said of `packet`; `None` of anything but a single call of a tool.
    #[must_use]
    pub fn of(self: &Arc<Foresight>, packet: &Packet<'_>) -> Option<Foreseen> {
        let Packet::One(message) = packet else { return None };
        let Body::Request { method, params, .. } = &message.body else { return None };
        if !method::find(method).is_some_and(|row| row.governed == Governed::Tool) {
            return None;
        }
        let name = params.and_then(|params| params.get("name")).and_then(Value::text)?;
        let arguments = params.and_then(|params| params.get("arguments"));
        if arguments.is_some_and(|arguments| !arguments.is_object()) {
            return None;
        }
        let target = Target::Tool { server: &self.server, name: &name };
        let call = Call { target, arguments, principal: &self.principal };
        let beside = Beside { taints: self.taints, parameters: self.parameters.of(&name) };
        let (verdict, reasons) = said_by_rules(&self.policy, &call, beside, &mut Vec::new());
        let view = self.policy.guard_view(Some(&target), &self.server, Direction::ToServer);
        let harmless = |arguments| inspect::is_harmless(&self.scanner, &view, &name, arguments);
        let known = Known {
            maskless: is_maskless(&self.scanner, arguments),
            harmless: arguments.is_some_and(harmless),
        };
        let by = Arc::clone(self);
        Some(Foreseen { by, tool: (*name).into(), arguments: place(arguments), verdict, reasons, known })
    }
}

impl Foreseen {
    fn is_of(&self, target: &Target<'_>, arguments: Option<Value<'_>>) -> bool {
        matches!(target, Target::Tool { name, .. } if *name == &*self.tool)
            && self.arguments == place(arguments)
    }
}

impl Engine {
    /// For the calls that come next; `before` is what this returned last, which is returned again if it still holds.
    /// `None`: no rules will be asked, in this mode or while too much is in flight.
    #[must_use]
    pub fn foresight(&self, before: Option<Arc<Foresight>>) -> Option<Arc<Foresight>> {
        let full = self.run.to_server.len() >= self.settings.limits.pending_max;
        if full || self.settings.mode == Mode::Observe {
            return None;
        }
        let still = before.filter(|before| self.sees(before));
        Some(still.unwrap_or_else(|| {
            Arc::new(Foresight {
                policy: Arc::clone(&self.policy),
                principal: Arc::clone(&self.settings.principal),
                server: Arc::clone(&self.settings.server),
                scanner: Arc::clone(&self.scanner),
                taints: self.run.taints,
                parameters: self.offer.parameters.clone(),
            })
        }))
    }

    /// As [`Engine::receive`], of a client's text about which something was found out before.
    pub fn receive_foreseen<'a>(
        &mut self,
        at: Timestamp,
        foreseen: Option<Foreseen>,
        packet: Result<Packet<'a>, Malformed>,
        out: &mut Vec<Outcome<'a>>,
    ) {
        self.foreseen = foreseen.filter(|foreseen| self.sees(&foreseen.by));
        self.receive(at, Direction::ToServer, packet, out);
        self.foreseen = None;
    }

    /// True if the rules would be asked about the same.
    fn sees(&self, foresight: &Foresight) -> bool {
        Arc::ptr_eq(&foresight.policy, &self.policy)
            && Arc::ptr_eq(&foresight.principal, &self.settings.principal)
            && foresight.taints == self.run.taints
            && foresight.parameters.is(&self.offer.parameters)
    }

    /// What is known of the arguments of a call before it is decided.
    pub(crate) fn known(&self, target: &Target<'_>, arguments: Option<Value<'_>>) -> Known {
        match self.foreseen.as_ref().filter(|foreseen| foreseen.is_of(target, arguments)) {
            Some(foreseen) => foreseen.known,
            None => Known { maskless: is_maskless(&self.scanner, arguments), harmless: false },
        }
    }

    /// True if rules hide the target: no arguments could make it allowed, and discovery hides such.
    pub(crate) fn hides(&self, target: &Target<'_>) -> bool {
        self.policy.discovery().hide == Hide::Denied
            && !self.policy.could_allow(target, &self.settings.principal)
    }

    /// Rules alone: no limit is counted.
    pub(crate) fn rules(
        &mut self,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
    ) -> (Verdict, Vec<Reason>) {
        // INVARIANT: while a text is decided, nothing comes before its rules that would change what they look at.
        if let Some(foreseen) = self.foreseen.take_if(|foreseen| foreseen.is_of(target, arguments)) {
            return (foreseen.verdict, foreseen.reasons);
        }
        let call = Call { target: *target, arguments, principal: &self.settings.principal };
        let parameters = match target {
            Target::Tool { name, .. } => self.offer.parameters.of(name),
            _ => &[],
        };
        let beside = Beside { taints: self.run.taints, parameters };
        said_by_rules(&self.policy, &call, beside, &mut self.hits)
    }

    /// What the rules say of something that no call is about.
    pub(crate) fn rules_without_arguments(&self, target: &Target<'_>) -> (Verdict, Vec<Reason>) {
        let call = Call { target: *target, arguments: None, principal: &self.settings.principal };
        let beside = Beside { taints: self.run.taints, parameters: &[] };
        said_by_rules(&self.policy, &call, beside, &mut Vec::new())
    }
}

/// What the rules say, and why.
fn said_by_rules(
    policy: &Policy,
    call: &Call<'_>,
    beside: Beside<'_>,
    hits: &mut Vec<Hit>,
) -> (Verdict, Vec<Reason>) {
    hits.clear();
    let mut links = Vec::new();
    let verdict = policy.evaluate_beside(call, beside, hits, &mut links);
    // The strongest word first: it is the one that people look for.
    let rules = policy.rules();
    hits.sort_by_key(|hit| {
        let effect = rules.get(hit.rule as usize).map(|rule| rule.effect);
        (std::cmp::Reverse((hit.failed_require, effect)), hit.rule)
    });
    let reason = |hit: &Hit| Reason::Rule { index: hit.rule, failed_require: hit.failed_require };
    let mut reasons: Vec<Reason> = hits.iter().map(reason).collect();
    reasons.extend(links.into_iter().take(LINKS_MAX).map(Reason::Link));
    let covered = matches!(call.target, Target::OwnTask { .. });
    if let Some(layer) = policy.decided_by_default(hits).filter(|_| !covered) {
        let layer = (policy.layers().len() > 1).then(|| layer.to_owned());
        reasons.push(Reason::Default(layer));
    }
    (verdict, reasons)
}

/// Whether the record would mask nothing in them.
pub(crate) fn is_maskless(scanner: &Scanner, arguments: Option<Value<'_>>) -> bool {
    arguments.is_some_and(|arguments| !scanner.may_hold_secret(arguments.raw()))
}

fn place(arguments: Option<Value<'_>>) -> Option<(usize, usize)> {
    arguments.map(|arguments| (arguments.raw().as_ptr().addr(), arguments.raw().len()))
}

/// Most links of one call that are recorded.
const LINKS_MAX: usize = 16;
