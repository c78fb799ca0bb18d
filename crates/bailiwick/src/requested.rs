//! What a recorded message asks for, where the decision over it does not say.

use std::collections::VecDeque;

use bailiwick_analysis::infer::Kind;
use serde_json::{Map, Value};

/// What is used, and with what.
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
}

/// The kind of thing that a method uses.
pub(crate) fn kind(method: &str) -> Option<Kind> {
    match method {
        "tools/call" => Some(Kind::Tool),
        "prompts/get" => Some(Kind::Prompt),
        "resources/read" => Some(Kind::Resource),
        _ => None,
    }
}

/// The uses in a message, which may be a batch, in their order.
pub(crate) fn requests(message: &str) -> VecDeque<Told> {
    let messages = match serde_json::from_str(message) {
        Ok(Value::Array(messages)) => messages,
        Ok(message) => vec![message],
        Err(_) => Vec::new(),
    };
    let request = |message: Value| {
        let kind = kind(message.get("method").and_then(Value::as_str)?)?;
        let params = message.get("params")?;
        let key = if kind == Kind::Resource { "uri" } else { "name" };
        let name = params.get(key).and_then(Value::as_str)?.to_owned();
        let arguments = params.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Told { kind, name, arguments })
    };
    messages.into_iter().filter_map(request).collect()
}

/// The tools that it calls.
pub(crate) fn calls(message: &str) -> VecDeque<String> {
    requests(message).into_iter().filter(|told| told.kind == Kind::Tool).map(|told| told.name).collect()
}
