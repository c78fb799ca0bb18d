//! A policy to start from: what is locked and only reads is allowed within the workspace, other tools of the servers that
//! were found ask, everything else is denied.

use std::collections::BTreeSet;

use bailiwick_analysis::scan::danger;
use bailiwick_record::lock::{Lock, LockedServer};
use serde_json::Value;

pub(super) fn policy(servers: &[String], lock: Option<&Lock>) -> String {
    let mut out = String::from(HEAD);
    let mut ids = BTreeSet::new();
    for server in servers {
        let id = unique(server, &mut ids);
        let asked = match lock.and_then(|lock| lock.servers.get(server)) {
            Some(locked) => reads(&mut out, server, &id, locked),
            None => vec![format!("{}/*", literal(server))],
        };
        if !asked.is_empty() {
            let on: Vec<String> = asked.iter().map(|target| quoted(target)).collect();
            let reason = quoted(&format!("nobody has decided yet what agents may do with {server}"));
            out.push_str(&format!(
                "  - id: {id}-asks\n    effect: ask\n    on: [{}]\n    reason: {reason}\n",
                on.join(", ")
            ));
        }
    }
    out.push_str(TAIL);
    out
}

/// Tests of that policy, for `policy test`.
pub(super) fn tests(servers: &[String], lock: Option<&Lock>) -> String {
    let mut out = String::from(TESTS_HEAD);
    let mut test = |name: &str, call: &str, args: &str, want: &str| {
        let (name, call) = (quoted(name), quoted(call));
        out.push_str(&format!("  - {{ name: {name}, call: {call}, args: {args}, want: {want} }}\n"));
    };
    for server in servers {
        let call = |tool: &str| format!("{}/{tool}", literal(server));
        let key = "{ path: \"~/.ssh/id_ed25519\" }";
        test(&format!("{server}: credentials are out of bounds"), &call("read_file"), key, "deny");
        match lock.is_some_and(|lock| lock.servers.contains_key(server)) {
            true => test(&format!("{server}: a tool that was not locked"), &call("a-new-tool"), "{}", "deny"),
            false => test(&format!("{server}: a person is asked"), &call("any-tool"), "{}", "ask"),
        }
    }
    test("a server that is not configured here", "no-such-server/any-tool", "{}", "deny");
    out
}

/// Allows tools that only read, by what they are called, each with its paths held within the workspace; gives the others.
fn reads(out: &mut String, server: &str, id: &str, locked: &LockedServer) -> Vec<String> {
    let mut others = Vec::new();
    for (at, tool) in locked.tools.keys().enumerate() {
        let target = format!("{}/{}", literal(server), literal(tool));
        let paths = locked.input_schemas.get(tool).filter(|_| only_reads(tool)).map(paths);
        let Some(paths) = paths else {
            others.push(target);
            continue;
        };
        out.push_str(&format!(
            "  - id: {id}-reads-{}\n    effect: allow\n    on: {}\n",
            at + 1,
            quoted(&target)
        ));
        if !paths.is_empty() {
            out.push_str("    args:\n");
        }
        for path in paths {
            out.push_str(&format!(
                "      {}: {{ path: [\"${{workspace}}\", \"${{workspace}}/**\"] }}\n",
                quoted(&path)
            ));
        }
    }
    others
}

fn only_reads(tool: &str) -> bool {
    let first = tool.split(['_', '-', '.']).find(|word| READING.contains(word));
    first.is_some() && danger(tool).is_none() && !tool.chars().any(|c| "*?[]{}/".contains(c))
}

const READING: [&str; 8] = ["read", "get", "list", "search", "status", "diff", "log", "show"];

/// Arguments that hold paths, by their names.
fn paths(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_path = |name: &&String| {
        let name = name.to_lowercase();
        ["path", "file", "dir", "repo", "root", "folder"].iter().any(|word| name.contains(word))
    };
    properties.into_iter().flat_map(serde_json::Map::keys).filter(is_path).cloned().collect()
}

/// A rule's id: letters, digits and `-`, and no other's.
fn unique(server: &str, ids: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let base: String = server.chars().take(40).map(plain).collect();
    let mut id = base.clone();
    let mut n = 1;
    while !ids.insert(id.clone()) {
        n += 1;
        id = format!("{base}-{n}");
    }
    id
}

/// A name in which nothing is a pattern; [`crate::wire::rule_name`] has taken the rest away.
fn literal(name: &str) -> String {
    name.replace(['*', '?', '[', ']', '{', '}'], "-")
}

/// A text of YAML, whatever it holds: JSON's quotes are YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

const TESTS_HEAD: &str =
    "# What bailiwick.policy.yaml must decide; `bailiwick policy test` runs it. Made by `bailiwick init`.
version: 1
tests:
";

const HEAD: &str = "# A policy to start from, made by `bailiwick init` for the servers that this repository configures.
#
# What only reads is allowed within the workspace, if the servers were locked before; their other tools ask a person;
# everything else is denied. Better than editing it by hand: `bailiwick record`, work for a while, then
# `bailiwick infer` makes rules of what was needed.
version: 1
name: starter
default: deny

rules:
  - id: credentials
    effect: deny
    on: [\"*/*\", \"resource:*\", \"completion:*\"]
    args:
      \"**\":
        path:
          [\"~/.ssh/**\", \"~/.aws/**\", \"~/.azure/**\", \"~/.gnupg/**\", \"~/.kube/**\", \"~/.docker/**\", \"~/.config/gcloud/**\",
           \"~/.config/gh/**\", \"~/.netrc\", \"~/.npmrc\", \"~/.pypirc\", \"~/.git-credentials\", \"~/.cargo/credentials*\", \"/etc/**\", \"/proc/**\", \"**/.env\",
           \"**/.env[-._~]*\", \"**/id_rsa*\", \"**/id_ed25519*\", \"**/*.pem\", \"**/*.pem[-._~]*\", \"**/*.key\", \"**/*.key[-._~]*\"]
    reason: \"credential files are out of bounds\"
";

const TAIL: &str = "
guards: { injection: block, hidden-text: strip, secrets: redact }
pins: { drift: deny }
discovery: { hide: denied }
";
