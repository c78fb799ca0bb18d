//! A policy of many rules, as a team would write it: most are about other tools, some about every call.

use std::fmt::Write;

/// A policy with `count` rules and the usual guards that lets the benchmark's calls pass.
pub(super) fn rules(count: usize) -> String {
    let mut text = String::from(
        "version: 1\nname: bench\ndefault: deny\nguards: { injection: block, hidden-text: strip, secrets: redact }\n\
         rules:\n  - { id: echo, effect: allow, on: [\"bench/echo\"] }\n",
    );
    for number in 1..count {
        let rule = match number % 10 {
            0 => format!(
                "effect: deny, on: [\"*/*\"], args: {{ \"**\": {{ path: [\"/srv/secret-{number}/**\"] }} }}"
            ),
            1 => format!("effect: deny, on: [\"*/drop_{number}_*\"]"),
            2 => format!(
                "effect: ask, on: [\"pay/refund_{number}\"], args: {{ amount: {{ range: [0, {number}] }} }}"
            ),
            _ => format!(
                "effect: allow, on: [\"files-{number}/read_*\"], args: {{ path: {{ path: [\"/srv/{number}/**\"] }} }}"
            ),
        };
        let _ = writeln!(text, "  - {{ id: rule-{number}, {rule} }}"); // a String takes everything
    }
    text
}

/// The bundled policy with its limits out of reach: they are counted, and the benchmark makes more calls than a person.
pub(super) fn unlimited(bundled: &str) -> String {
    let mut limits = false;
    let lines = bundled.lines().map(|line| {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            limits = line.starts_with("limits:");
        }
        let raised = ["max:", "max-per-tool:"].iter().find_map(|key| raised(line, key)).filter(|_| limits);
        raised.unwrap_or_else(|| line.to_owned())
    });
    lines.map(|line| line + "\n").collect()
}

/// The line with its number behind `key` raised; `None` when it has no such key.
fn raised(line: &str, key: &str) -> Option<String> {
    let value = line.trim_start().strip_prefix(key)?.trim_start();
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let indent = line.len() - line.trim_start().len();
    Some(format!("{}{key} 1000000000{unit}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_rules_as_asked_for() {
        assert_eq!(rules(100).matches("effect: ").count(), 100);
    }

    #[test]
    fn limits_are_raised_and_nothing_else() {
        let policy = "version: 1\nrules:\n  - max: 7\nlimits:\n  - id: a\n    max: 60/1m\n    max-per-tool: 50\n    per: run\npins: x\n";
        let raised = "version: 1\nrules:\n  - max: 7\nlimits:\n  - id: a\n    max: 1000000000/1m\n    max-per-tool: 1000000000\n    per: run\npins: x\n";
        assert_eq!(unlimited(policy), raised);
    }
}
