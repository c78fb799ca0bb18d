//! What single programs do with which arguments.

use super::lex::Run;
use super::{DESTROYS, Hit, PERSISTS, SECRETS, SHELL, WEAKENS};

/// The name of a program without its directory.
pub(super) fn name(word: &str) -> String {
    word.rsplit(['/', '\\']).next().unwrap_or(word).trim_end_matches(".exe").to_ascii_lowercase()
}

pub(super) fn first_name(run: &Run) -> String {
    unwrapped(&run.words).first().map(|word| name(word)).unwrap_or_default()
}

/// The words behind `sudo`, `env X=1`, `nohup` and the like.
pub(super) fn unwrapped(words: &[String]) -> &[String] {
    let mut rest = words;
    while let Some((first, tail)) = rest.split_first() {
        let assigns = first.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        let wraps = WRAPPERS.contains(&name(first).as_str()) && !tail.is_empty();
        if !(assigns
            || wraps
            || matches!(first.as_str(), "then" | "do" | "else" | "{" | "(" | "!" | "if" | "while"))
        {
            break;
        }
        let skip = if wraps { tail.iter().take_while(|word| word.starts_with('-')).count() } else { 0 };
        rest = tail.get(skip..).unwrap_or_default();
    }
    rest
}

const WRAPPERS: &[&str] = &[
    "sudo", "doas", "nohup", "time", "nice", "ionice", "setsid", "stdbuf", "exec", "command", "builtin",
    "busybox",
];

/// The arguments of one program.
struct Words<'a>(&'a [String]);

impl Words<'_> {
    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|argument| argument == word)
    }

    fn any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// One of these letters in a short option.
    fn flag(&self, letters: &[char]) -> bool {
        let short = |argument: &String| {
            argument.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains(letters))
        };
        self.0.iter().any(short)
    }

    fn starts(&self, prefix: &str) -> bool {
        self.0.iter().any(|argument| argument.starts_with(prefix))
    }
}

/// What the program does with these arguments; the gravest.
pub(super) fn check(name: &str, arguments: &[String]) -> Option<Hit> {
    let words = Words(arguments);
    match () {
        () if destroys(name, &words) => Some(DESTROYS),
        () if opens_shell(name, &words) => Some(SHELL),
        () if reads_secrets(name, &words) => Some(SECRETS),
        () if weakens(name, &words) => Some(WEAKENS),
        () if persists(name, arguments) => Some(PERSISTS),
        () => None,
    }
}

fn destroys(name: &str, words: &Words<'_>) -> bool {
    match name {
        "rm" => {
            (words.flag(&['r', 'R']) || words.has("--recursive")) && words.0.iter().any(|word| is_root(word))
        }
        "rd" | "rmdir" | "del" | "erase" => words.any(&["/s", "/S"]),
        "remove-item" => words.starts("-recurse") || words.starts("-Recurse"),
        "dd" => words.starts("of=/dev/"),
        "shred" | "wipefs" | "blkdiscard" | "sgdisk" => !words.has("--help"),
        "find" => {
            (words.has("-delete") && words.0.first().is_some_and(|word| is_root(word)))
                || (words.any(&["-exec", "-execdir"]) && words.any(&["shred", "srm"]))
                || (words.any(&["-exec"])
                    && words.has("rm")
                    && words.0.first().is_some_and(|word| is_root(word)))
        }
        "terraform" | "tofu" | "pulumi" | "terragrunt" => {
            words.has("destroy") && (words.any(&["-auto-approve", "--auto-approve", "--yes", "-y", "-y"]))
        }
        "kubectl" | "oc" => {
            words.has("delete")
                && (words.has("--all")
                    || words.any(&["namespace", "ns", "namespaces", "pv", "crd"]) && !words.has("--dry-run"))
        }
        "helm" => words.has("uninstall") && words.starts("prod"),
        "git" => {
            words.has("push")
                && words.any(&["--force", "-f", "--mirror"])
                && (words.any(&["--delete", "-d"]) || words.starts("+"))
                || words.has("filter-branch") && words.has("--all")
        }
        "aws" => {
            words.has("s3")
                && (words.has("rb") && words.has("--force") || words.has("rm") && words.has("--recursive"))
                || words.starts("delete-")
                || words.starts("terminate-")
        }
        "gcloud" => words.has("delete") && words.any(&["projects", "--quiet", "-q"]),
        "az" => words.has("delete") && words.any(&["--yes", "-y"]),
        "gh" => words.has("repo") && words.has("delete"),
        "docker" | "podman" => {
            words.has("prune") && words.any(&["--volumes", "-af", "--all"]) && words.has("--volumes")
        }
        "dropdb" => true,
        "redis-cli" => words.any(&["FLUSHALL", "flushall", "FLUSHDB", "flushdb"]),
        "kill" => words.any(&["-1"]) && words.has("-9"),
        "vssadmin" => words.has("delete"),
        "wbadmin" => words.has("delete"),
        "format" => words.0.iter().any(|word| word.len() == 2 && word.ends_with(':')),
        "diskutil" => words.starts("erase"),
        "mv" => words.has("/dev/null"),
        "cipher" => words.starts("/w"),
        _ => name.starts_with("mkfs"),
    }
}

fn opens_shell(name: &str, words: &Words<'_>) -> bool {
    match name {
        "nc" | "ncat" | "netcat" | "nc.traditional" => {
            words.flag(&['e', 'c']) || words.any(&["--exec", "--sh-exec"])
        }
        "socat" => words.0.iter().any(|word| {
            word.to_ascii_lowercase().starts_with("exec:") || word.to_ascii_lowercase().starts_with("system:")
        }),
        "ssh" => words.starts("-R") && words.has("-fN"),
        "docker" | "podman" => {
            words.has("run")
                && (words.starts("--privileged")
                    || words.0.iter().any(|word| {
                        word == "/:/host" || word.starts_with("/:/") || word.starts_with("-v=/:")
                    }))
        }
        "nsenter" => words.any(&["-t", "--target"]) && words.has("1"),
        _ => false,
    }
}

fn reads_secrets(name: &str, words: &Words<'_>) -> bool {
    match name {
        "security" => {
            words.starts("find-generic-password")
                || words.starts("find-internet-password")
                || words.starts("dump-keychain")
                || words.starts("export")
        }
        "gpg" | "gpg2" => words.starts("--export-secret"),
        "secretsdump.py" | "mimikatz" | "lazagne" | "procdump" | "lsassy" => true,
        "reg" => {
            words.has("save") && words.0.iter().any(|word| word.to_ascii_lowercase().starts_with("hklm\\s"))
        }
        "cmdkey" => words.starts("/list"),
        "netsh" => words.has("wlan") && words.starts("key=clear"),
        "vault" => words.has("kv") && words.has("-format=json") && words.has("secret/"),
        "kubectl" => {
            words.has("get")
                && words.any(&["secret", "secrets"])
                && (words.any(&["--all-namespaces", "-A"]) || words.starts("-o"))
        }
        _ => false,
    }
}

fn weakens(name: &str, words: &Words<'_>) -> bool {
    match name {
        "history" => words.flag(&['c', 'w']),
        "setenforce" => words.has("0"),
        "iptables" | "ip6tables" | "nft" => words.any(&["-F", "--flush"]) || words.has("flush"),
        "ufw" => words.any(&["disable"]),
        "systemctl" | "service" => {
            words.any(&["stop", "disable", "mask"])
                && words.0.iter().any(|word| SECURITY.iter().any(|known| word.contains(known)))
        }
        "auditctl" => words.any(&["-D", "-e"]),
        "chmod" => {
            words.0.iter().any(|word| SUID.contains(&word.as_str()))
                || (words.any(&["777", "-R", "a+rwx", "o+w"]) && words.0.iter().any(|word| is_root(word)))
        }
        "set-mppreference" => true,
        "netsh" => words.any(&["firewall", "advfirewall"]) && words.any(&["off", "disable"]),
        "npm" | "pnpm" | "yarn" => {
            words.has("config") && words.has("set") && words.any(&["registry"]) && words.starts("http://")
        }
        "pip" | "pip3" => {
            words.0.iter().any(|word| word.starts_with("http://"))
                && (words.starts("--index-url") || words.starts("--extra-index-url") || words.has("-i"))
        }
        "git" => {
            words.has("config") && words.0.iter().any(|word| GIT_KEYS.iter().any(|key| word.starts_with(key)))
                || words.starts("--upload-pack=")
                || words.starts("--receive-pack=")
        }
        "unset" => words.any(&["HISTFILE"]),
        "wevtutil" => words.any(&["cl", "clear-log"]),
        "usermod" => words.any(&["sudo", "wheel", "root", "docker"]),
        "visudo" => false,
        "rm" | "truncate" => {
            words.0.iter().any(|word| word.contains("_history") || word.starts_with("/var/log"))
        }
        _ => false,
    }
}

fn persists(name: &str, arguments: &[String]) -> bool {
    match name {
        "crontab" => arguments.iter().any(|word| word == "-" || word.starts_with("/tmp")),
        "schtasks" => arguments.iter().any(|word| word.eq_ignore_ascii_case("/create")),
        "launchctl" => arguments.iter().any(|word| word.contains("/tmp") || word.contains("http")),
        "reg" => arguments.iter().any(|word| word.to_ascii_lowercase().contains("currentversion\\run")),
        "tee" => arguments.iter().any(|word| {
            word.contains("authorized_keys")
                || word.contains("sudoers")
                || word.contains("/etc/cron")
                || word.contains("ld.so.preload")
        }),
        _ => false,
    }
}

const SECURITY: &[&str] = &[
    "firewall",
    "auditd",
    "apparmor",
    "selinux",
    "falcon",
    "clamav",
    "ufw",
    "fail2ban",
    "rsyslog",
    "defender",
    "osquery",
    "crowdstrike",
];
const SUID: &[&str] = &["+s", "u+s", "g+s", "4755", "4777", "6755", "04755", "ug+s"];
const GIT_KEYS: &[&str] = &[
    "core.sshCommand",
    "core.fsmonitor",
    "core.hooksPath",
    "core.pager",
    "credential.helper",
    "http.proxy",
    "url.",
];

/// A redirection into what runs by itself, or onto a disk.
pub(super) fn of_written(target: &str) -> Option<Hit> {
    let lower = target.to_ascii_lowercase();
    if ["/dev/sd", "/dev/nvme", "/dev/hd", "/dev/vd", "/dev/mmcblk", "/dev/disk", "/dev/mem"]
        .iter()
        .any(|disk| lower.starts_with(disk))
    {
        return Some(DESTROYS);
    }
    if lower.contains("_history") {
        return Some(WEAKENS);
    }
    let runs_itself = [
        "authorized_keys",
        "/etc/cron",
        "/etc/sudoers",
        "ld.so.preload",
        "/etc/passwd",
        "/etc/profile",
        "/etc/rc.local",
        ".git/hooks/",
        "/etc/systemd",
    ];
    runs_itself.iter().any(|place| lower.contains(place)).then_some(PERSISTS)
}

/// What no lexing of single commands shows.
pub(super) fn of_text(lower: &str) -> Option<Hit> {
    let metadata = ["169.254.169.254", "metadata.google.internal", "100.100.100.200", "169.254.170.2"]
        .iter()
        .any(|host| lower.contains(host));
    if metadata {
        return Some(SECRETS);
    }
    if lower.contains("mkfifo")
        && (lower.contains("nc ") || lower.contains("telnet") || lower.contains("openssl"))
        || lower.contains("0>&1")
    {
        return Some(SHELL);
    }
    let database = ["psql", "mysql", "sqlite3", "mongo", "mongosh"]
        .iter()
        .any(|client| super::super::words::has(lower, client));
    let drops = ["drop database", "drop table", "drop schema", "truncate table", "dropdatabase("]
        .iter()
        .any(|statement| lower.contains(statement));
    if database && drops {
        return Some(DESTROYS);
    }
    (lower.contains("ld_preload=/tmp") || lower.contains("authorized_keys") && lower.contains(">>"))
        .then_some(PERSISTS)
}

/// `/`, `/*`, a system directory, a home, everything here, the parent.
fn is_root(word: &str) -> bool {
    let bare = word.trim_end_matches("/*").trim_end_matches("/.").trim_end_matches('/');
    let bare = bare.trim_matches(['"', '\'']);
    if matches!(
        bare,
        "" | "~" | "*" | "." | ".." | "$HOME" | "${HOME}" | "$PWD" | "c:" | "C:" | "./*" | "../*"
    ) {
        return !word.is_empty();
    }
    let mut parts = bare.trim_start_matches('/').split('/');
    let top = parts.next().unwrap_or_default();
    let depth = parts.count();
    bare.starts_with('/') && TOPS.contains(&top) && depth <= 1 || bare.starts_with("~/.") && depth <= 1
}

const TOPS: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib64",
    "opt",
    "proc",
    "root",
    "sbin",
    "srv",
    "sys",
    "usr",
    "var",
    "Users",
    "System",
    "Library",
    "Applications",
    "mnt",
    "data",
];
