//! `tar`: options whose values are commands, also in the old style without a dash.

use super::options::read;
use super::{Inner, Known, Others, tail};
use crate::command::Word;

const KNOWN: Known = Known {
    short: "AcdrtuxWkUOSmpPjJzZvhaliBMRGnsowEb:C:f:F:g:H:I:K:L:N:T:V:X:",
    long: &[
        "checkpoint-action=",
        "directory=",
        "file=",
        "files-from=",
        "info-script=",
        "new-volume-script=",
        "rmt-command=",
        "rsh-command=",
        "to-command=",
        "use-compress-program=",
    ],
    others: Others::Flags,
};

pub(super) fn inner(words: &[Word], out: &mut Vec<Inner>) {
    let mut from = 1;
    for (letter, value) in old_style(words) {
        emit(letter.encode_utf8(&mut [0; 4]), &value, out);
    }
    while from < words.len() {
        let options = read(words, from, KNOWN);
        for (name, value) in &options.given {
            value.iter().for_each(|value| emit(name, value, out));
        }
        from = options.operands.saturating_add(1);
    }
}

fn emit(option: &str, value: &Word, out: &mut Vec<Inner>) {
    match option {
        "I"
        | "F"
        | "info-script"
        | "new-volume-script"
        | "rmt-command"
        | "rsh-command"
        | "to-command"
        | "use-compress-program" => out.push(Inner::Script(value.clone())),
        "checkpoint-action" => {
            if let Some(command) = value.text.strip_prefix("exec=") {
                out.push(Inner::Script(tail(value, command.len())));
            }
        }
        _ => {}
    }
}

/// `cfI archive program`: the values come behind all letters, in their order.
fn old_style(words: &[Word]) -> Vec<(char, Word)> {
    let Some(letters) = words.get(1).filter(|word| !word.text.starts_with('-')) else { return Vec::new() };
    let valued = |letter: &char| KNOWN.short.contains(&format!("{letter}:"));
    letters.text.chars().filter(valued).zip(words.iter().skip(2).cloned()).collect()
}
