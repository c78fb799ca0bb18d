//! The registry: one line per guard. A scanner is built once and shared by every thread.

use std::borrow::Cow;

use bailiwick_mcp::Value;

use crate::guard::{Coverage, Finding, Guard};
use crate::hidden_text::HiddenText;
use crate::injection::Injection;
use crate::limits::{FINDINGS_MAX, SCAN_BYTES_MAX};
use crate::secrets::Secrets;
use crate::verdict::Verdict;

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

    /// The guards that read texts.
    fn detector(&self, guard: Guard) -> Option<&dyn Detector> {
        match guard {
            Guard::HiddenText => Some(&self.hidden_text),
            Guard::Injection => Some(&self.injection),
            Guard::Secrets => Some(&self.secrets),
            Guard::Path | Guard::Command | Guard::Sql | Guard::Ssrf | Guard::Template => None,
        }
    }

    /// Appends what `guard` finds in `text` to `findings`, in time linear in the text, and says how much it saw: nothing,
    /// if the guard does not read texts.
    pub fn scan(&self, guard: Guard, text: &str, findings: &mut Vec<Finding>) -> Coverage {
        let inspected = head(text, SCAN_BYTES_MAX);
        let mut room = FINDINGS_MAX;
        let mut omitted_findings = 0;
        let Some(detector) = self.detector(guard) else {
            return Coverage { inspected_bytes: 0, text_bytes: text.len(), omitted_findings };
        };
        detector.scan(inspected, &mut |finding| {
            if room == 0 {
                omitted_findings += 1;
            } else {
                room -= 1;
                findings.push(finding);
            }
        });
        Coverage { inspected_bytes: inspected.len(), text_bytes: text.len(), omitted_findings }
    }

    /// Judges a text that a server sent: injection, and what is hidden in it.
    pub fn judge_result(&self, text: &str) -> Verdict {
        let inspected = head(text, SCAN_BYTES_MAX);
        let mut verdict = Verdict::default();
        let mut findings = Vec::new();
        let mut room = Room(FINDINGS_MAX, 0);
        let parts = self.injection.judge(inspected, &mut |finding| room.take(finding, &mut findings));
        verdict.raise(parts.points(), Some(parts));
        verdict.findings = findings;
        let coverage =
            Coverage { inspected_bytes: inspected.len(), text_bytes: text.len(), omitted_findings: room.1 };
        verdict.cover(coverage);
        let mut findings = Vec::new();
        verdict.cover(self.scan(Guard::HiddenText, text, &mut findings));
        verdict.findings.extend(findings);
        verdict
    }

    /// Judges the text blocks of one result: each, and all joined, since an order may be cut in two.
    pub fn judge_blocks(&self, blocks: &[String]) -> Verdict {
        let mut verdict = self.judge_result(&blocks.concat());
        if blocks.len() > 1 {
            verdict.join(self.judge_result(&blocks.join("\n")));
        }
        verdict
    }

    /// Judges every string below `value`, keys included.
    pub fn judge_result_in(&self, value: Value<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        for text in value.descendants().filter_map(Value::text) {
            verdict.join(self.judge_result(&text));
        }
        verdict
    }

    /// Judges a text for credentials.
    pub fn judge_secrets(&self, text: &str) -> Verdict {
        let mut verdict = Verdict::default();
        let mut findings = Vec::new();
        verdict.cover(self.scan(Guard::Secrets, text, &mut findings));
        verdict.add(findings);
        verdict
    }

    /// Judges every string below `value` for credentials, keys included.
    pub fn judge_secrets_in(&self, value: Value<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        for text in value.descendants().filter_map(Value::text) {
            verdict.join(self.judge_secrets(&text));
        }
        verdict
    }

    /// Judges the definition of a tool.
    pub fn judge_definition(&self, tool: Value<'_>) -> Verdict {
        self.judge_result_in(tool)
    }

    /// Judges the arguments of a call of `tool`.
    pub fn judge_arguments(&self, tool: &str, arguments: Value<'_>) -> Verdict {
        crate::arguments::judge(tool, arguments)
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

/// Room for findings, and how many found none.
struct Room(usize, usize);

impl Room {
    fn take(&mut self, finding: Finding, findings: &mut Vec<Finding>) {
        if self.0 == 0 {
            self.1 += 1;
        } else {
            self.0 -= 1;
            findings.push(finding);
        }
    }
}

/// The first `bytes_max` bytes, cut at a character boundary.
fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}
