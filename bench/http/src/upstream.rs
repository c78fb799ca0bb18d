//! An MCP server that does as little as a server can: finds the id and the method, and answers from templates.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{Wire, value};

/// Says its address in a line, and serves until it is killed.
pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let text: &'static [u8] = text().leak();
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                // A connection that broke is the load's to complain of.
                let _ = serve(stream, text).await;
            });
        }
    })
}

async fn serve(stream: TcpStream, text: &[u8]) -> Result<()> {
    let mut wire = Wire::new(stream);
    let (mut body, mut answer) = (Vec::new(), Vec::new());
    while let Some(message) = wire.next().await? {
        body.clear();
        answer.clear();
        let extra = match value(message.body, b"\"method\":") {
            Some(b"\"initialize\"") => {
                static SESSIONS: AtomicU64 = AtomicU64::new(1);
                format!("mcp-session-id: bench-{}\r\n", SESSIONS.fetch_add(1, Ordering::Relaxed))
            }
            _ => String::new(),
        };
        reply(message.body, text, &mut body);
        if message.head.starts_with(b"DELETE") {
            answer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        } else if body.is_empty() {
            answer.extend_from_slice(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
        } else {
            answer.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n");
            answer.extend_from_slice(format!("{extra}content-length: {}\r\n\r\n", body.len()).as_bytes());
            answer.extend_from_slice(&body);
        }
        wire.stream.write_all(&answer).await?;
    }
    Ok(())
}

/// The answer to a call, as the load expects it byte for byte.
pub(crate) fn call_answer(id: &[u8], text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id);
    out.extend_from_slice(br#","result":{"content":[{"type":"text","text":""#);
    out.extend_from_slice(text);
    out.extend_from_slice(br#""}],"isError":false}}"#);
}

/// 1 KB of prose, escaped as JSON wants it.
pub(crate) fn text() -> Vec<u8> {
    let sentence =
        b"The harbour office opens at nine, and the ferry to the islands leaves every hour until dusk.\\n";
    sentence.iter().copied().cycle().take(sentence.len() * 11).collect()
}

fn reply(body: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let Some(id) = value(body, b"\"id\":") else { return };
    let result = match value(body, b"\"method\":").unwrap_or_default() {
        b"\"tools/call\"" => return call_answer(id, text, out),
        b"\"initialize\"" => INITIALIZED,
        b"\"tools/list\"" => TOOLS,
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
