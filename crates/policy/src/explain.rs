//! Why a call was decided as it was: every rule about its target, on which value after which reading, and what would allow it.

mod history;
mod judge;
mod render;
mod trace;

use std::sync::Arc;

use crate::evaluate::{Call, speaks};
use crate::model::{Effect, Verdict};
use crate::path::Scratch;
use crate::policy::Policy;
use crate::scope::{Aimed, Scope, folded};
use crate::subject::Subject;
use crate::target::Target;
use crate::voices::Voices;
pub use history::LookedBack;
use judge::judgements;
use trace::{findings, visible_text};

/// The explanation of one decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    target: String,
    labels: Option<String>,
    verdict: Verdict,
    default: Option<Verdict>,
    considered: Vec<Considered>,
    looked_back: Vec<LookedBack>,
    nearest: Option<usize>,
    changes: Vec<String>,
}

/// One rule whose `on` covers the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Considered {
    pub id: String,
    pub effect: Effect,
    /// Name of the source that the rule stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: Option<String>,
    pub outcome: Outcome,
    /// What each matcher saw; those of `unless` last.
    pub findings: Vec<Finding>,
    /// What `if` came to; that of `unless` last.
    pub judgements: Vec<Judgement>,
}

/// What one `if` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// True if it stands under `unless`.
    pub unless: bool,
    /// Whether it counts as true: where a doubt matches, an error does.
    pub holds: bool,
    /// The condition and its parts, each with its value; the whole first. At most 64.
    pub parts: Vec<Part>,
}

/// One part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As the language writes it.
    pub text: String,
    /// Its value, shortened, or why it has none.
    pub value: Result<String, String>,
    /// How far it is inside of others.
    pub depth: usize,
}

/// Why a rule speaks or is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Speaks,
    /// `for` names others.
    OtherPrincipal,
    /// It is about runs that have met what guards find.
    OtherRun,
    /// `args` do not match, or `if` is not true.
    OtherArguments,
    /// `unless` matches.
    Excepted,
    /// A `require` that holds.
    Holds,
}

/// What one matcher saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The key pattern, as the policy writes it.
    pub key: String,
    /// The word of the matcher.
    pub matcher: &'static str,
    /// Its patterns or bounds, as the policy writes them.
    pub wanted: Vec<String>,
    /// True if it stands under `unless`.
    pub unless: bool,
    pub matched: bool,
    /// The values that decided it; nothing when the key is missing. At most eight.
    pub values: Vec<Seen>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where: `edits[0].path`, `key "x"`, `uri`.
    pub at: String,
    /// The value's JSON text, shortened.
    pub value: String,
    /// What it was read as, where that decided: a normalised path, a joined list.
    pub reading: Option<String>,
    /// The pattern that matched.
    pub pattern: Option<String>,
    /// A remark: of the wrong type, unreadable.
    pub remark: Option<&'static str>,
    pub matched: bool,
}

impl Explanation {
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The default, when no rule spoke.
    #[must_use]
    pub fn default(&self) -> Option<Verdict> {
        self.default
    }

    /// Every rule whose `on` covers the target, in the order of the rules.
    #[must_use]
    pub fn considered(&self) -> &[Considered] {
        &self.considered
    }

    /// Every sequence and precondition to which the call means something. The verdict does not know the past.
    #[must_use]
    pub fn looked_back(&self) -> &[LookedBack] {
        &self.looked_back
    }

    /// The allow rule that lacks least, when the call is not allowed.
    #[must_use]
    pub fn nearest_allow(&self) -> Option<&Considered> {
        self.considered.get(self.nearest?)
    }

    /// What would have to be otherwise for the call to be allowed, one sentence each; nothing when it is allowed.
    #[must_use]
    pub fn changes(&self) -> &[String] {
        &self.changes
    }
}

impl Policy {
    /// Decides `call` as [`Policy::evaluate`] does, and says why. Slower; touches no state.
    #[must_use]
    pub fn explain(&self, call: &Call<'_>) -> Explanation {
        let mut scratch = self.scratch(call.target.server());
        let (server, object) = (folded(call.target.server()), folded(call.target.object()));
        let aimed =
            Aimed { target: call.target, server_folded: &server, object_folded: &object, labels: None };
        let labelled = self.labels.look_up(aimed, &mut scratch);
        let aimed = Aimed { labels: labelled.as_ref(), ..aimed };
        let mut considered = Vec::new();
        let mut voices = Voices::default();
        let subject = Subject::new(self, call, labelled.as_ref());
        for ((rule, scope), layers) in self.rules().iter().zip(&self.scopes).zip(&self.rule_layers) {
            if !scope.covers(aimed, &mut scratch) {
                continue;
            }
            let outcome = outcome(rule.effect, scope, &subject, &mut scratch);
            if outcome == Outcome::Speaks {
                let spoken = speaks(rule.effect, scope, &subject, &mut scratch);
                spoken.into_iter().for_each(|verdict| voices.hear(verdict, *layers));
            }
            considered.push(Considered {
                id: rule.id.clone(),
                effect: rule.effect,
                file: Arc::clone(&rule.file),
                line: rule.line,
                reason: rule.reason.clone(),
                outcome,
                findings: findings(scope, call.input(), &mut scratch),
                judgements: judgements(scope, &subject),
            });
        }
        let decided = self.settled(voices, &call.target);
        let covered = matches!(call.target, Target::OwnTask { .. });
        let silent = if covered { None } else { voices.by_default(&self.defaults) };
        let layer =
            silent.and_then(|layer| self.defaults.names.get(layer)).filter(|_| self.defaults.names.len() > 1);
        let nearest = if decided == Verdict::Allow || covered { None } else { nearest(&considered) };
        let target = visible_text(&call.target.written());
        let mut changes = if decided == Verdict::Allow {
            Vec::new()
        } else {
            changes(&considered, nearest, &target, covered)
        };
        if let (Some(layer), true) = (layer, decided != Verdict::Allow) {
            changes.push(format!("a rule of the layer `{layer}` must allow it; its default decides"));
        }
        let default = silent.map(|_| decided);
        let looked_back = self.looked_back(call);
        let labels = labelled.map(|labelled| labelled.written());
        Explanation { target, labels, verdict: decided, default, considered, looked_back, nearest, changes }
    }
}

fn outcome(effect: Effect, scope: &Scope, subject: &Subject<'_>, scratch: &mut Scratch<'_>) -> Outcome {
    if !scope.who.includes(subject) {
        return Outcome::OtherPrincipal;
    }
    if !scope.tainted.is_empty() {
        return Outcome::OtherRun;
    }
    match (effect, scope.args_match(subject, scratch)) {
        (Effect::Require, true) => Outcome::Holds,
        (Effect::Allow | Effect::Ask | Effect::Deny, false) => Outcome::OtherArguments,
        (Effect::Require, false) | (Effect::Allow | Effect::Ask | Effect::Deny, true) => {
            if scope.excepted(subject, scratch) { Outcome::Excepted } else { Outcome::Speaks }
        }
    }
}

/// The allow rule with the fewest findings against it.
fn nearest(considered: &[Considered]) -> Option<usize> {
    let against = |rule: &Considered| {
        // A caller can change its arguments, not who it is.
        let who = if rule.outcome == Outcome::OtherPrincipal { usize::MAX / 2 } else { 0 };
        let findings = rule.findings.iter().filter(|finding| finding.matched == finding.unless).count();
        let conditions = rule.judgements.iter().filter(|judged| judged.holds == judged.unless).count();
        who.saturating_add(findings).saturating_add(conditions)
    };
    let allows = considered.iter().enumerate().filter(|(_, rule)| rule.effect == Effect::Allow);
    allows.min_by_key(|(_, rule)| against(rule)).map(|(index, _)| index)
}

/// `covered`: it needs no rule that allows it.
fn changes(considered: &[Considered], nearest: Option<usize>, target: &str, covered: bool) -> Vec<String> {
    let mut out = Vec::new();
    for rule in
        considered.iter().filter(|rule| rule.outcome == Outcome::Speaks && rule.effect != Effect::Allow)
    {
        let word = if rule.effect == Effect::Require { "must hold" } else { "must not match" };
        let found = rule.findings.iter().find(|finding| !finding.unless).map(render::because);
        let judged = || rule.judgements.iter().find(|judged| !judged.unless).map(render::judged);
        let seen = found.or_else(judged);
        let seen = seen.map(|seen| format!(": {seen}")).unwrap_or_default();
        out.push(format!("rule `{}` ({}:{}) {word}{seen}", rule.id, rule.file, rule.line));
    }
    let Some(rule) = nearest.and_then(|nearest| considered.get(nearest)) else {
        if !covered {
            out.push(format!("an allow rule must cover `{target}`; none does"));
        }
        return out;
    };
    if rule.outcome == Outcome::OtherPrincipal {
        out.push(format!("rule `{}` must be for this principal", rule.id));
    }
    for finding in rule.findings.iter().filter(|finding| finding.matched == finding.unless) {
        let word = if finding.unless { "must not match" } else { "must match" };
        let wanted = render::wanted(finding);
        let seen = render::because(finding);
        out.push(format!(
            "rule `{}`: `{}` {word} {}: {wanted}; {seen}",
            rule.id, finding.key, finding.matcher
        ));
    }
    for judged in rule.judgements.iter().filter(|judged| judged.holds == judged.unless) {
        let word = if judged.unless { "must not be" } else { "must be" };
        out.push(format!("rule `{}`: `if` {word} true: {}", rule.id, render::judged(judged)));
    }
    out
}
