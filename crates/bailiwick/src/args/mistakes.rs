//! Mistakes on the command line that a word of ours helps with.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What to write instead, beside what clap says.
pub(crate) fn help(error: &clap::Error) -> Option<String> {
    let command = std::env::args().nth(1)?;
    let takes_command = command == "run" || command == "lock";
    match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(word)))
            if takes_command && !word.starts_with('-') =>
        {
            Some(format!("put `--` before the server's command: `bailiwick {command} … -- {word} …`"))
        }
        _ => None,
    }
}
