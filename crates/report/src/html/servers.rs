//! Risk by server, and what changed about servers.

use bailiwick_analysis::scan::Severity;
use maud::{Markup, html};

use super::charts::{Part, legend, strip};
use super::{ROWS_MAX, more, tag, titled};
use crate::page::{Page, Server, Standing};
use crate::text::{prose, shown, when};

/// Findings of one server, and what they weigh.
#[derive(Debug, Clone, Copy)]
struct Risk {
    high: u64,
    medium: u64,
    low: u64,
}

impl Risk {
    fn of(page: &Page, server: &Server) -> Risk {
        let own = page.findings.findings.iter().filter(|finding| {
            finding.client == server.client && finding.server.as_deref() == Some(server.name.as_str())
        });
        own.fold(Risk { high: 0, medium: 0, low: 0 }, |mut risk, finding| {
            let slot = match finding.severity {
                Severity::High => &mut risk.high,
                Severity::Medium => &mut risk.medium,
                Severity::Low => &mut risk.low,
            };
            *slot = slot.saturating_add(1);
            risk
        })
    }

    fn weight(self) -> u64 {
        let (high, medium) = (self.high.saturating_mul(HIGH), self.medium.saturating_mul(MEDIUM));
        high.saturating_add(medium).saturating_add(self.low.saturating_mul(LOW))
    }
}

/// What a finding of each severity weighs.
const HIGH: u64 = 25;
const MEDIUM: u64 = 10;
const LOW: u64 = 3;

pub(super) fn section(page: &Page) -> Markup {
    let mut rows: Vec<(&Server, Risk)> =
        page.servers.iter().map(|server| (server, Risk::of(page, server))).collect();
    rows.sort_by_key(|(_, risk)| std::cmp::Reverse(risk.weight()));
    let most = rows.iter().map(|(_, risk)| risk.weight()).max().unwrap_or(0).max(1);
    let sum = |of: fn(&Risk) -> u64| rows.iter().map(|(_, risk)| of(risk)).fold(0, u64::saturating_add);
    let content = html! {
        @if rows.is_empty() { p { "No server was found." } } @else {
            p.soft { "Weight of the findings: " (HIGH) " for a high one, " (MEDIUM) " for a medium one, " (LOW) " for a low one." }
            (legend(&[(Part::Deny, "high", sum(|risk| risk.high)), (Part::Ask, "medium", sum(|risk| risk.medium)), (Part::Allow, "low", sum(|risk| risk.low))]))
            table {
                thead { tr { th scope="col" { "Server" } th scope="col" { "State" } th scope="col" { "Risk" }
                    th.number scope="col" { "Weight" } th.number scope="col" { "High" } th.number scope="col" { "Medium" } th.number scope="col" { "Low" } } }
                tbody { @for (server, risk) in rows.iter().take(ROWS_MAX) { (row(server, *risk, most)) } }
            }
            (more(rows.len(), "server"))
        }
    };
    titled("servers", "Risk by server", &content)
}

fn row(server: &Server, risk: Risk, most: u64) -> Markup {
    let parts = [
        (Part::Deny, risk.high.saturating_mul(HIGH)),
        (Part::Ask, risk.medium.saturating_mul(MEDIUM)),
        (Part::Allow, risk.low.saturating_mul(LOW)),
    ];
    let kind = match server.standing {
        Standing::Enforced => "good",
        Standing::Recorded | Standing::Unlisted => "",
        Standing::Bare => "warn",
    };
    html! {
        tr {
            td { b { (shown(&server.name)) } @if !server.client.is_empty() { br; span.soft { (shown(&server.client)) } } }
            td data-label="State" { (tag(kind, server.standing.as_str()))
                @for policy in &server.policies { br; code { (shown(policy)) } } }
            td.bar.empty[risk.weight() == 0] { (strip(&parts, most)) }
            td.number data-label="Weight" { (risk.weight()) }
            td.number data-label="High" { (risk.high) } td.number data-label="Medium" { (risk.medium) } td.number data-label="Low" { (risk.low) }
        }
    }
}

pub(super) fn drift(page: &Page) -> Markup {
    let content = html! { @match page.drift.as_deref() {
        None => p { "There was no lock file to compare with, and no run saw a difference. " code { "bailiwick lock" } " makes one." },
        Some([]) => p { "What was compared is as it was locked." },
        Some(drift) => {
            table {
                thead { tr { th scope="col" { "Server" } th scope="col" { "What differs" } th scope="col" { "Seen" } } }
                tbody { @for drift in drift.iter().take(ROWS_MAX) { tr {
                    td { b { (shown(&drift.server)) } }
                    td data-label="What" { (prose(&drift.what)) }
                    td data-label="Seen" { @match &drift.at { Some(at) => (when(at)), None => "in the files" } }
                } } }
            }
            (more(drift.len(), "difference"))
        }
    } };
    titled("drift", "Drift", &content)
}
