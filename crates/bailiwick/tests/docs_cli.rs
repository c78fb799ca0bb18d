//! `docs/reference/cli.md` is what the program's own help says.
//!
//! `BAILIWICK_WRITE_DOCS=1 cargo test -p bailiwick --test docs_cli` writes it anew.
#![expect(clippy::expect_used, reason = "a test says so by a panic when it fails")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

#[test]
fn the_reference_is_the_help_of_every_command() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    let text = std::fs::read_to_string(&page).expect("the page is there");
    let (head, rest) = text.split_once(OPENS).expect("the page has a place for the help");
    let (_, foot) = rest.split_once(CLOSES).expect("the place has an end");
    let mut made = String::new();
    let commands = describe(&mut Vec::new(), &mut made);
    assert!(commands > 10, "{commands} commands: their list was not understood");
    let wanted = format!("{head}{OPENS}\n{made}{CLOSES}{foot}");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&page, &wanted).expect("the page can be written");
    } else {
        assert!(
            text == wanted,
            "docs/reference/cli.md differs from the help; write it anew: {WRITE}=1 cargo test -p bailiwick --test docs_cli"
        );
    }
}

/// Adds the help of a command and of all below it; returns how many those are.
fn describe(command: &mut Vec<String>, out: &mut String) -> usize {
    let help = help(command);
    let name = ["bailiwick"].into_iter().chain(command.iter().map(String::as_str)).collect::<Vec<_>>();
    writeln!(out, "\n## {}\n\n```text\n{}\n```", name.join(" "), help.trim_end())
        .expect("a string takes all");
    let mut commands = 1;
    for below in subcommands(&help).filter(|below| *below != "help") {
        command.push(below.to_owned());
        commands += describe(command, out);
        command.pop();
    }
    commands
}

/// The help as it is without a terminal: 100 columns, no values from the environment.
fn help(command: &[String]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_bailiwick")).args(command).arg("--help").env_clear().output();
    let run = run.expect("the program starts");
    assert!(run.status.success(), "{command:?}: {}", run.status);
    let text = String::from_utf8(run.stdout).expect("help is text");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// First words of the lines under `Commands:`.
fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next())
}

const OPENS: &str = "<!-- help: made from the program -->";
const CLOSES: &str = "<!-- end of help -->";
const WRITE: &str = "BAILIWICK_WRITE_DOCS";
