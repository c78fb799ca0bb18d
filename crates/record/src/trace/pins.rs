//! What a lock file pinned, in a trace's first line.

use std::collections::BTreeMap;

use bailiwick_engine::Pins;
use serde_json::{Value, json};

/// Pins as JSON.
#[must_use]
pub fn pins_text(pins: &Pins) -> String {
    json!({
        "tools": pins.tools, "prompts": pins.prompts, "resource_templates": pins.resource_templates,
        "instructions": pins.instructions,
    })
    .to_string()
}

/// Pins from JSON; what is not there is not pinned.
#[must_use]
pub fn pins_of(text: &str) -> Option<Pins> {
    let value: Value = serde_json::from_str(text).ok()?;
    let items = |key: &str| -> Option<BTreeMap<String, BTreeMap<String, String>>> {
        value.get(key).cloned().and_then(|items| serde_json::from_value(items).ok())
    };
    Some(Pins {
        tools: items("tools")?,
        prompts: items("prompts")?,
        resource_templates: items("resource_templates")?,
        instructions: value.get("instructions").and_then(Value::as_str).map(str::to_owned),
    })
}
