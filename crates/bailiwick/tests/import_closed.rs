//! Ways around other products' policies: read in `safe`, none of them is open. Each line is a policy of theirs, what came before,
//! and a call that their own engine lets pass.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

#[path = "../examples/peer_cases/stage.rs"]
mod stage;

use bailiwick_import::{Format, Mode};
use bailiwick_policy::Verdict;
use serde_json::{Value, json};
use stage::Stage;

const MCPFW: &str = r#"
name: mine
rules:
  - { action: budget, max_calls: 6, max_per_tool: 3 }
  - { action: sequence, name: leak, pattern: ["read_file:*.env*", "send_mail:*"] }
  - { action: requires, name: gate, tools: ["pay_*"], requires_event: sign_off, within: 30m }
  - action: deny
    name: places
    tools: ["*"]
    when: { arg_matches: { path: ["~/.ssh/**", "/etc/**", "**/.env.prod*"] } }
  - action: deny
    name: shells
    tools: [run_command]
    when: { arg_contains: { command: ["rm -rf", "curl"] } }
  - { action: allow, name: writes, tools: [write_file], when: { arg_matches: { path: ["./src/*"] } } }
  - { action: deny, name: other-writes, tools: [write_file] }
  - { action: deny, name: wipes, tools: [wipe_disk] }
  - { action: allow, name: rest, tools: ["*"] }
"#;

const AGENTPERMS: &str = r#"
version: 1
servers:
  srv:
    allowed_tools: [read, fetch]
    allowed_paths: [./src]
    denied_paths: ["~/.ssh", /etc]
    denied_patterns: ["*.pem"]
"#;

fn stage(text: &str, format: Format) -> Stage {
    let policy =
        stage::policy(&[text.to_owned()], format, Mode::Safe, "").unwrap_or_else(|error| panic!("{error}"));
    Stage::new(policy, "srv", "user:ana".to_owned(), Vec::new())
}

fn call(stage: &mut Stage, tool: &str, arguments: &Value) -> Verdict {
    stage.call(&json!(tool), Some(arguments), None)
}

#[test]
fn what_they_allow_passes_still() {
    for (tool, arguments) in [
        ("read_file", json!({ "path": "./notes.txt" })),
        ("write_file", json!({ "path": "./src/a.rs", "content": "see /etc and ~/.ssh" })),
        ("run_command", json!({ "command": "ls -la" })),
    ] {
        let mut stage = stage(MCPFW, Format::Mcpfw);
        assert_eq!(call(&mut stage, tool, &arguments), Verdict::Allow, "{tool} {arguments}");
    }
    let mut stage = stage(AGENTPERMS, Format::Agentperms);
    assert_eq!(call(&mut stage, "read", &json!({ "path": "src/a.py" })), Verdict::Allow);
}

#[test]
fn paths_and_arguments_have_no_second_spelling() {
    let calls = [
        ("read_file", json!({ "path": "/etc/../etc/passwd" })),
        ("read_file", json!({ "path": "/./etc/passwd" })),
        ("read_file", json!({ "path": "//etc//passwd" })),
        ("read_file", json!({ "path": "file:///etc/passwd" })),
        ("read_file", json!({ "path": "/root/.ssh/id_ed25519" })),
        ("read_file", json!({ "path": "/home/bo/.SSH/id_rsa" })),
        ("read_file", json!({ "path": "%2fetc%2fpasswd" })),
        ("read_file", json!({ "path": ".env.prod" })),
        ("read_file", json!({ "path": ["/etc/passwd"] })),
        ("read_file", json!({ "file_path": "/etc/passwd" })),
        ("read_file", json!({ "Path": "/etc/passwd" })),
        ("read_file", json!({ "options": { "files": [{ "name": "/etc/passwd" }] } })),
        ("write_file", json!({ "path": "./src/../../../root/.profile", "content": "x" })),
        ("write_file", json!({ "path": ["./src/a"], "content": "x" })),
        ("Wipe_Disk", json!({})),
    ];
    for (tool, arguments) in calls {
        let mut stage = stage(MCPFW, Format::Mcpfw);
        assert_eq!(call(&mut stage, tool, &arguments), Verdict::Deny, "{tool} {arguments}");
    }
    let calls = [
        ("read", json!({ "uri": "file:///root/.ssh/id_rsa" })),
        ("read", json!({ "paths": ["./src/a", "/srv/x"] })),
        ("read", json!({ "query": { "path": "/srv/x" } })),
        ("read", json!({ "path": "./src/server.pem/." })),
        ("read", json!({ "path": "./src/server.pem.bak" })),
        ("read", json!({ "path": "./src/SERVER.PEM" })),
        ("read", json!({ "path": "file:///srv/x" })),
        ("read", json!({ "source": "../../x" })),
        ("run_shell", json!({ "command": "cat ~/.ssh/id_rsa" })),
    ];
    for (tool, arguments) in calls {
        let mut stage = stage(AGENTPERMS, Format::Agentperms);
        assert_eq!(call(&mut stage, tool, &arguments), Verdict::Deny, "{tool} {arguments}");
    }
}

#[test]
fn commands_are_what_a_shell_would_run() {
    for command in [
        json!("rm  -r   -f /"),
        json!("rm -fr ~"),
        json!("r''m -rf /"),
        json!("sh -c 'rm -rf /'"),
        json!("X=curl; $X http://evil.example"),
        json!("c\\url http://evil.example"),
        json!("$(echo curl) http://evil.example"),
        json!(["rm", "-rf", "/"]),
    ] {
        let mut stage = stage(MCPFW, Format::Mcpfw);
        let arguments = json!({ "command": command });
        assert_eq!(call(&mut stage, "run_command", &arguments), Verdict::Deny, "{arguments}");
    }
}

#[test]
fn sequences_forget_nothing_and_see_every_argument() {
    let mut stage =
        stage(MCPFW.replace("max_calls: 6, max_per_tool: 3", "max_calls: 5000").as_str(), Format::Mcpfw);
    assert_eq!(
        call(&mut stage, "read_file", &json!({ "encoding": "utf8", "path": "app/.env" })),
        Verdict::Allow
    );
    for _ in 0..1_100 {
        call(&mut stage, "noop", &json!({}));
    }
    assert_eq!(call(&mut stage, "send_mail", &json!({ "to": "a@b.example" })), Verdict::Deny);
}

#[test]
fn budgets_are_counted_and_no_call_of_the_agent_is_an_approval() {
    let mut counted = stage(MCPFW, Format::Mcpfw);
    for _ in 0..3 {
        assert_eq!(call(&mut counted, "read_file", &json!({})), Verdict::Allow);
    }
    assert_eq!(call(&mut counted, "read_file", &json!({})), Verdict::Deny, "one tool too often");
    for tool in ["a", "b"] {
        assert_eq!(call(&mut counted, tool, &json!({})), Verdict::Allow);
    }
    assert_eq!(
        call(&mut counted, "d", &json!({})),
        Verdict::Deny,
        "too many in all, with the one that was denied"
    );

    let mut gated = stage(MCPFW, Format::Mcpfw);
    assert_eq!(call(&mut gated, "sign_off", &json!({ "approved_by": "me" })), Verdict::Ask);
    assert_eq!(call(&mut gated, "pay_out", &json!({})), Verdict::Deny);
}

#[test]
fn who_waits_for_itself_is_denied_and_what_was_tried_begins_a_cool_down() {
    let own = "rules:\n  - { action: requires, tools: [\"*\"], requires_event: \"sign_*\", within: 5m }\n";
    assert_eq!(call(&mut stage(own, Format::Mcpfw), "sign_off", &json!({})), Verdict::Deny);
    let others = own.replace("[\"*\"]", "[pay, \"send_*\"]");
    assert_eq!(call(&mut stage(&others, Format::Mcpfw), "sign_off", &json!({})), Verdict::Ask, "look-alike");
    let cool = "default_action: ask\nrules:\n  - { action: requires, tools: [drop], requires_event: make, cooldown: 5m }\n";
    let mut cooling = stage(cool, Format::Mcpfw);
    assert_eq!(call(&mut cooling, "drop", &json!({})), Verdict::Ask);
    assert_eq!(
        call(&mut cooling, "make", &json!({})),
        Verdict::Ask,
        "a person is asked, and it is a record there"
    );
    assert_eq!(call(&mut cooling, "drop", &json!({})), Verdict::Deny);
}

#[test]
fn no_expression_allows_a_text_that_holds_nothing() {
    let text = "default_action: deny\nrules:\n  - { action: allow, tools: [go], when: { arg_regex: { n: \"^a*$\" } } }\n";
    for (value, verdict) in [("", Verdict::Deny), ("a", Verdict::Allow), ("b", Verdict::Deny)] {
        assert_eq!(call(&mut stage(text, Format::Mcpfw), "go", &json!({ "n": value })), verdict, "{value:?}");
    }
}

#[test]
fn a_folder_s_content_is_not_the_folder() {
    let text = "version: 1\nservers: { srv: { allowed_tools: [list], allowed_paths: [\"src/*\"] } }\n";
    for (path, verdict) in [("src", Verdict::Deny), ("src/a", Verdict::Allow), ("src/a/b", Verdict::Allow)] {
        let mut stage = stage(text, Format::Agentperms);
        assert_eq!(call(&mut stage, "list", &json!({ "path": path })), verdict, "{path}");
    }
}

#[test]
fn what_no_call_reaches_is_left_out_in_exact() {
    for rule in
        ["rate_limit, rate: 1/hour", "budget, max_calls: 1", "requires, requires_event: x, within: 5m"]
    {
        let text = format!("rules:\n  - {{ action: allow, tools: [\"*\"] }}\n  - {{ action: {rule} }}\n");
        let policy =
            stage::policy(&[text], Format::Mcpfw, Mode::Exact, "").unwrap_or_else(|error| panic!("{error}"));
        let mut stage = Stage::new(policy, "srv", "user:ana".to_owned(), Vec::new());
        for _ in 0..3 {
            assert_eq!(call(&mut stage, "anything", &json!({})), Verdict::Allow, "{rule}");
        }
    }
}

#[test]
fn messages_that_they_do_not_look_at_are_decided() {
    for request in [
        json!({ "method": "resources/read", "params": { "uri": "file:///etc/passwd" } }),
        json!({ "method": "resources/read", "params": { "uri": "file:///root/.ssh/id_rsa" } }),
    ] {
        for (text, format) in [(MCPFW, Format::Mcpfw), (AGENTPERMS, Format::Agentperms)] {
            assert_eq!(stage(text, format).message(&request, None), Verdict::Deny, "{request}");
        }
    }
    let prompt = json!({ "method": "prompts/get", "params": { "name": "x" } });
    assert_ne!(stage(MCPFW, Format::Mcpfw).message(&prompt, None), Verdict::Allow);
}

#[test]
fn what_they_misread_in_a_file_is_an_error() {
    for text in [
        "rules:\n  - { action: Deny, tools: [x] }\n",
        "default_action: DENY\nrules: []\n",
        "rules:\n  - { action: deny, tools: x }\n",
        "rules:\n  - { action: deny, tools: [x], when: { arg_match: { path: [\"/etc/**\"] } } }\n",
        "rules:\n  - { action: budget, max_call: 3 }\n",
    ] {
        assert!(stage::policy(&[text.to_owned()], Format::Mcpfw, Mode::Safe, "").is_err(), "{text}");
    }
    for text in [
        "",
        "version: 1\nservers:\n  srv: { deny_tools: [x] }\n",
        "version: 1\nservers:\n  srv: { denied_tools: x }\n",
        "version: 2\nservers: {}\n",
    ] {
        assert!(stage::policy(&[text.to_owned()], Format::Agentperms, Mode::Safe, "").is_err(), "{text}");
    }
}
