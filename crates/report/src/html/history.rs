//! What was decided: over time, by tool, by people, and how far the logs can be believed.

use maud::{Markup, html};

use super::charts::{Part, legend, strip, timeline as picture};
use super::{ROWS_MAX, more, tag, titled};
use crate::page::{Page, Tool, Trust};
use crate::text::{prose, shown, when};

pub(super) fn timeline(page: &Page) -> Markup {
    let content = html! {
        @if page.timeline.is_empty() { p { "No decision is recorded in what was looked at." } } @else { (picture(&page.timeline)) }
    };
    titled("timeline", "Decisions over time", &content)
}

pub(super) fn tools(page: &Page) -> Markup {
    let most = page.tools.iter().map(Tool::calls).max().unwrap_or(0).max(1);
    let sum = |of: fn(&Tool) -> u64| page.tools.iter().map(of).fold(0, u64::saturating_add);
    let unseen = page.tools.iter().filter(|tool| tool.calls() == 0).count();
    // What was used is read first.
    let mut rows: Vec<&Tool> = page.tools.iter().collect();
    rows.sort_by_key(|tool| std::cmp::Reverse(tool.calls()));
    let content = html! {
        @if page.tools.is_empty() { p { "No tool is known: nothing is locked, and no call is recorded." } } @else {
            p.soft { "Calls as they were decided. " (unseen) " of " (page.tools.len())
                " known tools were never seen in use: whatever allows them is more than was needed." }
            (legend(&[(Part::Allow, "allowed", sum(|tool| tool.allowed)), (Part::Ask, "asked about", sum(|tool| tool.asked)), (Part::Deny, "denied", sum(|tool| tool.denied))]))
            table {
                thead { tr { th scope="col" { "Tool" } th scope="col" { "State" } th scope="col" { "Calls" } th.number scope="col" { "Allowed" }
                    th.number scope="col" { "Asked" } th.number scope="col" { "Denied" } th.number scope="col" { "Failed" } } }
                tbody { @for tool in rows.into_iter().take(ROWS_MAX) { (tool_row(tool, most)) } }
            }
            (more(page.tools.len(), "tool"))
        }
    };
    titled("tools", "Tools, used and unused", &content)
}

fn tool_row(tool: &Tool, most: u64) -> Markup {
    let parts = [(Part::Allow, tool.allowed), (Part::Ask, tool.asked), (Part::Deny, tool.denied)];
    let kind = match tool.state() {
        "used" => "good",
        "never seen" => "",
        _ => "warn",
    };
    let idle = tool.calls() == 0;
    html! { tr {
        td { b { (shown(&tool.name)) } br; span.soft { (shown(&tool.server)) } }
        td data-label="State" { (tag(kind, tool.state())) @if !tool.is_locked { br; span.soft { "not in the lock" } } }
        td.bar.empty[idle] { (strip(&parts, most)) }
        td.number.empty[idle] data-label="Allowed" { (tool.allowed) } td.number.empty[idle] data-label="Asked" { (tool.asked) }
        td.number.empty[idle] data-label="Denied" { (tool.denied) } td.number.empty[idle] data-label="Failed" { (tool.failed) }
    } }
}

pub(super) fn approvals(page: &Page) -> Markup {
    let all = &page.approvals;
    let approved = all.iter().filter(|approval| approval.is_approved).count();
    let content = html! {
        @if all.is_empty() { p { "No question to a person is recorded in what was looked at." } } @else {
            p { (crate::text::count(all.len(), "answer")) " recorded, " (approved) " approved." }
            table {
                thead { tr { th scope="col" { "When" } th scope="col" { "Tool" } th scope="col" { "Answer" } th scope="col" { "In words" } } }
                tbody { @for approval in all.iter().rev().take(ROWS_MAX) { tr {
                    td { (when(&approval.at)) }
                    td { b { (shown(&approval.tool)) } br; span.soft { (shown(&approval.server)) } }
                    td { @if approval.is_approved { (tag("good", "approved")) } @else { (tag("bad", "not approved")) } }
                    td { (prose(&approval.why)) }
                } } }
            }
            (more(all.len(), "answer"))
        }
    };
    titled("approvals", "Approvals", &content)
}

pub(super) fn logs(page: &Page) -> Markup {
    let content = html! {
        @if page.logs.is_empty() { p { "No audit log was looked at." } } @else {
            table {
                thead { tr { th scope="col" { "Log" } th scope="col" { "State" } th.number scope="col" { "Records" } th scope="col" { "What the check says" } } }
                tbody { @for log in page.logs.iter().take(ROWS_MAX) { tr {
                    td { code { (shown(&log.path)) }
                        @if let (Some(from), Some(to)) = (&log.from, &log.to) { br; span.soft { (when(from)) " to " (when(to)) } } }
                    td data-label="State" { (tag(match log.trust { Trust::Verified => "good", Trust::Warned => "warn", Trust::Broken => "bad" }, log.trust.as_str())) }
                    td.number data-label="Records" { (log.records) }
                    td { @match log.signed_up_to { Some(seq) => { "Signed up to record " (seq) "." }, None => { "Nothing is signed." } }
                        @for finding in &log.findings { br; (prose(finding)) } }
                } } }
            }
            (more(page.logs.len(), "log"))
        }
    };
    titled("audit", "Audit logs", &content)
}
