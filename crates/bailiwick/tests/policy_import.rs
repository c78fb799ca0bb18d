//! `bailiwick policy import`, and policies of other products given as they are.
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

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const THEIRS: &str = "\
name: team
rules:
  - { action: deny, name: keys, tools: [read_file], when: { arg_matches: { path: [\"~/.ssh/**\"] } } }
  - { action: allow, tools: [\"read_*\"] }
";

#[test]
fn the_policy_comes_on_one_stream_and_what_differs_on_the_other() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("theirs.yaml"), THEIRS).expect("a file");
    let output = bailiwick(place.path(), &["policy", "import", "theirs.yaml", "--mode", "exact"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("# line 3: deny `keys`"), "{}", out(&output));
    assert!(
        err(&output).starts_with("theirs.yaml: mcpfw, exact: 3 entries translated, "),
        "{}",
        err(&output)
    );
    assert!(
        err(&output).contains("    call:  srv/read_file {\"path\": [\"~/.ssh/\"]}\n"),
        "{}",
        err(&output)
    );

    let written = bailiwick(place.path(), &["policy", "import", "theirs.yaml", "-o", "ours.yaml"]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    let checked = bailiwick(place.path(), &["policy", "check", "ours.yaml"]);
    assert!(out(&checked).starts_with("ours.yaml: ok, 3 rules"), "{}{}", out(&checked), err(&checked));
    let again = bailiwick(place.path(), &["policy", "import", "theirs.yaml", "-o", "ours.yaml"]);
    assert_eq!(again.status.code(), Some(1), "nothing is overwritten");
}

#[test]
fn a_policy_of_another_product_is_used_as_it_is() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("theirs.yaml"), THEIRS).expect("a file");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"other":["/root/.ssh/x"]}}}"#;
    fs::write(folder.join("call.json"), call).expect("a file");
    let explained = bailiwick(folder, &["policy", "explain", "--policy", "theirs.yaml", "call.json"]);
    assert!(out(&explained).contains("the engine decides: deny"), "{}{}", out(&explained), err(&explained));
    let note = "`theirs.yaml` is a policy of mcpfw, read as 3 entries of ours in mode safe";
    assert_eq!(err(&explained).matches(note).count(), 1, "{}", err(&explained));
    let checked = bailiwick(folder, &["policy", "check", "theirs.yaml"]);
    assert!(out(&checked).starts_with("theirs.yaml: ok"), "{}{}", out(&checked), err(&checked));

    // One that cannot be read to its last word starts nothing.
    fs::write(folder.join("typo.yaml"), "rules:\n  - { action: Deny, tools: [x] }\n").expect("a file");
    let refused = bailiwick(folder, &["run", "--policy", "typo.yaml", "--", BUILT, "__demo-server"]);
    assert_eq!(refused.status.code(), Some(78), "{}", err(&refused));
    assert!(
        err(&refused).contains("did you mean `deny`?") && err(&refused).contains("typo.yaml:2:15"),
        "{}",
        err(&refused)
    );
}

#[test]
fn nobody_guesses_whose_a_policy_is() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("odd.yaml"), "things: [a]\n").expect("a file");
    let output = bailiwick(place.path(), &["policy", "import", "odd.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("one of mcpfw, agentperms, mcp-aegis, agent-envelope, claude-code, cedar"),
        "{}",
        err(&output)
    );
    let forced = bailiwick(place.path(), &["policy", "import", "odd.yaml", "--from", "mcpfw"]);
    assert_eq!(forced.status.code(), Some(78));
    assert!(err(&forced).contains("unknown key `things`"), "{}", err(&forced));
}
