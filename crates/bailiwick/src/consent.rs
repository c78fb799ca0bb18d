//! Before anything is launched: every command in full, and a question whose answer is no unless it is yes.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use bailiwick_engine::Scanner;
use bailiwick_record::audit::visible;

use crate::exit::Failure;
use crate::offer::Asked;
use crate::say::{self, BOLD};

/// Asks whether all of these may be launched.
pub(crate) fn to_launch(all: &[Asked], scanner: &Scanner, agreed: bool) -> Result<(), Failure> {
    say::note("these commands will be launched, to ask the servers what they offer:");
    for asked in all {
        let command = bailiwick::masked_command(&asked.words, |text| scanner.redact_for_person(text));
        let command = visible(&command.join(" "));
        let names: Vec<String> =
            asked.environment.iter().map(|(name, _)| format!("{}=***", name.to_string_lossy())).collect();
        let environment =
            if names.is_empty() { String::new() } else { format!("  with {}", visible(&names.join(" "))) };
        anstream::eprintln!("  {BOLD}{}{BOLD:#}  {command}{environment}", visible(&asked.name));
    }
    ask("launch them?", agreed, "nothing was launched")
}

/// Asks a person at the terminal; nobody there is a no.
pub(crate) fn ask(question: &str, agreed: bool, refused: &str) -> Result<(), Failure> {
    if agreed {
        return Ok(());
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !terminal {
        return Err(Failure::error(format!("{refused}: nobody can be asked here"))
            .help("look at what is shown above, and add --yes"));
    }
    anstream::eprint!("{question} [y/N] ");
    // A prompt that does not show leaves the answer no.
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(Failure::error)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::error(refused)),
    }
}
