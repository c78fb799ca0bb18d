//! Files of every format in `tests/files`, with the policies that must come out: `BAILIWICK_BLESS=1` writes them anew.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads its data, and must fail when it cannot"
)]

#[path = "common/ours.rs"]
mod common;

use std::fs;
use std::path::Path;

use bailiwick_import::{Format, Imported, Mode, import, recognise};
use bailiwick_policy::{Principal, Source, Verdict};
use common::{compiled, decide};

fn every(check: impl Fn(&str, &Source, Format, Mode, Imported)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let mut names: Vec<String> =
        fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".out.yaml"));
    names.sort();
    assert!(names.len() >= 7);
    for name in names {
        let source = Source { text: fs::read_to_string(root.join(&name)).unwrap(), name: name.clone() };
        let format = recognise(&source.text).unwrap_or_else(|| panic!("{name} is not recognised"));
        for mode in [Mode::Exact, Mode::Safe] {
            match import(&source, format, mode) {
                Ok(imported) => check(&name, &source, format, mode, imported),
                Err(problems) => panic!("{}", problems.render(false)),
            }
        }
    }
}

#[test]
fn every_file_becomes_the_policy_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    every(|name, _, _, mode, imported| {
        compiled(&imported);
        let place = root.join(format!("{name}.{}.out.yaml", mode.word()));
        if std::env::var_os("BAILIWICK_BLESS").is_some() {
            fs::write(&place, &imported.text).unwrap();
        }
        assert_eq!(fs::read_to_string(&place).unwrap(), imported.text, "{name}, {}", mode.word());
    });
}

#[test]
fn every_call_that_shows_a_difference_is_decided_as_it_says() {
    let shown = std::cell::Cell::new(0);
    every(|name, _, _, mode, imported| {
        let policy = compiled(&imported);
        for call in imported.notes.iter().filter_map(|note| note.shown.as_ref()) {
            let (verdict, ids) = match call.is_resource {
                true => (read(&policy, &call.server, &call.tool), Vec::new()),
                false => decide(&policy, (&call.server, &call.tool), &call.arguments, &Principal::default()),
            };
            let place = format!("{name}, {}: {}", mode.word(), call.call());
            if let Some((id, speaks)) = &call.speaks {
                let heard = ids.iter().any(|found| found == id || found.starts_with(&format!("{id}-")));
                assert_eq!(heard, *speaks, "{place}: {id} in {ids:?}");
            }
            match call.ours.as_str() {
                "asks" => assert_eq!(verdict, Verdict::Ask, "{place}"),
                "denies" => assert_eq!(verdict, Verdict::Deny, "{place}"),
                "passes" => assert_eq!(verdict, Verdict::Allow, "{place}"),
                _ => {}
            }
            shown.set(shown.get() + 1);
        }
    });
    assert!(shown.get() > 20, "{}", shown.get());
}

#[test]
fn what_comes_out_is_not_recognised_as_theirs() {
    every(|name, _, _, _, imported| assert_eq!(recognise(&imported.text), None, "{name}"));
}

#[test]
fn every_difference_has_a_call_that_shows_it() {
    every(|name, _, _, mode, imported| {
        for note in imported.notes.iter().filter(|note| note.kind == bailiwick_import::Kind::Differs) {
            assert!(note.shown.is_some(), "{name}, {}: {}", mode.word(), note.text);
        }
    });
}

fn read(policy: &bailiwick_policy::Policy, server: &str, uri: &str) -> Verdict {
    let target = bailiwick_policy::Target::Resource { server, uri };
    let principal = Principal::default();
    let call = bailiwick_policy::Call { target, arguments: None, principal: &principal };
    policy.evaluate(&call, &mut Vec::new())
}
