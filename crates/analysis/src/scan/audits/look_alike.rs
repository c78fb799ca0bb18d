//! Packages whose name is nearly that of a well-known server.

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::known::{BAD, KNOWN, of, plain};
use crate::scan::package::{Registry, packages};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "look-alike-package",
    severity: Severity::High,
    title: "A package whose name is nearly that of a well-known server",
    page: "The name differs by a letter or two, or by its scope, from that of a server that many people use. Names like that are
registered to be installed by mistake. Compare it with the server's own documentation, letter by letter, and write the right one. If it is
meant, there is nothing to do but to know it; a policy and a lock file hold it to what it offers today.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look) {
        for package in packages(&command) {
            let name = plain(&package.name);
            let registry = matches!(package.registry, Registry::Npm | Registry::Pypi | Registry::Image);
            if !registry || of(&name).is_some() || BAD.iter().any(|bad| bad.name == name) {
                continue;
            }
            if let Some(other) = KNOWN.iter().map(|known| known.name).find(|other| is_like(&name, other)) {
                let message = format!("`{name}` is not `{other}`, which it looks like");
                sink.add(said(
                    seat,
                    package.at,
                    message,
                    format!("write `{other}`, or make sure that `{name}` is meant"),
                ));
            }
        }
    }
}

fn is_like(name: &str, other: &str) -> bool {
    let (own_scope, own) = split(name);
    let (their_scope, their) = split(other);
    // `server-filesystem` without its scope is somebody else's; short names are everybody's.
    if own == their && own_scope != their_scope {
        return own.len() >= DISTINCT_LENGTH && own.starts_with("server-");
    }
    let most = if other.len() >= LONG_LENGTH { 2 } else { 1 };
    let near = other.len() >= DISTINCT_LENGTH && name.len().abs_diff(other.len()) <= most;
    near && strsim::osa_distance(name, other) <= most && !differ_by_number(name, other)
}

/// Shorter names are near to many others.
const DISTINCT_LENGTH: usize = 9;
/// From here on two letters may differ.
const LONG_LENGTH: usize = 20;

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// `x-mcp2` is a second one of its author, not a slip.
fn differ_by_number(name: &str, other: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(name) == letters(other)
}
