//! Every case and test that the threats and the laws rest on is there under that name.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn what_the_documents_rest_on_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sources = [sources(&root.join("crates")), sources(&root.join("xtask/src"))].concat();
    let mut missing = Vec::new();
    let mut found = 0;
    for page in ["docs/threats.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(root.join(page)).expect("the page is there");
        for name in text
            .lines()
            .filter(|line| line.starts_with('|'))
            .flat_map(|row| row.split('`').skip(1).step_by(2))
        {
            let there = match kind(name) {
                Some(Kind::Test) => sources.iter().any(|source| source.contains(&format!("fn {name}("))),
                Some(Kind::Case) => root.join("cases").join(name).is_dir(),
                None => continue,
            };
            found += 1;
            if !there {
                missing.push(format!("{page}: `{name}`"));
            }
        }
    }
    assert!(missing.is_empty(), "neither a test nor a case:\n{}", missing.join("\n"));
    assert!(found > 80, "{found} names: the pages were not understood");
}

enum Kind {
    Test,
    Case,
}

/// Three words or more joined by `_` name a test, two or more joined by `-` a case.
fn kind(name: &str) -> Option<Kind> {
    let words = |mark: char| {
        let plain = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if name.split(mark).all(plain) { name.split(mark).count() } else { 0 }
    };
    match (words('_'), words('-')) {
        (3.., _) => Some(Kind::Test),
        (_, 2..) => Some(Kind::Case),
        _ => None,
    }
}

/// The text of every Rust file below `folder`.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(&path).expect("a source can be read"));
            }
        }
    }
    texts
}
