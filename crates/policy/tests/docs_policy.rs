//! The tables of keys in `docs/reference` are those that the parser reads with.
//!
//! `BAILIWICK_BLESS=1 cargo test -p bailiwick-policy --test docs_policy` writes them anew.
#![expect(clippy::disallowed_methods, reason = "a test may read and write; the crate may not")]

use std::collections::BTreeSet;
use std::path::Path;

use bailiwick_policy::reference::tables;

#[test]
fn the_tables_of_the_reference_are_those_of_the_parser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut stale = Vec::new();
    for page in ["policy.md", "policy-tests.md"] {
        let path = folder.join(page);
        let text = std::fs::read_to_string(&path).expect("the page is there");
        let mut made = text.clone();
        for (name, table) in tables() {
            let opens = format!("<!-- keys: {name} -->\n");
            let Some((head, rest)) = made.split_once(&opens) else { continue };
            let (_, foot) = rest.split_once(CLOSES).expect("the place has an end");
            made = format!("{head}{opens}\n{table}\n{CLOSES}{foot}");
            placed.insert(name);
        }
        if std::env::var_os("BAILIWICK_BLESS").is_some() {
            std::fs::write(&path, &made).expect("the page can be written");
        } else if made != text {
            stale.push(page);
        }
    }
    let lost: Vec<&str> =
        tables().iter().map(|(name, _)| *name).filter(|name| !placed.contains(name)).collect();
    assert!(lost.is_empty(), "no page has a place for the keys of {lost:?}");
    assert!(stale.is_empty(), "{stale:?} differ; write them anew with BAILIWICK_BLESS=1");
}

const CLOSES: &str = "<!-- end of keys -->";
