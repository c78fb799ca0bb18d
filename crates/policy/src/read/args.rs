//! `args`: key patterns with matchers.

use super::Reader;
use super::units::{number, size, whole};
use crate::args::{Condition, Conditions, KeyPattern, Kinds, Matcher, Patterns, Scalar, Sense};
use crate::glob::{Symbol, text_expression};
use crate::path;
use crate::path::{Folders, Needed};
use crate::set::{Set, Syntax};
use crate::tree::{Form, Node};
use crate::words;

impl Reader<'_> {
    pub(crate) fn conditions(&mut self, node: &Node, sense: Sense) -> Conditions {
        let mut out = Conditions::default();
        let Form::Map(pairs) = &node.form else {
            let help = "write `args: { path: { glob: [\"…\"] } }`";
            self.wrong(node, format!("`args` must be a map, not {}", node.kind()), help);
            return out;
        };
        if pairs.is_empty() {
            self.wrong(node, "`args` is empty", "leave the key out, or name an argument");
        }
        for (key, value) in pairs {
            let Some(name) = key.scalar() else { continue };
            let matchers = self.matchers(name, value, sense);
            self.key_is_doubtful(key, name);
            match KeyPattern::new(name) {
                Ok(key) => out.keys.push(Condition { key, matchers }),
                Err(cause) => {
                    let help = "a name, `a.b` for nested ones, `*` for one key, `*path*` and `{a,b}` for keys of a form, `**` for any key at any depth";
                    self.wrong(key, format!("{cause} in the key `{name}`"), help);
                }
            }
        }
        out
    }

    fn matchers(&mut self, name: &str, node: &Node, sense: Sense) -> Vec<Matcher> {
        let Form::Map(pairs) = &node.form else {
            let help = format!("write `{name}: {{ in: [\"…\"] }}`, or another matcher");
            self.wrong(node, format!("the matchers of `{name}` must be a map, not {}", node.kind()), help);
            return Vec::new();
        };
        if pairs.is_empty() {
            self.wrong(
                node,
                format!("`{name}` has no matcher"),
                format!("one of {}", words::MATCHER.words.valid.join(", ")),
            );
        }
        let mut out = Vec::new();
        for (key, value) in pairs {
            let Some(word) = key.scalar() else { continue };
            if !words::MATCHER.words.valid.contains(&word) {
                let (message, help) = words::MATCHER.words.about(word, "matcher");
                self.problem(&key.span, message, help);
                continue;
            }
            out.extend(self.matcher(word, value, sense));
        }
        out
    }

    fn matcher(&mut self, word: &str, node: &Node, sense: Sense) -> Option<Matcher> {
        match word {
            "path" => self.paths(node, sense),
            "url" => self.urls(node, sense),
            "host" => self.hosts(node),
            "sql" => self.sql(node),
            "command" => self.commands(node, sense),
            "glob" => self.globs(node, sense),
            "regex" => self.regexes(node),
            "prefix" => {
                let prefixes = self.texts(node, "a prefix");
                prefixes.iter().for_each(|prefix| {
                    self.controls(node, "the prefix", prefix);
                    if prefix.trim_start() != prefix {
                        self.blanks(node, "the prefix", prefix);
                    }
                });
                if prefixes.iter().any(String::is_empty) {
                    self.wrong(node, "an empty prefix", "every text starts with it; leave the matcher out");
                }
                Some(Matcher::Prefix(prefixes))
            }
            "in" => {
                let items = self.items(node, "`in`");
                Some(Matcher::In(items.into_iter().filter_map(|item| self.scalar(item)).collect()))
            }
            "range" => self.range(node),
            "len" => self.length(node),
            "max_bytes" => self.max_bytes(node),
            _ => self.kinds(node),
        }
    }

    fn paths(&mut self, node: &Node, sense: Sense) -> Option<Matcher> {
        let any = sense == Sense::Any;
        let base = self.base;
        let compile = |glob: &[Symbol]| path::expression(glob, base, any);
        self.patterns(node, "a path", Build { fold: any, doubt: any, paths: true }, &compile)
            .map(Matcher::Path)
    }

    fn globs(&mut self, node: &Node, sense: Sense) -> Option<Matcher> {
        let compile = |glob: &[Symbol]| {
            text_expression(glob).map_err(|cause| {
                (
                    format!("{cause} in a glob"),
                    "write `[[]`, `[{]` or `[*]` for the characters themselves".to_owned(),
                )
            })
        };
        let build = Build { fold: false, doubt: sense == Sense::Any, paths: false };
        self.patterns(node, "a glob", build, &compile).map(Matcher::Glob)
    }

    pub(super) fn patterns(
        &mut self,
        node: &Node,
        what: &str,
        Build { fold, doubt, paths }: Build,
        compile: &dyn Fn(&[Symbol]) -> Expression,
    ) -> Option<Patterns> {
        let mut expressions = Vec::new();
        let mut written = Vec::new();
        let mut globs = Vec::new();
        for item in self.items(node, what) {
            let Some(glob) = self.pattern(item, what) else { continue };
            self.controls(item, what, &glob.iter().map(|symbol| symbol.character).collect::<String>());
            if paths && !self.path_is_sound(item, &glob) {
                continue;
            }
            match compile(&glob) {
                Ok(expression) => {
                    expressions.push(expression);
                    written.push(glob.iter().map(|symbol| symbol.character).collect());
                    globs.push(glob);
                }
                Err((cause, help)) => self.wrong(item, cause, help),
            }
        }
        let slices: Vec<&[Symbol]> = globs.iter().map(Vec::as_slice).collect();
        let set = Set::later(&slices, &expressions, fold, doubt)
            .map_or_else(|| Set::new(&expressions, Syntax::Glob { fold }), Ok);
        match set {
            Ok(set) => {
                // Folded sets are those of paths that deny: the ones that every string of a call is matched with.
                let needed = if fold { Needed::new(slices.iter().copied(), self.base) } else { None };
                let folders = if paths { Folders::new(slices.iter().copied(), fold) } else { None };
                Some(Patterns { set, needed, folders, written })
            }
            Err(cause) => {
                self.wrong(
                    node,
                    format!("patterns that cannot be compiled: {cause}"),
                    "use fewer or shorter ones",
                );
                None
            }
        }
    }

    fn regexes(&mut self, node: &Node) -> Option<Matcher> {
        let items = self.items(node, "a regex");
        let written: Vec<(&Node, String)> =
            items.into_iter().filter_map(|item| Some((item, self.regex(item)?))).collect();
        let expressions: Vec<String> = written.iter().map(|(_, expression)| expression.clone()).collect();
        if let Ok(set) = Set::new(&expressions, Syntax::Regex) {
            return Some(Matcher::Regex(Patterns { set, needed: None, folders: None, written: expressions }));
        }
        let mut found = false;
        for (item, expression) in written {
            if let Err(cause) = Set::new(&[expression], Syntax::Regex) {
                found = true;
                let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let help = "look-around and back-references do not exist here; matching takes linear time";
                self.wrong(item, format!("not a valid regex: {cause}"), help);
            }
        }
        if !found {
            self.wrong(node, "the regexes are too large together", "use fewer or shorter ones");
        }
        None
    }

    /// One expression; what a variable stands for is taken literally.
    fn regex(&mut self, node: &Node) -> Option<String> {
        let mut expression = String::new();
        for symbol in self.pattern(node, "a regex")? {
            if symbol.literal && symbol.character.is_ascii_punctuation() {
                expression.push('\\');
            }
            expression.push(symbol.character);
        }
        self.controls(node, "the regex", &expression);
        Some(expression)
    }

    fn scalar(&mut self, node: &Node) -> Option<Scalar> {
        let Form::Scalar { text, plain } = &node.form else {
            self.wrong(node, format!("`in` compares texts and numbers, not {}", node.kind()), "list scalars");
            return None;
        };
        if !plain {
            let filled = self.pattern(node, "a value")?;
            return Some(Scalar::Text(filled.iter().map(|symbol| symbol.character).collect()));
        }
        Some(match text.as_str() {
            "true" => Scalar::Boolean(true),
            "false" => Scalar::Boolean(false),
            "null" | "~" | "" => Scalar::Null,
            word if TRAPS.contains(&word.to_ascii_lowercase().as_str()) => {
                let help = format!("quote it (`\"{word}\"`), or write `true` or `false`");
                self.wrong(
                    node,
                    format!("`{word}` is a truth value to some readers of YAML and a text to others"),
                    help,
                );
                return None;
            }
            word => match number(word) {
                Some(number) => Scalar::Number(number),
                None if is_numeric(word) => {
                    let help = "write numbers as JSON does, and quote what is a text";
                    self.wrong(
                        node,
                        format!("`{word}` is a number to some readers of YAML and a text to others"),
                        help,
                    );
                    return None;
                }
                None => Scalar::Text(
                    self.pattern(node, "a value")?.iter().map(|symbol| symbol.character).collect(),
                ),
            },
        })
    }

    fn range(&mut self, node: &Node) -> Option<Matcher> {
        let (low, high) = self.pair(node, "range")?;
        let mut end = |node: &Node, open: f64| {
            if node.is_null() {
                return Some(open);
            }
            let found = node.scalar().and_then(number);
            if found.is_none() {
                self.wrong(
                    node,
                    "an end of `range` must be a number",
                    "write `[0, 50]`; `null` leaves an end open",
                );
            }
            found
        };
        let (low_value, high_value) = (end(low, f64::NEG_INFINITY), end(high, f64::INFINITY));
        self.ordered(node, low_value?, high_value?).map(|(low, high)| Matcher::Range(low, high))
    }

    fn length(&mut self, node: &Node) -> Option<Matcher> {
        let (low, high) = self.pair(node, "len")?;
        let mut end = |node: &Node, open: u64| {
            if node.is_null() {
                return Some(open);
            }
            let found = node.scalar().and_then(whole);
            if found.is_none() {
                self.wrong(
                    node,
                    "an end of `len` must be a whole number",
                    "write `[1, 64]`; `null` leaves an end open",
                );
            }
            found
        };
        let (low_value, high_value) = (end(low, 0), end(high, u64::MAX));
        self.ordered(node, low_value?, high_value?).map(|(low, high)| Matcher::Length(low, high))
    }

    fn pair<'n>(&mut self, node: &'n Node, word: &str) -> Option<(&'n Node, &'n Node)> {
        if let Form::List(nodes) = &node.form
            && let [low, high] = nodes.as_slice()
        {
            return Some((low, high));
        }
        self.wrong(node, format!("`{word}` must be a list of two ends"), format!("write `{word}: [0, 50]`"));
        None
    }

    fn ordered<T: PartialOrd>(&mut self, node: &Node, low: T, high: T) -> Option<(T, T)> {
        if low > high {
            self.wrong(
                node,
                "the ends are in the wrong order, so nothing is between them",
                "write the smaller one first",
            );
            return None;
        }
        Some((low, high))
    }

    fn max_bytes(&mut self, node: &Node) -> Option<Matcher> {
        let text = self.word(node, "`max_bytes`")?;
        let most = size(text);
        if most.is_none() {
            self.wrong(node, format!("`{text}` is not a size"), "write bytes, or kB, MB, KiB, MiB: `64KiB`");
        }
        most.map(Matcher::MaxBytes)
    }

    fn kinds(&mut self, node: &Node) -> Option<Matcher> {
        let mut kinds = Kinds::default();
        for item in self.items(node, "`type`") {
            let place: fn(&mut Kinds) -> &mut bool = self.choice(item, "type", &TYPES)?;
            *place(&mut kinds) = true;
        }
        Some(Matcher::Type(kinds))
    }
}

/// How a set of globs is built.
#[derive(Clone, Copy)]
pub(super) struct Build {
    /// ASCII case does not count.
    pub(super) fold: bool,
    /// What is said of a text if it cannot be.
    pub(super) doubt: bool,
    /// They are patterns of paths.
    pub(super) paths: bool,
}

/// An anchored expression, or the cause and the help.
type Expression = Result<String, (String, String)>;

pub(crate) type Place = fn(&mut Kinds) -> &mut bool;

/// The types of JSON Schema.
pub(crate) const TYPES: [(&str, Place); 7] = [
    ("string", |kinds| &mut kinds.string),
    ("number", |kinds| &mut kinds.number),
    ("integer", |kinds| &mut kinds.integer),
    ("boolean", |kinds| &mut kinds.boolean),
    ("null", |kinds| &mut kinds.null),
    ("array", |kinds| &mut kinds.array),
    ("object", |kinds| &mut kinds.object),
];

/// Hexadecimal, octal, dates, times, `1_000`, `.inf`: what some version of YAML takes for a number or a date.
pub(crate) fn is_numeric(word: &str) -> bool {
    let unsigned = word.trim_start_matches(['+', '-', '.']).to_ascii_lowercase();
    let special = unsigned.len() < word.len() && matches!(unsigned.as_str(), "inf" | "nan");
    special || unsigned.starts_with(|first: char| first.is_ascii_digit())
}

/// What YAML 1.1 takes for truth values.
pub(crate) const TRAPS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];
