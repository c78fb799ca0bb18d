//! Mistakes on the command line and in the environment: what is wrong, and what to do next.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::process::{Command, Stdio};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Runs it with these variables in an empty home; standard output must stay empty.
fn refused(variables: &[(&str, &str)], args: &[&str]) -> (Option<i32>, String) {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(OURS);
    command.args(args).env_clear().env("HOME", home.path()).envs(variables.iter().copied());
    let out = command.current_dir(home.path()).stdin(Stdio::null()).output().expect("it starts");
    assert!(out.stdout.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&out.stdout));
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "{args:?} wrote something");
    (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
}

/// Variables, arguments, and what has to be said.
type Mistake = (&'static [(&'static str, &'static str)], &'static [&'static str], &'static [&'static str]);

#[test]
fn each_mistake_is_refused_with_its_cause_and_the_next_step() {
    let mistakes: [Mistake; 23] = [
        (
            &[("BAILIWICK_POLCY", "x")],
            &["run", "--", "/bin/cat"],
            &["`BAILIWICK_POLCY`", "did you mean `BAILIWICK_POLICY`"],
        ),
        (&[("BAILIWICK_ANYTHING_ELSE", "x")], &["status"], &["`BAILIWICK_ANYTHING_ELSE`", "unset"]),
        (
            &[],
            &["run", "npx", "-y", "server"],
            &["unexpected argument 'npx'", "put `--` before", "bailiwick run … -- npx …"],
        ),
        (&[], &["run", "--mode", "Enforce", "--", "/bin/cat"], &["'Enforce'", "'enforce'"]),
        (&[("BAILIWICK_MODE", "ENFORCED")], &["run", "--", "/bin/cat"], &["'ENFORCED'", "enforce"]),
        (&[], &["lock", "npx"], &["bailiwick lock … -- npx …"]),
        (
            &[],
            &["run", "--audit", "-", "--", "/bin/cat"],
            &["'--audit <FILE>'", "standard output belongs to the protocol"],
        ),
        (
            &[("BAILIWICK_AUDIT", "-")],
            &["run", "--", "/bin/cat"],
            &["standard output belongs to the protocol"],
        ),
        (&[], &["run", "--audit", "", "--", "/bin/cat"], &["--audit"]),
        (&[], &["run", "--server", "", "--", "/bin/cat"], &["--server", "name"]),
        (&[], &["run", "--server", " ", "--", "/bin/cat"], &["name the server"]),
        (
            &[],
            &["run", "--grace", "x", "--", "/bin/cat"],
            &["'--grace <SECONDS>'", "a whole number from 0 to 600"],
        ),
        (&[("BAILIWICK_GRACE", "601")], &["run", "--", "/bin/cat"], &["a whole number from 0 to 600"]),
        (&[], &["run", "--max-depth", "1", "--", "/bin/cat"], &["a whole number from 8 to 4096"]),
        (&[], &["run"], &["<COMMAND>", "--"]),
        (&[], &["lock"], &["--all, --client ID, --path TREE"]),
        (&[], &["lock", "--check"], &["--all, --client ID, --path TREE"]),
        (&[], &["scan", "./here"], &["folders are named with `--path ./here`"]),
        (&[], &["clients", "cursor"], &["clients are named with `--client cursor`"]),
        (&[], &["replay", "traces"], &["with `--trace traces`"]),
        (&[], &["status", "--client", "curser"], &["did you mean `cursor`", "zed"]),
        (&[], &["explain", "toxic"], &["did you mean `toxic-combination`"]),
        (&[], &["explain", "what"], &["there is no finding `what`"]),
    ];
    for (variables, args, words) in mistakes {
        let (code, said) = refused(variables, args);
        assert_eq!(code, Some(2), "{args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{args:?} does not say {word}: {said}");
        }
    }
}

#[test]
fn a_slip_in_a_bundled_policys_name_is_told_from_another_name() {
    for (name, help) in
        [("standrad", "did you mean `standard`?"), ("somebody-elses", "or one of: permissive, standard")]
    {
        let (code, said) = refused(&[], &["run", "--policy", name, "--", "/bin/cat"]);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(&format!("there is no policy `{name}`")) && said.contains(help), "{said}");
    }
}
