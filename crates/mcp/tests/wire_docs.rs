//! The tables of docs/reference/wire.md are made from the code; `BAILIWICK_BLESS=1 cargo test -p bailiwick-mcp --test
//! wire_docs` writes them anew.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads and writes its document")]

use std::fmt::Write as _;
use std::fs;

use bailiwick_mcp::json::{Fault, ParseError};
use bailiwick_mcp::method::METHODS;
use bailiwick_mcp::{Direction, Form, Governed, Item, Limits, Malformation, Method, Version};

#[test]
fn the_tables_are_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/wire.md");
    let text = fs::read_to_string(path).unwrap();
    let tables = [("methods", methods()), ("limits", limits()), ("codes", codes())];
    let renewed = tables.iter().fold(text.clone(), |text, (name, table)| with(&text, name, table));
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        fs::write(path, renewed).unwrap();
        return;
    }
    assert!(
        text == renewed,
        "docs/reference/wire.md is not what the code says; write its tables anew with \
         `BAILIWICK_BLESS=1 cargo test -p bailiwick-mcp --test wire_docs`, and read what changed"
    );
}

/// The text with the part between the marks of `name` replaced.
fn with(text: &str, name: &str, table: &str) -> String {
    let (start, end) =
        (format!("<!-- {name}: made from the code -->\n"), format!("<!-- end of {name} -->\n"));
    let (before, rest) = text.split_once(&start).unwrap();
    let (_, behind) = rest.split_once(&end).unwrap();
    format!("{before}{start}\n{table}\n{end}{behind}")
}

fn methods() -> String {
    let mut table = String::from(
        "| method | sent by | versions | decided by | governed members of `params` |\n|---|---|---|---|---|\n",
    );
    for method in METHODS {
        let fields: Vec<String> = method.fields.iter().map(|field| format!("`{field}`")).collect();
        let (name, decided) = (method.name, decided(method.governed));
        writeln!(
            table,
            "| `{name}` | {} | {} | {decided} | {} |",
            sender(method),
            versions(method),
            fields.join(" ")
        )
        .unwrap();
    }
    table
}

fn sender(method: &Method) -> String {
    let who = match method.direction {
        Some(Direction::ToServer) => "client",
        Some(Direction::ToClient) => "server",
        None => "both",
    };
    let asked = method.direction != Some(Direction::ToServer)
        && method.form == Form::Request
        && method.in_version(Version::V2026_07_28);
    match (asked, method.direction) {
        (true, Some(_)) => format!("{who}; in 2026-07-28 in `inputRequests`"),
        (true, None) => format!("{who}; in 2026-07-28 the client"),
        (false, _) => who.to_owned(),
    }
}

fn versions(method: &Method) -> String {
    match (method.since, method.until) {
        (Version::V2024_11_05, Version::V2026_07_28) => "all".to_owned(),
        (Version::V2024_11_05, until) => format!("to {until}"),
        (since, Version::V2026_07_28) if since < Version::V2026_07_28 => format!("from {since}"),
        (since, until) if since == until => since.to_string(),
        (since, until) => format!("{since} to {until}"),
    }
}

fn decided(governed: Governed) -> &'static str {
    match governed {
        Governed::Protocol => "the protocol's own checks",
        Governed::List(Item::Tool) => "filter of tools",
        Governed::List(Item::Prompt) => "filter of prompts",
        Governed::List(Item::Resource) => "filter of resources",
        Governed::List(Item::ResourceTemplate) => "filter of resource templates",
        Governed::List(Item::Task) => "filter to tasks of this run, rules for tasks",
        Governed::List(Item::Skill) => "filter of skills, as resources",
        Governed::Tool => "rules for tools",
        Governed::Resource => "rules for resources",
        Governed::Prompt => "rules for prompts",
        Governed::Completion => "rules for completion",
        Governed::Listen => "rules for resources, one by one",
        Governed::Task => "tasks of this run, rules for tasks",
        Governed::Sampling => "rules for sampling",
        Governed::Elicitation => "rules for elicitation",
        Governed::Roots => "rules for roots",
        Governed::InFlight => "requests in flight",
        Governed::Notice => "notices that this version has",
    }
}

fn limits() -> String {
    let Limits {
        message_bytes_max,
        depth_max,
        values_max,
        number_bytes_max,
        id_bytes_max,
        method_bytes_max,
        batch_max,
        pending_max,
    } = Limits::DEFAULT;
    let rows = [
        ("longest message; on stdio the line without its `\\n`", message_bytes_max, "bytes"),
        ("deepest nesting; serde_json's tree ends there too", depth_max, "levels"),
        ("most values and keys in a message", values_max, ""),
        ("longest number; Python refuses integers above 4,300 digits", number_bytes_max, "bytes"),
        ("longest id that is a string", id_bytes_max, "bytes"),
        ("longest method name", method_bytes_max, "bytes"),
        ("most members of a batch", batch_max, ""),
        ("most requests that wait for an answer, in each direction", pending_max, ""),
    ];
    let mut table = String::from("| limit | default |\n|---|---|\n");
    for (what, value, unit) in rows {
        writeln!(table, "| {what} | {} |", format!("{} {unit}", grouped(value)).trim_end()).unwrap();
    }
    table
}

/// 1048576 as 1,048,576.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn codes() -> String {
    let mut table = String::from("| code | answered to |\n|---|---|\n");
    for code in [-32700, -32600, -32602] {
        let json = FAULTS.iter().map(|fault| ParseError { fault: *fault, offset: 0 });
        let json = json.map(|error| (Malformation::Json(error), error.fault.to_string()));
        let shape = SHAPES.iter().map(|cause| (*cause, cause.to_string()));
        let causes: Vec<String> =
            json.chain(shape).filter(|(cause, _)| cause.code() == code).map(|(_, text)| text).collect();
        writeln!(table, "| {code} | {} |", causes.join("; ")).unwrap();
    }
    table
}

const FAULTS: [Fault; 14] = [
    Fault::Utf8,
    Fault::ByteOrderMark,
    Fault::Truncated,
    Fault::Unexpected,
    Fault::Trailing,
    Fault::Control,
    Fault::Escape,
    Fault::Number,
    Fault::Surrogate,
    Fault::NumberRange,
    Fault::DuplicateKey,
    Fault::TooDeep,
    Fault::TooMany,
    Fault::TooLong,
];

const SHAPES: [Malformation; 12] = [
    Malformation::CarriageReturn,
    Malformation::Version,
    Malformation::Id,
    Malformation::Method,
    Malformation::Shape,
    Malformation::KeyCase,
    Malformation::Batch,
    Malformation::BatchSize,
    Malformation::BatchInitialize,
    Malformation::TooLong,
    Malformation::Params,
    Malformation::ParamCase,
];
