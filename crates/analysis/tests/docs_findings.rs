//! `docs/reference/findings.md` is what the audits say of themselves.
//!
//! `BAILIWICK_BLESS=1 cargo test -p bailiwick-analysis --test docs_findings` writes it anew.
#![expect(clippy::disallowed_methods, reason = "a test may read and write; the crate may not")]

use std::path::Path;

use bailiwick_analysis::scan::AUDITS;
use bailiwick_analysis::scan::beyond::BEYOND;

#[test]
fn the_reference_is_what_the_audits_say() {
    let mut page = String::from(HEAD);
    for audit in AUDITS.into_iter().chain(BEYOND) {
        let severity = audit.severity.as_str();
        page.push_str(&format!(
            "\n## {}\n\n**{}** ({severity})\n\n{}\n",
            audit.code, audit.title, audit.page
        ));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/findings.md");
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(&file, &page).expect("the page can be written");
    }
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(text == page, "docs/reference/findings.md differs; write it anew with BAILIWICK_BLESS=1");
}

const HEAD: &str = "# Findings

What `bailiwick scan` looks for, and at the end what only `bailiwick report` finds. Generated from the audits; `bailiwick explain CODE` prints the same. The severity is the usual one.

A report names what it could not look at. An absent finding means that the audit saw nothing, not that there is nothing:
packages are not downloaded, programs are not read, and what a server offers is known only with `--tools` or `--lock`.
";
