//! One file for each kind of finding.

pub(super) mod bare_server;
pub(super) mod broad_root;
pub(super) mod dangerous_tool;
pub(super) mod exposed_command;
pub(super) mod exposed_config;
pub(super) mod imitating_tool;
pub(super) mod known_bad;
pub(super) mod look_alike;
pub(super) mod plain_http;
pub(super) mod plain_secret;
pub(super) mod poisoned_text;
pub(super) mod privileged_container;
pub(super) mod remote_script;
pub(super) mod same_tool;
pub(super) mod sensitive_mount;
pub(super) mod shadowed_server;
pub(super) mod shell_wrapper;
pub(super) mod toxic_combination;
pub(super) mod undone_policy;
pub(super) mod unpinned;

use super::commands::{Command, Piece, commands};
use super::finding::Said;
use super::subject::Seat;
use super::{Audit, Look, Severity, Sink};

/// What an audit says of a server, at a place in its entry.
fn said(seat: Seat<'_>, at: usize, message: String, fix: impl Into<Option<String>>) -> Said {
    Said { file: seat.file, server: Some(seat.index), at, message, fix: fix.into() }
}

/// Every command of every server.
fn every_command<'l>(look: &'l Look<'_>) -> impl Iterator<Item = (Seat<'l>, Command)> {
    look.subject.servers().flat_map(|seat| commands(seat).into_iter().map(move |command| (seat, command)))
}

/// The folders that a container sees of the machine, each as it is written.
fn mounts(command: &Command) -> Vec<Piece> {
    if !is_container(command) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut words = command.arguments().iter();
    while let Some(word) = words.next() {
        let (name, value) =
            word.text.split_once('=').map_or((word.text.as_str(), None), |(n, v)| (n, Some(v)));
        let value = match (name, value) {
            ("-v" | "--volume" | "--mount", None) => words.next().map(|next| (next.text.as_str(), next.at)),
            ("--volume" | "--mount", Some(_)) => word.text.split_once('=').map(|(_, value)| (value, word.at)),
            _ => None,
        };
        let Some((value, at)) = value else { continue };
        let source = match value.contains("type=") || value.contains("source=") || value.contains("src=") {
            true => {
                value.split(',').find_map(|part| part.strip_prefix("source=").or(part.strip_prefix("src=")))
            }
            // `C:\x:/y` begins with a drive.
            false if has_drive(value) => value.get(..2),
            false => value.split(':').next(),
        };
        found.extend(source.map(|source| Piece { text: source.to_owned(), at }));
    }
    found
}

fn is_container(command: &Command) -> bool {
    matches!(command.program().as_str(), "docker" | "podman" | "nerdctl")
}

/// How far a folder reaches beyond what a server needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The whole machine, or every user's files.
    Everything,
    /// All that the user has.
    Home,
    /// Keys and passwords.
    Secrets,
}

/// What a path opens, if it is more than a project.
fn reach(path: &str, home: &str) -> Option<Reach> {
    let mut plain = path.trim_end_matches(['/', '\\']).replace('\\', "/");
    for name in ["$HOME", "${HOME}", "${userHome}", "${env:HOME}", "%USERPROFILE%", "$env:USERPROFILE"] {
        if let Some(rest) = plain.strip_prefix(name) {
            plain = format!("~{rest}");
        }
    }
    if let Some(rest) = plain.strip_prefix(home.trim_end_matches('/')).filter(|_| home.len() > 1)
        && (rest.is_empty() || rest.starts_with('/'))
    {
        plain = format!("~{rest}");
    }
    let is_root = path.starts_with(['/', '\\']) && plain.is_empty();
    let lower = plain.to_ascii_lowercase();
    let names: Vec<&str> = lower.split('/').filter(|name| !name.is_empty()).collect();
    if is_root || matches!(names.as_slice(), [drive] if drive.len() == 2 && drive.ends_with(':')) {
        return Some(Reach::Everything);
    }
    if SECRET_FOLDERS.iter().any(|secret| names.contains(secret)) || lower.ends_with("docker.sock") {
        return Some(Reach::Secrets);
    }
    match names.as_slice() {
        ["home" | "users" | "etc" | "root" | "var" | "opt" | "usr" | "proc" | "sys" | "dev"]
            if path.starts_with('/') =>
        {
            Some(Reach::Everything)
        }
        ["~"] => Some(Reach::Home),
        ["home" | "users", _] if path.starts_with('/') => Some(Reach::Home),
        [drive, "users"] if drive.ends_with(':') => Some(Reach::Everything),
        [drive, "users", _] if drive.ends_with(':') => Some(Reach::Home),
        _ => None,
    }
}

const SECRET_FOLDERS: [&str; 11] = [
    ".ssh",
    ".aws",
    ".gnupg",
    ".kube",
    ".docker",
    ".azure",
    ".config/gcloud",
    "gcloud",
    ".netrc",
    ".password-store",
    "keychains",
];

impl Reach {
    fn words(self) -> &'static str {
        match self {
            Reach::Everything => "more than one person's files",
            Reach::Home => "all that you have in your home folder",
            Reach::Secrets => "keys and passwords",
        }
    }
}

/// A path is looked at, nothing else that happens to be an argument.
fn is_path(text: &str) -> bool {
    text.starts_with(['/', '~', '$', '%']) || has_drive(text)
}

/// `C:\x`, `C:/x` or `C:`.
fn has_drive(text: &str) -> bool {
    let mut characters = text.chars();
    let letter = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
    letter && characters.next() == Some(':') && matches!(characters.next(), None | Some('/' | '\\'))
}
