//! The first look, and the last: what matters in numbers, and what was not looked at.

use bailiwick_analysis::scan::Severity;
use maud::{Markup, html};

use super::{ROWS_MAX, charts, more, titled};
use crate::page::{Page, Standing, Trust};
use crate::text::{count, prose, shown};

pub(super) fn tiles(page: &Page) -> Markup {
    html! {
        (charts::patterns())
        ul.tiles { @for (kind, number, words) in all(page) { li class={ "tile " (kind) } { b { (number) } span { (words) } } } }
    }
}

/// Kind, number and words of each.
fn all(page: &Page) -> Vec<(&'static str, String, String)> {
    let (high, medium, low) = (
        page.findings.count(Severity::High),
        page.findings.count(Severity::Medium),
        page.findings.count(Severity::Low),
    );
    let listed = page.servers.iter().filter(|server| server.standing != Standing::Unlisted).count();
    let enforced = page.servers.iter().filter(|server| server.standing == Standing::Enforced).count();
    let finding_kind = if high > 0 {
        "bad"
    } else if medium > 0 {
        "warn"
    } else {
        "good"
    };
    let mut tiles = vec![
        (finding_kind, high.to_string(), format!("high findings, {medium} medium, {low} low")),
        (
            if enforced == listed && listed > 0 { "good" } else { "warn" },
            format!("{enforced} of {listed}"),
            "servers under a policy".to_owned(),
        ),
    ];
    tiles.push(match &page.attacks {
        None => ("", "–".to_owned(), "attacks: not replayed".to_owned()),
        Some(packs) => {
            let exercised: usize = packs.iter().map(crate::page::Pack::exercised).sum();
            let passing: usize = packs.iter().map(|pack| pack.passing.len()).sum();
            let stopped = exercised.saturating_sub(passing);
            let kind = if passing > 0 {
                "bad"
            } else if exercised > 0 {
                "good"
            } else {
                "warn"
            };
            (kind, format!("{stopped} of {exercised}"), "replayed attacks stopped".to_owned())
        }
    });
    tiles.push(match &page.drift {
        None => ("", "–".to_owned(), "drift: nothing is locked".to_owned()),
        Some(drift) if drift.is_empty() => ("good", "0".to_owned(), "differences from the lock".to_owned()),
        Some(drift) => ("bad", drift.len().to_string(), "differences from the lock".to_owned()),
    });
    let denied: u64 = page.timeline.iter().map(|slice| slice.denied).fold(0, u64::saturating_add);
    tiles.push(("", denied.to_string(), "decisions were a denial".to_owned()));
    let verified = page.logs.iter().filter(|log| log.trust != Trust::Broken).count();
    tiles.push(match page.logs.len() {
        0 => ("", "–".to_owned(), "no audit log was looked at".to_owned()),
        logs => {
            let kind = if verified == logs { "good" } else { "bad" };
            (kind, format!("{verified} of {logs}"), "audit logs verified".to_owned())
        }
    });
    let unseen = page.tools.iter().filter(|tool| tool.calls() == 0).count();
    tiles.push(("", format!("{unseen} of {}", page.tools.len()), "known tools never used".to_owned()));
    let left = page.not_inspected.len();
    tiles.push((if left > 0 { "warn" } else { "good" }, left.to_string(), "things not looked at".to_owned()));
    tiles
}

pub(super) fn not_inspected(page: &Page) -> Markup {
    let all = &page.not_inspected;
    let content = html! {
        @if all.is_empty() { p { "Nothing was left out." } } @else {
            p { "Nothing here is called clean that was not looked at. "
                (count(all.len(), "thing")) " left out:" }
            ul.plain { @for (what, why) in all.iter().take(ROWS_MAX) { li { code { (shown(what)) } ": " (prose(why)) } } }
            (more(all.len(), "thing"))
        }
    };
    titled("not-inspected", "Not looked at", &content)
}
