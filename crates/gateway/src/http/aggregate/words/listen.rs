//! `subscriptions/listen` (2026-07-28) of several servers: each is asked for what is its own, and their consents are one.

use bailiwick_mcp::splice::Splice;
use bailiwick_mcp::{Body, Id, Limits, Packet, Parser, Value};
use hyper::body::Bytes;

use super::{Meant, quoted, split};

/// Members of the filter that are for every server, and those that name what one server has.
const FLAGS: [&str; 3] = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"];
const NAMED: [(&str, &str); 2] = [("resourceSubscriptions", "+"), ("taskIds", "/")];
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// What is asked of each server; one of which nothing is asked is left out.
pub(super) fn meant(params: Option<Value<'_>>, text: &str, names: &[&str]) -> Meant {
    let Some(filter) = params.and_then(|params| params.get("notifications")) else {
        return Meant::Nobody { unknown: "notifications".to_owned() };
    };
    let mut parts = Vec::new();
    for server in 0..names.len() {
        let mut own = Vec::new();
        for flag in FLAGS {
            if let Some(value) = filter.get(flag) {
                own.push(format!("\"{flag}\":{}", value.raw()).into_bytes());
            }
        }
        for (key, mark) in NAMED {
            let all = filter.get(key).into_iter().flat_map(Value::elements).filter_map(Value::text);
            let mine: Vec<Vec<u8>> = all
                .filter_map(|name| {
                    split(&name, mark, names).filter(|found| found.0 == server).map(|(_, n)| quoted(n))
                })
                .collect();
            if !mine.is_empty() {
                own.push([format!("\"{key}\":[").into_bytes(), mine.join(&b','), b"]".to_vec()].concat());
            }
        }
        if !own.is_empty() {
            let mut splice = Splice::default();
            splice.replace(filter.span(), [b"{".to_vec(), own.join(&b','), b"}".to_vec()].concat());
            parts.push((server, Bytes::from(splice.apply(text, 0))));
        }
    }
    Meant::Listen(parts)
}

/// One consent of all: `parts` are the servers' names and first words. Nothing if none of them consents.
pub(in super::super) fn acknowledged(id: &Id<'_>, parts: &[(&str, Bytes)], limits: &Limits) -> Option<Bytes> {
    let mut flags: Vec<&str> = Vec::new();
    let mut named: [Vec<Vec<u8>>; 2] = [Vec::new(), Vec::new()];
    let mut consents = 0_usize;
    for (name, bytes) in parts {
        let mut parser = Parser::default();
        let Ok(Packet::One(message)) = Packet::parse(&mut parser, bytes, limits) else { continue };
        let Body::Notification { method, params: Some(params) } = &message.body else { continue };
        let Some(granted) = params.get("notifications").filter(|_| *method == ACKNOWLEDGED) else { continue };
        consents += 1;
        flags.extend(FLAGS.iter().filter(|flag| granted.get(flag).and_then(Value::boolean) == Some(true)));
        for ((key, mark), all) in NAMED.iter().zip(&mut named) {
            let own = granted.get(key).into_iter().flat_map(Value::elements).filter_map(Value::text);
            all.extend(own.map(|own| quoted(&format!("{name}{mark}{own}"))));
        }
    }
    if consents == 0 {
        return None;
    }
    flags.sort_unstable();
    flags.dedup();
    let mut members: Vec<Vec<u8>> =
        flags.iter().map(|flag| format!("\"{flag}\":true").into_bytes()).collect();
    for ((key, _), all) in NAMED.iter().zip(named) {
        if !all.is_empty() {
            members.push([format!("\"{key}\":[").into_bytes(), all.join(&b','), b"]".to_vec()].concat());
        }
    }
    let mut out = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"{ACKNOWLEDGED}\",\"params\":{{\"_meta\":{{\"{SUBSCRIPTION}\":"
    )
    .into_bytes();
    id.write(&mut out);
    out.extend_from_slice(b"},\"notifications\":{");
    out.extend_from_slice(&members.join(&b','));
    out.extend_from_slice(b"}}}");
    Some(out.into())
}

/// The end of it, when all servers have ended it.
pub(in super::super) fn closed(id: &Id<'_>) -> Bytes {
    let mut out = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    id.write(&mut out);
    out.extend_from_slice(br#","result":{"resultType":"complete","_meta":{""#);
    out.extend_from_slice(SUBSCRIPTION.as_bytes());
    out.extend_from_slice(b"\":");
    id.write(&mut out);
    out.extend_from_slice(b"}}}");
    out.into()
}
