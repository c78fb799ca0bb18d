//! `bailiwick policy check`, alone and against a lock file.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

fn bailiwick(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(BUILT);
    command.args(args).env_clear().env("HOME", folder).current_dir(folder);
    command.output().expect("the program starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn policy(folder: &Path, name: &str, rule: &str) {
    let text = format!("version: 1\ndefault: deny\nrules:\n  - {{ id: a, effect: deny, {rule} }}\n");
    fs::write(folder.join(name), text).expect("a file");
}

#[test]
fn a_policy_is_compared_with_what_the_locked_tools_take() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let locked = bailiwick(folder, &["lock", "--server", "files", "--", BUILT, "__demo-server"]);
    assert!(locked.status.success(), "{}", said(&locked));
    let check = |args: &[&str]| {
        let output = bailiwick(folder, &[&["policy", "check"], args].concat());
        (output.status.code(), said(&output))
    };

    policy(folder, "good.yaml", "on: [files/read_file, other/x], args: { path: { path: [\"**/.env\"] } }");
    policy(folder, "typo.yaml", "on: files/read_file, args: { pth: { path: [\"**/.env\"] } }");
    policy(folder, "type.yaml", "on: files/read_file, if: \"args.path > 3\"");
    policy(folder, "tool.yaml", "on: files/raed_file");
    policy(folder, "some.yaml", "on: \"files/*\", if: \"args.path == 'x'\"");

    let (status, text) = check(&["good.yaml", "--lock", "bailiwick.lock", "--strict"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("good.yaml: ok, 1 rule, 0 limits\n  compared with the schemas of "), "{text}");
    assert!(text.contains("1 target of tools that no locked server has"), "{text}");

    for (name, words) in [
        ("typo.yaml", "did you mean `path`?"),
        ("type.yaml", "`args.path` is a text, and `3` is a number in `files/read_file`"),
        ("tool.yaml", "did you mean `files/read_file`?"),
    ] {
        assert_eq!(check(&[name]).0, Some(0), "{name} is valid by itself");
        let (status, text) = check(&[name, "--lock", "bailiwick.lock"]);
        assert_eq!(status, Some(78), "{text}");
        assert!(text.contains(words), "{text}");
    }

    let (status, text) = check(&["some.yaml", "--lock", "bailiwick.lock"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("warning: no argument `path` in "), "{text}");
    assert_eq!(check(&["some.yaml", "--lock", "bailiwick.lock", "--strict"]).0, Some(10));

    let lock = fs::read_to_string(folder.join("bailiwick.lock")).expect("a lock file");
    fs::write(folder.join("changed.lock"), lock.replace("\"path\"", "\"pth\"")).expect("a file");
    let (status, text) = check(&["typo.yaml", "--lock", "changed.lock"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("is not the one that was locked"), "{text}");
    let (status, text) = check(&["good.yaml", "--lock", "missing.lock"]);
    assert_eq!(status, Some(1), "{text}");
}

#[test]
fn what_is_not_utf_8_is_named_by_line_and_column() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("latin.yaml"), b"version: 1\n# f\xc3\xbcr f\xfcr\nrules: []\n").expect("a file");
    fs::write(folder.join("above.yaml"), "version: 1\nextends: [latin.yaml]\n").expect("a file");
    for args in [
        ["policy", "check", "latin.yaml"],
        ["policy", "check", "above.yaml"],
        ["policy", "lint", "latin.yaml"],
        ["policy", "fmt", "latin.yaml"],
    ] {
        let output = bailiwick(folder, &args);
        assert_eq!(output.status.code(), Some(78), "{args:?}: {}", said(&output));
        let words = "the policy `latin.yaml` is not UTF-8: the first wrong byte is at latin.yaml:2:8";
        assert!(said(&output).contains(words), "{args:?}: {}", said(&output));
    }
}
