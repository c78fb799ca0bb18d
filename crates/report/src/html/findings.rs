//! What a scan found, and what attacks came to.

use bailiwick_analysis::scan::{Finding, Severity};
use maud::{Markup, html};

use super::charts::{Part, legend, strip};
use super::{ROWS_MAX, more, tag, titled};
use crate::page::{Pack, Page};
use crate::text::{prose, shown};

pub(super) fn section(page: &Page) -> Markup {
    let findings = &page.findings.findings;
    let all = findings.len().saturating_add(page.findings.omitted);
    let content = html! {
        @if findings.is_empty() { p { "Nothing was found in what was looked at." } } @else {
            p.soft { code { "bailiwick explain CODE" } " says what a finding means." }
            table {
                thead { tr { th scope="col" { "Severity" } th scope="col" { "Finding" } th scope="col" { "What, and what to do" } } }
                tbody { @for finding in findings.iter().take(ROWS_MAX) { (row(finding)) } }
            }
            (more(all, "finding"))
        }
    };
    titled("findings", "Findings", &content)
}

fn row(finding: &Finding) -> Markup {
    let kind = match finding.severity {
        Severity::High => "bad",
        Severity::Medium => "warn",
        Severity::Low => "",
    };
    html! { tr {
        td { (tag(kind, finding.severity.as_str())) }
        td { b { (finding.code) } @if let Some(server) = &finding.server { br; (shown(server)) }
            br; code.soft { (shown(&finding.path)) ":" (finding.place.line) ":" (finding.place.column) } }
        td { (prose(&finding.message)) @if let Some(fix) = &finding.fix { br; span.fix { "To do: " (prose(fix)) } } }
    } }
}

pub(super) fn attacks(page: &Page) -> Markup {
    let content = html! { @match page.attacks.as_deref() {
        None => p { "No attack was replayed. Give " code { "--policy" } " to replay the bundled packs against it." },
        Some(packs) => {
            p { "Each pack holds calls that no agent should get through. They are decided by the policy; nothing is sent to a server." }
            (total(packs))
            table {
                thead { tr { th scope="col" { "Pack" } th scope="col" { "Outcome" } th.number scope="col" { "Denied" }
                    th.number scope="col" { "Asked about" } th.number scope="col" { "Passed" } th.number scope="col" { "Not exercised" } } }
                tbody { @for pack in packs.iter().take(ROWS_MAX) { (pack_row(pack)) } }
            }
            (passing(packs))
        }
    } };
    titled("attacks", "Attacks", &content)
}

fn numbers(pack: &Pack) -> [u64; 4] {
    [pack.denied, pack.asked, pack.passing.len(), pack.not_exercised]
        .map(|n| u64::try_from(n).unwrap_or(u64::MAX))
}

fn total(packs: &[Pack]) -> Markup {
    let mut all = [0_u64; 4];
    for pack in packs {
        for (sum, n) in all.iter_mut().zip(numbers(pack)) {
            *sum = sum.saturating_add(n);
        }
    }
    let [denied, asked, passed, idle] = all;
    // What passes is what hurts, so it has the mark of a denial elsewhere.
    legend(&[
        (Part::Allow, "denied", denied),
        (Part::Ask, "asked about", asked),
        (Part::Deny, "passed", passed),
        (Part::Never, "not exercised: the policy governs no server of their kind", idle),
    ])
}

fn pack_row(pack: &Pack) -> Markup {
    let [denied, asked, passed, idle] = numbers(pack);
    let most = denied.saturating_add(asked).saturating_add(passed).saturating_add(idle).max(1);
    let parts = [(Part::Allow, denied), (Part::Ask, asked), (Part::Deny, passed), (Part::Never, idle)];
    html! { tr {
        td { b { (shown(&pack.name)) } " "
            @if passed > 0 { (tag("bad", "passes")) } @else if pack.exercised() == 0 { (tag("", "not exercised")) } @else { (tag("good", "stopped")) } }
        td.bar { (strip(&parts, most)) }
        td.number data-label="Denied" { (denied) } td.number data-label="Asked about" { (asked) }
        td.number data-label="Passed" { (passed) } td.number data-label="Not exercised" { (idle) }
    } }
}

fn passing(packs: &[Pack]) -> Markup {
    let all: usize = packs.iter().map(|pack| pack.passing.len()).sum();
    let passing = packs.iter().flat_map(|pack| pack.passing.iter().map(move |attack| (pack, attack)));
    html! { @if all > 0 {
        table {
            caption { "Attacks that pass" }
            thead { tr { th scope="col" { "Attack" } th scope="col" { "Call" } th scope="col" { "Why it passes" } } }
            tbody { @for (pack, attack) in passing.take(ROWS_MAX) { tr {
                td { b { (shown(&attack.name)) } br; span.soft { (shown(&pack.name)) } }
                td { code { (shown(&attack.call)) } }
                td { (prose(&attack.why)) }
            } } }
        }
        (more(all, "attack"))
    } }
}
