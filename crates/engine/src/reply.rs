//! Answers that Bailiwick gives in a party's place. The only place where a refusal becomes bytes.

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Id, Version};

/// JSON-RPC codes of our own lie outside -32768..-32000, which JSON-RPC and MCP keep for themselves.
pub(crate) const DENIED: i64 = 4030;
/// The server's answer was withheld by a guard.
pub(crate) const WITHHELD: i64 = 4031;
/// Too many requests are in flight.
pub(crate) const OVERLOADED: i64 = 4029;
/// The record could not be written, so the message was not sent on.
pub(crate) const UNRECORDED: i64 = 4050;

/// How a request is answered that is not sent on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// A JSON-RPC error.
    Error { code: i64, message: String },
    /// A tool result that the model can read; `modern` adds what 2026-07-28 demands.
    Tool { text: String, modern: bool },
    /// A result of that JSON text.
    Result(&'static str),
    /// The version that a request names is none of these.
    Version { requested: String, supported: Vec<Version> },
    /// The client did not declare the tasks extension (2026-07-28).
    Tasks,
    /// Nothing: it was a notification, or an answer.
    Silent,
}

impl Refusal {
    pub(crate) fn error(code: i64, message: impl Into<String>) -> Refusal {
        Refusal::Error { code, message: message.into() }
    }

    /// The answer's bytes for `id`; nothing for [`Refusal::Silent`].
    pub(crate) fn to_bytes(&self, id: Option<&Id<'_>>) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(160);
        out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
        match id {
            Some(id) => id.write(&mut out),
            None => out.extend_from_slice(b"null"),
        }
        match self {
            Refusal::Silent => return None,
            Refusal::Error { code, message } => {
                out.extend_from_slice(br#","error":{"code":"#);
                out.extend_from_slice(code.to_string().as_bytes());
                out.extend_from_slice(br#","message":"#);
                escape_into(message, &mut out);
                out.push(b'}');
            }
            Refusal::Version { requested, supported } => {
                out.extend_from_slice(
                    br#","error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["#,
                );
                for (index, version) in supported.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    escape_into(version.as_str(), &mut out);
                }
                out.extend_from_slice(br#"],"requested":"#);
                escape_into(requested, &mut out);
                out.extend_from_slice(b"}}");
            }
            Refusal::Tasks => out.extend_from_slice(
                br#","error":{"code":-32021,"message":"missing required client capability","data":{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}"#,
            ),
            Refusal::Tool { text, modern } => {
                out.extend_from_slice(br#","result":{"#);
                if *modern {
                    out.extend_from_slice(br#""resultType":"complete","#);
                }
                out.extend_from_slice(br#""content":[{"type":"text","text":"#);
                escape_into(text, &mut out);
                out.extend_from_slice(br#"}],"isError":true}"#);
            }
            Refusal::Result(json) => {
                out.extend_from_slice(br#","result":"#);
                out.extend_from_slice(json.as_bytes());
            }
        }
        out.push(b'}');
        Some(out)
    }
}
