//! The smallest changes that would allow a call: of its arguments, and of the policy. Nothing is said that was not tried.

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Explanation, Finding, Policy, Target, Verdict};
use serde_json::{Map, Value, json};

use crate::policies::Layers;

/// Sentences, the change of the call first.
pub(super) fn remedies(
    layers: &Layers,
    policy: &Policy,
    call: &Call<'_>,
    explanation: &Explanation,
) -> Vec<String> {
    if explanation.verdict() == Verdict::Allow {
        return Vec::new();
    }
    let arguments = call.arguments.and_then(|arguments| serde_json::from_str(arguments.raw()).ok());
    let arguments: Map<String, Value> = arguments.unwrap_or_default();
    let changed = other_call(policy, call, explanation, &arguments);
    changed.into_iter().chain(new_rule(layers, call, &arguments)).collect()
}

/// The arguments as the nearest allow wants them.
fn other_call(
    policy: &Policy,
    call: &Call<'_>,
    explanation: &Explanation,
    arguments: &Map<String, Value>,
) -> Option<String> {
    let rule = explanation.nearest_allow()?;
    let mut changed = arguments.clone();
    let mut said = Vec::new();
    for finding in rule.findings.iter().filter(|finding| !finding.unless && !finding.matched) {
        if finding.key.contains(['*', '.']) {
            return None;
        }
        let value = fitting(finding, changed.get(&finding.key))?;
        said.push(format!("`{}` = {value}", finding.key));
        changed.insert(finding.key.clone(), value);
    }
    if said.is_empty() {
        return None;
    }
    let text = Value::Object(changed).to_string();
    let mut parser = Parser::default();
    let parsed = parser.parse(text.as_bytes(), &Limits::DEFAULT).ok()?;
    let other = Call { arguments: Some(parsed.root()), ..*call };
    let allowed = policy.evaluate(&other, &mut Vec::new()) == Verdict::Allow;
    allowed.then(|| format!("in the call: {} (rule `{}`)", said.join(", "), rule.id))
}

/// A value as close to the one that is there as the matcher lets it be.
fn fitting(finding: &Finding, now: Option<&Value>) -> Option<Value> {
    let first = finding.wanted.first()?.as_str();
    let text = now.and_then(Value::as_str).unwrap_or_default();
    Some(match finding.matcher {
        "in" => serde_json::from_str(first).unwrap_or_else(|_| json!(first)),
        "range" => {
            let ends: Vec<Option<f64>> = serde_json::from_str(first).ok()?;
            let number = now.and_then(Value::as_f64).unwrap_or(0.0);
            let low = ends.first().copied().flatten().unwrap_or(f64::NEG_INFINITY);
            let high = ends.get(1).copied().flatten().unwrap_or(f64::INFINITY);
            let end = number.max(low).min(high);
            if end.fract() == 0.0 && end.abs() < 1e15 { json!(end as i64) } else { json!(end) }
        }
        "len" => {
            let ends: Vec<Option<usize>> = serde_json::from_str(first).ok()?;
            json!(text.chars().take(ends.get(1).copied().flatten()?).collect::<String>())
        }
        "max_bytes" => {
            let mut end = first.parse().ok().filter(|end| *end < text.len())?;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            json!(text.get(..end)?)
        }
        "prefix" => json!(format!("{first}{text}")),
        "path" => {
            let fixed = first.split(['*', '?', '[', '{']).next().unwrap_or_default();
            let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
            let name = text.trim_end_matches('/').rsplit(['/', '\\']).next().filter(|name| !name.is_empty());
            match fixed == first {
                true => json!(first),
                false => json!(format!("{folder}/{}", name.unwrap_or("file"))),
            }
        }
        "host" | "url" | "glob" => json!(first.replace("**", "").replace('*', "")),
        "command" => json!(first.trim_end_matches(" *")),
        _ => return None,
    })
}

/// A rule that allows this call and no other.
fn new_rule(layers: &Layers, call: &Call<'_>, arguments: &Map<String, Value>) -> Option<String> {
    let on = match call.target {
        Target::Tool { server, name } => format!("{}/{}", literal(server), literal(name)),
        Target::Resource { server, uri } => format!("resource:{}/{}", literal(server), literal(uri)),
        Target::Prompt { server, name } => format!("prompt:{}/{}", literal(server), literal(name)),
        Target::Completion { .. }
        | Target::Sampling { .. }
        | Target::Elicitation { .. }
        | Target::Roots { .. }
        | Target::Task { .. }
        | Target::OwnTask { .. } => return None,
    };
    let mut members = Vec::new();
    for (name, value) in arguments {
        // What is inside of others cannot be said in one matcher, and a text with `${` would be a variable.
        let plain = !value.is_array() && !value.is_object() && !value.to_string().contains("${");
        if !plain || name.contains(['.', '*']) || name.is_empty() {
            return None;
        }
        members.push(format!("{}: {{ in: [{value}] }}", json!(name)));
    }
    let args =
        if members.is_empty() { String::new() } else { format!(", args: {{ {} }}", members.join(", ")) };
    let rule = format!("{{ id: this-call, effect: allow, on: {}{args} }}", json!(on));
    let policy = layers.with_rule(&rule)?;
    let allowed = policy.evaluate(call, &mut Vec::new()) == Verdict::Allow;
    allowed.then(|| format!("in the policy: {rule}"))
}

/// A name without wildcards.
fn literal(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        match character {
            '*' | '?' | '[' | '{' => out.extend(['[', character, ']']),
            other => out.push(other),
        }
    }
    out
}
