//! What a command touches: the paths and hosts among its words.

mod clients;
mod directories;
mod routes;

use clients::CLIENTS;
pub use directories::{Directories, is_relative};

use super::{Doubt, Redirection, Simple, Unknown, Word};

/// A word, or a part of one, that may name a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathFact {
    pub text: String,
    /// A part of it is not known: it may be any path.
    pub unknown: bool,
    /// A shell expands the wildcards in it.
    pub glob: bool,
    /// False: a guess, which counts for a deny only.
    pub sure: bool,
}

/// A word that may name a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFact {
    pub text: String,
    pub unknown: bool,
    /// It stands where the program takes a host or a URL; otherwise only the URLs in it count.
    pub named: bool,
}

/// Programs whose operands name no files.
const NO_FILES: &[&str] = &[
    "echo", "printf", "true", "false", "exit", "return", "sleep", "kill", "expr", "seq", "date", "hostname",
    "whoami", ":",
];
/// Programs whose first operand is a pattern or a program.
const PATTERN_FIRST: &[&str] =
    &["grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "sed", "gsed", "awk", "gawk", "jq", "yq", "tr"];
/// Options whose value is a text for people, or a pattern.
const TEXTS: &[&str] = &[
    "-m",
    "--message",
    "--title",
    "--body",
    "--author",
    "--grep",
    "--date",
    "-S",
    "-G",
    "--format",
    "--pretty",
];

/// Programs whose statements may name files: `.read FILE`, `\i FILE`, `source FILE`.
const STATEMENTS: &[&str] =
    &["sqlite3", "sqlite", "psql", "mysql", "mariadb", "duckdb", "lftp", "ftp", "sftp", "gdb"];

/// Programs that read the current directory when no file is named.
const READS_DIRECTORY: &[&str] = &[
    "ls", "dir", "find", "gfind", "tree", "du", "rg", "ag", "ack", "fd", "fdfind", "grep", "egrep", "fgrep",
    "exa", "eza", "lsd",
];

impl Simple {
    /// True if it takes names of files from its input or from a file.
    fn reads_names(&self, name: &str) -> bool {
        let given = |options: &[&str]| {
            self.arguments().iter().any(|word| {
                options.iter().any(|option| {
                    let long = option.starts_with("--");
                    word.text == *option
                        || (word.text.starts_with(option) && (!long || word.text.contains('=')))
                })
            })
        };
        match name {
            "tar" | "gtar" | "bsdtar" => {
                // `-cfT`, `cfT`: letters in one word.
                let bundled = self
                    .arguments()
                    .first()
                    .is_some_and(|word| !word.text.starts_with("--") && word.text.contains('T'));
                bundled || given(&["-T", "--files-from"])
            }
            "cpio" | "pax" => true,
            "rsync" | "wc" | "du" | "sort" => given(&["--files-from", "--files0-from"]),
            "zip" => given(&["-@"]),
            "git" => given(&["--pathspec-from-file"]),
            _ => false,
        }
    }

    /// The words that may name files, redirections not included.
    #[must_use]
    pub fn paths(&self) -> Vec<PathFact> {
        let name = self.names().next().unwrap_or_default();
        let mut out = Vec::new();
        for word in self.file_words(&name) {
            let option = is_option(word);
            if STATEMENTS.contains(&name.as_str()) {
                let texts = word.texts().flat_map(|text| text.split_whitespace());
                out.extend(texts.map(|text| fact(text, word, false)));
            }
            for text in word.texts().filter(|_| !is_process(word)) {
                parts(text, option, &mut |text, sure| {
                    out.push(PathFact { glob: word.glob, ..fact(text, word, sure) });
                });
            }
            if word.unknown.is_some() && option {
                out.push(fact(&word.text, word, true));
            }
        }
        if self.reads_names(&name) || (name == "curl" && clients::multiplies_files(&self.words)) {
            out.push(PathFact { text: String::new(), unknown: true, glob: false, sure: true });
        }
        if READS_DIRECTORY.contains(&name.as_str()) && !out.iter().any(|fact| fact.sure) {
            out.push(PathFact { text: ".".to_owned(), unknown: false, glob: false, sure: true });
        }
        // A list of words has redirections only where a shell reads it, so the program's own name may be a file too.
        let program = self.program().into_iter().filter(|word| word.text.contains('/'));
        for word in program.chain(self.assignments.iter().map(|one| &one.value)) {
            out.extend(word.texts().map(|text| PathFact {
                text: text.to_owned(),
                unknown: false,
                glob: word.glob,
                sure: false,
            }));
        }
        out
    }

    /// The arguments of a program, but for those that are texts, patterns and the like.
    fn file_words(&self, name: &str) -> Vec<&Word> {
        const FILES: &[&str] = &["-f", "-F", "-r", "--file", "--reference"];
        const VALUES: &[&str] = &["-v", "-g", "--glob", "--iglob", "--include", "--assign"];
        const PATTERNS: &[&str] = &["-e", "-f", "--regexp", "--file", "--expression"];
        let given = |word: &Word, options: &[&str]| options.contains(&word.text.as_str());
        let arguments = self.arguments();
        let mut pattern =
            PATTERN_FIRST.contains(&name) && !arguments.iter().any(|word| given(word, PATTERNS));
        let mut out = Vec::new();
        let mut before: Option<&Word> = None;
        for word in arguments {
            let behind = |options: &[&str]| before.is_some_and(|before| given(before, options));
            let is_text = behind(TEXTS) && matches!(name, "git" | "gh");
            let names_none = !is_option(word) && !behind(FILES) && NO_FILES.contains(&name);
            // `awk -v f=FILE`, `rg -g FILE`: the value of an option is not the pattern.
            let is_pattern = !is_text && !names_none && !is_option(word) && !behind(VALUES) && pattern;
            if is_pattern {
                pattern = false;
            } else if !is_text && !names_none {
                out.push(word);
            }
            before = Some(word);
        }
        out
    }

    /// The files that redirections read or write.
    pub fn redirected(&self) -> impl Iterator<Item = PathFact> {
        let files = self.redirects.iter().filter(|redirect| match redirect.kind {
            Redirection::Read | Redirection::Write | Redirection::ReadWrite => true,
            Redirection::Duplicate | Redirection::Here => false,
        });
        files.flat_map(|redirect| {
            let word = &redirect.target;
            word.texts().map(|text| PathFact {
                text: text.to_owned(),
                unknown: word.unknown.is_some() || is_home_of_another(text),
                glob: word.glob,
                sure: true,
            })
        })
    }

    /// False: it may connect to hosts that its words do not name.
    #[must_use]
    pub fn hosts_are_known(&self) -> bool {
        self.names().all(|name| {
            routes::is_local(&name) || CLIENTS.iter().any(|client| client.names.contains(&name.as_str()))
        })
    }

    /// The words that may name hosts, and the devices that bash opens connections with.
    #[must_use]
    pub fn hosts(&self) -> Vec<HostFact> {
        let mut out = Vec::new();
        let words = self.words.iter().chain(self.assignments.iter().map(|one| &one.value));
        let targets = self.redirects.iter().map(|redirect| &redirect.target);
        for word in words.chain(targets) {
            for text in word.texts() {
                if let Some(host) = device(text) {
                    out.push(HostFact {
                        text: host.to_owned(),
                        unknown: word.unknown.is_some(),
                        named: true,
                    });
                } else if text.contains("://") {
                    out.push(HostFact { text: text.to_owned(), unknown: false, named: false });
                } else if let Some((_, host)) = text.split_once('=').filter(|(name, _)| is_proxy(name)) {
                    out.push(HostFact {
                        text: host.to_owned(),
                        unknown: word.unknown.is_some(),
                        named: true,
                    });
                }
            }
        }
        for one in self.assignments.iter().filter(|one| is_proxy(&one.name)) {
            let hosts = one.value.texts().filter(|text| !text.is_empty() && !text.contains("://"));
            let unknown = one.value.unknown.is_some();
            out.extend(hosts.map(|text| HostFact { text: text.to_owned(), unknown, named: true }));
        }
        let name = self.names().next().unwrap_or_default();
        if let Some(client) = CLIENTS.iter().find(|client| client.names.contains(&name.as_str())) {
            client.hosts(&self.words, &mut out);
        }
        routes::hosts(&name, &self.words, &mut out);
        if self.doubt == Some(Doubt::Program) {
            out.push(HostFact { text: String::new(), unknown: true, named: true });
        }
        out
    }
}

/// True for a variable that names a proxy, through which programs reach every host.
fn is_proxy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("_proxy") && name != "no_proxy"
}

fn is_option(word: &Word) -> bool {
    word.text.starts_with('-') && word.text.len() > 1
}

fn fact(text: &str, word: &Word, sure: bool) -> PathFact {
    let unknown = word.unknown.is_some() || is_home_of_another(text);
    PathFact { text: text.to_owned(), unknown, glob: false, sure }
}

/// `~user`: where that is the text does not say.
fn is_home_of_another(text: &str) -> bool {
    text.strip_prefix('~').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// `<(command)` as a whole word is a pipe; the command is looked at by itself.
fn is_process(word: &Word) -> bool {
    let inside =
        word.text.strip_prefix(['<', '>']).and_then(|text| text.strip_prefix('(')?.strip_suffix(')'));
    // With quotes or further brackets it may end earlier, and a path follow.
    let plain = |text: &str| !text.contains(['(', ')', '\'', '"', '\\', '$', '`', '#', '…']);
    word.unknown == Some(Unknown::Output)
        && !word.guessed
        && word.others.is_empty()
        && inside.is_some_and(plain)
}

/// The host of `/dev/tcp/host/port`.
fn device(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("/dev/tcp/").or_else(|| text.strip_prefix("/dev/udp/"))?;
    rest.split('/').next()
}

/// The text, and the parts of it that programs open: behind `=`, `@`, `:`, and in the same word as a short option.
fn parts(text: &str, option: bool, found: &mut dyn FnMut(&str, bool)) {
    let mut rest = text;
    if option {
        if let Some(long) = text.strip_prefix("--") {
            let Some((_, value)) = long.split_once('=') else { return };
            rest = value;
            found(value, true);
        } else {
            let attached = text.char_indices().nth(2).and_then(|(at, _)| text.get(at..)).unwrap_or_default();
            if attached.is_empty() {
                return;
            }
            rest = attached.strip_prefix('=').unwrap_or(attached);
            found(rest, rest.contains(['/', '~']) || rest.starts_with('.'));
            clustered(rest, found);
        }
    } else if !is_url(text) {
        found(text, true);
        // Of git: from the top of the repository, or with other magic.
        let magic = text.strip_prefix(":(").and_then(|rest| rest.split_once(')')).map(|(_, path)| path);
        if let Some(path) = magic.or_else(|| text.strip_prefix(":/")) {
            found(path, true);
        }
    }
    if is_url(rest) {
        return;
    }
    if let Some((_, value)) = rest.split_once('=') {
        found(value, value.starts_with(['/', '~', '.']));
        if let Some(file) = value.strip_prefix(['@', '<']) {
            found(file, true);
        }
    }
    if let Some(file) = rest.strip_prefix(['@', '<', '+']) {
        found(file, true);
    }
    if rest.contains([':', ',']) {
        for part in rest.split([':', ',']).filter(|part| !part.is_empty()) {
            found(part, part.starts_with(['/', '~']));
        }
    }
    // `type=bind,src=FILE`, `f=@"FILE";type=x`, `name@FILE`
    if rest.contains(['=', '@']) {
        for part in
            rest.split([':', ',', ';', '=', '@', '"', '\'']).filter(|part| !part.is_empty() && *part != rest)
        {
            found(part, false);
        }
    }
}

/// `-uoFILE`, `-includeFILE`: the value may begin behind each of the letters.
fn clustered(letters: &str, found: &mut dyn FnMut(&str, bool)) {
    const LETTERS_MAX: usize = 16;
    for (at, _) in letters.char_indices().skip(1).take(LETTERS_MAX) {
        let (before, value) = letters.split_at_checked(at).unwrap_or_default();
        if !before.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
            return;
        }
        found(value, value.starts_with(['/', '~', '.']));
    }
}

/// A URL is no file, but for those of files.
fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
            && !scheme.eq_ignore_ascii_case("file")
    })
}
