//! The JSON Schema of policies, judged by Ajv: it takes every policy that the parser takes, and knows every key.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bailiwick_policy::reference::MAPS;
use bailiwick_policy::{Context, Load, Source, compile, suite};
use bailiwick_testkit::tools;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Value, json};

struct Beside(PathBuf);

impl Load for Beside {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        let text = std::fs::read_to_string(self.0.join(reference)).map_err(|error| error.to_string())?;
        Ok(Source { name: reference.into(), text })
    }
}

/// A text of YAML as an editor reads it: the core schema of 1.2. `None`: it is none, or not one document.
fn read(text: &str) -> Option<Value> {
    let mut open: Vec<(Value, Option<String>)> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let done = match event.ok()?.0 {
            Event::Scalar(text, style, _, _) => match (style, text.as_ref()) {
                (ScalarStyle::Plain, "" | "~" | "null") => Value::Null,
                (ScalarStyle::Plain, word) => match serde_json::from_str(word) {
                    Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
                    _ => json!(word),
                },
                (_, text) => json!(text),
            },
            Event::SequenceStart(..) => {
                open.push((json!([]), None));
                continue;
            }
            Event::MappingStart(..) => {
                open.push((json!({}), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop()?.0,
            Event::Alias(_) => return None,
            _ => continue,
        };
        match open.last_mut() {
            None if root.is_some() => return None,
            None => root = Some(done),
            Some((Value::Array(items), _)) => items.push(done),
            Some((Value::Object(members), key)) => match key.take() {
                None => *key = Some(done.as_str().map_or_else(|| done.to_string(), str::to_owned)),
                Some(key) => {
                    members.insert(key, done);
                }
            },
            Some(_) => return None,
        }
    }
    root
}

/// By name what the schema says against each document.
fn judged(folder: &Path, schema: &[&str], documents: &[(String, Value)]) -> BTreeMap<String, Vec<String>> {
    let made = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["policy", "schema"])
        .args(schema)
        .env_clear()
        .output()
        .expect("the program starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let path = folder.join("schema.json");
    std::fs::write(&path, &made.stdout).expect("a file");
    let mut node = Command::new(tools::node())
        .args(["--import", &tools::peer_file("resolve.mjs"), &tools::peer_file("validate.mjs")])
        .arg(&path)
        .env("BAILIWICK_TEST_TOOLS", tools::folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let lines: String = documents
        .iter()
        .map(|(name, document)| format!("{}\n", json!({ "name": name, "document": document })))
        .collect();
    let mut stdin = node.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = node.wait_with_output().expect("node ends");
    writer.join().expect("a thread").expect("node reads");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let errors = value["errors"].as_array().expect("a list");
        let errors = errors.iter().map(|error| error.as_str().unwrap_or_default().to_owned()).collect();
        (value["name"].as_str().expect("a name").to_owned(), errors)
    };
    text.lines().map(line).collect()
}

/// Every policy of the repository, good and bad.
fn policies() -> Vec<PathBuf> {
    let root = tools::repository();
    let mut out = Vec::new();
    for folder in
        ["crates/policy/policies", "crates/policy/tests", "crates/bailiwick/tests/policies", "cases"]
    {
        find(&root.join(folder), &mut out);
    }
    out.retain(|path| !path.to_string_lossy().ends_with(".test.yaml"));
    out.sort();
    out
}

fn find(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            out.push(path);
        }
    }
}

fn is_valid(path: &Path, text: &str) -> bool {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: path.display().to_string(), text: text.to_owned() };
    compile(vec![source], &mut Beside(path.parent().expect("a folder").to_owned()), &context).is_ok()
}

#[test]
fn what_the_parser_takes_the_schema_takes_and_misspelt_policies_it_does_not() {
    let place = tempfile::tempdir().expect("a folder");
    let root = tools::repository();
    let (mut documents, mut valid) = (Vec::new(), BTreeSet::new());
    for path in policies() {
        let text = std::fs::read_to_string(&path).expect("a policy");
        let name = path.strip_prefix(&root).expect("below the root").display().to_string();
        let Some(document) = read(&text) else { continue };
        if is_valid(&path, &text) {
            valid.insert(name.clone());
        }
        documents.push((name, document));
    }
    let judged = judged(place.path(), &[], &documents);
    assert!(valid.len() > 150, "{} policies", valid.len());
    let refused: Vec<_> =
        judged.iter().filter(|(name, errors)| valid.contains(*name) && !errors.is_empty()).collect();
    assert!(refused.is_empty(), "the schema refuses what the parser takes: {refused:#?}");
    let taken = judged.iter().filter(|(name, errors)| !valid.contains(*name) && errors.is_empty());
    let taken: Vec<&str> = taken.map(|(name, _)| name.as_str()).collect();
    assert_eq!(taken, ONLY_THE_PARSER_SEES);
}

/// Mistakes of meaning: in conditions, patterns, ids, circles, duplicate keys, and where one thing does not fit another.
const ONLY_THE_PARSER_SEES: &[&str] = &[
    "cases/policy-decides-nothing/policy.yaml",
    "cases/policy-duplicate-id/policy.yaml",
    "cases/policy-duplicate-key/policy.yaml",
    "cases/policy-extends-absent/policy.yaml",
    "cases/policy-extends-broken/policy.yaml",
    "crates/policy/tests/errors/circle-two.yaml",
    "crates/policy/tests/errors/circle.yaml",
    "crates/policy/tests/errors/decides-nothing.yaml",
    "crates/policy/tests/errors/extends.yaml",
    "crates/policy/tests/errors/no-rules.yaml",
    "crates/policy/tests/errors/paths.yaml",
    "crates/policy/tests/errors/roles-circle.yaml",
    "crates/policy/tests/errors/suspects.yaml",
    "crates/policy/tests/errors/types-alone.yaml",
    "crates/policy/tests/errors/types.yaml",
    "crates/policy/tests/errors/unsafe-needless.yaml",
];

#[test]
fn every_key_of_the_parser_is_in_the_schema_and_no_other() {
    let made = Command::new(env!("CARGO_BIN_EXE_bailiwick"))
        .args(["policy", "schema"])
        .env_clear()
        .output()
        .expect("it starts");
    let schema: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    for map in MAPS {
        let definition = &schema["definitions"][map.name];
        let known: BTreeSet<&str> =
            definition["properties"].as_object().expect("keys").keys().map(String::as_str).collect();
        let read: BTreeSet<&str> = map.keys.iter().map(|key| key.name).collect();
        assert_eq!(known, read, "{}", map.name);
        assert_eq!(definition["additionalProperties"], json!(false), "{}", map.name);
    }
}

#[test]
fn tests_of_policies_have_a_schema_as_well() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = tools::repository().join("crates/policy/policies");
    let mut found = Vec::new();
    find(&folder, &mut found);
    let tests = found.iter().filter(|path| path.to_string_lossy().ends_with(".test.yaml"));
    let mut documents: Vec<(String, Value)> = tests
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("tests");
            (path.display().to_string(), read(&text).unwrap_or_else(|| panic!("{}", path.display())))
        })
        .collect();
    assert!(documents.len() >= 10);
    documents
        .push(("wrong".into(), json!({ "version": 1, "tests": [{ "call": "fs/read", "want": "maybe" }] })));
    documents.push(("lost".into(), json!({ "version": 1, "tests": [{ "call": "fs/read" }] })));
    let wrong: Vec<String> = judged(place.path(), &["--tests"], &documents)
        .into_iter()
        .filter(|(_, errors)| !errors.is_empty())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(wrong, ["lost", "wrong"]);
    let text = "version: 1\ntests: [{ call: fs/read }]\n";
    assert!(suite::read(Source { name: "a".into(), text: text.into() }).is_err());
}

#[test]
fn with_a_lock_file_the_schema_knows_the_tools_and_their_arguments() {
    let place = tempfile::tempdir().expect("a folder");
    let binary = env!("CARGO_BIN_EXE_bailiwick");
    let locked = Command::new(binary)
        .args(["lock", "--server", "files", "--", binary, "__demo-server"])
        .env_clear()
        .env("HOME", place.path())
        .current_dir(place.path())
        .output()
        .expect("it starts");
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    let lock = place.path().join("bailiwick.lock").display().to_string();
    let policy = |on: Value, key: &str| json!({ "version": 1, "rules": [{ "id": "a", "effect": "deny", "on": on, "args": { key: { "glob": "x" } } }] });
    let documents = [
        ("right", policy(json!("files/read_file"), "path")),
        ("in capitals", policy(json!("Files/READ_file"), "anything")),
        ("wildcards", policy(json!(["files/*", "${s}/x"]), "anything")),
        ("deep", policy(json!("files/read_file"), "**")),
        ("another server", policy(json!("other/tool"), "anything")),
        ("no such tool", policy(json!("files/raed_file"), "path")),
        ("no such argument", policy(json!("files/read_file"), "pth")),
    ];
    let documents = documents.map(|(name, document)| (name.to_owned(), document));
    let judged = judged(place.path(), &["--lock", &lock], &documents);
    let wrong: Vec<&String> =
        judged.iter().filter(|(_, errors)| !errors.is_empty()).map(|(name, _)| name).collect();
    assert_eq!(wrong, ["no such argument", "no such tool"]);
}
