//! What each matcher saw, in the words of the call.

use std::ops::ControlFlow;

use bailiwick_mcp::Value;

use super::{Finding, Seen};
use crate::args::{
    Answer, Conditions, Input, Leaf, Matcher, Patterns, Place, Reach, Scalar, Sense, URI_PLACE, joined,
};
use crate::path::{Form, Scratch};
use crate::scope::Scope;

/// Most values of one finding.
const SEEN_MAX: usize = 8;
/// Longest shown value, in characters.
const SHOWN_MAX: usize = 160;

pub(super) fn findings(scope: &Scope, input: Input<'_>, scratch: &mut Scratch<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut add = |conditions: &Conditions, sense: Sense, unless: bool, scratch: &mut Scratch<'_>| {
        for condition in &conditions.keys {
            for matcher in &condition.matchers {
                let mut trace = Trace { input, matcher, sense, scratch, seen: Vec::new() };
                let _ = condition.key.places(input, sense, &mut |place| trace.look(place));
                let _ = condition.whole(matcher, input, sense).map(|place| trace.look(place));
                let seen = trace.seen;
                let matched = condition.one(matcher, input, sense, scratch);
                // Of many values those that decided: one that matched, or those that did not.
                let decisive = if sense == Sense::Any { matched } else { !matched };
                let wanted = sense == Sense::Any;
                let values =
                    seen.into_iter().filter(|seen| !decisive || seen.matched == wanted).take(SEEN_MAX);
                out.push(Finding {
                    key: condition.key.written.clone(),
                    matcher: matcher.word(),
                    wanted: written(matcher),
                    unless,
                    matched,
                    values: values.collect(),
                });
            }
        }
    };
    if let Some(args) = &scope.args {
        add(args, scope.senses.args, false, scratch);
    }
    if let Some(unless) = scope.unless.as_ref().and_then(|unless| unless.args.as_ref()) {
        add(unless, scope.senses.unless, true, scratch);
    }
    out
}

struct Trace<'t, 'a, 'b> {
    input: Input<'a>,
    matcher: &'t Matcher,
    sense: Sense,
    scratch: &'t mut Scratch<'b>,
    seen: Vec<Seen>,
}

impl<'a> Trace<'_, 'a, '_> {
    fn look(&mut self, place: Place<'a>) -> ControlFlow<()> {
        let answer = self.matcher.answer(place, self.sense, self.scratch);
        if answer == Answer::Skip {
            return ControlFlow::Continue(());
        }
        if let Leaf::Value(value) = place.leaf
            && value.is_array()
            && walks_lists(self.matcher)
        {
            return self.list(value, place);
        }
        let mut seen = self.plain(place, answer == Answer::Yes);
        self.reading(place, &mut seen);
        self.seen.push(seen);
        ControlFlow::Continue(())
    }

    fn list(&mut self, list: Value<'a>, place: Place<'a>) -> ControlFlow<()> {
        let text = joined(list).filter(|_| self.sense == Sense::Any);
        if let (Some(text), Some(patterns)) = (text, texts(self.matcher)) {
            let pattern = first_match(patterns, &text);
            if pattern.is_some() {
                let mut seen = self.plain(place, true);
                seen.reading = Some(shown(&text));
                seen.pattern = pattern;
                self.seen.push(seen);
            }
        }
        for element in list.elements() {
            self.look(Place { leaf: Leaf::Value(element), reach: place.reach, holder: None })?;
        }
        ControlFlow::Continue(())
    }

    fn plain(&self, place: Place<'_>, matched: bool) -> Seen {
        let (at, value, remark) = match place.leaf {
            Leaf::Uri(uri) => ("uri".to_owned(), shown(uri), None),
            Leaf::Value(value) => (self.at(value), shown(value.raw()), None),
            Leaf::Broken(value) => {
                (self.at(value), shown(value.raw()), Some("in the place of another value"))
            }
        };
        Seen { at, value, reading: None, pattern: None, remark, matched }
    }

    fn reading(&mut self, place: Place<'_>, seen: &mut Seen) {
        if let Matcher::Command(commands) = self.matcher {
            let judged = commands.judge(place, self.sense, self.scratch, true).unwrap_or_default();
            seen.reading = judged.command.as_deref().map(shown);
            seen.pattern = judged.entry.and_then(|at| commands.written.get(at).cloned());
            seen.remark = judged.remark;
            return;
        }
        let (text, at, form) = match place.leaf {
            Leaf::Uri(uri) => (Some(uri.into()), URI_PLACE, Form::Uri),
            Leaf::Value(value) => (value.text(), value.span().0, Form::Text),
            Leaf::Broken(_) => return,
        };
        let Some(text) = text else {
            let strings = self.matcher.has_meaning() || matches!(self.matcher, Matcher::Path(_));
            if texts(self.matcher).is_some() || strings {
                seen.remark = Some("of the wrong type");
            }
            return;
        };
        let matched = seen.matched;
        let named = place.reach == Reach::Named;
        if let Matcher::Sql(pattern) = self.matcher {
            let server = self.scratch.server;
            let sql = pattern.read(&text, at, place.reach, server, &mut self.scratch.scripts);
            let Some(sql) = sql else { return };
            seen.reading = pattern.seen(&sql, self.sense, matched).as_deref().map(shown);
            seen.remark = match (sql.unreadable, sql.doubtful) {
                (true, _) => Some("not readable as SQL"),
                (false, true) => Some("read differently by different databases"),
                (false, false) => None,
            };
            return;
        }
        if let Matcher::Url(_) | Matcher::Host(_) = self.matcher {
            let net = self.scratch.nets.read(at, &text, named);
            let (reading, pattern) = match self.matcher {
                Matcher::Url(urls) => urls.seen(&net, place.reach, self.sense, matched),
                Matcher::Host(hosts) => hosts.seen(&net, place.reach, self.sense, matched),
                _ => (None, None),
            };
            (seen.reading, seen.pattern) = (reading.as_deref().map(shown), pattern);
            seen.remark = net.remark(named);
            return;
        }
        let Matcher::Path(patterns) = self.matcher else {
            seen.pattern = texts(self.matcher).and_then(|patterns| first_match(patterns, &text));
            return;
        };
        let form = if self.sense == Sense::Any { Form::Text } else { form };
        let readings = self.scratch.read(at, &text, form);
        if readings.unreadable() {
            seen.remark = Some("unreadable as a path");
            return;
        }
        let matches = |path: &&str| patterns.set.is_match(path);
        let decisive = match (self.sense, seen.matched) {
            (Sense::Any, true) => readings.all().find(matches),
            (Sense::Every | Sense::Holds, false) if readings.foreign() => {
                seen.remark = Some("not a file of this machine");
                None
            }
            (Sense::Every | Sense::Holds, false) => readings.paths().find(|path| !matches(path)),
            (Sense::Any, false) | (Sense::Every | Sense::Holds, true) => readings.paths().next(),
        };
        seen.reading = decisive.map(shown);
        seen.pattern = decisive.and_then(|path| first_match(patterns, path));
    }

    /// The path of a value in the arguments.
    fn at(&self, value: Value<'_>) -> String {
        let Some(arguments) = self.input.arguments else { return String::new() };
        let mut out = String::new();
        locate(arguments, value.span().0, &mut out);
        if out.is_empty() { "arguments".to_owned() } else { out }
    }
}

/// Appends the steps from `from` to the value or key that begins at `start`.
fn locate(from: Value<'_>, start: usize, out: &mut String) {
    let within = |value: Value<'_>| value.span().0 <= start && start < value.span().1;
    if from.span().0 == start {
        return;
    }
    for (key, member) in from.members() {
        let name = key.text().unwrap_or_default();
        if within(key) {
            out.push_str(&format!("key {}", shown(key.raw())));
            return;
        }
        if within(member) {
            out.push_str(&format!("{}{}", if out.is_empty() { "" } else { "." }, shown(&name)));
            return locate(member, start, out);
        }
    }
    for (index, element) in from.elements().enumerate() {
        if within(element) {
            out.push_str(&format!("[{index}]"));
            return locate(element, start, out);
        }
    }
}

fn walks_lists(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::Length(..) | Matcher::MaxBytes(_) | Matcher::Type(_) => false,
        Matcher::Path(_)
        | Matcher::Url(_)
        | Matcher::Host(_)
        | Matcher::Sql(_)
        | Matcher::Command(_)
        | Matcher::Glob(_)
        | Matcher::Regex(_)
        | Matcher::Prefix(_)
        | Matcher::In(_)
        | Matcher::Range(..) => true,
    }
}

fn texts(matcher: &Matcher) -> Option<&Patterns> {
    match matcher {
        Matcher::Glob(patterns) | Matcher::Regex(patterns) => Some(patterns),
        Matcher::Path(_)
        | Matcher::Url(_)
        | Matcher::Host(_)
        | Matcher::Sql(_)
        | Matcher::Command(_)
        | Matcher::Prefix(_)
        | Matcher::In(_)
        | Matcher::Range(..)
        | Matcher::Length(..)
        | Matcher::MaxBytes(_)
        | Matcher::Type(_) => None,
    }
}

fn first_match(patterns: &Patterns, text: &str) -> Option<String> {
    let index = patterns.set.matches(text).iter().next()?;
    patterns.written.get(index.as_usize()).cloned()
}

/// Shortened, with control and invisible characters escaped: it is printed to terminals.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(SHOWN_MAX).flat_map(visible).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        out.push('…');
    }
    out
}

/// All of a text, as it can be printed to a terminal.
pub(super) fn visible_text(text: &str) -> String {
    text.chars().flat_map(visible).collect()
}

fn visible(character: char) -> impl Iterator<Item = char> {
    let plain = matches!(character, '"' | '\'' | '\\');
    let escaped = (!plain).then(|| character.escape_debug()).into_iter().flatten();
    plain.then_some(character).into_iter().chain(escaped)
}

/// What the matcher wants, as the policy writes it.
fn written(matcher: &Matcher) -> Vec<String> {
    let end = |end: &f64| if end.is_finite() { end.to_string() } else { "null".to_owned() };
    match matcher {
        Matcher::Path(patterns) | Matcher::Glob(patterns) | Matcher::Regex(patterns) => {
            patterns.written.clone()
        }
        Matcher::Url(urls) => urls.written.clone(),
        Matcher::Host(hosts) => hosts.written.clone(),
        Matcher::Sql(pattern) => pattern.written.clone(),
        Matcher::Command(commands) => commands.written.clone(),
        Matcher::Prefix(prefixes) => prefixes.clone(),
        Matcher::In(scalars) => scalars.iter().map(Scalar::written).collect(),
        Matcher::Range(low, high) => vec![format!("[{}, {}]", end(low), end(high))],
        Matcher::Length(low, high) => {
            let high = if *high == u64::MAX { "null".to_owned() } else { high.to_string() };
            vec![format!("[{low}, {high}]")]
        }
        Matcher::MaxBytes(most) => vec![most.to_string()],
        Matcher::Type(kinds) => kinds.words(),
    }
}

impl crate::args::Kinds {
    fn words(self) -> Vec<String> {
        let all = [
            (self.string, "string"),
            (self.number, "number"),
            (self.integer, "integer"),
            (self.boolean, "boolean"),
            (self.null, "null"),
            (self.array, "array"),
            (self.object, "object"),
        ];
        all.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| (*word).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::{Kind, Limits, Parser};

    use super::locate;

    #[test]
    fn a_place_is_written_as_a_path() {
        let mut parser = Parser::default();
        let text = br#"{"edits":[{"path":"a"},{"to":{"x y":1}}]}"#;
        let document = parser.parse(text, &Limits::DEFAULT).unwrap();
        let number = document.root().descendants().find(|value| value.kind() == Kind::Number).unwrap();
        let mut out = String::new();
        locate(document.root(), number.span().0, &mut out);
        assert_eq!(out, "edits[1].to.x y");
    }
}
