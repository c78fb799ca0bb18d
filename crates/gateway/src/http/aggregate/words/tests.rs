//! Names on the one path: what is written into them comes out again, for the right server.

use bailiwick_mcp::{Id, Limits};
use hyper::body::Bytes;

use super::{LISTS, Meant, merged_hello, merged_list, outcome, outward, read};

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
    assert_eq!(meant(&request("tasks/get")), Meant::Method("tasks/get".to_owned()));
    assert_eq!(meant("[]"), Meant::Unreadable { batch: true });
    assert_eq!(meant("{"), Meant::Unreadable { batch: false });
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
    assert_eq!(meant(strange), Meant::Unreadable { batch: false });
}

#[test]
fn uris_in_results_are_those_that_the_client_can_ask_for() {
    let result = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"resource_link","uri":"file:///a"},{"type":"resource","resource":{"uri":"file:///b","text":"file:///c"}}]}}"#;
    let shown = outward("files", &Bytes::from(result), &Limits::DEFAULT);
    let expected = result.replace("\"uri\":\"file", "\"uri\":\"files+file");
    assert_eq!(std::str::from_utf8(&shown).unwrap(), expected);
}
