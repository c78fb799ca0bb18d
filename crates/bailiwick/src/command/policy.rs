//! `bailiwick policy`: check and explain.

mod check;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use bailiwick_engine::{Effect, Engine, Mode, Scanner, Settings};
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Message, Parser, Timestamp, Value};
use bailiwick_policy::{BUNDLED, Call, Policy, Principal, Target, bundled};

use crate::args::{PolicyChoice, PolicyCommand};
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

pub(crate) fn run(command: &PolicyCommand) -> Result<i32, Failure> {
    match command {
        PolicyCommand::Check { policies, workspace, lock, strict } => {
            check::run(policies, workspace.as_deref(), lock.as_deref(), *strict)
        }
        PolicyCommand::Explain { policy, call } => explain(policy, call),
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

fn explain(choice: &PolicyChoice, call: &Path) -> Result<i32, Failure> {
    let loaded = Layers::of(choice)?.load(say::colour_on_stderr())?;
    let text = read(call)?;
    let mut parser = Parser::default();
    let packet = Packet::parse(&mut parser, text.trim_ascii(), &Limits::DEFAULT).map_err(|error| {
        Failure::error(format!("`{}` is no message: {error}", call.display())).help(EXAMPLE)
    })?;
    let Packet::One(message) = packet else {
        return Err(Failure::error("a batch cannot be explained at once").help("give one message"));
    };
    let server = choice.server.as_deref().unwrap_or("server");
    let principal =
        Principal { id: choice.principal.clone(), roles: choice.roles.clone(), ..Principal::default() };
    let (target, arguments) = aim(&message, server)?;
    let call = Call {
        target: target.view(),
        arguments: arguments.and_then(|key| part(&message, key)),
        principal: &principal,
    };
    say::line(loaded.policy.explain(&call).render(say::colour()).trim_end());
    say::line("");
    for line in decided(&loaded.policy, server, principal.clone(), &message) {
        say::line(&line);
    }
    Ok(exit::OK)
}

/// What the engine itself does with the message, on a fresh run in which the server offers what is asked for.
fn decided(policy: &Arc<Policy>, server: &str, principal: Principal, message: &Message<'_>) -> Vec<String> {
    let settings = Settings {
        mode: Mode::Enforce,
        server: server.into(),
        principal: Arc::new(principal),
        limits: Limits::DEFAULT,
        nonce: String::new(),
    };
    let mut engine = Engine::new(settings, Arc::clone(policy), Arc::new(Scanner::new()), None);
    let row = message.method().and_then(bailiwick_mcp::method::find);
    let direction = row.and_then(|row| row.direction).unwrap_or(Direction::ToServer);
    engine.offer_for_explanation(message);
    let mut outcomes = Vec::new();
    engine.receive(Timestamp(0), direction, Ok(Packet::One(message.clone())), &mut outcomes);
    let mut lines = Vec::new();
    for outcome in &outcomes {
        let decision = &outcome.decision;
        lines.push(format!("the engine decides: {}, {}", decision.verdict.word(), decision.action.as_str()));
        lines
            .extend(decision.reasons.iter().map(|reason| format!("  {}", reason.describe(&decision.policy))));
        lines.extend(outcome.effects.iter().map(|effect| match effect {
            Effect::Send { to: Direction::ToServer, .. } => "  sent to the server".to_owned(),
            Effect::Send { to: Direction::ToClient, message } => {
                format!("  to the client: {}", String::from_utf8_lossy(message.bytes()))
            }
            Effect::Ask(question) => format!("  a human is asked, for {} s", question.ttl_s),
            Effect::Withdraw(_) => "  a question is withdrawn".to_owned(),
        }));
    }
    lines
}

const EXAMPLE: &str = r#"for example {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"a.txt"}}}"#;

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    let bound = Limits::DEFAULT.message_bytes_max as u64;
    let read = if path == Path::new("-") {
        std::io::stdin().take(bound).read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(bound).read_to_end(&mut text))
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
        other => {
            return Err(Failure::error(format!("no rule is asked about `{other}`"))
                .help("rules speak of tools/call, resources/read, prompts/get, completion/complete, sampling/createMessage, elicitation/create and roots/list"));
        }
    })
}
