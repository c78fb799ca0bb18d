//! What of a client's head goes on to the upstream.

mod trace;

use bailiwick_mcp::headers;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

pub(super) use self::trace::Trace;
use super::fields::Fields;
use super::head::{METHOD, NAME, SESSION, is_argument};

/// What of a client's head goes on, besides `also`. Everything else ends here: credentials are for us, and
/// unknown headers make some frameworks read another request than the one that was decided over.
///
/// It is not looked into before it is sent, but for the place in a trace that is none.
#[derive(Debug, Clone)]
pub(super) struct Onward(Vec<(HeaderName, HeaderValue)>);

/// Room for those that nearly every request has.
const USUAL: usize = 4;
/// Room for those that are added where a request is sent.
const ADDED: usize = 5;

impl Onward {
    /// What mirrors a message is for messages of 2026-07-28 alone, where it was compared.
    pub(super) fn of(headers: &HeaderMap, also: &[HeaderName], modern: bool) -> Onward {
        let mut traced = false;
        let mut goes_on = |name: &HeaderName| match name.as_str() {
            "accept" | "accept-language" | "baggage" | headers::VERSION => true,
            name if trace::is_of_trace(name) => {
                traced = true;
                true
            }
            headers::METHOD | headers::NAME => modern,
            _ => modern && is_argument(name),
        };
        let mut kept = Vec::with_capacity(USUAL);
        for (name, value) in headers {
            if goes_on(name) || also.contains(name) {
                kept.push((name.clone(), value.clone()));
            }
        }
        if traced {
            trace::retain_valid(&mut kept);
        }
        Onward(kept)
    }

    /// Where the client stands in a distributed trace, for servers that get no headers.
    pub(super) fn trace(&self) -> Option<Trace> {
        Trace::of(&self.0)
    }

    /// The upstream's id of the session, or none, in place of what the client sent.
    pub(super) fn in_session(&mut self, id: Option<HeaderValue>) {
        self.0.retain(|(name, _)| name != SESSION);
        self.0.extend(id.map(|id| (SESSION, id)));
    }

    /// The first of a name.
    pub(super) fn get(&self, wanted: &HeaderName) -> Option<&HeaderValue> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
    }

    /// For a request of the client's.
    pub(super) fn fields(&self) -> Fields {
        Onward::fields_of(self.0.iter())
    }

    /// For a request of our own, of which nothing that mirrors the client's message would be true.
    pub(super) fn without_message(&self) -> Fields {
        let mirrors = |name: &HeaderName| *name == NAME || *name == METHOD || is_argument(name);
        Onward::fields_of(self.0.iter().filter(|(name, _)| !mirrors(name)))
    }

    fn fields_of<'o>(list: impl Iterator<Item = &'o (HeaderName, HeaderValue)>) -> Fields {
        let mut fields = Fields::with_capacity(list.size_hint().1.unwrap_or_default() + ADDED);
        for (name, value) in list {
            fields.append(name.clone(), value.clone());
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};

    use super::{Fields, Onward};
    use crate::http::head::{METHOD, SESSION};

    #[test]
    fn what_goes_on_is_named_and_the_session_is_the_upstreams_own() {
        let mut head = HeaderMap::new();
        head.append(ACCEPT, HeaderValue::from_static("application/json"));
        head.append(ACCEPT, HeaderValue::from_static("text/event-stream"));
        head.insert(AUTHORIZATION, HeaderValue::from_static("Bearer ours"));
        head.insert(SESSION, HeaderValue::from_static("ours"));
        head.insert(METHOD, HeaderValue::from_static("tools/call"));
        head.insert("mcp-param-path", HeaderValue::from_static("a"));
        let sent = |modern, also: &[_], id: Option<&'static str>| {
            let mut onward = Onward::of(&head, also, modern);
            onward.in_session(id.map(HeaderValue::from_static));
            let lines = |fields: Fields| {
                let line = |(name, value): (_, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
                fields.iter().map(line).collect::<Vec<_>>()
            };
            (lines(onward.fields()), lines(onward.without_message()))
        };
        let accept = ["accept: application/json", "accept: text/event-stream"].map(str::to_owned).to_vec();
        let with =
            |more: &[&str]| [accept.clone(), more.iter().map(|&line| line.to_owned()).collect()].concat();
        assert_eq!(sent(false, &[], None), (accept.clone(), accept.clone()));
        let theirs = with(&["mcp-session-id: theirs"]);
        assert_eq!(sent(false, &[SESSION], Some("theirs")), (theirs.clone(), theirs));
        assert_eq!(
            sent(true, &[], None),
            (with(&["mcp-method: tools/call", "mcp-param-path: a"]), accept.clone())
        );
        let forwarded = with(&["authorization: Bearer ours"]);
        assert_eq!(sent(false, &[AUTHORIZATION], None), (forwarded.clone(), forwarded));
    }
}
