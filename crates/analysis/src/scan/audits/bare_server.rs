//! Servers that no policy stands before.

use bailiwick_clients::config::Launch;

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "bare-server",
    severity: Severity::Low,
    title: "No policy stands before a server",
    page: "The client launches the server, or reaches it, without Bailiwick between them: no rule is asked, nothing is recorded, and a changed tool
is not noticed. `bailiwick enforce --client ID --policy FILE` puts a policy before the servers that a client launches, and `--stop` takes it away
again. A server that is reached over the network is covered by a bridge, unless the client signs in to it by itself.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers().filter(|seat| seat.server.is_enabled && !seat.is_enforced()) {
        let message = match &seat.server.launch {
            Launch::Remote { .. } => "it is reached over the network, and no policy stands before it",
            Launch::Stdio(_) => "no policy stands before it",
        };
        let fix = format!("bailiwick enforce --client {} --policy FILE", seat.config.client);
        sink.add(said(seat, seat.server.name_span.start, message.to_owned(), fix));
    }
}
