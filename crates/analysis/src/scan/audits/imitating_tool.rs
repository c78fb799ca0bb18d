//! Tools whose names are drawn like those of another server's tools.

use std::collections::BTreeMap;

use bailiwick_guard::{imitates, outline};

use super::{Audit, Look, Severity, Sink, said};
use crate::scan::subject::Seat;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "look-alike-tool",
    severity: Severity::High,
    title: "A tool's name is drawn like that of another server's tool",
    page: "The names differ only in letters that look the same (`read_fi1e`, a Cyrillic letter, a character without width). A person who reads them sees
one tool, and a model may call the one for the other. People do not spell names so: of the two servers do not use the one whose name is
not in plain letters. A gateway judges definitions in the same way (`tool-poisoning/look-alike`). Known only for servers that were asked
(`--tools`) or stand in a lock file (`--lock`).",
    run,
};

/// Names of one outline that a name is compared with.
const COMPARED_MAX: usize = 64;

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    let mut drawn: BTreeMap<(&str, String), Vec<(&str, Seat<'_>)>> = BTreeMap::new();
    for seat in look.subject.servers().filter(|seat| seat.server.is_enabled) {
        for tool in seat.offer().map(|offer| offer.tools.as_slice()).unwrap_or_default() {
            let alike = drawn.entry((seat.config.client, outline(&tool.name))).or_default();
            let other = alike
                .iter()
                .take(COMPARED_MAX)
                .find(|(name, other)| other.server.name != seat.server.name && imitates(&tool.name, &[name]));
            if let Some((name, other)) = other {
                let message =
                    format!("its tool `{}` looks like `{name}` of `{}`", tool.name, other.server.name);
                sink.add(said(seat, seat.server.name_span.start, message, None));
            }
            alike.push((&tool.name, seat));
        }
    }
}
