//! `bailiwick infer` from a trace of the program's own.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

#[path = "recorded/home.rs"]
mod home;

use std::fs;
use std::path::Path;

use home::bailiwick;

/// A recorded run in which the demo's agent reads two files and is refused nothing.
fn record(home: &Path) {
    home::record(home, &["--mode", "observe"], &["src/a.rs", "src/b.rs"]);
}

#[test]
fn a_recorded_run_becomes_a_policy_that_loads_and_denies_the_rest() {
    let home = tempfile::tempdir().expect("a folder");
    record(home.path());
    let out = bailiwick(home.path(), &["infer", "traces", "-o", "p.yaml"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("the agent used 1 tool of 1 server in 2 calls of 1 run"), "{said}");
    assert!(said.contains("checked: 2 of 2 recorded calls pass"), "{said}");
    assert!(said.contains("without any of 1 of 1 rules"), "{said}");
    assert!(said.contains("attacks") && said.contains(" 0 passed,"), "{said}");
    let policy = fs::read_to_string(home.path().join("p.yaml")).expect("a policy");
    assert!(policy.contains("path: [\"./src/**\"]"), "{policy}");
    assert_eq!(bailiwick(home.path(), &["policy", "check", "p.yaml"]).status.code(), Some(0));
    let again = bailiwick(home.path(), &["infer", "traces", "-o", "p.yaml"]);
    assert_eq!(again.status.code(), Some(1), "a file that is there is not overwritten");
    let base = "version: 1\ndefault: deny\nrules:\n  - { id: x, effect: allow, on: fs/other }\n";
    fs::write(home.path().join("base.yaml"), base).expect("it is written");
    let out = bailiwick(home.path(), &["infer", "traces", "--merge", "base.yaml", "-o", "wide.yaml"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        said.contains("widens: files/read_file (2 uses), which it does not open")
            && said.contains("  `path`: { path: [\"./src/**\"] }"),
        "{said}"
    );
    let out = bailiwick(home.path(), &["replay", "-p", "wide.yaml", "--trace", "traces"]);
    assert!(String::from_utf8_lossy(&out.stdout).contains("now denied 0, now asked about 0"), "{out:?}");
    let out = bailiwick(home.path(), &["infer", "traces", "--merge", "wide.yaml"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("2 recorded uses pass"), "{out:?}");
    fs::create_dir(home.path().join("none")).expect("a folder");
    assert_eq!(bailiwick(home.path(), &["infer", "none"]).status.code(), Some(3));
}

#[test]
fn paths_lead_where_they_were_recorded() {
    let (home, elsewhere) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another folder"));
    let place = |home: &Path, name: &str| home.join(name).to_str().expect("UTF-8").to_owned();
    let record = |home: &Path| {
        let paths = [place(home, "src/a.rs"), place(home, "src/b.rs")];
        home::record(home, &["--mode", "observe"], &[&paths[0], &paths[1]]);
    };
    record(home.path());
    let traces = place(home.path(), "traces");
    let base = "version: 1\ndefault: deny\nrules:\n\
        - { id: own, effect: allow, on: \"files/read_file\", args: { path: { path: \"${workspace}/src/**\" } } }\n";
    fs::write(elsewhere.path().join("base.yaml"), base).expect("it is written");
    let infer = |more: &[&str]| {
        let out = bailiwick(elsewhere.path(), &[&["infer", "--merge", "base.yaml", &traces], more].concat());
        String::from_utf8_lossy(&out.stderr).into_owned()
    };
    let said = infer(&[]);
    assert!(said.contains("2 recorded uses pass"), "{said}");
    let said = infer(&["--workspace", "."]);
    assert!(said.contains("widens: files/read_file (2 uses)"), "whoever says another is believed: {said}");
    // Of two homes neither is the one.
    let trace = fs::read_dir(&traces).expect("traces").next().expect("one").expect("a file").path();
    let text = fs::read_to_string(&trace).expect("a trace");
    let (before, behind) = text.split_once("\"home\":\"").expect("a home");
    let (_, behind) = behind.split_once('"').expect("its end");
    let other = format!("{before}\"home\":\"/home/ben\"{behind}");
    fs::write(trace.with_file_name("other.jsonl"), other).expect("it is written");
    let said = infer(&[]);
    assert!(said.contains("the traces come from 2 homes; `~` is taken as "), "{said}");
    assert!(said.contains("recorded uses pass"), "the workspace is still the one: {said}");
    // Of two places neither is the one.
    record(elsewhere.path());
    let said = infer(&["traces"]);
    assert!(said.contains("the traces come from 2 workspaces"), "{said}");
    assert!(said.contains("widens: files/read_file (2 uses)"), "{said}");
}
