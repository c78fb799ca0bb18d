//! Scripts that are fetched and run in one go.

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::commands::script;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "remote-script",
    severity: Severity::High,
    title: "A script is fetched from the network and run",
    page: "`curl … | sh` and its kin run whatever an address answers, each time that the client starts. There is no version, no record, and
nobody who could look at it before it runs. Install the program once, by a package manager that checks what it fetches, and launch
the installed program.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look) {
        let Some(text) = script(&command.words) else { continue };
        let lower = text.text.to_ascii_lowercase();
        let fetch = FETCHES.iter().find(|word| has_word(&lower, word));
        let runs = RUNS.iter().any(|run| lower.contains(run));
        if let Some(fetch) = fetch.filter(|_| runs) {
            let message = format!("what `{fetch}` fetches is run by a shell at every start");
            let fix = "install the program once, from a package that is checked, and launch it".to_owned();
            sink.add(said(seat, text.at, message, fix));
        }
    }
}

const FETCHES: [&str; 6] = ["curl", "wget", "fetch", "iwr", "irm", "invoke-webrequest"];
const RUNS: [&str; 12] =
    ["| sh", "|sh", "| bash", "|bash", "| zsh", "|zsh", "| python", "|python", "| iex", "|iex", "$(", "<("];

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|own| own == word)
}
