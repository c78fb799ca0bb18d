//! Names of roles and variables.

use std::collections::BTreeMap;

use super::{Found, Look, items, member, members};
use crate::tree::Node;

pub(super) fn names(look: &Look<'_>, out: &mut Vec<Found>) {
    let mut seen: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for (file, tree) in look.trees.iter().enumerate() {
        let Some(tree) = tree else { continue };
        let mut roles: Vec<&Node> =
            member(tree, "roles").map(members).unwrap_or_default().iter().map(|(name, _)| name).collect();
        for (_, role) in member(tree, "roles").map(members).unwrap_or_default() {
            roles.extend(member(role, "inherits").map(items).unwrap_or_default());
        }
        for entry in look.entries.iter().filter(|entry| entry.file == file) {
            let who = entry.member("for").map(members).unwrap_or_default();
            for (key, names) in who {
                for name in items(names) {
                    if key.scalar() == Some("roles") {
                        roles.push(name);
                    }
                }
            }
        }
        for name in roles {
            let Some(text) = name.scalar() else { continue };
            let folded = text.trim().to_lowercase();
            match seen.get(&folded) {
                Some((other, _)) if other != text => {
                    let message =
                        format!("the role `{text}` is not the role `{other}`: roles are compared exactly");
                    let fix = Some(format!("write `{other}`, if it is meant"));
                    out.push(Found { code: "look-alike-name", file, at: name.span.start, message, fix });
                }
                Some(_) => {}
                None => {
                    seen.insert(folded, (text.to_owned(), file));
                }
            }
        }
        variables(look, file, tree, out);
    }
}

fn variables(look: &Look<'_>, file: usize, tree: &Node, out: &mut Vec<Found>) {
    let text = look.layers.sources.get(file).map_or("", |source| source.text.as_str());
    for (name, _) in member(tree, "vars").map(members).unwrap_or_default() {
        let Some(word) = name.scalar() else { continue };
        if !text.contains(&format!("${{{word}}}")) {
            let message = format!("nothing uses the variable `{word}`");
            let fix = Some(format!("remove it, or write `${{{word}}}` where it is meant"));
            out.push(Found { code: "unused-variable", file, at: name.span.start, message, fix });
        }
    }
}
