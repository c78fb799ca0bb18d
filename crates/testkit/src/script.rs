//! Real clients: each plays the same script and reports what its SDK handed over.

use crate::route::Route;
use crate::servers::Server;
use crate::tools;
use crate::workplace::Workplace;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The client SDKs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    TypescriptV1,
    TypescriptV2,
    Python,
    Rmcp,
}

/// The versions that begin with `initialize`.
const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const MODERN: &str = "2026-07-28";

/// What happened at one step: the result as the SDK shows it, or the error.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub name: String,
    pub outcome: Result<Value, Value>,
}

impl Client {
    /// The oldest and the newest protocol version that this client and `server` both speak.
    pub fn versions(self, server: Server) -> [&'static str; 2] {
        [LEGACY[0], self.newest(server.speaks_modern())]
    }

    /// Every protocol version that this client and a server speak that is `modern` or not, the oldest first.
    pub fn all_versions(self, modern: bool) -> Vec<&'static str> {
        let newest = self.newest(modern);
        LEGACY.into_iter().chain((newest == MODERN).then_some(MODERN)).collect()
    }

    fn newest(self, modern: bool) -> &'static str {
        if modern && self != Client::TypescriptV1 { MODERN } else { LEGACY[3] }
    }

    /// Starts `server` by way of `route`, plays `steps` in `version`, and gives the outcome of the connection and of each step.
    pub fn play(
        self,
        place: &Workplace,
        route: &Route,
        server: &ServerCommand,
        version: &str,
        steps: &[Value],
    ) -> Vec<Step> {
        let environment: serde_json::Map<String, Value> = place
            .environment()
            .into_iter()
            .chain(server.environment.clone())
            .map(|(k, v)| (k, v.into()))
            .collect();
        let script = json!({
            "command": route.command(&server.command), "env": environment, "cwd": place.at(""), "protocol": version, "steps": steps,
        });
        let lines = match self {
            Client::Rmcp => rmcp(&script),
            Client::Python => driver(place, &[tools::python(), tools::peer_file("python.py")], &script),
            Client::TypescriptV1 => driver(place, &node_driver("ts-v1.mjs"), &script),
            Client::TypescriptV2 => driver(place, &node_driver("ts-v2.mjs"), &script),
        };
        lines.into_iter().map(Step::new).collect()
    }
}

/// The command line of a server, and what it wants in its environment.
#[derive(Debug, Clone)]
pub struct ServerCommand {
    pub command: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl ServerCommand {
    /// In its place: a server that listens there, over Streamable HTTP, or with `sse+` before it over HTTP+SSE.
    pub fn at(url: String) -> ServerCommand {
        ServerCommand { command: vec![url], environment: Vec::new() }
    }

    /// Its words, for whoever starts it without its environment.
    pub fn words(&self) -> Vec<String> {
        let set = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let env = (!self.environment.is_empty()).then(|| "env".to_owned());
        env.into_iter().chain(set).chain(self.command.iter().cloned()).collect()
    }
}

/// Asserts that all steps went well directly, and through something in between alike.
pub fn assert_alike(direct: &[Step], through: &[Step], how: &str) {
    let failed: Vec<_> = direct.iter().filter(|step| step.outcome.is_err()).collect();
    assert!(failed.is_empty(), "the direct conversation failed: {failed:?}");
    for (ours, theirs) in direct.iter().zip(through) {
        assert_eq!(ours.without_counts(), theirs.without_counts(), "{how}, step `{}`", ours.name);
    }
    assert_eq!(direct.len(), through.len(), "{how}");
}

impl Step {
    /// Without how many progress reports there are: the TypeScript SDKs lose those that arrive together with the answer.
    fn without_counts(&self) -> Step {
        let mut step = self.clone();
        let ok = step.outcome.as_mut().ok();
        if let Some(progress) = ok.and_then(|ok| ok.get_mut("progress")).and_then(Value::as_array_mut) {
            progress.clear();
        }
        step
    }

    fn new(line: Value) -> Step {
        let outcome = match (line.get("ok"), line.get("error")) {
            (Some(result), None) => Ok(result.clone()),
            (None, Some(error)) => Err(error.clone()),
            _ => panic!("a driver printed `{line}`"),
        };
        Step { name: line["step"].as_str().expect("a step has a name").to_owned(), outcome }
    }

    /// The result, where there must be one.
    pub fn ok(&self) -> &Value {
        self.outcome.as_ref().unwrap_or_else(|error| panic!("`{}` failed: {error}", self.name))
    }
}

/// The request that a client makes of a step: its method and its parameters.
pub fn request_of(step: &Value) -> (&'static str, Value) {
    let (method, fields): (&str, &[&str]) = match step["do"].as_str().expect("a step does something") {
        "list_tools" => ("tools/list", &[]),
        "list_resources" => ("resources/list", &[]),
        "list_resource_templates" => ("resources/templates/list", &[]),
        "list_prompts" => ("prompts/list", &[]),
        "call_tool" | "call_with_progress" | "cancel_call" => ("tools/call", &["name", "arguments"]),
        "read_resource" => ("resources/read", &["uri"]),
        "get_prompt" => ("prompts/get", &["name", "arguments"]),
        "complete" => ("completion/complete", &["ref", "argument"]),
        "ping" => ("ping", &[]),
        "set_level" => ("logging/setLevel", &["level"]),
        other => panic!("no step is called `{other}`"),
    };
    let given = fields.iter().filter_map(|field| Some(((*field).to_owned(), step.get(*field)?.clone())));
    (method, given.collect())
}

/// A script of `tests/peers` under Node, with its packages found.
pub fn node_driver(file: &str) -> Vec<String> {
    vec![tools::node(), "--import".to_owned(), tools::peer_file("resolve.mjs"), tools::peer_file(file)]
}

fn driver(place: &Workplace, command: &[String], script: &Value) -> Vec<Value> {
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .env_clear()
        .envs(place.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start `{}`: {error}", command[0]));
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(script.to_string().as_bytes())
        .expect("the driver reads its script");
    let output = child.wait_with_output().expect("the driver ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8(output.stdout).expect("a driver prints UTF-8");
    assert!(!text.is_empty(), "the driver `{}` printed nothing: {errors}", command.join(" "));
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a driver prints JSON")).collect();
    assert!(
        output.status.success(),
        "`{}` ended with {}: {}\n{errors}",
        command.join(" "),
        output.status,
        lines[0]
    );
    lines
}

#[cfg(feature = "rmcp")]
fn rmcp(script: &Value) -> Vec<Value> {
    crate::rmcp_client::play(script)
}

#[cfg(not(feature = "rmcp"))]
fn rmcp(_script: &Value) -> Vec<Value> {
    panic!("the testkit was built without its feature `rmcp`")
}
