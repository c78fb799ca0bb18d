//! Options and variables whose values are commands.

use super::Inner;
use super::tail;
use crate::command::calculate::NUMBERS;
use crate::command::{Doubt, Word};

/// A program's options that a command follows: in the next word, behind `=`, or in the same word.
struct Valued {
    names: &'static [&'static str],
    options: &'static [&'static str],
    /// Letters of other options with a value: behind one of them a word holds no more letters.
    stops: &'static str,
}

const fn valued(names: &'static [&'static str], options: &'static [&'static str]) -> Valued {
    Valued { names, options, stops: "" }
}

const VALUED: &[Valued] = &[
    valued(&["star"], &["-I", "-F", "--to-command", "--use-compress-program", "--rsh-command"]),
    valued(&["dpkg", "dpkg-deb"], &["--pre-invoke", "--post-invoke", "--status-logger"]),
    Valued { stops: "fMTB", ..valued(&["rsync"], &["-e", "--rsh", "--rsync-path"]) },
    Valued { stops: "cDFiJloPX", ..valued(&["scp", "sftp"], &["-S"]) },
    valued(&["zip"], &["-TT", "--unzip-command"]),
    Valued { stops: "CLmrRMSeEp", ..valued(&["man"], &["-P", "--pager", "-H", "--html"]) },
    Valued {
        stops: "wpsqixXolbBFPmtWn",
        ..valued(&["nc", "ncat", "netcat"], &["-e", "-c", "--exec", "--sh-exec", "--lua-exec"])
    },
    valued(&["wget"], &["--use-askpass"]),
    Valued { stops: "BcCEFGijmMQrsTVwWyZ", ..valued(&["tcpdump"], &["-z"]) },
    valued(&["sort"], &["--compress-program"]),
    valued(&["split"], &["--filter"]),
    Valued { stops: "fNCPEtbmFGIkKnOQrRsSVzZaY", ..valued(&["ssh-keygen", "ssh-add"], &["-D", "-w"]) },
    valued(&["pg_dump", "mysqldump", "less", "more", "most"], &["--pager"]),
    valued(&["rg"], &["--pre", "--hostname-bin"]),
    valued(&["fzf"], &["--preview", "--bind", "--listen"]),
    valued(&["bat", "delta"], &["--pager"]),
    valued(&["npm", "pnpm", "yarn"], &["--script-shell", "--node-options"]),
    valued(&["cargo", "rustc"], &["-Clinker"]),
    valued(&["gcc", "cc", "clang", "g++"], &["-wrapper", "-B"]),
    valued(&["openssl"], &["-engine", "-provider"]),
    valued(&["service", "start-stop-daemon"], &["--exec", "-x", "--startas", "-a"]),
    valued(&["go"], &["-exec", "-toolexec", "-vettool", "--exec", "--toolexec", "--vettool"]),
    valued(&["nodemon"], &["-x", "--exec"]),
    valued(&["nix-shell"], &["--run", "--command"]),
    valued(&["mise", "rtx"], &["-c", "--command"]),
    Valued { stops: "eiMmtuTfPBcl", ..valued(&["ansible"], &["-a", "--args"]) },
    valued(&["rpm", "rpmbuild"], &["--pipe"]),
];

/// The values of `options` among the words: with beginnings of their names, and letters in one word with others.
fn values_of(words: &[Word], options: &[&str], stops: &str) -> Vec<Word> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        match options.iter().find_map(|option| value_in(&word.text, option, stops)) {
            Some(0) => found.extend(words.get(at.saturating_add(1)).cloned()),
            Some(bytes) => found.push(tail(word, bytes)),
            None => {}
        }
    }
    found
}

/// How many bytes of a word are the value of an option, none if it is the next word. `None`: it is not that option.
fn value_in(text: &str, option: &str, stops: &str) -> Option<usize> {
    let (name, attached) =
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value.len())));
    if option.starts_with("--") {
        let begins = name.len() >= BEGINNING_MIN && option.starts_with(name);
        return begins.then(|| attached.unwrap_or_default());
    }
    if name == option {
        return Some(attached.unwrap_or_default());
    }
    if option.len() > 2 {
        return text.strip_prefix(option).map(str::len);
    }
    let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let (before, value) = letters.split_once(option.trim_start_matches('-'))?;
    let plain = before.chars().all(|letter| letter.is_ascii_alphanumeric() && !stops.contains(letter));
    plain.then_some(value.len())
}

/// `--` and two letters: shorter beginnings are those of too much.
const BEGINNING_MIN: usize = 4;

pub(super) fn inner(name: &str, words: &[Word], out: &mut Vec<Inner>) {
    for valued in VALUED.iter().filter(|valued| valued.names.contains(&name)) {
        out.extend(values_of(words, valued.options, valued.stops).into_iter().map(Inner::Script));
    }
    match name {
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
        "curl" if !values_of(words, &["-K", "--config"], CURL_VALUES).is_empty() => {
            out.push(Inner::Doubt(Doubt::Options));
        }
        "wget" => {
            if !values_of(words, &["--config"], "").is_empty() {
                out.push(Inner::Doubt(Doubt::Options));
            }
            let given = values_of(words, &["-e", "--execute"], "aABDGIloOPQRtTUwXi");
            out.extend(given.iter().filter_map(wget_setting));
        }
        // Such a file is a command.
        "strace" | "ltrace" => {
            let files = values_of(words, &["-o", "--output"], "abeEIOpPsSuUXAl");
            let runs = files.iter().filter(|file| file.text.starts_with(['|', '!']));
            out.extend(runs.map(|file| Inner::Script(tail(file, file.text.len().saturating_sub(1)))));
        }
        // It takes a command for a watch.
        "cargo" if words.iter().any(|word| word.text == "watch") => {
            let given = values_of(words, &["-s", "--shell"], "xwiEBd");
            out.extend(given.into_iter().map(Inner::Script));
        }
        _ => {}
    }
}

/// Letters of `curl` that take a value.
const CURL_VALUES: &str = "AbcCdDeEFhHmoPQrtTuUwxXyYz";

/// `-e use_askpass=program`: case and `_` mean nothing in its names.
fn wget_setting(given: &Word) -> Option<Inner> {
    let (name, value) = given.text.split_once('=')?;
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    name.eq_ignore_ascii_case("useaskpass").then(|| Inner::Script(tail(given, value.len())))
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
        "BASH_ENV" | "BASH_CMDS" | "BASH_ALIASES" | "DIRSTACK" => true,
        "ENV" => open || value.texts().any(|text| text.contains(['/', '$', '`'])),
        // `cd x` goes where it says.
        "CDPATH" => open || value.texts().any(|text| !text.is_empty()),
        "PERL5OPT" | "PERL5DB" | "RUBYOPT" | "PYTHONSTARTUP" | "MAKEFILES" | "GIT_EXEC_PATH"
        | "GIT_TEMPLATE_DIR" => open || value.texts().any(|text| !text.is_empty()),
        "MAKEFLAGS" | "GNUMAKEFLAGS" => open || !value.texts().all(is_plain_make),
        "NODE_OPTIONS" => {
            open || value
                .texts()
                .any(|text| ["-r", "import", "loader"].iter().any(|sign| text.contains(sign)))
        }
        name if name.starts_with("GIT_CONFIG") => {
            !name.starts_with("GIT_CONFIG_NO") && value.text != "/dev/null"
        }
        _ => {
            (expanded && (open || value.texts().any(marked)))
                || (NUMBERS.contains(&name) && value.numbers().is_none_or(|names| !names.is_empty()))
        }
    };
    if doubted {
        return Some(Inner::Doubt(Doubt::Code));
    }
    if name == "TAR_OPTIONS" {
        let words = std::iter::once("tar").chain(value.text.split_whitespace()).map(Word::known);
        return Some(if open { Inner::Doubt(Doubt::Options) } else { Inner::Words(words.collect()) });
    }
    if name == "SHELL" && !open && value.texts().all(is_shell) {
        return None;
    }
    let runs = is_command(name) && !value.text.is_empty() && value.text != "cat";
    runs.then(|| Inner::Script(Word { text: value.text.trim_start_matches('|').to_owned(), ..value.clone() }))
}

/// `-j4 -k`: options that bring no code.
fn is_plain_make(text: &str) -> bool {
    text.split_whitespace().all(|word| {
        word.trim_start_matches('-').trim_start_matches("jobs=").chars().all(|letter| {
            letter.is_ascii_digit() || matches!(letter, 'j' | 'k' | 's' | 'i' | 'n' | 'w' | 'B' | 'l' | '.')
        }) || matches!(word, "--no-print-directory" | "--silent" | "--keep-going" | "--output-sync")
    })
}

/// The system's own shells run nothing by themselves.
fn is_shell(text: &str) -> bool {
    let name = text.strip_prefix("/usr").unwrap_or(text).strip_prefix("/bin/");
    name.is_some_and(|name| super::shells::SHELLS.contains(&name))
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
        "RUSTC",
        "SHELL",
    ];
    RUN.contains(&name)
}
