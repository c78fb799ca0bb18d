//! Addresses without a scheme in the words of a form.

/// True if `text` shows `www.…`, a dotted name with a path, or one that it says to open and that is not the host of
/// `known`.
pub(super) fn shows_bare(text: &str, known: &str) -> bool {
    if !text.contains('.') {
        return false;
    }
    let (mut led, mut before) = (false, "");
    for word in text.split_whitespace() {
        if is_address(word, led) || (led && is_host(word, known)) {
            return true;
        }
        let own = word.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(':');
        let enters = is_in(LEADS_IN, own) && is_in(&["log", "sign"], before);
        led = is_in(LEADS, own) || enters || (led && is_in(BETWEEN, own));
        before = own;
    }
    false
}

/// `www.…`, or a dotted name with a path behind it. `led`: the words before say to open it.
fn is_address(word: &str, led: bool) -> bool {
    let word = trimmed(word);
    if word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) {
        return true;
    }
    let Some((authority, path)) = word.split_once('/').filter(|(authority, _)| authority.contains('.'))
    else {
        return false;
    };
    let (is_user, host) = authority.rsplit_once('@').map_or((false, authority), |(_, host)| (true, host));
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let name = name.trim_end_matches('.');
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_user || is_port {
        return true;
    }
    if !name.contains('.') || is_in(PRODUCTS, name) {
        return false;
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_page = || led && is_in(FILES_AND_COUNTRIES, last) && !path.contains('.');
    is_label(last) && (!is_file(last) || is_page())
}

/// A dotted name alone, of which the words before say that it is to be opened. What is asked (`Open app.tsx?`) is no order.
fn is_host(word: &str, known: &str) -> bool {
    let is_hidden = word.trim_start_matches(['"', '\'', '`', '(']).starts_with('.');
    if !word.contains('.') || is_hidden || word.contains("()") || word.ends_with('?') {
        return false;
    }
    let name = trimmed(word).split([':', '?', '#']).next().unwrap_or_default();
    let in_host = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let labels = || name.split('.');
    let last = labels().next_back().unwrap_or_default();
    let is_known = || {
        let rest = known.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().is_some_and(|host| host.eq_ignore_ascii_case(name))
    };
    labels().nth(1).is_some()
        && labels().all(|label| !label.is_empty() && label.chars().all(in_host))
        && is_label(last)
        && !is_file(last)
        && !is_in(PRODUCTS, name)
        && !is_known()
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/')
}

/// True if the last part of a host may look so.
fn is_label(last: &str) -> bool {
    let is_coded = last.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    is_coded || (last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn is_file(last: &str) -> bool {
    is_in(FILES, last) || is_in(FILES_AND_COUNTRIES, last)
}

fn is_in(words: &[&str], word: &str) -> bool {
    word.len() <= WORD_BYTES_MAX && words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// No word of these lists is longer.
const WORD_BYTES_MAX: usize = 12;

/// What people are told to do with an address.
const LEADS: &[&str] =
    &["open", "visit", "browse", "navigate", "go", "goto", "proceed", "login", "signin", "logon"];

/// Behind `log` and `sign`.
const LEADS_IN: &[&str] = &["in", "on", "into"];

/// What may stand between that and the address.
const BETWEEN: &[&str] = &[
    "to", "at", "on", "in", "into", "onto", "up", "via", "the", "our", "this", "site", "website", "page",
    "portal", "link", "url", "address", "host",
];

/// Written like hosts, and meant as names.
const PRODUCTS: &[&str] = &["asp.net", "vb.net", "ado.net", "socket.io"];

/// Ends of files that are no top-level domains.
const FILES: &[&str] = &[
    "bak",
    "bash",
    "bat",
    "bin",
    "c",
    "cfg",
    "cjs",
    "class",
    "conf",
    "config",
    "cpp",
    "cs",
    "css",
    "csv",
    "cts",
    "db",
    "diff",
    "dll",
    "doc",
    "docx",
    "env",
    "exe",
    "gif",
    "go",
    "gradle",
    "gz",
    "h",
    "hpp",
    "htm",
    "html",
    "ico",
    "ini",
    "ipynb",
    "jar",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "jsonc",
    "jsonl",
    "jsx",
    "key",
    "kt",
    "kts",
    "less",
    "local",
    "lock",
    "log",
    "lua",
    "mdx",
    "mjs",
    "mts",
    "patch",
    "pdf",
    "pem",
    "php",
    "png",
    "ppt",
    "pptx",
    "properties",
    "proto",
    "rb",
    "rst",
    "sass",
    "scala",
    "scss",
    "sln",
    "sql",
    "sqlite",
    "svelte",
    "svg",
    "swift",
    "tar",
    "tf",
    "tmp",
    "toml",
    "ts",
    "tsx",
    "txt",
    "vue",
    "wasm",
    "webp",
    "xls",
    "xlsx",
    "xml",
    "yaml",
    "yml",
    "zsh",
];

/// Ends of files that are top-level domains too.
const FILES_AND_COUNTRIES: &[&str] = &["cc", "md", "mk", "pl", "ps", "py", "rs", "sh", "so", "zip"];
