//! Batches for a server over stdio: its members reach it one by one, and their answers are one array, or events where one of
//! them is no answer.

use std::time::Duration;

use bailiwick_testkit::serde_json::{Value, json};

use crate::{Place, ask, call, post, text};

/// One whose answers are long.
const LOUD: &str = r#"
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  case $line in
    *initialize\"*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-03-26\",\"capabilities\":{},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}" ;;
    *tools/list*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"pid\",\"inputSchema\":{\"type\":\"object\"}}]}}" ;;
    *tools/call*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%01500d"}]}}\n' "$id" 7 ;;
  esac
done
"#;

#[test]
fn the_members_of_a_batch_reach_a_server_over_stdio_one_by_one_and_are_answered_together() {
    let place = Place::typescript();
    let session = place.session_in("2025-03-26");
    let mut slow = call(1, "slow", &json!({"steps": 2, "pause_ms": 10}));
    slow["params"]["_meta"] = json!({"progressToken": "p"});
    let ping = json!({"jsonrpc": "2.0", "id": "ping", "method": "ping"});
    let note = json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"});
    let denied = call(2, "remove", &json!({"path": "/etc/hosts"}));
    let sum = call(3, "add", &json!({"a": 1, "b": 2.5}));
    for accept in ["application/json, text/event-stream", "application/json"] {
        // The first time the calls wait for our own look at the list.
        let batch = json!([slow, note, ping, denied, sum]);
        let request = post(&batch.to_string(), &format!("Mcp-Session-Id: {session}\r\n"));
        let answer = ask(place.address(), request.replace("application/json, text/event-stream", accept));
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let said = match answer.messages().as_slice() {
            [Value::Array(all)] if accept == "application/json" => all.clone(),
            events => events.to_vec(),
        };
        let of =
            |id: Value| said.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}: {said:?}"));
        assert_eq!(of(json!(1))["result"]["content"][0]["text"], "done after 2");
        assert_eq!(of(json!("ping"))["result"], json!({}));
        assert_eq!(of(json!(2))["result"]["isError"], true);
        assert_eq!(of(json!(3))["result"]["content"][0]["text"], "3.5");
        let progress = said.iter().filter(|one| one["method"] == "notifications/progress").count();
        assert_eq!((said.len(), progress), (6, 2), "{said:?}");
    }
    assert_eq!(place.say(&session, &json!([note, note])).status(), 202);
    // The session goes on, and an id is free again.
    assert_eq!(text(&place.say(&session, &call(3, "add", &json!({"a": 2, "b": 2})))), "4");
}

#[test]
fn what_of_a_batch_has_no_room_is_an_error_and_the_rest_is_answered() {
    let place = Place::new(&["sh", "-c", LOUD].map(str::to_owned), &["--max-message-bytes", "4096"]);
    let session = place.session_in("2025-03-26");
    place.say(&session, &json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"}));
    let calls: Vec<Value> = (1..=3).map(|id| call(id, "pid", &json!({}))).collect();
    let said = place.say(&session, &json!(calls)).json();
    let mut outcomes: Vec<(i64, bool)> = said
        .as_array()
        .expect("one array")
        .iter()
        .map(|one| (one["id"].as_i64().unwrap_or_default(), one["error"].is_null()))
        .collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [(1, true), (2, true), (3, false)], "{said}");
}

#[test]
fn what_was_told_takes_no_room_of_what_follows() {
    // The first answer leaves no room for another one.
    let server = LOUD.replace("1500", "2500").replace(
        "*tools/call*)",
        r#"*tools/call*) [ "$id" = 2 ] && echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"so far"}}';"#,
    );
    let place = Place::new(&["sh", "-c", &server].map(str::to_owned), &["--max-message-bytes", "4096"]);
    let session = place.session_in("2025-03-26");
    place.say(&session, &json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"}));
    let calls: Vec<Value> = (1..=4).map(|id| call(id, "pid", &json!({}))).collect();
    let said = place.say(&session, &json!(calls)).messages();
    let answered = said.iter().filter(|one| one["result"].is_object()).count();
    assert_eq!((said.len(), answered), (5, 4), "{said:?}");
}

#[test]
fn a_member_that_is_taken_back_while_it_waits_is_not_answered() {
    let server = LOUD.replace("*tools/list*)", "*tools/list*) sleep 2;");
    let place = Place::new(&["sh", "-c", &server].map(str::to_owned), &[]);
    let session = place.session_in("2025-03-26");
    // It waits for our own look at the list.
    let mut batch = place.begin(&session, &json!([call(1, "pid", &json!({}))]));
    std::thread::sleep(Duration::from_millis(500));
    let back = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    assert_eq!(place.say(&session, &back).status(), 202);
    let answer = batch.answer();
    assert_eq!((answer.status(), answer.text().as_str()), (202, ""));
}

#[test]
fn an_answer_that_comes_before_its_call_was_sent_is_nobodys() {
    let server = LOUD.replace(
        "*tools/call*)",
        r#"*tools/call*) [ "$id" = 1 ] && echo '{"jsonrpc":"2.0","id":2,"result":{"content":[]}}';"#,
    );
    let place = Place::new(&["sh", "-c", &server].map(str::to_owned), &[]);
    let session = place.session_in("2025-03-26");
    // Both wait for our own look at the list, and are sent one behind the other.
    let said =
        place.say(&session, &json!([call(1, "pid", &json!({})), call(2, "pid", &json!({}))])).messages();
    let said = said.iter().flat_map(|one| one.as_array().cloned().unwrap_or_else(|| vec![one.clone()]));
    let said: Vec<Value> = said.collect();
    let of = |id: i64| said.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}: {said:?}"));
    for id in [1, 2] {
        assert!(of(id)["result"]["content"][0]["text"].is_string(), "the call's own answer: {said:?}");
    }
}

#[test]
fn a_batch_whose_server_ends_is_answered_by_errors() {
    let place = Place::shell();
    let session = place.session_in("2025-03-26");
    place.say(&session, &json!({"jsonrpc": "2.0", "id": 9, "method": "tools/list"}));
    let said = place.say(&session, &json!([call(1, "pid", &json!({})), call(2, "pid", &json!({"end": 1}))]));
    let said = said.messages();
    let of = |id: i64| said.iter().find(|one| one["id"] == id);
    assert!(of(1).is_some_and(|one| one["result"].is_object()), "{said:?}");
    assert!(of(2).is_some_and(|one| one["error"].is_object()), "{said:?}");
}

#[test]
fn a_question_inside_of_a_batch_is_heard_before_its_answers_are_there() {
    // One that asks before it answers.
    let server = LOUD.replace(
        "*tools/call*)",
        r#"*tools/call*) asked=$id; echo '{"jsonrpc":"2.0","id":"q","method":"ping"}' ;;
    *'"id":"q"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$asked,\"result\":{\"content\":[]}}" ;;
    *ping*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}" ;;
    *never*)"#,
    );
    let place = Place::new(&["sh", "-c", &server].map(str::to_owned), &[]);
    let session = place.session_in("2025-03-26");
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for _ in 0..2 {
        let mut connection = place.begin(&session, &json!([ping, call(2, "pid", &json!({}))]));
        assert_eq!(connection.head().header("content-type"), Some("text/event-stream"));
        let asked = connection.until("\"q\"");
        assert!(asked.contains("\"id\":1,\"result\""), "what came before: {asked}");
        assert_eq!(place.say(&session, &json!({"jsonrpc": "2.0", "id": "q", "result": {}})).status(), 202);
        let rest = connection.rest();
        assert!(rest.contains("\"id\":2,\"result\""), "{rest}");
    }
}
