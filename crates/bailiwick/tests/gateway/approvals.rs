//! Calls that wait for a person: asked over a socket of the same user, answered once, denied by silence.

use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text, Upstream, ask, begin_events, chunk, reply, reply_json};
use bailiwick_testkit::patience::{PATIENCE, comes, found};
use bailiwick_testkit::process::Signal;
use bailiwick_testkit::serde_json::{self, Value, json};
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, call, post, said, server, session};

struct Asking {
    place: Workplace,
    one: Upstream,
    gateway: Gateway,
    session: String,
}

/// A gateway that asks about every call, for as long as `ttl`.
fn asking(ttl: &str) -> Asking {
    asking_with(&format!("ttl: {ttl}"), &[])
}

/// A gateway that asks about every call, with more arguments.
fn asking_with(approval: &str, arguments: &[&str]) -> Asking {
    let policy = format!(
        "version: 1\nname: asks\ndefault: deny\nrules:\n  - {{ id: reads, effect: ask, on: ['*/read'], reason: 'look first', approval: {{ {approval} }} }}\nroles: {{ lead: {{ members: [\"user:*\", \"uid:*\"] }} }}\n"
    );
    before(server("one"), &policy, arguments)
}

/// A gateway before `one` under this policy, and a session of a client that can be asked.
fn before(one: Upstream, policy: &str, arguments: &[&str]) -> Asking {
    let place = Workplace::new();
    place.file("asks.yaml", policy);
    let text = format!(
        "version: 1\naudit: audit.jsonl\npolicy: asks.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams: {{ one: {{ url: '{}' }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n",
        one.url()
    );
    let gateway = Gateway::configured(BUILT, &place, &text, arguments.iter().copied());
    let session = session(gateway.address, "/mcp");
    Asking { place, one, gateway, session }
}

impl Asking {
    /// Begins a call that waits.
    fn call(&self, id: i64, path: &str) -> Connection {
        let mut connection = Connection::open(self.gateway.address);
        connection.send(post("/mcp", &self.session, &call(id, path)));
        connection
    }

    /// `bailiwick approvals ARGUMENTS`: status and output.
    fn approvals(&self, arguments: &[&str]) -> (i32, String) {
        self.approvals_of(&mut Command::new(bailiwick_testkit::route::binary(BUILT)), arguments)
    }

    fn approvals_of(&self, command: &mut Command, arguments: &[&str]) -> (i32, String) {
        let out = command
            .arg("approvals")
            .args(arguments)
            .env_clear()
            .envs(self.place.environment())
            .env("BAILIWICK_STATE_DIR", self.place.at("state"))
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code().unwrap_or(-1), text)
    }

    /// Waits for a question with `words` in it; its name.
    fn question(&self, words: &str) -> (String, String) {
        let listed = || Some(self.approvals(&["list"]).1).filter(|text| text.contains(words));
        let text = found(listed).expect("it was not asked");
        let line = text.lines().find(|line| line.contains("denied in")).expect("a name");
        (line.split(' ').next().expect("a name").to_owned(), text)
    }

    fn calls(&self) -> usize {
        self.one.seen().iter().filter(|text| text.text().contains("tools/call")).count()
    }
}

#[test]
fn an_approved_call_goes_on_once_and_a_denied_one_does_not() {
    let asking = asking("5m");
    let mut waits = asking.call(1, "a\u{202e}b");
    let (name, text) = asking.question("reads");
    for words in ["look first", "tools/call", "user:local", "⟨U+202E⟩"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(asking.calls(), 0, "nothing is sent before");
    assert_eq!(asking.approvals(&["approve", &name]).0, 0);
    assert!(said(&waits.answer()).starts_with("one "));
    let (status, text) = asking.approvals(&["approve", &name]);
    assert!(status == 1 && text.contains("not asked any more"), "{text}");
    let mut waits = asking.call(2, "/srv/../etc//hosts");
    let (name, text) = asking.question("/srv/..");
    assert!(text.contains("  path      /etc/hosts\n"), "what the policy made of it: {text}");
    assert_eq!(asking.approvals(&["deny", &name]).0, 0);
    assert!(said(&waits.answer()).contains("denied with `bailiwick approvals`"));
    assert_eq!(asking.calls(), 1);
    let audit = std::fs::read_to_string(asking.place.at("audit.jsonl")).expect("a log");
    assert!(audit.contains("with `bailiwick approvals`"), "{audit}");
    assert_eq!(asking.approvals(&["list"]).0, 3);
    assert_eq!(asking.approvals(&["approve", "1-1"]).0, 2);
}

#[test]
fn silence_is_a_denial_and_so_is_the_end() {
    let short = asking("1s");
    let mut waits = short.call(1, "a");
    assert!(said(&waits.answer()).contains("nobody answered in time"));
    assert_eq!(short.calls(), 0);
    let mut asking = asking("5m");
    let mut waits = asking.call(2, "b");
    asking.question("\"b\"");
    asking.gateway.signal(Signal::TERM);
    assert!(said(&waits.answer()).contains("the gateway ends"));
    assert_eq!(asking.gateway.stop(), Some(0));
    assert_eq!(asking.calls(), 0);
    assert_eq!(asking.approvals(&["list"]).0, 3);
}

#[test]
fn a_call_whose_client_left_is_asked_about_no_more_and_not_sent() {
    let asking = asking_with("ttl: 5m", &["--admin", "127.0.0.1:0"]);
    let waits = asking.call(1, "a");
    let (name, _) = asking.question("\"a\"");
    drop(waits);
    let admin = asking.gateway.address_of("admin at");
    let metrics = || ask(admin, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").text();
    assert!(comes(|| metrics().contains("bailiwick_connections 0\n")));
    // Nobody is asked about it any more.
    assert!(comes(|| !asking.approvals(&["list"]).1.contains(&name)), "the question stays");
    let (status, text) = asking.approvals(&["approve", &name]);
    assert!(status == 1 && text.contains("not asked any more"), "{text}");
    let other = ask(
        asking.gateway.address,
        post(
            "/mcp",
            &asking.session,
            &bailiwick_testkit::serde_json::json!({"jsonrpc": "2.0", "id": 9, "method": "ping"}),
        ),
    );
    assert_eq!(other.status(), 200);
    assert_eq!(asking.calls(), 0);
}

#[test]
fn a_client_hears_that_its_call_waits() {
    let asking = asking("5m");
    let mut waits = Connection::open(asking.gateway.address);
    let mut message = call(1, "a");
    message["params"]["_meta"] = json!({"progressToken": "p"});
    waits.send(post("/mcp", &asking.session, &message));
    let (name, _) = asking.question("\"a\"");
    let head = waits.head();
    assert_eq!((head.status(), head.header("content-type")), (200, Some("text/event-stream")));
    let sign = waits.until("a person's approval");
    for words in [":\n\n", "notifications/progress", "\"progressToken\":\"p\"", "a person's approval"] {
        assert!(sign.contains(words), "{words}: {sign}");
    }
    assert_eq!(asking.approvals(&["approve", &name]).0, 0);
    assert!(waits.until("one \\\"a\\\"").contains("one \\\"a\\\""));
    assert_eq!(asking.calls(), 1);
}

/// A server that asks its client with the id 9 before it answers a call, and says in that what it was answered.
fn asks_back() -> Upstream {
    let answers = Arc::new((Mutex::new(Vec::<String>::new()), Condvar::new()));
    Upstream::start(move |request: &Text, stream: &mut TcpStream| {
        let Ok(message) = serde_json::from_slice::<Value>(&request.body) else {
            return reply(stream, "405 Method Not Allowed", "", "");
        };
        let id = &message["id"];
        match message["method"].as_str().unwrap_or_default() {
            "" => {
                answers.0.lock().expect("no panic").push(request.text());
                answers.1.notify_all();
                reply(stream, "202 Accepted", "", "")
            }
            "initialize" => {
                let result = json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                    "serverInfo": {"name": "s", "version": "1"}});
                let headers = "Content-Type: application/json\r\nMcp-Session-Id: theirs\r\n";
                let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
                reply(stream, "200 OK", headers, &answer)
            }
            "tools/list" => {
                let tools = json!({"tools": [{"name": "read", "inputSchema": {"type": "object"}}]});
                reply_json(stream, &json!({"jsonrpc": "2.0", "id": id, "result": tools}).to_string())
            }
            "tools/call" => {
                let form = json!({"type": "object", "properties": {"name": {"type": "string"}}});
                let asked = json!({"jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params":
                    {"mode": "form", "message": "Your name?", "requestedSchema": form}});
                begin_events(stream);
                chunk(stream, &format!("data: {asked}\n\n"));
                let waiting = answers.0.lock().expect("no panic");
                let waited = answers.1.wait_timeout_while(waiting, PATIENCE, |all| all.is_empty());
                let said = waited.expect("no panic").0.pop().unwrap_or_default();
                let result = json!({"content": [{"type": "text", "text": said}]});
                chunk(
                    stream,
                    &format!("data: {}\n\n", json!({"jsonrpc": "2.0", "id": id, "result": result})),
                );
                chunk(stream, "");
                true
            }
            _ => reply(stream, "202 Accepted", "", ""),
        }
    })
}

#[test]
fn a_servers_question_goes_to_a_person_before_it_goes_to_the_client() {
    let policy = "version: 1\nname: asks\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: ['*/read'] }\n  - { id: forms, effect: ask, on: [elicitation] }\n";
    let asking = before(asks_back(), policy, &[]);
    let address = asking.gateway.address;
    let mut waits = asking.call(1, "a");
    assert_eq!(waits.head().status(), 200);
    let (name, text) = asking.question("elicitation/create");
    assert!(text.contains("Your name?"), "{text}");
    assert_eq!(asking.approvals(&["approve", &name]).0, 0);
    assert!(waits.until("elicitation/create").contains("elicitation/create"), "it is let through");
    let answer =
        json!({"jsonrpc": "2.0", "id": 9, "result": {"action": "accept", "content": {"name": "Ana"}}});
    assert_eq!(ask(address, post("/mcp", &asking.session, &answer)).status(), 202);
    assert!(waits.until("Ana").contains("Ana"));
    let mut waits = asking.call(2, "b");
    assert_eq!(waits.head().status(), 200);
    let (name, _) = asking.question("elicitation/create");
    assert_eq!(asking.approvals(&["deny", &name]).0, 0);
    let answer = waits.until("decline");
    assert!(!answer.contains("elicitation/create") && answer.contains("decline"), "{answer}");
}

#[test]
fn two_people_must_be_two_and_have_the_role() {
    let shared = std::env::temp_dir().join(format!("bailiwick-approvals-{}", std::process::id()));
    std::fs::create_dir(&shared).expect("a folder for both");
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o750)).expect("open to its group");
    let folder = shared.display().to_string();
    let asking = asking_with("ttl: 5m, min: 2, from: lead", &["--approvals", &folder]);
    let mut waits = asking.call(1, "a");
    // It is in the folder, and not where this user's own gateways are.
    assert_eq!(asking.approvals(&["list"]).0, 3);
    let list = || asking.approvals(&["list", "--folder", &folder]).1;
    assert!(comes(|| list().contains("2 people with the role lead must approve")));
    let text = list();
    let name = text.lines().find(|line| line.contains("denied in")).and_then(|line| line.split(' ').next());
    let approve = ["approve", name.expect("a name"), "--folder", &folder];
    let (status, text) = asking.approvals(&approve);
    assert!(status == 0 && text.contains("1 of 2 people with the role lead"), "{text}");
    let (status, text) = asking.approvals(&approve);
    assert!(status == 0 && text.contains("who had approved already"), "{text}");
    assert_eq!(asking.calls(), 0, "the same person twice is one");
    // Only root can be somebody else.
    let is_root = std::fs::metadata("/proc/self").expect("ourselves").uid() == 0;
    if is_root {
        let group = std::fs::metadata(&shared).expect("the folder").gid();
        let mut nobody = Command::new(bailiwick_testkit::route::binary(BUILT));
        let (status, text) = asking.approvals_of(nobody.current_dir("/").uid(65_534).gid(group), &approve);
        assert!(status == 0, "{text}");
        assert!(said(&waits.answer()).starts_with("one "));
        let audit = std::fs::read_to_string(asking.place.at("audit.jsonl")).expect("a log");
        assert!(
            audit.contains(
                "approved: with `bailiwick approvals` by user:root, with `bailiwick approvals` by "
            ),
            "{audit}"
        );
    }
    drop(asking);
    std::fs::remove_dir_all(&shared).expect("the folder goes");
}

#[test]
fn a_folder_in_which_everybody_may_write_is_not_used() {
    let place = Workplace::new();
    let folder = place.at("open");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).expect("open to all");
    let out = Command::new(bailiwick_testkit::route::binary(BUILT))
        .args([
            "gateway",
            "--listen",
            "127.0.0.1:0",
            "--target",
            "http://127.0.0.1:9/mcp",
            "--approvals",
            &folder,
        ])
        .env_clear()
        .envs(place.environment())
        .env("BAILIWICK_STATE_DIR", place.at("state"))
        .current_dir(place.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(78) && text.contains("everybody may write"), "{text}");
}

/// Questions of one run that may wait at once, and of all.
const OPEN_MAX: (i64, i64) = (64, 256);

#[test]
fn more_questions_than_may_wait_are_denied_without_being_asked() {
    let asking = asking("5m");
    let of_run = |session: &str, id: i64| {
        let mut connection = Connection::open(asking.gateway.address);
        connection.send(post("/mcp", session, &call(id, &format!("file-{id}"))));
        connection
    };
    let sessions: Vec<String> = (0..5).map(|_| session(asking.gateway.address, "/mcp")).collect();
    let (of_one, of_all) = OPEN_MAX;
    let mut waiting: Vec<Connection> =
        (0..of_all).map(|id| of_run(&sessions[usize::try_from(id / of_one).expect("few")], id)).collect();
    let listed = || asking.approvals(&["list"]).1.matches("denied in").count();
    assert!(comes(|| listed() == waiting.len()), "{} are asked about", listed());
    for (session, words) in [(0, "too many questions are open"), (4, "too many questions wait")] {
        let denied = of_run(&sessions[session], 1_000).answer().json();
        assert_eq!(denied["result"]["isError"], true, "{denied}");
        let audit = std::fs::read_to_string(asking.place.at("audit.jsonl")).expect("a log");
        assert!(audit.contains(words), "{words}: {denied}");
    }
    assert_eq!(listed(), waiting.len());
    // A place is free as soon as one is answered.
    let page = asking.approvals(&["list"]).1;
    let before = page
        .split("file-7\"")
        .next()
        .and_then(|before| before.lines().rfind(|line| line.contains("denied in")));
    let name = before.and_then(|line| line.split(' ').next()).expect("a name");
    assert_eq!(asking.approvals(&["approve", name]).0, 0);
    assert!(said(&waiting.remove(7).answer()).contains("file-7"));
    let _waits = of_run(&sessions[4], 1_001);
    asking.question("file-1001");
    assert_eq!(asking.calls(), 1);
}

#[test]
fn what_becomes_of_one_question_is_nothing_to_another() {
    let policy = "version: 1\nname: asks\ndefault: deny\nrules:\n  - { id: some, effect: ask, on: ['*/read'], args: { path: { in: [wait] } } }\n  - { id: reads, effect: allow, on: ['*/read'] }\n  - { id: forms, effect: ask, on: [elicitation] }\n";
    let asking = before(asks_back(), policy, &[]);
    let named = |words: &str| {
        let name = || {
            let text = asking.approvals(&["list"]).1;
            let at = text.find(words)?;
            let line = text.get(..at)?.lines().rfind(|line| line.contains("denied in"))?;
            line.split(' ').next().map(str::to_owned)
        };
        found(name).unwrap_or_else(|| panic!("no question about {words}"))
    };
    // The server's own question has the id of the call that waits.
    let _waits = asking.call(9, "wait");
    let held = named("\"wait\"");
    let mut other = asking.call(1, "a");
    assert_eq!(other.head().status(), 200);
    assert_eq!(asking.approvals(&["approve", &named("elicitation/create")]).0, 0);
    assert!(other.until("elicitation/create").contains("elicitation/create"), "it is let through");
    let answer = json!({"jsonrpc": "2.0", "id": 9, "result": {"action": "decline"}});
    assert_eq!(ask(asking.gateway.address, post("/mcp", &asking.session, &answer)).status(), 202);
    other.until("decline");
    // Who was to hear the next one leaves before a person lets it through.
    let left = asking.call(2, "b");
    let form = named("elicitation/create");
    drop(left);
    assert_eq!(asking.approvals(&["approve", &form]).0, 0);
    let calls = asking.calls();
    assert_eq!(asking.approvals(&["approve", &held]).0, 0);
    assert!(comes(|| asking.calls() == calls + 1), "the call that waited is sent on");
}
