//! Heads of requests: what is refused before a body is read, and what of a head goes on to the upstream.

use bailiwick_mcp::headers::{self, Repeated};
use bailiwick_mcp::{Malformation, Message};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, TE, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{StatusCode, Version as HttpVersion};

use super::reply::{Reply, refuse};

/// Who may be named in `Host` and `Origin`.
#[derive(Debug, Default, Clone)]
pub struct Names {
    /// Host names, without a port, in lower case. Loopback names and IP addresses are always good: a page of another site
    /// cannot make a browser send them (DNS rebinding needs a name).
    pub hosts: Vec<String>,
    /// Origins of browsers, as they send them: `https://app.example`.
    pub origins: Vec<String>,
    /// Pages on this machine may speak to the gateway.
    pub loopback_origins: bool,
}

/// Headers that no request may carry twice: two readers would take two different ones.
pub(super) const SINGLE: [HeaderName; 12] = [
    HOST,
    ORIGIN,
    AUTHORIZATION,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    CONTENT_ENCODING,
    TRANSFER_ENCODING,
    SESSION,
    VERSION,
    METHOD,
    NAME,
    LAST_EVENT,
];

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const VERSION: HeaderName = HeaderName::from_static(headers::VERSION);
pub(super) const METHOD: HeaderName = HeaderName::from_static(headers::METHOD);
pub(super) const NAME: HeaderName = HeaderName::from_static(headers::NAME);
pub(super) const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Refuses what two readers could read as two different requests, and what a page of another site sends.
pub(super) fn check(head: &Parts, names: &Names, bytes_max: usize) -> Result<(), Box<Reply>> {
    let refused = |status, words: &str| Err(Box::new(refuse(status, -32600, words)));
    let headers = &head.headers;
    let lengths = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    if lengths.sum::<usize>() + head.uri.path().len() > bytes_max {
        return refused(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is longer than the limit");
    }
    // As many values as names: then none of them is there twice.
    if headers.len() != headers.keys_len()
        && let Some(name) = twice(headers)
    {
        return refused(StatusCode::BAD_REQUEST, &format!("header `{name}` twice"));
    }
    if let Some(encoding) = headers.get(TRANSFER_ENCODING) {
        let plain = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !plain || headers.contains_key(CONTENT_LENGTH) || head.version == HttpVersion::HTTP_10 {
            return refused(StatusCode::BAD_REQUEST, "a body whose length is not certain");
        }
    }
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    // HTTP/2 has an authority in its place; with both, one reader would take the one and another the other.
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    if host.zip(authority).is_some_and(|(host, authority)| !host.eq_ignore_ascii_case(authority)) {
        return refused(StatusCode::BAD_REQUEST, "the header `Host` names another host than the request");
    }
    let host = host.or(authority);
    let Some(host) = host.and_then(|host| std::str::from_utf8(host).ok()) else {
        return refused(StatusCode::BAD_REQUEST, "no header `Host`");
    };
    if !names.knows_host(host) {
        return refused(StatusCode::FORBIDDEN, "this host is not served here; see `--allow-host`");
    }
    match headers.get(ORIGIN) {
        Some(origin) if !names.knows_origin(origin) => {
            refused(StatusCode::FORBIDDEN, "this origin is not served here; see `--allow-origin`")
        }
        Some(_) | None => Ok(()),
    }
}

/// True if the gateway itself says what stands in this header: nobody else may set or forward it.
#[must_use]
pub fn is_own_header(name: &HeaderName) -> bool {
    let framing = [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TE, TRANSFER_ENCODING, UPGRADE];
    framing.contains(name) || name.as_str().starts_with("mcp-")
}

/// The first of those that no request may carry twice, or that repeat arguments, that is there more than once.
fn twice(headers: &HeaderMap) -> Option<HeaderName> {
    let names = SINGLE.into_iter().chain(headers.keys().filter(|name| is_argument(name)).cloned());
    names.into_iter().find(|name| headers.get_all(name).iter().nth(1).is_some())
}

impl Names {
    pub(super) fn knows_host(&self, authority: &str) -> bool {
        let host = without_port(authority);
        is_loopback(host)
            || is_address(host)
            || self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    pub(super) fn knows_origin(&self, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        let local = authority.is_some_and(|authority| is_loopback(without_port(authority)));
        (self.loopback_origins && local) || self.origins.iter().any(|known| known == origin)
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]"
}

fn is_address(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.map_or_else(
        || host.parse::<std::net::Ipv4Addr>().is_ok(),
        |v6| v6.parse::<std::net::Ipv6Addr>().is_ok(),
    )
}

/// Refuses bodies that are not JSON in UTF-8, plainly: some servers decode more than we would have looked at.
pub(super) fn check_body(headers: &HeaderMap) -> Result<(), Box<Reply>> {
    let refused = |words| Err(Box::new(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, -32600, words)));
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return refused("a compressed body");
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if kind == JSON {
        return Ok(());
    }
    let kind = std::str::from_utf8(kind).unwrap_or_default();
    if !is(kind, JSON) {
        return refused("`Content-Type` is not application/json");
    }
    for parameter in kind.split(';').skip(1) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let utf8 = value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8");
        if name.trim().eq_ignore_ascii_case("charset") && !utf8 {
            return refused("a body that is not UTF-8");
        }
    }
    Ok(())
}

/// True if the content is of exactly this type, whatever its parameters.
pub(super) fn is_type(headers: &HeaderMap, expected: &str) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return false };
    let (kind_bytes, expected) = (kind.as_bytes(), expected.as_bytes());
    kind_bytes == expected
        || kind_bytes.len() > expected.len() && kind.to_str().is_ok_and(|kind| is(kind, expected))
        || kind_bytes.eq_ignore_ascii_case(expected)
}

fn is(kind: &str, expected: &[u8]) -> bool {
    kind.split(';').next().is_some_and(|kind| kind.trim().as_bytes().eq_ignore_ascii_case(expected))
}

const JSON: &[u8] = b"application/json";

/// Compares the headers of 2026-07-28 with the message that they speak of (SEP-2243).
pub(super) fn agrees(head: &HeaderMap, message: &Message<'_>) -> Result<(), Malformation> {
    // The one that is looked for each time need not be read as a name first.
    let value = |name: &str| if name == headers::VERSION { head.get(&VERSION) } else { head.get(name) };
    headers::agree(|name| value(name).map(HeaderValue::as_bytes), message)
}

/// True if it repeats an argument of a tool.
pub(super) fn is_argument(name: &HeaderName) -> bool {
    name.as_str().starts_with(headers::ARGUMENT)
}

/// The headers that repeat arguments of a tool.
pub(super) fn arguments(head: &HeaderMap) -> Repeated {
    let named = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().strip_prefix(headers::ARGUMENT)?.to_owned(), value.as_bytes().to_vec()))
    };
    Repeated(head.iter().filter_map(named).collect())
}

/// A name as a header's value.
pub(super) fn header_value(name: &str) -> HeaderValue {
    HeaderValue::from_str(&headers::coded(name)).unwrap_or(HeaderValue::from_static(""))
}
