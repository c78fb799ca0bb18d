//! `bailiwick lock`: asks a server what it offers and records it, or compares it with the record.

mod client;

use std::time::Duration;

use bailiwick_engine::Pins;
use bailiwick_mcp::Item;
use bailiwick_record::lock::{Lock, LockedServer};

use crate::args::LockArgs;
use crate::command::run::{server_name, words};
use crate::exit::{self, Failure};
use crate::say;
use client::{Client, Refused};

pub(crate) fn run(args: &LockArgs) -> Result<i32, Failure> {
    let name = server_name(args.server.as_deref(), &args.server_command);
    let before = Lock::load(&args.lock).map_err(Failure::error)?;
    if (args.check || args.diff) && before.is_none() {
        let message = format!("there is no lock file `{}`", args.lock.display());
        return Err(Failure::error(message).help("make it with `bailiwick lock -- COMMAND`"));
    }
    say::note(&format!("asking `{name}` what it offers"));
    let pins = offer(args)?;
    let now = LockedServer::new(words(&args.server_command), &pins);
    let mut lock = before.unwrap_or_else(Lock::empty);
    let differences = match lock.servers.get(&name) {
        Some(locked) => locked.differences(&now),
        None => vec![format!("+ server `{name}` is new, with {}", contents(&now))],
    };
    for difference in &differences {
        say::line(difference);
    }
    if args.check || args.diff {
        if differences.is_empty() {
            say::line(&format!("{name}: as locked, {}", contents(&now)));
            return Ok(exit::OK);
        }
        return Ok(if args.check { exit::DRIFT } else { exit::OK });
    }
    let summary = format!("{name}: {} locked in {}", contents(&now), args.lock.display());
    lock.servers.insert(name, now);
    lock.save(&args.lock).map_err(Failure::error)?;
    say::line(&summary);
    Ok(exit::OK)
}

fn contents(server: &LockedServer) -> String {
    let (tools, prompts, templates) =
        (server.tools.len(), server.prompts.len(), server.resource_templates.len());
    format!("{tools} tools, {prompts} prompts, {templates} resource templates")
}

/// Starts the server and collects what is pinned of it.
fn offer(args: &LockArgs) -> Result<Pins, Failure> {
    let mut client = Client::start(&args.server_command, Duration::from_secs(args.timeout))?;
    let mut pins = Pins::default();
    client.introduce(&mut pins)?;
    for (item, method) in [
        (Item::Tool, "tools/list"),
        (Item::Prompt, "prompts/list"),
        (Item::ResourceTemplate, "resources/templates/list"),
    ] {
        match client.list(item, method, &mut pins) {
            Ok(()) => {}
            // A server that has no prompts may not know the method; one that does not list its tools cannot be locked.
            Err(Refused::ByServer(_)) if item != Item::Tool => {}
            Err(Refused::ByServer(message)) => {
                return Err(Failure::error(format!("the server does not list its tools: {message}")));
            }
            Err(Refused::Broken(failure)) => return Err(failure),
        }
    }
    client.stop();
    Ok(pins)
}
