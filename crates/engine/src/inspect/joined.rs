//! Texts of one answer as one: an order may be cut in two, and read as a whole by whoever gets both.

use bailiwick_guard::{Guard, Level};
use bailiwick_mcp::{Body, Kind, Message, Value};
use bailiwick_policy::{Found, GuardAction, GuardName};

use super::Inspector;
use super::finding::{named, taints, weighed};
use crate::decision::Reason;

/// Lists whose elements a client shows one after the other.
const LISTS: [&str; 3] = ["content", "contents", "messages"];

impl Inspector<'_> {
    /// Looks at the text blocks of a result joined without and with a line end between them.
    pub(super) fn blocks_of(&mut self, message: &Message<'_>) {
        let body = match &message.body {
            Body::Result { result, .. } => *result,
            Body::Request { .. } | Body::Notification { .. } => match message.params() {
                Some(params) => params,
                None => return,
            },
            Body::Error { .. } => return,
        };
        if self.view.from(GuardName::Injection).is_none() {
            return;
        }
        for list in LISTS.iter().filter_map(|list| body.get(list)) {
            if list.elements().filter(|block| told_by(*block).is_some()).nth(1).is_none() {
                continue;
            }
            let texts: Vec<_> = list.elements().filter_map(told_by).filter_map(Value::text).collect();
            // Of long blocks the ends: what stands in their midst was read by itself.
            let total: usize = texts.iter().map(|text| text.len()).sum();
            let ends = |text: &str| match total > JOINED_BYTES_MAX && text.len() > END_BYTES.saturating_mul(2)
            {
                true => {
                    let (head, tail) = (
                        text.floor_char_boundary(END_BYTES),
                        text.ceil_char_boundary(text.len().saturating_sub(END_BYTES)),
                    );
                    format!(
                        "{}\n\n{}",
                        text.get(..head).unwrap_or_default(),
                        text.get(tail..).unwrap_or_default()
                    )
                }
                false => text.to_owned(),
            };
            let texts: Vec<String> = texts.iter().map(|text| ends(text)).collect();
            for joint in ["", "\n"] {
                self.joined(&texts.join(joint));
            }
        }
    }

    fn joined(&mut self, text: &str) {
        if self.scanner.is_clear(text) {
            return;
        }
        // What a block says by itself was dealt with there.
        let known = self.out.injected;
        let mut best: Option<bailiwick_guard::Finding> = None;
        let mut found = Vec::new();
        let _ = self.scanner.scan(Guard::Injection, text, &mut found);
        for finding in found {
            if Some(finding.level) > known && best.as_ref().is_none_or(|best| finding.level > best.level) {
                best = Some(finding);
            }
        }
        let Some(finding) = best else { return };
        self.out.injected = Some(finding.level);
        self.out.suspects.note(None, text, (&finding.span, finding.level));
        let about = Found {
            guard: GuardName::Injection,
            code: finding.code,
            level: named(finding.level),
            text: text.get(finding.span.clone()).unwrap_or_default(),
        };
        let ruling = self.view.rule(&about, self.about.target.as_ref(), self.at.as_micros(), false);
        let action = match ruling.action {
            GuardAction::Off => return,
            // What stands in several blocks cannot be cut out of one.
            GuardAction::Strip | GuardAction::Redact => GuardAction::Block,
            action => action,
        };
        match action {
            GuardAction::Annotate => self.out.annotate(GuardName::Injection, finding.code),
            GuardAction::Ask | GuardAction::Quarantine | GuardAction::Block => {
                self.out.action = self.out.action.max(action);
            }
            GuardAction::Off | GuardAction::Log | GuardAction::Strip | GuardAction::Redact => {}
        }
        self.out.suppressed.extend(ruling.suppressed);
        if ruling.suppressed.is_none() && finding.level >= Level::Likely {
            self.out.taints = self.out.taints.union(taints(GuardName::Injection, action));
        }
        self.out.reasons.push(Reason::Guard {
            guard: GuardName::Injection.word(),
            code: finding.code.into(),
            place: "the texts of the message, joined".to_owned(),
            message: finding.message.into(),
            action,
            detail: format!("{}, {}; {}", finding.level.as_str(), weighed(&finding), action.word()),
            said: self.view.said(&ruling).cloned(),
        });
    }
}

/// Blocks that are together no longer than this are joined whole, in bytes.
const JOINED_BYTES_MAX: usize = 64 << 10;
/// What of a longer block is joined, at either end, in bytes.
const END_BYTES: usize = 2 << 10;

/// The text of one block: its own, that of its resource, or that of the message that it is.
fn told_by(block: Value<'_>) -> Option<Value<'_>> {
    let own = block.get("text");
    let inner = || block.get("resource").or_else(|| block.get("content")).and_then(|inner| inner.get("text"));
    own.or_else(inner).filter(|text| text.kind() == Kind::Text)
}
