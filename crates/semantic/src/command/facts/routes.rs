//! Where programs are led besides their operands: tunnels, proxies, lists of addresses, and clients of whose words little is
//! known.

use super::HostFact;
use crate::command::Word;

/// Options of a client that lead it elsewhere.
struct Routes {
    names: &'static [&'static str],
    /// Their values hold hosts, whatever is between them.
    hosts: &'static [&'static str],
    /// They name a file, a socket or settings that hold hosts.
    hidden: &'static [&'static str],
}

const ROUTES: &[Routes] = &[
    Routes {
        names: &["curl"],
        hosts: &[
            "--connect-to",
            "--resolve",
            "--dns-servers",
            "--dns-ipv4-addr",
            "--dns-ipv6-addr",
            "-P",
            "--ftp-port",
        ],
        hidden: &[
            "-K",
            "--config",
            "--interface",
            "--dns-interface",
            "--unix-socket",
            "--abstract-unix-socket",
            "--expand-",
            "--url=@",
            "--proxy-",
        ],
    },
    Routes {
        names: &["wget", "wget2"],
        hosts: &[],
        hidden: &["-e", "--execute", "-i", "--input-file", "--config", "--use-askpass", "--bind-address"],
    },
    Routes {
        names: &["ssh", "scp", "sftp", "autossh", "mosh", "slogin", "rsync", "sshfs"],
        hosts: &["-W", "-L", "-R", "-J"],
        hidden: &["-F", "-D", "-w", "-S"],
    },
    Routes { names: &["git"], hosts: &["--remote", "--smtp-server"], hidden: &[] },
    Routes { names: &["dig", "kdig", "drill"], hosts: &[], hidden: &["-f"] },
    Routes { names: &["openssl"], hosts: &["-connect", "-proxy", "-host", "-bind"], hidden: &[] },
];

/// Other clients: any of their words may name a host.
const OTHERS: &[&str] = &[
    "ansible",
    "ansible-playbook",
    "arping",
    "aws",
    "az",
    "cargo",
    "composer",
    "docker",
    "fping",
    "gcloud",
    "gem",
    "gh",
    "glab",
    "go",
    "gsutil",
    "helm",
    "hg",
    "hping3",
    "kubectl",
    "lftp",
    "ldapsearch",
    "mosquitto_pub",
    "mosquitto_sub",
    "mount",
    "mysql",
    "nerdctl",
    "npm",
    "npx",
    "ntpdate",
    "oc",
    "openssl",
    "pip",
    "pip3",
    "pnpm",
    "podman",
    "psql",
    "redis-cli",
    "rclone",
    "s3cmd",
    "skopeo",
    "smbclient",
    "snmpget",
    "snmpwalk",
    "socat",
    "sqlcmd",
    "ssh-copy-id",
    "ssh-keyscan",
    "svn",
    "swaks",
    "terraform",
    "tftp",
    "uv",
    "uvx",
    "yarn",
];

/// Programs that connect to nothing by themselves.
const LOCAL: &[&str] = &[
    "[", "[[", ":", "awk", "basename", "cat", "cd", "chmod", "cp", "cut", "date", "diff", "dirname", "echo",
    "env", "exit", "export", "false", "find", "grep", "head", "jq", "ls", "mkdir", "mv", "printf", "pwd",
    "rm", "rmdir", "sed", "seq", "set", "sleep", "sort", "stat", "tail", "tee", "test", "touch", "tr",
    "true", "uniq", "wait", "wc", "xargs",
];

/// True if it is known that the program connects nowhere.
pub(super) fn is_local(name: &str) -> bool {
    LOCAL.contains(&name)
}

/// Adds the hosts that lie in options, and those of other clients.
pub(super) fn hosts(name: &str, words: &[Word], out: &mut Vec<HostFact>) {
    for routes in ROUTES.iter().filter(|routes| routes.names.contains(&name)) {
        for (at, word) in words.iter().enumerate().skip(1) {
            let next = words.get(at.saturating_add(1));
            for option in routes.hosts {
                match value(&word.text, option) {
                    Some("") => {
                        next.into_iter().for_each(|word| pieces(&word.text, word.unknown.is_some(), out))
                    }
                    Some(attached) => pieces(attached, word.unknown.is_some(), out),
                    None => {}
                }
            }
            let open = |option: &str| {
                value(&word.text, option).is_some()
                    || (option.ends_with('-') && word.text.starts_with(option))
            };
            if routes.hidden.iter().any(|option| open(option)) {
                out.push(HostFact { text: String::new(), unknown: true, named: true });
            }
        }
    }
    match name {
        "ssh" | "scp" | "sftp" | "autossh" | "rsync" | "sshfs" => settings(words, out),
        "curl" => {
            // Its own alternatives: `{a,b}.example`, `[1-3].example`.
            let open = words.iter().skip(1).any(|word| {
                word.texts().any(|text| {
                    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
                    let host = host.split('/').next().unwrap_or_default();
                    !text.starts_with('-') && host.contains('.') && host.contains('{') && host.contains('}')
                })
            });
            if open {
                out.push(HostFact { text: String::new(), unknown: true, named: true });
            }
        }
        "git" => {
            let routed = |word: &Word| {
                let lower = word.text.to_ascii_lowercase();
                lower.contains("proxy=") || lower.contains("insteadof=")
            };
            for word in words.iter().filter(|word| routed(word)) {
                pieces(&word.text, word.unknown.is_some(), out);
            }
        }
        _ => {}
    }
    if OTHERS.contains(&name) {
        for word in words.iter().skip(1) {
            word.texts().for_each(|text| dotted(text, out));
        }
    }
}

/// The value of an option: empty if it stands in the next word.
fn value<'t>(text: &'t str, option: &str) -> Option<&'t str> {
    if text == option {
        return Some("");
    }
    let rest = text.strip_prefix(option)?;
    // Letters may stand in one word with their value; names of one dash or two may not.
    if option.len() == 2 { Some(rest) } else { rest.strip_prefix('=') }
}

/// `-o HostName=…` of ssh and its kin. What is not known to lead nowhere may lead anywhere.
fn settings(words: &[Word], out: &mut Vec<HostFact>) {
    const HARMLESS: &[&str] = &[
        "batchmode",
        "compression",
        "connectionattempts",
        "connecttimeout",
        "identitiesonly",
        "identityfile",
        "loglevel",
        "passwordauthentication",
        "port",
        "preferredauthentications",
        "pubkeyauthentication",
        "requesttty",
        "serveralivecountmax",
        "serveraliveinterval",
        "stricthostkeychecking",
        "user",
        "userknownhostsfile",
        "globalknownhostsfile",
        "tcpkeepalive",
    ];
    for (at, word) in words.iter().enumerate().skip(1) {
        let given = match word.text.strip_prefix("-o") {
            Some("") => words.get(at.saturating_add(1)),
            Some(_) => Some(word),
            None => None,
        };
        let Some(given) = given else { continue };
        let text = given.text.strip_prefix("-o").unwrap_or(&given.text).trim_start();
        let (key, value) = text.split_once(['=', ' ']).unwrap_or((text, ""));
        let key = key.trim().to_ascii_lowercase();
        match key.as_str() {
            "hostname" | "proxyjump" => pieces(value, given.unknown.is_some(), out),
            key if HARMLESS.contains(&key) => {}
            _ => out.push(HostFact { text: String::new(), unknown: true, named: true }),
        }
    }
}

/// The parts of a value that are no numbers.
fn pieces(value: &str, unknown: bool, out: &mut Vec<HostFact>) {
    if unknown {
        return out.push(HostFact { text: String::new(), unknown: true, named: true });
    }
    for piece in value.split(SEPARATORS).filter(|piece| !piece.is_empty()) {
        if piece.bytes().any(|byte| !byte.is_ascii_digit()) {
            out.push(HostFact { text: piece.to_owned(), unknown: false, named: true });
        }
    }
}

/// The parts of a word that look like a name with dots, or an address.
fn dotted(text: &str, out: &mut Vec<HostFact>) {
    if text.contains("://") {
        return;
    }
    for piece in text.split(SEPARATORS).filter(|piece| piece.contains('.')) {
        let named = piece.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || !byte.is_ascii()
                })
        });
        if named {
            out.push(HostFact { text: piece.to_owned(), unknown: false, named: true });
        }
    }
}

const SEPARATORS: [char; 12] = [':', ',', '=', '@', '/', ' ', '[', ']', '"', '\'', ';', '\\'];
