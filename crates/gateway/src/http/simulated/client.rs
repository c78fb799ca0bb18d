//! Clients: each says a few things in an order that its seed gives, over connections in memory.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_mcp::{Direction, Limits, Message, Packet, Parser};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{sleep, timeout};

use super::upstream::{FAULTS, POISON};
use super::{Chance, Permits};
use crate::http::front::{Front, speak};

const DEEDS: u64 = 5;
/// The clients of a version with batches.
const BATCHES: u64 = 3;

/// One client, in a session or, for 2026-07-28, in none.
pub(super) async fn run(front: Arc<Front>, permits: Arc<Permits>, mut chance: Chance) {
    let client = Client { front, permits };
    let kind = chance.below(4);
    let session = match kind {
        0 => None,
        _ => {
            let version = if kind == BATCHES { "2025-03-26" } else { "2025-11-25" };
            let answer = client.ask(&post(&INITIALIZE.replace("2025-11-25", version), "")).await;
            let head = answer.split("\r\n\r\n").next().unwrap_or_default();
            let id = head.split("mcp-session-id: ").nth(1).and_then(|rest| rest.lines().next());
            // A gateway that ends begins none.
            let Some(id) = id else { return };
            Some(format!("Mcp-Session-Id: {id}\r\n"))
        }
    };
    for number in 1..=DEEDS {
        sleep(Duration::from_millis(chance.below(1_500))).await;
        let path = FAULTS[chance.below(FAULTS.len() as u64) as usize];
        let call = |tool: &str| match &session {
            Some(session) => post(&message(number, tool, path, ""), session),
            None => post(&message(1, tool, path, META), MODERN),
        };
        match chance.below(10) {
            0..4 if kind == BATCHES => {
                let session = session.as_deref().unwrap_or_default();
                let call = |member: u64, tool: &str| message(10 * number + member, tool, path, "");
                let batch = [call(1, "read"), call(2, "write"), call(3, "read")].join(", ");
                let accept = ["", "Accept: application/json, text/event-stream\r\n"];
                let headers = format!("{session}{}", accept[chance.below(2) as usize]);
                let batch = post(&format!("[{batch}]"), &headers);
                match chance.below(3) {
                    0 => client.leave(&batch, chance.below(1_500)).await,
                    1 => client.slow(&batch).await,
                    _ => client.check(&client.ask(&batch).await),
                }
            }
            0..5 => client.check(&client.ask(&call("read")).await),
            5 => client.leave(&call("read"), chance.below(1_500)).await,
            6 => client.check(&client.ask(&call("write")).await),
            7 => {
                let call = call("read");
                let half = call.len() * (1 + chance.below(3) as usize) / 4;
                client.dawdle(call.get(..half).unwrap_or_default()).await;
            }
            8 => client
                .check(&client.ask(&post("{\"jsonrpc\":\"2.0\",", session.as_deref().unwrap_or(""))).await),
            _ => match &session {
                Some(session) => {
                    let get = format!(
                        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{session}\r\n"
                    );
                    client.leave(&get, chance.below(1_500)).await;
                }
                None => client.slow(&call("read")).await,
            },
        }
    }
    if let (Some(session), 0) = (&session, chance.below(2)) {
        client
            .ask(&format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{session}\r\n"))
            .await;
    }
}

pub(super) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
pub(super) const MODERN: &str =
    "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: read\r\n";
pub(super) const META: &str = r#","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

pub(super) fn message(id: u64, tool: &str, path: &str, meta: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"path":"{path}"}}{meta}}}}}"#
    )
}

fn post(body: &str, headers: &str) -> String {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// The members of a batch, or the one message.
pub(super) fn members(text: &str) -> Vec<String> {
    let mut parser = Parser::default();
    let limits = Limits { batch_max: usize::MAX, ..Limits::DEFAULT };
    match Packet::parse(&mut parser, text.as_bytes(), &limits) {
        Ok(Packet::Batch(all)) => {
            let raw = all.iter().flatten().map(Message::raw);
            raw.map(|raw| String::from_utf8_lossy(raw.as_ref()).into_owned()).collect()
        }
        Ok(Packet::One(_)) | Err(_) => vec![text.to_owned()],
    }
}

struct Client {
    front: Arc<Front>,
    permits: Arc<Permits>,
}

impl Client {
    fn connect(&self) -> DuplexStream {
        let (ours, theirs) = duplex(4 << 10);
        tokio::spawn(speak(Arc::clone(&self.front), theirs, false));
        ours
    }

    /// Everything that comes back.
    async fn ask(&self, request: &str) -> String {
        let answer = self.say(request).await;
        assert!(!answer.is_empty() || !self.front.hub.serves(), "no answer to {request}");
        answer
    }

    async fn say(&self, request: &str) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(600), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no end of the answer to {request}");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks, and is gone before or while it is answered.
    async fn leave(&self, request: &str, after: u64) {
        let mut stream = self.connect();
        let _ = stream.write_all(request.as_bytes()).await;
        sleep(Duration::from_millis(after)).await;
    }

    /// Says half of it and waits until it is let go, without a word where not even the head came.
    async fn dawdle(&self, half: &str) {
        let answer = self.say(half).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }

    /// Reads a byte now and then.
    async fn slow(&self, request: &str) {
        let mut stream = self.connect();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut byte = [0];
        for _ in 0..40 {
            if !matches!(timeout(Duration::from_secs(20), stream.read(&mut byte)).await, Ok(Ok(1))) {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Every message in the answer was permitted, or is the gateway's own error.
    fn check(&self, answer: &str) {
        assert!(!answer.contains(POISON), "{answer}");
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { return };
        let events = head.contains("text/event-stream");
        let messages: Vec<&str> = match events {
            true => body.lines().filter_map(|line| line.strip_prefix("data: ")).collect(),
            false => vec![body].into_iter().filter(|body| !body.is_empty()).collect(),
        };
        let messages = messages.into_iter().flat_map(members);
        for message in messages.filter(|message| !message.trim().is_empty()) {
            let permitted = self.permits.hold(Direction::ToClient, message.trim_end().as_bytes());
            let own = !head.starts_with("HTTP/1.1 200") && message.contains("\"error\":{\"code\":");
            assert!(permitted || own, "undecided: {answer}");
        }
    }
}
