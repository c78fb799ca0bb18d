//! Servers that are reached over the network: their entry becomes the command of a bridge, and comes back.
//!
//! Only keys change: the address gives way to a command that ends with it, the type becomes that of a command, and the
//! map of headers becomes that of the environment, with every value where it was. So no credential is ever copied, and
//! references such as `${env:TOKEN}` go on being the client's to put in.

use std::ops::Range;

use super::insert::{line_before, line_end, quote};
use super::{Anchor, Piece, Refused, Splice, apply};
use crate::config::{Launch, Server, first};
use crate::table::Dialect;
use crate::tree::{Form, Format, Layout, Member, Node};

/// Our command that speaks to a remote server over standard streams.
pub const BRIDGE: &str = "bridge";

/// The command that reaches a remote server: its headers come from variables of the same names.
///
/// # Errors
/// If it needs what a command cannot be given.
pub fn bridge(binary: &str, server: &Server) -> Result<Vec<String>, Refused> {
    let Launch::Remote { url, needs } = &server.launch else { return Err(Refused::Gone) };
    if let Some(needs) = needs {
        return Err(Refused::Remote(needs.clone()));
    }
    let mut words = vec![binary.to_owned(), BRIDGE.to_owned()];
    for header in &server.headers {
        if !may_be_variable(&header.name) {
            return Err(Refused::Remote(header.name.clone()));
        }
        words.extend(["--header".to_owned(), header.name.clone()]);
    }
    words.push(url.text.clone());
    Ok(words)
}

/// Headers become variables of our own process, so none may be one that the system or the program listens to: those have no
/// hyphen in their names.
fn may_be_variable(name: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "-_.!#$%&'*+^`|~".contains(c);
    let is_plain = name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie");
    !name.is_empty() && name.chars().all(token) && (is_plain || name.contains('-') && !name.starts_with('-'))
}

/// What makes a command of the entry at `node`: `ours`, up to and with the bridge's own words.
pub(super) fn plan(
    text: &str,
    format: Format,
    node: &Node,
    dialect: &Dialect,
    ours: &[String],
) -> Result<Vec<(Piece, Splice)>, Refused> {
    let Form::Map(layout, _) = node.form else { return Err(Refused::Layout) };
    let url = first(node, &dialect.url).ok_or(Refused::Layout)?;
    let kind = kind(node);
    let joined = kind.and_then(|kind| kind.value.text()) == Some("remote");
    let (headers, environment) = (first(node, &dialect.headers), first(node, &dialect.environment));
    let keys = [dialect.command.first(), dialect.arguments.first(), dialect.environment.first()];
    let [Some(command), Some(arguments), Some(variables)] = keys else { return Err(Refused::Layout) };
    if first(node, &dialect.arguments).is_some() || headers.is_some() && environment.is_some() {
        return Err(Refused::Layout);
    }
    let words: Vec<String> = ours.iter().map(|word| quote(word)).collect();
    let (binary, rest) = words.split_first().ok_or(Refused::Layout)?;
    let (key, list) =
        (|key: &str| written(key, format), |words: &[String]| format!("[{}]", words.join(", ")));
    let colon = if format == Format::Toml { " = " } else { ": " };
    let put = match joined {
        true => format!("{}{colon}{}", key(command), list(&words)),
        false => {
            let separator = separator(text, format, layout, url)?;
            format!("{}{colon}{binary}{separator}{}{colon}{}", key(command), key(arguments), list(rest))
        }
    };
    let mut pieces = vec![piece(text, Anchor::Address, url.key_span.start..url.value.span.end, put)?];
    if let Some(kind) = kind {
        let put = quote(if joined { "local" } else { "stdio" });
        pieces.push(piece(text, Anchor::Kind, kind.value.span.clone(), put)?);
    }
    if let Some(headers) = headers {
        pieces.push(piece(text, Anchor::Settings, headers.key_span.clone(), key(variables))?);
    }
    Ok(pieces)
}

/// What stands between two members of the map around the address.
fn separator(text: &str, format: Format, layout: Layout, url: &Member) -> Result<String, Refused> {
    let (_, prefix) = line_before(text, url.key_span.start);
    match (format, layout) {
        (Format::Json, _) | (_, Layout::Flow) => Ok(", ".to_owned()),
        (Format::Toml | Format::Yaml, Layout::Block) => {
            // `- url: x` begins an element: its other keys stand below the first.
            let column: String = prefix.chars().map(|c| if c == '-' { ' ' } else { c }).collect();
            match column.chars().all(char::is_whitespace) {
                true => Ok(format!("{}{column}", line_end(text, url.key_span.start))),
                false => Err(Refused::Layout),
            }
        }
    }
}

/// The text as it was, if every piece stands where it was put.
pub(super) fn exact(text: &str, node: &Node, dialect: &Dialect, pieces: &[Piece]) -> Option<String> {
    let splices = pieces.iter().map(|piece| {
        let start = match piece.at {
            Anchor::Address => first(node, &dialect.command)?.key_span.start,
            Anchor::Kind => kind(node)?.value.span.start,
            Anchor::Settings => first(node, &dialect.environment)?.key_span.start,
            Anchor::Program | Anchor::Head | Anchor::Behind => return None,
        };
        let end = start.checked_add(piece.after.len())?;
        let stands = text.get(start..end) == Some(piece.after.as_str());
        stands.then(|| Splice { span: start..end, text: piece.before.clone() })
    });
    let splices: Vec<Splice> = splices.collect::<Option<_>>()?;
    (!splices.is_empty()).then(|| apply(text, splices))
}

/// The keys of an entry that differ between a command and an address.
pub(super) fn is_of_either(dialect: &Dialect, key: &str) -> bool {
    let lists = [&dialect.command, &dialect.arguments, &dialect.url, &dialect.headers, &dialect.environment];
    lists.iter().any(|list| list.iter().any(|own| own == key)) || KINDS.contains(&key)
}

const KINDS: [&str; 2] = ["type", "transport"];

fn kind(node: &Node) -> Option<&Member> {
    KINDS.iter().find_map(|key| node.get(key)).filter(|member| member.value.text().is_some())
}

/// A key of a table, as its format writes it.
fn written(key: &str, format: Format) -> String {
    match format {
        Format::Json => quote(key),
        Format::Toml | Format::Yaml => key.to_owned(),
    }
}

fn piece(text: &str, at: Anchor, span: Range<usize>, after: String) -> Result<(Piece, Splice), Refused> {
    let before = text.get(span.clone()).ok_or(Refused::Layout)?.to_owned();
    let splice = Splice { span, text: after.clone() };
    Ok((Piece { at, before, after }, splice))
}
