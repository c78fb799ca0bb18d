//! Laws 1 and 8 as lint settings: who may do IO, print, exit and write `unsafe`, and that nobody lifts the lints.

use super::Finding;
use super::source::{Tree, code, has_word, own_lines};

/// Crates that take bytes, time and answers as arguments.
pub(super) const PURE: &[&str] =
    &["mcp", "semantic", "policy", "import", "guard", "engine", "clients", "analysis", "report"];

pub(super) fn unsafe_only_in_sandbox(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !path.starts_with("crates/sandbox/")) {
        for (at, line) in code(text).lines().enumerate() {
            if has_word(line, "unsafe") || line.contains("unsafe_code") {
                findings.push(Finding::new(
                    path,
                    at + 1,
                    "`unsafe` outside crates/sandbox",
                    "move it there, behind a safe function",
                ));
            }
        }
    }
    findings
}

/// stdout belongs to the protocol; a library that exits takes the audit log's last record with it.
pub(super) fn only_the_binary_prints(tree: &Tree) -> Vec<Finding> {
    let libraries = tree.ending(".rs").filter(|(path, _)| path.contains("/src/"));
    // The binary's crate has a library, too.
    let embedded = |path: &str| {
        ["lib.rs", "links.rs", "embed"]
            .iter()
            .any(|part| path.starts_with(&format!("crates/bailiwick/src/{part}")))
    };
    let others = libraries.filter(|(path, _)| {
        embedded(path) || !["crates/bailiwick/", "xtask/"].iter().any(|may| path.starts_with(may))
    });
    others
        .flat_map(|(path, text)| {
            lifted(path, text, PRINTS, usize::MAX, "return it to the binary, which prints and exits")
        })
        .collect()
}

pub(super) fn bans_not_lifted(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<String> = PURE.iter().map(|name| format!("crates/{name}/src/")).collect();
    let files = tree.ending(".rs").filter(|(path, _)| sources.iter().any(|source| path.starts_with(source)));
    files
        .flat_map(|(path, text)| lifted(path, text, BANS, own_lines(text), "take the value as an argument"))
        .collect()
}

pub(super) fn bans_present(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in PURE {
        let path = format!("crates/{name}/clippy.toml");
        let text = tree.get(&path).unwrap_or_default();
        for ban in BANNED.iter().filter(|ban| !text.contains(&format!("path = \"{ban}\""))) {
            findings.push(Finding::new(
                &path,
                0,
                format!("`{ban}` is not banned"),
                "copy the line from another pure crate",
            ));
        }
    }
    findings
}

/// A crate's clippy.toml replaces the root's, so every setting of the root is repeated in it.
pub(super) fn thresholds(tree: &Tree) -> Vec<Finding> {
    let root = tree.get("clippy.toml").unwrap_or_default();
    let settings: Vec<&str> =
        root.lines().filter(|line| !line.starts_with('#') && line.contains('=')).collect();
    let mut findings = Vec::new();
    for (path, text) in tree.ending("/clippy.toml") {
        for setting in settings.iter().filter(|setting| !text.lines().any(|line| line == **setting)) {
            findings.push(Finding::new(
                path,
                0,
                format!("lacks `{setting}` of the root's clippy.toml"),
                "copy the line",
            ));
        }
    }
    findings
}

/// Attributes that allow or expect one of `lints`, in the first `until` lines.
fn lifted(path: &str, text: &str, lints: &[&str], until: usize, next: &str) -> Vec<Finding> {
    let code = code(text);
    let mut findings = Vec::new();
    // An attribute may be broken over lines; a lint's full name stands nowhere else in code.
    for (at, line) in code.lines().enumerate().take(until) {
        for lint in lints.iter().filter(|lint| has_word(line, lint)) {
            findings.push(Finding::new(path, at + 1, format!("lifts `{lint}`"), next));
        }
    }
    findings
}

const PRINTS: &[&str] = &["clippy::print_stdout", "clippy::print_stderr", "clippy::exit"];
const BANS: &[&str] = &["clippy::disallowed_methods", "clippy::disallowed_types"];
const BANNED: &[&str] = &[
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::time::Instant",
    "std::env::var",
    "std::env::var_os",
    "std::env::vars",
    "std::env::current_dir",
    "std::env::args",
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::write",
    "std::fs::File::open",
    "std::fs::File::create",
    "std::fs::canonicalize",
    "std::fs::metadata",
    "std::fs::read_link",
    "std::fs::read_dir",
    "std::fs::File::options",
    "std::fs::copy",
    "std::fs::rename",
    "std::fs::remove_file",
    "std::fs::remove_dir_all",
    "std::fs::create_dir",
    "std::fs::create_dir_all",
    "std::fs::symlink_metadata",
    "std::fs::OpenOptions",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::os::unix::net::UnixStream",
    "std::os::unix::net::UnixListener",
    "std::thread::Builder",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::process::Command::new",
    "std::net::TcpStream::connect",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::collections::hash_map::RandomState",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<(&str, usize)> {
        findings.iter().map(|finding| (finding.file.as_str(), finding.line)).collect()
    }

    #[test]
    fn unsafe_is_found_outside_the_sandbox_only() {
        let block = concat!("//! x\nfn f() { uns", "afe { g() } }\n");
        let tree = Tree::of(&[("crates/a/src/lib.rs", block), ("crates/sandbox/src/lib.rs", block)]);
        assert_eq!(lines(&unsafe_only_in_sandbox(&tree)), [("crates/a/src/lib.rs", 2)]);
    }

    #[test]
    fn a_library_that_lifts_the_printing_lint_is_found() {
        let lifts = "#![expect(\n    clippy::print_stdout,\n    reason = \"x\"\n)]\n";
        let tree = Tree::of(&[
            ("crates/gateway/src/lib.rs", lifts),
            ("xtask/src/main.rs", lifts),
            ("crates/mcp/examples/a.rs", lifts),
            ("crates/bailiwick/src/say.rs", lifts),
            ("crates/bailiwick/src/embed/setup.rs", lifts),
        ]);
        let found = [("crates/bailiwick/src/embed/setup.rs", 2), ("crates/gateway/src/lib.rs", 2)];
        assert_eq!(lines(&only_the_binary_prints(&tree)), found);
    }

    #[test]
    fn a_pure_crate_that_lifts_its_bans_is_found_but_its_tests_may() {
        let lifts = "#[expect(clippy::disallowed_methods, reason = \"x\")]\n";
        let tested = format!("//! x\n#[cfg(test)]\nmod tests {{\n{lifts}}}\n");
        let tree = Tree::of(&[
            ("crates/mcp/src/a.rs", lifts),
            ("crates/mcp/src/b.rs", &tested),
            ("crates/record/src/a.rs", lifts),
        ]);
        assert_eq!(lines(&bans_not_lifted(&tree)), [("crates/mcp/src/a.rs", 1)]);
    }

    #[test]
    fn a_missing_ban_is_found_in_each_pure_crate() {
        let all: String = BANNED.iter().map(|ban| format!("{{ path = \"{ban}\" }}\n")).collect();
        let less = all.replace("std::env::var\"", "std::env::vat\"");
        let tree = Tree::of(&[
            ("crates/mcp/clippy.toml", &all),
            ("crates/semantic/clippy.toml", &all),
            ("crates/policy/clippy.toml", &all),
            ("crates/import/clippy.toml", &all),
            ("crates/guard/clippy.toml", &less),
            ("crates/engine/clippy.toml", &all),
            ("crates/clients/clippy.toml", &all),
            ("crates/analysis/clippy.toml", &all),
            ("crates/report/clippy.toml", &all),
        ]);
        assert_eq!(lines(&bans_present(&tree)), [("crates/guard/clippy.toml", 0)]);
    }

    #[test]
    fn a_threshold_that_differs_from_the_roots_is_found() {
        let tree = Tree::of(&[
            ("clippy.toml", "# x = 1\ntoo-many-lines-threshold = 70\n"),
            ("crates/a/clippy.toml", "too-many-lines-threshold = 700\n"),
            ("crates/b/clippy.toml", "too-many-lines-threshold = 70\n"),
        ]);
        assert_eq!(lines(&thresholds(&tree)), [("crates/a/clippy.toml", 0)]);
    }
}
