//! Kinds of servers: what an attack is aimed at, and how a server's name or its tools tell its kind.

use crate::scan::words;

/// The kinds, each with words that names of such servers have, and with tools that tell it.
const KINDS: [(&str, &[&str], &[&str]); 11] = [
    (
        "filesystem",
        &["fs", "file", "files", "filesystem", "disk", "workspace", "documents"],
        &["read_file", "write_file", "read_text_file", "edit_file", "list_directory", "search_files"],
    ),
    (
        "shell",
        &["shell", "sh", "bash", "terminal", "command", "commands", "commander", "exec", "cli"],
        &["run_command", "execute_command", "shell", "bash", "start_process", "run_terminal_command"],
    ),
    ("git", &["git", "repo", "vcs"], &["git_status", "git_commit", "git_log", "git_diff"]),
    (
        "github",
        &["github", "gitlab", "gitea", "bitbucket", "gh", "forge"],
        &["create_pull_request", "push_files", "create_issue", "merge_pull_request", "get_file_contents"],
    ),
    (
        "database",
        &[
            "db",
            "database",
            "sql",
            "postgres",
            "postgresql",
            "pg",
            "mysql",
            "sqlite",
            "mongo",
            "redis",
            "bigquery",
        ],
        &["query", "execute_sql", "read_query", "write_query", "execute_write"],
    ),
    (
        "mail",
        &["mail", "gmail", "email", "outlook", "smtp", "imap", "postmark", "mailbox"],
        &["send_email", "send_mail", "read_email", "search_emails"],
    ),
    (
        "chat",
        &["slack", "chat", "teams", "discord", "telegram", "whatsapp", "sms"],
        &["slack_post_message", "send_message", "post_message", "conversations_add_message"],
    ),
    (
        "browser",
        &["browser", "playwright", "puppeteer", "chrome", "selenium"],
        &["browser_navigate", "puppeteer_navigate", "browser_evaluate", "navigate"],
    ),
    ("fetch", &["fetch", "http", "web", "curl", "scrape", "crawl"], &["fetch", "fetch_url", "http_request"]),
    (
        "cloud",
        &["aws", "gcp", "azure", "cloud", "kubernetes", "k8s", "terraform", "cloudflare", "vercel", "heroku"],
        &["call_aws", "kubectl", "apply", "run_instances", "kubectl_apply"],
    ),
    (
        "payments",
        &["pay", "payment", "payments", "stripe", "paypal", "billing", "bank", "invoice"],
        &["create_refund", "refund", "transfer", "create_payment_link", "payment_submit", "create_payout"],
    ),
];

/// Attacks that any server may carry.
pub(super) const ANY: &str = "any";

/// The names of all kinds.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    KINDS.iter().map(|(name, ..)| *name).collect()
}

/// The kinds that a server is, by its name; none where it tells nothing.
pub(super) fn of_name(server: &str) -> Vec<&'static str> {
    let own = words(server);
    let is = |known: &[&str]| own.iter().any(|word| known.contains(&word.as_str()));
    KINDS.iter().filter(|(_, names, _)| is(names)).map(|(kind, ..)| *kind).collect()
}

/// The kinds that one of `tools` belongs to.
pub(super) fn of_tools<'t>(tools: impl Iterator<Item = &'t str> + Clone) -> Vec<&'static str> {
    let has =
        |known: &[&str]| tools.clone().any(|tool| known.iter().any(|own| own.eq_ignore_ascii_case(tool)));
    KINDS.iter().filter(|(.., known)| has(known)).map(|(kind, ..)| *kind).collect()
}

/// What tools do, by a word of their names.
const DEEDS: [(&str, &[&str]); 5] = [
    (
        "read",
        &["read", "get", "view", "cat", "open", "show", "load", "head", "tail", "download", "search", "list"],
    ),
    (
        "write",
        &[
            "write", "edit", "create", "save", "append", "put", "update", "patch", "replace", "insert",
            "copy", "move",
        ],
    ),
    ("delete", &["delete", "remove", "drop", "truncate", "destroy", "purge", "rm", "unlink"]),
    ("exec", &["exec", "execute", "run", "shell", "bash", "eval", "command", "terminal", "spawn", "process"]),
    ("send", &["send", "post", "reply", "publish", "forward", "message", "push", "upload"]),
];

pub(super) fn is_deed(word: &str) -> bool {
    DEEDS.iter().any(|(deed, _)| *deed == word)
}

pub(super) fn deeds() -> String {
    DEEDS.iter().map(|(deed, _)| *deed).collect::<Vec<_>>().join(", ")
}

/// True if the tool's name says that it does `deed`.
pub(super) fn does(tool: &str, deed: &str) -> bool {
    let own = words(tool);
    DEEDS
        .iter()
        .filter(|(name, _)| *name == deed)
        .any(|(_, known)| own.iter().any(|word| known.contains(&word.as_str())))
}
