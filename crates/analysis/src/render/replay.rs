//! A replay's report as text for other programs: JSON, JUnit, SARIF, Markdown.

use serde_json::{Value, json};

use super::{cell, markup};
use crate::count::counted;
use crate::replay::{Attack, Difference, Report, Standing};

/// The JSON form, version 1: members are added, never changed.
#[must_use]
pub fn json(report: &Report) -> String {
    serde_json::to_string(report).unwrap_or_default()
}

/// A test case for every attack: those that pass fail, those that were not put to the test are skipped.
#[must_use]
pub fn junit(report: &Report) -> String {
    let (tests, failures, skipped) =
        (report.attacks.len(), report.count(Standing::Passed), report.count(Standing::NotExercised));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!(
        "<testsuites><testsuite name=\"bailiwick replay\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">\n"
    ));
    for attack in &report.attacks {
        let (class, name) = (markup(&attack.pack), markup(&format!("{}: {}", attack.id, attack.title)));
        let inside = match attack.standing {
            Standing::Passed => {
                format!("<failure message=\"{}\">{}</failure>", markup(&passed(attack)), markup(&attack.sent))
            }
            Standing::NotExercised => {
                "<skipped message=\"the policy says nothing of such a server\"/>".to_owned()
            }
            Standing::Blocked | Standing::Asked => String::new(),
        };
        out.push_str(&format!("<testcase classname=\"{class}\" name=\"{name}\">{inside}</testcase>\n"));
    }
    out.push_str("</testsuite></testsuites>");
    out
}

/// One result for every attack that passes, at the rule that lets it.
#[must_use]
pub fn sarif(report: &Report, version: &str) -> String {
    let passed: Vec<&Attack> =
        report.attacks.iter().filter(|attack| attack.standing == Standing::Passed).collect();
    let rules: Vec<Value> = passed
        .iter()
        .map(|attack| {
            json!({
                "id": code(attack),
                "shortDescription": { "text": attack.title },
                "properties": { "security-severity": "8.0", "tags": tags(attack) },
            })
        })
        .collect();
    let results: Vec<Value> = passed
        .iter()
        .enumerate()
        .map(|(index, attack)| {
            let place = attack.causes.iter().find_map(|cause| Some((cause.file.as_ref()?, cause.line?)));
            let (file, line) =
                place.map_or((report.policy.as_str(), 1), |(file, line)| (file.as_str(), line));
            json!({
                "ruleId": code(attack),
                "ruleIndex": index,
                "level": "error",
                "message": { "text": format!("{}.", self::passed(attack)) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": super::sarif::uri(file, "") },
                    "region": { "startLine": line.max(1) },
                } }],
                "partialFingerprints": { "bailiwick/v1": format!("{}@{}", code(attack), attack.server) },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "bailiwick", "version": version, "rules": rules } },
            "results": results,
        }],
    })
    .to_string()
}

fn tags(attack: &Attack) -> Vec<&str> {
    ["security", "mcp"].into_iter().chain(attack.owasp.iter().map(String::as_str)).collect()
}

fn code(attack: &Attack) -> String {
    format!("{}/{}", attack.pack, attack.id)
}

/// What passed, in a sentence.
#[must_use]
pub fn passed(attack: &Attack) -> String {
    let by = attack.causes.iter().find(|cause| cause.source == "rule");
    let by = by.map(|cause| format!(", by rule `{}`", cause.id)).unwrap_or_default();
    let what = if attack.target.is_empty() { "what it sends" } else { &attack.target };
    format!("{} ({}): `{what}` of server `{}` is let through{by}", code(attack), attack.title, attack.server)
}

/// Tables for a pull request or `$GITHUB_STEP_SUMMARY`.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = format!("## bailiwick replay\n\nPolicy {}\n", cell(&report.policy));
    if !report.attacks.is_empty() {
        let count = |standing| report.count(standing);
        out.push_str(&format!(
            "\n{}: {} blocked, {} asked, **{} passed**, {} not exercised\n\n| attack | standing | server | sent | why |\n|---|---|---|---|---|\n",
            counted(report.attacks.len(), "attack"),
            count(Standing::Blocked),
            count(Standing::Asked),
            count(Standing::Passed),
            count(Standing::NotExercised)
        ));
    }
    for attack in report.attacks.iter().filter(|attack| attack.standing != Standing::NotExercised) {
        let why =
            attack.causes.first().map(|cause| format!("{} {}", cause.source, cause.id)).unwrap_or_default();
        let sent = format!("{} {}", attack.target, attack.sent);
        let cells = [&code(attack), attack.standing.as_str(), &attack.server, &sent, &why].map(cell);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    if let Some(traffic) = &report.traffic {
        out.push_str(&format!(
            "\n{} in {}: {} decided as they were, {} would be denied, {} asked about, {} allowed\n",
            counted(traffic.calls, "recorded call"),
            counted(traffic.runs, "run"),
            traffic.same,
            traffic.now_denied,
            traffic.now_asked,
            traffic.now_allowed
        ));
        for (what, tallies) in [("target", &traffic.targets), ("principal", &traffic.principals)] {
            out.push_str(&format!(
                "\n| {what} | calls | allowed | asked | denied |\n|---|---|---|---|---|\n"
            ));
            for tally in tallies {
                let name = cell(&tally.name);
                out.push_str(&format!(
                    "| {name} | {} | {} | {} | {} |\n",
                    tally.calls, tally.allowed, tally.asked, tally.denied
                ));
            }
        }
        if !traffic.differences.is_empty() {
            out.push_str("\n| where | call | then | now | why |\n|---|---|---|---|---|\n");
        }
        for difference in &traffic.differences {
            out.push_str(&format!("| {} |\n", difference_cells(difference).join(" | ")));
        }
    }
    for left in &report.not_inspected {
        out.push_str(&format!("\n* not inspected: {}: {}\n", cell(&left.what), cell(&left.why)));
    }
    out
}

fn difference_cells(difference: &Difference) -> Vec<String> {
    let why =
        difference.causes.first().map(|cause| format!("{} {}", cause.source, cause.id)).unwrap_or_default();
    let place = format!("{}:{}", difference.file, difference.line);
    [&place, &difference.target, &difference.then.verdict, &difference.now, &why]
        .map(|text| cell(text))
        .to_vec()
}
