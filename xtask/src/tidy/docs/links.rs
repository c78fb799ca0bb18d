//! Links between our own documents.

use super::lines;
use crate::tidy::Finding;
use crate::tidy::source::Tree;

/// Relative links whose file, folder or heading does not exist.
pub(in crate::tidy) fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.ending(".md") {
        for (line, content, fenced) in lines(text) {
            let targets = if fenced { Vec::new() } else { targets(content) };
            for target in targets.into_iter().filter(|target| !is_remote(target)) {
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() { path.to_owned() } else { resolve(path, file) };
                if !tree.has(&file) {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("`{target}` leads nowhere"),
                        "correct the link",
                    ));
                } else if !heading.is_empty()
                    && tree.get(&file).is_some_and(|text| {
                        file.ends_with(".md") && !headings(text).any(|slug| slug == heading)
                    })
                {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("no heading `#{heading}` in {file}"),
                        "correct the link",
                    ));
                }
            }
        }
    }
    findings
}

/// What stands in `](…)` outside of `code`.
fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for text in line.split('`').step_by(2) {
        for piece in text.split("](").skip(1) {
            found.extend(piece.split([')', ' ']).next().filter(|target| !target.is_empty()));
        }
    }
    // A reference: `[name]: target`.
    if line.starts_with('[')
        && let Some((_, target)) = line.split_once("]: ")
    {
        found.extend(target.split(' ').next());
    }
    found
}

fn is_remote(target: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme))
}

fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The anchors of a document, made as the usual renderers make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    lines(text).filter(|(_, line, fenced)| !fenced && line.starts_with('#')).map(|(_, line, _)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_is_found_and_the_others_are_not() {
        let text = "# A title\n[a](b.md) [b](https://x.example/y) [c](#a-title) `[d](gone.md)`\n[e](gone.md)\n[f](b.md#none)\n[g](../src)\n\
                    ```\n[h](gone.md)\n```\n[i]: gone.md\n";
        let tree = Tree::of(&[("docs/a.md", text), ("docs/b.md", "# B\n"), ("src/x.rs", "")]);
        let found: Vec<usize> = links(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(found, [3, 4, 9]);
    }

    #[test]
    fn headings_are_anchored_as_renderers_do() {
        assert_eq!(headings("## `run`: one server, once\n").collect::<Vec<_>>(), ["run-one-server-once"]);
    }
}
