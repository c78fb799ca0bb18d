//! `git`: settings, hooks and options that run programs.

use super::Inner;
use super::runners::join;
use super::tail;
use crate::command::{Doubt, Word};

pub(super) fn inner(words: &[Word], out: &mut Vec<Inner>) {
    let mut rest = words.iter().enumerate().skip(1);
    let mut configures = false;
    while let Some((at, word)) = rest.next() {
        let text = word.text.as_str();
        let behind = words.get(at.saturating_add(1)..).unwrap_or_default();
        match text {
            "-c" | "--config" => {
                if let Some((_, value)) = rest.next() {
                    pair(value, out);
                }
            }
            "run" if has(words, "bisect") => out.push(Inner::Words(behind.to_vec())),
            "foreach" if has(words, "submodule") => {
                let command =
                    behind.iter().skip_while(|word| word.text.starts_with('-')).cloned().collect::<Vec<_>>();
                out.push(Inner::Script(join(&command)));
            }
            "config" if at < GLOBALS_MAX => configures = true,
            // What stands in the place of a remote, which is a command.
            "remote-ext" | "remote-fd" if at < GLOBALS_MAX => out.push(Inner::Doubt(Doubt::Code)),
            // Programs that the repository's settings name.
            "--ext-diff" | "--textconv" => out.push(Inner::Doubt(Doubt::Code)),
            _ if text.starts_with("--") => long(word, behind, words, out),
            _ => letters(word, behind, words, out),
        }
        if text.starts_with("ext::") {
            // `%S`, `%G`: what stands for other texts.
            out.extend(text.contains('%').then_some(Inner::Doubt(Doubt::Code)));
            out.push(Inner::Script(tail(word, text.len().saturating_sub("ext::".len()))));
        }
    }
    if configures {
        settings(words, out);
    }
}

/// Where the subcommand stands at the latest.
const GLOBALS_MAX: usize = 12;
fn has(words: &[Word], text: &str) -> bool {
    words.iter().any(|word| word.text == text)
}

/// Long options that a command follows, and those of one subcommand.
const LONG: &[(&str, &str)] = &[
    ("--exec", ""),
    ("--extcmd", ""),
    ("--upload-pack", ""),
    ("--receive-pack", ""),
    ("--open-files-in-pager", ""),
    ("--sendmail-cmd", ""),
    ("--sendmail-path", ""),
    ("--to-cmd", ""),
    ("--cc-cmd", ""),
    ("--cmd", ""),
    ("--tree-filter", "filter-branch"),
    ("--index-filter", "filter-branch"),
    ("--env-filter", "filter-branch"),
    ("--msg-filter", "filter-branch"),
    ("--commit-filter", "filter-branch"),
    ("--tag-name-filter", "filter-branch"),
    ("--parent-filter", "filter-branch"),
];

/// `--option=program`, `--option program`, with the beginning of the name.
fn long(word: &Word, behind: &[Word], words: &[Word], out: &mut Vec<Inner>) {
    let text = word.text.as_str();
    let (name, attached) = match text.split_once('=') {
        Some((name, value)) => (name, Some(tail(word, value.len()))),
        None => (text, None),
    };
    let begins = |option: &str| name.len() >= BEGINNING_MIN && option.starts_with(name);
    if LONG.iter().any(|(option, sub)| begins(option) && (sub.is_empty() || has(words, sub))) {
        // Without `=` a pager is the usual one, or the next word is no program: read as one it is a harmless word.
        out.extend(attached.or_else(|| behind.first().cloned()).map(Inner::Script));
    } else if let Some(value) = &attached {
        if name == "--smtp-server" && value.text.starts_with('/') {
            out.push(Inner::Script(value.clone()));
        } else if begins("--config") {
            pair(value, out);
        } else if begins("--exec-path") || begins("--template") {
            out.push(Inner::Doubt(Doubt::Code));
        }
    }
    // `--text` is an option by itself.
    let doubtful = (begins("--textconv") && name != "--text") || begins("--ext-diff");
    if name.starts_with("--config-env") || doubtful {
        out.push(Inner::Doubt(Doubt::Code));
    }
}

/// `-` and this many letters less two.
const BEGINNING_MIN: usize = 4;

/// `-x program`, `-Oprogram`, also behind other letters.
fn letters(word: &Word, behind: &[Word], words: &[Word], out: &mut Vec<Inner>) {
    const SHORT: &[(char, &[&str])] =
        &[('x', &["rebase", "difftool"]), ('u', &["clone", "ls-remote", "fetch-pack"]), ('O', &["grep"])];
    let Some(given) = word.text.strip_prefix('-') else { return };
    for (letter, subcommands) in SHORT {
        let Some((before, value)) = given.split_once(*letter) else { continue };
        // `push -u origin` names no program.
        let runs = before.chars().all(char::is_alphanumeric) && subcommands.iter().any(|sub| has(words, sub));
        match (runs, value) {
            (true, "") if *letter != 'O' => out.extend(behind.first().cloned().map(Inner::Script)),
            (true, value) if !value.is_empty() => out.push(Inner::Script(tail(word, value.len()))),
            _ => {}
        }
    }
}

/// `name=value`.
fn pair(word: &Word, out: &mut Vec<Inner>) {
    match word.text.split_once('=') {
        Some((name, value)) => setting(name, &tail(word, value.len()), out),
        None => out.extend(word.unknown.map(|_| Inner::Doubt(Doubt::Code))),
    }
}

/// `git config name value`, in the old and the new form.
fn settings(words: &[Word], out: &mut Vec<Inner>) {
    let operands: Vec<&Word> = words.iter().skip(1).filter(|word| !word.text.starts_with('-')).collect();
    for pair in operands.windows(2) {
        if let [name, value] = pair
            && name.text.contains('.')
        {
            setting(&name.text, value, out);
        }
    }
}

fn setting(name: &str, value: &Word, out: &mut Vec<Inner>) {
    let lower = name.to_ascii_lowercase();
    let (section, key) =
        (lower.split('.').next().unwrap_or_default(), lower.rsplit('.').next().unwrap_or_default());
    if let Some(script) = value.text.strip_prefix('!') {
        return out.push(Inner::Script(tail(value, script.len())));
    }
    let runs = matches!(section, "pager" | "alias" | "sequence")
        || matches!(
            key,
            "pager"
                | "editor"
                | "sshcommand"
                | "fsmonitor"
                | "gitproxy"
                | "askpass"
                | "external"
                | "command"
                | "textconv"
                | "cmd"
                | "driver"
                | "clean"
                | "smudge"
                | "process"
                | "program"
                | "helper"
                | "packobjectshook"
                | "difffilter"
                | "path"
                | "uploadpack"
                | "receivepack"
                | "vcs"
                | "tocmd"
                | "cccmd"
                | "headercmd"
                | "sendmailcmd"
                | "defaultcommand"
        );
    let loads = matches!(
        key,
        "hookspath" | "templatedir" | "attributesfile" | "allow" | "insteadof" | "pushinsteadof"
    ) || matches!(section, "include" | "includeif" | "hook");
    if section == "alias" {
        let mut words = vec![Word::known("git")];
        words.extend(value.text.split_whitespace().map(Word::known));
        out.push(Inner::Words(words));
    } else if loads {
        out.push(Inner::Doubt(Doubt::Code));
    } else if runs
        && !matches!(value.text.as_str(), "true" | "false" | "cat" | "" | "less" | "always" | "never")
    {
        out.push(Inner::Script(value.clone()));
    }
}
