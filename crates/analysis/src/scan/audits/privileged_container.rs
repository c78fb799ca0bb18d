//! Containers whose walls are taken down.

use super::{Audit, Look, Severity, Sink, every_command, is_container, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "privileged-container",
    severity: Severity::High,
    title: "A container runs without its walls",
    page: "`--privileged`, the machine's own network or process space, added capabilities and switched-off profiles let what runs in the container
act on the machine. A server needs none of them to answer over its standard streams. Take the flag away.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look).filter(|(_, command)| is_container(command)) {
        let words = command.arguments();
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at.saturating_add(1)).map_or("", |word| word.text.as_str());
            let (name, value) = word.text.split_once('=').unwrap_or((word.text.as_str(), next));
            let is_hit = match name {
                "--privileged" => !value.eq_ignore_ascii_case("false") || !word.text.contains('='),
                "--net" | "--network" | "--pid" | "--ipc" | "--userns" | "--uts" => value == "host",
                "--cap-add" => true,
                "--security-opt" => value.contains("unconfined") || value.contains("disable"),
                _ => false,
            };
            if is_hit {
                let flag = if name == "--privileged" { name.to_owned() } else { format!("{name} {value}") };
                let message = format!("`{flag}` takes down a wall between the container and the machine");
                sink.add(said(seat, word.at, message, "take the flag away".to_owned()));
            }
        }
    }
}
