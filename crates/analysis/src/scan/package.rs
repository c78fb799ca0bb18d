//! Which package a launcher fetches, and whether it says which version.

use super::commands::{Command, Piece};

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Registry {
    Npm,
    Pypi,
    Image,
    Go,
    /// An address: a repository, an archive, a module.
    Url,
}

impl Registry {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Registry::Npm => "npm",
            Registry::Pypi => "pypi",
            Registry::Image => "image",
            Registry::Go => "go",
            Registry::Url => "url",
        }
    }
}

/// A package as a launcher is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) registry: Registry,
    pub(super) launcher: String,
    /// Without version.
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) at: usize,
}

/// How firmly a package's version is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Firmness {
    /// The same bytes, or a version that its registry does not let change.
    Pinned,
    /// A tag or branch, which its owner can move.
    Movable,
    /// Whatever is newest.
    Newest,
}

/// The packages that a command fetches and runs.
pub(super) fn packages(command: &Command) -> Vec<Package> {
    let arguments = command.arguments();
    let program = command.program();
    let rest = |skip: usize| arguments.get(skip..).unwrap_or_default();
    let second = arguments.first().map(|word| word.text.as_str());
    match (program.as_str(), second) {
        ("npx" | "bunx" | "pnpx", _) => npm(&program, arguments),
        ("npm", Some("exec" | "x")) | ("pnpm" | "yarn", Some("dlx")) | ("bun", Some("x")) => {
            npm(&program, rest(1))
        }
        ("uvx", _) => pypi(&program, arguments),
        ("uv", Some("tool")) => pypi(&program, rest(2)),
        ("uv", Some("run")) => {
            options(rest(1), &["--with"]).into_iter().map(|word| pypi_spec(&program, word)).collect()
        }
        ("pipx", Some("run")) => pypi(&program, rest(1)),
        ("docker" | "podman" | "nerdctl", Some("run")) => image(&program, rest(1)).into_iter().collect(),
        ("docker" | "podman", Some("container")) => image(&program, rest(2)).into_iter().collect(),
        ("deno", Some("run" | "x" | "serve")) => deno(rest(1)).into_iter().collect(),
        ("go", Some("run")) => go(rest(1)).into_iter().collect(),
        _ => Vec::new(),
    }
}

impl Package {
    pub(super) fn firmness(&self) -> Firmness {
        let Some(version) = self.version.as_deref() else { return Firmness::Newest };
        let digits = version.strip_prefix('v').unwrap_or(version);
        let exact = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '!'))
            && digits.matches('.').count() >= 1
            && !digits.split('.').any(|part| part == "x");
        let is_hash =
            |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
        match self.registry {
            Registry::Image if version.starts_with("sha256:") => Firmness::Pinned,
            Registry::Image if version == "latest" => Firmness::Newest,
            Registry::Image => Firmness::Movable,
            Registry::Url if is_hash(version, 40) => Firmness::Pinned,
            Registry::Url if exact => Firmness::Movable,
            Registry::Url => Firmness::Newest,
            Registry::Npm | Registry::Pypi | Registry::Go if exact => Firmness::Pinned,
            Registry::Npm | Registry::Pypi | Registry::Go => Firmness::Newest,
        }
    }

    /// How a pinned one is written.
    pub(super) fn pinned_form(&self) -> String {
        match self.registry {
            Registry::Npm => format!("{}@1.2.3", self.name),
            Registry::Pypi if self.launcher == "pipx" => format!("--spec {}==1.2.3", self.name),
            Registry::Pypi => format!("{}==1.2.3", self.name),
            Registry::Image => format!("{}@sha256:…", self.name),
            Registry::Go => format!("{}@v1.2.3", self.name),
            Registry::Url => format!("{} at a full commit hash", self.name),
        }
    }
}

/// Options of npm's launchers whose value is the next word.
const NPM_VALUES: [&str; 8] =
    ["-c", "--call", "-w", "--workspace", "--cache", "--registry", "--prefix", "--userconfig"];

fn npm(launcher: &str, words: &[Piece]) -> Vec<Package> {
    let named = options(words, &["-p", "--package"]);
    let words = match named.is_empty() {
        false => named,
        true => first_plain(words, &NPM_VALUES).into_iter().cloned().collect(),
    };
    words.into_iter().filter(|word| !is_local(&word.text)).map(|word| npm_spec(launcher, word)).collect()
}

pub(super) fn npm_spec(launcher: &str, word: Piece) -> Package {
    if let Some(url) = url_spec(launcher, &word) {
        return url;
    }
    let spec = word.text.strip_prefix("npm:").unwrap_or(&word.text);
    // The first `@` of `@scope/name@1.2.3` belongs to the name.
    let at = spec.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let (name, version) = match at {
        Some(at) => (spec.get(..at).unwrap_or_default(), spec.get(at.saturating_add(1)..)),
        None => (spec, None),
    };
    package(Registry::Npm, launcher, name, version, word.at)
}

/// Options of Python's launchers whose value is the next word.
const PYPI_VALUES: [&str; 12] = [
    "--python",
    "-p",
    "--index-url",
    "-i",
    "--extra-index-url",
    "--index",
    "--default-index",
    "--pip-args",
    "--directory",
    "--project",
    "--with-requirements",
    "--refresh-package",
];

fn pypi(launcher: &str, words: &[Piece]) -> Vec<Package> {
    let words: Vec<Piece> = words.iter().skip_while(|word| word.text == "run").cloned().collect();
    let with: Vec<Piece> = options(&words, &["--with"]);
    let from = options(&words, &["--from", "--spec"]);
    let values: Vec<&str> = PYPI_VALUES.into_iter().chain(["--with", "--from", "--spec"]).collect();
    let main: Vec<Piece> = match from.is_empty() {
        false => from,
        true => first_plain(&words, &values).into_iter().cloned().collect(),
    };
    let all = main.into_iter().chain(with).filter(|word| !is_local(&word.text));
    all.map(|word| pypi_spec(launcher, word)).collect()
}

fn pypi_spec(launcher: &str, word: Piece) -> Package {
    if let Some(url) = url_spec(launcher, &word) {
        return url;
    }
    let spec = word.text.as_str();
    let end = spec.find(['=', '@', '<', '>', '~', '!', '[', ' ']).unwrap_or(spec.len());
    let name = spec.get(..end).unwrap_or(spec);
    let behind = spec.find(']').map_or(end, |at| at.saturating_add(1));
    let rest = spec.get(behind..).unwrap_or_default();
    let version = rest.strip_prefix("===").or(rest.strip_prefix("==")).or(rest.strip_prefix('@'));
    package(Registry::Pypi, launcher, name, version.or((!rest.is_empty()).then_some(rest)), word.at)
}

/// Options of `docker run` whose value is the next word.
const IMAGE_FLAGS: [&str; 10] =
    ["-i", "-t", "-it", "-ti", "-d", "--rm", "--init", "--privileged", "--interactive", "--tty"];

fn image(launcher: &str, words: &[Piece]) -> Option<Package> {
    let mut words = words.iter().skip_while(|word| word.text == "run");
    let word = loop {
        let word = words.next()?;
        match word.text.as_str() {
            flag if IMAGE_FLAGS.contains(&flag) || flag.starts_with("--") && flag.contains('=') => {}
            "--read-only" | "--no-healthcheck" | "--oom-kill-disable" | "--sig-proxy" | "--detach" | "-P"
            | "--publish-all" => {}
            // `-eKEY=value` holds its value; `-e` takes the next word.
            flag if flag.starts_with("--") || flag.len() == 2 && flag.starts_with('-') => {
                words.next();
            }
            flag if flag.starts_with('-') => {}
            _ => break word,
        }
    };
    let (name, version) = match word.text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        // A colon before a slash is a registry's port.
        None => match word.text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => (name, Some(tag)),
            None => (word.text.as_str(), None),
        },
    };
    Some(package(Registry::Image, launcher, name, version, word.at))
}

fn deno(words: &[Piece]) -> Option<Package> {
    let word = words.iter().find(|word| !word.text.starts_with('-'))?;
    if let Some(spec) = word.text.strip_prefix("npm:").or(word.text.strip_prefix("jsr:")) {
        let spec = spec.strip_prefix('/').unwrap_or(spec).to_owned();
        return Some(npm_spec("deno", Piece { text: spec, at: word.at }));
    }
    if !word.text.contains("://") {
        return None;
    }
    let version = word.text.split('/').find_map(|part| part.split_once('@').map(|(_, version)| version));
    Some(package(Registry::Url, "deno", &word.text, version, word.at))
}

fn go(words: &[Piece]) -> Option<Package> {
    let word = words.iter().find(|word| !word.text.starts_with('-')).filter(|word| !is_local(&word.text))?;
    let (name, version) =
        word.text.split_once('@').map_or((word.text.as_str(), None), |(name, version)| (name, Some(version)));
    // Without a version it is built from what lies in the folder.
    version.map(|version| package(Registry::Go, "go", name, Some(version), word.at))
}

fn url_spec(launcher: &str, word: &Piece) -> Option<Package> {
    let text = word.text.split_once(" @ ").map_or(word.text.as_str(), |(_, url)| url.trim());
    let is_url = text.contains("://") || text.starts_with("git+") || text.starts_with("github:");
    if !is_url {
        return None;
    }
    let (name, version) = match text.split_once('#') {
        Some((name, commit)) => (name, Some(commit)),
        None => match text.rsplit_once('@').filter(|(_, version)| !version.contains(['/', ':'])) {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        },
    };
    Some(package(Registry::Url, launcher, name, version, word.at))
}

fn package(registry: Registry, launcher: &str, name: &str, version: Option<&str>, at: usize) -> Package {
    let version = version.map(str::trim).filter(|version| !version.is_empty()).map(str::to_owned);
    Package { registry, launcher: launcher.to_owned(), name: name.to_owned(), version, at }
}

/// The values of an option, as `--name value` and as `--name=value`, before the command's own arguments.
fn options(words: &[Piece], names: &[&str]) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word.text == "--" {
            break;
        }
        let (name, value) =
            word.text.split_once('=').map_or((word.text.as_str(), None), |(n, v)| (n, Some(v)));
        if !names.contains(&name) {
            continue;
        }
        let value = match value {
            Some(value) => Some(Piece { text: value.to_owned(), at: word.at }),
            None => words.next().cloned(),
        };
        found.extend(value);
    }
    found
}

/// The first word that is no option and no option's value.
fn first_plain<'w>(words: &'w [Piece], with_value: &[&str]) -> Option<&'w Piece> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "--" => return words.next(),
            flag if with_value.contains(&flag) => drop(words.next()),
            flag if flag.starts_with('-') => {}
            _ => return Some(word),
        }
    }
    None
}

fn is_local(spec: &str) -> bool {
    spec.starts_with(['.', '/', '~']) || spec.starts_with("file:") || spec.is_empty()
}
