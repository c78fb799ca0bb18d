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
            "-x" | "--exec" | "--extcmd" | "--upload-pack" | "--receive-pack" | "-u" | "--sendmail-cmd"
            | "--tree-filter" | "--index-filter" | "--env-filter" | "--msg-filter" | "--commit-filter"
            | "--tag-name-filter" | "--parent-filter" | "--cmd" | "--sendmail-path" => {
                // `push -u origin` names no program; read as one it is a harmless word.
                let runs = text != "-u" && text != "-x"
                    || words.iter().any(|word| RUN_SHORT.contains(&word.text.as_str()));
                if runs {
                    out.extend(behind.first().cloned().map(Inner::Script));
                }
            }
            "run" if has(words, "bisect") => out.push(Inner::Words(behind.to_vec())),
            "foreach" if has(words, "submodule") => {
                let command =
                    behind.iter().skip_while(|word| word.text.starts_with('-')).cloned().collect::<Vec<_>>();
                out.push(Inner::Script(join(&command)));
            }
            "config" if at < GLOBALS_MAX => configures = true,
            // Programs that the repository's settings name.
            "--ext-diff" | "--textconv" => out.push(Inner::Doubt(Doubt::Code)),
            "--paginate" | "-p" | "--no-pager" => {}
            _ => attached(word, out),
        }
        if text.starts_with("ext::") {
            out.push(Inner::Script(tail(word, text.len().saturating_sub("ext::".len()))));
        }
    }
    if configures {
        settings(words, out);
    }
}

/// Where the subcommand stands at the latest.
const GLOBALS_MAX: usize = 12;
/// Subcommands whose `-u` or `-x` names a program.
const RUN_SHORT: &[&str] = &["rebase", "difftool", "clone", "ls-remote", "fetch-pack"];

fn has(words: &[Word], text: &str) -> bool {
    words.iter().any(|word| word.text == text)
}

/// `--option=program`.
fn attached(word: &Word, out: &mut Vec<Inner>) {
    const RUN: &[&str] = &[
        "--exec=",
        "--extcmd=",
        "--upload-pack=",
        "--receive-pack=",
        "--open-files-in-pager=",
        "--sendmail-cmd=",
        "--smtp-server=/",
        "--cmd=",
    ];
    let text = word.text.as_str();
    for option in RUN {
        if let Some(value) = text.strip_prefix(option) {
            return out.push(Inner::Script(tail(word, value.len())));
        }
    }
    if let Some(value) = text.strip_prefix("--config=") {
        return pair(&tail(word, value.len()), out);
    }
    if let Some(pager) = text.strip_prefix("-O")
        && !pager.is_empty()
        && !pager.contains('/')
    {
        return out.push(Inner::Script(tail(word, pager.len())));
    }
    if text.starts_with("--config-env") || text.starts_with("--exec-path=") || text.starts_with("--template=")
    {
        out.push(Inner::Doubt(Doubt::Code));
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
