//! One finding: what the policy does with it, how the record names it, what it changes.

use std::borrow::Cow;
use std::ops::Range;

use bailiwick_guard::{Coverage, Finding, Guard, Level};
use bailiwick_mcp::{Direction, Timestamp, Value};
use bailiwick_policy::{
    Found, GuardAction, GuardLevel, GuardName, GuardPattern, GuardView, Ruling, Taint, Taints,
};

use super::edited::{Edit, Edited};
use super::{About, Inspection, REASONS_MAX};
use crate::decision::Reason;

/// Where in a message a text stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Byte of the message at which its string begins.
    at: Option<usize>,
    /// The text is written without escapes, so that its bytes are those of the message.
    plain: bool,
    /// What it was decoded from.
    within: Option<&'static str>,
    /// An argument by its pointer, which says more than bytes do.
    argument: Option<Box<str>>,
}

impl Place {
    pub(crate) fn of(leaf: Value<'_>) -> Place {
        let (start, end) = leaf.span();
        let plain = !leaf.raw().get(1..end.saturating_sub(start)).unwrap_or_default().contains('\\');
        Place { at: Some(start), plain, ..Place::message() }
    }

    pub(super) fn at(byte: usize) -> Place {
        Place { at: Some(byte), ..Place::message() }
    }

    /// The message as a whole.
    pub(crate) fn message() -> Place {
        Place { at: None, plain: false, within: None, argument: None }
    }

    /// The argument at `pointer` (RFC 6901), or all of them.
    pub(super) fn argument(pointer: &str) -> Place {
        Place { argument: Some(pointer.into()), ..Place::message() }
    }

    pub(super) fn within(self, name: &'static str) -> Place {
        Place { within: Some(name), plain: false, ..self }
    }

    fn describe(&self, span: &Range<usize>) -> String {
        match &self.argument {
            Some(pointer) if pointer.is_empty() => return "the arguments".to_owned(),
            Some(pointer) => return format!("`{pointer}` of the arguments"),
            None => {}
        }
        match (self.at, self.plain) {
            (None, _) => "the message".to_owned(),
            (Some(at), _) if span.is_empty() => format!("byte {at} of the message"),
            (Some(at), true) => {
                let first = at.saturating_add(1);
                let (start, end) = (first.saturating_add(span.start), first.saturating_add(span.end));
                format!("bytes {start}..{end} of the message")
            }
            (Some(at), false) => {
                format!("bytes {}..{} of the text at byte {at} of the message", span.start, span.end)
            }
        }
    }
}

/// One guard over one text.
pub(super) struct Case<'c, 'e> {
    pub(super) view: &'c GuardView<'e>,
    pub(super) about: &'c About<'e>,
    pub(super) at: Timestamp,
    pub(super) name: GuardName,
    pub(super) text: &'c str,
    pub(super) place: &'c Place,
    pub(super) edited: &'c Edited<'c>,
    /// What was told in an earlier round is not told again.
    pub(super) silent: bool,
    pub(super) out: &'c mut Inspection,
    pub(super) edits: &'c mut Vec<Edit>,
}

impl Case<'_, '_> {
    pub(super) fn take(&mut self, finding: &Finding) {
        let ruling = self.rule(finding.code, finding.level, &finding.span);
        let told = || (Cow::Borrowed(finding.code), Cow::Borrowed(finding.message), weighed(finding));
        self.carry_out(ruling, finding.level, finding.code, &finding.span, told);
        if finding.guard == Guard::Injection {
            self.out.injected = self.out.injected.max(Some(finding.level));
            if !self.silent {
                self.out.suspects.note(self.place.at, self.text, (&finding.span, finding.level));
            }
        }
    }

    pub(super) fn take_pattern(&mut self, pattern: &GuardPattern, span: Range<usize>) {
        let level = level_of(pattern.level);
        let ruling = self.rule(&pattern.id, level, &span);
        let place = format!("pattern of {}:{}", pattern.file, pattern.line);
        let told = || (Cow::Owned(pattern.id.to_string()), Cow::Owned(pattern.message.to_string()), place);
        self.carry_out(ruling, level, &pattern.id, &span, told);
    }

    fn rule(&self, code: &str, level: Level, span: &Range<usize>) -> Ruling {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let found = Found { guard: self.name, code, level: named(level), text };
        self.view.rule(&found, self.about.target.as_ref(), self.at.as_micros(), self.about.is_written_back())
    }

    fn carry_out(
        &mut self,
        ruling: Ruling,
        level: Level,
        code: &str,
        span: &Range<usize>,
        told: impl FnOnce() -> (Cow<'static, str>, Cow<'static, str>, String),
    ) {
        match ruling.action {
            GuardAction::Off => return,
            GuardAction::Log => {}
            GuardAction::Annotate => self.out.annotate(self.name, code),
            GuardAction::Strip => self.edits.push((span.clone(), String::new())),
            GuardAction::Redact => {
                let word = if self.name == GuardName::Injection { "removed" } else { "redacted" };
                self.edits.push((span.clone(), format!("[{word}:{code}]")));
            }
            GuardAction::Ask | GuardAction::Quarantine | GuardAction::Block => {
                self.out.action = self.out.action.max(ruling.action);
            }
        }
        if self.silent {
            return;
        }
        if let Some(index) = ruling.suppressed {
            if !self.out.suppressed.contains(&index) {
                self.out.suppressed.push(index);
            }
        } else if self.view.direction() == Direction::ToClient && level >= Level::Likely {
            self.out.taints = self.out.taints.union(taints(self.name, ruling.action));
        }
        if self.out.reasons.len() >= REASONS_MAX {
            self.out.omitted = self.out.omitted.saturating_add(1);
            return;
        }
        let (code, message, mut detail) = told();
        detail = format!("{}, {detail}", level.as_str());
        if let Some(within) = self.place.within {
            detail.push_str(&format!(", in {within}"));
        }
        let done = match ruling.suppressed {
            Some(_) => "suppressed",
            None => ruling.action.word(),
        };
        detail.push_str(&format!("; {done}"));
        let action = if ruling.suppressed.is_some() { GuardAction::Log } else { ruling.action };
        let place = self.place.describe(&self.edited.original(span));
        let said = self.view.said(&ruling).cloned();
        self.out.reasons.push(Reason::Guard {
            guard: self.name.word(),
            code,
            place,
            message,
            action,
            detail,
            said,
        });
    }

    /// What was not looked at is not called clean: a guard that stops a message stops it then.
    pub(super) fn cover(&mut self, coverage: Coverage) {
        if self.silent {
            return;
        }
        if coverage.inspected_bytes < coverage.text_bytes {
            let action = self.view.action(self.name, GuardLevel::Certain);
            if action >= GuardAction::Ask {
                self.out.action = self.out.action.max(action);
            }
            let guard = Some((self.name, self.view));
            self.out.unread(guard, self.place, "text beyond the guard's limit was not looked at");
        }
        if let Some(what) = coverage.left_out {
            self.out.unread(Some((self.name, self.view)), self.place, what);
        }
    }
}

impl Inspection {
    /// Names what was not looked at; `None`: by no guard.
    pub(super) fn unread(
        &mut self,
        guard: Option<(GuardName, &GuardView<'_>)>,
        place: &Place,
        what: &'static str,
    ) {
        self.reasons.truncate(REASONS_MAX);
        self.reasons.push(Reason::Guard {
            guard: guard.map_or("guards", |(guard, _)| guard.word()),
            code: "not-inspected".into(),
            place: place.describe(&(0..0)),
            message: what.into(),
            action: self.action.max(GuardAction::Log),
            detail: String::new(),
            said: guard.and_then(|(guard, view)| view.place(guard)).cloned(),
        });
    }

    pub(super) fn annotate(&mut self, guard: GuardName, code: &str) {
        let note = format!("{}/{code}", guard.word());
        if self.notes.len() < REASONS_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// What a run has met when a finding goes on to the agent.
pub(super) fn taints(guard: GuardName, action: GuardAction) -> Taints {
    let shown = matches!(action, GuardAction::Log | GuardAction::Annotate | GuardAction::Ask);
    match guard {
        GuardName::Injection | GuardName::ToolPoisoning if shown => {
            Taints::NONE.with(Taint::Untrusted).with(Taint::Injected)
        }
        GuardName::Injection => Taints::NONE.with(Taint::Untrusted),
        GuardName::HiddenText if shown => Taints::NONE.with(Taint::Untrusted),
        GuardName::Secrets | GuardName::Pii if shown => Taints::NONE.with(Taint::Private),
        _ => Taints::NONE,
    }
}

/// The score, its parts, and what had to be undone.
pub(super) fn weighed(finding: &Finding) -> String {
    let points = |points: i32| format!("{:.2}", f64::from(points) / 100.0);
    let mut out = format!("score {}", points(finding.points));
    if let Some(parts) = finding.parts {
        let [pattern, model, structure] = [parts.pattern, parts.model, parts.structure].map(points);
        out.push_str(&format!(" = rules {pattern} + model {model} + disguise {structure}"));
    }
    let via: Vec<&str> = finding.via.names().collect();
    if !via.is_empty() {
        out.push_str(&format!(", decoded {}", via.join(" then ")));
    }
    out
}

pub(super) fn named(level: Level) -> GuardLevel {
    match level {
        Level::Possible => GuardLevel::Possible,
        Level::Likely => GuardLevel::Likely,
        Level::Certain => GuardLevel::Certain,
    }
}

fn level_of(level: GuardLevel) -> Level {
    match level {
        GuardLevel::Possible => Level::Possible,
        GuardLevel::Likely => Level::Likely,
        GuardLevel::Certain => Level::Certain,
    }
}
