//! `bailiwick replay`: attacks and recordings against policies, by the program itself.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

#[path = "recorded/home.rs"]
mod home;

use std::fs;
use std::path::Path;

use home::bailiwick;
use serde_json::{Value, from_slice};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const NARROW: &str = "version: 1\nname: narrow\ndefault: deny\nrules:\n\
    - { id: reads, effect: allow, on: \"files/read_file\", args: { path: { path: \"./src/**\" } } }\n";

#[test]
fn a_hole_is_found_with_its_rule_and_a_narrow_policy_has_none() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(home.path().join(name), text).expect("it is written");
    write("narrow.yaml", NARROW);
    write("open.yaml", &NARROW.replace("./src/**", "./**"));
    let out = bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--only", "basics,filesystem"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "-p", "open.yaml", "--only", "basics"]);
    let said = text(&out.stdout);
    assert_eq!(out.status.code(), Some(12), "{said}");
    assert!(said.contains("basics/env-file") && said.contains("open.yaml:5"), "{said}");
    let accept = ["--accept", "basics/ssh-key,basics/env-file,basics/certificate-key"];
    let args = [["replay", "-p", "open.yaml", "--only", "basics"].as_slice(), &accept].concat();
    assert_eq!(bailiwick(home.path(), &args).status.code(), Some(0));
    for (format, sign) in [
        ("json", "\"standing\":\"passed\""),
        ("junit", "<failure "),
        ("sarif", "\"2.1.0\""),
        ("markdown", "| passed |"),
    ] {
        let out = bailiwick(home.path(), &["replay", "-p", "open.yaml", "--format", format]);
        assert!(text(&out.stdout).contains(sign), "{format}: {}", text(&out.stdout));
    }
    write(
        "ours.toml",
        "pack = 1\nid = \"ours\"\ntitle = \"t\"\n[[attack]]\nid = \"a\"\ntitle = \"reads\"\nkind = \"filesystem\"\ntools = [\"read_file\"]\nargs = [{ path = \"src/secret\" }]\n",
    );
    let out =
        bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--pack", "ours.toml", "--only", "ours"]);
    assert_eq!(out.status.code(), Some(12), "{}", text(&out.stdout));
    let out = bailiwick(home.path(), &["replay", "--only", "nothing"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out.stderr));
}

/// A run that stops nothing, and what it leaves: a trace and an audit log.
fn record(home: &Path, mode: &str) {
    home::record(home, &["--mode", mode, "--audit", "audit.jsonl"], &["src/a.rs", "README.md", "src/b.rs"]);
}

fn traffic(home: &Path, args: &[&str]) -> Value {
    let out = bailiwick(home, &[&["replay", "--format", "json"], args].concat());
    assert_eq!(out.status.code(), Some(0), "{}\n{}", text(&out.stdout), text(&out.stderr));
    let report: Value = from_slice(&out.stdout).expect("it is JSON");
    report.get("traffic").cloned().expect("traffic")
}

/// With a limit, a sequence and a precondition beside the rules.
const STATEFUL: &str = "version: 1\nname: stateful\ndefault: deny\nrules:\n\
    - { id: reads, effect: allow, on: \"files/read_file\", args: { path: { path: \"./**\" } } }\n\
    - { id: no-git, effect: deny, on: \"files/*\", args: { path: { path: \"./.git/**\" } } }\n\
limits:\n\
    - { id: six, on: [\"files/*\"], max: 6, per: run }\n\
    - { id: pace, on: [\"files/read_file\"], max: 5/1h, per: principal }\n\
sequences:\n\
    - { id: after-readme, steps: [{ on: [\"*/read_file\"], args: { path: { path: [\"**/README.md\"] } } }, { on: [\"*/read_file\"], args: { path: { path: [\"src/**\"] } } }], within: 30m, effect: deny }\n";

#[test]
fn a_run_is_decided_again_exactly_by_the_policy_that_decided_it() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path();
    fs::write(path.join("stateful.yaml"), STATEFUL).expect("it is written");
    fs::create_dir(path.join("real")).expect("a folder");
    std::os::unix::fs::symlink("real", path.join("linked")).expect("a link");
    let lock = ["lock", "--server", "files", "--", home::OURS, "__demo-server"];
    assert_eq!(bailiwick(path, &lock).status.code(), Some(0));
    let paths = ["src/a.rs", ".git/config", "README.md", "src/a.rs", "linked/x", "b", "c", "d", "e"];
    let flags = ["--policy", "stateful.yaml", "--audit", "audit.jsonl"];
    // Twice: what a process counts for a principal ends with it.
    home::record(path, &flags, &paths);
    home::record(path, &flags, &paths[..3]);
    // Links that lead elsewhere by now are followed to where they led.
    fs::remove_file(path.join("linked")).expect("it was there");
    let own = traffic(path, &["-p", "stateful.yaml", "--trace", "traces"]);
    let exact = &own["exact"];
    assert!(exact["decisions"].as_u64() > Some(20), "{own}");
    assert_eq!((&exact["runs"], &exact["same"]), (&2.into(), &exact["decisions"]), "{exact}");
    assert_eq!((&own["nowDenied"], &own["nowAllowed"], &own["same"]), (&0.into(), &0.into(), &own["calls"]));
    let tally = |of: &str, name: &str, what: &str| {
        let all = own[of].as_array().expect("a list");
        all.iter().find(|one| one["name"] == name).map(|one| one[what].as_u64().expect("a number"))
    };
    assert_eq!(tally("targets", "files/read_file", "calls"), Some(12), "{own}");
    assert!(tally("targets", "files/read_file", "denied") >= Some(5), "{own}");
    assert!(tally("principals", "user:local", "calls") >= Some(12), "{own}");
    // Another policy is asked what it would have said, at the times and in the order of the recording.
    fs::write(path.join("wide.yaml"), STATEFUL.replace("max: 6,", "max: 60,").replace("5/1h", "50/1h"))
        .expect("it is written");
    let wide = traffic(path, &["-p", "wide.yaml", "--trace", "traces"]);
    assert!(wide["exact"].is_null() && wide["nowAllowed"].as_u64() > Some(0), "{wide}");
    // The same log is asked as well, as far as it says what there was.
    let log = traffic(path, &["-p", "wide.yaml", "--trace", "audit.jsonl"]);
    assert_eq!(log["nowAllowed"], wide["nowAllowed"], "{log}");
    // So are the logs of all runs, wherever they lie below a folder.
    fs::create_dir_all(path.join("logs/files")).expect("a folder");
    fs::rename(path.join("audit.jsonl"), path.join("logs/files/run.jsonl")).expect("it is there");
    let logs = traffic(path, &["-p", "wide.yaml", "--trace", "logs"]);
    assert_eq!(logs["nowAllowed"], wide["nowAllowed"], "{logs}");
    // Somebody changed a decision.
    let trace = fs::read_dir(path.join("traces")).expect("traces").flatten().map(|entry| entry.path());
    for trace in trace {
        let lines = fs::read_to_string(&trace).expect("a trace");
        fs::write(&trace, lines.replace("\"id\":\"no-git\"", "\"id\":\"reads\"")).expect("it is written");
    }
    let changed = traffic(path, &["-p", "stateful.yaml", "--trace", "traces"]);
    let differences = changed["exact"]["differences"].as_array().expect("a list");
    assert_eq!(differences.len(), 2, "{changed}");
    assert!(differences[0]["now"].as_str().is_some_and(|now| now.contains("rule `no-git`")), "{changed}");
    let out = bailiwick(path, &["replay", "-p", "stateful.yaml", "--trace", "traces"]);
    assert!(text(&out.stdout).contains("decisions follow again"), "{}", text(&out.stdout));
}

#[test]
fn what_is_recorded_is_decided_again_from_a_trace_and_from_an_audit_log() {
    let home = tempfile::tempdir().expect("a folder");
    record(home.path(), "shadow");
    fs::write(home.path().join("narrow.yaml"), NARROW).expect("it is written");
    for record in ["traces", "audit.jsonl"] {
        let out =
            bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--trace", record, "--format", "json"]);
        let said = text(&out.stdout);
        assert_eq!(out.status.code(), Some(0), "{said}\n{}", text(&out.stderr));
        let report: Value = serde_json::from_str(&said).expect("it is JSON");
        let traffic = &report["traffic"];
        let differences = traffic["differences"].as_array().expect("a list");
        assert_eq!((&traffic["nowDenied"], differences.len()), (&1.into(), 1), "{record}: {said}");
        assert_eq!(differences[0]["target"], "files/read_file");
        let tally = traffic["targets"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["name"] == "files/read_file"));
        let tally = tally.expect("a tally");
        assert_eq!((&tally["calls"], &tally["denied"]), (&3.into(), &1.into()), "{record}: {said}");
    }
    // A run that only observes asks no rule; what it recorded is decided over all the same.
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("narrow.yaml"), NARROW).expect("it is written");
    record(home.path(), "observe");
    for record in ["traces", "audit.jsonl"] {
        let out = bailiwick(home.path(), &["replay", "-p", "narrow.yaml", "--trace", record]);
        assert!(text(&out.stdout).contains("now denied 1"), "{record}: {}", text(&out.stdout));
    }
    let out = bailiwick(home.path(), &["replay", "--trace", "narrow.yaml"]);
    assert!(text(&out.stderr).contains("neither a trace nor an audit log"), "{}", text(&out.stderr));
}

#[test]
fn what_was_recorded_is_decided_again_in_any_folder() {
    let (home, elsewhere) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another folder"));
    let place = |name: &str| home.path().join(name).to_str().expect("UTF-8").to_owned();
    fs::write(place("narrow.yaml"), NARROW).expect("it is written");
    let paths = ["src/a.rs", &place("src/b.rs"), "README.md"];
    home::record(home.path(), &["--policy", "narrow.yaml", "--audit", "audit.jsonl"], &paths);
    let (policy, traces) = (place("narrow.yaml"), place("traces"));
    let args = ["-p", policy.as_str(), "--trace", traces.as_str()];
    let there = traffic(home.path(), &args);
    let here = traffic(elsewhere.path(), &args);
    assert_eq!(there, here);
    assert_eq!((&here["exact"]["runs"], &here["exact"]["same"]), (&1.into(), &here["exact"]["decisions"]));
    assert_eq!(here["targets"][0]["denied"], 1, "{here}");
    // Whoever says another workspace is believed.
    let other = traffic(elsewhere.path(), &[&args[..], &["--workspace", "."]].concat());
    assert_ne!(other["exact"]["same"], other["exact"]["decisions"], "{other}");
    // A trace that names none is taken to be from here, as those of older versions are.
    for trace in fs::read_dir(&traces).expect("traces").flatten() {
        let text = fs::read_to_string(trace.path()).expect("a trace");
        fs::write(trace.path(), text.replacen("\"workspace\":", "\"later\":", 1)).expect("it is written");
    }
    assert_eq!(traffic(home.path(), &args)["exact"], there["exact"]);
    assert_eq!(traffic(elsewhere.path(), &args)["exact"], other["exact"]);
}
