//! The matchers: what each says about one value, in one sense.

use bailiwick_mcp::{Kind, Value};

use super::measure::{Lengths, bytes, count, exact_number, length, yes};
use super::{Answer, CommandList, HostList, Leaf, Place, Reach, Scalar, Sense, SqlPattern, UrlList};
use crate::path::{Folders, Form, Needed, Scratch, Texts};
use crate::set::Set;

/// One matcher with its patterns, compiled for the sense of its rule.
#[derive(Debug)]
pub(crate) enum Matcher {
    Path(Patterns),
    Url(UrlList),
    Host(HostList),
    Sql(SqlPattern),
    Command(CommandList),
    Glob(Patterns),
    Regex(Patterns),
    Prefix(Vec<String>),
    In(Vec<Scalar>),
    /// Both ends included.
    Range(f64, f64),
    /// Characters, elements or members; both ends included.
    Length(u64, u64),
    MaxBytes(u64),
    Type(Kinds),
}

/// Patterns that are joined by OR.
#[derive(Debug)]
pub(crate) struct Patterns {
    pub(crate) set: Set,
    /// Without one of these words in it no path matches.
    pub(crate) needed: Option<Needed>,
    /// The same patterns as folders, where all are.
    pub(crate) folders: Option<Folders>,
    /// As the policy writes them, variables filled in.
    pub(crate) written: Vec<String>,
}

/// The types that `type` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds {
    pub(crate) string: bool,
    pub(crate) number: bool,
    pub(crate) integer: bool,
    pub(crate) boolean: bool,
    pub(crate) null: bool,
    pub(crate) array: bool,
    pub(crate) object: bool,
}

impl Matcher {
    /// The word of the language.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Matcher::Path(_) => "path",
            Matcher::Url(_) => "url",
            Matcher::Host(_) => "host",
            Matcher::Sql(_) => "sql",
            Matcher::Command(_) => "command",
            Matcher::Glob(_) => "glob",
            Matcher::Regex(_) => "regex",
            Matcher::Prefix(_) => "prefix",
            Matcher::In(_) => "in",
            Matcher::Range(..) => "range",
            Matcher::Length(..) => "len",
            Matcher::MaxBytes(_) => "max_bytes",
            Matcher::Type(_) => "type",
        }
    }

    /// The words of which a path has to hold one.
    pub(crate) fn needed(&self) -> Option<&Needed> {
        if let Matcher::Path(patterns) = self { patterns.needed.as_ref() } else { None }
    }

    pub(crate) fn answer(&self, place: Place<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> Answer {
        if let Matcher::Command(commands) = self {
            return commands.answer(place, sense, scratch);
        }
        let doubt = if sense == Sense::Any { Answer::Yes } else { Answer::No };
        match place.leaf {
            Leaf::Broken(_) => doubt,
            Leaf::Uri(uri) => self
                .meaning(uri, URI_PLACE, Reach::Named, sense, scratch)
                .or_else(|| self.text(uri, URI_PLACE, Form::Uri, sense, scratch))
                .unwrap_or(doubt),
            Leaf::Value(value) => {
                let answer = match self {
                    Matcher::Length(low, high) => length(value, sense).map(|found| found.within(*low, *high)),
                    Matcher::MaxBytes(most) => Some(yes(bytes(value) <= *most)),
                    Matcher::Type(kinds) => Some(yes(kinds.contain(value, sense))),
                    Matcher::Path(_)
                    | Matcher::Url(_)
                    | Matcher::Host(_)
                    | Matcher::Sql(_)
                    | Matcher::Command(_)
                    | Matcher::Glob(_)
                    | Matcher::Regex(_)
                    | Matcher::Prefix(_)
                    | Matcher::In(_)
                    | Matcher::Range(..) => self.listed(value, place.reach, sense, scratch),
                };
                // `*` does not look into objects, so what is in one is a doubt, which allows nothing.
                let closed = place.reach == Reach::Star && value.is_object() && sense != Sense::Any;
                answer.unwrap_or(if place.reach == Reach::Named || closed { doubt } else { Answer::Skip })
            }
        }
    }

    /// A scalar, or each element of a list. `None`: not what the matcher is about.
    fn listed(
        &self,
        value: Value<'_>,
        reach: Reach,
        sense: Sense,
        scratch: &mut Scratch<'_>,
    ) -> Option<Answer> {
        if !value.is_array() {
            let meant = match value.kind() {
                Kind::Text if self.has_meaning() => {
                    self.meaning(&value.text()?, value.span().0, reach, sense, scratch)
                }
                _ => None,
            };
            return meant.or_else(|| self.scalar(value, sense, scratch));
        }
        if sense == Sense::Any && self.is_joined(value) {
            return Some(Answer::Yes);
        }
        if reach == Reach::Deep {
            return Some(Answer::Skip);
        }
        let mut all = Answer::Skip;
        for element in value.elements() {
            let place = Place { leaf: Leaf::Value(element), reach, holder: None };
            match (self.answer(place, sense, scratch), sense) {
                (Answer::Yes, Sense::Any) => return Some(Answer::Yes),
                (Answer::No, Sense::Every | Sense::Holds) => return Some(Answer::No),
                (Answer::Skip, _) => {}
                (answer, _) => all = answer,
            }
        }
        Some(all)
    }

    /// True if the matcher looks at what a text means to a program of some kind.
    pub(crate) fn has_meaning(&self) -> bool {
        matches!(self, Matcher::Url(_) | Matcher::Host(_) | Matcher::Sql(_))
    }

    /// What a text means. `None`: the matcher looks at something else.
    fn meaning(
        &self,
        text: &str,
        place: usize,
        reach: Reach,
        sense: Sense,
        scratch: &mut Scratch<'_>,
    ) -> Option<Answer> {
        let net = |scratch: &mut Scratch<'_>| scratch.nets.read(place, text, reach == Reach::Named);
        match self {
            Matcher::Url(urls) => Some(urls.answer(&net(scratch), reach, sense)),
            Matcher::Host(hosts) => Some(hosts.answer(&net(scratch), reach, sense)),
            Matcher::Sql(pattern) => {
                let sql = pattern.read(text, place, reach, scratch.server, &mut scratch.scripts);
                Some(pattern.answer(sql.as_deref(), sense))
            }
            Matcher::Path(_)
            | Matcher::Command(_)
            | Matcher::Glob(_)
            | Matcher::Regex(_)
            | Matcher::Prefix(_)
            | Matcher::In(_)
            | Matcher::Range(..)
            | Matcher::Length(..)
            | Matcher::MaxBytes(_)
            | Matcher::Type(_) => None,
        }
    }

    /// A list of words may be a command line: `["rm", "-rf", "/"]` is read as `rm -rf /` too.
    fn is_joined(&self, list: Value<'_>) -> bool {
        if !matches!(self, Matcher::Glob(_) | Matcher::Regex(_) | Matcher::Prefix(_)) {
            return false;
        }
        joined(list).is_some_and(|text| self.plain_text(&text) == Some(true))
    }

    fn scalar(&self, value: Value<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> Option<Answer> {
        match (self, value.kind()) {
            (Matcher::In(scalars), Kind::Text | Kind::Number | Kind::True | Kind::False | Kind::Null) => {
                Some(is_in(scalars, value, sense))
            }
            (Matcher::Range(low, high), Kind::Number) => {
                let number = exact_number(value);
                Some(match number {
                    Some(number) => yes(*low <= number && number <= *high),
                    None => yes(sense == Sense::Any),
                })
            }
            (Matcher::Path(_) | Matcher::Glob(_) | Matcher::Regex(_) | Matcher::Prefix(_), Kind::Text) => {
                let place = value.span().0;
                if let (Matcher::Path(patterns), Some(texts)) = (self, scratch.known(place, Form::Text)) {
                    return Some(yes(patterns.path(&texts, sense)));
                }
                self.text(&value.text()?, place, Form::Text, sense, scratch)
            }
            (
                Matcher::Path(_)
                | Matcher::Url(_)
                | Matcher::Host(_)
                | Matcher::Sql(_)
                | Matcher::Command(_)
                | Matcher::Glob(_)
                | Matcher::Regex(_)
                | Matcher::Prefix(_)
                | Matcher::In(_)
                | Matcher::Range(..)
                | Matcher::Length(..)
                | Matcher::MaxBytes(_)
                | Matcher::Type(_),
                _,
            ) => None,
        }
    }

    /// `None`: the matcher is not about texts.
    fn text(
        &self,
        text: &str,
        place: usize,
        form: Form,
        sense: Sense,
        scratch: &mut Scratch<'_>,
    ) -> Option<Answer> {
        let Matcher::Path(patterns) = self else {
            return match self {
                Matcher::In(scalars) => Some(yes(scalars
                    .iter()
                    .any(|scalar| matches!(scalar, Scalar::Text(word) if word == text)))),
                Matcher::MaxBytes(most) => Some(yes(count(text.len()) <= *most)),
                Matcher::Type(kinds) => Some(yes(kinds.string)),
                Matcher::Length(low, high) => {
                    let both = Lengths {
                        least: count(text.chars().count()),
                        most: count(text.encode_utf16().count()),
                        sense,
                    };
                    Some(both.within(*low, *high))
                }
                other => other.plain_text(text).map(yes),
            };
        };
        // A URI is read as a text too when one reading suffices: some servers take it for a relative path.
        let form = if sense == Sense::Any { Form::Text } else { form };
        if sense == Sense::Any && patterns.reach_nothing_in((place, text), scratch) {
            return Some(Answer::No);
        }
        Some(yes(patterns.path(&scratch.read(place, text, form), sense)))
    }

    /// Matchers that look at a text as it is.
    fn plain_text(&self, text: &str) -> Option<bool> {
        match self {
            Matcher::Glob(patterns) | Matcher::Regex(patterns) => Some(patterns.set.is_match(text)),
            Matcher::Prefix(prefixes) => {
                Some(prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())))
            }
            Matcher::Path(_)
            | Matcher::Url(_)
            | Matcher::Host(_)
            | Matcher::Sql(_)
            | Matcher::Command(_)
            | Matcher::In(_)
            | Matcher::Range(..)
            | Matcher::Length(..)
            | Matcher::MaxBytes(_)
            | Matcher::Type(_) => None,
        }
    }
}

impl Patterns {
    /// True only if no pattern matches any reading of `text`, and none is unreadable: found out without the readings.
    fn reach_nothing_in(&self, (place, text): (usize, &str), scratch: &mut Scratch<'_>) -> bool {
        let Some(needed) = &self.needed else { return false };
        let look = scratch.look(place, text);
        look.inside && !needed.may_match_below(text, look.worded)
    }

    fn path(&self, texts: &Texts<'_>, sense: Sense) -> bool {
        let possible = |path: &str| self.needed.as_ref().is_none_or(|needed| needed.stands_in(path));
        let is_match = |path: &str| match &self.folders {
            Some(folders) => folders.hold(path),
            None => possible(path) && self.set.is_match(path),
        };
        match sense {
            Sense::Any => texts.unreadable() || texts.all().any(is_match),
            Sense::Every | Sense::Holds => {
                !texts.unreadable() && !texts.foreign() && texts.paths().all(is_match)
            }
        }
    }
}

/// The place of a resource's URI, which is not in the arguments.
pub(crate) const URI_PLACE: usize = usize::MAX;

/// The elements of a list of scalars, joined by blanks.
pub(crate) fn joined(list: Value<'_>) -> Option<String> {
    let mut out = String::new();
    for element in list.elements() {
        if !out.is_empty() {
            out.push(' ');
        }
        match element.kind() {
            Kind::Array | Kind::Object => return None,
            Kind::Text => out.push_str(&element.text()?),
            Kind::Null | Kind::False | Kind::True | Kind::Number => out.push_str(element.raw()),
        }
    }
    (!out.is_empty()).then_some(out)
}

fn is_in(scalars: &[Scalar], value: Value<'_>, sense: Sense) -> Answer {
    let number = exact_number(value);
    if value.kind() == Kind::Number && number.is_none() {
        let numbers = scalars.iter().any(|scalar| matches!(scalar, Scalar::Number(_)));
        return yes(sense == Sense::Any && numbers);
    }
    yes(scalars.iter().any(|scalar| match scalar {
        Scalar::Text(word) => value.is_text(word),
        Scalar::Number(wanted) => number == Some(*wanted),
        Scalar::Boolean(wanted) => value.boolean() == Some(*wanted),
        Scalar::Null => value.is_null(),
    }))
}
