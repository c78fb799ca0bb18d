//! Which cases cannot be played over HTTP, and why.

use crate::client::is_modern;
use bailiwick_testkit::cases::{Case, Deed, Delivery, Way};

/// Cases of 2026-07-28 in which a request comes before the last one was answered.
const OPEN_AT_ONCE: [&str; 4] =
    ["call-before-any-list-modern", "capabilities-stripped-modern", "resource-listen", "tasks-modern"];

/// Why a case has no meaning over HTTP, or is shown elsewhere.
pub(crate) fn left_out(case: &Case, delivery: Delivery) -> Option<String> {
    if case.refuses.is_some() {
        return None;
    }
    let whole = case.engine_only.clone().or(case.stdio_only.clone());
    if whole.is_some() {
        return whole;
    }
    let reason = by_its_lines(case).or_else(|| match delivery {
        Delivery::Stdio => behind_standard_streams(case),
        Delivery::Json | Delivery::Chunks | Delivery::Event | Delivery::Pieces => over_http(case),
    });
    reason.map(str::to_owned)
}

fn lines(case: &Case) -> impl Iterator<Item = String> {
    case.steps.iter().filter_map(|step| match &step.deed {
        Deed::Say { way: Way::ToServer, line } => Some(String::from_utf8_lossy(line).into_owned()),
        _ => None,
    })
}

/// True if all its requests are of 2026-07-28.
pub(crate) fn is_of_no_session(case: &Case) -> bool {
    lines(case).next().is_some_and(|line| is_modern(&line))
}

fn by_its_lines(case: &Case) -> Option<&'static str> {
    let lines = || lines(case);
    let first = lines().next().unwrap_or_default();
    if lines().any(|line| is_modern(&line) && !line.contains("io.modelcontextprotocol/clientCapabilities")) {
        return Some("over HTTP a request without its client's capabilities is none; see `gateway_http.rs`");
    }
    let modern = lines().filter(|line| is_modern(line)).count();
    if modern == 0 && (!first.contains("\"initialize\"") || first.starts_with('[')) {
        return Some("a session begins with `initialize`");
    }
    if modern > 0 && modern < lines().count() {
        return Some("messages of one exchange cannot be of both eras");
    }
    let limit = case.limits.iter().find(|(name, _)| name == "max-message-bytes").map(|(_, limit)| *limit);
    if lines().any(|line| line.len() as u64 > limit.unwrap_or(4 << 20)) {
        return Some("a body above the limit is 413; see `gateway_http.rs`");
    }
    let odd = |line: String| line.trim().is_empty() || line.contains(['\n', '\r']);
    lines().any(odd).then_some("it is about lines")
}

fn behind_standard_streams(case: &Case) -> Option<&'static str> {
    OPEN_AT_ONCE
        .contains(&case.name.as_str())
        .then_some("exchanges that are open at once have a process each, and the test speaks for one")
}

/// Cases of 2026-07-28 in which the server speaks while nobody asks.
const UNASKED: [&str; 1] = ["modern-server-sends-no-requests"];

fn over_http(case: &Case) -> Option<&'static str> {
    if UNASKED.contains(&case.name.as_str()) {
        return Some("outside of a session there is no stream but that of a request");
    }
    let ends = case.steps.iter().any(|step| step.deed == Deed::ServerEnds);
    ends.then_some("a server over HTTP has no end; broken streams are in `gateway/faults.rs`")
}
