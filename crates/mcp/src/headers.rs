//! Headers that stand beside a message over HTTP since 2026-07-28, and how they must agree with it (SEP-2243).
//!
//! Whoever stands on the way may read them in place of the body, so they must say the same: another tool in the header than in
//! the body is a call that one of two readers did not decide over.

mod argument;

use std::borrow::Cow;

use crate::json::Value;
use crate::message::{Body, Malformation, Message};

pub use argument::{Argument, Repeated, arguments};

/// Names of the headers, in lower case.
pub const VERSION: &str = "mcp-protocol-version";
pub const METHOD: &str = "mcp-method";
pub const NAME: &str = "mcp-name";
/// Prefix of those that repeat arguments of a tool.
pub const ARGUMENT: &str = "mcp-param-";

/// The member of `params` that [`NAME`] repeats.
#[must_use]
pub fn named_by(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// Compares the headers with the message that they speak of. `header` finds a value by its name in lower case; of each there
/// is at most one.
///
/// # Errors
/// [`Malformation::Header`] where they disagree, [`Malformation::Meta`] where the message lacks what they rest on.
pub fn agree<'h>(
    header: impl Fn(&str) -> Option<&'h [u8]>,
    message: &Message<'_>,
) -> Result<(), Malformation> {
    let header = |name| header(name).map(<[u8]>::trim_ascii);
    match (header(VERSION), message.stated_version()) {
        (Some(MODERN), None) => return Err(Malformation::Meta),
        (Some(named), Some(stated)) if named == stated.as_bytes() => {}
        (_, Some(_)) => return Err(Malformation::Header),
        // A legacy message: the other headers mean nothing to it.
        (_, None) => return Ok(()),
    }
    let Body::Request { method, params, .. } = &message.body else { return Ok(()) };
    let meta = params.and_then(|params| params.get("_meta"));
    if !meta.and_then(|meta| meta.get(CAPABILITIES)).is_some_and(Value::is_object) {
        return Err(Malformation::Meta);
    }
    if header(METHOD) != Some(method.as_bytes()) {
        return Err(Malformation::Header);
    }
    let Some(key) = named_by(method) else { return Ok(()) };
    let named = params.and_then(|params| params.get(key)).and_then(Value::text);
    match (header(NAME).map(decoded), named) {
        (Some(Some(header)), Some(name)) if *header == *name.as_bytes() => Ok(()),
        // What has no name is for whoever decides over the message to refuse.
        (None, None) => Ok(()),
        _ => Err(Malformation::Header),
    }
}

/// What every request of 2026-07-28 says besides its version.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const MODERN: &[u8] = b"2026-07-28";
const BEFORE: &str = "=?base64?";
const BEHIND: &str = "?=";

/// What a header's value says: `=?base64?…?=` holds what a header cannot. `None` if that is broken.
#[must_use]
pub fn decoded(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inner = value.strip_prefix(BEFORE.as_bytes()).and_then(|rest| rest.strip_suffix(BEHIND.as_bytes()));
    match inner {
        Some(coded) => data_encoding::BASE64.decode(coded).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(value)),
    }
}

/// A text as a header's value; what a header cannot hold, or a reader would take for coded, is coded.
#[must_use]
pub fn coded(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && text.trim() == text && !text.starts_with(BEFORE) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{BEFORE}{}{BEHIND}", data_encoding::BASE64.encode(text.as_bytes())))
}

#[cfg(test)]
mod tests;
