//! What servers tell the model about themselves.

use bailiwick_guard::Guard;

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "poisoned-text",
    severity: Severity::High,
    title: "A tool's description speaks to the model instead of describing",
    page: "The guards found an instruction to the model, or characters that a person does not see, in the name, title or description of a tool or of
its arguments, or in the server's instructions. A model reads them as if its user had written them, in every session, even when the
tool is never called. Do not use the server until somebody has read the whole text; `docs/reference/guards.md` says what the guards
look for. Known only for servers that were asked (`--tools`).",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers() {
        let Some(offer) = seat.offer() else { continue };
        let instructions =
            offer.instructions.iter().map(|text| ("the server's instructions".to_owned(), text));
        let tools = offer.tools.iter().flat_map(|tool| {
            std::iter::once(&tool.name)
                .chain(&tool.texts)
                .map(|text| (format!("the tool `{}`", tool.name), text))
        });
        for (whose, text) in instructions.chain(tools) {
            let mut findings = Vec::new();
            for guard in [Guard::Injection, Guard::HiddenText] {
                // What lies beyond the guard's bound is longer than any description that a client shows a model.
                let _ = look.scanner.scan(guard, text, &mut findings);
            }
            if let Some(finding) = findings.first() {
                let message = format!("in {whose}: {} ({})", finding.message, finding.code);
                sink.add(said(seat, seat.server.name_span.start, message, None));
            }
        }
    }
}
