//! The path of a URL, as it is written and as servers normalise it.

use crate::host::percent;
use crate::limits::DECODINGS_MAX;

/// Every path that a server may look up. `browser` is the path as WHATWG parses it, `rest` what stands behind the scheme.
pub(super) fn readings(browser: &str, rest: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let raw = written(rest);
    push(&mut out, if browser.is_empty() { raw.to_owned() } else { browser.to_owned() });
    let simple =
        |text: &str| !text.contains(['%', '\\', ';']) && !text.contains("//") && !text.contains("/.");
    if simple(raw) && simple(browser) {
        return out;
    }
    let mut decoded = Some(raw.to_owned());
    for _ in 0..=DECODINGS_MAX {
        let Some(text) = decoded.take() else { break };
        decoded = percent(&text);
        push(&mut out, resolve(&text, false));
        push(&mut out, resolve(&text, true));
    }
    out
}

/// What stands between the authority and the query.
fn written(rest: &str) -> &str {
    let behind = rest.trim_start_matches(['/', '\\']);
    let path = behind.find(['/', '\\', '?', '#']).and_then(|at| behind.get(at..)).unwrap_or("/");
    let path = if rest.starts_with("//") { path } else { rest };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() { "/" } else { path }
}

/// Dot segments and repeated slashes gone, `\` read as `/`; without the parameters behind `;` where `bare`.
fn resolve(path: &str, bare: bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let slashed = path.replace('\\', "/");
    for segment in slashed.split('/') {
        let segment = if bare { segment.split(';').next().unwrap_or_default() } else { segment };
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    let end = if slashed.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

fn push(out: &mut Vec<String>, path: String) {
    if !out.contains(&path) {
        out.push(path);
    }
}
