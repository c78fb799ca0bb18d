//! `bailiwick lock`: asks a server what it offers and records it, or compares it with the record.

pub(crate) mod client;

use std::time::Duration;

use bailiwick_record::lock::{Lock, LockedServer};

use crate::args::LockArgs;
use crate::command::run::{server_name, words};
use crate::exit::{self, Failure};
use crate::offer::{self, Offered};
use crate::say;
use client::Command;

pub(crate) fn run(args: &LockArgs) -> Result<i32, Failure> {
    let name = server_name(args.server.as_deref(), &args.server_command);
    let before = Lock::load(&args.lock).map_err(Failure::error)?;
    if (args.check || args.diff) && before.is_none() {
        let message = format!("there is no lock file `{}`", args.lock.display());
        return Err(Failure::error(message).help("make it with `bailiwick lock -- COMMAND`"));
    }
    say::note(&format!("asking `{name}` what it offers"));
    let timeout = Duration::from_secs(args.timeout);
    let command = Command { words: &args.server_command, environment: &[], timeout, alone: true };
    let Offered { pins, schemas, .. } = offer::ask(&command)?;
    let mut now = LockedServer::new(words(&args.server_command), &pins);
    for (tool, schema) in &schemas {
        now.add_schema(tool, schema);
    }
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
