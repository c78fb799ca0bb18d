//! Our policies in Cedar, and back.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "common/ours.rs"]
mod common;

use std::collections::BTreeMap;

use bailiwick_import::{Format, Imported, Kind, Mode, export, import};
use bailiwick_policy::{Claim, Principal, Source};
use common::{compiled, decide};

const OURS: &str = r#"version: 1
default: deny
rules:
  - { id: weather, effect: allow, on: "*/{forecast,weather}", args: { city: { in: [Paris, "Rome"] }, days: { range: [1, 7] } } }
  - { id: reads, effect: allow, on: ["*/read_*", "prompt:greeting/x"], for: { roles: [reader] } }
  - { id: no-etc, effect: deny, on: "*/*", args: { path: { glob: ["/etc/*"] } } }
  - { id: drafts, effect: deny, on: "*/save", unless: { args: { path: { prefix: "drafts/" } } } }
  - { id: saves, effect: allow, on: "*/save" }
  - { id: small, effect: require, on: "*/pay", args: { amount: { range: [null, 50] } } }
  - { id: pays, effect: allow, on: "*/pay" }
  - { id: mails, effect: ask, on: "*/mail" }
  - { id: paths, effect: deny, on: "*/*", args: { "**": { path: ["~/.ssh/**"] } } }
  - { id: sums, effect: allow, on: "*/sum", if: "args.a < args.b" }
limits:
  - { id: pace, on: "*/*", max: 5/1m }
"#;

fn imported(text: &str) -> Imported {
    let source = Source { name: "back.cedar".into(), text: text.to_owned() };
    import(&source, Format::Cedar, Mode::Exact)
        .unwrap_or_else(|problems| panic!("{}\n{text}", problems.render(false)))
}

fn ours(text: &str) -> Imported {
    Imported { text: text.to_owned(), notes: Vec::new(), entries: 0 }
}

#[test]
fn what_fits_decides_the_same_when_it_is_read_back() {
    let exported = export(OURS, None);
    let (here, back) = (compiled(&ours(OURS)), compiled(&imported(&exported.text)));
    let claims = BTreeMap::from([("roles".to_owned(), Claim::Texts(vec!["reader".to_owned()]))]);
    let reader = Principal { id: "ana".into(), roles: vec!["reader".into()], claims, ..Principal::default() };
    for (tool, arguments) in [
        ("weather", r#"{"city":"Paris","days":3}"#),
        ("forecast", r#"{"city":"Rome","days":7}"#),
        ("weather", r#"{"city":"Bonn","days":3}"#),
        ("weather", r#"{"city":"Paris","days":9}"#),
        ("weather", r#"{"city":"Paris"}"#),
        ("read_all", "{}"),
        ("read_all", r#"{"path":"/etc/passwd"}"#),
        ("write_all", "{}"),
        ("save", r#"{"path":"drafts/a"}"#),
        ("save", r#"{"path":"src/a"}"#),
        ("save", "{}"),
        ("pay", r#"{"amount":50}"#),
        ("pay", r#"{"amount":51}"#),
        ("pay", "{}"),
    ] {
        for principal in [&reader, &Principal::default()] {
            let decided = |policy| decide(policy, ("srv", tool), arguments, principal).0;
            assert_eq!(decided(&here), decided(&back), "{tool} {arguments}\n{}", exported.text);
        }
    }
}

#[test]
fn what_does_not_fit_is_named_with_its_line() {
    let exported = export(OURS, None);
    let left_out: Vec<(u32, &str)> = exported
        .notes
        .iter()
        .filter(|note| note.kind == Kind::LeftOut)
        .map(|note| (note.line, note.text.as_str()))
        .collect();
    let has = |line: u32, words: &str| left_out.iter().any(|(at, text)| *at == line && text.contains(words));
    assert!(has(12, "`paths`: the key `**`") && has(12, "what it keeps back may pass there"), "{left_out:?}");
    assert!(has(13, "`sums`: `if` has no form in Cedar; what it allows is denied there"), "{left_out:?}");
    assert!(has(15, "limits"), "{left_out:?}");
    assert!(has(5, "the name of a server"), "{left_out:?}");
    assert!(
        exported.notes.iter().any(|note| note.line == 11 && note.text == "`mails` asks; there it denies")
    );
}

#[test]
fn a_server_is_left_out_where_it_is_the_one() {
    let text = "version: 1\nrules:\n  - { id: a, effect: allow, on: [fs/read, other/read, \"*/list\"] }\n";
    let exported = export(text, Some("fs"));
    assert!(
        exported.text.contains("Tool::\"read\"") && exported.text.contains("Tool::\"list\""),
        "{}",
        exported.text
    );
    assert_eq!((exported.policies, exported.notes.len()), (2, 0), "{:?}", exported.notes);
}
