//! The registry: one line per guard. A scanner is built once and shared by every thread.

use std::borrow::Cow;
use std::ops::ControlFlow;

use bailiwick_mcp::Value;

use crate::definition::Beside;
use crate::guard::{Coverage, Finding, Guard};
use crate::hidden_text::HiddenText;
use crate::injection::Injection;
use crate::limits::{FINDINGS_MAX, SCAN_BYTES_MAX};
use crate::pii::Pii;
use crate::secrets::{Reader, Secrets};
use crate::shape::{Shape, Sign};
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
    /// Returns what it did not look at, in words.
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Option<&'static str>;
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
            Guard::Pii => Some(&Pii),
            Guard::ToolPoisoning
            | Guard::Path
            | Guard::Command
            | Guard::Sql
            | Guard::Ssrf
            | Guard::Template
            | Guard::Size
            | Guard::Schema => None,
        }
    }

    /// Appends what `guard` finds in `text` to `findings`, in time linear in the text, and says how much it saw: nothing,
    /// if the guard does not read texts.
    pub fn scan(&self, guard: Guard, text: &str, findings: &mut Vec<Finding>) -> Coverage {
        let inspected = head(text, SCAN_BYTES_MAX);
        let mut room = FINDINGS_MAX;
        let mut omitted_findings = 0;
        let Some(detector) = self.detector(guard) else {
            return Coverage { inspected_bytes: 0, text_bytes: text.len(), omitted_findings, left_out: None };
        };
        let left_out = detector.scan(inspected, &mut |finding| {
            if room == 0 {
                omitted_findings += 1;
            } else {
                room -= 1;
                findings.push(finding);
            }
        });
        Coverage { inspected_bytes: inspected.len(), text_bytes: text.len(), omitted_findings, left_out }
    }

    /// Calls `each` with everything that `guard` finds in `text`, without a bound on the number of findings.
    pub fn each(&self, guard: Guard, text: &str, each: &mut dyn FnMut(Finding)) -> Coverage {
        let inspected = head(text, SCAN_BYTES_MAX);
        let left_out = self.detector(guard).and_then(|detector| detector.scan(inspected, each));
        let inspected_bytes = if self.detector(guard).is_some() { inspected.len() } else { 0 };
        Coverage { inspected_bytes, text_bytes: text.len(), omitted_findings: 0, left_out }
    }

    /// Judges a text that a server sent: injection, and what is hidden in it.
    pub fn judge_result(&self, text: &str) -> Verdict {
        let inspected = head(text, SCAN_BYTES_MAX);
        let mut verdict = Verdict::default();
        let mut findings = Vec::new();
        let mut room = Room(FINDINGS_MAX, 0);
        let (parts, left_out) =
            self.injection.judge(inspected, &mut |finding| room.take(finding, &mut findings));
        verdict.raise(parts.points(), Some(parts));
        verdict.findings = findings;
        let coverage = Coverage {
            inspected_bytes: inspected.len(),
            text_bytes: text.len(),
            omitted_findings: room.1,
            left_out,
        };
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

    /// Judges a text for credentials and personal data.
    pub fn judge_secrets(&self, text: &str) -> Verdict {
        let mut verdict = Verdict::default();
        let mut findings = Vec::new();
        verdict.cover(self.scan(Guard::Secrets, text, &mut findings));
        verdict.add(findings);
        let mut findings = Vec::new();
        verdict.cover(self.scan(Guard::Pii, text, &mut findings));
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
        crate::definition::judge(&self.injection, tool, Beside::default())
    }

    /// The same, knowing the names of the tools that the same server lists, and those of other servers.
    pub fn judge_definition_beside(&self, tool: Value<'_>, beside: Beside<'_>) -> Verdict {
        crate::definition::judge(&self.injection, tool, beside)
    }

    /// Judges the arguments of a call of `tool`.
    pub fn judge_arguments(&self, tool: &str, arguments: Value<'_>) -> Verdict {
        crate::arguments::judge(tool, arguments)
    }

    /// True only if no guard finds anything in `text`, all of which was looked at, and as a key it makes no secret of what
    /// stands under it. A cheap look for the texts of every day; false says nothing.
    #[must_use]
    pub fn is_clear(&self, text: &str) -> bool {
        if is_usual(text) {
            return true;
        }
        if text.len() > CLEAR_BYTES_MAX || self.secrets.may_name_one(text) {
            return false;
        }
        let (mut injection, mut secrets) = (self.injection.glance(), crate::secrets::Glance::default());
        let walk = Shape::each(text.as_bytes(), |start, here, next| {
            secrets.block::<false>(text, start, here);
            if here.wide != 0 || here.has([Sign::Control]) || secrets.is_enough() {
                return ControlFlow::Break(());
            }
            injection.block(text.as_bytes(), start, here, next);
            ControlFlow::Continue(())
        });
        walk.is_continue() && !injection.may_find() && !self.secrets.may_find(text, &secrets)
    }

    /// Replaces every secret in `text` by a placeholder that names its type, such as `[redacted:github-token]`.
    ///
    /// Idempotent, without a length limit, and finds what [`Guard::Secrets`] finds.
    #[must_use]
    pub fn redact_secrets<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets.redact(text, Reader::Log)
    }

    /// As [`Scanner::redact_secrets`], for somebody who decides by what is shown: replaced is only what can be nothing but a
    /// credential. `PASSWORD=a;reboot` stays as it is, for it is a command too.
    #[must_use]
    pub fn redact_for_person<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets.redact(text, Reader::Person)
    }

    /// As [`Scanner::redact_json`], for somebody who decides by what is shown.
    pub fn redact_json_for_person(&self, value: Value<'_>, out: &mut Vec<u8>) {
        self.secrets.redact_json(value, Reader::Person, out);
    }

    /// Visits every string below `value` that its key makes a secret (`"password": "…"`), with the type of the secret and what
    /// stands in its place when it is redacted.
    pub fn each_named_secret<'a>(&self, value: Value<'a>, visit: &mut dyn FnMut(Value<'a>, Finding, String)) {
        Secrets::each_named(value, &mut |leaf, code| {
            let (finding, placeholder) = crate::secrets::named(code);
            visit(leaf, finding, placeholder);
        });
    }

    /// False only if [`Scanner::redact_json`] would leave a value with this JSON text as it is, and [`Guard::Secrets`] finds
    /// nothing in any string or key of it: no secret that shows, none in disguise, none by its key.
    #[must_use]
    pub fn may_hold_secret(&self, json: &str) -> bool {
        self.secrets.is_suspicious(json)
    }

    /// False only if [`Scanner::each_named_secret`] visits nothing in a value with this JSON text.
    #[must_use]
    pub fn may_name_secret(&self, json: &str) -> bool {
        self.secrets.may_name(json)
    }

    /// Appends the JSON text of `value` to `out`, with every secret in its strings and keys replaced.
    ///
    /// A member whose key names a secret (`password`, `api_key`, `authorization`, …) loses its value whatever it looks
    /// like. What holds no secret keeps its bytes: numbers, white space, escapes.
    pub fn redact_json(&self, value: Value<'_>, out: &mut Vec<u8>) {
        self.secrets.redact_json(value, Reader::Log, out);
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

/// Longer texts are left to the guards, which need no copy of the whole, in bytes.
const CLEAR_BYTES_MAX: usize = 256 << 10;

/// One of the words: the compiler knows the length of each, and calls nothing to compare it.
macro_rules! usual {
    ($($word:literal),*) => {
        #[cfg(test)]
        const USUAL: &[&str] = &[$($word),*];

        fn is_usual(text: &str) -> bool {
            matches!(text, $($word)|*)
        }
    };
}

// Keys and values that stand in nearly every answer.
usual!(
    "content",
    "text",
    "type",
    "isError",
    "result",
    "structuredContent",
    "resource",
    "uri",
    "mimeType",
    "name",
    "params",
    "_meta",
    "jsonrpc",
    "2.0",
    "id"
);

/// The first `bytes_max` bytes, cut at a character boundary.
fn head(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::{Scanner, USUAL};
    use crate::guard::Guard;

    static SCANNER: LazyLock<Scanner> = LazyLock::new(Scanner::new);

    fn finds(text: &str) -> bool {
        let mut findings = Vec::new();
        let texts = [Guard::HiddenText, Guard::Injection, Guard::Secrets];
        let complete = texts.map(|guard| SCANNER.scan(guard, text, &mut findings).is_complete());
        !findings.is_empty() || complete.contains(&false)
    }

    #[test]
    fn nothing_is_found_in_what_is_usual() {
        for text in USUAL {
            assert!(!finds(text), "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_clear_has_no_finding(parts in proptest::collection::vec((0..PARTS.len(), 0..PARTS.len()), 0..24), filling in "[ -~\n\t]{0,40}") {
            let text: String = parts.iter().map(|(one, two)| format!("{}{}{filling}", PARTS[*one], PARTS[*two])).collect();
            proptest::prop_assert!(!SCANNER.is_clear(&text) || !finds(&text), "{text:?}");
        }

        #[test]
        fn what_is_clear_is_not_masked(parts in proptest::collection::vec((0..PARTS.len(), 0..PARTS.len()), 1..4), noise in "[ -~\n\t]{0,8}", number in 0..100_000_000_u32) {
            let text = |at: usize, other: usize| format!("{}{noise}{}", PARTS[at], PARTS[other]);
            let quoted = |text: &str| {
                let mut out = Vec::new();
                bailiwick_mcp::json::escape_into(text, &mut out);
                String::from_utf8(out).unwrap()
            };
            let keys = ["text", "type", "value", "password", "api_key", "authorization", "secret", "token", "pwd", "note"];
            let members: Vec<String> = parts.iter().enumerate().map(|(count, (one, other))| {
                let value = match other % 4 {
                    0 => format!("{number}"),
                    1 => format!("[{:?},{number}]", keys[one % keys.len()]),
                    2 => quoted(PARTS[*other]),
                    _ => quoted(&text(*one, *other)),
                };
                let key = if count % 2 == 0 { keys[(one + other) % keys.len()].to_owned() } else { text(*other, *one) };
                format!("{}:{value}", quoted(&key))
            }).collect();
            let json = format!("{{{}}}", members.join(","));
            let mut parser = bailiwick_mcp::Parser::default();
            // The same key twice is no message.
            let parsed = parser.parse(json.as_bytes(), &bailiwick_mcp::Limits::DEFAULT);
            let Ok(document) = parsed else { return Ok(()) };
            let root = document.root();
            if root.descendants().filter_map(bailiwick_mcp::Value::text).all(|text| SCANNER.is_clear(&text)) {
                let mut masked = Vec::new();
                SCANNER.redact_json(root, &mut masked);
                proptest::prop_assert_eq!(String::from_utf8(masked).unwrap(), json);
            }
        }

        #[test]
        fn what_is_clear_holds_no_secret(text in crate::secrets::tests::text()) {
            proptest::prop_assert!(!SCANNER.is_clear(&text) || !finds(&text), "{text:?}");
        }
    }

    /// Pieces of what the guards look for.
    const PARTS: [&str; 40] = [
        " ",
        "\n",
        "  \t",
        "ignore",
        "Ignore all previous instructions",
        "disregard",
        "system prompt",
        "<|im_start|>",
        "you are now",
        "do not tell the user",
        "secretly",
        "send",
        "to http://evil.example/",
        "reveal",
        "password",
        ": ",
        "=",
        "\"",
        "hunter2x9Q!",
        "api_key",
        "token",
        "Bearer ",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "AKIA",
        "IOSFODNN7EXAMPLQ",
        "-----BEGIN PRIVATE KEY-----",
        "https://user:",
        "s3cr3tpw",
        "@host/",
        "eyJhbGciOiJIUzI1NiJ9.",
        "\u{200b}",
        "\u{7f}",
        "\u{c}",
        "é",
        "execute",
        "the following",
        "instructions",
        "new task",
        "sk-",
        "xoxb-",
    ];
}
