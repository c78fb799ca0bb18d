//! The patterns of `on`.

use super::Reader;
use crate::glob::{Name, Symbol, UriPattern, text_expression};
use crate::path;
use crate::set::{Set, Syntax};
use crate::target::{AIMS, Aim, Object, TargetPattern};
use crate::tree::Node;
use crate::words::nearest;

impl Reader<'_> {
    /// `fold`: see [`Name::new`]; it is also the sense in which URIs are matched.
    pub(crate) fn targets(&mut self, node: &Node, fold: bool) -> Vec<TargetPattern> {
        let items = self.items(node, "`on`");
        items.into_iter().filter_map(|item| self.target(item, fold)).collect()
    }

    fn target(&mut self, node: &Node, fold: bool) -> Option<TargetPattern> {
        let filled = self.pattern(node, "a target")?;
        let text: String = filled.iter().map(|symbol| symbol.character).collect();
        self.blanks(node, "the target", &text);
        if fold {
            self.target_is_doubtful(node, &text);
        }
        let (word, rest) = match text.split_once(':') {
            Some((word, rest)) if !word.contains('/') => (word, Some(rest)),
            _ => (text.as_str(), None),
        };
        let aim = AIMS.iter().find(|(aim, name)| *aim != Aim::Tool && *name == word).map(|(aim, _)| *aim);
        let built = match (aim, rest) {
            (Some(aim @ (Aim::Sampling | Aim::Elicitation | Aim::Roots | Aim::Task)), rest) => {
                alone(aim, rest.unwrap_or("*"), fold)
            }
            (Some(Aim::Resource), Some(rest)) => self.resource(rest, &filled, fold),
            (Some(aim), Some(rest)) => named(aim, rest, fold),
            (Some(_), None) => Err((
                format!("a target `{text}` without a pattern"),
                format!("write `{word}:*` for all of them"),
            )),
            (None, Some(_)) if !text.contains('/') || word == "tool" || word == "tools" => {
                Err((format!("unknown kind of target `{word}`"), kinds_help(word)))
            }
            (None, _) => named(Aim::Tool, &text, fold),
        };
        match built {
            Ok(pattern) => Some(pattern),
            Err((cause, help)) => {
                self.wrong(node, cause, help);
                None
            }
        }
    }

    /// `SERVER/URI`, unless what is before the first slash has a colon: then any server and the whole is the URI.
    fn resource(&self, rest: &str, filled: &[Symbol], fold: bool) -> Result<TargetPattern, (String, String)> {
        let (server, uri) = match rest.split_once('/') {
            Some((server, uri)) if !server.contains(':') => (server, uri),
            _ => ("*", rest),
        };
        let server = name(server, fold)?;
        let uri = if uri.bytes().all(|byte| byte == b'*') && !uri.is_empty() {
            UriPattern::Any
        } else if let Some(place) = file_place(uri) {
            let expression = path::expression(last(filled, place), self.base, fold)?;
            UriPattern::File(
                Set::new(&[expression], Syntax::Glob { fold })
                    .map_err(|cause| (cause, "shorten the pattern".into()))?,
            )
        } else if !uri.contains(':') && !uri.starts_with('*') {
            let help = format!("write `resource:SERVER/*://{uri}`, or the URI with its scheme");
            return Err((format!("a resource `{rest}` without a scheme"), help));
        } else {
            let expression = text_expression(last(filled, uri)).map_err(wildcard)?;
            UriPattern::Text(
                Set::new(&[expression], Syntax::Glob { fold })
                    .map_err(|cause| (cause, "shorten the pattern".into()))?,
            )
        };
        Ok(TargetPattern { aim: Aim::Resource, server, object: Object::Uri(uri) })
    }
}

/// The symbols of `text`, which ends what they spell.
fn last<'s>(filled: &'s [Symbol], text: &str) -> &'s [Symbol] {
    let skipped = filled.len().saturating_sub(text.chars().count());
    filled.get(skipped..).unwrap_or_default()
}

/// The path pattern in `file:///x`, `file://~/x`, `file://**/x`.
fn file_place(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case("file:").then(|| rest.strip_prefix("//").unwrap_or(rest))
}

fn alone(aim: Aim, server: &str, fold: bool) -> Result<TargetPattern, (String, String)> {
    Ok(TargetPattern { aim, server: name(server, fold)?, object: Object::Name(Name::Any) })
}

fn named(aim: Aim, rest: &str, fold: bool) -> Result<TargetPattern, (String, String)> {
    let word = AIMS.iter().find(|(known, _)| *known == aim).map_or("", |(_, word)| word);
    let prefix = if aim == Aim::Tool { String::new() } else { format!("{word}:") };
    let (server, object) = match rest.split_once('/') {
        Some(pair) => pair,
        None if rest == "*" && aim != Aim::Tool => ("*", "*"),
        None => {
            let mut help = format!("write `{prefix}*/{rest}` for any server, or `{prefix}SERVER/{rest}`");
            if let (Aim::Tool, Some(kind)) = (aim, kind_near(rest)) {
                help = format!("did you mean `{kind}`? For a tool {help}");
            }
            return Err((format!("a target `{prefix}{rest}` without a server"), help));
        }
    };
    Ok(TargetPattern { aim, server: name(server, fold)?, object: Object::Name(name(object, fold)?) })
}

fn name(pattern: &str, fold: bool) -> Result<Name, (String, String)> {
    Name::new(pattern, fold).map_err(wildcard)
}

fn wildcard(cause: String) -> (String, String) {
    (
        format!("{cause} in a target"),
        "`*` is any text, `?` one character, `[ab]` one of them, `{a,b}` one of the words".into(),
    )
}

/// All targets of the kind that `word` is a slip for.
fn kind_near(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let (aim, kind) = AIMS
        .iter()
        .filter(|(aim, _)| *aim != Aim::Tool)
        .find(|(_, kind)| nearest(&word, std::iter::once(*kind)).is_some())?;
    Some(match aim {
        Aim::Resource => "resource:*",
        Aim::Prompt => "prompt:*",
        Aim::Completion => "completion:*",
        Aim::Tool | Aim::Sampling | Aim::Elicitation | Aim::Roots | Aim::Task => kind,
    })
}

fn kinds_help(word: &str) -> String {
    let words: Vec<&str> = AIMS.iter().skip(1).map(|(_, word)| *word).collect();
    if word.starts_with("tool") {
        return "tools are written `server/tool`, without a prefix".into();
    }
    crate::words::suggestion(word, &words)
}
