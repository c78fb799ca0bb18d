//! Folders that a server is told to work on.

use super::{Audit, Look, Severity, Sink, every_command, is_container, is_path, reach, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "broad-root",
    severity: Severity::High,
    title: "A server is given the whole disk, a home folder or a folder of keys",
    page: "An argument names `/`, a home folder, a system folder or a folder of keys. Whatever steers the agent can then read and write all of it.
Name the project's folder, and let a policy deny what is sensitive inside of it.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look).filter(|(_, command)| !is_container(command)) {
        for word in command.arguments() {
            let value = word
                .text
                .split_once('=')
                .filter(|(name, _)| name.starts_with('-'))
                .map_or(word.text.as_str(), |(_, value)| value);
            let Some(reach) = reach(value, &look.subject.home).filter(|_| is_path(value)) else { continue };
            let message = format!("the server is given `{value}`: {}", reach.words());
            sink.add(said(seat, word.at, message, "name the folder of the project".to_owned()));
        }
    }
}
