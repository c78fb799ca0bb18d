//! An MCP server that does as little as a server can: finds the id and the method, and answers from templates.

use anyhow::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::fd::AsFd;

/// Answers until the end of input; flushes whenever nothing more is waiting.
pub(crate) fn run() -> Result<bool> {
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let text = text();
    let mut line = Vec::new();
    let mut answer = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        answer.clear();
        reply(&line, &text, &mut answer);
        output.write_all(&answer)?;
        line.clear();
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    output.flush()?;
    Ok(true)
}

/// The answer to a call, as the client expects it byte for byte.
pub(super) fn call_answer(id: &[u8], text: &[u8], out: &mut Vec<u8>) {
    for part in
        [br#"{"jsonrpc":"2.0","id":"# as &[u8], id, br#","result":{"content":[{"type":"text","text":""#, text]
    {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\"}],\"isError\":false}}\n");
}

/// 1 KB of prose, escaped as JSON wants it.
pub(super) fn text() -> Vec<u8> {
    let sentence =
        b"The harbour office opens at nine, and the ferry to the islands leaves every hour until dusk.\\n";
    sentence.iter().copied().cycle().take(sentence.len() * 11).collect()
}

fn reply(line: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let Some(id) = field(line, b"\"id\":") else { return };
    let method = field(line, b"\"method\":").unwrap_or_default();
    let result: &[u8] = match method {
        b"\"tools/call\"" => return call_answer(id, text, out),
        b"\"initialize\"" => INITIALIZED.as_bytes(),
        b"\"tools/list\"" => TOOLS.as_bytes(),
        b"\"ping\"" => b"\"result\":{}",
        _ => br#""error":{"code":-32601,"message":"method not found"}"#,
    };
    for part in [br#"{"jsonrpc":"2.0","id":"# as &[u8], id, b",", result, b"}\n"] {
        out.extend_from_slice(part);
    }
}

/// The value after the first `key`: an id or a method, so it ends at the next comma or brace.
fn field<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = line.windows(key.len()).position(|window| window == key)?;
    let value = line.get(at + key.len()..)?;
    let end = value.iter().position(|byte| [b',', b'}', b'\n'].contains(byte))?;
    value.get(..end)
}

const BUFFER_BYTES: usize = 64 << 10;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn replied(line: &str) -> String {
        let mut out = Vec::new();
        reply(line.as_bytes(), b"hi", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn answers_are_json_with_the_askers_id() {
        for (line, id) in [
            ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{}}\n", "7"),
            ("{\"method\":\"tools/list\",\"jsonrpc\":\"2.0\",\"id\":\"own-1\"}\n", "\"own-1\""),
            ("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{}}\n", "0"),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}\n", "1"),
        ] {
            let answer: serde_json::Value = serde_json::from_str(&replied(line)).unwrap();
            assert_eq!(answer.get("id").unwrap().to_string(), id);
        }
        assert_eq!(replied("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"), "");
    }
}
