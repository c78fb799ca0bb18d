//! `path`: leaving the directory, naming what is secret.

use super::Hit;
use super::unescape::unescape;
use crate::guard::{Guard, Level};

const DISGUISED: Hit =
    Hit::new(Guard::Path, "disguised", "path whose dots, separators or end are encoded", Level::Certain);
const TRAVERSAL: Hit =
    Hit::new(Guard::Path, "traversal", "path that climbs out of where it starts", Level::Certain);
const CLIMB: Hit = Hit::new(Guard::Path, "parent", "path into the parent directory", Level::Possible);
const SENSITIVE: Hit = Hit::new(
    Guard::Path,
    "sensitive-file",
    "file that holds credentials or runs the machine",
    Level::Certain,
);
const NULL: Hit =
    Hit::new(Guard::Path, "null-byte", "null byte, at which some programs cut a path", Level::Certain);

pub(super) const HITS: &[Hit] = &[DISGUISED, TRAVERSAL, CLIMB, SENSITIVE, NULL];

/// Checks a value that is a path.
pub(super) fn check(text: &str) -> Vec<Hit> {
    let plain = unescape(text);
    let mut hits = Vec::new();
    if plain.text.contains('\0') {
        hits.push(NULL);
    }
    let unified = plain.text.replace('\\', "/").replace('\0', "");
    let lower = text.to_ascii_lowercase();
    let crooked = CROOKED.iter().any(|form| lower.contains(form));
    if crooked
        || plain.disguised && (unified.contains("..") || is_sensitive(&unified) || unified.contains("//"))
    {
        hits.push(DISGUISED);
    }
    match climbs(&unified) {
        0 => {}
        1 if !is_sensitive(&unified) => hits.push(CLIMB),
        _ => hits.push(TRAVERSAL),
    }
    if is_sensitive(&unified) {
        hits.push(SENSITIVE);
    }
    hits
}

/// A value that is no path, but looks like a way out: `../../etc/passwd` as the name of a thing.
pub(super) fn in_scalar(text: &str) -> Vec<Hit> {
    if text.contains(char::is_whitespace) || text.len() > 512 || !text.contains(['/', '\\', '%']) {
        return Vec::new();
    }
    let hits = check(text);
    if hits.iter().any(|hit| hit.level == Level::Certain) { hits } else { Vec::new() }
}

/// How many levels above its start (or above the root) a path gets at its highest.
fn climbs(path: &str) -> usize {
    let absolute = path.starts_with('/');
    let (mut depth, mut lowest) = (0_isize, 0_isize);
    for segment in path.split('/') {
        // `..;` is a parent for some servers, `....` becomes one where `../` is taken out once.
        let bare = segment.split(';').next().unwrap_or_default().trim();
        match bare {
            "" | "." => {}
            ".." => depth -= 1,
            dots if dots.len() > 2 && dots.bytes().all(|byte| byte == b'.') => depth -= 1,
            // `...` mixed with encoded rests, as lists of attacks have it.
            rest if rest.starts_with("..") && rest.contains(['%', '\u{fffd}']) => depth -= 1,
            _ => depth += 1,
        }
        lowest = lowest.min(depth);
    }
    let climbed = lowest.unsigned_abs();
    // Nobody writes `/../x` by accident.
    if absolute && climbed > 0 { climbed + 1 } else { climbed }
}

/// True if the path names something that holds credentials or the keys of the machine.
pub(super) fn is_sensitive(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let lower = lower.trim_end_matches(['/', ' ', '.']);
    let name = lower.rsplit('/').next().unwrap_or_default();
    PARTS.iter().any(|part| bounded(lower, part))
        || NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len())
        || (name.starts_with(".env")
            && !["example", "sample", "template", "dist", "test"].iter().any(|word| name.contains(word))
            && name.len() < 24)
}

/// True if `part` stands in `path` and ends there at a separator or the end.
fn bounded(path: &str, part: &str) -> bool {
    path.match_indices(part).any(|(at, _)| {
        let end = path.as_bytes().get(at + part.len());
        part.ends_with('/') || end.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
    })
}

/// Forms that only serve to get past a check.
const CROOKED: &[&str] = &["%c0", "%c1", "%u", "%e0%80", "%f0%80", "%fc%80", "0x2e", "0x2f", "0x5c", "%25"];

const PARTS: &[&str] = &[
    "etc/passwd",
    "etc/shadow",
    "etc/gshadow",
    "etc/sudoers",
    "etc/hosts",
    "etc/ssh/",
    "etc/crontab",
    "etc/group",
    "etc/issue",
    ".ssh/",
    "/.ssh",
    ".aws/",
    ".azure/",
    ".gnupg/",
    ".kube/config",
    ".docker/config.json",
    ".config/gcloud/",
    ".config/gh/hosts.yml",
    "proc/self/",
    "proc/1/",
    "proc/version",
    "proc/net/",
    "proc/sched_debug",
    "/run/secrets/",
    "boot.ini",
    "win.ini",
    "system32/config",
    "system32/drivers/etc",
    "windows/repair/sam",
    "windows/system32",
    "login data",
    "cookies.sqlite",
    "key4.db",
    "logins.json",
    ".password-store",
    "keychains/",
    "wp-config.php",
    ".git/config",
    ".cursor/mcp.json",
    "claude_desktop_config.json",
    "var/log/auth",
    "autoexec.bat",
    "web-inf/web.xml",
    "etc\u{fffd}passwd",
    "local.settings.json",
    "lsass.dmp",
    "ntds.dit",
];

const NAMES: &[&str] = &[
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "master.key",
    "secring.gpg",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "credentials.json",
    "shadow",
    ".bash_history",
    ".zsh_history",
    ".mysql_history",
    ".psql_history",
    "authorized_keys",
    ".vault-token",
    "wallet.dat",
    "sam",
    "keystore.jks",
    "web.config",
    "database.yml",
    "kubeconfig",
    "terraform.tfstate",
    ".dockercfg",
    "serviceaccount.json",
    "service-account.json",
    "credentials.csv",
    "application_default_credentials.json",
];

const ENDINGS: &[&str] = &[".pem", ".pfx", ".p12", ".kdbx", ".keystore", "_rsa", ".ppk"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbing_is_counted_from_the_start() {
        assert_eq!(climbs("a/../b"), 0);
        assert_eq!(climbs("src/..hidden/x"), 0);
        assert_eq!(climbs("../x"), 1);
        assert_eq!(climbs("a/../../../x"), 2);
        assert_eq!(climbs("/../x"), 2);
        assert_eq!(climbs("..;/..;/x"), 2);
        assert_eq!(climbs("....//....//x"), 2);
    }

    #[test]
    fn names_of_secrets_are_sensitive_and_their_neighbours_are_not() {
        for path in ["~/.ssh/id_rsa", "/etc/passwd", "C:/boot.ini", "a/.env", ".env.local", "x/server.pem"] {
            assert!(is_sensitive(path), "{path}");
        }
        for path in [
            "etc/passwd_test.go",
            ".env.example",
            "src/environment.ts",
            "docs/ssh.md",
            "pem",
            "/etc/hostname",
        ] {
            assert!(!is_sensitive(path), "{path}");
        }
    }
}
