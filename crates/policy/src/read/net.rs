//! The values of the matchers `url` and `host`.

use bailiwick_semantic::{HostPattern, HostPatterns};

use super::Reader;
use crate::args::{HostList, Matcher, Presence, Query, Sense, UrlList, UrlPattern};
use crate::glob::{Name, Star, Symbol, text_expression, translate};
use crate::set::{Set, Syntax};
use crate::tree::{Form, Node};
use crate::words;

impl Reader<'_> {
    pub(super) fn hosts(&mut self, node: &Node) -> Option<Matcher> {
        let (patterns, written) = self.host_patterns(node);
        Some(Matcher::Host(HostList { patterns, written }))
    }

    pub(super) fn host_patterns(&mut self, node: &Node) -> (HostPatterns, Vec<String>) {
        let (mut patterns, mut written) = (Vec::new(), Vec::new());
        for item in self.items(node, "a host") {
            let Some(symbols) = self.pattern(item, "a host") else { continue };
            self.host_is_doubtful(item, &text(&symbols));
            patterns.extend(self.host_pattern(item, &symbols));
            written.push(text(&symbols));
        }
        (HostPatterns::new(patterns), written)
    }

    fn host_pattern(&mut self, node: &Node, symbols: &[Symbol]) -> Option<HostPattern> {
        if symbols.iter().any(|symbol| symbol.literal && matches!(symbol.character, '*' | '@')) {
            self.wrong(
                node,
                "a variable with a wildcard or a class in it",
                "write those into the rule itself",
            );
            return None;
        }
        match HostPattern::new(&text(symbols)) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.wrong(node, error.cause, error.help);
                None
            }
        }
    }

    /// A list of patterns, or a map of parts.
    pub(super) fn urls(&mut self, node: &Node, sense: Sense) -> Option<Matcher> {
        let fold = sense == Sense::Any;
        if let Form::Map(_) = &node.form {
            let (pattern, written) = self.url_parts(node, fold)?;
            return Some(Matcher::Url(UrlList { patterns: vec![pattern], written: vec![written] }));
        }
        let (mut patterns, mut written) = (Vec::new(), Vec::new());
        for item in self.items(node, "a URL") {
            let Some(symbols) = self.pattern(item, "a URL") else { continue };
            self.url_is_doubtful(item, &text(&symbols));
            if let Some(pattern) = self.url_pattern(item, &symbols, fold) {
                patterns.push(pattern);
                written.push(text(&symbols));
            }
        }
        Some(Matcher::Url(UrlList { patterns, written }))
    }

    /// `scheme://host:port/path?query`, each with wildcards; `scheme:*` for URLs without a host.
    fn url_pattern(&mut self, node: &Node, symbols: &[Symbol], fold: bool) -> Option<UrlPattern> {
        let written = text(symbols);
        let colon = symbols.iter().position(|symbol| symbol.character == ':');
        let (scheme, rest) =
            colon.and_then(|colon| symbols.split_at_checked(colon)).unwrap_or((&[], symbols));
        let rest = rest.get(1..).unwrap_or_default();
        let schemes = match self.scheme(node, &text(scheme)) {
            Some(name) if !scheme.is_empty() => vec![name],
            _ => {
                let help = "begin with the scheme: `https://example.com/**`; `*://` is any scheme";
                self.wrong(node, format!("no scheme in the URL `{written}`"), help);
                return None;
            }
        };
        let mut out = UrlPattern { schemes: Some(schemes), ..UrlPattern::default() };
        if matches!(rest, [star] if star.is('*')) {
            out.any_port = true;
            return Some(out);
        }
        let [first, second, rest @ ..] = rest else { return self.no_slashes(node, &written) };
        if first.character != '/' || second.character != '/' {
            return self.no_slashes(node, &written);
        }
        let end =
            rest.iter().position(|symbol| matches!(symbol.character, '/' | '?' | '#')).unwrap_or(rest.len());
        let (host, rest) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if host.iter().any(|symbol| symbol.character == '@')
            && host.first().is_none_or(|first| !first.is('@'))
        {
            self.wrong(
                node,
                format!("a user in the URL `{written}`"),
                "write `url: { host: …, userinfo: any }`",
            );
            return None;
        }
        if !host.is_empty() {
            out.hosts = Some(HostPatterns::new(vec![self.host_pattern(node, host)?]));
        }
        let mark = rest.iter().position(|symbol| symbol.character == '?');
        let (path, query) = rest.split_at_checked(mark.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        if !path.is_empty() {
            out.paths = self.one_set(node, path_expression(path), fold);
        }
        if let Some(query) = query.get(1..) {
            out.query = self.one_set(node, text_expression(query), false).map(Query::Globs);
        }
        Some(out)
    }

    fn no_slashes(&mut self, node: &Node, written: &str) -> Option<UrlPattern> {
        let help = "write `scheme://host/path`; `data:*` is every URL of a scheme that has no hosts";
        self.wrong(node, format!("`{written}` is not a pattern for URLs"), help);
        None
    }

    fn scheme(&mut self, node: &Node, word: &str) -> Option<Name> {
        let plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '*' | '{' | '}' | ',');
        if !word.is_empty() && word.chars().all(plain) {
            return Name::new(word, true).ok();
        }
        if !word.is_empty() {
            self.wrong(
                node,
                format!("`{word}` is not a scheme"),
                "write its letters alone: `https`; `*` is any text",
            );
        }
        None
    }

    fn url_parts(&mut self, node: &Node, fold: bool) -> Option<(UrlPattern, String)> {
        let members = self.members(node, &words::URL, "`url`")?;
        if members.is_empty() {
            self.wrong(node, "`url` says nothing", "add `host`, or another part");
        }
        let mut out = UrlPattern::default();
        let mut written = Vec::new();
        if let Some(node) = members.get("scheme") {
            let schemes = self.texts(node, "a scheme");
            written.push(format!("scheme {}", schemes.join(", ")));
            out.schemes = Some(schemes.iter().filter_map(|word| self.scheme(node, word)).collect());
        }
        if let Some(node) = members.get("host") {
            let (patterns, hosts) = self.host_patterns(node);
            written.push(format!("host {}", hosts.join(", ")));
            out.hosts = Some(patterns);
        }
        if let Some(node) = members.get("port") {
            (out.ports, out.any_port) = self.ports(node);
            written.push(format!(
                "port {}",
                out.ports.as_ref().map_or("any".to_owned(), |ports| format!("{ports:?}"))
            ));
        }
        if let Some(node) = members.get("path") {
            let (set, paths) = self.set(node, "a path of a URL", fold, &path_expression);
            written.push(format!("path {}", paths.join(", ")));
            out.paths = set;
        }
        if let Some(node) = members.get("userinfo") {
            out.userinfo = self.choice(node, "value of `userinfo`", &PRESENCES);
            written.push(format!("userinfo {}", node.scalar().unwrap_or_default()));
        }
        if let Some(node) = members.get("query") {
            if node.scalar() == Some("none") {
                out.query = Some(Query::None);
                written.push("query none".to_owned());
            } else {
                let (set, globs) = self.set(node, "a query", false, &text_expression);
                written.push(format!("query {}", globs.join(", ")));
                out.query = set.map(Query::Globs);
            }
        }
        Some((out, written.join("; ")))
    }

    /// Numbers, or `any`.
    fn ports(&mut self, node: &Node) -> (Option<Vec<u16>>, bool) {
        if node.scalar() == Some("any") {
            return (None, true);
        }
        let mut ports = Vec::new();
        for item in self.items(node, "a port") {
            match item.scalar().and_then(|text| text.parse().ok()) {
                Some(0) => self.wrong(item, "no URL has the port 0", "write `port: [443, 8443]`, or `any`"),
                Some(port) => ports.push(port),
                None => self.wrong(
                    item,
                    "a port must be a number from 0 to 65535",
                    "write `port: [443, 8443]`, or `any`",
                ),
            }
        }
        (Some(ports), false)
    }

    fn set(
        &mut self,
        node: &Node,
        what: &str,
        fold: bool,
        compile: &dyn Fn(&[Symbol]) -> Result<String, String>,
    ) -> (Option<Set>, Vec<String>) {
        let (mut expressions, mut written) = (Vec::new(), Vec::new());
        for item in self.items(node, what) {
            let Some(symbols) = self.pattern(item, what) else { continue };
            written.push(text(&symbols));
            match compile(&symbols) {
                Ok(expression) => expressions.push(expression),
                Err(cause) => self.wrong(item, format!("{cause} in {what}"), PATH_HELP),
            }
        }
        (self.compiled(node, &expressions, fold), written)
    }

    fn one_set(&mut self, node: &Node, expression: Result<String, String>, fold: bool) -> Option<Set> {
        match expression {
            Ok(expression) => self.compiled(node, &[expression], fold),
            Err(cause) => {
                self.wrong(node, format!("{cause} in a URL"), PATH_HELP);
                None
            }
        }
    }

    fn compiled(&mut self, node: &Node, expressions: &[String], fold: bool) -> Option<Set> {
        match Set::new(expressions, Syntax::Glob { fold }) {
            Ok(set) => Some(set),
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
}

pub(crate) const PRESENCES: [(&str, Presence); 3] =
    [("none", Presence::None), ("some", Presence::Some), ("any", Presence::Any)];

const PATH_HELP: &str =
    "begin with `/`; `*` is any text inside a segment, `**` any segments, `?` one character";

/// The anchored expression of a URL's path.
fn path_expression(path: &[Symbol]) -> Result<String, String> {
    let mut segments = path.split(|symbol| symbol.character == '/');
    let mut out = String::from("^");
    match segments.next() {
        Some([]) => {}
        Some([one, other]) if one.is('*') && other.is('*') => out.push_str("(?:/.*)?"),
        _ => return Err("no `/` at the beginning".to_owned()),
    }
    for segment in segments {
        if matches!(segment, [one, other] if one.is('*') && other.is('*')) {
            out.push_str("(?:/.*)?");
            continue;
        }
        if segment.windows(2).any(|pair| pair.iter().all(|symbol| symbol.is('*'))) {
            return Err("`**` beside other characters".to_owned());
        }
        if segment.is_empty() {
            continue;
        }
        out.push('/');
        translate(segment, Star::Segment, &mut out)?;
    }
    out.push_str("/?$");
    Ok(out)
}

fn text(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| symbol.character).collect()
}
