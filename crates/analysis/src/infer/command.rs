//! From commands to programs with their subcommands.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick_semantic::command::{Simple, read};

use super::Generalise;

/// True if an argument of that name holds a command.
pub(super) fn is_key(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).to_ascii_lowercase();
    ["command", "cmd", "commandline", "command_line", "shell_command", "script"].contains(&last.as_str())
}

/// True if it is said by the words of its programs.
pub(super) fn is_sayable(text: &str) -> bool {
    let script = read(text);
    let plain = script.commands.iter().all(|simple| words(simple).is_some());
    script.doubt.is_none() && !script.commands.is_empty() && plain
}

/// Programs whose first word says what they do.
const WITH_SUBCOMMANDS: [&str; 26] = [
    "git",
    "cargo",
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "go",
    "pip",
    "pip3",
    "uv",
    "poetry",
    "gh",
    "glab",
    "aws",
    "gcloud",
    "az",
    "terraform",
    "systemctl",
    "brew",
    "apt",
    "dotnet",
    "make",
];

/// Entries of the matcher `command` that find every one of `texts`; none if one of them says more than words can. Rules about
/// commands ask, and to an ask one command of a script is enough: only as many are named as find all.
pub(super) fn entries(texts: &BTreeSet<String>, generalise: Generalise) -> Option<Vec<String>> {
    let mut scripts: Vec<Vec<Vec<String>>> = Vec::new();
    for text in texts {
        let script = read(text);
        if script.doubt.is_some() || script.commands.is_empty() {
            return None;
        }
        scripts.push(script.commands.iter().map(words).collect::<Option<_>>()?);
    }
    scripts.sort_by_key(Vec::len);
    let mut forms: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for commands in &scripts {
        let known =
            |words: &&Vec<String>| forms.get(&stem(words)).is_some_and(|forms| forms.contains(*words));
        let is_move = |words: &&Vec<String>| words.first().is_some_and(|program| program == "cd");
        let telling = commands.iter().find(|words| !is_move(words)).or(commands.first());
        if let (false, Some(words)) = (commands.iter().any(|words| known(&words)), telling) {
            forms.entry(stem(words)).or_default().insert(words.clone());
        }
    }
    let mut entries = BTreeSet::new();
    for (stem, forms) in forms {
        let program = stem.first().cloned().unwrap_or_default();
        match (generalise, forms.len()) {
            (Generalise::Loose, _) => drop(entries.insert(format!("{program} *"))),
            (Generalise::Balanced, 2..) => drop(entries.insert(format!("{} *", stem.join(" ")))),
            (Generalise::Strict, _) | (Generalise::Balanced, _) => {
                entries.extend(forms.iter().map(|words| words.join(" ")));
            }
        }
    }
    Some(entries.into_iter().collect())
}

/// The program and, of those that have them, the subcommand.
fn stem(words: &[String]) -> Vec<String> {
    let program = words.first().map(String::as_str).unwrap_or_default();
    let second = words.get(1).filter(|word| !word.starts_with('-') && WITH_SUBCOMMANDS.contains(&program));
    std::iter::once(program.to_owned()).chain(second.cloned()).collect()
}

/// The words, if a person would write them the same way in a rule.
fn words(simple: &Simple) -> Option<Vec<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/:=@%+,-".contains(c);
    let is_plain = simple.assignments.is_empty() && simple.redirects.is_empty() && simple.doubt.is_none();
    let words: Vec<String> = simple.words.iter().map(|word| word.text.clone()).collect();
    let known =
        simple.words.iter().all(|word| word.unknown.is_none() && word.others.is_empty() && !word.glob);
    let written = words.iter().all(|word| !word.is_empty() && word.chars().all(plain));
    (is_plain && known && written && !words.is_empty()).then_some(words)
}
