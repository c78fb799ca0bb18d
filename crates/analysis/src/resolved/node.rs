//! What npm, pnpm and yarn write down of what they installed.

use serde_json::Value;

use super::{Resolved, meets, only, word};

/// From `package-lock.json`, `npm-shrinkwrap.json` and `node_modules/.package-lock.json`, of any version of their form.
#[must_use]
pub fn npm(text: &str, name: &str, asked: Option<&str>) -> Option<Resolved> {
    let list: Value = serde_json::from_str(text).ok()?;
    let modern = list.get("packages").and_then(|packages| packages.get(format!("node_modules/{name}")));
    let entry = modern.or_else(|| list.get("dependencies")?.get(name))?;
    let version = word(entry.get("version")?.as_str()?)?;
    let integrity = entry.get("integrity").and_then(Value::as_str).and_then(word);
    meets(&version, asked).then_some(Resolved { version, integrity })
}

/// From the `package.json` of the package itself, which names no digest.
#[must_use]
pub fn package_json(text: &str, name: &str) -> Option<Resolved> {
    let about: Value = serde_json::from_str(text).ok()?;
    let is_it = about.get("name").and_then(Value::as_str) == Some(name);
    let version = word(about.get("version")?.as_str()?)?;
    is_it.then_some(Resolved { version, integrity: None })
}

/// From `pnpm-lock.yaml`, read by its lines: `  name@1.2.3:` with `resolution: {integrity: …}` below it.
#[must_use]
pub fn pnpm(text: &str, name: &str, asked: Option<&str>) -> Option<Resolved> {
    let mut lines = text.lines().skip_while(|line| *line != "packages:").skip(1).peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next_if(|line| line.is_empty() || line.starts_with(' ')) {
        let Some(version) = line.strip_prefix("  ").and_then(|key| pnpm_version(key, name)) else { continue };
        let mut integrity = None;
        while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
            let rest = line.split_once("integrity:").map(|(_, rest)| rest.trim());
            integrity = integrity.or_else(|| rest.and_then(|rest| word(rest.split(['}', ',', ' ']).next()?)));
        }
        found.push(Resolved { version, integrity });
    }
    only(found, asked)
}

/// `name@1.2.3(peer)`, in quotes or not, with a slash before it in older forms; `/name/1.2.3` in the oldest.
fn pnpm_version(key: &str, name: &str) -> Option<String> {
    if key.starts_with(' ') {
        return None;
    }
    let key = key.trim_end().strip_suffix(':')?.trim_matches(['\'', '"']);
    let key = key.strip_prefix('/').unwrap_or(key);
    let rest = key.strip_prefix(name)?;
    let version = rest.strip_prefix(['@', '/'])?;
    word(version.split(['(', '_']).next()?)
}

/// From `yarn.lock`, of the first form and the later ones.
#[must_use]
pub fn yarn(text: &str, name: &str, asked: Option<&str>) -> Option<Resolved> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(head) = lines.next() {
        if head.starts_with([' ', '#']) || !yarn_names(head, name) {
            continue;
        }
        let (mut version, mut integrity) = (None, None);
        while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
            // Deeper lines are the dependencies of the package.
            let Some(line) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) else { continue };
            let (key, value) = line.split_once([' ', ':']).unwrap_or((line, ""));
            let value = value.trim_start_matches([':', ' ']).trim().trim_matches('"');
            match key {
                "version" => version = word(value),
                "integrity" => integrity = word(value),
                // Yarn's own digest of its archive, which nobody else has.
                "checksum" => integrity = word(&format!("yarn:{value}")),
                _ => {}
            }
        }
        found.extend(version.map(|version| Resolved { version, integrity }));
    }
    only(found, asked)
}

/// `"name@^1.0.0", "name@npm:^1.2.0":` names it.
fn yarn_names(head: &str, name: &str) -> bool {
    let specs = head.trim_end().trim_end_matches(':').split(',');
    let mut specs = specs.map(|spec| spec.trim().trim_matches('"'));
    specs.any(|spec| spec.strip_prefix(name).is_some_and(|rest| rest.starts_with('@')))
}
