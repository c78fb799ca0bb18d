//! Variables in an entry that would decide over the policy before its server.

use bailiwick_clients::wrap::{State, undoing};

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "undone-policy",
    severity: Severity::High,
    title: "An entry's variables would undo the policy before its server",
    page: "The environment that a client's entry sets reaches Bailiwick before it reaches the server. `BAILIWICK_MODE=observe` would let everything
through, `HOME` would move what `~` means in rules and where the audit log lies, `LD_PRELOAD` would put other code into the
process that decides. A project that you clone can bring such an entry. Take the variable out of it: `enforce` refuses it, and `status`
does not call it enforced.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers() {
        let Some(name) = undoing(seat.server) else { continue };
        // Anybody may set HOME for a server of their own; before ours it is another matter.
        let is_before_ours = State::of_words(seat.server) != State::Bare;
        if is_before_ours || name.to_ascii_uppercase().starts_with("BAILIWICK_") {
            let at = seat.server.environment.iter().find(|setting| setting.name == name);
            let at = at.map_or(seat.server.span.start, |setting| setting.value.span.start);
            let message = format!("its entry sets `{name}`, which would decide over the policy before it");
            sink.add(said(seat, at, message, format!("take `{name}` out of the entry")));
        }
    }
}
