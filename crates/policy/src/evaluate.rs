//! The decision: every rule that speaks about a call, and the greatest verdict among them.

use bailiwick_mcp::{Kind, Value};
use std::ops::ControlFlow;
use std::sync::MutexGuard;

use crate::args::{Input, Leaf, Sense, exact_number};
use crate::links::Link;
use crate::model::{Effect, Hit, Limit, Principal, Verdict};
use crate::path::Scratch;
use crate::policy::Policy;
use crate::recall::Desk;
use crate::scope::{Aimed, Scope, folded};
use crate::subject::Subject;
use crate::taint::Taints;
use crate::target::{Target, TargetPattern};
use crate::voices::{LayerSet, Voices};

/// One call to decide.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub target: Target<'a>,
    /// The arguments; absent is the same as `{}`. Anything but an object is of the wrong type to every rule.
    pub arguments: Option<Value<'a>>,
    pub principal: &'a Principal,
}

impl<'a> Call<'a> {
    pub(crate) fn input(&self) -> Input<'a> {
        let uri = match self.target {
            Target::Resource { uri, .. } => Some(uri),
            Target::Completion { reference, .. } if reference.contains(':') => Some(reference),
            Target::Completion { .. }
            | Target::Tool { .. }
            | Target::Prompt { .. }
            | Target::Sampling { .. }
            | Target::Elicitation { .. }
            | Target::Roots { .. }
            | Target::Task { .. }
            | Target::OwnTask { .. } => None,
        };
        Input { arguments: self.arguments, uri }
    }
}

/// What is known besides a call: of its run, and of its tool.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    pub taints: Taints,
    /// Names of the tool's parameters, as its pinned definition declares them: as keys of the arguments they are words of
    /// the server's, not of the agent's, and lead to no file.
    pub parameters: &'a [Box<str>],
}

impl Beside<'_> {
    pub const NOTHING: Beside<'static> = Beside { taints: Taints::NONE, parameters: &[] };
}

/// Why a `sum` could not be taken. A call whose amount is not known must not pass its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SumError {
    #[error("the summed argument is missing")]
    Missing,
    #[error("the summed argument is not a number of at least 0 that every peer reads the same")]
    NotCountable,
}

impl Policy {
    /// Decides `call`. Every rule that speaks is put into `hits`, in the order of the rules. Every layer
    /// decides by its rules, or by its default where they are silent; the strictest layer wins.
    ///
    /// `hits` is emptied first; with a reused one nothing is allocated for it.
    pub fn evaluate(&self, call: &Call<'_>, hits: &mut Vec<Hit>) -> Verdict {
        self.evaluate_following(call, hits, &mut Vec::new())
    }

    /// Decides as [`Policy::evaluate`] does, and puts the links that were followed into `links`.
    pub fn evaluate_following(&self, call: &Call<'_>, hits: &mut Vec<Hit>, links: &mut Vec<Link>) -> Verdict {
        self.evaluate_beside(call, Beside::NOTHING, hits, links)
    }

    /// Decides as [`Policy::evaluate_following`] does, knowing more than the call.
    pub fn evaluate_beside(
        &self,
        call: &Call<'_>,
        Beside { taints, parameters }: Beside<'_>,
        hits: &mut Vec<Hit>,
        links: &mut Vec<Link>,
    ) -> Verdict {
        let (mut kept, mut own) = (self.desk(), None);
        let desk = kept.as_deref_mut();
        let Desk { memory, recall } = desk.unwrap_or_else(|| own.insert(Desk::default()));
        let mut scratch = Scratch::within(
            &self.base,
            self.follower.as_deref(),
            call.target.server(),
            std::mem::take(memory),
        )
        .knowing(self.needed.as_ref());
        scratch.lead_nowhere(call.arguments, parameters);
        let known = recall.of(self, call.target, &mut scratch);
        hits.clear();
        let mut voices = Voices::default();
        let subject = Subject::new(self, call, known.labels.as_ref());
        for index in known.rules.iter().copied() {
            let place = index as usize;
            let (Some(rule), Some(scope)) = (self.rules().get(place), self.scopes.get(place)) else {
                continue;
            };
            if !scope.is_of(taints) || !(scope.who.is_everybody() || scope.who.includes(&subject)) {
                continue;
            }
            let Some(verdict) = speaks(rule.effect, scope, &subject, &mut scratch) else { continue };
            voices.hear(verdict, self.rule_layers.get(place).copied().unwrap_or_default());
            hits.push(Hit { rule: index, failed_require: rule.effect == Effect::Require });
        }
        *links = std::mem::take(&mut scratch.links);
        *memory = scratch.memory();
        self.settled(voices, &call.target)
    }

    /// The last word of all rules and defaults about `target`. Of what an allowed call covers silence is no denial.
    pub(crate) fn settled(&self, voices: Voices, target: &Target<'_>) -> Verdict {
        if matches!(target, Target::OwnTask { .. }) {
            return voices.spoken().unwrap_or(Verdict::Allow);
        }
        voices.verdict(&self.defaults)
    }

    /// A desk that nobody works at, if there is one.
    fn desk(&self) -> Option<MutexGuard<'_, Desk>> {
        self.desks.iter().find_map(|desk| desk.try_lock().ok())
    }

    /// False only if no arguments could make a call to `target` allowed or asked. Touches no state.
    ///
    /// A resource has no arguments, so its URI decides; of a template (`{…}` in the URI) its fixed start does, and only
    /// denials without conditions count.
    #[must_use]
    pub fn could_allow(&self, target: &Target<'_>, principal: &Principal) -> bool {
        let call = Call { target: *target, arguments: None, principal };
        if let Target::Resource { uri, .. } = target
            && !uri.contains('{')
        {
            return self.evaluate(&call, &mut Vec::new()) != Verdict::Deny;
        }
        let mut scratch = self.scratch(target.server());
        let (server, object) = (folded(target.server()), folded(target.object()));
        let aimed = Aimed { target: *target, server_folded: &server, object_folded: &object, labels: None };
        let labelled = self.labels.look_up(aimed, &mut scratch);
        let aimed = Aimed { labels: labelled.as_ref(), ..aimed };
        let template = matches!(target, Target::Resource { .. });
        let listed = Subject::listed(self, &call, labelled.as_ref().filter(|_| !template));
        let (mut opened, mut closed): (LayerSet, bool) = (0, false);
        self.index.candidates(aimed, |rule| {
            let index = rule as usize;
            let (Some(scope), Some(about), Some(layers)) =
                (self.scopes.get(index), self.rules().get(index), self.rule_layers.get(index))
            else {
                return;
            };
            let mut open = |possible: bool| opened |= if possible { *layers } else { 0 };
            if !scope.who.includes(&listed) {
                return;
            }
            match about.effect {
                // What a template expands to is not known: it may be what the rule is about.
                Effect::Allow | Effect::Ask if template => {
                    open(
                        scope.could_match(&listed)
                            && scope.on.iter().any(|pattern| pattern.may_expand(aimed, about.effect)),
                    );
                }
                Effect::Allow | Effect::Ask => {
                    open(scope.covers(aimed, &mut scratch) && scope.could_match(&listed));
                }
                Effect::Deny => {
                    let always = scope.always_matches(&listed);
                    let mut covers = |pattern: &TargetPattern| {
                        (!template || pattern.object.is_any())
                            && pattern.matches(aimed, scope.senses.on, &mut scratch)
                    };
                    closed |= always && scope.has_labels(aimed) && scope.on.iter().any(&mut covers);
                }
                // Some arguments may fulfil it.
                Effect::Require => {}
            }
        });
        let covered = matches!(target, Target::OwnTask { .. });
        (covered || self.defaults.open_without(opened)) && !closed
    }

    /// The limits that count this call, with the amount that each counts: 1, or the summed argument.
    ///
    /// An error instead of an amount must deny the call.
    pub fn limits_for<'p>(
        &'p self,
        call: &Call<'_>,
    ) -> impl Iterator<Item = (usize, &'p Limit, Result<f64, SumError>)> + use<'p> {
        let mut found: Vec<(usize, &'p Limit, Result<f64, SumError>)> = Vec::new();
        if !self.limits().is_empty() {
            self.find_limits(call, &mut found);
        }
        found.into_iter()
    }

    fn find_limits<'p>(
        &'p self,
        call: &Call<'_>,
        found: &mut Vec<(usize, &'p Limit, Result<f64, SumError>)>,
    ) {
        let (mut kept, mut own) = (self.desk(), None);
        let desk = kept.as_deref_mut();
        let Desk { recall, .. } = desk.unwrap_or_else(|| own.insert(Desk::default()));
        let mut scratch = self.scratch(call.target.server());
        let known = recall.of(self, call.target, &mut scratch);
        let subject = Subject::new(self, call, known.labels.as_ref());
        for index in known.limits.iter().map(|limit| *limit as usize) {
            let (Some(limit), Some(scope)) = (self.limits().get(index), self.limit_scopes.get(index)) else {
                continue;
            };
            let counts = (scope.who.is_everybody() || scope.who.includes(&subject))
                && scope.args_match(&subject, &mut scratch)
                && !scope.excepted(&subject, &mut scratch);
            if counts {
                found.push((index, limit, self.amount(index, call.input())));
            }
        }
    }

    fn amount(&self, limit: usize, input: Input<'_>) -> Result<f64, SumError> {
        let Some(Some(key)) = self.sums.get(limit) else { return Ok(1.0) };
        let mut total: Option<f64> = None;
        let flow = key.places(input, Sense::Every, &mut |place| {
            let Leaf::Value(value) = place.leaf else { return ControlFlow::Break(()) };
            if value.kind() != Kind::Number {
                return ControlFlow::Break(());
            }
            match exact_number(value) {
                Some(amount) if amount >= 0.0 => {
                    total = Some(total.unwrap_or(0.0) + amount);
                    ControlFlow::Continue(())
                }
                Some(_) | None => ControlFlow::Break(()),
            }
        });
        match (flow, total) {
            (ControlFlow::Break(()), _) => Err(SumError::NotCountable),
            (ControlFlow::Continue(()), None) => Err(SumError::Missing),
            (ControlFlow::Continue(()), Some(total)) => Ok(total),
        }
    }
}

/// What a rule in scope says; `None`: it is silent.
pub(crate) fn speaks(
    effect: Effect,
    scope: &Scope,
    subject: &Subject<'_>,
    scratch: &mut Scratch<'_>,
) -> Option<Verdict> {
    let matched = scope.args_match(subject, scratch);
    let speaks = match effect {
        Effect::Require => !matched,
        Effect::Allow | Effect::Ask | Effect::Deny => matched,
    };
    if !speaks || scope.excepted(subject, scratch) {
        return None;
    }
    Some(match effect {
        Effect::Allow => Verdict::Allow,
        Effect::Ask => Verdict::Ask,
        Effect::Deny | Effect::Require => Verdict::Deny,
    })
}
