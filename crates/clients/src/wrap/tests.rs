//! Wrapping and unwrapping in every format: the same bytes come back.

use proptest::prelude::*;

use super::{Change, Edited, Piece, Refused, State, Wrapper, edit};
use crate::config::{Reading, read};
use crate::table::Table;

fn reading(client: &str) -> Reading {
    Table::bundled().unwrap().clients[client].files[0].reading()
}

fn wrapper() -> Wrapper {
    Wrapper {
        binary: "/opt/b in/bailiwick".to_owned(),
        server: "fs".to_owned(),
        policies: Vec::new(),
        lock: None,
        trace: Some("/state/traces".to_owned()),
    }
}

fn wrap(text: &str, reading: &Reading, server: usize, wrapper: &Wrapper) -> Result<Edited, Refused> {
    edit(text, reading, &[Change { server, pieces: &[], wrapper: Some(wrapper) }])
}

fn unwrap(text: &str, reading: &Reading, pieces: &[Vec<Piece>]) -> Edited {
    edit(text, reading, &[Change { server: 0, pieces, wrapper: None }]).unwrap()
}

const LAYOUTS: [(&str, &str); 22] = [
    ("cursor", r#"{"mcpServers":{"fs":{"command":"npx","args":["-y","p"]}}}"#),
    (
        "cursor",
        "{\r\n\t\"mcpServers\": {\r\n\t\t\"fs\": {\r\n\t\t\t\"command\": \"npx\", // run\r\n\t\t\t\"args\": [\r\n\t\t\t\t\"-y\", /* yes */\r\n\t\t\t\t\"p\",\r\n\t\t\t],\r\n\t\t},\r\n\t}\r\n}\r\n",
    ),
    ("cursor", "{ \"mcpServers\": { \"fs\": { \"args\": [ \"x\" ] , \"command\" : \"n\\u0070x\" } } }"),
    (
        "cursor",
        "{\n  \"mcpServers\": {\n    \"fs\": {\n      \"command\": \"npx\" // no arguments\n    }\n  }\n}\n",
    ),
    ("cursor", r#"{"mcpServers":{"fs":{"command":"npx"}}}"#),
    ("cursor", r#"{"mcpServers":{"fs":{"command":"npx","args":[]}}}"#),
    ("cursor", "{\"mcpServers\":{\"fs\":{\"command\":\"npx\",\"args\":[ // none\n ]}}}"),
    ("zed", r#"{"context_servers":{"fs":{"command":{"path":"npx","args":["-y"],"env":{"A":"1"}}}}}"#),
    ("zed", "{\"context_servers\":{\"fs\":{\"command\":{\"path\":\"npx\"}}}} // end"),
    ("opencode", "{\"mcp\":{\"fs\":{\"type\":\"local\",\"command\":[\n \"npx\", // a\n \"p\"]}}}"),
    (
        "codex",
        "# top\n[mcp_servers.fs] # c\ncommand = 'npx' # d\nargs = [ 'a', # e\n  \"b\" ]\n\n[mcp_servers.fs.env]\nA = '1'\n",
    ),
    ("codex", "[mcp_servers.fs]\r\ncommand = \"npx\"\r\nenabled = true\r\n"),
    ("codex", "mcp_servers.fs = { command = 'npx' }\n"),
    ("codex", "mcp_servers.fs = { args = [], command = '''npx''' }\n"),
    (
        "mistral-vibe",
        "[[mcp_servers]]\nname = 'fs'\ncommand = 'npx'\nargs = ['-y']\n\n[[mcp_servers]]\nname = 'b'\ncommand = 'x'\n",
    ),
    (
        "goose",
        "extensions:\n  fs:  # c\n    cmd: npx  # d\n    args:\n      - -y   # e\n      - 'p'\n    envs: {}\n",
    ),
    ("goose", "extensions:\r\n  fs:\r\n    cmd: 'npx'\r\n    enabled: true\r\n"),
    ("goose", "extensions: { fs: { cmd: npx, args: [ -y, p ] } }\n"),
    ("goose", "extensions: {fs: {cmd: npx}}"),
    ("goose", "extensions:\n  fs:\n    args:\n    - -y\n    cmd: npx"),
    ("continue", "mcpServers:\n- command: npx\n  name: fs\n- name: other\n  url: https://e\n"),
    ("continue", "name: é\nmcpServers:\n  - name: fs\n    command: npx\n    args: [\"-y\"] # ü\n"),
];

#[test]
fn every_layout_is_wrapped_and_comes_back_byte_for_byte() {
    for (client, text) in LAYOUTS {
        let reading = reading(client);
        let original = read(text, &reading).unwrap();
        let wrapped =
            wrap(text, &reading, 0, &wrapper()).unwrap_or_else(|error| panic!("{client} {text}: {error}"));
        let server = &read(&wrapped.text, &reading).unwrap().servers[0];
        let inner: Vec<String> = original.servers[0].words().into_iter().map(str::to_owned).collect();
        assert_eq!(State::of(server), State::Ours { wrapper: wrapper(), inner }, "{}", wrapped.text);
        let restored = unwrap(&wrapped.text, &reading, &wrapped.pieces);
        assert_eq!(restored.text, text);
        assert_eq!((restored.pieces, restored.drifted), (vec![vec![]], vec![false]));
    }
}

const REMOTE: [(&str, &str); 9] = [
    ("cursor", r#"{"mcpServers":{"r":{"url":"https://e/mcp"}}}"#),
    (
        "vscode",
        "{\r\n  \"servers\": {\r\n    \"r\": {\r\n      \"type\": \"http\", // remote\r\n      \"url\": \"https://e/mcp\",\r\n      \"headers\": { \"Authorization\": \"Bearer ${input:t}\", \"X-Key\": \"hush\" },\r\n    },\r\n  },\r\n}\r\n",
    ),
    (
        "claude-code",
        r#"{"mcpServers":{"r":{"headers":{"Authorization":"${T}"},"url":"https://e/mcp","type":"http"}}}"#,
    ),
    ("gemini", r#"{"mcpServers":{"r":{"httpUrl":"https://e/mcp","timeout":5}}}"#),
    (
        "opencode",
        "{\"mcp\":{\"r\":{\"type\":\"remote\", \"url\":\"https://e/mcp\" /* u */, \"headers\":{\"X-Key\":\"{env:K}\"}}}}",
    ),
    ("codex", "[mcp_servers.r] # r\nurl = 'https://e/mcp' # u\nhttp_headers = { \"X-Key\" = 'hush' }\n"),
    (
        "codex",
        "[mcp_servers.r]\r\nurl = 'https://e/mcp'\r\n\r\n[mcp_servers.r.http_headers]\r\nX-Key = 'hush'\r\n",
    ),
    (
        "goose",
        "extensions:\n  r:  # c\n    type: streamable_http\n    uri: https://e/mcp  # d\n    headers:\n      X-Key: hush\n",
    ),
    ("continue", "mcpServers:\n  - url: https://e/mcp\n    name: r # n\n"),
];

#[test]
fn a_remote_server_becomes_the_command_of_a_bridge_and_comes_back_byte_for_byte() {
    for (client, text) in REMOTE {
        let reading = reading(client);
        let original = read(text, &reading).unwrap().servers.remove(0);
        let inner = super::bridge("/opt/b in/bailiwick", &original).unwrap();
        assert_eq!(inner.last().map(String::as_str), Some("https://e/mcp"));
        let wrapped =
            wrap(text, &reading, 0, &wrapper()).unwrap_or_else(|error| panic!("{client} {text}: {error}"));
        let server = read(&wrapped.text, &reading).unwrap().servers.remove(0);
        assert_eq!(State::of(&server), State::Ours { wrapper: wrapper(), inner }, "{}", wrapped.text);
        // Every header is a variable of the same name and value, and none is in the undo record.
        let values = |settings: &[crate::config::Setting]| -> Vec<(String, String)> {
            settings.iter().map(|own| (own.name.clone(), own.value.text.clone())).collect()
        };
        assert_eq!(values(&server.environment), values(&original.headers), "{}", wrapped.text);
        for header in &original.headers {
            assert!(!format!("{:?}", wrapped.pieces).contains(&header.value.text));
        }
        let enforced = Wrapper { policies: vec!["standard".to_owned()], trace: None, ..wrapper() };
        let change = Change { server: 0, pieces: &wrapped.pieces, wrapper: Some(&enforced) };
        let again = edit(&wrapped.text, &reading, &[change]).unwrap();
        for (text_now, pieces) in [(&wrapped.text, &wrapped.pieces), (&again.text, &again.pieces)] {
            let restored = unwrap(text_now, &reading, pieces);
            assert_eq!((restored.text.as_str(), restored.drifted), (text, vec![false]), "{client}");
        }
        // Without the record the entry still reaches the server, by the bridge alone.
        let restored =
            edit(&wrapped.text, &reading, &[Change { server: 0, pieces: &[], wrapper: None }]).unwrap();
        let words = read(&restored.text, &reading).unwrap().servers[0].words().join(" ");
        assert!(restored.drifted == [true] && words.starts_with("/opt/b in/bailiwick bridge "), "{words}");
    }
}

#[test]
fn an_entry_that_sets_our_variables_is_not_called_enforced() {
    let reading = reading("cursor");
    let text = r#"{"mcpServers":{"fs":{"command":"npx","args":["-y"]}}}"#;
    let wrapped =
        wrap(text, &reading, 0, &Wrapper { policies: vec!["standard".to_owned()], ..wrapper() }).unwrap();
    assert!(wrapped.text.contains(r#""--mode", "enforce""#), "{}", wrapped.text);
    for name in ["BAILIWICK_MODE", "LD_PRELOAD", "HOME"] {
        let env = format!("\"env\":{{\"{name}\":\"x\"}},\"command\"");
        let undone = wrapped.text.replacen("\"command\"", &env, 1);
        let server = read(&undone, &reading).unwrap().servers.remove(0);
        assert_eq!(State::of(&server), State::ByHand, "{undone}");
        // It can still be taken away.
        assert_eq!(unwrap(&undone, &reading, &wrapped.pieces).text, text.replacen("\"command\"", &env, 1));
    }
}

#[test]
fn wrapping_again_changes_the_flags_and_keeps_the_way_back() {
    for (client, text) in LAYOUTS {
        let reading = reading(client);
        let first = wrap(text, &reading, 0, &wrapper()).unwrap();
        let enforced = Wrapper { policies: vec!["/p \"q\".yaml".to_owned()], trace: None, ..wrapper() };
        let change = Change { server: 0, pieces: &first.pieces, wrapper: Some(&enforced) };
        let second = edit(&first.text, &reading, &[change]).unwrap();
        assert_eq!(second.drifted, [false]);
        assert_eq!(unwrap(&second.text, &reading, &second.pieces).text, text);
    }
}

#[test]
fn without_a_record_the_meaning_comes_back() {
    for (client, text) in LAYOUTS {
        let reading = reading(client);
        let wrapped = wrap(text, &reading, 0, &wrapper()).unwrap();
        let change = Change { server: 0, pieces: &[], wrapper: None };
        let restored = edit(&wrapped.text, &reading, &[change]).unwrap();
        assert_eq!(restored.drifted, [true]);
        let words = |text: &str| read(text, &reading).unwrap().servers[0].words().join(" ");
        assert_eq!(words(&restored.text), words(text));
    }
}

#[test]
fn a_client_that_lays_the_file_out_anew_is_undone_by_meaning() {
    let reading = reading("cursor");
    let text = r#"{"mcpServers":{"fs":{"command":"npx","args":["-y"]},"z":{"command":"x"}},"other":1}"#;
    let wrapped = wrap(text, &reading, 0, &wrapper()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&wrapped.text).unwrap();
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let restored = unwrap(&pretty, &reading, &wrapped.pieces);
    assert_eq!(restored.drifted, [true]);
    let restored: serde_json::Value = serde_json::from_str(&restored.text).unwrap();
    assert_eq!(restored, serde_json::from_str::<serde_json::Value>(text).unwrap());
}

#[test]
fn what_cannot_be_wrapped_is_refused_with_its_reason() {
    for (client, text, reason) in [
        (
            "cursor",
            r#"{"mcpServers":{"a":{"url":"https://e","auth":{"CLIENT_ID":"x"}}}}"#,
            Refused::Remote("auth".to_owned()),
        ),
        (
            "vscode",
            r#"{"servers":{"a":{"type":"ws","url":"https://e"}}}"#,
            Refused::Remote("type: ws".to_owned()),
        ),
        (
            "cursor",
            r#"{"mcpServers":{"a":{"url":"https://e","headers":{"LD_PRELOAD":"/x.so"}}}}"#,
            Refused::Remote("LD_PRELOAD".to_owned()),
        ),
        ("cursor", r#"{"mcpServers":{"a":{"command":""}}}"#, Refused::Line(String::new())),
        (
            "cursor",
            r#"{"mcpServers":{"a":{"command":"x","env":{"BAILIWICK_MODE":"observe"}}}}"#,
            Refused::Undone("BAILIWICK_MODE".to_owned()),
        ),
        ("cursor", r#"{"mcpServers":{"a":{"command":"x"},"a":{"command":"y"}}}"#, Refused::Twice),
        (
            "cursor",
            r#"{"mcpServers":{"a":{"command":"bailiwick","args":["run","--ask","never","--","x"]}}}"#,
            Refused::ByHand,
        ),
        ("cursor", r#"{"mcpServers":{"a":{"command":"npx -y p"}}}"#, Refused::Line("npx -y p".to_owned())),
        (
            "goose",
            "x: &a [k]\nextensions:\n  fs:\n    cmd: |\n      npx\n    args: []\n",
            Refused::Line("npx\n".to_owned()),
        ),
    ] {
        assert_eq!(wrap(text, &reading(client), 0, &wrapper()).unwrap_err(), reason, "{text}");
    }
}

/// A word as people and adversaries write them.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@/.=-]{1,12}",
        "\\PC{1,8}",
        Just("--".to_owned()),
        Just("a\"b\\c".to_owned()),
        Just("\u{85}\t".to_owned())
    ]
}

proptest! {
    #[test]
    fn any_words_come_back(words in prop::collection::vec(word(), 1..5), with_list in any::<bool>(), wide in any::<bool>()) {
        let quoted: Vec<String> = words.iter().map(|word| super::insert::quote(word)).collect();
        let (program, arguments) = quoted.split_first().unwrap();
        let list = if with_list || !arguments.is_empty() { Some(arguments.join(if wide { " ,\n " } else { "," })) } else { None };
        let json_list = list.as_ref().map(|list| format!(",\"args\":[{list}]")).unwrap_or_default();
        let toml_list = list.as_ref().map(|list| format!("args = [{list}]\n")).unwrap_or_default();
        let yaml_list = list.as_ref().map(|list| format!("    args: [{list}]\n")).unwrap_or_default();
        for (client, text) in [
            ("cursor", format!("{{\"mcpServers\":{{\"fs\":{{\"command\":{program}{json_list}}}}}}}")),
            ("codex", format!("[mcp_servers.fs]\ncommand = {program}\n{toml_list}")),
            ("goose", format!("extensions:\n  fs:\n    cmd: {program}\n{yaml_list}")),
        ] {
            let reading = reading(client);
            let before = read(&text, &reading);
            // Blanks in YAML's brackets after a line end are not ours to lay out.
            let Ok(before) = before else { continue };
            if before.servers.is_empty() { continue; }
            match wrap(&text, &reading, 0, &wrapper()) {
                Ok(wrapped) => {
                    let restored = unwrap(&wrapped.text, &reading, &wrapped.pieces);
                    prop_assert_eq!(restored.text, text);
                }
                Err(refused) => prop_assert!(
                    matches!(refused, Refused::Line(_) | Refused::Layout | Refused::ByHand), "{}", refused),
            }
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]{}:,\"'a-z=\n #&*|>-]{0,200}") {
        for client in ["cursor", "codex", "goose", "continue", "opencode"] {
            let reading = reading(client);
            if let Ok(config) = read(&text, &reading) {
                for server in 0..config.servers.len() {
                    if let Ok(wrapped) = wrap(&text, &reading, server, &wrapper()) {
                        let change = Change { server, pieces: &wrapped.pieces, wrapper: None };
                        prop_assert_eq!(&edit(&wrapped.text, &reading, &[change]).unwrap().text, &text);
                    }
                }
            }
        }
    }
}
