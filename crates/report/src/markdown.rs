//! For a pull request, or `$GITHUB_STEP_SUMMARY`: the numbers first, then what is wrong.

use bailiwick_analysis::render::{Inspected, cell, markdown as findings};

use crate::issues::issues;
use crate::page::{Page, Standing, Trust};

/// The report as Markdown.
#[must_use]
pub fn markdown(page: &Page) -> String {
    let enforced = page.servers.iter().filter(|server| server.standing == Standing::Enforced).count();
    let listed = page.servers.iter().filter(|server| server.standing != Standing::Unlisted).count();
    let mut rows = vec![("servers under a policy", format!("{enforced} of {listed}"))];
    if let Some(packs) = &page.attacks {
        let exercised: usize = packs.iter().map(crate::page::Pack::exercised).sum();
        let passing: usize = packs.iter().map(|pack| pack.passing.len()).sum();
        let idle: usize = packs.iter().map(|pack| pack.not_exercised).sum();
        let stopped = exercised.saturating_sub(passing);
        rows.push(("replayed attacks stopped", format!("{stopped} of {exercised}, {idle} not exercised")));
    }
    if let Some(drift) = &page.drift {
        rows.push(("differences from the lock", drift.len().to_string()));
    }
    let sum = |of: fn(&crate::page::Slice) -> u64| page.timeline.iter().map(of).fold(0, u64::saturating_add);
    let (allowed, asked, denied) =
        (sum(|slice| slice.allowed), sum(|slice| slice.asked), sum(|slice| slice.denied));
    rows.push(("decisions", format!("{allowed} allowed, {asked} asked about, {denied} denied")));
    let unseen = page.tools.iter().filter(|tool| tool.calls() == 0).count();
    rows.push(("tools never seen in use", format!("{unseen} of {}", page.tools.len())));
    let verified = page.logs.iter().filter(|log| log.trust != Trust::Broken).count();
    rows.push(("audit logs verified", format!("{verified} of {}", page.logs.len())));
    let mut out = String::from("# Bailiwick report\n\n| | |\n|---|---|\n");
    for (name, value) in rows {
        out.push_str(&format!("| {name} | {} |\n", cell(&value)));
    }
    let inspected = Inspected {
        files: page.files,
        servers: page.servers.len(),
        not_inspected: page.not_inspected.clone(),
    };
    out.push('\n');
    out.push_str(&findings(&issues(page), &inspected).replacen("## bailiwick scan", "## Findings", 1));
    out
}
