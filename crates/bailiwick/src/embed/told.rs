//! What a person who watches is told.

use std::sync::Arc;

use bailiwick_engine::{Action, Event, Outcome, Scanner};
use bailiwick_policy::Verdict;

/// One line for everything that was not let through.
pub fn words_of(scanner: Arc<Scanner>) -> impl Fn(&Outcome<'_>) -> Option<String> + Send + Sync + 'static {
    move |outcome| {
        let mut line = told(outcome)?;
        // Masked before it is cut: half a secret looks like none.
        line.truncate(line.floor_char_boundary(MASKED_BYTES_MAX));
        let mut line = scanner.redact_secrets(&line).into_owned();
        line.truncate(line.floor_char_boundary(WORDS_BYTES_MAX));
        Some(bailiwick_record::audit::visible(&line))
    }
}

/// What is told of one outcome, in bytes, and what of it is looked through for secrets.
const WORDS_BYTES_MAX: usize = 4 << 10;
const MASKED_BYTES_MAX: usize = 16 << 10;

fn told(outcome: &Outcome<'_>) -> Option<String> {
    let decision = &outcome.decision;
    let forwarded = matches!(decision.action, Action::Forwarded | Action::Changed);
    let word = match (decision.verdict, forwarded) {
        // With `drift: warn` this is the warning.
        (Verdict::Allow, true) if decision.event == Event::Pin => "warning (forwarded)",
        (Verdict::Allow, _) => return None,
        (Verdict::Ask, false) => "ask",
        (Verdict::Deny, false) => "deny",
        (Verdict::Ask, true) => "would ask (forwarded)",
        (Verdict::Deny, true) => "would deny (forwarded)",
    };
    let reasons: Vec<String> =
        decision.reasons.iter().map(|reason| reason.describe(&decision.policy).to_string()).collect();
    let target = decision.target.as_deref().unwrap_or_default();
    Some(format!("{word} {} {target}: {}", decision.method, reasons.join("; ")))
}
