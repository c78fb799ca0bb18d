//! What must be known of a line before it is posted.

use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Id, Limits, Parser, Value};
use hyper::header::{HeaderMap, HeaderValue};

use crate::http::head::{METHOD, NAME, VERSION};

/// A line of the client.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) kind: Kind,
    /// Those that the protocol wants beside the message.
    pub(super) headers: HeaderMap,
    pub(super) is_initialize: bool,
    pub(super) is_initialized: bool,
    /// It names its version itself, and knows no session.
    pub(super) is_modern: bool,
}

/// Whether the server owes an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request(Id<'static>),
    Other,
}

impl Said {
    /// Nothing for a line that is no message: nobody permitted such a one.
    pub(super) fn of(line: &[u8], limits: &Limits) -> Option<Said> {
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, line, limits).ok()?;
        let mut said = Said {
            kind: Kind::Other,
            headers: HeaderMap::new(),
            is_initialize: false,
            is_initialized: false,
            is_modern: false,
        };
        // A batch has answers of its own, and no version that has batches wants headers.
        let Packet::One(message) = packet else { return Some(said) };
        if let Body::Request { id, .. } = &message.body {
            said.kind = Kind::Request(id.clone().into_owned());
        }
        let method = message.method().unwrap_or_default();
        said.is_initialize = method == "initialize";
        said.is_initialized = method == "notifications/initialized";
        if let Some(version) = message.stated_version() {
            said.is_modern = true;
            let params = message.params();
            let key = match method {
                "tools/call" | "prompts/get" => Some("name"),
                "resources/read" => Some("uri"),
                "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
                _ => None,
            };
            let name = key.and_then(|key| params?.get(key)).and_then(Value::text);
            let all = [(VERSION, Some(&*version)), (METHOD, Some(method)), (NAME, name.as_deref())];
            for (header, text) in all {
                if let Some(value) = text.and_then(header_value) {
                    said.headers.insert(header, value);
                }
            }
        }
        Some(said)
    }

    /// True if `message` is the answer to it.
    pub(super) fn answers(&self, message: &[u8], limits: &Limits) -> bool {
        let Kind::Request(asked) = &self.kind else { return false };
        let mut parser = Parser::default();
        let Ok(Packet::One(message)) = Packet::parse(&mut parser, message, limits) else { return false };
        match &message.body {
            Body::Result { id, .. } | Body::Error { id: Some(id), .. } => *id == *asked,
            Body::Error { id: None, .. } | Body::Request { .. } | Body::Notification { .. } => false,
        }
    }
}

/// A text as a header holds it; what a header cannot hold, or would take for coded, is coded (2026-07-28, base64).
fn header_value(text: &str) -> Option<HeaderValue> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_kept = is_plain && text.trim() == text && !text.starts_with("=?base64?");
    match is_kept {
        true => HeaderValue::from_str(text).ok(),
        false => {
            HeaderValue::from_str(&format!("=?base64?{}?=", data_encoding::BASE64.encode(text.as_bytes())))
                .ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Said};
    use bailiwick_mcp::{Id, Limits};

    fn said(line: &str) -> Said {
        Said::of(line.as_bytes(), &Limits::DEFAULT).unwrap()
    }

    #[test]
    fn a_modern_request_states_its_version_method_and_name_beside_it() {
        let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
        for (name, header) in [
            ("read", "read"),
            ("lies é", "=?base64?bGllcyDDqQ==?="),
            ("=?base64?x", "=?base64?PT9iYXNlNjQ/eA==?="),
        ] {
            let said = said(&format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}",{meta}}}}}"#
            ));
            assert!(said.is_modern && said.kind == Kind::Request(Id::Number(1)));
            assert_eq!(said.headers["mcp-name"], header);
            assert_eq!(said.headers["mcp-method"], "tools/call");
            assert_eq!(said.headers["mcp-protocol-version"], "2026-07-28");
        }
    }

    #[test]
    fn an_answer_has_the_id_by_type_and_value() {
        let said = said(r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#);
        assert!(said.headers.is_empty() && !said.is_modern);
        assert!(said.answers(br#"{"jsonrpc":"2.0","id":"1","result":{}}"#, &Limits::DEFAULT));
        assert!(!said.answers(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, &Limits::DEFAULT));
        assert!(Said::of(b"{", &Limits::DEFAULT).is_none());
    }
}
