//! The registry: one line per guard. A scanner is built once and shared by every thread.

use std::borrow::Cow;

use bailiwick_mcp::Value;

use crate::guard::{Coverage, Finding, Guard};
use crate::hidden_text::HiddenText;
use crate::injection::Injection;
use crate::limits::{FINDINGS_MAX, SCAN_BYTES_MAX};
use crate::secrets::Secrets;

/// The automata of all guards.
#[derive(Debug)]
pub struct Scanner {
    hidden_text: HiddenText,
    injection: Injection,
    secrets: Secrets,
}

/// What every guard can do.
pub(crate) trait Detector {
    /// Reports what it finds in `text`, in the order of the text.
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding));
}

impl Scanner {
    /// Builds the automata; some milliseconds.
    #[must_use]
    pub fn new() -> Scanner {
        Scanner { hidden_text: HiddenText, injection: Injection::new(), secrets: Secrets::new() }
    }

    fn detector(&self, guard: Guard) -> &dyn Detector {
        match guard {
            Guard::HiddenText => &self.hidden_text,
            Guard::Injection => &self.injection,
            Guard::Secrets => &self.secrets,
        }
    }

    /// Appends what `guard` finds in `text` to `findings`, in time linear in the text, and says how much it saw.
    pub fn scan(&self, guard: Guard, text: &str, findings: &mut Vec<Finding>) -> Coverage {
        let inspected = head(text, SCAN_BYTES_MAX);
        let mut room = FINDINGS_MAX;
        let mut omitted_findings = 0;
        self.detector(guard).scan(inspected, &mut |finding| {
            if room == 0 {
                omitted_findings += 1;
            } else {
                room -= 1;
                findings.push(finding);
            }
        });
        Coverage { inspected_bytes: inspected.len(), text_bytes: text.len(), omitted_findings }
    }

    /// Replaces every secret in `text` by a placeholder that names its type, such as `[redacted:github-token]`.
    ///
    /// Idempotent, without a length limit, and finds what [`Guard::Secrets`] finds.
    #[must_use]
    pub fn redact_secrets<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets.redact(text)
    }

    /// Appends the JSON text of `value` to `out`, with every secret in its strings and keys replaced.
    ///
    /// A member whose key names a secret (`password`, `api_key`, `authorization`, …) loses its value whatever it looks
    /// like. What holds no secret keeps its bytes: numbers, white space, escapes.
    pub fn redact_json(&self, value: Value<'_>, out: &mut Vec<u8>) {
        self.secrets.redact_json(value, out);
    }
}

impl Default for Scanner {
    fn default() -> Scanner {
        Scanner::new()
    }
}

/// The first `bytes_max` bytes, cut at a character boundary.
fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}
