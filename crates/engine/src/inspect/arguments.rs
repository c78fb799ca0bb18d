//! Guards over what goes to the server: arguments by what each is for, and texts where the policy asks for it.

use bailiwick_guard::{Guard, Scanner};
use bailiwick_mcp::{Direction, Value};
use bailiwick_policy::{GuardName, GuardView, Target, Verdict};

use super::edited::Edited;
use super::finding::{Case, Place};
use super::{About, Inspection};
use crate::decision::Reason;
use crate::engine::Engine;
use crate::foresight::Known;

impl Engine {
    /// What the guards say of the arguments of a request.
    pub(crate) fn inspect_arguments(
        &mut self,
        target: &Target<'_>,
        arguments: Option<Value<'_>>,
        known: Known,
        reasons: &mut Vec<Reason>,
    ) -> Verdict {
        let about = About { target: Some(*target), ..About::default() };
        let Some(mut inspector) = self.inspector(about, Direction::ToServer) else { return Verdict::Allow };
        if let Target::Tool { name, .. } = target {
            inspector.fits(&self.offer.inputs, name, arguments);
        }
        inspector.nameless = known.maskless;
        if let Some(arguments) = arguments {
            if !known.harmless && reads_arguments(&inspector.view) {
                let judged = inspector.scanner.judge_arguments(target.object(), arguments);
                for what in judged.not_inspected() {
                    inspector.out.unread(None, &Place::of(arguments), what);
                }
                for finding in &judged.findings {
                    let Some((name, _)) = ARGUMENT_GUARDS.iter().find(|(_, guard)| *guard == finding.guard)
                    else {
                        continue;
                    };
                    let span = (finding.span.start, finding.span.end);
                    let leaf = arguments.descendants().find(|value| value.span() == span);
                    let text = leaf.and_then(Value::text).unwrap_or_default();
                    let whole = bailiwick_guard::Finding { span: 0..text.len(), ..finding.clone() };
                    let (edited, mut edits) = (Edited::new(&text), Vec::new());
                    let place = leaf.map_or_else(Place::message, Place::of);
                    let mut case = Case {
                        view: &inspector.view,
                        about: &inspector.about,
                        at: inspector.at,
                        name: *name,
                        text: &text,
                        place: &place,
                        edited: &edited,
                        silent: false,
                        out: &mut inspector.out,
                        edits: &mut edits,
                    };
                    case.take(&whole);
                }
            }
            let reads_text = [
                GuardName::HiddenText,
                GuardName::Injection,
                GuardName::Secrets,
                GuardName::Pii,
                GuardName::Size,
            ];
            if reads_text.iter().any(|name| inspector.view.from(*name).is_some()) {
                inspector.name_secrets(arguments);
                inspector.value(arguments);
            }
        }
        let inspection = inspector.finish();
        self.take_in(&inspection);
        verdict_of(inspection, reasons)
    }
}

/// True only if a guard of arguments is on, and none finds anything in these.
pub(crate) fn is_harmless(scanner: &Scanner, view: &GuardView<'_>, tool: &str, arguments: Value<'_>) -> bool {
    reads_arguments(view) && scanner.judge_arguments(tool, arguments).is_empty()
}

fn reads_arguments(view: &GuardView<'_>) -> bool {
    ARGUMENT_GUARDS.iter().any(|(name, _)| view.from(*name).is_some())
}

fn verdict_of(mut inspection: Inspection, reasons: &mut Vec<Reason>) -> Verdict {
    reasons.append(&mut inspection.reasons);
    inspection.verdict()
}

const ARGUMENT_GUARDS: [(GuardName, Guard); 5] = [
    (GuardName::Path, Guard::Path),
    (GuardName::Command, Guard::Command),
    (GuardName::Sql, Guard::Sql),
    (GuardName::Ssrf, Guard::Ssrf),
    (GuardName::Template, Guard::Template),
];
