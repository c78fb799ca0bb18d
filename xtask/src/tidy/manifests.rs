//! Cargo.toml files: each dependency with its reason, each crate under the workspace's lints.

use super::Finding;
use super::source::Tree;

/// A crate that sets its own lints could switch a law off.
pub(super) fn workspace_lints(tree: &Tree) -> Vec<Finding> {
    let members = tree
        .ending("Cargo.toml")
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"));
    let unbound = members.filter(|(_, text)| {
        let sections: Vec<&str> = text.lines().filter(|line| line.starts_with("[lints")).collect();
        sections != ["[lints]"] || !text.contains("[lints]\nworkspace = true")
    });
    unbound
        .map(|(path, _)| {
            Finding::new(path, 0, "does not use the workspace lints", "[lints] workspace = true")
        })
        .collect()
}

/// A dependency is a decision; its reason stands beside it, or in the workspace's table if it comes from there.
pub(super) fn reasons(tree: &Tree) -> Vec<Finding> {
    let shared = tree.get("Cargo.toml").unwrap_or_default();
    let mut findings = Vec::new();
    for (path, text) in tree.ending("Cargo.toml") {
        for dependency in dependencies(text) {
            let inherited = dependency.inherited
                && dependencies(shared).iter().any(|other| other.name == dependency.name);
            if !dependency.reasoned && !inherited && !dependency.name.starts_with("bailiwick") {
                let cause = format!("`{}` has no reason beside it", dependency.name);
                findings.push(Finding::new(
                    path,
                    dependency.line,
                    cause,
                    "end the line with `# what it is for`",
                ));
            }
        }
    }
    findings
}

struct Dependency<'a> {
    name: &'a str,
    line: usize,
    reasoned: bool,
    inherited: bool,
}

fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let (mut listing, mut depth, mut above) = (false, 0, false);
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        let (body, comment) =
            trimmed.split_once('#').map_or((trimmed, None), |(body, comment)| (body, Some(comment)));
        let reasoned = comment.is_some_and(|comment| !comment.trim().is_empty());
        if depth == 0 && body.starts_with('[') {
            let section = body.trim().trim_matches(['[', ']']);
            listing = section.ends_with("dependencies");
            // `[dependencies.name]` is a dependency of its own.
            if let Some((_, name)) = section.rsplit_once("dependencies.") {
                found.push(Dependency { name, line: at + 1, reasoned: reasoned || above, inherited: false });
            }
        } else if depth == 0
            && listing
            && let Some((key, value)) = body.split_once('=')
        {
            let name = key.trim().split('.').next().unwrap_or_default();
            let inherited = key.trim().ends_with(".workspace") || value.contains("workspace = true");
            found.push(Dependency { name, line: at + 1, reasoned: reasoned || above, inherited });
        }
        let opened = body.matches(['[', '{']).count();
        depth = (depth + opened).saturating_sub(body.matches([']', '}']).count());
        above = body.is_empty() && reasoned;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let text = "[package]\nname = \"a\"\n[dependencies]\nfoo = \"1\"\nbar = \"1\" # parses it\n# For its clock.\nbaz = { version = \"1\" }\n\
                    qux = { version = \"1\", features = [\n    \"a\",\n] }\n[dev-dependencies]\nbailiwick-mcp.workspace = true\n\
                    [target.'cfg(unix)'.dependencies.unix]\nversion = \"1\"\n";
        let found = reasons(&Tree::of(&[("crates/a/Cargo.toml", text)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4, 8, 13]);
    }

    #[test]
    fn an_inherited_dependency_has_the_workspaces_reason() {
        let root = "[workspace.dependencies]\nfoo = \"1\" # why\n";
        let tree = Tree::of(&[
            ("Cargo.toml", root),
            ("crates/a/Cargo.toml", "[dependencies]\nfoo.workspace = true\n"),
            ("crates/b/Cargo.toml", "[dependencies]\nbar = { workspace = true }\n"),
        ]);
        assert_eq!(
            reasons(&tree).iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(),
            ["crates/b/Cargo.toml"]
        );
    }

    #[test]
    fn a_crate_with_lints_of_its_own_is_found() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("crates/c/Cargo.toml", "[lints.clippy]\nunwrap_used = \"allow\"\n"),
        ]);
        assert_eq!(workspace_lints(&tree).len(), 2);
    }
}
