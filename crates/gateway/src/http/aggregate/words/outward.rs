//! A server's message in the words of its client.

use bailiwick_mcp::splice::Splice;
use bailiwick_mcp::{Body, Limits, Packet, Parser, Value};
use hyper::body::Bytes;

use super::{RELATED, quoted};

/// A message of the server `name` in the words of the client.
pub(in super::super) fn outward(name: &str, bytes: &Bytes, limits: &Limits) -> Bytes {
    let mut parser = Parser::default();
    let (Ok(Packet::One(message)), Ok(text)) =
        (Packet::parse(&mut parser, bytes, limits), std::str::from_utf8(bytes))
    else {
        return bytes.clone();
    };
    let mut out = Outward { name, splice: Splice::default() };
    if let Some(params) = message.params() {
        out.related(params);
    }
    match &message.body {
        Body::Request { .. } => out.question(message.value(), "id"),
        Body::Notification { method, params } => match (&**method, params) {
            ("notifications/resources/updated", Some(params)) => out.mark(*params, "uri", '+'),
            ("notifications/cancelled", Some(params)) => out.question(*params, "requestId"),
            ("notifications/tasks/status", Some(params)) => out.mark(*params, "taskId", '/'),
            // The whole task, with its result where it is done.
            ("notifications/tasks", Some(params)) => out.result(*params),
            _ => {}
        },
        Body::Result { result, .. } => out.result(*result),
        Body::Error { .. } => {}
    }
    if out.splice.is_empty() { bytes.clone() } else { out.splice.apply(text, 0).into() }
}

struct Outward<'n> {
    name: &'n str,
    splice: Splice,
}

impl Outward<'_> {
    /// Puts the server's name before the text under `key`.
    fn mark(&mut self, of: Value<'_>, key: &str, mark: char) {
        if let Some(value) = of.get(key)
            && let Some(text) = value.text()
        {
            self.splice.replace(value.span(), quoted(&format!("{}{mark}{text}", self.name)));
        }
    }

    /// The same for the id of a question, which may be a number.
    fn question(&mut self, of: Value<'_>, key: &str) {
        if let Some(id) = of.get(key) {
            self.splice.replace(id.span(), quoted(&format!("{}/{}", self.name, id.raw())));
        }
    }

    fn related(&mut self, of: Value<'_>) {
        if let Some(related) = of.get("_meta").and_then(|meta| meta.get(RELATED)) {
            self.mark(related, "taskId", '/');
        }
    }

    fn result(&mut self, result: Value<'_>) {
        self.content(result);
        self.related(result);
        // A task, as it was made in 2025-11-25, and as it is since; then with the result of the call in it.
        self.mark(result, "taskId", '/');
        if let Some(task) = result.get("task") {
            self.mark(task, "taskId", '/');
        }
        if let Some(inner) = result.get("result").filter(|inner| inner.is_object()) {
            self.content(inner);
            self.related(inner);
        }
    }

    fn content(&mut self, result: Value<'_>) {
        for content in result.get("contents").into_iter().flat_map(Value::elements) {
            self.mark(content, "uri", '+');
        }
        let blocks = result.get("content").into_iter().flat_map(Value::elements);
        let messages = result.get("messages").into_iter().flat_map(Value::elements);
        for block in blocks.chain(messages.filter_map(|message| message.get("content"))) {
            self.mark(block, "uri", '+');
            if let Some(resource) = block.get("resource") {
                self.mark(resource, "uri", '+');
            }
        }
    }
}
