//! Which program runs what: the dispatch over the tables.

use super::{Inner, Input, code, environment, git, names, runners, shells, tar, tools, values};
use crate::command::{Doubt, Simple, Word};

/// What `simple` runs, if its program is called `name`.
pub(super) fn inner(name: &str, simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let words = &simple.words;
    if shells::SHELLS.contains(&name) {
        return shells::inner(simple, input, out);
    }
    // `bun x` runs packages too.
    if code::inner(name, simple, input, out) && name != "bun" {
        return;
    }
    runners::inner(name, simple, input, out);
    values::inner(name, words, out);
    match name {
        "env" => environment::inner(words, out),
        "su" | "runuser" | "sg" => shells::substitute_user(name, simple, input, out),
        "xargs" | "gxargs" => shells::arguments_from_input(words, out),
        "parallel" | "rush" => shells::parallel(simple, input, out),
        "find" | "gfind" => shells::find(words, out),
        "fd" | "fdfind" => {
            shells::find(words, out);
            tools::fd(words, out);
        }
        // Another root: paths lead elsewhere.
        "chroot" => out.push(Inner::Doubt(Doubt::Options)),
        "unshare" | "nsenter" if changes_root(name, simple.arguments()) => {
            out.push(Inner::Doubt(Doubt::Options))
        }
        "tar" | "gtar" | "bsdtar" => tar::inner(words, out),
        "git" | "gh" | "hub" | "jj" => git::inner(words, out),
        "source" | "." => sourced(simple, input, out),
        "[[" | "[" | "test" | "printf" | "read" | "unset" | "declare" | "typeset" | "local" | "export"
        | "readonly" | "let" | "mapfile" | "readarray" | "getopts" | "wait" => {
            out.extend(names::evaluates(name, simple.arguments()).then_some(Inner::Doubt(Doubt::Code)));
        }
        "hash" | "history" | "fc" | "compgen" => {
            out.extend(names::redefines(name, simple.arguments()).then_some(Inner::Doubt(Doubt::Code)));
        }
        "trap" => {
            out.extend(operands(words).next().filter(|word| word.text != "-").cloned().map(Inner::Script))
        }
        "alias" => {
            let values = operands(words).filter_map(super::assignment).map(|(_, value)| Inner::Script(value));
            let first = out.len();
            out.extend(values);
            // What stands behind its name later is read together with it.
            out.extend((out.len() > first).then_some(Inner::Doubt(Doubt::Code)));
        }
        "shopt" => {
            let names =
                simple.arguments().iter().any(|word| word.text == "cdable_vars" || word.unknown.is_some());
            out.extend(names.then_some(Inner::Doubt(Doubt::Options)));
        }
        "complete" | "bind" | "enable" | "coproc" => {
            let runs =
                simple.arguments().iter().any(|word| matches!(word.text.as_str(), "-C" | "-F" | "-x" | "-f"));
            out.extend(runs.then_some(Inner::Doubt(Doubt::Code)));
        }
        "at" | "batch" => shells::from_input(simple, input, out),
        "crontab" => {
            let reads = operands(words).next().is_none_or(|word| word.text == "-");
            let lists = simple.arguments().iter().any(|word| matches!(word.text.as_str(), "-l" | "-r"));
            out.extend((reads && !lists).then_some(Inner::Doubt(Doubt::Code)));
        }
        "tmux" | "screen" | "byobu" => multiplexer(words, out),
        "cmd" | "command.com" | "%comspec%" => windows_shell(words, out),
        "powershell" | "pwsh" => powershell(words, input, out),
        name => tools::inner(name, words, out),
    }
}

fn changes_root(name: &str, words: &[Word]) -> bool {
    let marks: &[char] = if name == "unshare" { &['R'] } else { &['r', 'w'] };
    words.iter().any(|word| {
        let letters = word.text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        letters.is_some_and(|letters| letters.contains(marks)) || word.text.starts_with("--ro")
    })
}

fn operands(words: &[Word]) -> impl Iterator<Item = &Word> {
    words.iter().skip(1).filter(|word| word.text == "-" || !word.text.starts_with('-'))
}

/// A file of the script's own shell. Its name says nothing, but output and unknown names are code that is not read.
fn sourced(simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let Some(file) = operands(&simple.words).next() else { return };
    shells::from_file(file, simple, input, out);
}

/// The last words of `tmux new 'script'` and its like are read by a shell, or typed into one.
fn multiplexer(words: &[Word], out: &mut Vec<Inner>) {
    const RUNS: &[&str] = &[
        "new",
        "new-session",
        "neww",
        "new-window",
        "splitw",
        "split-window",
        "run",
        "run-shell",
        "if",
        "if-shell",
        "send",
        "send-keys",
        "respawn-pane",
        "respawn-window",
        "pipe-pane",
        "popup",
        "display-popup",
        "stuff",
        "-dm",
        "-dmS",
        "-X",
    ];
    if words.iter().any(|word| RUNS.contains(&word.text.as_str())) {
        out.extend(
            operands(words).filter(|word| !RUNS.contains(&word.text.as_str())).cloned().map(Inner::Script),
        );
        if let [.., last] = words
            && last.text.contains(char::is_alphabetic)
        {
            out.push(Inner::Words(
                words.iter().skip_while(|word| !word.text.starts_with('-')).skip(1).cloned().collect(),
            ));
        }
    }
}

/// `cmd /c …`: the rest is a text for another shell.
fn windows_shell(words: &[Word], out: &mut Vec<Inner>) {
    let runs = |word: &Word| {
        let lower = word.text.to_ascii_lowercase();
        lower.starts_with("/c")
            || lower.starts_with("/k")
            || lower.starts_with("/r")
            || lower.starts_with("//c")
    };
    let Some(at) = words.iter().position(runs) else { return };
    let attached = words.get(at).map(|word| word.text.trim_start_matches('/')).and_then(|text| text.get(1..));
    let mut rest: Vec<Word> = attached.filter(|text| !text.is_empty()).map(Word::known).into_iter().collect();
    rest.extend(words.get(at.saturating_add(1)..).unwrap_or_default().iter().cloned());
    if !rest.is_empty() {
        out.push(Inner::Script(runners::join(&rest)));
        out.push(Inner::Doubt(Doubt::Windows));
    }
}

/// PowerShell: what follows `-Command` is a script of its own language; what is encoded is not read.
fn powershell(words: &[Word], input: &Input, out: &mut Vec<Inner>) {
    let mut rest = words.iter().enumerate().skip(1);
    while let Some((at, word)) = rest.next() {
        let lower = word.text.to_ascii_lowercase();
        let Some(option) = lower.strip_prefix(['-', '/']) else {
            // Words without an option are a script to Windows PowerShell, a file to others.
            out.push(Inner::Script(runners::join(words.get(at..).unwrap_or_default())));
            return out.push(Inner::Doubt(Doubt::Windows));
        };
        let is = |name: &str| !option.is_empty() && name.starts_with(option);
        if is("command") || is("commandwithargs") || option == "cwa" {
            out.push(Inner::Script(runners::join(words.get(at.saturating_add(1)..).unwrap_or_default())));
            return out.push(Inner::Doubt(Doubt::Windows));
        }
        if is("encodedcommand") || option == "ec" || is("encodedarguments") {
            return out.push(Inner::Doubt(Doubt::Code));
        }
        if is("file") {
            return;
        }
        if is("executionpolicy")
            || option == "ep"
            || is("windowstyle")
            || is("version")
            || is("workingdirectory")
            || is("inputformat")
            || is("outputformat")
            || is("configurationname")
        {
            rest.next();
        }
    }
    out.extend((!matches!(input, Input::Own)).then_some(Inner::Doubt(Doubt::Code)));
}
