//! What servers offer: asked one after the other, or several at once.

use std::ffi::OsString;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick_analysis::scan::Tool;
use bailiwick_engine::Pins;
use bailiwick_mcp::{Item, Value};

use crate::command::lock::client::{Client, Command, Refused};
use crate::exit::Failure;

/// What a server says that it offers.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    pub(crate) pins: Pins,
    /// The `inputSchema` of each tool, as JSON.
    pub(crate) schemas: Vec<(String, String)>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) instructions: Option<String>,
}

/// A server that is to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// For people: the client's id and the server's name.
    pub(crate) name: String,
    pub(crate) words: Vec<OsString>,
    pub(crate) environment: Vec<(OsString, OsString)>,
}

/// Servers that are asked at the same time.
const AT_ONCE_MAX: usize = 8;

/// Starts a server, asks for everything that it offers, and ends it.
pub(crate) fn ask(command: &Command<'_>) -> Result<Offered, Failure> {
    let (client, offered) = listed(command)?;
    client.stop();
    Ok(offered)
}

/// The same, with a call of a tool before the end. Its answer, which may be a refusal, has to come.
pub(crate) fn ask_and_call(command: &Command<'_>, tool: &str) -> Result<Offered, Failure> {
    let (mut client, offered) = listed(command)?;
    client.call(tool)?;
    client.stop();
    Ok(offered)
}

fn listed(command: &Command<'_>) -> Result<(Client, Offered), Failure> {
    let mut client = Client::start(command)?;
    let mut offered = Offered::default();
    client.introduce(&mut |result| {
        let instructions = result.get("instructions");
        let digest = instructions.map_or_else(bailiwick_engine::pins::absent, bailiwick_engine::pins::digest);
        offered.pins.instructions = Some(digest);
        offered.instructions = instructions.and_then(Value::text).map(std::borrow::Cow::into_owned);
    })?;
    for (item, method) in [
        (Item::Tool, "tools/list"),
        (Item::Prompt, "prompts/list"),
        (Item::ResourceTemplate, "resources/templates/list"),
    ] {
        let listed = client.list(item, method, &mut |name, entry| {
            offered.pins.add(item, name, entry);
            if item == Item::Tool {
                let schema =
                    entry.get("inputSchema").map(|schema| (name.to_owned(), schema.raw().to_owned()));
                offered.schemas.extend(schema);
                offered.tools.push(Tool { name: name.to_owned(), texts: texts(entry) });
            }
        });
        match listed {
            Ok(()) => {}
            // A server that has no prompts may not know the method; one that does not list its tools cannot be locked.
            Err(Refused::ByServer(_)) if item != Item::Tool => {}
            Err(Refused::ByServer(message)) => {
                return Err(Failure::error(format!("the server does not list its tools: {message}")));
            }
            Err(Refused::Broken(failure)) => return Err(failure),
        }
    }
    Ok((client, offered))
}

/// Asks all of them, several at once; the answers come in the order of the questions.
pub(crate) fn ask_all(
    servers: &[Asked],
    timeout: Duration,
    done: &(dyn Fn(&Asked) + Sync),
) -> Vec<Result<Offered, Failure>> {
    let answers: Vec<Mutex<Option<Result<Offered, Failure>>>> =
        servers.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..servers.len().min(AT_ONCE_MAX) {
            scope.spawn(|| {
                while let Some((server, answer)) =
                    pair(servers, &answers, next.fetch_add(1, Ordering::Relaxed))
                {
                    let (words, environment) = (&server.words, &server.environment);
                    let offered = ask(&Command { words, environment, timeout, alone: false });
                    done(server);
                    if let Ok(mut answer) = answer.lock() {
                        *answer = Some(offered);
                    }
                }
            });
        }
    });
    let lost = || Err(Failure::error("it was not asked"));
    answers.into_iter().map(|answer| answer.into_inner().ok().flatten().unwrap_or_else(lost)).collect()
}

fn pair<'p, A, B>(one: &'p [A], other: &'p [B], at: usize) -> Option<(&'p A, &'p B)> {
    Some((one.get(at)?, other.get(at)?))
}

/// Every text of a tool that a model reads, beside its name.
fn texts(tool: Value<'_>) -> Vec<String> {
    let keys = ["title", "description"];
    tool.descendants()
        .flat_map(|value| value.members())
        .filter(|(key, _)| key.text().is_some_and(|key| keys.contains(&&*key)))
        .filter_map(|(_, value)| value.text().map(std::borrow::Cow::into_owned))
        .take(TEXTS_MAX)
        .collect()
}

/// Texts of one tool that are looked at.
const TEXTS_MAX: usize = 10_000;
