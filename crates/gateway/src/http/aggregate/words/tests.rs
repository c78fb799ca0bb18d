//! Names on the one path: what is written into them comes out again, for the right server.

use bailiwick_mcp::{Id, Limits};
use hyper::body::Bytes;

use super::{LISTS, Meant, acknowledged, closed, merged_hello, merged_list, outcome, outward, read};

const NAMES: [&str; 2] = ["git", "files"];

fn meant(text: &str) -> Meant {
    read(&Bytes::copy_from_slice(text.as_bytes()), &Limits::DEFAULT, &NAMES).meant
}

fn one(text: &str) -> (usize, String) {
    match meant(text) {
        Meant::One { server, message, .. } => (server, String::from_utf8(message.to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_goes_to_its_server_and_the_rest_of_the_message_keeps_its_bytes() {
    let call = r#"{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"files__read__all","arguments":{"name":"git__x","n":2.50}}}"#;
    assert_eq!(one(call), (1, call.replace("files__read__all", "read__all")));
    let read = r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"git+file:///a+b"}}"#;
    assert_eq!(one(read), (0, read.replace("git+", "")));
    let complete = r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"git__p"},"argument":{}}}"#;
    assert_eq!(one(complete), (0, complete.replace("git__", "")));
}

#[test]
fn what_no_server_has_is_nobodys() {
    for name in ["read", "other__read", "files_read", "__read", "FILES__read", ""] {
        let call =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}"}}}}"#);
        assert_eq!(meant(&call), Meant::Nobody { unknown: name.to_owned() });
    }
    let request = |method: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
    assert_eq!(meant(&request("skills/list")), Meant::Method("skills/list".to_owned()));
    assert_eq!(meant(&request("tasks/get")), Meant::Nobody { unknown: String::new() });
    assert_eq!(meant("[]"), Meant::Unreadable);
    assert_eq!(meant("{"), Meant::Unreadable);
}

#[test]
fn pages_are_merged_and_each_server_gets_its_own_cursor_back() {
    let page = |items: &str, next: &str| {
        Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":9,"result":{{"tools":[{items}]{next}}}}}"#))
    };
    let parts = [
        ("git", page(r#"{"name":"log","x":1.0},{"name":"show"}"#, r#","nextCursor":"a,b:c""#)),
        ("files", page(r#"{"name":"read"}"#, "")),
    ];
    let absent = ["web: late".to_owned()];
    let merged = merged_list(&LISTS[0], &Id::Number(1), &parts, &absent, &Limits::DEFAULT, false);
    let text = std::str::from_utf8(&merged).unwrap();
    let items = r#"[{"name":"git__log","x":1.0},{"name":"git__show"},{"name":"files__read"}]"#;
    assert!(text.contains(items), "{text}");
    assert!(text.contains(r#""_meta":{"bailiwick/unavailable":["web: late"]}"#), "{text}");
    let cursor = text.split("nextCursor\":").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let next = format!(r#"{{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{{"cursor":{cursor}}}}}"#);
    let Meant::List { pages, .. } = meant(&next) else { panic!("{next}") };
    assert_eq!(pages.len(), 1);
    assert!(std::str::from_utf8(&pages[0].1).unwrap().contains(r#""cursor":"a,b:c""#));
    let forged = next.replace(cursor, "\"other:YQ\"");
    assert_eq!(meant(&forged), Meant::Nobody { unknown: "cursor".to_owned() });
}

#[test]
fn capabilities_are_united_and_the_version_is_one_that_all_know() {
    let hello = |version: &str, capabilities: &str| {
        Bytes::from(format!(
            r#"{{"jsonrpc":"2.0","id":0,"result":{{"protocolVersion":"{version}","capabilities":{capabilities},"instructions":"be good"}}}}"#
        ))
    };
    let parts = [
        ("git", hello("2025-11-25", r#"{"tools":{},"tasks":{}}"#)),
        ("files", hello("2025-06-18", r#"{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#)),
    ];
    let merged = merged_hello(&Id::Number(0), &parts, &[], &Limits::DEFAULT, false);
    let text = std::str::from_utf8(&merged).unwrap();
    let capabilities = r#""capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#;
    assert!(text.contains(capabilities), "{text}");
    assert!(text.contains(r#""protocolVersion":"2025-06-18""#), "{text}");
    assert!(text.contains("# git\\n\\nbe good\\n\\n# files\\n\\nbe good"), "{text}");
    assert_eq!(outcome(&merged, &Limits::DEFAULT), Some(Ok(())), "{text}");
}

#[test]
fn a_servers_question_comes_back_to_it_under_its_own_id() {
    for id in ["7", r#""seven""#] {
        let asks = Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#));
        let shown = outward("files", &asks, &Limits::DEFAULT);
        let shown = std::str::from_utf8(&shown).unwrap();
        let ours = shown.split("\"id\":").nth(1).and_then(|rest| rest.split(",\"method").next()).unwrap();
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{ours},"result":{{"roots":[]}}}}"#);
        assert_eq!(one(&answer), (1, answer.replace(ours, id)));
    }
    let strange = r#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
    assert_eq!(meant(strange), Meant::Unreadable);
}

#[test]
fn uris_in_results_are_those_that_the_client_can_ask_for() {
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"resource_link","uri":"file:///a"},{"type":"resource","resource":{"uri":"file:///b","text":"file:///c"}}]}}"#;
    let shown = outward("files", &Bytes::from(result), &Limits::DEFAULT);
    let expected = result.replace("\"uri\":\"file", "\"uri\":\"files+file");
    assert_eq!(std::str::from_utf8(&shown).unwrap(), expected);
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[test]
fn a_task_goes_back_to_the_server_that_made_it() {
    for method in ["tasks/get", "tasks/result", "tasks/update", "tasks/cancel"] {
        let ask =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"taskId":"files/a/b"}}}}"#);
        assert_eq!(one(&ask), (1, ask.replace("files/a/b", "a/b")));
    }
    let out = |text: &str| {
        let said = outward("git", &bytes(text), &Limits::DEFAULT);
        String::from_utf8(said.to_vec()).unwrap()
    };
    for said in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"T","status":"working"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"task","taskId":"T","status":"working"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"T"}}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"T"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/tasks","params":{"taskId":"T","result":{"content":[]}}}"#,
    ] {
        assert_eq!(out(said), said.replace("\"T\"", "\"git/T\""));
    }
    let done = r#"{"jsonrpc":"2.0","id":1,"result":{"taskId":"T","status":"completed","result":{"content":[{"type":"resource_link","uri":"a:b"}]}}}"#;
    assert_eq!(out(done), done.replace("\"T\"", "\"git/T\"").replace("a:b", "git+a:b"));
    let answer = r#"{"jsonrpc":"2.0","id":"git/7","result":{"action":"accept","_meta":{"io.modelcontextprotocol/related-task":{"taskId":"git/T"}}}}"#;
    assert_eq!(one(answer), (0, answer.replace("\"git/7\"", "7").replace("git/T", "T")));
}

#[test]
fn a_subscription_asks_each_server_for_its_own_and_their_consents_are_one() {
    let listen = |filter: &str| {
        meant(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{"notifications":{filter}}}}}"#
        ))
    };
    let parts = |meant| match meant {
        Meant::Listen(parts) => parts
            .into_iter()
            .map(|(server, message): (usize, Bytes)| {
                let text = String::from_utf8(message.to_vec()).unwrap();
                (
                    server,
                    text.split("\"notifications\":").nth(1).unwrap().strip_suffix("}}").unwrap().to_owned(),
                )
            })
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let both = listen(
        r#"{"toolsListChanged":true,"resourceSubscriptions":["git+a:b","files+c:d","x:y"],"taskIds":["git/1"]}"#,
    );
    assert_eq!(
        parts(both),
        [
            (0, r#"{"toolsListChanged":true,"resourceSubscriptions":["a:b"],"taskIds":["1"]}"#.to_owned()),
            (1, r#"{"toolsListChanged":true,"resourceSubscriptions":["c:d"]}"#.to_owned()),
        ]
    );
    let only = listen(r#"{"resourceSubscriptions":["files+c:d"]}"#);
    assert_eq!(parts(only), [(1, r#"{"resourceSubscriptions":["c:d"]}"#.to_owned())]);
    assert!(
        matches!(listen(r#"{"resourceSubscriptions":["x:y"]}"#), Meant::Listen(parts) if parts.is_empty())
    );
    let consent = |granted: &str| {
        bytes(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"notifications":{granted}}}}}"#
        ))
    };
    let consents = [
        ("git", consent(r#"{"toolsListChanged":true,"resourceSubscriptions":["a:b"]}"#)),
        ("files", consent(r#"{"toolsListChanged":true}"#)),
    ];
    let id = Id::Text("s".into());
    let one = acknowledged(&id, &consents, &Limits::DEFAULT).unwrap();
    assert_eq!(
        std::str::from_utf8(&one).unwrap(),
        r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["git+a:b"]}}}"#
    );
    let other = ("git", bytes(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#));
    assert_eq!(acknowledged(&id, &[other], &Limits::DEFAULT), None);
    assert_eq!(outcome(&closed(&id), &Limits::DEFAULT), Some(Ok(())));
}
