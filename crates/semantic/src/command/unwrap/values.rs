//! Options and variables whose values are commands.

use super::Inner;
use super::tail;
use crate::command::calculate::NUMBERS;
use crate::command::{Doubt, Word};

/// A program's options that a command follows, in the next word or behind `=`.
struct Valued {
    names: &'static [&'static str],
    options: &'static [&'static str],
}

const VALUED: &[Valued] = &[
    Valued {
        names: &["tar", "gtar", "bsdtar", "star"],
        options: &[
            "-I",
            "-F",
            "--to-command",
            "--use-compress-program",
            "--rsh-command",
            "--info-script",
            "--new-volume-script",
            "--rmt-command",
        ],
    },
    Valued { names: &["dpkg", "dpkg-deb"], options: &["--pre-invoke", "--post-invoke", "--status-logger"] },
    Valued { names: &["rsync"], options: &["-e", "--rsh", "--rsync-path"] },
    Valued { names: &["scp", "sftp"], options: &["-S"] },
    Valued { names: &["zip"], options: &["-TT", "--unzip-command"] },
    Valued { names: &["man"], options: &["-P", "--pager", "-H", "--html"] },
    Valued { names: &["nc", "ncat", "netcat"], options: &["-e", "-c", "--exec", "--sh-exec", "--lua-exec"] },
    Valued { names: &["wget"], options: &["--use-askpass"] },
    Valued { names: &["tcpdump"], options: &["-z"] },
    Valued { names: &["sort"], options: &["--compress-program"] },
    Valued { names: &["split"], options: &["--filter"] },
    Valued { names: &["ssh-keygen", "ssh-add"], options: &["-D", "-w"] },
    Valued { names: &["pg_dump", "mysqldump", "less", "more", "most"], options: &["--pager"] },
    Valued { names: &["rg"], options: &["--pre", "--hostname-bin"] },
    Valued { names: &["fzf"], options: &["--preview", "--bind", "--listen"] },
    Valued { names: &["bat", "delta"], options: &["--pager"] },
    Valued { names: &["npm", "pnpm", "yarn"], options: &["--script-shell", "--node-options"] },
    Valued { names: &["cargo", "rustc"], options: &["--config", "-Clinker"] },
    Valued { names: &["gcc", "cc", "clang", "g++"], options: &["-wrapper", "-B"] },
    Valued { names: &["openssl"], options: &["-engine", "-provider"] },
    Valued { names: &["service", "start-stop-daemon"], options: &["--exec", "-x", "--startas", "-a"] },
];

pub(super) fn inner(name: &str, words: &[Word], out: &mut Vec<Inner>) {
    for valued in VALUED.iter().filter(|valued| valued.names.contains(&name)) {
        let mut rest = words.iter().skip(1);
        while let Some(word) = rest.next() {
            let text = word.text.as_str();
            for option in valued.options {
                if text == *option {
                    out.extend(rest.next().cloned().map(Inner::Script));
                    break;
                }
                let short = !option.starts_with("--");
                let attached = text.strip_prefix(option);
                let value = if short { attached } else { attached.and_then(|rest| rest.strip_prefix('=')) };
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    out.push(Inner::Script(tail(word, value.len())));
                    break;
                }
            }
        }
    }
    match name {
        "tar" | "gtar" | "bsdtar" => checkpoints(words, out),
        "ssh" | "scp" | "sftp" | "autossh" | "rsync" => ssh_options(words, out),
        "socat" => out.extend(words.iter().filter_map(address)),
        // Hooks, and programs for methods.
        "apt" | "apt-get" | "aptitude" | "apt-cache"
            if words.iter().any(|word| {
                word.text.contains("::") || matches!(word.text.as_str(), "-c" | "--config-file")
            }) =>
        {
            out.push(Inner::Doubt(Doubt::Options));
        }
        "run-parts" => out.push(Inner::Doubt(Doubt::Code)),
        "curl" | "wget" if words.iter().any(|word| matches!(word.text.as_str(), "-K" | "--config")) => {
            out.push(Inner::Doubt(Doubt::Options));
        }
        _ => {}
    }
}

/// `--checkpoint-action=exec=…`, abbreviated too.
fn checkpoints(words: &[Word], out: &mut Vec<Inner>) {
    for (at, word) in words.iter().enumerate() {
        let Some(option) = word.text.strip_prefix("--checkpoint-a") else { continue };
        let value = match option.split_once('=') {
            Some((_, value)) => Some(tail(word, value.len())),
            None => words.get(at.saturating_add(1)).cloned(),
        };
        if let Some(value) = value
            && let Some(command) = value.text.strip_prefix("exec=")
        {
            out.push(Inner::Script(tail(&value, command.len())));
        }
    }
}

/// `-o ProxyCommand=…` and its like.
pub(super) fn ssh_options(words: &[Word], out: &mut Vec<Inner>) {
    for (at, word) in words.iter().enumerate() {
        let value = match word.text.strip_prefix("-o") {
            Some("") => words.get(at.saturating_add(1)).cloned(),
            Some(attached) => Some(tail(word, attached.len())),
            None => None,
        };
        let Some(value) = value else { continue };
        let (key, command) = value.text.split_once(['=', ' ']).unwrap_or((&value.text, ""));
        let key = key.trim().to_ascii_lowercase();
        match key.as_str() {
            "proxycommand" | "localcommand" | "knownhostscommand" | "remotecommand" | "xauthlocation"
            | "pkcs11provider" => {
                out.push(Inner::Script(tail(&value, command.len())));
            }
            "match" | "include" => out.push(Inner::Doubt(Doubt::Code)),
            _ => {}
        }
    }
}

/// `EXEC:program` and `SYSTEM:script` of socat.
fn address(word: &Word) -> Option<Inner> {
    let (kind, value) = word.text.split_once(':')?;
    let runs = ["exec", "system", "shell"].iter().any(|run| kind.eq_ignore_ascii_case(run));
    let length = value.split(",").next().map_or(0, str::len);
    let command = value.get(..length).unwrap_or_default();
    runs.then(|| Inner::Script(Word { text: command.to_owned(), ..word.clone() }))
}

/// What an assignment makes some program run.
pub(super) fn assigned(name: &str, value: &Word) -> Option<Inner> {
    // Prompts are expanded, and start-up files are run.
    let expanded = matches!(name, "PS0" | "PS1" | "PS2" | "PS4" | "PROMPT" | "RPROMPT");
    let marked = |text: &str| {
        ["$(", "`", "$[", "@P"].iter().any(|sign| text.contains(sign))
            || (text.contains("${") && text.contains('['))
    };
    let open = value.unknown.is_some();
    let doubted = match name {
        "BASH_ENV" | "BASH_CMDS" | "BASH_ALIASES" => true,
        "ENV" => open || value.texts().any(|text| text.contains(['/', '$', '`'])),
        // `cd x` goes where it says.
        "CDPATH" => open || value.texts().any(|text| !text.is_empty()),
        _ => {
            (expanded && (open || value.texts().any(marked)))
                || (NUMBERS.contains(&name) && value.numbers().is_none_or(|names| !names.is_empty()))
        }
    };
    if doubted {
        return Some(Inner::Doubt(Doubt::Code));
    }
    let runs = is_command(name) && !value.text.is_empty() && value.text != "cat";
    runs.then(|| Inner::Script(Word { text: value.text.trim_start_matches('|').to_owned(), ..value.clone() }))
}

/// True for a variable whose value some program runs.
pub(in crate::command) fn is_command(name: &str) -> bool {
    const RUN: &[&str] = &[
        "GIT_SSH_COMMAND",
        "GIT_SSH",
        "GIT_PAGER",
        "PAGER",
        "MANPAGER",
        "EDITOR",
        "VISUAL",
        "GIT_EDITOR",
        "GIT_SEQUENCE_EDITOR",
        "GIT_EXTERNAL_DIFF",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "GIT_PROXY_COMMAND",
        "BROWSER",
        "PROMPT_COMMAND",
        "LESSOPEN",
        "LESSCLOSE",
        "FZF_DEFAULT_COMMAND",
        "RSYNC_RSH",
        "CVS_RSH",
        "SVN_SSH",
        "PYTHONBREAKPOINT",
        "RUSTC_WRAPPER",
    ];
    RUN.contains(&name)
}
