//! Every client of the table, every kind of file that it has, in every manner that people write such files: wrapped and
//! unwrapped on the disk, and the same bytes come back.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use bailiwick_clients::config::{Launch, Reading, read};
use bailiwick_clients::table::{FileKind, Table};
use bailiwick_clients::tree::Format;
use bailiwick_clients::wrap::{State, Wrapper};
use bailiwick_disk::{Content, Records, ReplaceError};

/// How a file is written.
#[derive(Debug, Clone, Copy)]
struct Manner {
    end: &'static str,
    indent: &'static str,
    /// Comments, trailing commas where the format has them, a broken sibling.
    is_odd: bool,
    has_mark: bool,
    /// Reached over the network.
    is_remote: bool,
}

const MANNERS: [Manner; 6] = [
    Manner { end: "\n", indent: "  ", is_odd: false, has_mark: false, is_remote: false },
    Manner { end: "\r\n", indent: "  ", is_odd: true, has_mark: false, is_remote: false },
    Manner { end: "\n", indent: "   ", is_odd: true, has_mark: true, is_remote: false },
    Manner { end: "\r\n", indent: "\t", is_odd: true, has_mark: true, is_remote: false },
    Manner { end: "\n", indent: "    ", is_odd: true, has_mark: false, is_remote: true },
    Manner { end: "\r\n", indent: " ", is_odd: true, has_mark: true, is_remote: true },
];

/// The members of one entry: key and value, the value as the format writes it.
fn entry(kind: &FileKind, manner: Manner) -> Vec<(String, String)> {
    let dialect = &kind.dialect;
    let named =
        dialect.only_types.first().map(|_| if manner.is_remote { "streamable_http" } else { "stdio" });
    let mut members: Vec<(String, String)> =
        named.map(|kind| ("type".to_owned(), format!("\"{kind}\""))).into_iter().collect();
    let mut put = |key: &str, value: &str| members.push((key.to_owned(), value.to_owned()));
    match manner.is_remote {
        true => {
            put(&dialect.url[0], "\"https://mcp.example.com/mcp\"");
        }
        false => {
            put(&dialect.command[0], "\"npx\"");
            put(&dialect.arguments[0], "[\"-y\", \"server@1.2.3\"]");
        }
    }
    members
}

fn text(kind: &FileKind, manner: Manner) -> String {
    // `*` stands for any key.
    let keys: Vec<String> = match kind.is_flat && kind.keys.is_empty() {
        true => Vec::new(),
        false => kind
            .keys
            .first()
            .map(|keys| keys.iter().map(|key| key.replace('*', "/work/a")).collect())
            .unwrap_or_default(),
    };
    let members = entry(kind, manner);
    match kind.format {
        Format::Json => json(&keys, &members, manner),
        Format::Toml => toml(&keys, &members, manner),
        Format::Yaml => yaml(&keys, &members, manner),
    }
}

fn json(keys: &[String], members: &[(String, String)], manner: Manner) -> String {
    let Manner { end, indent, is_odd, .. } = manner;
    let (comment, last) = if is_odd { (" // mine, /* all */ mine", ",") } else { ("", "") };
    let mut out = format!("{{{comment}{end}");
    for (depth, key) in keys.iter().enumerate() {
        out.push_str(&format!("{}\"{key}\" : {{{end}", indent.repeat(depth + 1)));
    }
    let pad = indent.repeat(keys.len() + 1);
    if is_odd && !keys.is_empty() {
        out.push_str(&format!("{pad}\"odd\": 7, /* broken */{end}"));
    }
    out.push_str(&format!("{pad}\"files\": {{{end}"));
    for (at, (key, value)) in members.iter().enumerate() {
        let comma = if at + 1 < members.len() { "," } else { last };
        out.push_str(&format!("{pad}{indent}\"{key}\":{value}{comma}{comment}{end}"));
    }
    out.push_str(&format!("{pad}}}{last}{end}"));
    for depth in (0..keys.len()).rev() {
        out.push_str(&format!("{}}}{last}{end}", indent.repeat(depth + 1)));
    }
    out.push_str(&format!("}}{end}"));
    out
}

fn toml(keys: &[String], members: &[(String, String)], manner: Manner) -> String {
    let Manner { end, indent, is_odd, .. } = manner;
    let table = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(".");
    let comment = if is_odd { "  # mine" } else { "" };
    let mut out = format!("top = 1{comment}{end}");
    if is_odd {
        out.push_str(&format!("[{table}]{end}odd = 7{comment}{end}"));
    }
    out.push_str(&format!("{end}[{table}.files]{comment}{end}"));
    for (key, value) in members {
        let pad = if is_odd { indent } else { "" };
        out.push_str(&format!("{pad}{key}={value}{comment}{end}"));
    }
    out.push_str(&format!("{end}[other]{end}x = 'y'{end}"));
    out
}

fn yaml(keys: &[String], members: &[(String, String)], manner: Manner) -> String {
    let Manner { end, is_odd, .. } = manner;
    // A tab is no indentation in YAML.
    let indent = manner.indent.replace('\t', "  ");
    let comment = if is_odd { "   # mine" } else { "" };
    let mut out = format!("top: 1{comment}{end}");
    for (depth, key) in keys.iter().enumerate() {
        out.push_str(&format!("{}{key}:{comment}{end}", indent.repeat(depth)));
    }
    let pad = indent.repeat(keys.len());
    if is_odd {
        out.push_str(&format!("{pad}odd: 7{comment}{end}"));
    }
    out.push_str(&format!("{pad}files:{comment}{end}"));
    for (key, value) in members {
        out.push_str(&format!("{pad}{indent}{key}: {value}{comment}{end}"));
    }
    out.push_str(&format!("last: [a, b]{end}"));
    out
}

fn wrapper() -> Wrapper {
    Wrapper {
        binary: "/opt/my tools/bailiwick".to_owned(),
        server: "files".to_owned(),
        policies: vec!["standard".to_owned()],
        lock: None,
        trace: None,
    }
}

fn change(folder: &Path, path: &Path, reading: &Reading, wanted: Option<Wrapper>) -> Result<(), String> {
    let records = Records::open(&folder.join("undo")).expect("a folder");
    let content = Content::load(path).map_err(|error| error.to_string())?;
    let server = read(&content.text, reading).map_err(|fault| fault.message)?;
    let at = server.servers.iter().position(|server| server.name == "files").ok_or("no server")?;
    let plan = records.plan(path, content, reading, &[(at, wanted)]).map_err(|fault| fault.message)?;
    if let Some(skipped) = plan.skipped.first() {
        return Err(skipped.why.to_string());
    }
    records.carry_out(&plan, reading).map_err(|error| error.to_string())
}

#[test]
fn every_file_of_every_client_comes_back_byte_for_byte() {
    let table = Table::bundled().expect("a table");
    let (mut covered, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (id, client) in &table.clients {
        for kind in client.files.iter().filter(|kind| !kind.is_script) {
            for manner in MANNERS {
                let what = format!("{id} {manner:?}");
                let mark = if manner.has_mark { "\u{feff}" } else { "" };
                let original = format!("{mark}{}", text(kind, manner));
                // Clients that write the same file in the same way need no second look.
                let is_new = seen.insert(format!("{original}{:?}", kind.reading()));
                if !is_new || comes_back(&what, kind, &original, manner) {
                    covered.insert(id.clone());
                }
            }
        }
    }
    let missing: Vec<&String> = table.clients.keys().filter(|id| !covered.contains(*id)).collect();
    let scripts = |id: &String| table.clients[id].files.iter().all(|kind| kind.is_script);
    assert!(missing.iter().all(|id| scripts(id)), "{missing:?}");
    assert!(covered.len() >= 33, "{}", covered.len());
}

fn comes_back(what: &str, kind: &FileKind, original: &str, manner: Manner) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&real, original).expect("a file");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("a mode");
    symlink("real", &link).expect("a link");
    let reading = kind.reading();
    let config = read(original.trim_start_matches('\u{feff}'), &reading)
        .unwrap_or_else(|fault| panic!("{what}: {fault}\n{original}"));
    let server = config
        .servers
        .iter()
        .find(|server| server.name == "files")
        .unwrap_or_else(|| panic!("{what}:\n{original}"));
    assert_eq!(matches!(server.launch, Launch::Remote { .. }), manner.is_remote, "{what}");
    if manner.is_odd && !kind.is_flat && kind.keys.first().is_some_and(|keys| !keys.is_empty()) {
        assert_eq!(config.broken.len(), 1, "{what}: a broken sibling is named");
    }
    change(folder.path(), &link, &reading, Some(wrapper()))
        .unwrap_or_else(|error| panic!("{what}: {error}\n{original}"));
    let content = Content::load(&real).expect("a file");
    let wrapped = read(&content.text, &reading).expect("a configuration");
    let server = wrapped.servers.iter().find(|server| server.name == "files").expect("the server");
    assert!(matches!(State::of(server), State::Ours { .. }), "{what}:\n{}", content.text);
    assert_eq!(content.has_mark, manner.has_mark, "{what}");
    change(folder.path(), &link, &reading, None).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(fs::read_to_string(&real).expect("a file"), original, "{what}");
    assert!(fs::symlink_metadata(&link).expect("a link").is_symlink(), "{what}");
    assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o7777, 0o640, "{what}");
    // What may not be written stays as it is, and that is said.
    fs::set_permissions(&real, fs::Permissions::from_mode(0o440)).expect("a mode");
    let refused = change(folder.path(), &link, &reading, Some(wrapper())).expect_err("it is read-only");
    let expected = ReplaceError::ReadOnly { path: link.clone() }.to_string();
    assert!(refused == expected, "{what}: {refused}");
    assert_eq!(fs::read_to_string(&real).expect("a file"), original, "{what}");
    true
}
