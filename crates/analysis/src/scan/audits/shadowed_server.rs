//! One name, several servers.

use std::collections::BTreeMap;

use super::{Audit, Look, Severity, Sink, said};
use crate::scan::subject::Seat;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "shadowed-server",
    severity: Severity::Medium,
    title: "A client has two different servers of one name",
    page: "The same name stands in two configurations of a client, or twice in one, with different commands. Which of them runs depends on the
client's order of precedence; a project that you open can put its server in the place of yours, and inherit the trust that the name
has. Give one of them another name.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    let mut named: BTreeMap<(&str, &str), Vec<Seat<'_>>> = BTreeMap::new();
    for seat in look.subject.servers() {
        named.entry((seat.config.client, &seat.server.name)).or_default().push(seat);
    }
    for seats in named.values() {
        for (at, seat) in seats.iter().enumerate() {
            let earlier =
                seats.iter().take(at).find(|other| !is_same(**other, *seat) && overlap(**other, *seat));
            if let Some(other) = earlier {
                let where_else = if other.file == seat.file { "the same file" } else { other.config.path };
                let message = format!("a different server of the same name stands in {where_else}");
                sink.add(said(
                    *seat,
                    seat.server.name_span.start,
                    message,
                    "give one of them another name".to_owned(),
                ));
            }
        }
    }
}

fn is_same(one: Seat<'_>, other: Seat<'_>) -> bool {
    let words = |seat: Seat<'_>| seat.words().iter().map(|word| word.text.clone()).collect::<Vec<_>>();
    let url = |seat: Seat<'_>| match &seat.server.launch {
        bailiwick_clients::config::Launch::Remote { url, .. } => Some(url.text.clone()),
        bailiwick_clients::config::Launch::Stdio(_) => None,
    };
    words(one) == words(other) && url(one) == url(other)
}

/// Servers of two projects in one file never run together.
fn overlap(one: Seat<'_>, other: Seat<'_>) -> bool {
    one.file != other.file || one.server.container == other.server.container
}
