//! Guards over what a server sends: every string leaf, keys included.

use bailiwick_guard::{Finding, Guard, Level, Scanner};
use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Message, Splice, Value};
use bailiwick_policy::{GuardAction, Guards};

use crate::decision::Reason;
use crate::engine::Engine;

/// What the guards say of one value.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    pub(crate) reasons: Vec<Reason>,
    /// A guard whose action is `block` found something.
    pub(crate) blocked: bool,
    /// Replacements that `strip` and `redact` ask for.
    pub(crate) splice: Splice,
    /// Where the strings stand that were replaced as a whole, in their order; they are not looked at again.
    replaced: Vec<usize>,
}

/// Reasons kept of one message; more findings change its text all the same.
const REASONS_MAX: usize = 16;

/// Runs the guard for secrets over every string below `value` that its key makes a secret.
fn inspect_named(scanner: &Scanner, guards: &Guards, value: Value<'_>, inspection: &mut Inspection) {
    if guards.secrets == GuardAction::Off {
        return;
    }
    scanner.each_named_secret(value, &mut |leaf, finding, placeholder| {
        inspection.note(&[finding], leaf);
        match guards.secrets {
            GuardAction::Block => inspection.blocked = true,
            GuardAction::Redact | GuardAction::Strip => {
                let mut quoted = Vec::with_capacity(placeholder.len() + 2);
                escape_into(&placeholder, &mut quoted);
                inspection.splice.replace(leaf.span(), quoted);
                inspection.replaced.push(leaf.span().0);
            }
            GuardAction::Off | GuardAction::Log => {}
        }
    });
}

/// Runs the guards of `guards` over every string below `value`.
pub(crate) fn inspect(scanner: &Scanner, guards: &Guards, value: Value<'_>, inspection: &mut Inspection) {
    let actions = [
        // Hidden characters first: what they split is whole for the guards behind.
        (Guard::HiddenText, guards.hidden_text),
        (Guard::Injection, guards.injection),
        (Guard::Secrets, guards.secrets),
    ];
    if actions.iter().all(|(_, action)| *action == GuardAction::Off) {
        return;
    }
    let mut findings = Vec::new();
    for leaf in value.descendants() {
        let Some(text) = leaf.text().filter(|text| !scanner.is_clear(text)) else { continue };
        if inspection.replaced.binary_search(&leaf.span().0).is_ok() {
            continue;
        }
        let mut replaced: Option<String> = None;
        for (guard, action) in actions {
            if action == GuardAction::Off {
                continue;
            }
            findings.clear();
            let now: &str = replaced.as_deref().unwrap_or(&text);
            let coverage = scanner.scan(guard, now, &mut findings);
            if coverage.inspected_bytes < coverage.text_bytes {
                // What was not looked at is not called clean: a guard that blocks, blocks it.
                inspection.note_unread(guard, leaf);
                inspection.blocked |= action == GuardAction::Block;
            }
            findings.retain(|finding| finding.level >= Level::Likely);
            if findings.is_empty() {
                continue;
            }
            inspection.note(&findings, leaf);
            match action {
                GuardAction::Block => inspection.blocked = true,
                GuardAction::Strip => replaced = Some(bailiwick_guard::strip_hidden(now).into_owned()),
                GuardAction::Redact => replaced = Some(scanner.redact_secrets(now).into_owned()),
                GuardAction::Off | GuardAction::Log => {}
            }
        }
        if let Some(replaced) = replaced.filter(|replaced| *replaced != text) {
            let mut quoted = Vec::with_capacity(replaced.len() + 2);
            escape_into(&replaced, &mut quoted);
            inspection.splice.replace(leaf.span(), quoted);
        }
    }
}

impl Engine {
    /// Runs the guards over everything in a message but what names it (`jsonrpc`, `id`, `method`) and the members of its
    /// result that `except` names: those are looked at one by one.
    pub(crate) fn inspect_message(
        &self,
        message: &Message<'_>,
        except: Option<&str>,
        inspection: &mut Inspection,
    ) {
        if self.clear {
            return;
        }
        let guards = self.policy.guards();
        for (key, value) in message.value().members() {
            let name = key.text().unwrap_or_default();
            if matches!(&*name, "jsonrpc" | "id" | "method") {
                continue;
            }
            inspect(&self.scanner, &guards, key, inspection);
            // Entries of lists are definitions: what stands under `token` there speaks of one.
            if except.is_none() {
                inspect_named(&self.scanner, &guards, value, inspection);
            }
            match except {
                Some(except) if name == "result" => {
                    for (key, value) in value.members() {
                        // A cursor is the server's own, opaque, and useless when it is changed.
                        if !key.is_text(except) && !key.is_text("nextCursor") {
                            inspect(&self.scanner, &guards, key, inspection);
                            inspect(&self.scanner, &guards, value, inspection);
                        }
                    }
                }
                Some(_) | None => inspect(&self.scanner, &guards, value, inspection),
            }
        }
    }
}

impl Inspection {
    fn note_unread(&mut self, guard: Guard, leaf: Value<'_>) {
        self.reasons.truncate(REASONS_MAX);
        self.reasons.push(Reason::Guard {
            guard: guard.as_str(),
            code: "not-inspected",
            place: place(leaf),
            message: "text beyond the guard's limit was not looked at",
        });
    }

    fn note(&mut self, findings: &[Finding], leaf: Value<'_>) {
        for finding in findings {
            if self.reasons.len() >= REASONS_MAX {
                return;
            }
            self.reasons.push(Reason::Guard {
                guard: finding.guard.as_str(),
                code: finding.code,
                place: place(leaf),
                message: finding.message,
            });
        }
    }
}

fn place(leaf: Value<'_>) -> String {
    format!("byte {} of the message", leaf.span().0)
}
