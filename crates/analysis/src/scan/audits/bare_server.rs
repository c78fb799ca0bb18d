//! Servers that no policy stands before.

use bailiwick_clients::config::Launch;

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "bare-server",
    severity: Severity::Low,
    title: "No policy stands before a server",
    page: "The client launches the server, or reaches it, without Bailiwick between them: no rule is asked, nothing is recorded, and a changed tool
is not noticed. `bailiwick enforce --client ID --policy FILE` puts a policy before the servers that a client launches, and `--stop` takes it away
again. Servers that are reached over the network cannot be wrapped that way.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers().filter(|seat| seat.server.is_enabled && !seat.is_enforced()) {
        let (message, fix) = match &seat.server.launch {
            Launch::Remote { .. } => {
                ("it is reached over the network, and no policy stands before it".to_owned(), None)
            }
            Launch::Stdio(_) => {
                let fix = format!("bailiwick enforce --client {} --policy FILE", seat.config.client);
                ("no policy stands before it".to_owned(), Some(fix))
            }
        };
        sink.add(said(seat, seat.server.name_span.start, message, fix));
    }
}
