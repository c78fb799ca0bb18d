//! Real servers as data: how each is started, what a client does with it, and what a policy denies of it.

use crate::script::{ServerCommand, node_driver};
use crate::tools;
use crate::workplace::Workplace;
use serde_json::{Value, json};

/// The servers: five published ones, and one of ours on the TypeScript SDK v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Filesystem,
    Everything,
    Memory,
    Git,
    Time,
    TypescriptV2,
}

/// A call that the policy of the server denies for its arguments, and a tool that it denies whatever they are.
#[derive(Debug, Clone)]
pub struct Denied {
    pub call: Value,
    pub rule: &'static str,
    pub hidden_tool: &'static str,
}

impl Server {
    /// Every server.
    pub const ALL: [Server; 6] = [
        Server::Filesystem,
        Server::Everything,
        Server::Memory,
        Server::Git,
        Server::Time,
        Server::TypescriptV2,
    ];

    /// Whether it answers `server/discover`.
    pub fn speaks_modern(self) -> bool {
        matches!(self, Server::Filesystem | Server::Git | Server::Time | Server::TypescriptV2)
    }

    /// The name of its policy file.
    pub fn name(self) -> &'static str {
        match self {
            Server::Filesystem => "filesystem",
            Server::Everything => "everything",
            Server::Memory => "memory",
            Server::Git => "git",
            Server::Time => "time",
            Server::TypescriptV2 => "typescript-v2",
        }
    }

    /// Puts into the workplace what the server works on; once per workplace.
    pub fn prepare(self, place: &Workplace) {
        match self {
            Server::Filesystem => drop(place.file("files/greeting.txt", "hello\n")),
            Server::Git => drop(place.git_repository("repository")),
            Server::Everything | Server::Memory | Server::Time | Server::TypescriptV2 => {}
        }
    }

    /// The command line. `run` tells runs apart that must not see each other's writes.
    pub fn command(self, place: &Workplace, run: &str) -> ServerCommand {
        let python = |module: &str, rest: [String; 2]| {
            [tools::python(), "-m".to_owned(), module.to_owned()].into_iter().chain(rest).collect()
        };
        let command = match self {
            Server::Filesystem => {
                vec![tools::node(), tools::npm_server("server-filesystem"), place.at("files")]
            }
            Server::Everything => vec![tools::node(), tools::npm_server("server-everything")],
            Server::Memory => vec![tools::node(), tools::npm_server("server-memory")],
            Server::Git => python("mcp_server_git", ["--repository".to_owned(), place.at("repository")]),
            Server::Time => python("mcp_server_time", ["--local-timezone".to_owned(), "UTC".to_owned()]),
            Server::TypescriptV2 => node_driver("server-v2.mjs"),
        };
        let memory = ("MEMORY_FILE_PATH".to_owned(), place.at(&format!("{run}.jsonl")));
        ServerCommand { command, environment: if self == Server::Memory { vec![memory] } else { Vec::new() } }
    }

    /// What a client does with the server when all is allowed; the outcome is the same every time.
    pub fn steps(self, place: &Workplace, version: &str) -> Vec<Value> {
        let mut steps = vec![json!({"do": "list_tools"})];
        steps.extend(match self {
            Server::Filesystem => vec![
                call("read_text_file", json!({"path": place.at("files/greeting.txt")})),
                call("list_directory", json!({"path": place.at("files")})),
                call("read_text_file", json!({"path": place.at("files/missing.txt")})),
            ],
            Server::Everything => everything(),
            Server::Memory => vec![
                call("create_entities", json!({"entities": [{"name": "Ada", "entityType": "person", "observations": ["née Byron"]}]})),
                call("read_graph", json!({})),
                json!({"do": "list_resources"}),
                json!({"do": "read_resource", "uri": "memory://knowledge-graph"}),
            ],
            Server::Git => vec![
                call("git_log", json!({"repo_path": place.at("repository")})),
                call("git_status", json!({"repo_path": place.at("repository")})),
                call("git_show", json!({"repo_path": place.at("repository"), "revision": "no-such-revision"})),
            ],
            Server::Time => vec![call(
                "convert_time",
                json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Kathmandu"}),
            )],
            Server::TypescriptV2 => typescript_v2(),
        });
        if version < "2026-07-28" {
            steps.push(json!({"do": "ping"}));
        }
        steps
    }

    /// What the policy `tests/policies/NAME.yaml` denies.
    pub fn denied(self, place: &Workplace) -> Denied {
        let (call, rule, hidden_tool) = match self {
            Server::Filesystem => (
                call("write_file", json!({"path": place.at("files/secret/new.txt"), "content": "x"})),
                "no-secret-files",
                "move_file",
            ),
            Server::Everything => {
                (call("echo", json!({"message": "a forbidden word"})), "no-forbidden-words", "get-env")
            }
            Server::Memory => (
                call(
                    "create_entities",
                    json!({"entities": [{"name": "Mallory", "entityType": "person", "observations": []}]}),
                ),
                "no-mallory",
                "delete_entities",
            ),
            Server::Git => (
                call(
                    "git_create_branch",
                    json!({"repo_path": place.at("repository"), "branch_name": "release/1"}),
                ),
                "no-release-branches",
                "git_reset",
            ),
            Server::Time => (
                call(
                    "convert_time",
                    json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}),
                ),
                "no-tokyo",
                "get_current_time",
            ),
            Server::TypescriptV2 => {
                (call("remove", json!({"path": "/etc/hosts"})), "no-system-files", "slow")
            }
        };
        Denied { call, rule, hidden_tool }
    }
}

/// The step that calls a tool.
pub fn call(name: &str, arguments: Value) -> Value {
    json!({"do": "call_tool", "name": name, "arguments": arguments})
}

fn everything() -> Vec<Value> {
    vec![
        call("echo", json!({"message": "hi \u{2028} \u{1f600}"})),
        call("get-structured-content", json!({"location": "Chicago"})),
        json!({"do": "list_resources"}),
        json!({"do": "list_resource_templates"}),
        json!({"do": "read_resource", "uri": "demo://resource/static/document/features.md"}),
        json!({"do": "list_prompts"}),
        json!({"do": "get_prompt", "name": "args-prompt", "arguments": {"city": "Bern"}}),
        json!({"do": "call_with_progress", "name": "trigger-long-running-operation", "arguments": {"duration": 0.2, "steps": 2}}),
        json!({"do": "cancel_call", "name": "trigger-long-running-operation", "arguments": {"duration": 30, "steps": 300}}),
        json!({"do": "complete", "ref": {"type": "ref/prompt", "name": "completable-prompt"}, "argument": {"name": "department", "value": "E"}}),
        json!({"do": "set_level", "level": "error"}),
    ]
}

fn typescript_v2() -> Vec<Value> {
    vec![
        call("add", json!({"a": 1, "b": 2.50})),
        json!({"do": "list_resources"}),
        json!({"do": "list_resource_templates"}),
        json!({"do": "read_resource", "uri": "test://greeting"}),
        json!({"do": "read_resource", "uri": "test://note/a%20b"}),
        json!({"do": "list_prompts"}),
        json!({"do": "get_prompt", "name": "review", "arguments": {"language": "rust"}}),
        json!({"do": "call_with_progress", "name": "slow", "arguments": {"steps": 2, "pause_ms": 20}}),
        json!({"do": "cancel_call", "name": "slow", "arguments": {"steps": 300, "pause_ms": 50}}),
        json!({"do": "complete", "ref": {"type": "ref/prompt", "name": "review"}, "argument": {"name": "language", "value": "r"}}),
        call("add", json!({"a": 20, "b": 22})),
    ]
}
