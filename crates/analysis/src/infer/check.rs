//! The inferred policy held against the calls that it was inferred from.

use std::collections::BTreeSet;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Hit, Load, Policy, Principal, Source, Target, Verdict, compile};

use super::Use;

/// What the checks showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Calls that were held against the policy.
    pub calls: usize,
    /// Of those, the ones that it denies; none, or something is wrong.
    pub denied: usize,
    pub rules: usize,
    /// Rules without which every call still passes; none in a minimal policy.
    pub needless: usize,
    /// Calls of one run that pass a policy inferred from all other runs, and how many there were; of several runs only.
    pub held_out: Option<(usize, usize)>,
    /// Why the text is no policy, if it is none.
    pub broken: Option<String>,
}

/// The calls that a policy does not let through (an `ask` lets a person decide, and counts as passing).
pub(super) fn refused<'u>(text: &str, uses: &[&'u Use], context: &Context) -> Vec<&'u Use> {
    match policy(text, context) {
        Err(_) => uses.to_vec(),
        Ok(policy) => uses.iter().copied().filter(|used| decide(&policy, used).0 == Verdict::Deny).collect(),
    }
}

/// Runs every check. `again` infers from other calls in the same manner.
pub(super) fn check(
    text: &str,
    uses: &[&Use],
    context: &Context,
    again: &dyn Fn(&[&Use]) -> String,
) -> Checked {
    let policy = match policy(text, context) {
        Ok(policy) => policy,
        Err(broken) => return Checked { broken: Some(broken), ..Checked::default() },
    };
    // A rule is needed if some call has no other that lets it through.
    let mut needed: BTreeSet<u32> = BTreeSet::new();
    let mut denied = 0_usize;
    for used in uses {
        let (verdict, hits) = decide(&policy, used);
        denied = denied.saturating_add(usize::from(verdict == Verdict::Deny));
        if let [only] = hits.as_slice() {
            needed.insert(only.rule);
        }
    }
    let rules = policy.rules().len();
    let held_out = held_out(uses, context, again);
    Checked {
        calls: uses.len(),
        denied,
        rules,
        needless: rules.saturating_sub(needed.len()),
        held_out,
        broken: None,
    }
}

/// Runs that are held out, one after the other.
const RUNS_MAX: usize = 32;

fn held_out(uses: &[&Use], context: &Context, again: &dyn Fn(&[&Use]) -> String) -> Option<(usize, usize)> {
    let runs: BTreeSet<&str> = uses.iter().map(|used| used.run.as_str()).collect();
    if runs.len() < 2 {
        return None;
    }
    let (mut passed, mut all) = (0_usize, 0_usize);
    for run in runs.into_iter().take(RUNS_MAX) {
        let (out, rest): (Vec<&Use>, Vec<&Use>) = uses.iter().copied().partition(|used| used.run == run);
        let refused = refused(&again(&rest), &out, context).len();
        all = all.saturating_add(out.len());
        passed = passed.saturating_add(out.len().saturating_sub(refused));
    }
    Some((passed, all))
}

fn policy(text: &str, context: &Context) -> Result<Policy, String> {
    let source = Source { name: "inferred".to_owned(), text: text.to_owned() };
    compile(vec![source], &mut Alone, context).map_err(|problems| problems.render(false))
}

struct Alone;

impl Load for Alone {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not looked up"))
    }
}

fn decide(policy: &Policy, used: &Use) -> (Verdict, Vec<Hit>) {
    let text = serde_json::Value::Object(used.arguments.clone()).to_string();
    let mut parser = Parser::default();
    let mut hits = Vec::new();
    let Ok(arguments) = parser.parse(text.as_bytes(), &Limits::DEFAULT) else { return (Verdict::Deny, hits) };
    let principal = Principal::default();
    let target = Target::Tool { server: &used.server, name: &used.tool };
    let call = Call { target, arguments: Some(arguments.root()), principal: &principal };
    (policy.evaluate(&call, &mut hits), hits)
}
