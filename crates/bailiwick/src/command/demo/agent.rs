//! The scripted agent of the demo: a client that talks to a real `bailiwick run`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Id, Limits, Parser, Value};

use crate::exit::Failure;

pub(super) struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: i64,
}

impl Agent {
    pub(super) fn start(policy: &Path, audit: &Path) -> Result<Agent, Failure> {
        let own = std::env::current_exe().map_err(Failure::error)?;
        let mut child = Command::new(&own)
            .args(["run", "--server", "demo", "--ask", "never", "--policy"])
            .arg(policy)
            .arg("--audit")
            .arg(audit)
            .arg("--")
            .arg(&own)
            .arg("__demo-server")
            // The demo shows decisions itself; what would be noise of the wrapper is in the audit log.
            .stderr(Stdio::null())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::error(format!("cannot start `{}`: {error}", own.display())))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| Failure::error("no output"))?;
        let mut agent = Agent { child, input, output: BufReader::new(output), asked: 0 };
        agent.ask(
            "initialize",
            r#"{"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"demo-agent","version":"1"}}"#,
        )?;
        agent.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
        Ok(agent)
    }

    /// Asks, and returns the answer as a viewer would read it.
    pub(super) fn ask(&mut self, method: &str, params: &str) -> Result<String, Failure> {
        self.asked += 1;
        let id = Id::Number(self.asked);
        self.send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = self.output.read_until(b'\n', &mut line).map_err(Failure::error)?;
            if read == 0 {
                return Err(Failure::error("the wrapped server ended early"));
            }
            let mut parser = Parser::default();
            let text = line.trim_ascii_end();
            let Ok(Packet::One(message)) = Packet::parse(&mut parser, text, &Limits::DEFAULT) else {
                continue;
            };
            if message.id() != Some(&id) {
                continue;
            }
            return Ok(match &message.body {
                Body::Result { result, .. } => shown(*result),
                Body::Error { error, .. } => {
                    format!("error: {}", error.get("message").and_then(Value::text).unwrap_or_default())
                }
                Body::Request { .. } | Body::Notification { .. } => continue,
            });
        }
    }

    fn send(&mut self, text: &str) -> Result<(), Failure> {
        let input = self.input.as_mut().ok_or_else(|| Failure::error("closed"))?;
        writeln!(input, "{text}").map_err(Failure::error)
    }

    /// Ends the session as a client does, by closing the server's input.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        self.child.wait().map(drop).map_err(Failure::error)
    }
}

fn shown(result: Value<'_>) -> String {
    if let Some(tools) = result.get("tools") {
        let names: Vec<_> =
            tools.elements().filter_map(|tool| tool.get("name")).filter_map(Value::text).collect();
        return format!("tools: {}", names.join(", "));
    }
    let first = result.get("content").and_then(|content| content.elements().next());
    first.and_then(|block| block.get("text")).and_then(Value::text).unwrap_or_default().into_owned()
}
