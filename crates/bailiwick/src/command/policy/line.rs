//! Calls in other forms than a message: lines of traces and of audit logs.

use serde_json::{Value, json};

/// The JSON-RPC message in `text`: itself, or the one that a line of a trace or an audit log is about. `number` picks a line.
pub(super) fn call_of(text: &str, number: Option<u64>) -> Result<String, String> {
    let text = match number {
        Some(number) => {
            let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            text.lines().nth(at).ok_or_else(|| format!("there is no line {number}"))?
        }
        None => text,
    };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        let several = text.trim().lines().count() > 1 && text.trim_start().starts_with('{');
        let whole = text.trim().lines().all(|line| serde_json::from_str::<Value>(line).is_ok());
        // Whatever else it is, the parser of messages says what is wrong with it.
        return if several && whole {
            Err("it has several lines; pick one with `--line N`".to_owned())
        } else {
            Ok(text.to_owned())
        };
    };
    if value.get("jsonrpc").is_some() || !value.is_object() {
        return Ok(text.to_owned());
    }
    if let Some(message) = value.get("message").filter(|message| message.get("jsonrpc").is_some()) {
        return Ok(message.to_string());
    }
    // A trace has the decision inside; an audit log is nothing but decisions.
    let decision = value.get("decision").filter(|inside| inside.is_object()).unwrap_or(&value);
    let Some(method) = decision.get("method").and_then(Value::as_str) else { return Ok(text.to_owned()) };
    // No line of ours has these: a message that lacks its `jsonrpc`, of which its parser says so.
    if decision.get("params").is_some() {
        return Ok(text.to_owned());
    }
    let target = decision.get("target").and_then(Value::as_str).unwrap_or_default();
    let arguments = decision.get("arguments").cloned();
    if arguments.is_none() && decision.get("arguments_sha256").is_some() {
        return Err("the line has a digest of the arguments, not the arguments".to_owned());
    }
    let arguments = arguments.unwrap_or_else(|| json!({}));
    let params = match method {
        "tools/call" | "prompts/get" => json!({ "name": target, "arguments": arguments }),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => json!({ "uri": target }),
        _ => arguments,
    };
    Ok(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string())
}

#[cfg(test)]
mod tests {
    use super::call_of;

    #[test]
    fn lines_of_traces_and_audit_logs_become_messages() {
        let trace = r#"{"at":1,"to":"server","message":{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"a"}}}"#;
        assert!(call_of(trace, None).unwrap().contains(r#""name":"a""#));
        let decision =
            r#"{"at":1,"decision":{"method":"tools/call","target":"read","arguments":{"path":"x"}}}"#;
        let audit = r#"{"kind":"decision","method":"resources/read","target":"file:///x"}"#;
        let made = call_of(&format!("{trace}\n{decision}\n{audit}\n"), Some(2)).unwrap();
        assert!(made.contains(r#""arguments":{"path":"x"}"#) && made.contains(r#""name":"read""#), "{made}");
        let made = call_of(&format!("{decision}\n{audit}\n"), Some(2)).unwrap();
        assert!(made.contains(r#""uri":"file:///x""#), "{made}");
        assert!(call_of(&format!("{trace}\n{audit}\n"), None).unwrap_err().contains("--line"));
        assert!(call_of(r#"{"method":"tools/call","arguments_sha256":"ab"}"#, None).is_err());
        assert!(call_of("{}", Some(2)).is_err());
        let unversioned = r#"{"method":"tools/call","params":{"name":"a"}}"#;
        assert_eq!(call_of(unversioned, None).unwrap(), unversioned, "a message, if not a right one");
    }
}
