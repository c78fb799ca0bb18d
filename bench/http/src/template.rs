//! The answers of a server that does as little as a server can: for `bench http`, and over pipes for `bench stdio`.

/// The answer to a call, as the load expects it byte for byte.
pub(crate) fn call_answer(id: &[u8], text: &[u8], out: &mut Vec<u8>) {
    for part in
        [br#"{"jsonrpc":"2.0","id":"# as &[u8], id, br#","result":{"content":[{"type":"text","text":""#, text]
    {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(br#""}],"isError":false}}"#);
}

/// 1 KB of prose, escaped as JSON wants it.
pub(crate) fn text() -> Vec<u8> {
    let sentence =
        b"The harbour office opens at nine, and the ferry to the islands leaves every hour until dusk.\\n";
    sentence.iter().copied().cycle().take(sentence.len() * 11).collect()
}

/// The answer to a request with this id and method, as they stand in it.
pub(crate) fn reply(id: &[u8], method: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let result = match method {
        b"\"tools/call\"" => return call_answer(id, text, out),
        b"\"initialize\"" => INITIALIZED,
        b"\"tools/list\"" => TOOLS,
        b"\"ping\"" => r#""result":{}"#,
        _ => r#""error":{"code":-32601,"message":"method not found"}"#,
    };
    for part in [br#"{"jsonrpc":"2.0","id":"# as &[u8], id, b",", result.as_bytes(), b"}"] {
        out.extend_from_slice(part);
    }
}

const INITIALIZED: &str = r#""result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1.0.0"}}"#;
const TOOLS: &str = concat!(
    r#""result":{"tools":["#,
    r#"{"name":"echo","description":"Says it again.","inputSchema":{"type":"object","properties":{"message":{"type":"string"},"times":{"type":"integer"}},"required":["message"]}},"#,
    r#"{"name":"add","description":"Adds two numbers.","inputSchema":{"type":"object","properties":{"a":{"type":"number"},"b":{"type":"number"}},"required":["a","b"]}},"#,
    r#"{"name":"search_nodes","description":"Searches the graph.","inputSchema":{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}},"#,
    r#"{"name":"read_graph","description":"Reads the graph.","inputSchema":{"type":"object","properties":{},"required":[]}},"#,
    r#"{"name":"get_current_time","description":"Tells the time.","inputSchema":{"type":"object","properties":{"timezone":{"type":"string"}},"required":["timezone"]}}"#,
    r#"]}"#
);
