//! Tools of one name on several servers.

use std::collections::BTreeMap;

use super::{Audit, Look, Severity, Sink, said};
use crate::scan::subject::Seat;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "same-tool-name",
    severity: Severity::Medium,
    title: "Two servers of a client offer a tool of the same name",
    page: "A model that sees two tools of one name picks by their descriptions, and a server can write its description so that its own is picked: the
call, with what it carries, goes to the wrong server. Rules that name the server (`files/read_file`) still tell them apart. Known only for
servers that were asked (`--tools`) or stand in a lock file (`--lock`).",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    let mut offered: BTreeMap<(&str, &str), Vec<Seat<'_>>> = BTreeMap::new();
    for seat in look.subject.servers().filter(|seat| seat.server.is_enabled) {
        for tool in seat.offer().map(|offer| offer.tools.as_slice()).unwrap_or_default() {
            let seats = offered.entry((seat.config.client, &tool.name)).or_default();
            if seats.iter().all(|other| other.server.name != seat.server.name) {
                seats.push(seat);
            }
        }
    }
    for ((_, tool), seats) in offered {
        let Some((first, others)) = seats.split_first() else { continue };
        for seat in others {
            let message = format!("its tool `{tool}` is also offered by `{}`", first.server.name);
            sink.add(said(*seat, seat.server.name_span.start, message, None));
        }
    }
}
