//! The table of clients: what is known of each, read from TOML.

mod read;

use std::collections::BTreeMap;

use crate::tree::{Fault, Format};

/// Clients, dialects and roots by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub clients: BTreeMap<String, Client>,
    roots: BTreeMap<String, BTreeMap<System, Vec<String>>>,
}

/// One client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    /// What people call it.
    pub name: String,
    pub files: Vec<FileKind>,
}

/// One kind of file in which a client keeps servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileKind {
    pub scope: Scope,
    /// Paths by system, with `~`, roots, variables and wildcards.
    paths: BTreeMap<System, String>,
    pub format: Format,
    /// Where the servers stand: ways from the root, `*` for any key.
    pub keys: Vec<Vec<String>>,
    /// The root itself may be the map of servers.
    pub is_flat: bool,
    /// A shell script: found and named, never read or edited.
    pub is_script: bool,
    pub dialect: Dialect,
}

/// Who a file speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    User,
    Project,
    /// Laid down by an administrator.
    Managed,
    /// Brought along by a plugin of the client.
    Plugin,
}

/// What the parts of an entry are called, and how a value refers to what stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dialect {
    pub command: Vec<String>,
    pub arguments: Vec<String>,
    pub environment: Vec<String>,
    pub url: Vec<String>,
    pub headers: Vec<String>,
    /// `${env:*}` and the like, `*` for the name.
    pub references: Vec<String>,
    /// Entries of any other `type` are the client's own and no servers.
    pub only_types: Vec<String>,
}

/// A family of operating systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    Macos,
    Linux,
    Windows,
}

impl System {
    pub const ALL: [System; 3] = [System::Macos, System::Linux, System::Windows];

    /// The one that this program was built for. Other Unix systems lay their files out as Linux does.
    #[must_use]
    pub fn own() -> System {
        if cfg!(target_os = "macos") {
            System::Macos
        } else if cfg!(windows) {
            System::Windows
        } else {
            System::Linux
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            System::Macos => "macos",
            System::Linux => "linux",
            System::Windows => "windows",
        }
    }
}

impl FileKind {
    /// A file that no client of the table reads, taken as most of them would.
    #[must_use]
    pub fn generic(name: &str) -> FileKind {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let dialect = Dialect {
            command: texts(&["command"]),
            arguments: texts(&["args"]),
            environment: texts(&["env"]),
            url: texts(&["url", "serverUrl", "httpUrl"]),
            headers: texts(&["headers"]),
            references: texts(&["${*}"]),
            only_types: Vec::new(),
        };
        FileKind {
            scope: Scope::Project,
            paths: BTreeMap::new(),
            format: Format::of_name(name),
            keys: vec![texts(&["mcpServers"]), texts(&["servers"]), texts(&["mcp", "servers"])],
            is_flat: true,
            is_script: false,
            dialect,
        }
    }
}

impl Scope {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::User => "user",
            Scope::Project => "project",
            Scope::Managed => "managed",
            Scope::Plugin => "plugin",
        }
    }
}

impl Table {
    /// The table in this program.
    ///
    /// # Errors
    /// Never in a tested build.
    pub fn bundled() -> Result<Table, Fault> {
        read::table(BUNDLED, None)
    }

    /// This table with what `text` adds and replaces.
    ///
    /// # Errors
    /// If the text is no such table.
    pub fn with(self, text: &str) -> Result<Table, Fault> {
        read::table(text, Some(self))
    }

    /// Every pattern of a file's path on `system`, roots put in.
    #[must_use]
    pub fn patterns(&self, file: &FileKind, system: System) -> Vec<String> {
        let Some(path) = file.paths.get(&system) else { return Vec::new() };
        let root = path.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        match root {
            None => vec![path.clone()],
            Some((name, rest)) => {
                let folders = self.roots.get(name).and_then(|root| root.get(&system));
                folders.into_iter().flatten().map(|folder| format!("{folder}{rest}")).collect()
            }
        }
    }
}

impl Dialect {
    /// True if `value` is nothing but a reference to what stands elsewhere, as this client writes it.
    #[must_use]
    pub fn is_reference(&self, value: &str) -> bool {
        self.references.iter().any(|pattern| is_reference(pattern, value))
    }
}

fn is_reference(pattern: &str, value: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == value };
    let inner = value.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    // `${A}b${C}` is more than a reference; a default (`${A:-text}`) is the value where A is not set.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '~' | ' ');
    inner.is_some_and(|name| !name.is_empty() && name.chars().all(plain) && !name.contains(":-"))
}

const BUNDLED: &str = include_str!("clients.toml");

#[cfg(test)]
mod tests {
    use super::{Dialect, Scope, System, Table};

    #[test]
    fn the_bundled_table_is_read_and_every_client_has_a_file_somewhere() {
        let table = Table::bundled().unwrap();
        assert!(table.clients.len() >= 30, "{}", table.clients.len());
        for client in table.clients.values() {
            for file in &client.files {
                let patterns: Vec<String> =
                    System::ALL.iter().flat_map(|system| table.patterns(file, *system)).collect();
                assert!(!patterns.is_empty(), "{} has a file without a path", client.id);
                let is_relative = |path: &String| !path.starts_with(['~', '/', '$']) && !path.contains(":/");
                assert!(
                    file.scope == Scope::Project || !patterns.iter().any(is_relative),
                    "{}: {patterns:?}",
                    client.id
                );
            }
        }
    }

    #[test]
    fn a_file_may_add_a_client_and_replace_one() {
        let more = "version = 1\n[clients.cursor]\nname = 'C'\nfiles = [{ scope = 'user', path = '~/c.json' }]\n\
                    [clients.own]\nname = 'Own'\ndialect = 'goose'\nfiles = [{ scope = 'project', path = 'own.yaml' }]\n";
        let table = Table::bundled().unwrap().with(more).unwrap();
        assert_eq!(table.clients["cursor"].files.len(), 1);
        assert_eq!(table.clients["own"].files[0].dialect.command, ["cmd"]);
        assert!(table.clients.contains_key("zed"));
    }

    #[test]
    fn a_mistake_in_a_table_is_named() {
        for (text, word) in [
            ("version = 2\n", "version"),
            ("version = 1\n[clients.a]\nname = 'A'\nfile = []\n", "file"),
            ("version = 1\n[clients.a]\nname = 'A'\ndialect = 'x'\nfiles = []\n", "dialect"),
            ("version = 1\n[clients.a]\nname = 'A'\nfiles = [{ scope = 'usr', path = 'x' }]\n", "scope"),
            ("version = 1\n[clients.a]\nname = 'A'\nfiles = [{ scope = 'user' }]\n", "path"),
        ] {
            let fault = Table::bundled().unwrap().with(text).unwrap_err();
            assert!(fault.message.contains(word), "{fault}");
        }
    }

    #[test]
    fn only_a_whole_value_is_a_reference() {
        let references = vec!["${env:*}".to_owned(), "$*".to_owned()];
        let dialect = Dialect { references, ..Dialect::default() };
        for reference in ["${env:KEY}", "$KEY"] {
            assert!(dialect.is_reference(reference), "{reference}");
        }
        for value in ["KEY", "${env:}", "a${env:KEY}", "${env:A}${env:B}", "${env:A:-secret}", ""] {
            assert!(!dialect.is_reference(value), "{value}");
        }
    }
}
