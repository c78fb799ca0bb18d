//! Tools that do what cannot be undone.

use super::{Audit, Look, Severity, Sink, said};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "dangerous-tool",
    severity: Severity::Medium,
    title: "A tool that cannot be undone is there without a policy",
    page: "By its name the tool runs commands, deletes, pays, writes to a database or speaks in your name, and no policy stands before its server. Put
one there with an `ask` or `deny` rule for it. Known only for servers that were asked (`--tools`) or stand in
a lock file (`--lock`); a name is the server's own claim.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for seat in look.subject.servers().filter(|seat| seat.server.is_enabled && !seat.is_enforced()) {
        for tool in seat.offer().map(|offer| offer.tools.as_slice()).unwrap_or_default() {
            if let Some(what) = danger(&tool.name) {
                let message = format!("its tool `{}` {what}", tool.name);
                let fix = format!("an `ask` or `deny` rule on `{}/{}`", seat.server.name, tool.name);
                sink.add(said(seat, seat.server.name_span.start, message, fix));
            }
        }
    }
}

/// What a tool of that name seems to do, if that cannot be undone.
#[must_use]
pub fn danger(tool: &str) -> Option<&'static str> {
    let words = words(tool);
    let has = |list: &[&str]| list.iter().any(|word| words.iter().any(|own| own == word));
    let kinds: [(&[&str], &str); 5] = [
        (
            &[
                "exec",
                "execute",
                "shell",
                "bash",
                "run",
                "eval",
                "command",
                "terminal",
                "spawn",
                "subprocess",
            ],
            "runs commands",
        ),
        (&["delete", "remove", "drop", "truncate", "destroy", "purge", "wipe", "rm", "unlink"], "deletes"),
        (
            &["pay", "payment", "refund", "transfer", "charge", "purchase", "checkout", "payout"],
            "moves money",
        ),
        (&["insert", "update", "upsert", "migrate", "migration"], "writes to a store"),
        (
            &["send", "post", "publish", "tweet", "merge", "push", "deploy", "release", "invite"],
            "speaks or acts in your name",
        ),
    ];
    kinds.iter().find(|(list, _)| has(list)).map(|(_, what)| *what)
}

/// The words of `read_file`, `readFile` and `read-file`.
pub(crate) fn words(tool: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_small = false;
    for c in tool.chars() {
        let starts = c.is_uppercase() && before_small || !c.is_alphanumeric();
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before_small = c.is_lowercase() || c.is_ascii_digit();
    }
    words
}
