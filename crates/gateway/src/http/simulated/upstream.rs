//! The upstream: connections in memory, and whatever fault a call names.

use std::cell::{Cell, RefCell};
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bailiwick_mcp::Direction;
use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tower_service::Service;

use super::Permits;
use super::client::members;

/// Stands in an answer that nobody may ever see.
pub(super) const POISON: &str = "never-to-be-seen";
/// What a call may ask for, in its argument `path`.
pub(super) const FAULTS: [&str; 20] = [
    "good",
    "late",
    "reset",
    "half",
    "stall",
    "garbage",
    "html",
    "503",
    "401",
    "307",
    "gzip",
    "long",
    "forged",
    "events",
    "events-half",
    "events-stall",
    "events-end",
    "events-garbage",
    "events-forged",
    "flood",
];

thread_local! {
    /// Connections of this thread's gateway: how many there were, and are.
    static CONNECTIONS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    /// Where connections of this thread's gateway arrive.
    static ARRIVALS: RefCell<Option<mpsc::UnboundedSender<DuplexStream>>> = const { RefCell::new(None) };
}

/// How many connections there were so far, and are.
pub(super) fn connections() -> (usize, usize) {
    CONNECTIONS.get()
}

/// Takes the place of TCP below the pool of connections.
#[derive(Debug, Clone)]
pub(crate) struct Dialer;

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Pipe(DuplexStream);

impl Service<Uri> for Dialer {
    type Response = TokioIo<Pipe>;
    type Error = io::Error;
    type Future = Ready<io::Result<TokioIo<Pipe>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let (ours, theirs) = duplex(16 << 10);
        let sent =
            ARRIVALS.with_borrow(|arrivals| arrivals.as_ref().is_some_and(|to| to.send(theirs).is_ok()));
        ready(sent.then(|| TokioIo::new(Pipe(ours))).ok_or_else(|| io::ErrorKind::ConnectionRefused.into()))
    }
}

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The other ends of the connections of this thread's gateway, from now on.
pub(super) fn arrivals() -> mpsc::UnboundedReceiver<DuplexStream> {
    let (sender, arrivals) = mpsc::unbounded_channel();
    ARRIVALS.set(Some(sender));
    arrivals
}

/// Serves this thread's gateway until the runtime ends; a task ends with a panic where something came undecided.
pub(super) fn serve(permits: &Arc<Permits>) -> JoinSet<()> {
    let mut arrivals = arrivals();
    let permits = Arc::clone(permits);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(stream) = arrivals.recv() => drop(connections.spawn(connection(stream, Arc::clone(&permits)))),
                Some(ended) = connections.join_next() => ended.unwrap(),
            }
        }
    });
    tasks
}

async fn connection(stream: DuplexStream, permits: Arc<Permits>) {
    let (were, are) = CONNECTIONS.get();
    CONNECTIONS.set((were + 1, are + 1));
    serve_one(stream, permits).await;
    let (were, are) = CONNECTIONS.get();
    CONNECTIONS.set((were, are - 1));
}

async fn serve_one(mut stream: DuplexStream, permits: Arc<Permits>) {
    let mut buffer = Vec::new();
    while let Some((head, body)) = request(&mut stream, &mut buffer).await {
        if head.starts_with("GET") {
            let _ = stream.write_all(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n").await;
            continue;
        }
        if head.starts_with("DELETE") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            continue;
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        let permitted = |member: &String| permits.hold(Direction::ToServer, member.as_bytes());
        assert!(members(&body).iter().all(permitted), "undecided: {body}");
        if answer(&body, &mut stream).await.is_none() {
            return;
        }
    }
}

/// The next request; nothing at the end of the connection.
async fn request(stream: &mut DuplexStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length =
                head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            let all = end + 4 + length.unwrap_or(0);
            if buffer.len() >= all {
                let body = buffer[end + 4..all].to_vec();
                buffer.drain(..all);
                return Some((head.to_ascii_uppercase(), body));
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// The JSON value after `"key":`, which is a number or a text without escapes.
fn member<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("\"{key}\":"))?;
    let end = rest.find([',', '}'])?;
    rest.get(..end)
}

/// Answers; nothing where the connection ends with it.
async fn answer(body: &str, stream: &mut DuplexStream) -> Option<()> {
    let Some(id) = member(body, "id") else { return plain(stream, "202 Accepted", "", "").await };
    let json = "content-type: application/json\r\n";
    let ok_for = |id: &str, result: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    let ok = |result: &str| ok_for(id, result);
    let result = r#"{"content":[{"type":"text","text":"done"}]}"#;
    let done = match body.starts_with('[') {
        false => ok(result),
        true => {
            let all = members(body);
            let answers = all.iter().filter_map(|one| Some(ok_for(member(one, "id")?, result)));
            format!("[{}]", answers.collect::<Vec<_>>().join(","))
        }
    };
    match member(body, "method") {
        Some("\"initialize\"") => {
            let version = member(body, "protocolVersion").unwrap_or_default();
            let result = format!(
                r#"{{"protocolVersion":{version},"capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"u","version":"1"}}}}"#
            );
            return plain(stream, "200 OK", &format!("{json}mcp-session-id: theirs\r\n"), &ok(&result)).await;
        }
        Some("\"tools/list\"") => {
            let tools = r#"{"tools":[{"name":"read","inputSchema":{"type":"object"}}]}"#;
            return plain(stream, "200 OK", json, &ok(tools)).await;
        }
        _ => {}
    }
    let path = body.split("\"path\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let forged = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{POISON}\",\"result\":{{}}}}");
    match path {
        "late" => {
            sleep(Duration::from_secs(2)).await;
            plain(stream, "200 OK", json, &done).await
        }
        "reset" => None,
        "half" => {
            let half = format!("HTTP/1.1 200 OK\r\n{json}content-length: 1000\r\n\r\n{done}{POISON}");
            stream.write_all(half.as_bytes()).await.ok()?;
            None
        }
        "stall" => {
            sleep(Duration::from_secs(30)).await;
            None
        }
        "garbage" => plain(stream, "200 OK", json, &format!("}}{{ {POISON}")).await,
        "html" => plain(stream, "200 OK", "content-type: text/html\r\n", POISON).await,
        "503" => plain(stream, "503 Busy", "", POISON).await,
        "401" => plain(stream, "401 No", "www-authenticate: Bearer\r\n", POISON).await,
        "307" => plain(stream, "307 Away", "location: http://169.254.169.254/\r\n", POISON).await,
        "gzip" => plain(stream, "200 OK", &format!("{json}content-encoding: gzip\r\n"), POISON).await,
        "long" => plain(stream, "200 OK", json, &POISON.repeat(8_000)).await,
        "forged" => plain(stream, "200 OK", json, &forged).await,
        events if events.starts_with("events") || events == "flood" => {
            self::events(events, &done, &forged, stream).await
        }
        _ => plain(stream, "200 OK", json, &done).await,
    }
}

async fn events(kind: &str, done: &str, forged: &str, stream: &mut DuplexStream) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.ok()?;
    let note =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"so far"}}"#;
    let notes = if kind == "flood" { 200 } else { 1 };
    for _ in 0..notes {
        chunk(stream, &format!("data: {note}\n\n")).await?;
    }
    match kind {
        "events-half" => {
            chunk(stream, &format!("data: {{\"jsonrpc\":\"{POISON}")).await?;
            return None;
        }
        "events-stall" => {
            sleep(Duration::from_secs(30)).await;
            return None;
        }
        "events-end" => {}
        "events-garbage" => {
            chunk(stream, &format!("data: }}{{ {POISON}\n\nevent: x\ndata: {POISON}\n\n")).await?
        }
        "events-forged" => chunk(stream, &format!("data: {forged}\n\ndata: {done}\n\n")).await?,
        _ => chunk(stream, &format!("data: {done}\n\n")).await?,
    }
    stream.write_all(b"0\r\n\r\n").await.ok()
}

async fn chunk(stream: &mut DuplexStream, text: &str) -> Option<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.ok()
}

async fn plain(stream: &mut DuplexStream, status: &str, headers: &str, body: &str) -> Option<()> {
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).await.ok()
}
