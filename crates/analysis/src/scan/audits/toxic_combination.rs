//! Private data, foreign texts and a way out, in one client.

use std::collections::BTreeMap;

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::known::{Can, of};
use crate::scan::package::packages;
use crate::scan::subject::Seat;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "toxic-combination",
    severity: Severity::High,
    title: "One agent has private data, texts of strangers and a way to send",
    page: "Among the servers of one client, without a policy before them, some read private data, some bring in texts that anybody may have written,
and some can send. Whoever writes such a text can have the private data sent out: the agent cannot tell instructions from data.

Take one of the three away from this client, or put a policy before the servers that asks before something is sent. Known servers are told by their package, others by the names of their tools where those were asked for
(`--tools`) or stand in a lock file (`--lock`).",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    let mut clients: Clients<'_> = BTreeMap::new();
    let loose = |seat: &Seat<'_>| seat.server.is_enabled && !seat.is_enforced();
    for (seat, command) in every_command(look).filter(|(seat, _)| loose(seat)) {
        for package in packages(&command) {
            let can = of(&package.name).map(|known| known.can).unwrap_or_default();
            can.iter().for_each(|can| note(&mut clients, seat, *can));
        }
    }
    for seat in look.subject.servers().filter(loose) {
        for tool in seat.offer().map(|offer| offer.tools.as_slice()).unwrap_or_default() {
            abilities(&tool.name).iter().for_each(|can| note(&mut clients, seat, *can));
        }
    }
    for can in clients.values() {
        let first = |ability: Can| can.get(&ability).and_then(|seats| seats.first());
        let (Some(private), Some(untrusted), Some(send)) =
            (first(Can::Private), first(Can::Untrusted), first(Can::Send))
        else {
            continue;
        };
        let [reads, brings, sends] = [private, untrusted, send].map(|seat| seat.server.name.as_str());
        let message = format!(
            "`{reads}` reads private data, `{brings}` brings in texts of strangers, `{sends}` can send"
        );
        let fix = "put a policy before them that asks before something is sent".to_owned();
        sink.add(said(*send, send.server.name_span.start, message, fix));
    }
}

/// By client, what its servers can do.
type Clients<'s> = BTreeMap<&'s str, BTreeMap<Can, Vec<Seat<'s>>>>;

fn note<'s>(clients: &mut Clients<'s>, seat: Seat<'s>, can: Can) {
    let seats = clients.entry(seat.config.client).or_default().entry(can).or_default();
    // One of them is named; the others change nothing.
    if seats.is_empty() {
        seats.push(seat);
    }
}

/// What a tool of that name can do, told by its words.
fn abilities(tool: &str) -> Vec<Can> {
    let lower = tool.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let mut can = Vec::new();
    if has(&["read", "get", "list", "query", "select", "search"])
        && has(&[
            "file",
            "files",
            "mail",
            "email",
            "emails",
            "message",
            "messages",
            "database",
            "sql",
            "table",
            "secret",
            "secrets",
            "contact",
            "contacts",
            "document",
            "documents",
        ])
    {
        can.push(Can::Private);
    }
    if has(&["fetch", "browse", "navigate", "scrape", "crawl"])
        || has(&["read", "get", "list", "search"])
            && has(&[
                "url", "web", "page", "issue", "issues", "mail", "email", "emails", "comment", "comments",
            ])
    {
        can.push(Can::Untrusted);
    }
    if has(&["send", "post", "publish", "upload", "fetch", "navigate", "webhook", "request", "tweet", "push"])
    {
        can.push(Can::Send);
    }
    can
}
