//! The word that says what a program does: its subcommand.

use bailiwick_semantic::command::{Simple, Word};

use super::entry::named;
use super::flags::is_flag;
use crate::glob::Name;

/// Where a subcommand stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Nowhere,
    /// In a word that is not known.
    Anywhere,
    /// Before the argument of this index.
    Before(usize),
}

/// Finds one of `names` as the first word that is no flag, and where that may be a flag's value, as the next one.
///
/// What is not known counts only where it may decide: behind a first word that is known it is an operand.
pub(super) fn place(names: &[Name], simple: &Simple, certain: bool) -> Place {
    let mut flag: Option<&Word> = None;
    for (at, word) in simple.arguments().iter().enumerate() {
        let open = !certain && word.unknown.is_some();
        if is_flag(word) {
            if open && !word.is_one() {
                return Place::Anywhere;
            }
            flag = Some(word).filter(|word| !word.text.contains('='));
            continue;
        }
        if flag.is_some_and(|flag| takes_value(simple, flag)) && (!open || word.is_one()) {
            flag = None;
            continue;
        }
        if open || (!certain && word.glob) {
            return Place::Anywhere;
        }
        // Where only what is certain counts, a text that is not known is no name.
        let told = word.unknown.is_none() || !word.others.is_empty() || !word.text.starts_with('$');
        if told && named(names, word, true) {
            return Place::Before(at.saturating_add(1));
        }
        if flag.take().is_none() {
            return Place::Nowhere;
        }
    }
    Place::Nowhere
}

/// Flags before the subcommand that the next word belongs to.
const VALUED: &[(&[&str], &[&str])] = &[
    (&["git"], &["-C", "-c", "--git-dir", "--work-tree", "--namespace"]),
    (&["docker", "podman"], &["-H", "--host", "--config", "--context", "-l", "--log-level"]),
    (&["kubectl", "oc"], &["-n", "--namespace", "--context", "--kubeconfig", "--cluster"]),
    (&["npm", "pnpm"], &["-C", "--prefix", "--dir", "-w", "--workspace"]),
    (&["cargo"], &["-C", "--config"]),
];

fn takes_value(simple: &Simple, flag: &Word) -> bool {
    let text = flag.text.as_str();
    simple.names().all(|name| {
        VALUED.iter().any(|(programs, flags)| programs.contains(&name.as_str()) && flags.contains(&text))
    })
}
