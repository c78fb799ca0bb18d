//! `bailiwick lock`: asks servers what they offer and records it, or compares it with the record.

pub(crate) mod client;
mod many;
mod resolved;

use std::time::Duration;

use bailiwick_analysis::counted;
use bailiwick_engine::Scanner;
use bailiwick_record::lock::{Lock, LockedServer};

use crate::args::lock::LockArgs;
use crate::command::run::{server_name, words};
use crate::exit::{self, Failure};
use crate::offer::{self, Offered};
use crate::{launching, say};
use client::Command;

/// What is done with what servers offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
    Diff,
    Update,
}

impl Mode {
    fn of(args: &LockArgs) -> Mode {
        match (args.check, args.diff, &args.update) {
            (true, _, _) => Mode::Check,
            (_, true, _) => Mode::Diff,
            (_, _, Some(_)) => Mode::Update,
            (false, false, None) => Mode::Write,
        }
    }
}

pub(crate) fn run(args: &LockArgs) -> Result<i32, Failure> {
    if args.server_command.is_empty() {
        return many::run(args);
    }
    let name = server_name(args.server.as_deref(), &args.server_command);
    let mode = Mode::of(args);
    let before = load(args, mode)?;
    say::note(&format!("asking `{name}` what it offers"));
    let timeout = Duration::from_secs(args.timeout);
    let command = Command { words: &args.server_command, environment: &[], timeout, alone: true };
    let command_words = words(&args.server_command);
    let offered = offer::ask(&command)?;
    // Looked up behind the launch, which may be what installs it.
    let package = resolved::package(&command_words);
    // As the lock file of a client's servers says it: without secrets, and our own bridge by its name.
    let locked = launching::lockable(&command_words, &Scanner::new());
    let now = LockedServer { package, ..lock_of(locked, &offered) };
    let mut lock = before.unwrap_or_else(Lock::empty);
    let differences = differences(&name, lock.servers.get(&name), &now);
    for difference in &differences {
        say::line(difference);
    }
    if matches!(mode, Mode::Check | Mode::Diff) {
        if differences.is_empty() {
            say::line(&format!("{name}: as locked, {}", contents(&now)));
            return Ok(exit::OK);
        }
        return Ok(if mode == Mode::Check { exit::DRIFT } else { exit::OK });
    }
    let summary = format!("{name}: {} locked in {}", contents(&now), args.lock.display());
    lock.servers.insert(name, now);
    save(&lock, args)?;
    say::line(&summary);
    Ok(exit::OK)
}

/// The lock file; there must be one where something is compared with it.
fn load(args: &LockArgs, mode: Mode) -> Result<Option<Lock>, Failure> {
    let before = Lock::load(&args.lock).map_err(Failure::error)?;
    match mode {
        Mode::Check | Mode::Diff | Mode::Update if before.is_none() => {
            let message = format!("there is no lock file `{}`", args.lock.display());
            Err(Failure::error(message)
                .help("make it with the same words without --check, --diff and --update"))
        }
        Mode::Check | Mode::Diff | Mode::Update | Mode::Write => Ok(before),
    }
}

/// Replaces the lock file at once.
fn save(lock: &Lock, args: &LockArgs) -> Result<(), Failure> {
    let text = lock.text().map_err(Failure::error)?;
    bailiwick_disk::put(&args.lock, &text, true).map_err(Failure::error)
}

fn lock_of(command: Vec<String>, offered: &Offered) -> LockedServer {
    let mut server = LockedServer::new(command, &offered.pins);
    for (tool, schema) in &offered.schemas {
        server.add_schema(tool, schema);
    }
    server
}

fn differences(name: &str, locked: Option<&LockedServer>, now: &LockedServer) -> Vec<String> {
    match locked {
        Some(locked) => locked.differences(now),
        None => vec![format!("+ server `{name}` is new, with {}", contents(now))],
    }
}

fn contents(server: &LockedServer) -> String {
    let (tools, prompts, templates) =
        (server.tools.len(), server.prompts.len(), server.resource_templates.len());
    let parts = [counted(tools, "tool"), counted(prompts, "prompt"), counted(templates, "resource template")];
    parts.join(", ")
}
