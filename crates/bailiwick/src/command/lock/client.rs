//! A client that asks a server for its lists, one question after the other, each with a time limit.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Id, Item, Limits, Parser, Value, Version};
use bailiwick_sandbox::{Launch, Process, StandardError, launch};

use crate::exit::Failure;

/// Why a question has no answer.
pub(crate) enum Refused {
    /// The server answered with an error.
    ByServer(String),
    Broken(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused::Broken(failure)
    }
}

/// Pages that one list may have.
const PAGES_MAX: usize = 1_000;
/// Lines of the server that wait to be read.
const LINES_WAITING_MAX: usize = 64;

pub(crate) struct Client {
    process: Process,
    input: Option<File>,
    lines: Receiver<Vec<u8>>,
    timeout: Duration,
    asked: i64,
    modern: bool,
}

/// A server as it is to be started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command<'c> {
    pub(crate) words: &'c [OsString],
    /// Added to our own.
    pub(crate) environment: &'c [(OsString, OsString)],
    /// For each answer.
    pub(crate) timeout: Duration,
    /// No other is started meanwhile: its words for people reach the terminal.
    pub(crate) alone: bool,
}

impl Client {
    pub(crate) fn start(server: &Command<'_>) -> Result<Client, Failure> {
        let (program, args) =
            server.words.split_first().ok_or_else(|| Failure::refused("no server command"))?;
        let supervisor = std::env::current_exe().map_err(Failure::error)?;
        let grace = Duration::from_secs(2);
        let standard_error = if server.alone { StandardError::Inherit } else { StandardError::Pipe };
        let environment = server.environment;
        let launched = launch(&Launch {
            program,
            args,
            environment,
            supervisor,
            grace,
            standard_error,
            adopt: server.alone,
        });
        let timeout = server.timeout;
        let mut server = launched.map_err(|error| {
            let help = error.help();
            Failure::error(error).help(help)
        })?;
        if let Some(mut stderr) = server.stderr.take() {
            // Read and dropped: a full pipe would stop the server.
            std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        }
        let (sender, lines) = sync_channel(LINES_WAITING_MAX);
        let output = server.stdout;
        std::thread::spawn(move || read_lines(output, |line| sender.send(line).is_ok()));
        Ok(Client {
            process: server.process,
            input: Some(server.stdin),
            lines,
            timeout,
            asked: 0,
            modern: false,
        })
    }

    /// `initialize`, or `server/discover` where the server knows only that; gives what the server says of itself.
    pub(crate) fn introduce(&mut self, told: &mut dyn FnMut(Value<'_>)) -> Result<(), Failure> {
        let version = Version::V2025_11_25.as_str();
        let client = format!(r#"{{"name":"bailiwick","version":"{}"}}"#, env!("CARGO_PKG_VERSION"));
        let params = format!(r#""protocolVersion":"{version}","capabilities":{{}},"clientInfo":{client}"#);
        match self.ask("initialize", &params, told) {
            Ok(()) => self.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            Err(Refused::Broken(failure)) => Err(failure),
            Err(Refused::ByServer(first)) => {
                self.modern = true;
                self.ask("server/discover", "", told).map_err(|refused| match refused {
                    Refused::Broken(failure) => failure,
                    Refused::ByServer(second) => {
                        Failure::error(format!("the server refuses to start a session: {first}; {second}"))
                    }
                })
            }
        }
    }

    /// Gives every item of a list with its name, page by page.
    pub(crate) fn list(
        &mut self,
        item: Item,
        method: &str,
        each: &mut dyn FnMut(&str, Value<'_>),
    ) -> Result<(), Refused> {
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut params = Vec::new();
            if let Some(cursor) = &cursor {
                params.extend_from_slice(br#""cursor":"#);
                escape_into(cursor, &mut params);
            }
            let params = String::from_utf8_lossy(&params).into_owned();
            let mut next = None;
            self.ask(method, &params, &mut |result| {
                for entry in result.get(item.member()).map(Value::elements).into_iter().flatten() {
                    if let Some(name) = entry.get(item.key()).and_then(Value::text) {
                        each(&name, entry);
                    }
                }
                next = result.get("nextCursor").and_then(Value::text).map(std::borrow::Cow::into_owned);
            })?;
            match next {
                Some(next) if Some(&next) != cursor.as_ref() => cursor = Some(next),
                Some(_) => return Err(Failure::error(format!("`{method}` gives the same page again")).into()),
                None => return Ok(()),
            }
        }
        Err(Failure::error(format!("`{method}` has more than {PAGES_MAX} pages")).into())
    }

    /// Calls a tool without arguments.
    pub(crate) fn call(&mut self, tool: &str) -> Result<(), Failure> {
        let mut params = br#""arguments":{},"name":"#.to_vec();
        escape_into(tool, &mut params);
        match self.ask("tools/call", &String::from_utf8_lossy(&params), &mut |_| ()) {
            Ok(()) | Err(Refused::ByServer(_)) => Ok(()),
            Err(Refused::Broken(failure)) => Err(failure),
        }
    }

    /// Ends the server.
    pub(crate) fn stop(mut self) {
        self.input = None;
        self.process.stop();
    }

    fn ask(&mut self, method: &str, params: &str, take: &mut dyn FnMut(Value<'_>)) -> Result<(), Refused> {
        self.asked += 1;
        let id = Id::Number(self.asked);
        let meta = match self.modern {
            true => format!(
                r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"{}","io.modelcontextprotocol/clientCapabilities":{{}}}}"#,
                Version::V2026_07_28
            ),
            false => String::new(),
        };
        let comma = if params.is_empty() || meta.is_empty() { "" } else { "," };
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{comma}{meta}}}}}"#
        );
        self.send(text.as_bytes())?;
        let deadline = Instant::now() + self.timeout;
        loop {
            let line = match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = self.timeout.as_secs();
                    return Err(Failure::error(format!(
                        "the server did not answer `{method}` within {seconds} s"
                    ))
                    .help("give it more with --timeout SECONDS")
                    .into());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(
                        Failure::error(format!("the server ended before it answered `{method}`")).into()
                    );
                }
            };
            let mut parser = Parser::default();
            let Ok(Packet::One(message)) = Packet::parse(&mut parser, &line, &Limits::DEFAULT) else {
                continue;
            };
            match message.body {
                Body::Result { id: own, result } if own == id => {
                    take(result);
                    return Ok(());
                }
                Body::Error { id: Some(own), error } if own == id => {
                    let text = error.get("message").and_then(Value::text).unwrap_or_default();
                    return Err(Refused::ByServer(bailiwick_record::audit::visible(&text)));
                }
                // What else a server says meanwhile is not asked for and not answered.
                Body::Result { .. }
                | Body::Error { .. }
                | Body::Request { .. }
                | Body::Notification { .. } => {}
            }
        }
    }

    fn send(&mut self, text: &[u8]) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or_else(|| Failure::error("the server's input is closed"))?;
        let mut line = text.to_vec();
        line.push(b'\n');
        input
            .write_all(&line)
            .map_err(|error| Failure::error(format!("the server ended, or does not read: {error}")))
    }
}

fn read_lines(mut output: File, mut deliver: impl FnMut(Vec<u8>) -> bool) {
    let mut lines = Lines::new(&Limits::DEFAULT);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = match output.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        lines.extend(chunk.get(..read).unwrap_or_default());
        while let Some(frame) = lines.next() {
            if let Frame::Line(line) = frame
                && !deliver(line.to_vec())
            {
                return;
            }
        }
    }
}
