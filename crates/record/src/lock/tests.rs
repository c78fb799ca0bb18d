//! What is saved is what is loaded, and every difference is told.

use std::collections::BTreeMap;
use std::fs;

use bailiwick_engine::Pins;
use bailiwick_mcp::{Limits, Parser};

use super::{Lock, LockError, LockedPackage, LockedServer};

fn pins() -> Pins {
    let pin = |description: &str| {
        BTreeMap::from([
            ("description".to_owned(), description.to_owned()),
            ("other".to_owned(), "00".to_owned()),
        ])
    };
    Pins {
        tools: BTreeMap::from([("read".to_owned(), pin("aa")), ("send".to_owned(), pin("bb"))]),
        prompts: BTreeMap::from([("review".to_owned(), pin("cc"))]),
        resource_templates: BTreeMap::new(),
        instructions: Some("dd".to_owned()),
    }
}

fn save(lock: &Lock, path: &std::path::Path) {
    fs::write(path, lock.text().unwrap()).unwrap();
}

fn locked() -> LockedServer {
    LockedServer::new(vec!["npx".to_owned(), "server".to_owned()], &pins())
}

#[test]
fn what_is_saved_is_what_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bailiwick.lock");
    assert!(Lock::load(&path).unwrap().is_none());
    let mut lock = Lock::empty();
    lock.servers.insert("files".to_owned(), locked());
    save(&lock, &path);
    let loaded = Lock::load(&path).unwrap().unwrap();
    assert_eq!(loaded, lock);
    assert_eq!(loaded.servers["files"].pins(), pins());
}

#[test]
fn what_is_no_lock_file_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bailiwick.lock");
    let load = |text: &str| {
        fs::write(&path, text).unwrap();
        Lock::load(&path).unwrap_err()
    };
    assert!(matches!(load("{"), LockError::Format { .. }));
    assert!(matches!(load(r#"{"version":1,"servers":{},"more":1}"#), LockError::Format { .. }));
    let newer = load(r#"{"version":3,"servers":[],"more":1}"#);
    assert!(matches!(newer, LockError::Version { found: 3, .. }), "{newer}");
    let none = load(r#"{"version":0,"servers":[],"more":1}"#);
    assert!(matches!(none, LockError::Version { found: 0, .. }), "{none}");
}

#[test]
fn an_older_lock_file_is_read_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bailiwick.lock");
    let old = r#"{"version":1,"servers":{"files":{"command":["x"],"instructions":"sha256:dd","tools":{},"prompts":{},"resourceTemplates":{}}}}"#;
    fs::write(&path, old).unwrap();
    let lock = Lock::load(&path).unwrap().unwrap();
    assert!(lock.servers["files"].input_schemas.is_empty());
    save(&lock, &path);
    assert!(fs::read_to_string(&path).unwrap().contains("\"version\": 2"));
    assert_eq!(Lock::load(&path).unwrap().unwrap(), lock);
}

#[test]
fn a_schema_is_given_back_only_if_it_is_the_pinned_one() {
    let schema = r#"{"type":"object","properties":{"b":{"type":"number","maximum":1e3},"a":{"const":"é"}}}"#;
    let mut parser = Parser::default();
    let parsed = parser.parse(schema.as_bytes(), &Limits::DEFAULT).unwrap();
    let digest = bailiwick_engine::pins::digest(parsed.root());
    let pin = BTreeMap::from([("inputSchema".to_owned(), digest)]);
    let pins = Pins { tools: BTreeMap::from([("read".to_owned(), pin)]), ..Pins::default() };
    let mut server = LockedServer::new(vec!["x".to_owned()], &pins);
    assert_eq!(server.schema("read"), None, "none was kept");
    server.add_schema("read", schema);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bailiwick.lock");
    let mut lock = Lock::empty();
    lock.servers.insert("files".to_owned(), server);
    save(&lock, &path);
    let mut server = Lock::load(&path).unwrap().unwrap().servers.remove("files").unwrap();
    assert!(server.schema("read").unwrap().contains("\"const\":\"é\""));
    server.add_schema("read", r#"{"type":"object"}"#);
    assert_eq!(server.schema("read"), None, "somebody changed it");
    server.add_schema("other", &" ".repeat(super::SCHEMA_BYTES_MAX + 1));
    assert!(!server.input_schemas.contains_key("other"));
}

#[test]
fn another_version_or_other_content_of_a_package_is_a_difference() {
    let package = |version: Option<&str>, integrity: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let package = LockedPackage {
            registry: "npm".to_owned(),
            name: "files".to_owned(),
            asked: Some("latest".to_owned()),
            version: own(version),
            integrity: own(integrity),
        };
        LockedServer { package: Some(package), ..locked() }
    };
    let before = package(Some("1.0.0"), Some("sha512-AA"));
    let differences = |now: LockedServer| before.differences(&now);
    assert_eq!(
        differences(package(Some("1.0.1"), Some("sha512-BB"))),
        ["~ package: `files 1.0.0` is now `files 1.0.1`"]
    );
    assert_eq!(
        differences(package(Some("1.0.0"), Some("sha512-BB"))),
        ["~ package: `files 1.0.0` has the same version and other content"]
    );
    let none: [&str; 0] = [];
    assert_eq!(differences(package(Some("1.0.0"), Some("sha256:cc"))), none, "of another thing");
    assert_eq!(differences(package(Some("1.0.0"), None)), none);
    assert_eq!(differences(package(None, None)), none, "not on this machine");
    assert_eq!(differences(locked()), none);
}

#[test]
fn each_difference_is_a_line() {
    let before = locked();
    let mut now = locked();
    assert_eq!(before.differences(&now), Vec::<String>::new());
    now.command.push("--all".to_owned());
    now.instructions = "sha256:ee".to_owned();
    now.tools.get_mut("read").unwrap().insert("description".to_owned(), "sha256:ff".to_owned());
    let send = now.tools.remove("send").unwrap();
    now.tools.insert("write".to_owned(), send);
    assert_eq!(
        before.differences(&now),
        [
            "~ command: `npx server` is now `npx server --all`",
            "~ instructions changed",
            "~ tool `read` changed since it was pinned: description",
            "+ tool `write` is new",
            "- tool `send` is gone",
        ]
    );
}
