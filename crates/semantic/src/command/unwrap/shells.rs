//! Shells: scripts behind `-c`, on their input, in their start-up files.

use super::options::{Known, Others, read};
use super::runners::join;
use super::streams::{Stream, is_stream, stream};
use super::{Inner, Input};
use crate::command::{Doubt, Simple, Unknown, Word};

pub(super) const SHELLS: &[&str] = &[
    "sh", "bash", "zsh", "dash", "ksh", "ksh93", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "yash",
    "oksh", "pdksh", "hush", "elvish", "nu", "xonsh", "osh", "git-bash",
];

const OPTIONS: Known = Known {
    short: "abcefhiklmnprstuvxBCDEHPTo:O:",
    long: &[
        "rcfile=",
        "init-file=",
        "norc",
        "noprofile",
        "posix",
        "login",
        "restricted",
        "verbose",
        "debug",
        "noediting",
        "command=",
        "init-command=",
        "no-config",
        "private",
        "interactive",
    ],
    others: Others::Flags,
};

pub(super) fn inner(simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let words = &simple.words;
    let mut options = read(words, 1, OPTIONS);
    // `+x` switches off what `-x` switches on; `+o` and `+O` are followed by a name. Options may follow again.
    while let Some(word) =
        words.get(options.operands).filter(|word| word.text.len() > 1 && word.text.starts_with('+'))
    {
        let named = word.text.matches(['o', 'O']).count();
        // `+c` is `-c`.
        options.doubt |= word.text.contains('c');
        let behind = options.operands.saturating_add(1).saturating_add(named).min(words.len());
        let more = read(words, behind, OPTIONS);
        options.given.extend(more.given);
        options.doubt |= more.doubt || word.unknown.is_some();
        options.operands = more.operands;
    }
    // `-oc name script`: the names come behind all letters, whatever comes behind `o` among these.
    let bundled = |word: &Word| {
        let letters = word.text.strip_prefix(['-', '+']).filter(|letters| !letters.starts_with('-'));
        letters.is_some_and(|letters| {
            letters.len() > 1 && letters.contains(['o', 'O']) && !letters.ends_with(['o', 'O'])
        }) || letters.is_some_and(|letters| letters.matches(['o', 'O']).count() > 1)
    };
    if words.iter().skip(1).take(options.operands).any(bundled) {
        out.push(Inner::Doubt(Doubt::Options));
    }
    let given = |name: &str| options.given.iter().any(|(option, _)| *option == name);
    for (option, value) in &options.given {
        match (*option, value) {
            ("command" | "init-command", Some(script)) => out.push(Inner::Script(script.clone())),
            ("rcfile" | "init-file", Some(file)) if file.unknown.is_some() || is_stream(&file.text) => {
                out.push(Inner::Doubt(Doubt::Code))
            }
            _ => {}
        }
    }
    let mut operands = words.get(options.operands..).unwrap_or_default();
    if let Some((dash, rest)) = operands.split_first()
        && dash.text == "-"
        && !rest.is_empty()
    {
        // It ends the options.
        operands = rest;
    }
    if given("c") || options.doubt {
        if let Some((script, rest)) = operands.split_first() {
            out.push(Inner::Script(script.clone()));
            parameters(script, rest, out);
        }
        // `sh -c -x script`: shells differ in whether what follows is an option.
        let behind = words
            .iter()
            .skip(1)
            .skip_while(|word| !(word.text.starts_with('-') && word.text.contains('c')))
            .nth(1);
        out.extend(behind.filter(|word| word.text.starts_with(['-', '+'])).cloned().map(Inner::Script));
        return;
    }
    if asks_only(words) {
        return;
    }
    match operands.first() {
        None => from_input(simple, input, out),
        Some(_) if given("s") => from_input(simple, input, out),
        Some(file) if file.text == "-" => from_input(simple, input, out),
        Some(file) => from_file(file, simple, input, out),
    }
}

/// A file by its name: what stands in it is not in the text, unless it is what the shell is given to read.
pub(super) fn from_file(file: &Word, simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let kind = file.texts().find_map(stream);
    if file.unknown.is_some() || kind == Some(Stream::Other) {
        out.push(Inner::Doubt(Doubt::Code));
    } else if kind == Some(Stream::Input) {
        from_input(simple, input, out);
    }
}

/// `--version` and `--help` run nothing.
fn asks_only(words: &[Word]) -> bool {
    words.iter().skip(1).any(|word| matches!(word.text.as_str(), "--version" | "--help"))
}

/// `sh -c '"$@"' x rm`: the words behind the script may be the command.
fn parameters(script: &Word, rest: &[Word], out: &mut Vec<Inner>) {
    if !script.texts().any(|text| text.contains('$')) {
        return;
    }
    out.extend((!rest.is_empty()).then(|| Inner::Words(rest.to_vec())));
    out.extend(rest.get(1..).filter(|rest| !rest.is_empty()).map(|rest| Inner::Words(rest.to_vec())));
}

/// What a program that reads commands from its input is given.
pub(super) fn from_input(_simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    match input {
        Input::Text(text) => out.push(Inner::Script(text.clone())),
        // Its own input may be that of a group, a function or a substitution around it.
        Input::Unknown | Input::Own => out.push(Inner::Doubt(Doubt::Code)),
        Input::File => {}
    }
}

/// `su [options] [user] -c script`, `runuser -u user command`, `sg group script`.
pub(super) fn substitute_user(name: &str, simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    if name == "sg" {
        let mut operands = simple.arguments().iter().filter(|word| word.text != "-" && word.text != "-c");
        out.extend(operands.nth(1).cloned().map(Inner::Script));
    }
    if name == "runuser"
        && simple
            .arguments()
            .iter()
            .any(|word| word.text.starts_with("-u") || word.text.starts_with("--user"))
    {
        const KNOWN: Known = Known {
            short: "flmpPs:u:g:G:w:c:",
            long: &[
                "user=",
                "group=",
                "supp-group=",
                "shell=",
                "whitelist-environment=",
                "pty",
                "login",
                "fast",
            ],
            others: Others::Doubt,
        };
        let options = read(&simple.words, 1, KNOWN);
        out.extend(options.doubt.then_some(Inner::Doubt(Doubt::Options)));
        out.push(Inner::Words(simple.words.get(options.operands..).unwrap_or_default().to_vec()));
    }
    let mut words = simple.arguments().iter();
    let mut script = false;
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        let attached = text.strip_prefix("--command=").or_else(|| text.strip_prefix("--session-command="));
        if let Some(attached) = attached {
            script = true;
            out.push(Inner::Script(super::tail(word, attached.len())));
        } else if matches!(text, "--command" | "--session-command")
            || (text.starts_with('-') && !text.starts_with("--") && text.ends_with('c'))
        {
            script = true;
            out.extend(words.next().cloned().map(Inner::Script));
        } else if text == "--" {
            // `runuser -u user -- command`
            out.push(Inner::Words(words.as_slice().to_vec()));
            return;
        }
    }
    if !script {
        from_input(simple, input, out);
    }
}

/// `xargs`: its command with words that come from the input.
pub(super) fn arguments_from_input(words: &[Word], out: &mut Vec<Inner>) {
    const KNOWN: Known = Known {
        short: "0rtxpoa:d:E:I:J:L:n:P:R:S:s:",
        long: &[
            "null",
            "arg-file=",
            "delimiter=",
            "replace",
            "max-lines",
            "max-args=",
            "max-procs=",
            "max-chars=",
            "no-run-if-empty",
            "verbose",
            "exit",
            "interactive",
            "open-tty",
            "process-slot-var=",
            "show-limits",
            "eof",
        ],
        others: Others::Doubt,
    };
    let options = read(words, 1, KNOWN);
    // `-i`, `-l` and `-e` take their value only in the same word.
    let odd = |option: &&str| !matches!(*option, "i" | "l" | "e" | "{" | "}");
    let known = |option: &&str| KNOWN.short.contains(*option) || option.len() > 1;
    if options.doubt && options.given.iter().any(|(option, _)| odd(option) && !known(option)) {
        out.push(Inner::Doubt(Doubt::Options));
    }
    let mut mark =
        options.given.iter().any(|(option, _)| matches!(*option, "i" | "replace")).then(|| "{}".to_owned());
    for (option, value) in &options.given {
        if let ("I" | "J" | "replace", Some(value)) = (*option, value) {
            mark = Some(value.text.clone());
        }
    }
    let mut inner = words.get(options.operands..).unwrap_or_default().to_vec();
    if inner.is_empty() {
        return;
    }
    match mark {
        Some(mark) => replace(&mut inner, &mark),
        None => {
            let unknown = Some(Unknown::Output);
            inner.push(Word { text: "$input".to_owned(), unknown, loose: true, ..Word::default() });
        }
    }
    out.push(Inner::Words(inner));
}

/// Words with `mark` in them are not known.
pub(super) fn replace(words: &mut [Word], mark: &str) {
    for word in words {
        if !mark.is_empty() && word.text.contains(mark) {
            word.unknown.get_or_insert(Unknown::Output);
        }
    }
}

/// `parallel`: a script with what follows `:::`, or scripts from there or from the input.
pub(super) fn parallel(simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    const KNOWN: Known = Known {
        short: "0kmqtuvXj:P:a:I:n:N:L:S:",
        long: &[
            "jobs=",
            "arg-file=",
            "max-args=",
            "colsep=",
            "delay=",
            "joblog=",
            "results=",
            "retries=",
            "sshlogin=",
            "timeout=",
            "halt=",
            "tmpdir=",
            "bar",
            "dry-run",
            "keep-order",
            "pipe",
            "progress",
            "ungroup",
            "will-cite",
        ],
        others: Others::Doubt,
    };
    let words = &simple.words;
    let options = read(words, 1, KNOWN);
    if options.doubt {
        out.push(Inner::Doubt(Doubt::Options));
    }
    let operands = words.get(options.operands..).unwrap_or_default();
    let is_list = |word: &Word| matches!(word.text.as_str(), ":::" | "::::" | ":::+" | "::::+");
    let split = operands.iter().position(is_list).unwrap_or(operands.len());
    let (command, list) = operands.split_at_checked(split).unwrap_or((operands, &[]));
    if command.is_empty() {
        out.extend(list.iter().filter(|word| !is_list(word)).cloned().map(Inner::Script));
        if list.is_empty() {
            from_input(simple, input, out);
        }
        return;
    }
    let mut command = command.to_vec();
    let marked = command.iter().any(|word| word.text.contains('{'));
    replace(&mut command, "{");
    let mut script = join(&command);
    // The arguments are known to be quoted, so the script itself is known.
    script.unknown = command.first().and_then(|program| program.unknown);
    let given: Vec<&str> = list.iter().filter(|word| !is_list(word)).map(|word| word.text.as_str()).collect();
    if given.is_empty() && !marked {
        script.text.push_str(" \"$input\"");
    }
    for one in given.iter().take(crate::command::GUESSES_MAX) {
        let text = if marked { script.text.replace("{}", one) } else { format!("{} {one}", script.text) };
        script.others.push(text);
    }
    out.push(Inner::Script(script));
}

/// `find … -exec command ;`.
pub(super) fn find(words: &[Word], out: &mut Vec<Inner>) {
    let mut rest = words;
    let runs = |word: &Word| {
        matches!(
            word.text.as_str(),
            "-exec" | "-execdir" | "-ok" | "-okdir" | "-x" | "-X" | "--exec" | "--exec-batch"
        )
    };
    while let Some(at) = rest.iter().position(runs) {
        let behind = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let ends = |word: &Word| matches!(word.text.as_str(), ";" | "+");
        let end = behind.iter().position(ends).unwrap_or(behind.len());
        let (command, after) = behind.split_at_checked(end).unwrap_or((behind, &[]));
        let mut command = command.to_vec();
        replace(&mut command, "{");
        out.push(Inner::Words(command));
        rest = after;
    }
    if words
        .iter()
        .skip(1)
        .any(|word| word.unknown.is_some() && word.text.starts_with('$') && word.substituted)
    {
        // It may be `-exec` too.
        out.push(Inner::Doubt(Doubt::Options));
    }
}
