//! `bailiwick policy`: check, lint, explain, test, schema, layout, import, export.

mod check;
mod decide;
mod explain;
mod fmt;
mod import;
mod line;
mod lint;
mod remedy;
mod schema;
mod test;

use std::io::Read as _;
use std::path::Path;

use bailiwick_mcp::{Limits, Message, Value};
use bailiwick_policy::{BUNDLED, Target, bundled};

use crate::args::PolicyCommand;
use crate::exit::{self, Failure};
use crate::say;

pub(crate) fn run(command: &PolicyCommand) -> Result<i32, Failure> {
    match command {
        PolicyCommand::Check { policies, workspace, lock, strict } => {
            check::run(policies, workspace.as_deref(), lock.as_deref(), *strict)
        }
        PolicyCommand::Explain { policy, history, line, call } => {
            explain::run(policy, history.as_deref(), *line, call)
        }
        PolicyCommand::Test(args) => test::run(args),
        PolicyCommand::Import(args) => import::run(args),
        PolicyCommand::Export(args) => import::export_to(args),
        PolicyCommand::Lint(args) => lint::run(args),
        PolicyCommand::Schema(args) => schema::run(args),
        PolicyCommand::Fmt(args) => fmt::run(args),
        PolicyCommand::Show { name } => show(name),
    }
}

fn show(name: &str) -> Result<i32, Failure> {
    let text = bundled(name).ok_or_else(|| {
        Failure::new(exit::USAGE, format!("there is no bundled policy `{name}`"))
            .help(format!("one of: {}", BUNDLED.join(", ")))
    })?;
    say::line(text.trim_end());
    Ok(exit::OK)
}

const EXAMPLE: &str = r#"for example {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a.txt"}}}"#;

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let bound = Limits::DEFAULT.message_bytes_max as u64;
    let read = if path == Path::new("-") {
        std::io::stdin().take(bound).read_to_end(&mut text)
    } else {
        bailiwick_disk::open(path).and_then(|file| file.take(bound).read_to_end(&mut text))
    };
    read.map_err(|error| Failure::error(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(text)
}

/// An owned target, made from a message.
enum Aim {
    Tool(String, String),
    Resource(String, String),
    Prompt(String, String),
    Completion(String, String),
    Sampling(String),
    Elicitation(String),
    Roots(String),
    OwnTask(String),
}

impl Aim {
    fn view(&self) -> Target<'_> {
        match self {
            Aim::Tool(server, name) => Target::Tool { server, name },
            Aim::Resource(server, uri) => Target::Resource { server, uri },
            Aim::Prompt(server, name) => Target::Prompt { server, name },
            Aim::Completion(server, reference) => Target::Completion { server, reference },
            Aim::Sampling(server) => Target::Sampling { server },
            Aim::Elicitation(server) => Target::Elicitation { server },
            Aim::Roots(server) => Target::Roots { server },
            Aim::OwnTask(server) => Target::OwnTask { server },
        }
    }
}

/// The member of `params` whose value rules see as arguments; empty for `params` itself.
fn part<'a>(message: &Message<'a>, key: &str) -> Option<Value<'a>> {
    if key.is_empty() { message.params() } else { message.params()?.get(key) }
}

fn aim(message: &Message<'_>, server: &str) -> Result<(Aim, Option<&'static str>), Failure> {
    let own = |key: &str| part(message, key).and_then(Value::text).map(std::borrow::Cow::into_owned);
    let missing =
        |key: &str| Failure::error(format!("`params.{key}` is missing or not a string")).help(EXAMPLE);
    let server = server.to_owned();
    Ok(match message.method().unwrap_or_default() {
        "tools/call" => (Aim::Tool(server, own("name").ok_or_else(|| missing("name"))?), Some("arguments")),
        "prompts/get" => {
            (Aim::Prompt(server, own("name").ok_or_else(|| missing("name"))?), Some("arguments"))
        }
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
            (Aim::Resource(server, own("uri").ok_or_else(|| missing("uri"))?), None)
        }
        "completion/complete" => {
            let reference =
                part(message, "ref").and_then(|reference| reference.get("name").or(reference.get("uri")));
            let reference = reference.and_then(Value::text).ok_or_else(|| missing("ref"))?;
            (Aim::Completion(server, reference.into_owned()), Some(""))
        }
        "sampling/createMessage" => (Aim::Sampling(server), Some("")),
        "elicitation/create" => (Aim::Elicitation(server), Some("")),
        "roots/list" => (Aim::Roots(server), Some("")),
        "tasks/list" => (Aim::OwnTask(server), Some("")),
        "tasks/get" | "tasks/result" | "tasks/cancel" | "tasks/update" => {
            own("taskId").ok_or_else(|| missing("taskId"))?;
            (Aim::OwnTask(server), Some(""))
        }
        other => {
            return Err(Failure::error(format!("no rule is asked about `{other}`"))
                .help("rules speak of tools/call, resources/read, prompts/get, completion/complete, sampling/createMessage, elicitation/create, roots/list and, of the client's own tasks, tasks/*"));
        }
    })
}
