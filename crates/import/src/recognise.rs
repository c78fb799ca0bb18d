//! Whose policy a text is.

use bailiwick_policy::tree::{Form, Node, parse};

use crate::{Format, TEXT_BYTES_MAX};

/// Whose policy `text` is; `None` for ours, and for what nobody knows.
///
/// Words decide that only one product has. What could be ours stays ours: its own errors are better than a guess.
#[must_use]
pub fn recognise(text: &str) -> Option<Format> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if crate::cedar::is_text(text) {
        return Some(Format::Cedar);
    }
    let spaced = text.trim_start().starts_with('{').then(|| text.replace('\t', " "));
    let (root, _) = parse(spaced.as_deref().unwrap_or(text));
    let root = root?;
    let has = |key: &str| at(&root, key).is_some();
    let versioned = at(&root, "version").and_then(Node::scalar) == Some("1");
    if has("cedar") || at(&root, "type").and_then(Node::scalar).is_some_and(|kind| kind.starts_with("cedar"))
    {
        return Some(Format::Cedar);
    }
    if has("principals") && !has("rules") {
        return Some(Format::Aegis);
    }
    if (has("servers") && !has("rules"))
        || at(&root, "approvals").is_some_and(|node| at(node, "require_human_approval").is_some())
    {
        return Some(Format::Agentperms);
    }
    if has("bounds") || has("workflows") && (has("drift") || has("responses") || has("purpose")) {
        return Some(Format::Envelope);
    }
    if at(&root, "permissions")
        .is_some_and(|node| ["allow", "deny", "ask", "defaultMode"].iter().any(|key| at(node, key).is_some()))
    {
        return Some(Format::Claude);
    }
    let acts = at(&root, "rules").is_some_and(|rules| match &rules.form {
        Form::List(items) => items.iter().any(|item| at(item, "action").is_some()),
        Form::Scalar { .. } | Form::Map(_) => false,
    });
    (!versioned && (has("default_action") || acts)).then_some(Format::Mcpfw)
}

fn at<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.form {
        Form::Map(pairs) => pairs.iter().find(|(name, _)| name.scalar() == Some(key)).map(|(_, value)| value),
        Form::Scalar { .. } | Form::List(_) => None,
    }
}
