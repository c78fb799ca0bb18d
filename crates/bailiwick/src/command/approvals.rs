//! `bailiwick approvals`: what gateways of this user wait to be told.

use std::path::{Path, PathBuf};

use super::gateway::queue::{folder, say_to};
use crate::args::{ApprovalsArgs, ApprovalsCommand};
use crate::exit::{self, Failure};
use crate::say;

pub(crate) fn run(args: &ApprovalsArgs) -> Result<i32, Failure> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => folder()?,
    };
    match &args.command {
        ApprovalsCommand::List => list(&folder),
        ApprovalsCommand::Approve { id } => answer(&folder, "approve", id),
        ApprovalsCommand::Deny { id } => answer(&folder, "deny", id),
    }
}

/// The sockets of all gateways, with the number of each.
fn gateways(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_suffix(".sock")?.to_owned();
        Some((name, path))
    };
    let mut found: Vec<_> = entries.flatten().filter_map(|entry| named(entry.path())).collect();
    found.sort();
    found
}

fn list(folder: &Path) -> Result<i32, Failure> {
    let mut questions = 0;
    for (name, socket) in gateways(folder) {
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

fn answer(folder: &Path, word: &str, id: &str) -> Result<i32, Failure> {
    let unknown = || {
        Failure::new(exit::USAGE, format!("there is no question `{id}`"))
            .help("`bailiwick approvals list` shows them")
    };
    let (gateway, number) = id.split_once('-').ok_or_else(unknown)?;
    let (_, socket) = gateways(folder).into_iter().find(|(name, _)| name == gateway).ok_or_else(unknown)?;
    let said = say_to(&socket, &format!("{word} {number}"))
        .map_err(|error| Failure::error(format!("the gateway {gateway} does not answer: {error}")))?;
    match said.trim().split_once(' ').unwrap_or((said.trim(), "")) {
        ("done", _) => {
            say::line(&format!("{id}: {word}"));
            Ok(exit::OK)
        }
        ("waits", words) => {
            say::line(&format!("{id}: {words}"));
            Ok(exit::OK)
        }
        _ => Err(Failure::error(format!("`{id}` is not asked any more"))
            .help("it was answered, its time was over, or its client left")),
    }
}
