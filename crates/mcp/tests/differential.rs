//! What our parser accepts, serde_json, Node and Python read as the same value; what only we refuse is named.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test starts its peers, reports, and may die"
)]

#[path = "differential/generate.rs"]
mod generate;
#[path = "differential/peers.rs"]
mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use bailiwick_mcp::json::Fault;
use bailiwick_mcp::{Kind, Limits, Parser, Value};

#[test]
fn every_reader_agrees_on_what_we_accept() {
    let texts = generate::texts(&seeds(), TEXTS);
    let node = peers::node(&texts);
    let python = peers::python(&texts);
    let mut parser = Parser::default();
    let mut accepted = 0;
    let mut refused: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (index, text) in texts.iter().enumerate() {
        let shown = || String::from_utf8_lossy(text).into_owned();
        let serde = serde_json::from_slice(text).map_or("error".to_owned(), |tree| dump_tree(&tree));
        let others = [("serde_json", &serde), ("Node", &node[index]), ("Python", &python[index])];
        match parser.parse(text, &Limits::DEFAULT) {
            Ok(document) => {
                accepted += 1;
                check_view(document.root());
                let ours = dump(document.root());
                for (reader, theirs) in others {
                    assert_eq!(ours, *theirs, "{reader} reads it otherwise: {}", shown());
                }
            }
            Err(error) => {
                let agreed = serde != "error" && others.iter().all(|(_, theirs)| **theirs == serde);
                if agreed {
                    assert!(may_refuse(error.fault, text), "only we refuse it ({error}): {}", shown());
                }
                let counts = refused.entry(format!("{:?}", error.fault)).or_default();
                counts.0 += 1;
                counts.1 += usize::from(agreed);
            }
        }
    }
    println!("accepted {accepted} of {}", texts.len());
    for (fault, (all, agreed)) in &refused {
        println!("refused {all:>6} {fault}, {agreed} of them read alike by all others");
    }
    assert!(accepted > TEXTS / 4, "too few texts to say anything: {accepted}");
    let missing: Vec<&str> = FAULTS.into_iter().filter(|fault| !refused.contains_key(*fault)).collect();
    assert!(missing.is_empty(), "no text was refused as {missing:?}");
}

/// What we refuse although the others read the same: they take the last of two keys, and have other limits.
fn may_refuse(fault: Fault, text: &[u8]) -> bool {
    let long = text.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() > 1_000);
    fault == Fault::DuplicateKey || fault == Fault::NumberRange && long
}

/// One canonical text for a value: strings as hexadecimal UTF-8, numbers as the bits of their double, keys sorted.
fn dump(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Null => "n".into(),
        Kind::True => "t".into(),
        Kind::False => "f".into(),
        Kind::Number => format!("#{:016x}", value.number().unwrap().to_bits()),
        Kind::Text => format!("s{}", hex(value.text().unwrap().as_bytes())),
        Kind::Array => format!("[{}]", value.elements().map(dump).collect::<Vec<_>>().join(",")),
        Kind::Object => {
            let member = |(key, value): (Value<'_>, _)| {
                format!("{}:{}", hex(key.text().unwrap().as_bytes()), dump(value))
            };
            object(value.members().map(member).collect())
        }
    }
}

fn dump_tree(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "n".into(),
        serde_json::Value::Bool(true) => "t".into(),
        serde_json::Value::Bool(false) => "f".into(),
        serde_json::Value::Number(number) => format!("#{:016x}", number.as_f64().unwrap().to_bits()),
        serde_json::Value::String(text) => format!("s{}", hex(text.as_bytes())),
        serde_json::Value::Array(list) => {
            format!("[{}]", list.iter().map(dump_tree).collect::<Vec<_>>().join(","))
        }
        serde_json::Value::Object(members) => {
            let member = |(key, value): (&String, _)| format!("{}:{}", hex(key.as_bytes()), dump_tree(value));
            object(members.iter().map(member).collect())
        }
    }
}

fn object(mut members: Vec<String>) -> String {
    members.sort();
    format!("{{{}}}", members.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The ways to reach a value lead to the same one.
fn check_view(root: Value<'_>) {
    let mut below = 1;
    for (key, value) in root.members() {
        let name = key.text().unwrap();
        assert!(key.is_text(&name));
        assert_eq!(root.get(&name).unwrap().span(), value.span());
        below += 1;
    }
    let inner: Vec<Value<'_>> = root.members().map(|(_, value)| value).chain(root.elements()).collect();
    for value in &inner {
        check_view(*value);
        below += value.descendants().count();
    }
    assert_eq!(root.descendants().count(), below);
    let (start, end) = root.span();
    assert_eq!(root.raw().len(), end - start);
    if root.kind() == Kind::Number {
        let tree: serde_json::Value = serde_json::from_str(root.raw()).unwrap();
        let whole = if root.raw() == "-0" { Some(0) } else { tree.as_i64() };
        assert_eq!(root.integer(), whole, "{}", root.raw());
    }
}

/// Our own cases, and texts whose faults chance seldom finds.
fn seeds() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/json");
    let mut files: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    assert!(files.len() > 100);
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

const TEXTS: usize = 30_000;

const FAULTS: [&str; 12] = [
    "Utf8",
    "ByteOrderMark",
    "Truncated",
    "Unexpected",
    "Trailing",
    "Control",
    "Escape",
    "Surrogate",
    "Number",
    "NumberRange",
    "DuplicateKey",
    "TooDeep",
];
