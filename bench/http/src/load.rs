//! The load: so many clients, each with a connection and a legacy session of its own, one call after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::template::{call_answer, text};
use crate::wire::{Wire, field, find};

/// Calls a tool and prints calls, seconds and the percentiles of one call's time: `calls seconds p50_us p99_us`.
/// `loosely`: of an answer only its id and its text are compared.
pub(crate) fn run(
    (target, tool): (SocketAddr, &str),
    concurrency: usize,
    time: Duration,
    loosely: bool,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut times = runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..concurrency {
            let mut client = Client::open(target).await?;
            client.loosely = loosely;
            tool.clone_into(&mut client.tool);
            clients.push(client);
        }
        let warm = Instant::now() + time / WARM_SHARE;
        let end = warm + time;
        let mut tasks = JoinSet::new();
        for client in clients {
            tasks.spawn(client.call_until(warm, end));
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        anyhow::Ok(times)
    })?;
    ensure!(!times.is_empty(), "no call was answered in time");
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).or(times.last());
    let micros = |percent| at(percent).map_or(0.0, |time| f64::from(*time) / 1e3);
    println!("{} {} {} {}", times.len(), time.as_secs_f64(), micros(50), micros(99));
    Ok(())
}

/// So many calls of one client, for what is counted and not timed.
pub(crate) fn count(target: SocketAddr, calls: u64) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut client = Client::open(target).await?;
        let text = text();
        for _ in 0..calls {
            client.call(&text).await?;
        }
        anyhow::Ok(())
    })?;
    println!("{calls}");
    Ok(())
}

/// A client after its handshake.
pub(crate) struct Client {
    wire: Wire,
    /// Head of every request, up to the length of its body.
    head: Vec<u8>,
    next_id: u64,
    tool: String,
    /// Who stands between prints answers anew.
    loosely: bool,
    // Reused for every call.
    body: Vec<u8>,
    request: Vec<u8>,
    expected: Vec<u8>,
}

impl Client {
    pub(crate) async fn open(target: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(target).await.context("cannot connect")?;
        Client::begin(Wire::new(stream), target).await
    }

    /// A session on this connection.
    pub(crate) async fn begin(wire: Wire, target: SocketAddr) -> Result<Client> {
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {target}\r\naccept: application/json, text/event-stream\r\ncontent-type: application/json\r\n"
        );
        let head = head.into_bytes();
        let (body, request, expected) = Default::default();
        let tool = "echo".to_owned();
        let mut client = Client { wire, head, next_id: 10, tool, loosely: false, body, request, expected };
        client.exchange(INITIALIZE.as_bytes()).await?;
        client.exchange(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await?;
        client.exchange(br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await?;
        Ok(client)
    }

    /// Ends the session, and gives the connection back.
    pub(crate) async fn delete(mut self) -> Result<Wire> {
        let mut head = self.head.clone();
        head.splice(..4, *b"DELETE");
        head.extend_from_slice(b"content-length: 0\r\n\r\n");
        self.wire.stream.write_all(&head).await?;
        let answer = self.wire.next().await?.context("no answer to DELETE")?;
        ensure!(answer.head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer.head));
        Ok(self.wire)
    }

    /// Leaves the session open, and gives the connection back.
    pub(crate) fn leave(self) -> Wire {
        self.wire
    }

    /// A message of the handshake; takes up the session's id where it is given.
    async fn exchange(&mut self, body: &[u8]) -> Result<()> {
        let mut request = self.head.clone();
        request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        request.extend_from_slice(body);
        self.wire.stream.write_all(&request).await?;
        let answer = self.wire.next().await?.context("no answer")?;
        ensure!(
            answer.head.starts_with(b"HTTP/1.1 20"),
            "{}{}",
            String::from_utf8_lossy(answer.head),
            String::from_utf8_lossy(answer.body)
        );
        // Some servers name it in every answer.
        let known = field(&self.head, b"mcp-session-id:").is_some();
        if let Some(id) = field(answer.head, b"mcp-session-id:").filter(|_| !known) {
            let version = b"mcp-protocol-version: 2025-06-18\r\nmcp-session-id: ";
            let line = [version as &[u8], id, b"\r\n"].concat();
            self.head.extend_from_slice(&line);
        }
        Ok(())
    }

    /// Calls one after the other; how many nanoseconds those took that began after `warm`.
    async fn call_until(mut self, warm: Instant, end: Instant) -> Result<Vec<u32>> {
        let text = text();
        let mut times = Vec::new();
        loop {
            let (begun, done) = self.call(&text).await?;
            if done >= end {
                return Ok(times);
            }
            if begun >= warm {
                times.push(u32::try_from((done - begun).as_nanos()).unwrap_or(u32::MAX));
            }
        }
    }

    /// One call, and when it was sent and answered.
    async fn call(&mut self, text: &[u8]) -> Result<(Instant, Instant)> {
        let id = self.next_id.to_string();
        self.next_id += 1;
        self.body.clear();
        call(&id, &self.tool, &mut self.body);
        let length = format!("content-length: {}\r\n\r\n", self.body.len());
        self.request.clear();
        for part in [&self.head, length.as_bytes(), &self.body] {
            self.request.extend_from_slice(part);
        }
        let begun = Instant::now();
        self.wire.stream.write_all(&self.request).await?;
        let answer = self.wire.next().await?.context("the connection ended")?;
        let done = Instant::now();
        self.expected.clear();
        call_answer(id.as_bytes(), text, &mut self.expected);
        let same = match self.loosely {
            true => {
                find(answer.body, text).is_some()
                    && find(answer.body, format!("\"id\":{id}").as_bytes()).is_some()
            }
            false => answer.body == self.expected,
        };
        ensure!(same, "not the server's answer: {}", String::from_utf8_lossy(answer.body));
        Ok((begun, done))
    }
}

/// A call of 1 KB.
fn call(id: &str, tool: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(br#","method":"tools/call","params":{"name":""#);
    out.extend_from_slice(tool.as_bytes());
    out.extend_from_slice(br#"","arguments":{"message":""#);
    for _ in 0..10 {
        out.extend_from_slice(
            b"When does the last ferry to the outer islands leave on a Sunday in the month of March? ",
        );
    }
    out.extend_from_slice(br#"","times":5}}}"#);
}

/// This part of the measured time goes before it.
const WARM_SHARE: u32 = 4;
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}}"#;
