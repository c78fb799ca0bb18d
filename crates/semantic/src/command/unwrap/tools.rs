//! Tools that run programs in ways of their own.

use super::{Inner, tail};
use crate::command::{Doubt, Word};

/// Terminals: what stands behind one of these options is a command.
const TERMINALS: &[&str] = &[
    "xterm",
    "uxterm",
    "rxvt",
    "urxvt",
    "konsole",
    "gnome-terminal",
    "xfce4-terminal",
    "mate-terminal",
    "lxterminal",
    "terminator",
    "tilix",
    "alacritty",
    "kitty",
    "foot",
    "wezterm",
    "st",
    "x-terminal-emulator",
];

pub(super) fn inner(name: &str, words: &[Word], out: &mut Vec<Inner>) {
    let has = |texts: &[&str]| words.iter().skip(1).any(|word| texts.contains(&word.text.as_str()));
    match name {
        "concurrently" | "conc" => out.extend(words.iter().skip(1).cloned().map(Inner::Script)),
        name if TERMINALS.contains(&name) => terminal(words, out),
        "mise" | "rtx" => {
            let end = words.iter().position(|word| word.text == "--");
            let behind = end.and_then(|end| words.get(end.saturating_add(1)..)).unwrap_or_default();
            out.extend((!behind.is_empty()).then(|| Inner::Words(behind.to_vec())));
        }
        // Where their command begins is hard to say, and it sees other files.
        "bwrap" | "proot" => out.push(Inner::Doubt(Doubt::Options)),
        "rails" if has(&["runner", "r", "console", "c"]) => out.push(Inner::Doubt(Doubt::Code)),
        "rpm" | "rpmbuild" | "rpmspec" => {
            let expands = |word: &Word| word.texts().any(|text| text.contains("%(") || text.contains("%{"));
            out.extend(words.iter().any(expands).then_some(Inner::Doubt(Doubt::Code)));
        }
        "cargo" => out.extend(configures(words).then_some(Inner::Doubt(Doubt::Code))),
        _ => {}
    }
}

/// `cargo --config key=value`, or a file of these: most keys name programs.
fn configures(words: &[Word]) -> bool {
    const HARMLESS: [&str; 4] = ["profile.", "net.", "term.", "http."];
    let mut own = words.iter().take_while(|word| word.text != "--");
    while let Some(word) = own.next() {
        let value = match word.text.strip_prefix("--config") {
            Some("") => own.next().map(|word| word.text.as_str()),
            Some(attached) => attached.strip_prefix('='),
            None => None,
        };
        if value.is_some_and(|value| !HARMLESS.iter().any(|start| value.starts_with(start))) {
            return true;
        }
    }
    false
}

fn terminal(words: &[Word], out: &mut Vec<Inner>) {
    for (at, word) in words.iter().enumerate().skip(1) {
        let text = word.text.as_str();
        let attached = ["--command=", "--execute="].iter().find_map(|option| text.strip_prefix(option));
        if let Some(attached) = attached {
            out.push(Inner::Script(tail(word, attached.len())));
        } else if matches!(text, "-e" | "-x" | "--" | "--command" | "--execute") {
            let behind = words.get(at.saturating_add(1)..).unwrap_or_default();
            out.extend(behind.first().cloned().map(Inner::Script));
            return out.push(Inner::Words(behind.to_vec()));
        }
    }
}

/// `fd … --exec=command`, `fd -HIx command`.
pub(super) fn fd(words: &[Word], out: &mut Vec<Inner>) {
    for (at, word) in words.iter().enumerate().skip(1) {
        let text = word.text.as_str();
        let long = ["--exec=", "--exec-batch="].iter().find_map(|option| text.strip_prefix(option));
        let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        // These letters have values of their own.
        let cluster = letters.and_then(|letters| letters.split_once(['x', 'X'])).filter(|(before, _)| {
            !before.is_empty() && !before.contains(['e', 'E', 't', 'S', 'd', 'c', 'j', 'o'])
        });
        let Some(first) = long.or(cluster.map(|(_, behind)| behind)) else { continue };
        let mut command: Vec<Word> = Vec::new();
        command.extend((!first.is_empty()).then(|| tail(word, first.len())));
        let behind = words.get(at.saturating_add(1)..).unwrap_or_default();
        command.extend(behind.iter().take_while(|word| word.text != ";").cloned());
        super::shells::replace(&mut command, "{");
        out.push(Inner::Words(command));
    }
}
