//! Servers over stdio behind HTTP: a process for each session, none left behind, and waits between failures.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by a panic when it fails"
)]

#[path = "gateway/batches.rs"]
mod batches;
#[path = "gateway/reused.rs"]
mod reused;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text, ask, post};
use bailiwick_testkit::patience::{PATIENCE, comes};
use bailiwick_testkit::process::{Signal, Watched, assert_gone, tree};
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::tools;
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");
const POLICY: &str = "
version: 1
default: deny
rules:
  - { id: all, effect: allow, on: ['*/add', '*/slow', '*/pid', '*/remove', 'resource:*', 'prompt:*', elicitation] }
  - { id: no-hosts, effect: deny, on: ['*/remove'], args: { path: { path: ['/etc/**'] } } }
";

/// A server in a shell: it names its process, and ends when told to.
const SHELL: &str = r#"
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  version=2025-11-25; case $line in *2025-03-26*) version=2025-03-26 ;; esac
  case $line in
    *initialize\"*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"$version\",\"capabilities\":{},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}" ;;
    *tools/list*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"pid\",\"inputSchema\":{\"type\":\"object\"}}]}}" ;;
    *end*) exit 1 ;;
    *mute*) echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"heard"}}' ;;
    *flood*) for _ in 1 2 3 4; do
        printf '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%03000000d"}}\n' 1
      done
      echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[]}}" ;;
    *nap*) sleep 1; echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$$\"}]}}" ;;
    *tools/call*) echo "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":$$}}"
      echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$$\"}]}}" ;;
  esac
done
"#;

struct Place {
    gateway: Gateway,
    _place: Workplace,
}

impl Place {
    fn new(command: &[String], flags: &[&str]) -> Place {
        let place = Workplace::new();
        let policy = place.file("policy.yaml", POLICY).display().to_string();
        let own =
            ["--server", "s", "--policy", &policy].into_iter().chain(flags.iter().copied()).chain(["--"]);
        let words = own.chain(command.iter().map(String::as_str));
        let gateway = Gateway::start(BUILT, &place, "stdio", words);
        Place { gateway, _place: place }
    }

    fn shell() -> Place {
        Place::new(&["sh", "-c", SHELL].map(str::to_owned), &[])
    }

    fn typescript() -> Place {
        let import =
            ["--import".to_owned(), tools::peer_file("resolve.mjs"), tools::peer_file("server-v2.mjs")];
        let command: Vec<String> = [tools::node()].into_iter().chain(import).collect();
        Place::new(&command, &[])
    }

    fn address(&self) -> SocketAddr {
        self.gateway.address
    }

    fn session(&self) -> String {
        self.session_in("2025-11-25")
    }

    fn session_in(&self, version: &str) -> String {
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": version,
            "capabilities": {"elicitation": {}}, "clientInfo": {"name": "t", "version": "1"}}});
        let answer = ask(self.address(), post(&message.to_string(), ""));
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let session = answer.header("mcp-session-id").expect("a session").to_owned();
        self.say(&session, &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }

    /// The same on a connection that is read later, or never.
    fn begin(&self, session: &str, message: &Value) -> Connection {
        let mut connection = Connection::open(self.address());
        connection.send(post(&message.to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
        connection
    }

    fn say(&self, session: &str, message: &Value) -> Text {
        ask(self.address(), post(&message.to_string(), &format!("Mcp-Session-Id: {session}\r\n")))
    }
}

fn call(id: i64, name: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

fn text(answer: &Text) -> String {
    let last = answer.messages().pop().unwrap_or_default();
    last["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{last}")).to_owned()
}

#[test]
fn a_server_over_stdio_answers_over_http_and_policy_holds() {
    let place = Place::typescript();
    let session = place.session();
    assert_eq!(text(&place.say(&session, &call(1, "add", &json!({"a": 1, "b": 2.5})))), "3.5");
    let denied = place.say(&session, &call(2, "remove", &json!({"path": "/etc/hosts"})));
    assert!(text(&denied).contains("no-hosts"), "{}", denied.text());
    let mut slow = call(3, "slow", &json!({"steps": 2, "pause_ms": 10}));
    slow["params"]["_meta"] = json!({"progressToken": "p"});
    let answer = place.say(&session, &slow);
    let methods: Vec<Value> = answer.messages().iter().map(|message| message["method"].clone()).collect();
    assert_eq!(methods, [json!("notifications/progress"), json!("notifications/progress"), Value::Null]);
}

/// The text that a tool answers outside of any session, with more header lines.
fn alone(place: &Place, name: &str, arguments: &Value, headers: &str) -> String {
    let mut message = call(1, name, arguments);
    message["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}});
    let own = format!(
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {name}\r\n{headers}"
    );
    text(&ask(place.address(), post(&message.to_string(), &own)))
}

#[test]
fn clients_without_a_session_share_no_answers() {
    let place = Place::typescript();
    let place = &place;
    let add = move |n: i64| alone(place, "add", &json!({"a": n, "b": 0}), "");
    let answers: Vec<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|n| scope.spawn(move || add(n))).collect();
        asked.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    assert_eq!(answers, (0..8).map(|n: i64| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn every_session_has_a_process_of_its_own_and_none_outlives_it() {
    let mut place = Place::shell();
    let sessions: Vec<String> = (0..3).map(|_| place.session()).collect();
    let pid = |session: &String| text(&place.say(session, &call(7, "pid", &json!({}))));
    let pids: BTreeSet<String> = sessions.iter().map(pid).collect();
    assert_eq!(pids.len(), 3, "{pids:?}");
    let first = Watched::new(pid(&sessions[0]).parse().expect("a process id"));
    let delete =
        format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: {}\r\n\r\n", sessions[0]);
    assert_eq!(ask(place.address(), &delete).status(), 200);
    assert_gone(&[first], PATIENCE);
    assert_eq!(place.say(&sessions[0], &call(8, "pid", &json!({}))).status(), 404);
    let own = place.gateway.pid();
    // The supervisor of the first may be ending just now.
    let others = tree(own).into_iter().filter(|pid| *pid != own).filter_map(Watched::find);
    let others: Vec<Watched> = others.collect();
    assert!(others.len() >= 4, "two servers and their supervisors");
    assert_eq!(place.gateway.stop(), Some(0));
    assert_gone(&others, PATIENCE);
}

#[test]
fn a_server_that_ends_answers_its_call_with_an_error_and_ends_its_session() {
    let place = Place::shell();
    let session = place.session();
    let other = place.session();
    let ended = place.say(&session, &call(1, "pid", &json!({"x": "end"})));
    let message = ended.messages().pop().expect("an error");
    assert_eq!((&message["id"], &message["error"]["code"]), (&json!(1), &json!(-32603)), "{message}");
    let is_gone = || place.say(&session, &call(2, "pid", &json!({}))).status() == 404;
    assert!(comes(is_gone), "the session is still there");
    assert!(!text(&place.say(&other, &call(1, "pid", &json!({})))).is_empty(), "others live on");
    assert_ne!(place.session(), session, "and a new one begins");
}

#[test]
fn what_a_server_says_by_itself_goes_to_the_sessions_stream() {
    let place = Place::shell();
    let session = place.session();
    let mut stream = Connection::open(place.address());
    stream.send(format!("GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session}\r\n\r\n"));
    assert_eq!(stream.head().status(), 200);
    let pid = text(&place.say(&session, &call(7, "pid", &json!({}))));
    let heard = stream.until(&pid);
    assert!(heard.contains("notifications/message") && heard.contains(&pid), "{heard}");
}

#[test]
fn where_a_client_stands_in_a_trace_reaches_a_server_over_stdio_in_meta() {
    let heard = Workplace::new();
    let lines = heard.at("lines");
    let script = format!("tee -a \"$0\" | ({SHELL})");
    let place = Place::new(&["sh", "-c", &script, &lines].map(str::to_owned), &[]);
    let session = place.session();
    let say = |message: &str, headers: &str| {
        let own = format!("Mcp-Session-Id: {session}\r\n{headers}");
        assert_eq!(ask(place.address(), post(message, &own)).status(), 200);
    };
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let message = |id: u8, meta: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{{meta}"name":"pid", "arguments":{{"x":1.50}}}}}}"#
        )
    };
    let state = format!("traceparent: {trace}\r\ntracestate: a=1\r\n");
    say(&message(1, ""), &state);
    // Its own word stands, broken ones say nothing, and who says nothing is sent on as it is.
    let own = r#""_meta":{"traceparent":"mine"},"#;
    say(&message(2, own), &state);
    say(&message(3, ""), "traceparent: 00-a-b-01\r\n");
    say(&message(4, ""), "");
    let text = std::fs::read_to_string(&lines).expect("what the server was sent");
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("tools/call")).collect();
    let meta = format!(r#""_meta":{{"traceparent":"{trace}","tracestate":"a=1"}},"#);
    assert_eq!(calls, [message(1, &meta), message(2, own), message(3, ""), message(4, "")]);
}

#[test]
fn a_server_that_cannot_start_is_tried_again_with_growing_waits() {
    let place = Place::new(&["sh", "-c", "exit 1"].map(str::to_owned), &[]);
    let initialize = post(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#, "");
    let begun = Instant::now();
    for _ in 0..3 {
        let answer = ask(place.address(), &initialize);
        let message = answer.messages().pop().expect("an error");
        assert_eq!((&message["id"], &message["error"]["code"]), (&json!(0), &json!(-32603)), "{message}");
    }
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[test]
fn an_allowed_directory_of_a_server_on_this_machine_does_not_reach_through_links() {
    let place = Workplace::new();
    std::fs::create_dir_all(place.at("src")).expect("a folder");
    std::fs::create_dir_all(place.at("secret")).expect("a folder");
    std::os::unix::fs::symlink("../secret", place.at("src/out")).expect("a link");
    let policy = place.file(
        "policy.yaml",
        "version: 1\ndefault: deny\nrules:\n  - { id: src, effect: allow, on: ['s/*'], args: { path: { path: ['src/**'] } } }\n",
    );
    for (flags, through) in [(&[][..], false), (&["--no-follow"], true)] {
        let own = ["--server", "s", "--policy", bailiwick_testkit::route::flag(&policy)];
        let words = own.into_iter().chain(flags.iter().copied()).chain(["--", "sh", "-c", SHELL]);
        let gateway = Gateway::start(BUILT, &place, "stdio", words);
        let place = Place { gateway, _place: Workplace::new() };
        let session = place.session();
        let passes = |path: &str| {
            let said = text(&place.say(&session, &call(7, "pid", &json!({"path": path}))));
            said.bytes().all(|byte| byte.is_ascii_digit())
        };
        assert!(passes("src/a"));
        assert_eq!(passes("src/out/key"), through);
    }
}

#[test]
fn more_processes_than_the_limit_wait_and_are_502() {
    let place = Place::new(&["sh", "-c", SHELL].map(str::to_owned), &["--max-processes", "1"]);
    let session = place.session();
    let (begun, refused) = (Instant::now(), ask(place.address(), post(INITIALIZE, "")));
    assert_eq!(refused.status(), 502, "{}", refused.text());
    assert!(refused.text().contains("too many servers run; see `--max-processes`"), "{}", refused.text());
    assert!(begun.elapsed() >= Duration::from_secs(10), "{:?}", begun.elapsed());
    // One that waits gets the place of one that ends.
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| ask(place.address(), post(INITIALIZE, "")).status());
        let delete = format!("DELETE /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: {session}\r\n\r\n");
        assert_eq!(ask(place.address(), &delete).status(), 200);
        assert_eq!(waits.join().expect("an answer"), 200);
    });
}

/// A shell whose processes are few.
fn few(flags: &[&str]) -> Place {
    Place::new(&["sh", "-c", SHELL].map(str::to_owned), &[&["--max-processes", "1"], flags].concat())
}

#[test]
fn a_process_that_comes_back_serves_whoever_waits_for_one() {
    let place = few(&[]);
    let (begun, nap) = (Instant::now(), || alone(&place, "pid", &json!({"x": "nap"}), ""));
    let pids: BTreeSet<String> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..3).map(|_| scope.spawn(nap)).collect();
        asked.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    assert_eq!(pids.len(), 1, "{pids:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "they waited for room: {:?}", begun.elapsed());
}

#[test]
fn an_idle_process_of_another_run_makes_room_and_serves_nobody_else() {
    let place = few(&["--run-by", "header:X-Agent-Run"]);
    let (begun, pid) =
        (Instant::now(), |run: &str| alone(&place, "pid", &json!({}), &format!("X-Agent-Run: {run}\r\n")));
    let [one, other, again] = ["one", "other", "one"].map(pid);
    assert!(one != other && other != again && one != again, "{one} {other} {again}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_process_of_no_session_ends_when_it_was_idle_for_long() {
    let place = few(&["--process-idle", "1"]);
    let pid = || alone(&place, "pid", &json!({}), "");
    let first = pid();
    assert_gone(&[Watched::new(first.parse().expect("a process id"))], PATIENCE);
    assert_ne!(pid(), first);
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

/// Says hello, and then reads nothing any more.
const DEAF: &str = r#"
read -r line; id=${line#*\"id\":}; id=${id%%,*}
echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}"
exec sleep 600
"#;

#[test]
fn a_process_that_does_not_read_is_not_written_to_without_end() {
    let place = Place::new(&["sh", "-c", DEAF].map(str::to_owned), &[]);
    let hello =
        INITIALIZE.replace("\"capabilities\":{}", "\"capabilities\":{\"roots\":{\"listChanged\":true}}");
    let hello = ask(place.address(), post(&hello, ""));
    let session = hello.header("mcp-session-id").expect("a session");
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized",
        "params": {"_meta": {"filling": "x".repeat(4_000)}}});
    let mut connection = Connection::open(place.address());
    let mut taken = 0;
    let refused = loop {
        connection.send(post(&note.to_string(), &format!("Mcp-Session-Id: {session}\r\n")));
        let answer = connection.answer();
        match answer.status() {
            202 if taken < 2_000 => taken += 1,
            _ => break answer,
        }
    };
    assert_eq!(refused.status(), 502, "after {taken}: {}", refused.text());
    // What the pipe itself holds comes before.
    assert!((256..512).contains(&taken), "{taken}");
}

#[test]
fn a_gateway_that_is_told_to_end_lets_a_process_answer_whatever_thread_began_it() {
    // Connections go to one thread after the other: the call is on that of its process once, and once on the other.
    for between in 0..2 {
        let mut place =
            Place::new(&["sh", "-c", SHELL].map(str::to_owned), &["--threads", "2", "--grace", "60"]);
        let session = place.session();
        for id in 0..between {
            place.say(&session, &call(10 + id, "pid", &json!({})));
        }
        let mut connection = Connection::open(place.address());
        let message = call(1, "pid", &json!({"why": "nap"})).to_string();
        connection.send(post(&message, &format!("Mcp-Session-Id: {session}\r\n")));
        // It is on its way to its process, which takes a second.
        std::thread::sleep(Duration::from_millis(300));
        place.gateway.signal(Signal::TERM);
        let answer = connection.answer();
        assert!(text(&answer).parse::<u32>().is_ok(), "the number of its process: {}", answer.text());
        drop(connection);
        assert_eq!(place.gateway.stop(), Some(0));
    }
}
