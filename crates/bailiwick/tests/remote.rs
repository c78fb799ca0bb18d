//! Servers that are reached over the network: their entries are wrapped by a bridge, governed like any other, and put back.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use bailiwick_clients::config::read;
use bailiwick_clients::table::Table;
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::script::{Client, ServerCommand, node_driver};
use bailiwick_testkit::serde_json::{Value, from_str, json};
use bailiwick_testkit::servers::call;
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");
const POLICY: &str = "
version: 1
default: deny
rules:
  - { id: all, effect: allow, on: ['*/add', '*/slow', '*/remove'] }
  - { id: no-hosts, effect: deny, on: ['*/remove'], args: { path: { path: ['/etc/**'] } } }
";

fn bailiwick(place: &Workplace, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(BUILT);
    command.args(args).env_clear().envs(place.environment()).env("TOKEN", "t0p").current_dir(place.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn said(place: &Workplace, code: i32, args: &[&str]) -> String {
    let out = bailiwick(place, args, "");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}");
    text
}

/// The one server of VS Code, as VS Code would launch it.
fn entry(place: &Workplace) -> ServerCommand {
    let text = fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration");
    let table = Table::bundled().expect("a table");
    let server = read(&text, &table.clients["vscode"].files[0].reading()).expect("JSON").servers.remove(0);
    let set = server.environment.iter().map(|set| (set.name.clone(), set.value.text.clone()));
    ServerCommand {
        command: server.words().into_iter().map(str::to_owned).collect(),
        environment: set.collect(),
    }
}

const CONFIGURATION: &str = "home/.config/Code/User/mcp.json";

#[test]
fn a_remote_entry_is_recorded_enforced_proven_and_put_back() {
    let place = Workplace::new();
    let policy = place.file("policy.yaml", POLICY).display().to_string();
    let open =
        place.file("open.yaml", "version: 1\nunsafe-default: allow\ndefault: allow\n").display().to_string();
    let server = node_driver("server-v2.mjs");
    let own =
        ["--server", "far", "--policy", &open, "--"].into_iter().chain(server.iter().map(String::as_str));
    let gateway = Gateway::start(BUILT, &place, "stdio", own);
    let text = format!(
        "{{\r\n  // far away\r\n  \"servers\": {{\r\n    \"far\": {{\r\n      \"type\": \"http\",\r\n      \"url\": \"{}\",\r\n      \"headers\": {{ \"Authorization\": \"Bearer s3cret\" }},\r\n    }},\r\n  }},\r\n}}\r\n",
        gateway.url()
    );
    place.file(CONFIGURATION, &text);

    // It is asked over the network as it is, by the same bridge that stands there later.
    let locked = said(&place, 0, &["lock", "--client", "vscode", "--yes"]);
    assert!(locked.contains("1 server locked"), "{locked}");
    let lock = fs::read_to_string(place.path().join("bailiwick.lock")).expect("a lock file");
    assert!(lock.contains("\"bailiwick\",") && !lock.contains("s3cret"), "{lock}");
    let scan = ["scan", "--client", "vscode", "--tools", "--yes", "--fail-on", "never"];
    let scan = said(&place, 0, &scan);
    assert!(!scan.contains("not inspected: what"), "{scan}");
    said(&place, 0, &["record", "--client", "vscode"]);
    let recorded = fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration");
    assert!(recorded.contains("\"bridge\", \"--header\", \"Authorization\", \"http://"), "{recorded}");
    let enforce = ["enforce", "--client", "vscode", "--policy", &policy, "--lock", "bailiwick.lock"];
    let told = said(&place, 0, &enforce);
    assert!(told.contains("proven:"), "{told}");
    let status = said(&place, 0, &["status", "--client", "vscode", "--prove", "--format", "json"]);
    let status: Value = from_str(status.trim()).expect("JSON");
    assert_eq!(status["servers"][0]["state"], "enforced", "{status}");
    for entry in fs::read_dir(place.path().join("home/.local/state/bailiwick/clients")).expect("undo records")
    {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a record");
        assert!(!text.contains("s3cret"), "a credential was copied: {text}");
    }

    for (client, version) in [(Client::Rmcp, "2025-11-25"), (Client::TypescriptV2, "2026-07-28")] {
        let steps = [
            json!({"do": "list_tools"}),
            call("add", json!({"a": 2, "b": 3})),
            call("slow", json!({"steps": 2, "pause_ms": 10})),
            call("remove", json!({"path": "/etc/hosts"})),
            call("no_such_tool", json!({})),
        ];
        let steps = client.play(&place, &Route::Direct, &entry(&place), version, &steps);
        let [greeting, _, sum, slow, denied, unknown] = &steps[..] else { panic!("{steps:?}") };
        assert_eq!(greeting.ok()["version"], version);
        assert_eq!(sum.ok()["content"][0]["text"], "5");
        assert_eq!(slow.ok()["content"][0]["text"], "done after 2");
        assert!(
            denied.ok()["content"][0]["text"].as_str().is_some_and(|text| text.contains("no-hosts")),
            "{denied:?}"
        );
        assert!(unknown.outcome.is_err(), "{unknown:?}");
    }

    said(&place, 0, &["lock", "--client", "vscode", "--yes", "--check"]);
    said(&place, 0, &["enforce", "--client", "vscode", "--stop"]);
    assert_eq!(fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration"), text);
}

#[test]
fn an_entry_that_only_its_client_can_sign_in_to_is_named_and_left_alone() {
    let place = Workplace::new();
    let text = "{\"servers\":{\"far\":{\"url\":\"https://mcp.example.com\",\"oauth\":{\"clientId\":\"x\"}}}}";
    place.file(CONFIGURATION, text);
    let told = said(&place, 1, &["enforce", "--client", "vscode", "--policy", "standard"]);
    assert!(told.contains("not covered: vscode/far") && told.contains("`oauth`"), "{told}");
    assert_eq!(fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration"), text);
}

/// A server of our own making: what it was sent, and answers of every kind.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let kept = Arc::clone(&kept);
            thread::spawn(move || serve(stream, &kept));
        }
    });
    (url, heads)
}

fn serve(stream: TcpStream, heads: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut writer = stream;
    while let Some((head, body)) = request_of(&mut reader) {
        let answer = answer(&head, &body);
        heads.lock().expect("no panic").push(format!("{head}{body}"));
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Head in small letters, and body.
fn request_of(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return None;
        }
    }
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).expect("a body");
    Some((head, String::from_utf8(body).expect("text")))
}

fn answer(head: &str, body: &str) -> String {
    let whole = |status: &str, extra: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let plain = "Content-Type: application/json\r\n";
    if head.starts_with("get ") {
        // Taken up behind an event whose id names what was asked.
        let asked = head.split("last-event-id: for-").nth(1).and_then(|rest| rest.split("\r\n").next());
        return match asked {
            Some(id) => {
                let events = format!(
                    "id: for-{id}\ndata: {{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"taken\":\"up\"}}}}\n\n"
                );
                whole("200 OK", "Content-Type: text/event-stream\r\n", &events)
            }
            None => whole("405 Method Not Allowed", "", ""),
        };
    }
    let message: Value = from_str(body).unwrap_or_default();
    let id = &message["id"];
    match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            let result = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}});
            let body = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
            whole("200 OK", &format!("{plain}Mcp-Session-Id: abc\r\n"), &body)
        }
        // Pretty JSON over several lines of data, and something else of the server before it.
        "ping" => {
            let events = format!(
                "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}}\n\ndata: {{\"jsonrpc\":\"2.0\",\ndata:   \"id\":{id},\ndata:   \"result\":{{}}}}\n\n"
            );
            whole("200 OK", "Content-Type: text/event-stream\r\n", &events)
        }
        "sign-in" => {
            let challenge = "WWW-Authenticate: Bearer resource_metadata=\"https://a.example/x\"\r\n";
            whole("401 Unauthorized", challenge, "who are you?")
        }
        "broken" => {
            let events = format!("id: for-{id}\nretry: 10\ndata:\n\n");
            whole("200 OK", "Content-Type: text/event-stream\r\n", &events)
        }
        "elsewhere" => whole("302 Found", "Location: http://127.0.0.1:9/steal\r\n", ""),
        "cut" => whole("200 OK", "Content-Type: text/event-stream\r\n", ": nothing\n\n"),
        "wrong" => {
            let body =
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32602, "message": "no"}}).to_string();
            whole("400 Bad Request", plain, &body)
        }
        _ => whole("202 Accepted", "", ""),
    }
}

#[test]
fn every_answer_of_a_remote_server_becomes_a_line_and_every_failure_an_error() {
    let (url, heads) = server();
    let place = Workplace::new();
    let request =
        |id: u32, method: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\"}}\n");
    let mut input = request(1, "initialize");
    input.push_str("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\nno message at all\n");
    let methods = ["ping", "sign-in", "elsewhere", "cut", "wrong", "none", "broken"];
    for (id, method) in (2..).zip(methods) {
        input.push_str(&request(id, method));
    }
    // The gate closes its end when it wants no more; the bridge waits for what is on its way.
    let out = bailiwick(&place, &["bridge", "--header", "Authorization=TOKEN", &url], &input);
    let text = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let lines: Vec<Value> = text.lines().map(|line| from_str(line).expect("a message a line")).collect();
    let of = |id: u32| {
        lines.iter().find(|line| line["id"] == id).unwrap_or_else(|| panic!("no answer to {id}: {text}"))
    };
    assert_eq!(of(1)["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(of(2)["result"], json!({}));
    assert_eq!(of(8)["result"]["taken"], "up");
    assert!(lines.iter().any(|line| line["method"] == "notifications/x"), "{text}");
    for (id, words) in [
        (3, "sign-in, by OAuth, (401, Bearer)"),
        (4, "elsewhere"),
        (5, "before its answer"),
        (6, "no"),
        (7, "no answer"),
    ] {
        let message = of(id)["error"]["message"].as_str().expect("an error").to_owned();
        assert!(message.contains(words), "{id}: {message}");
    }
    let heads = heads.lock().expect("no panic");
    assert!(heads.iter().all(|head| head.contains("authorization: t0p\r\n")), "{heads:?}");
    assert!(!heads[0].contains("mcp-session-id"), "{}", heads[0]);
    let later = heads.iter().filter(|head| !head.contains("\"initialize\""));
    for head in later {
        assert!(
            head.contains("mcp-session-id: abc\r\n") && head.contains("mcp-protocol-version: 2025-06-18\r\n"),
            "{head}"
        );
    }
    assert!(heads.last().is_some_and(|head| head.starts_with("delete ")), "the session was not ended");
}

/// A server of HTTP+SSE: it says on a stream where to post, and answers there.
fn old_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/sse", listener.local_addr().expect("an address"));
    let stream = Arc::new(Mutex::new(None::<TcpStream>));
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let stream = Arc::clone(&stream);
            thread::spawn(move || serve_old(connection, &stream));
        }
    });
    url
}

fn serve_old(connection: TcpStream, stream: &Mutex<Option<TcpStream>>) {
    let mut reader = BufReader::new(connection.try_clone().expect("a stream"));
    let mut writer = connection;
    while let Some((head, body)) = request_of(&mut reader) {
        let answer = match (head.starts_with("get /sse "), head.starts_with("post /message?session=1 ")) {
            (true, _) => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
                let first = format!("{head}event: endpoint\ndata: /message?session=1\n\n");
                // Whoever posts as soon as it knows where waits until it can be answered.
                let mut kept = stream.lock().expect("no panic");
                writer.write_all(first.as_bytes()).expect("it listens");
                *kept = Some(writer);
                return;
            }
            (false, true) => {
                let message: Value = from_str(&body).expect("a message");
                let result = json!({"protocolVersion": "2024-11-05", "capabilities": {}, "serverInfo": {"name": "old", "version": "1"}});
                if !message["id"].is_null() {
                    let event = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
                    let mut stream = stream.lock().expect("no panic");
                    let stream = stream.as_mut().expect("it listens");
                    // The answer comes later than that it will come.
                    thread::sleep(std::time::Duration::from_millis(20));
                    write!(stream, "event: message\ndata: {event}\n\n").expect("it listens");
                }
                "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
            }
            (false, false) => "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n",
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_server_of_http_and_sse_is_found_out_and_spoken_to() {
    let url = old_server();
    let place = Workplace::new();
    let mut input = String::new();
    for (id, method) in [(1, "initialize"), (2, "ping"), (3, "tools/list")] {
        input.push_str(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\"}}\n"));
        if id == 1 {
            input.push_str("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
        }
    }
    let out = bailiwick(&place, &["bridge", &url], &input);
    let text = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut ids: Vec<u64> = text
        .lines()
        .map(|line| from_str::<Value>(line).expect("a message a line"))
        .map(|line| line["id"].as_u64().filter(|_| line["result"]["serverInfo"]["name"] == "old"))
        .map(|id| id.unwrap_or_else(|| panic!("{text}")))
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3], "{text}");
    // An entry of that type is wrapped as others are.
    place.file(CONFIGURATION, &format!("{{\"servers\":{{\"far\":{{\"type\":\"sse\",\"url\":\"{url}\"}}}}}}"));
    let before = fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration");
    said(&place, 0, &["record", "--client", "vscode"]);
    let recorded = fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration");
    assert!(recorded.contains("\"type\":\"stdio\"") && recorded.contains("\"bridge\""), "{recorded}");
    said(&place, 0, &["record", "--client", "vscode", "--stop"]);
    assert_eq!(fs::read_to_string(place.path().join(CONFIGURATION)).expect("a configuration"), before);
}

#[test]
fn what_is_no_address_and_what_has_no_value_is_refused() {
    let place = Workplace::new();
    for (code, args) in [
        (2, &["bridge", "ftp://example.com"][..]),
        (2, &["bridge", "/etc/passwd"]),
        (2, &["bridge", "https://ana:pw@example.com/mcp"]),
        (2, &["bridge", "--header", "not a name", "https://example.com/mcp"]),
        (78, &["bridge", "--header", "X-Key=NOT_SET", "https://example.com/mcp"]),
    ] {
        said(&place, code, args);
    }
}
