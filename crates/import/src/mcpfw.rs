//! Policies of mcpfw: a list of rules of which the first that fits decides.
//!
//! Here the strictest rule wins, whatever the order. So of two rules that fit a call the first decides there if it is the
//! stricter one, and nothing has to be said; where the weaker one stands first, the stricter gets an exception for it.

mod order;
mod read;
mod show;
mod state;
mod write;

pub(crate) use show::json;

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section, Verdict};
use crate::fnmatch::Pattern;
use crate::note::Shown;
use crate::out::Out;
use crate::python::{Expression, STRUCTURE};
use crate::reader::Reader;

/// A rule of theirs.
#[derive(Debug)]
struct Rule {
    line: u32,
    name: String,
    action: Action,
    tools: Vec<Pattern>,
    /// Joined by OR; empty: always.
    when: Vec<Test>,
    message: Option<String>,
    /// Its place, for what cannot be said.
    node: Node,
}

#[derive(Debug)]
enum Action {
    Decide(Verdict),
    /// Calls in milliseconds.
    Rate(u64, u64),
    Budget {
        max: u64,
        per_tool: u64,
    },
    Sequence(Vec<Step>),
    Requires {
        event: Pattern,
        within_ms: u64,
        cooldown_ms: u64,
    },
}

/// One step of a sequence; the pattern is about the first argument.
#[derive(Debug)]
struct Step {
    tool: Pattern,
    argument: Option<Pattern>,
}

/// What `when` says of one argument.
#[derive(Debug)]
struct Test {
    /// Names joined by dots.
    key: String,
    wants: Wants,
}

#[derive(Debug)]
enum Wants {
    Globs(Vec<Pattern>),
    Regex(Expression),
    Contains(Vec<String>),
}

impl Wants {
    /// True if the text that Python makes of a list may match where no element of it does.
    fn sees_lists(&self) -> bool {
        match self {
            Wants::Globs(patterns) => patterns.iter().any(|pattern| pattern.sees_any_of(STRUCTURE)),
            Wants::Regex(expression) => expression.sees_lists,
            // Or a piece of how Python spells what cannot be printed: `\x1b`.
            Wants::Contains(texts) => texts.iter().any(|text| {
                text.contains(|c| STRUCTURE.contains(c))
                    || text.chars().all(|c| "0123456789abcdefxuUnrt".contains(c))
            }),
        }
    }

    /// True for an expression of which nothing can be said that it surely matches.
    fn opens_nothing(&self) -> bool {
        matches!(self, Wants::Regex(Expression { most: None, .. }))
    }
}

impl Rule {
    fn verdict(&self) -> Option<Verdict> {
        match self.action {
            Action::Decide(verdict) => Some(verdict),
            Action::Rate(..) | Action::Budget { .. } | Action::Sequence(_) | Action::Requires { .. } => None,
        }
    }

    /// True if it decides over every tool's every call.
    fn is_catch_all(&self) -> bool {
        self.verdict().is_some() && self.when.is_empty() && self.tools.iter().any(Pattern::is_any)
    }

    /// What a comment calls it.
    fn origin(&self, word: &str) -> String {
        format!("line {}: {word} `{}`", self.line, self.name)
    }

    fn reason(&self) -> Option<Out> {
        self.message.as_deref().filter(|message| !message.is_empty()).map(Out::text)
    }
}

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(file) = read::file(reader) else { return };
    draft.name.clone_from(&file.name);
    if file.scans {
        draft.guards.push(("injection".to_owned(), Out::word("block")));
    }
    for line in &file.extra_patterns {
        draft
            .left_out(*line, "a pattern of its own for answers; the guard `injection` has its own detectors");
    }
    default(&file, draft);
    for (index, rule) in file.rules.iter().enumerate() {
        let earlier = file.rules.get(..index).unwrap_or_default();
        match rule.verdict() {
            Some(verdict) => decide(reader, draft, earlier, rule, verdict),
            None => {
                let behind = earlier.iter().find(|rule| rule.is_catch_all());
                match behind {
                    Some(first) if !draft.is_safe() => {
                        draft.left_out(
                            rule.line,
                            format!("`{}` is never reached: `{}` decides every call", rule.name, first.name),
                        );
                    }
                    _ => state::write(reader, draft, (&file.rules, earlier), rule),
                }
            }
        }
    }
    if draft.is_safe() {
        let text = "resources, prompts, completions and what servers ask for are decided too; mcpfw lets all of them pass";
        let shown = Shown::resource(("passes", draft.by_default()));
        draft.differs(0, text, Some(shown));
    } else {
        let comment = "mcpfw looks at calls of tools alone";
        let on = ["resource:*", "prompt:*", "completion:*", "sampling", "elicitation", "roots", "task"];
        let fields = vec![
            ("id", Out::text(draft.id("not-looked-at"))),
            ("effect", Out::word("allow")),
            ("on", Out::texts(on)),
        ];
        draft.add(Section::Rules, comment, fields);
    }
}

/// What is decided where no rule fits.
fn default(file: &read::File, draft: &mut Draft) {
    let catch_all = file.rules.iter().find(|rule| rule.is_catch_all());
    match catch_all.and_then(|rule| rule.verdict().map(|verdict| (rule, verdict))) {
        Some((rule, verdict @ (Verdict::Ask | Verdict::Deny))) => {
            draft.default = verdict;
            let message = rule.message.as_deref().unwrap_or_default();
            draft.default_comment =
                format!("{} {message}", rule.origin(verdict.word())).trim_end().to_owned();
            return;
        }
        Some((_, Verdict::Allow)) if !draft.is_safe() => return,
        Some((_, Verdict::Allow)) | None => {}
    }
    draft.default = file.default;
    draft.default_comment = match file.default_line {
        0 => "default_action is not said".to_owned(),
        line => format!("line {line}: default_action"),
    };
    if draft.is_safe() && file.default == Verdict::Allow {
        draft.default = Verdict::Ask;
        show::default(draft, file.default_line, &file.rules);
    }
}

fn decide(reader: &mut Reader<'_>, draft: &mut Draft, earlier: &[Rule], rule: &Rule, verdict: Verdict) {
    let first = earlier.iter().find(|rule| rule.is_catch_all());
    if let Some(first) = first {
        // What would be stricter than the rule that hides it was meant to be.
        let stricter = first.verdict().is_some_and(|before| verdict > before) && !rule.is_catch_all();
        if !(draft.is_safe() && stricter) {
            draft.left_out(
                rule.line,
                format!("`{}` is never reached: `{}` decides every call", rule.name, first.name),
            );
            return;
        }
        let text = format!(
            "`{}` holds; in mcpfw it is never reached, because `{}` decides every call",
            rule.name, first.name
        );
        let shown = show::matching(rule, "passes or asks before this rule is reached", "this rule speaks");
        draft.differs(rule.line, text, shown);
        write::rule(draft, rule, verdict, &order::Exceptions::default());
        return;
    }
    if rule.is_catch_all() && verdict != Verdict::Allow {
        return; // it is the default
    }
    match order::exceptions(draft.is_safe(), earlier, rule, verdict) {
        Ok(order::Standing::Behind(hidden_by)) => {
            draft.left_out(
                rule.line,
                format!("`{}` is never reached: `{hidden_by}` decides all its calls", rule.name),
            );
        }
        Ok(order::Standing::Reached(exceptions)) => {
            for name in &exceptions.dropped {
                let text = format!("`{}` holds for what `{name}` let pass before it, too", rule.name);
                let theirs = format!("`{name}` may let it pass before this rule is reached");
                draft.differs(rule.line, text, show::matching(rule, &theirs, "this rule speaks"));
            }
            write::rule(draft, rule, verdict, &exceptions);
            show::differences(draft, rule, verdict);
            show::inexact(draft, rule, verdict);
        }
        Err(cause) => reader.wrong(&rule.node, cause, "split the rules before it, or use `--mode safe`"),
    }
}
