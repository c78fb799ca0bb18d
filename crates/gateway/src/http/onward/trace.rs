//! Where a client stands in a distributed trace (W3C Trace Context, levels 1 and 2): broken words of it end here, and servers that
//! get no headers find it in `params._meta` (SEP-414).

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::splice::Splice;
use bailiwick_mcp::{Body, Message, Value};
use hyper::header::{HeaderName, HeaderValue};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";
/// Bytes of a `traceparent` of version 00; later versions begin with as many.
const PARENT_BYTES: usize = 55;
/// Longest of a later version.
const PARENT_BYTES_MAX: usize = 512;
/// Most entries of a `tracestate`, and the longest key and value of one (section 3.3.1).
const ENTRIES_MAX: usize = 32;
const KEY_BYTES_MAX: usize = 256;
const VALUE_BYTES_MAX: usize = 256;

/// True for the headers that this is about.
pub(super) fn is_of_trace(name: &str) -> bool {
    matches!(name, PARENT | STATE)
}

/// Takes out what is broken. A receiver would have to pass over it, and some do not; and without a parent a state says nothing.
pub(super) fn retain_valid(fields: &mut Vec<(HeaderName, HeaderValue)>) {
    let of = |wanted: &'static str| fields.iter().filter(move |(name, _)| name == wanted);
    let mut parents = of(PARENT);
    let is_traced =
        parents.next().is_some_and(|(_, value)| is_parent(value.as_bytes())) && parents.next().is_none();
    let has_state = is_traced && is_state(of(STATE).map(|(_, value)| value.as_bytes()));
    fields.retain(|(name, _)| match name.as_str() {
        PARENT => is_traced,
        STATE => has_state,
        _ => true,
    });
}

/// The place in a trace that valid headers name.
#[derive(Debug)]
pub(in crate::http) struct Trace {
    parent: String,
    state: String,
}

impl Trace {
    /// Of headers of which broken ones were taken out.
    pub(super) fn of(fields: &[(HeaderName, HeaderValue)]) -> Option<Trace> {
        let of = |wanted: &'static str| fields.iter().filter(move |(name, _)| name == wanted);
        let parent = of(PARENT).next()?.1.to_str().ok()?.to_owned();
        let states: Vec<&str> = of(STATE).filter_map(|(_, value)| value.to_str().ok()).collect();
        Some(Trace { parent, state: states.join(",") })
    }

    /// How a request is to be changed so that it names the place; not at all if it names one itself, or has no room for it.
    pub(in crate::http) fn beside(&self, message: &Message<'_>) -> Option<Splice> {
        let Body::Request { params, .. } = &message.body else { return None };
        let meta = params.and_then(|params| params.get("_meta"));
        let (within, text) = match (params, meta) {
            (_, Some(meta))
                if !meta.is_object() || [PARENT, STATE].iter().any(|key| meta.get(key).is_some()) =>
            {
                return None;
            }
            (_, Some(meta)) => (meta, self.members()),
            (Some(params), None) => (*params, [&b"\"_meta\":{"[..], &self.members(), b"}"].concat()),
            (None, None) => {
                (message.value(), [&b"\"params\":{\"_meta\":{"[..], &self.members(), b"}}"].concat())
            }
        };
        Some(first_in(within, text))
    }

    fn members(&self) -> Vec<u8> {
        let mut members = b"\"traceparent\":".to_vec();
        escape_into(&self.parent, &mut members);
        if !self.state.is_empty() {
            members.extend_from_slice(b",\"tracestate\":");
            escape_into(&self.state, &mut members);
        }
        members
    }
}

/// Puts `members` at the beginning of an object.
fn first_in(object: Value<'_>, mut members: Vec<u8>) -> Splice {
    if object.members().next().is_some() {
        members.push(b',');
    }
    let behind = object.span().0.saturating_add(1);
    let mut splice = Splice::default();
    splice.replace((behind, behind), members);
    splice
}

/// `version-trace-parent-flags` (section 3.2.2). What a later version adds stands behind a further hyphen.
fn is_parent(value: &[u8]) -> bool {
    let Some((known, more)) = value.split_at_checked(PARENT_BYTES) else { return false };
    let mut parts = known.split(|byte| *byte == b'-');
    let mut part = |bytes: usize| {
        parts.next().filter(|part| {
            part.len() == bytes && part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let is_named = |id: &[u8]| id.iter().any(|byte| *byte != b'0');
    let (Some(version), Some(trace), Some(parent), Some(_)) = (part(2), part(32), part(16), part(2)) else {
        return false;
    };
    let ends = match version {
        b"00" => more.is_empty(),
        b"ff" => false,
        _ => more.first().is_none_or(|byte| *byte == b'-') && more.iter().all(u8::is_ascii_graphic),
    };
    ends && value.len() <= PARENT_BYTES_MAX && is_named(trace) && is_named(parent)
}

/// `key=value` between commas, over all headers of the name (section 3.3.1). Entries may be empty.
fn is_state<'h>(values: impl Iterator<Item = &'h [u8]>) -> bool {
    let mut keys = [&b""[..]; ENTRIES_MAX];
    let mut count = 0;
    for entry in values.flat_map(|value| value.split(|byte| *byte == b',')) {
        let entry = entry.trim_ascii();
        if entry.is_empty() {
            continue;
        }
        let Some(key) = key_of(entry) else { return false };
        let is_new = keys.iter().all(|known| *known != key);
        let Some(place) = keys.get_mut(count).filter(|_| is_new) else { return false };
        *place = key;
        count += 1;
    }
    count > 0
}

/// The key of an entry that is one.
fn key_of(entry: &[u8]) -> Option<&[u8]> {
    let at = entry.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (entry.get(..at)?, entry.get(at + 1..)?);
    let in_key = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let in_value = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    let good = key.len() <= KEY_BYTES_MAX
        && key.first().is_some_and(u8::is_ascii_alphanumeric)
        && key.iter().all(in_key)
        && (1..=VALUE_BYTES_MAX).contains(&value.len())
        && value.iter().all(in_value);
    good.then_some(key)
}

#[cfg(test)]
mod tests;
