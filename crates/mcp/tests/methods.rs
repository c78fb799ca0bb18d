//! The method table against the specification: who may send what in which version, and what of it is governed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may die")]

use std::collections::BTreeSet;

use bailiwick_mcp::message::listing_clear;
use bailiwick_mcp::method::{self, METHODS};
use bailiwick_mcp::{Direction, Form, Item, Limits, Malformation, Message, Packet, Parser, Version};

#[test]
fn each_version_has_its_methods_in_each_direction() {
    let mut wanted: BTreeSet<(Version, Direction, &str)> = BTreeSet::new();
    for (versions, direction, methods) in SPECIFIED {
        for version in Version::ALL.into_iter().filter(|version| versions.contains(&version.as_str())) {
            wanted.extend(methods.split_whitespace().map(|method| (version, *direction, method)));
        }
    }
    let mut found = BTreeSet::new();
    for version in Version::ALL {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let methods = METHODS.iter().filter(|method| method.travels(version, direction));
            found.extend(methods.map(|method| (version, direction, method.name)));
        }
    }
    let missing: Vec<_> = wanted.difference(&found).collect();
    let strange: Vec<_> = found.difference(&wanted).collect();
    assert!(missing.is_empty() && strange.is_empty(), "missing: {missing:?}\nstrange: {strange:?}");
}

#[test]
fn what_a_modern_server_asks_stands_in_results() {
    for name in ["sampling/createMessage", "elicitation/create", "roots/list"] {
        let method = method::find(name).unwrap();
        assert!(method.in_version(Version::V2026_07_28));
        assert!(!method.travels(Version::V2026_07_28, Direction::ToClient));
    }
}

#[test]
fn the_fields_that_matter_are_governed() {
    for (name, fields) in FIELDS {
        let method = method::find(name).unwrap();
        for field in fields.split_whitespace() {
            assert!(method.fields.contains(&field), "`{field}` of {name}");
        }
    }
    for method in METHODS {
        assert!(method.fields.contains(&"_meta"), "{}", method.name);
    }
}

#[test]
fn names_are_unique_and_say_what_they_are() {
    let names: BTreeSet<&str> = METHODS.iter().map(|method| method.name).collect();
    assert_eq!(names.len(), METHODS.len());
    for method in METHODS {
        assert_eq!(method.form == Form::Notification, method.name.starts_with("notifications/"));
        assert!(method.since <= method.until);
        // Names are matched exactly.
        assert!(method::find(&method.name.to_uppercase()).is_none());
        assert!(method::find(&format!("{} ", method.name)).is_none());
    }
}

#[test]
fn no_governed_field_has_a_double_in_another_case() {
    for method in METHODS {
        for field in method.fields {
            for variant in variants(field) {
                let params = format!("{{{}:1,\"{field}\":{{}}}}", quoted(&variant));
                assert_eq!(clear(method.name, &params), Err(Malformation::ParamCase), "{params}");
            }
        }
        let itself: Vec<String> = method.fields.iter().map(|field| format!("\"{field}\":{{}}")).collect();
        assert_eq!(clear(method.name, &format!("{{{},\"Other\":1}}", itself.join(","))), Ok(()));
    }
}

#[test]
fn nor_has_one_inside_of_a_governed_field() {
    for (method, params) in [
        ("tools/call", r#"{"name":"a","_meta":{"ProgressToken":1}}"#),
        ("tools/call", r#"{"name":"a","_meta":{"io.modelcontextprotocol/RELATED-task":{}}}"#),
        ("completion/complete", r#"{"ref":{"Type":"ref/prompt","type":"ref/prompt"}}"#),
        ("completion/complete", r#"{"argument":{"value":"a","VALUE":"b"}}"#),
        ("completion/complete", r#"{"context":{"Arguments":{}}}"#),
        ("subscriptions/listen", r#"{"notifications":{"resourcesubscriptions":["file:///etc"]}}"#),
    ] {
        assert_eq!(clear(method, params), Err(Malformation::ParamCase), "{method} {params}");
    }
    let vendor = r#"{"name":"a","arguments":{"Name":1},"_meta":{"com.example/Name":1,"Traceparent":"00"}}"#;
    assert_eq!(clear("tools/call", vendor), Ok(()));
    let modern = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":null}}"#;
    assert_eq!(clear("tools/list", modern), Err(Malformation::Params), "neither modern nor legacy");
}

#[test]
fn a_list_has_no_double_in_another_case() {
    let is_clear = |result: &str| {
        let mut parser = Parser::default();
        listing_clear(parser.parse(result.as_bytes(), &Limits::DEFAULT).unwrap().root(), Item::Tool)
    };
    for result in [
        r#"{"tools":[],"Tools":[{"name":"hidden"}]}"#,
        r#"{"tool\u017f":[{"name":"hidden"}]}"#,
        r#"{"tools":[],"NEXTCURSOR":"1"}"#,
        r#"{"tools":[{"name":"shown","Name":"hidden"}]}"#,
        r#"{"tools":[{"name":"shown"},{"name":"b","inputschema":{}}]}"#,
        r#"{"tools":[],"resulttype":"input_required","inputRequests":{}}"#,
    ] {
        assert!(!is_clear(result), "{result}");
    }
    for result in [
        r#"{"tools":[{"name":"a","inputSchema":{"Name":1},"x-Name":2,"Vendor":3}],"nextCursor":"","ttlMs":0}"#,
        r#"{"other":[]}"#,
        r#"{"tools":null}"#,
    ] {
        assert!(is_clear(result), "{result}");
    }
    for item in [Item::Tool, Item::Prompt, Item::Resource, Item::ResourceTemplate, Item::Task, Item::Skill] {
        assert!(item.fields().contains(&item.key()));
    }
}

fn clear(method: &str, params: &str) -> Result<(), Malformation> {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let mut parser = Parser::default();
    match Packet::parse(&mut parser, text.as_bytes(), &Limits::DEFAULT) {
        Ok(Packet::One(message)) => Message::governed_fields_clear(&message, method::find(method).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// The ways in which a lenient peer finds `field` and we do not.
fn variants(field: &str) -> Vec<String> {
    let mut variants = vec![field.to_uppercase(), format!("{field}\0"), format!("{field}\0x")];
    variants.push(field.replacen('s', "\u{17f}", 1));
    variants.push(field.replacen('k', "\u{212a}", 1));
    variants.push(field.to_lowercase());
    variants.retain(|variant| variant != field);
    variants
}

fn quoted(text: &str) -> String {
    let mut json = Vec::new();
    bailiwick_mcp::json::escape_into(text, &mut json);
    String::from_utf8(json).unwrap()
}

const LEGACY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const ELICITING: &[&str] = &["2025-06-18", "2025-11-25"];
const TASKS: &[&str] = &["2025-11-25"];
const MODERN: &[&str] = &["2026-07-28"];
const EVERY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// Versions, direction, and the methods of the specification that travel there.
const SPECIFIED: &[(&[&str], Direction, &str)] = &[
    (
        EVERY,
        Direction::ToServer,
        "tools/list tools/call resources/list resources/templates/list resources/read prompts/list prompts/get
         completion/complete notifications/cancelled notifications/progress",
    ),
    (
        LEGACY,
        Direction::ToServer,
        "initialize ping resources/subscribe resources/unsubscribe logging/setLevel notifications/initialized
         notifications/roots/list_changed",
    ),
    (
        TASKS,
        Direction::ToServer,
        "tasks/get tasks/result tasks/list tasks/cancel notifications/tasks/status",
    ),
    (
        MODERN,
        Direction::ToServer,
        "server/discover subscriptions/listen tasks/get tasks/update tasks/cancel skills/list skills/get
         resources/directory/read",
    ),
    (LEGACY, Direction::ToClient, "ping sampling/createMessage roots/list"),
    (ELICITING, Direction::ToClient, "elicitation/create"),
    (
        TASKS,
        Direction::ToClient,
        "tasks/get tasks/result tasks/list tasks/cancel notifications/tasks/status
         notifications/elicitation/complete",
    ),
    (
        EVERY,
        Direction::ToClient,
        "notifications/cancelled notifications/progress notifications/message notifications/resources/updated
         notifications/resources/list_changed notifications/tools/list_changed notifications/prompts/list_changed",
    ),
    (MODERN, Direction::ToClient, "notifications/tasks notifications/subscriptions/acknowledged"),
];

/// What the specification lets a message act on or carry, by method.
const FIELDS: &[(&str, &str)] = &[
    ("initialize", "protocolVersion capabilities clientInfo"),
    ("tools/list", "cursor"),
    ("tools/call", "name arguments task inputResponses requestState"),
    ("resources/list", "cursor"),
    ("resources/templates/list", "cursor"),
    ("resources/read", "uri inputResponses requestState"),
    ("resources/subscribe", "uri"),
    ("resources/unsubscribe", "uri"),
    ("resources/directory/read", "uri cursor"),
    ("skills/list", "cursor"),
    ("skills/get", "uri"),
    ("subscriptions/listen", "notifications taskIds"),
    ("prompts/list", "cursor"),
    ("prompts/get", "name arguments inputResponses requestState"),
    ("completion/complete", "ref argument context"),
    ("logging/setLevel", "level"),
    ("tasks/list", "cursor"),
    ("tasks/get", "taskId"),
    ("tasks/result", "taskId"),
    ("tasks/cancel", "taskId"),
    ("tasks/update", "taskId inputResponses"),
    (
        "sampling/createMessage",
        "messages systemPrompt includeContext modelPreferences maxTokens stopSequences metadata tools toolChoice task",
    ),
    ("elicitation/create", "mode message requestedSchema url elicitationId task"),
    ("notifications/cancelled", "requestId reason"),
    ("notifications/progress", "progressToken message"),
    ("notifications/message", "level logger data"),
    ("notifications/resources/updated", "uri"),
    ("notifications/elicitation/complete", "elicitationId"),
    ("notifications/tasks/status", "taskId statusMessage"),
    ("notifications/tasks", "taskId result error inputRequests"),
    ("notifications/subscriptions/acknowledged", "notifications"),
];
