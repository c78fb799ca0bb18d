//! Secrets that stand in a configuration.

use bailiwick_guard::Guard;

use super::{Audit, Look, Severity, Sink, said};
use crate::scan::subject::Seat;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "plain-secret",
    severity: Severity::High,
    title: "A secret stands in the configuration",
    page: "A token, key or password is written out in an environment, a header, an argument or an address. Configurations are synchronised,
committed, backed up, shown on screens and read by every program of the user.

Refer to it instead, in the client's own way (`${env:NAME}`, `${input:name}`, `bearer_token_env_var`), or let a program fetch it from a
password store. Then change the secret: it has been lying about. Reports never hold any of it.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers() {
        let settings = seat.server.environment.iter().chain(&seat.server.headers);
        for setting in settings {
            let value = setting.value.text.as_str();
            if seat.config.dialect.is_reference(strip_scheme(value)) || value.is_empty() {
                continue;
            }
            if let Some(what) = secret(look, &setting.name, value) {
                let message = format!("`{}` holds a {what}", setting.name);
                sink.add(said(seat, setting.value.span.start, message, advice(seat, &setting.name)));
            }
        }
        let words = seat.words();
        for (at, word) in words.iter().enumerate() {
            let before =
                at.checked_sub(1).and_then(|before| words.get(before)).map(|word| word.text.as_str());
            let flag = before.filter(|before| before.starts_with('-') && !before.contains('='));
            let found = secret(look, flag.unwrap_or_default(), &word.text);
            if let Some(what) = found.filter(|_| !seat.config.dialect.is_reference(&word.text)) {
                let message =
                    format!("an argument holds a {what}, which every process on the machine can read");
                sink.add(said(seat, word.span.start, message, advice(seat, "NAME")));
            }
        }
        if let bailiwick_clients::config::Launch::Remote { url, .. } = &seat.server.launch
            && let Some(what) = secret(look, "", &url.text)
        {
            let message = format!("the address holds a {what}");
            sink.add(said(seat, url.span.start, message, advice(seat, "NAME")));
        }
    }
}

/// What kind of secret `name` and `value` make, if they make one.
fn secret(look: &Look<'_>, name: &str, value: &str) -> Option<&'static str> {
    let mut findings = Vec::new();
    // Only the first is told; a text beyond the guard's bound is no value that a client would take.
    let _ = look.scanner.scan(Guard::Secrets, value, &mut findings);
    if findings.is_empty() && !name.is_empty() {
        let text = format!("{}={value}", name.trim_start_matches('-'));
        let _ = look.scanner.scan(Guard::Secrets, &text, &mut findings);
        findings.retain(|finding| finding.span.end > text.len().saturating_sub(value.len()));
    }
    findings.first().map(|finding| finding.message)
}

/// `Bearer ${env:TOKEN}` refers to a secret as well.
fn strip_scheme(value: &str) -> &str {
    ["Bearer ", "Basic ", "token ", "bearer "]
        .iter()
        .find_map(|scheme| value.strip_prefix(scheme))
        .unwrap_or(value)
}

fn advice(seat: Seat<'_>, name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let shape = seat.config.dialect.references.iter().find(|reference| reference.contains('*'));
    match shape {
        Some(shape) => format!("write `{}` and change the secret", shape.replacen('*', &plain, 1)),
        None => "set it in the environment that the client is started in, and change the secret".to_owned(),
    }
}
