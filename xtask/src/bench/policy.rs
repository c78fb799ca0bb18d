//! A policy of many rules, as a team would write it: most are about other tools, some about every call.

use std::fmt::Write;

/// A policy with `count` rules that lets the benchmark's calls pass.
pub(super) fn rules(count: usize) -> String {
    let mut text = String::from(
        "version: 1\nname: bench\ndefault: deny\nrules:\n  - { id: notes, effect: allow, on: [\"bench/*_notes\", \"bench/read_note\"] }\n",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_rules_as_asked_for() {
        assert_eq!(rules(100).matches("effect: ").count(), 100);
    }
}
