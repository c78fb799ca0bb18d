//! What must be known of a line before it is posted.

use std::collections::BTreeMap;

use bailiwick_mcp::headers::{self, Argument, Repeated};
use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Id, Limits, Parser, Value};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::head::{METHOD, NAME, VERSION, header_value};

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
    pub(super) lists_tools: bool,
}

/// Whether the server owes an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Request(Id<'static>),
    Other,
}

impl Said {
    /// Nothing for a line that is no message: nobody permitted such a one.
    pub(super) fn of(line: &[u8], limits: &Limits, tools: &Tools) -> Option<Said> {
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, line, limits).ok()?;
        let mut said = Said {
            kind: Kind::Other,
            headers: HeaderMap::new(),
            is_initialize: false,
            is_initialized: false,
            is_modern: false,
            lists_tools: false,
        };
        // A batch has answers of its own, and no version that has batches wants headers.
        let Packet::One(message) = packet else { return Some(said) };
        if let Body::Request { id, .. } = &message.body {
            said.kind = Kind::Request(id.clone().into_owned());
        }
        let method = message.method().unwrap_or_default();
        said.is_initialize = method == "initialize";
        said.lists_tools = method == "tools/list";
        said.is_initialized = method == "notifications/initialized";
        if let Some(version) = message.stated_version() {
            said.is_modern = true;
            let params = message.params();
            let name = headers::named_by(method).and_then(|key| params?.get(key)).and_then(Value::text);
            let all = [(VERSION, Some(&*version)), (METHOD, Some(method)), (NAME, name.as_deref())];
            for (header, text) in all {
                if let Some(text) = text {
                    said.headers.insert(header, header_value(text));
                }
            }
            if let ("tools/call", Some(name)) = (method, &name) {
                tools.repeat(name, params, &mut said.headers);
            }
        }
        Some(said)
    }

    /// True if `message` is the answer to it.
    pub(super) fn answers(&self, message: &[u8], limits: &Limits) -> bool {
        let Kind::Request(asked) = &self.kind else { return false };
        answered(message, limits).is_some_and(|id| id == *asked)
    }
}

/// The id of what `message` answers, if it is an answer.
pub(super) fn answered(message: &[u8], limits: &Limits) -> Option<Id<'static>> {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, message, limits) else { return None };
    match message.body {
        Body::Result { id, .. } | Body::Error { id: Some(id), .. } => Some(id.into_owned()),
        Body::Error { id: None, .. } | Body::Request { .. } | Body::Notification { .. } => None,
    }
}

/// Which arguments of the server's tools are headers too, as its lists said.
#[derive(Debug, Default)]
pub(super) struct Tools(BTreeMap<String, Vec<Argument>>);

/// Tools of which that is remembered.
const TOOLS_MAX: usize = 10_000;

impl Tools {
    /// Takes note of a list.
    pub(super) fn learn(&mut self, list: &[u8], limits: &Limits) {
        let mut parser = Parser::default();
        let Ok(Packet::One(message)) = Packet::parse(&mut parser, list, limits) else { return };
        let Body::Result { result, .. } = &message.body else { return };
        for tool in result.get("tools").into_iter().flat_map(Value::elements) {
            let Some(name) = tool.get("name").and_then(Value::text) else { continue };
            let marked = tool.get("inputSchema").map(headers::arguments).unwrap_or_default();
            if marked.is_empty() {
                self.0.remove(&*name);
            } else if self.0.len() < TOOLS_MAX {
                self.0.insert(name.into_owned(), marked);
            }
        }
    }

    /// Puts the arguments of a call beside it.
    fn repeat(&self, tool: &str, params: Option<Value<'_>>, beside: &mut HeaderMap) {
        let Some(marked) = self.0.get(tool) else { return };
        let arguments = params.and_then(|params| params.get("arguments"));
        for (name, value) in Repeated::of(marked, arguments).0 {
            let name = HeaderName::from_bytes(format!("{}{name}", headers::ARGUMENT).as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                beside.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Said, Tools};
    use bailiwick_mcp::{Id, Limits};

    fn said(line: &str) -> Said {
        Said::of(line.as_bytes(), &Limits::DEFAULT, &Tools::default()).unwrap()
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
    fn an_argument_that_a_list_marked_stands_beside_the_call() {
        let mut tools = Tools::default();
        let schema = r#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#;
        let list = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"name":"t","inputSchema":{schema}}}]}}}}"#
        );
        tools.learn(list.as_bytes(), &Limits::DEFAULT);
        let call = |name: &str, version: &str| {
            let call = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{{"region":"é"}},"_meta":{{{version}}}}}}}"#
            );
            Said::of(call.as_bytes(), &Limits::DEFAULT, &tools).unwrap().headers
        };
        let modern = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
        assert_eq!(call("t", modern)["mcp-param-region"], "=?base64?w6k=?=");
        assert!(!call("other", modern).contains_key("mcp-param-region"));
        assert!(call("t", "").is_empty(), "an old message has no such headers");
    }

    #[test]
    fn an_answer_has_the_id_by_type_and_value() {
        let said = said(r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#);
        assert!(said.headers.is_empty() && !said.is_modern);
        assert!(said.answers(br#"{"jsonrpc":"2.0","id":"1","result":{}}"#, &Limits::DEFAULT));
        assert!(!said.answers(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#, &Limits::DEFAULT));
        assert!(Said::of(b"{", &Limits::DEFAULT, &Tools::default()).is_none());
    }
}
