//! Every text on which JSON parsers and SDKs differ, one file each in `json/`, has its verdict in `json/table.tsv`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads its cases and may die"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use bailiwick_mcp::{Limits, Malformation, Malformed, Message, Packet, Parser, method};

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accept,
    Refuse { code: i64, cause: String },
}

#[test]
fn each_case_gets_its_verdict() {
    let mut wrong = Vec::new();
    for (file, wanted) in table() {
        let bytes = fs::read(folder().join(&file)).unwrap();
        let found = verdict(&bytes);
        if found != wanted {
            wrong.push(format!("{file}: wanted {wanted:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_names_every_file_once() {
    let named: Vec<String> = table().into_iter().map(|(file, _)| file).collect();
    let unique: BTreeSet<&String> = named.iter().collect();
    assert_eq!(unique.len(), named.len());
    let mut present: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(present.remove("table.tsv"));
    assert_eq!(present, named.into_iter().collect());
}

/// What a peer that sends `bytes` gets, before any policy is asked.
fn verdict(bytes: &[u8]) -> Verdict {
    let mut parser = Parser::default();
    let members = match Packet::parse(&mut parser, bytes, &Limits::DEFAULT) {
        Ok(Packet::One(message)) => vec![Ok(message)],
        Ok(Packet::Batch(members)) => members,
        Err(malformed) => vec![Err(malformed)],
    };
    let judged: Result<Vec<()>, Malformation> = members.into_iter().map(judge).collect();
    match judged {
        Ok(_) => Verdict::Accept,
        Err(cause) => Verdict::Refuse { code: cause.code(), cause: name(cause) },
    }
}

fn judge(message: Result<Message<'_>, Malformed>) -> Result<(), Malformation> {
    let message = message.map_err(|malformed| malformed.cause)?;
    match message.method().and_then(method::find) {
        Some(method) => message.governed_fields_clear(method),
        None => Ok(()),
    }
}

fn name(cause: Malformation) -> String {
    match cause {
        Malformation::Json(error) => format!("{:?}", error.fault),
        other => format!("{other:?}"),
    }
}

fn table() -> Vec<(String, Verdict)> {
    let text = fs::read_to_string(folder().join("table.tsv")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

fn row(line: &str) -> (String, Verdict) {
    let cells: Vec<&str> = line.split('\t').collect();
    let verdict = match cells.as_slice() {
        [_, "accept", ..] => Verdict::Accept,
        [_, "refuse", code, cause, ..] => {
            Verdict::Refuse { code: code.parse().unwrap(), cause: (*cause).to_owned() }
        }
        _ => panic!("no verdict in `{line}`"),
    };
    (cells.first().unwrap().to_string(), verdict)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/json")
}
