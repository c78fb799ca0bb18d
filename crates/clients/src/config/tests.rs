//! Reading: every dialect, odd entries, places.

use super::{Launch, Reading, Server, read};
use crate::place::Lines;
use crate::table::Table;

fn reading(client: &str, file: usize) -> Reading {
    Table::bundled().unwrap().clients[client].files[file].reading()
}

fn words(client: &str, text: &str) -> Vec<(String, Vec<String>)> {
    let config = read(text, &reading(client, 0)).unwrap();
    assert_eq!(config.broken, [], "{client}");
    let words = |server: &Server| match &server.launch {
        Launch::Remote { url, .. } => vec![url.text.clone()],
        Launch::Stdio(_) => server.words().into_iter().map(str::to_owned).collect(),
    };
    config.servers.iter().map(|server| (server.name.clone(), words(server))).collect()
}

#[test]
fn every_dialect_says_the_same_server() {
    for (client, text) in [
        ("cursor", r#"{"mcpServers":{"fs":{"command":"npx","args":["-y","p"],"env":{"A":"1"}}}}"#),
        (
            "vscode",
            "{ // x\n\"servers\":{\"fs\":{\"type\":\"stdio\",\"command\":\"npx\",\"args\":[\"-y\",\"p\",],},},}",
        ),
        (
            "zed",
            r#"{"context_servers":{"fs":{"source":"custom","command":{"path":"npx","args":["-y","p"]}}}}"#,
        ),
        ("zed", r#"{"context_servers":{"fs":{"command":"npx","args":["-y","p"]}}}"#),
        ("opencode", r#"{"mcp":{"fs":{"type":"local","command":["npx","-y","p"]},"x":{"enabled":false}}}"#),
        ("amp", r#"{"amp.mcpServers":{"fs":{"command":"npx","args":["-y","p"]}}}"#),
        ("codex", "[mcp_servers.fs]\ncommand = 'npx'\nargs = ['-y', 'p']\n[mcp_servers.fs.env]\nA = '1'\n"),
        ("mistral-vibe", "[[mcp_servers]]\nname = 'fs'\ncommand = 'npx'\nargs = ['-y', 'p']\n"),
        (
            "goose",
            "extensions:\n  dev: { type: builtin, enabled: true }\n  fs:\n    type: stdio\n    cmd: npx\n    args: [-y, p]\n",
        ),
        ("continue", "mcpServers:\n  - name: fs\n    command: npx\n    args:\n      - -y\n      - p\n"),
        ("claude-code", r#"{"projects":{"/w":{"mcpServers":{"fs":{"command":"npx","args":["-y","p"]}}}}}"#),
    ] {
        let expected = vec![("fs".to_owned(), ["npx", "-y", "p"].map(str::to_owned).to_vec())];
        assert_eq!(words(client, text), expected, "{client}");
    }
}

#[test]
fn a_remote_server_is_known_by_any_of_its_words() {
    for (client, text) in [
        ("cursor", r#"{"mcpServers":{"r":{"url":"https://e/mcp"}}}"#),
        ("devin", r#"{"mcpServers":{"r":{"serverUrl":"https://e/mcp"}}}"#),
        ("gemini", r#"{"mcpServers":{"r":{"httpUrl":"https://e/mcp"}}}"#),
        ("goose", "extensions: { r: { type: sse, uri: https://e/mcp } }\n"),
    ] {
        assert_eq!(words(client, text), [("r".to_owned(), vec!["https://e/mcp".to_owned()])], "{client}");
    }
}

#[test]
fn a_broken_entry_hides_no_sibling_and_has_its_place() {
    let text = "{\"mcpServers\": {\n  \"a\": 42,\n  \"b\": {\"command\": [\"x\", true]},\n  \"c\": {},\n  \"d\": {\"command\": \"ok\", \"args\": 7},\n  \"e\": {\"command\": \"ok\"}\n}}";
    let config = read(text, &reading("cursor", 0)).unwrap();
    let names: Vec<&str> = config.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["e"]);
    let lines = Lines::new(text);
    let place = |at: usize| {
        let place = lines.place(text, at);
        (place.line, place.column)
    };
    let broken: Vec<((u32, u32), &str)> =
        config.broken.iter().map(|broken| (place(broken.at), broken.why.as_str())).collect();
    assert_eq!(
        broken,
        [
            ((2, 8), "the entry must be a map, not a number"),
            ((3, 26), "`command` must hold texts, not a truth value"),
            ((4, 8), "the entry has neither `command` nor `url`"),
            ((5, 34), "`args` must be a list, not a number"),
        ]
    );
}

#[test]
fn a_name_that_stands_twice_is_marked_on_both() {
    let text = r#"{"mcpServers":{"a":{"command":"x"},"a":{"command":"y"},"b":{"command":"z"}}}"#;
    let config = read(text, &reading("cursor", 0)).unwrap();
    let twice: Vec<bool> = config.servers.iter().map(|server| server.is_twice).collect();
    assert_eq!(twice, [true, true, false]);
}

#[test]
fn a_plugin_may_leave_the_wrapping_away() {
    let flat = reading("claude-code", 3);
    assert!(flat.is_flat);
    for text in [r#"{"$schema":"x","fs":{"command":"npx"}}"#, r#"{"mcpServers":{"fs":{"command":"npx"}}}"#] {
        let config = read(text, &flat).unwrap();
        assert_eq!((config.servers.len(), config.broken.len()), (1, 0), "{text}");
    }
}

#[test]
fn a_text_of_another_format_is_refused() {
    let broken = [
        ("cursor", "{\"a\": tru}"),
        ("codex", "a = \n"),
        ("goose", "a: [\n"),
        ("goose", "a: 1\n---\nb: 2\n"),
    ];
    for (client, text) in broken {
        assert!(read(text, &reading(client, 0)).is_err(), "{client}");
    }
    let deep = format!("{}{}", "[".repeat(400), "]".repeat(400));
    for client in ["cursor", "goose"] {
        assert!(read(&deep, &reading(client, 0)).is_err(), "{client}");
    }
    assert!(read(&format!("a = {deep}"), &reading("codex", 0)).is_err());
}

#[test]
fn an_entry_with_a_command_and_an_address_is_neither() {
    for (client, text) in [
        (
            "cursor",
            r#"{"mcpServers":{"a":{"type":"http","url":"https://e","command":"x"},"b":{"command":"y"}}}"#,
        ),
        ("codex", "[mcp_servers.a]\nurl = 'https://e'\ncommand = 'x'\n[mcp_servers.b]\ncommand = 'y'\n"),
    ] {
        let config = read(text, &reading(client, 0)).unwrap();
        assert_eq!(config.servers.iter().map(|server| server.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(config.broken[0].why.contains("both `command` and `url`"), "{:?}", config.broken);
    }
}
