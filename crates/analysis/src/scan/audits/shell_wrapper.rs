//! Servers that are started by a shell's text.

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::commands::script;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "shell-wrapper",
    severity: Severity::Low,
    title: "A server is started by the text of a shell command",
    page: "The client starts a shell (`bash -c`, `cmd /c`, `powershell -Command`), and the shell reads a text. What the text does is harder to
see than a program with arguments, values of the environment become part of it, and several programs can hide in it. Write the
program as `command` and its words as `args`.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look).filter(|(_, command)| !command.in_shell) {
        if script(&command.words).is_some() {
            let message = format!("`{}` reads the server's command from a text", command.program());
            let fix = "write the program as the command and its words as arguments".to_owned();
            sink.add(said(seat, command.at(), message, fix));
        }
    }
}
