//! Real servers that listen by themselves, over Streamable HTTP or HTTP+SSE of 2024-11-05.

use crate::patience::comes;
use crate::servers::call;
use crate::tools::{self, repository};
use crate::workplace::Workplace;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// The servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    Everything,
    EverythingEvents,
    /// The reference server of the conformance suite, on the TypeScript SDK v2.
    Typescript,
    Python,
    PythonEvents,
}

/// One of them at work; it ends with the test.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// Where its clients connect.
    pub url: String,
}

impl Listening {
    /// True if it speaks HTTP+SSE of 2024-11-05.
    pub fn is_events(self) -> bool {
        matches!(self, Listening::EverythingEvents | Listening::PythonEvents)
    }

    /// Whether it answers `server/discover`.
    pub fn speaks_modern(self) -> bool {
        matches!(self, Listening::Typescript | Listening::Python)
    }

    /// Starts it on a free port.
    pub fn start(self, place: &Workplace) -> Served {
        // Free now, and taken by the server in a moment: those that choose their port themselves do not say which.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address: SocketAddr = free.expect("a port");
        let port = address.port().to_string();
        let everything = |transport: &str| {
            vec![tools::node(), tools::npm_server("server-everything"), transport.to_owned()]
        };
        let python = |transport: &str| {
            vec![tools::python(), tools::peer_file("server.py"), transport.to_owned(), port.clone()]
        };
        let words = match self {
            Listening::Everything => everything("streamableHttp"),
            Listening::EverythingEvents => everything("sse"),
            Listening::Typescript => vec![
                tools::node(),
                "--import".to_owned(),
                tools::peer_file("resolve.mjs"),
                repository().join("tests/conformance/server.mjs").display().to_string(),
            ],
            Listening::Python => python("http"),
            Listening::PythonEvents => python("sse"),
        };
        let child = Command::new(&words[0])
            .args(&words[1..])
            .env_clear()
            .envs(place.environment())
            .env("PORT", &port)
            .env("BAILIWICK_TEST_PACKAGES", "conformance")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let path = if self.is_events() { "sse" } else { "mcp" };
        let served = Served { child, url: format!("http://{address}/{path}") };
        assert!(comes(|| TcpStream::connect(address).is_ok()), "{self:?} does not serve");
        served
    }

    /// What a client does with it; the outcome is the same every time.
    pub fn steps(self, version: &str) -> Vec<Value> {
        let read = |uri: &str| json!({"do": "read_resource", "uri": uri});
        let mut steps =
            vec![json!({"do": "list_tools"}), json!({"do": "list_resources"}), json!({"do": "list_prompts"})];
        steps.extend(match self {
            Listening::Everything | Listening::EverythingEvents => vec![
                call("echo", json!({"message": "hi \u{2028} \u{1f600}"})),
                call("get-structured-content", json!({"location": "Chicago"})),
                read("demo://resource/static/document/features.md"),
                json!({"do": "get_prompt", "name": "args-prompt", "arguments": {"city": "Bern"}}),
                json!({"do": "call_with_progress", "name": "trigger-long-running-operation", "arguments": {"duration": 0.2, "steps": 2}}),
                json!({"do": "complete", "ref": {"type": "ref/prompt", "name": "completable-prompt"},
                    "argument": {"name": "department", "value": "E"}}),
            ],
            Listening::Typescript => vec![
                call("test_simple_text", json!({})),
                call("test_multiple_content_types", json!({})),
                call("test_error_handling", json!({})),
                read("test://template/7/data"),
                json!({"do": "get_prompt", "name": "test_prompt_with_arguments", "arguments": {"arg1": "a", "arg2": "b"}}),
                json!({"do": "call_with_progress", "name": "test_tool_with_progress", "arguments": {}}),
            ],
            Listening::Python | Listening::PythonEvents => vec![
                call("add", json!({"a": 1, "b": 2.50})),
                call("fail", json!({})),
                json!({"do": "list_resource_templates"}),
                read("test://greeting"),
                read("test://note/a%20b"),
                json!({"do": "get_prompt", "name": "review", "arguments": {"language": "rust"}}),
                json!({"do": "call_with_progress", "name": "slow", "arguments": {"steps": 2, "pause_ms": 20}}),
            ],
        });
        if version < "2026-07-28" {
            steps.push(json!({"do": "ping"}));
        }
        steps
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
