//! The inferred policy held against the calls that it was inferred from.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Hit, Load, Policy, Principal, Source, Target, Verdict, compile};

use super::need::{Key, Needs, Seen};
use super::write::{self, Needless, Piece, Plan};
use super::{Kind, Use};

/// What the checks showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Uses that were held against the policy.
    pub calls: usize,
    /// Of those, the ones that it denies; none, or something is wrong.
    pub denied: usize,
    pub rules: usize,
    /// Rules without which every call still passes; none in a minimal policy.
    pub needless: usize,
    /// Single paths, hosts, words, commands and URIs without any of which some call is denied.
    pub pieces: usize,
    /// Those without which every call passed, in words: they are not in the policy.
    pub left_out: Vec<String>,
    /// Single allowances that were not tried, for there are too many.
    pub untried: usize,
    pub held_out: Option<HeldOut>,
    /// Why the text is no policy, if it is none.
    pub broken: Option<String>,
}

/// What passes a policy inferred from all other runs; of several runs only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldOut {
    pub runs: usize,
    pub calls: usize,
    pub passed: usize,
}

/// The calls that a policy does not let through (an `ask` lets a person decide, and counts as passing).
pub(super) fn refused<'u>(
    text: &str,
    uses: &[&'u Use],
    context: &Context,
    load: &mut dyn Load,
) -> Vec<&'u Use> {
    match policy(text, context, load) {
        Err(_) => uses.to_vec(),
        Ok(policy) => uses.iter().copied().filter(|used| decide(&policy, used).0 == Verdict::Deny).collect(),
    }
}

/// Runs every check.
pub(super) fn check(
    text: &str,
    (needs, uses): (&Needs, &[&Use]),
    (plan, minimal): (&Plan<'_>, &Minimal),
    context: &Context,
    base: Option<&mut dyn Load>,
) -> Checked {
    let widens = base.is_some();
    let whole = match policy(text, context, base.unwrap_or(&mut Alone)) {
        Ok(policy) => policy,
        Err(broken) => return Checked { broken: Some(broken), ..Checked::default() },
    };
    // Rules of a base do not count among those whose need is shown.
    let own = match policy(&write::rules_only(needs, plan), context, &mut Alone) {
        Ok(policy) => policy,
        Err(broken) => return Checked { broken: Some(broken), ..Checked::default() },
    };
    // A rule is needed if some call has no other that lets it through.
    let mut needed: BTreeSet<u32> = BTreeSet::new();
    let mut denied = 0_usize;
    for used in uses {
        let (mut verdict, hits) = decide(&own, used);
        if let [only] = hits.as_slice() {
            needed.insert(only.rule);
        }
        // Without a base the whole has no rules but these.
        if widens {
            verdict = decide(&whole, used).0;
        }
        denied = denied.saturating_add(usize::from(verdict == Verdict::Deny));
    }
    let rules = own.rules().len();
    Checked {
        calls: uses.len(),
        denied,
        rules,
        needless: rules.saturating_sub(needed.len()),
        pieces: minimal.pieces,
        left_out: minimal.told.clone(),
        untried: minimal.untried,
        held_out: held_out(uses, plan, context),
        broken: None,
    }
}

/// Single allowances that are taken out.
const PIECES_MAX: usize = 2_000;
/// Decisions that this may take.
const DECISIONS_MAX: usize = 2_000_000;

/// What taking out showed.
#[derive(Debug, Default)]
pub(super) struct Minimal {
    pub(super) needless: Needless,
    /// The needless ones in words.
    told: Vec<String>,
    pieces: usize,
    untried: usize,
}

/// Takes out every single allowance, looks whether a call is denied without it, and puts it back only then. What is needed
/// beside all the others is needed beside fewer of them too, so that one look at each is enough.
pub(super) fn minimal(needs: &Needs, uses: &[&Use], plan: &Plan<'_>, context: &Context) -> Minimal {
    minimal_within((PIECES_MAX, DECISIONS_MAX), (needs, uses), plan, context)
}

/// The same, with so many looks and decisions at the most.
fn minimal_within(
    (pieces_max, decisions_max): (usize, usize),
    (needs, uses): (&Needs, &[&Use]),
    plan: &Plan<'_>,
    context: &Context,
) -> Minimal {
    let mut by_key: BTreeMap<Key, Vec<&Use>> = BTreeMap::new();
    for used in uses {
        by_key.entry(Key::of(used)).or_default().push(used);
    }
    let (mut minimal, mut decisions) = (Minimal::default(), 0_usize);
    for (key, variants) in needs.iter() {
        let own = by_key.get(key).map(Vec::as_slice).unwrap_or_default();
        let alone = Needs::of(own);
        for (variant, seen) in variants.values().enumerate() {
            for (way, pieces) in lists(key, seen, plan) {
                let mut left = pieces.len();
                // The last first: of two that hold the same, that below the workspace stays and the absolute one goes.
                for (index, piece) in pieces.iter().enumerate().rev() {
                    let looks = minimal.pieces.saturating_add(minimal.told.len());
                    if looks >= pieces_max || decisions >= decisions_max {
                        minimal.untried = minimal.untried.saturating_add(1);
                        continue;
                    }
                    let without = Some(Piece { variant, way, index });
                    let less = Plan { without, needless: &minimal.needless, ..*plan };
                    let policy = policy(&write::rules_only(&alone, &less), context, &mut Alone);
                    let denies = |used: &&Use| {
                        decisions = decisions.saturating_add(1);
                        policy.as_ref().is_ok_and(|policy| decide(policy, used).0 == Verdict::Deny)
                    };
                    // A list without anything in it is no rule.
                    if left == 1 || policy.is_err() || own.iter().any(denies) {
                        minimal.pieces = minimal.pieces.saturating_add(1);
                    } else {
                        left = left.saturating_sub(1);
                        minimal.told.push(format!("{}: {piece}", key.written()));
                        minimal.needless.insert((key.clone(), variant, way.to_owned(), piece.clone()));
                    }
                }
            }
        }
    }
    minimal
}

/// What a rule allows one by one, by the way to the argument; empty of targets. One alone is the rule itself.
fn lists<'s>(key: &Key, seen: &'s Seen, plan: &Plan<'_>) -> Vec<(&'s str, Vec<String>)> {
    let matchers = write::matchers(seen, plan.options).into_iter();
    let of_matchers = matchers.map(|(way, matcher)| (way, matcher.into_pieces()));
    let of_targets = ("", write::targets(key, seen, plan.options));
    std::iter::once(of_targets).chain(of_matchers).filter(|(_, pieces)| pieces.len() > 1).collect()
}

/// Runs that are held out, one after the other.
const RUNS_MAX: usize = 32;
/// Calls that are looked at for it, all runs together.
const HELD_OUT_CALLS_MAX: usize = 150_000;

fn held_out(uses: &[&Use], plan: &Plan<'_>, context: &Context) -> Option<HeldOut> {
    let runs: BTreeSet<&str> = uses.iter().map(|used| used.run.as_str()).collect();
    if runs.len() < 2 {
        return None;
    }
    let most = HELD_OUT_CALLS_MAX.checked_div(uses.len()).unwrap_or(RUNS_MAX).clamp(2, RUNS_MAX);
    // All runs together take as much as the policy itself did.
    let share = |all: usize| all.checked_div(most).unwrap_or_default();
    let mut held = HeldOut { runs: 0, calls: 0, passed: 0 };
    for run in runs.into_iter().take(most) {
        let (out, rest): (Vec<&Use>, Vec<&Use>) = uses.iter().copied().partition(|used| used.run == run);
        let needs = Needs::of(&rest);
        // Where others hold what some allowance was seen for, it is left out of this policy too.
        let whole = Plan { needless: &Needless::new(), ..*plan };
        let less = match plan.needless.is_empty() {
            true => Needless::new(),
            false => {
                minimal_within((share(PIECES_MAX), share(DECISIONS_MAX)), (&needs, &rest), &whole, context)
                    .needless
            }
        };
        let text = write::rules_only(&needs, &Plan { needless: &less, ..*plan });
        let refused = refused(&text, &out, context, &mut Alone).len();
        held.runs = held.runs.saturating_add(1);
        held.calls = held.calls.saturating_add(out.len());
        held.passed = held.passed.saturating_add(out.len().saturating_sub(refused));
    }
    Some(held)
}

fn policy(text: &str, context: &Context, load: &mut dyn Load) -> Result<Policy, String> {
    let source = Source { name: "inferred".to_owned(), text: text.to_owned() };
    compile(vec![source], load, context).map_err(|problems| problems.render(false))
}

/// Looks nothing up.
#[derive(Debug)]
pub(super) struct Alone;

impl Load for Alone {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not looked up"))
    }
}

pub(super) fn decide(policy: &Policy, used: &Use) -> (Verdict, Vec<Hit>) {
    let text = serde_json::to_string(&used.arguments).unwrap_or_default();
    let mut parser = Parser::default();
    let mut hits = Vec::new();
    let Ok(arguments) = parser.parse(text.as_bytes(), &Limits::DEFAULT) else { return (Verdict::Deny, hits) };
    let principal = Principal::default();
    let (server, name) = (used.server.as_str(), used.name.as_str());
    let (target, arguments) = match used.kind {
        Kind::Tool => (Target::Tool { server, name }, Some(arguments.root())),
        Kind::Prompt => (Target::Prompt { server, name }, Some(arguments.root())),
        Kind::Resource => (Target::Resource { server, uri: name }, None),
    };
    let call = Call { target, arguments, principal: &principal };
    (policy.evaluate(&call, &mut hits), hits)
}
