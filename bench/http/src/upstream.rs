//! An MCP server that does as little as a server can: finds the id and the method, and answers from templates.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::template::{reply, text};
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
        if let Some(id) = value(message.body, b"\"id\":") {
            reply(id, value(message.body, b"\"method\":").unwrap_or_default(), text, &mut body);
        }
        if message.head.starts_with(b"GET") {
            answer.extend_from_slice(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n");
        } else if message.head.starts_with(b"DELETE") {
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
