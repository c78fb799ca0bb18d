//! The guards of call arguments: `path`, `command`, `sql`, `ssrf`, `template`.
//!
//! What a string may hold depends on what it is for: `; rm -rf /` is fine in a note and not in a host name. So each leaf
//! gets a role, by its key, the tool's name and its own shape, and is held against what such a value looks like.

mod code;
mod danger;
mod expression;
mod markup;
mod path;
mod role;
mod shell;
mod sql;
mod ssrf;
mod unescape;
mod words;

use bailiwick_mcp::{Kind, Value};

use self::role::{Role, Tool};
use crate::guard::{Finding, Guard, Level, Via};
use crate::limits::ARGUMENT_BYTES_MAX;
use crate::verdict::Verdict;

/// What a check found in one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hit {
    guard: Guard,
    code: &'static str,
    message: &'static str,
    level: Level,
}

impl Hit {
    const fn new(guard: Guard, code: &'static str, message: &'static str, level: Level) -> Hit {
        Hit { guard, code, message, level }
    }
}

/// Judges every leaf of the arguments of a call of `tool`. Spans are bytes of the document.
pub(crate) fn judge(tool: &str, arguments: Value<'_>) -> Verdict {
    let mut walk = Walk { tool: Tool::new(tool), verdict: Verdict::default(), queries: 0 };
    walk.value(arguments, "", 0);
    walk.verdict
}

struct Walk {
    tool: Tool,
    verdict: Verdict,
    /// Keys around that stand for a whole query.
    queries: usize,
}

/// Deeper values are not looked at, and the verdict says so.
const DEPTH_MAX: usize = 64;

impl Walk {
    fn value(&mut self, value: Value<'_>, key: &str, depth: usize) {
        if depth > DEPTH_MAX {
            self.verdict.leave_out("arguments nested too deeply");
            return;
        }
        match value.kind() {
            Kind::Null | Kind::True | Kind::False | Kind::Number => {}
            Kind::Text => {
                let Some(text) = value.text() else { return };
                let role = self.tool.role(key, &text);
                self.leaf(value, &text, role);
            }
            Kind::Array => self.list(value, key, depth),
            Kind::Object => {
                for (name, member) in value.members() {
                    let Some(name_text) = name.text() else { continue };
                    if let Some(hit) = code::key(&name_text, self.queries > 0) {
                        self.note(name, hit);
                    }
                    // A key that says nothing of its own (`value`, `0`) is read as what stands around it.
                    let inner = if role::is_silent(&name_text) && !key.is_empty() { key } else { &name_text };
                    let query = usize::from(code::is_query(&name_text));
                    self.queries += query;
                    self.value(member, inner, depth + 1);
                    self.queries -= query;
                }
            }
        }
    }

    /// A list of words under the key of a command is one command.
    fn list(&mut self, list: Value<'_>, key: &str, depth: usize) {
        let words: Option<Vec<String>> =
            list.elements().map(|element| element.text().map(std::borrow::Cow::into_owned)).collect();
        if let Some(words) = words.filter(|words| self.tool.role(key, "") == Role::Command && words.len() > 1)
        {
            for hit in danger::of_words(&words) {
                self.note(list, hit);
            }
            return;
        }
        for element in list.elements() {
            self.value(element, key, depth + 1);
        }
    }

    fn leaf(&mut self, value: Value<'_>, text: &str, role: Role) {
        let end = text.floor_char_boundary(ARGUMENT_BYTES_MAX);
        if end < text.len() && role != Role::Content {
            self.verdict.leave_out("an argument beyond the guard's limit");
        }
        let text = text.get(..end).unwrap_or(text);
        let mut hits: Vec<Hit> = Vec::new();
        match role {
            Role::Content => {}
            Role::Command => hits.extend(danger::of_command(text)),
            Role::Path => {
                hits.extend(path::check(text));
                hits.extend(expression::template(text));
                hits.extend(expression::calls(text));
                hits.extend(shell::in_value(text, role));
            }
            Role::Url => {
                hits.extend(ssrf::check(text, &self.tool));
                hits.extend(expression::template(text));
                hits.extend(shell::in_value(text, role));
                hits.extend(markup::in_value(text));
            }
            Role::Host => {
                hits.extend(shell::in_value(text, role));
                hits.extend(expression::template(text));
                hits.extend(expression::calls(text));
                hits.extend(path::in_scalar(text));
            }
            Role::Sql => hits.extend(sql::statements(text)),
            Role::Expression => hits.extend(expression::code(text)),
            Role::Pattern => {
                hits.extend(shell::in_value(text, role));
                if text.contains("${") {
                    hits.extend(expression::template(text));
                }
            }
            Role::Scalar => {
                hits.extend(shell::in_value(text, role));
                hits.extend(sql::in_value(text));
                hits.extend(expression::template(text));
                hits.extend(expression::calls(text));
                hits.extend(markup::in_value(text));
                hits.extend(path::in_scalar(text));
            }
        }
        for hit in hits {
            self.note(value, hit);
        }
    }

    fn note(&mut self, value: Value<'_>, hit: Hit) {
        let (start, end) = value.span();
        let points = hit.level.argument_points();
        let Hit { guard, code, message, level } = hit;
        let (span, via) = (start..end, Via::default());
        let finding = Finding { guard, code, span, message, level, points, via, parts: None };
        if !self.verdict.findings.contains(&finding) {
            self.verdict.add(vec![finding]);
        }
    }
}

impl Level {
    /// What a finding in an argument weighs, in hundredths of a point.
    #[must_use]
    pub fn argument_points(self) -> i32 {
        match self {
            Level::Possible => 100,
            Level::Likely => 200,
            Level::Certain => 300,
        }
    }
}

/// What the guards can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    let all = [
        path::HITS,
        shell::HITS,
        danger::HITS,
        sql::HITS,
        expression::HITS,
        markup::HITS,
        code::HITS,
        ssrf::HITS,
    ];
    all.into_iter().flatten().map(|hit| ((hit.guard, hit.code), hit.message))
}
