//! Programs that others can change.

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "exposed-command",
    severity: Severity::High,
    title: "Others on this machine can change a server's program",
    page: "The program that the client launches, or the folder it lies in, may be written by everybody (`/tmp`, a shared folder). Who replaces it
runs with your rights. Move it to a folder of your own and `chmod o-w` it.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers() {
        let Some(exposed) = seat.config.facts.get(seat.index).and_then(|facts| facts.exposed.as_ref()) else {
            continue;
        };
        let at = seat.words().first().map_or(seat.server.span.start, |word| word.span.start);
        let message = format!("everybody on this machine can change `{exposed}`");
        sink.add(said(seat, at, message, "move it to a folder of your own".to_owned()));
    }
}
