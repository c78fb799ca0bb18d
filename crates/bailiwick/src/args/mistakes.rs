//! Mistakes on the command line that a word of ours helps with.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What to write instead, beside what clap says.
pub(crate) fn help(error: &clap::Error) -> Option<String> {
    let command = std::env::args().nth(1)?;
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) if !word.starts_with('-') => {
            instead(&command, word)
        }
        (ErrorKind::MissingRequiredArgument, _) if command == "lock" => Some(
            "say whose servers: --all, --client ID, --path TREE, or `--` and one server's command".to_owned(),
        ),
        _ => None,
    }
}

/// For a word that stands alone where only flags are taken.
fn instead(command: &str, word: &str) -> Option<String> {
    match command {
        "run" | "lock" => {
            Some(format!("put `--` before the server's command: `bailiwick {command} … -- {word} …`"))
        }
        "scan" | "report" if word.contains(['/', '.']) => {
            Some(format!("folders are named with `--path {word}`"))
        }
        "replay" => {
            Some(format!("a policy is named with `--policy`, what was recorded with `--trace {word}`"))
        }
        "clients" | "scan" | "report" | "record" | "enforce" | "status" => {
            Some(format!("clients are named with `--client {word}`"))
        }
        _ => None,
    }
}
