//! `bailiwick approvals`: what gateways of this user wait to be told.

use std::path::PathBuf;

use super::gateway::queue::{folder, say_to};
use crate::args::ApprovalsCommand;
use crate::exit::{self, Failure};
use crate::say;

pub(crate) fn run(command: &ApprovalsCommand) -> Result<i32, Failure> {
    match command {
        ApprovalsCommand::List => list(),
        ApprovalsCommand::Approve { id } => answer("approve", id),
        ApprovalsCommand::Deny { id } => answer("deny", id),
    }
}

/// The sockets of all gateways, with the number of each.
fn gateways() -> Result<Vec<(String, PathBuf)>, Failure> {
    let Ok(entries) = std::fs::read_dir(folder()?) else { return Ok(Vec::new()) };
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_suffix(".sock")?.to_owned();
        Some((name, path))
    };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| named(entry.path())).collect();
    found.sort();
    Ok(found)
}

fn list() -> Result<i32, Failure> {
    let mut questions = 0;
    for (name, socket) in gateways()? {
        // One that was killed left its socket behind.
        let Ok(said) = say_to(&socket, "list") else { continue };
        for line in said.lines() {
            match (line.strip_prefix('|'), line.split_once(' ')) {
                (Some(page), _) => say::line(page),
                (None, Some((id, seconds))) => {
                    questions += 1;
                    say::line(&format!("\n{name}-{id}  denied in {seconds} s"));
                }
                (None, None) => {}
            }
        }
    }
    if questions == 0 {
        say::line("nothing waits to be approved");
        return Ok(exit::NOTHING);
    }
    Ok(exit::OK)
}

fn answer(word: &str, id: &str) -> Result<i32, Failure> {
    let unknown = || {
        Failure::new(exit::USAGE, format!("there is no question `{id}`"))
            .help("`bailiwick approvals list` shows them")
    };
    let (gateway, number) = id.split_once('-').ok_or_else(unknown)?;
    let (_, socket) = gateways()?.into_iter().find(|(name, _)| name == gateway).ok_or_else(unknown)?;
    let said = say_to(&socket, &format!("{word} {number}"))
        .map_err(|error| Failure::error(format!("the gateway {gateway} does not answer: {error}")))?;
    match said.trim() {
        "done" => {
            say::line(&format!("{id}: {word}"));
            Ok(exit::OK)
        }
        _ => Err(Failure::error(format!("`{id}` is not asked any more"))
            .help("it was answered, its time was over, or its client left")),
    }
}
