//! Commands that the documents name, held against the help texts of the programs themselves.

use super::lines;
use crate::shell;
use crate::tidy::Finding;
use crate::tidy::source::Tree;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

/// Subcommands and flags of `bailiwick` and `cargo xtask` in README.md and docs/ that the programs do not have.
///
/// # Errors
///
/// In CI, where the binary has to be built before.
pub(in crate::tidy) fn commands(tree: &Tree) -> Result<Vec<Finding>> {
    let mut helps = BTreeMap::new();
    helps.insert(XTASK, Some(std::env::current_exe()?));
    let binary = newest_binary();
    if binary.is_none() {
        anyhow::ensure!(
            std::env::var_os("CI").is_none(),
            "no binary to ask: `cargo build --release -p bailiwick` comes first"
        );
        println!(
            "   –  NOT CHECKED: commands of `bailiwick` in the docs (no binary; `cargo build -p bailiwick` first)"
        );
    }
    helps.insert(BINARY, binary);
    let mut known = Programs { binaries: helps, asked: BTreeMap::new() };
    let mut findings = Vec::new();
    for (path, text) in
        tree.ending(".md").filter(|(path, _)| *path == "README.md" || path.starts_with("docs/"))
    {
        for (line, words) in mentions(text) {
            findings.extend(
                known
                    .unknown(&words)
                    .map(|cause| Finding::new(path, line, cause, "write it as its --help does")),
            );
        }
    }
    Ok(findings)
}

/// Help texts, each asked for once.
struct Programs {
    binaries: BTreeMap<&'static str, Option<PathBuf>>,
    asked: BTreeMap<String, Option<String>>,
}

impl Programs {
    /// What is wrong with a command line, as words from the program's name on.
    fn unknown(&mut self, words: &[String]) -> Option<String> {
        let (program, words) = words.split_first()?;
        let binary = self.binaries.get(program.as_str())?.clone()?;
        let mut asked = vec![];
        let mut help = self.help(&binary, &asked)?;
        for word in words {
            if word == "--" {
                break;
            }
            if let Some(flag) = word.strip_prefix("--") {
                let flag = flag.split(['=', '[']).next().unwrap_or(flag);
                if !flags(&help).any(|known| known == flag) {
                    return Some(format!("`{program} {}` has no `--{flag}`", asked.join(" ")));
                }
            } else if subcommands(&help).any(|known| known == word) {
                asked.push(word.clone());
                help = self.help(&binary, &asked)?;
            } else if subcommands(&help).next().is_some()
                && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
            {
                return Some(format!("`{program} {}` has no `{word}`", asked.join(" ")));
            }
        }
        None
    }

    fn help(&mut self, binary: &PathBuf, words: &[String]) -> Option<String> {
        let key = format!("{} {}", binary.display(), words.join(" "));
        let ask = || {
            let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
            shell::output(binary, &args)
        };
        self.asked.entry(key).or_insert_with(ask).clone()
    }
}

/// Command lines of the two programs: in fenced blocks, and in inline code.
fn mentions(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (number, line, fenced) in lines(text) {
        let codes: Vec<&str> = if fenced { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        found.extend(codes.into_iter().filter_map(command).map(|words| (number, words)));
    }
    found
}

/// The words of one command line, its program first; `None` when it is neither of ours.
fn command(code: &str) -> Option<Vec<String>> {
    let code = code.trim().trim_start_matches("$ ");
    let code = code.split([';', '|', '#', '>', '\\']).next().unwrap_or(code);
    let (program, rest) = if let Some(rest) = code.strip_prefix("cargo xtask") {
        (XTASK, rest)
    } else if let Some(rest) =
        code.strip_prefix("cargo run --release --").or_else(|| code.strip_prefix("cargo run --"))
    {
        (BINARY, rest)
    } else {
        let rest = code
            .strip_prefix("./target/release/")
            .or_else(|| code.strip_prefix("target/release/"))
            .unwrap_or(code);
        (BINARY, rest.strip_prefix(BINARY)?)
    };
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let words = rest.split_whitespace().map(|word| word.trim_matches(['[', ']', '"', '\'']).to_owned());
    Some(std::iter::once(program.to_owned()).chain(words.filter(|word| !word.is_empty())).collect())
}

/// First words of the lines under `Commands:`.
fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
}

/// Long flags wherever the help names one.
fn flags(help: &str) -> impl Iterator<Item = &str> {
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter_map(|word| word.strip_prefix("--")).filter(|flag| !flag.is_empty())
}

/// Debug or release, whichever was built last.
fn newest_binary() -> Option<PathBuf> {
    let built = |profile: &str| {
        let path = shell::root().join("target").join(profile).join(BINARY);
        let time = path.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        path.exists().then_some((time, path))
    };
    ["release", "debug"].into_iter().filter_map(built).max().map(|(_, path)| path)
}

const XTASK: &str = "cargo xtask";
const BINARY: &str = "bailiwick";

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "Keeps agents in\n\nUsage: bailiwick <COMMAND>\n\nCommands:\n  run     Wrap a server\n  policy  Check\n          and explain\n\
                        \nOptions:\n      --color <WHEN>  When\n";

    fn check(code: &str) -> Option<String> {
        let mut programs = Programs { binaries: BTreeMap::new(), asked: BTreeMap::new() };
        programs.binaries.insert(BINARY, Some(PathBuf::from("b")));
        programs.asked.insert("b ".to_owned(), Some(HELP.to_owned()));
        programs
            .asked
            .insert("b run".to_owned(), Some("Options:\n      --policy <NAME>  Which\n".to_owned()));
        programs.asked.insert("b policy".to_owned(), Some("Commands:\n  check  Check\n".to_owned()));
        programs.unknown(&command(code)?)
    }

    #[test]
    fn commands_that_exist_pass() {
        for code in [
            "bailiwick run --policy standard -- npx --yes server",
            "$ bailiwick policy check FILE",
            "cargo run --release -- run --policy=x",
            "bailiwick",
            "bailiwick.lock",
            "bailiwick policy",
            "bailiwick run [--policy NAME|FILE]… -- COMMAND…",
        ] {
            assert_eq!(check(code), None, "{code}");
        }
    }

    #[test]
    fn commands_that_do_not_exist_are_found() {
        for code in [
            "bailiwick ran",
            "bailiwick run --polcy x",
            "bailiwick policy chek FILE",
            "cargo run --release -- dmo",
            "bailiwick --colour x",
        ] {
            assert!(check(code).is_some(), "{code}");
        }
    }

    #[test]
    fn mentions_are_read_from_blocks_and_inline_code() {
        let text = "Say `bailiwick run` here.\n```sh\n$ bailiwick demo\n```\nNot bailiwick go.\n";
        let lines: Vec<usize> = mentions(text).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3]);
    }
}
