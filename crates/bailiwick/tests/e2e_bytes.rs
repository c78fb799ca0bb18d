//! Byte for byte: a message that the policy does not change arrives as it was written, in both directions.
#![expect(clippy::indexing_slicing, reason = "a test says so by a panic when it fails")]

use bailiwick_testkit::compare::{self, assert_identical, converse};
use bailiwick_testkit::recorder;
use bailiwick_testkit::route::Route;
use bailiwick_testkit::script::request_of;
use bailiwick_testkit::serde_json::{Value, json};
use bailiwick_testkit::servers::Server;
use bailiwick_testkit::tools::repository;
use bailiwick_testkit::wire::{Wire, request};
use bailiwick_testkit::workplace::Workplace;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

fn routes() -> [Route; 2] {
    let allow_all = repository().join("crates/bailiwick/tests/policies/allow-all.yaml").display().to_string();
    [Route::bailiwick(BUILT, ["--mode", "observe"]), Route::bailiwick(BUILT, ["--policy", &allow_all])]
}

/// The conversation of the real clients, as lines: ids of both types, and progress wherever a call can report it.
fn transcript(server: Server, place: &Workplace, version: &str) -> Vec<Vec<u8>> {
    let modern = version == "2026-07-28";
    let hello = if modern {
        request("hello", "server/discover", json!({}))
    } else {
        let client = json!({"name": "wire", "version": "1", "unknown": 2.50});
        request(
            "hello",
            "initialize",
            json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client}),
        )
    };
    let steps = server.steps(place, version);
    let requests = steps.iter().filter(|step| step["do"] != "cancel_call").map(request_of).enumerate().map(
        |(n, (method, params))| {
            let id = if n % 2 == 0 { json!(n) } else { json!(format!("text {n}")) };
            let mut message = request(id, method, params);
            if method == "tools/call" {
                message["params"]["_meta"] = json!({"progressToken": n, "example.org/unknown": null});
            }
            message
        },
    );
    let mut messages: Vec<Value> = std::iter::once(hello).chain(requests).collect();
    if modern {
        for message in &mut messages {
            message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(version);
            message["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
            message["params"]["_meta"]["io.modelcontextprotocol/clientInfo"] =
                json!({"name": "wire", "version": "1"});
        }
    } else {
        messages.insert(1, json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    }
    messages.iter().map(|message| message.to_string().into_bytes()).collect()
}

fn is_identical(server: Server) {
    let newest = if server.speaks_modern() { "2026-07-28" } else { "2025-11-25" };
    for version in ["2024-11-05", newest] {
        let place = Workplace::new();
        server.prepare(&place);
        let lines = transcript(server, &place, version);
        let talk = |route: &Route, run: &str| converse(&place, route, &server.command(&place, run), &lines);
        let direct = talk(&Route::Direct, "direct");
        let requests = lines.len() - usize::from(version != "2026-07-28");
        assert_eq!(direct.answers.len(), requests, "every request was answered");
        let mask = if server == Server::Time { compare::without_dates } else { compare::unmasked };
        for (run, route) in routes().iter().enumerate() {
            assert_identical(&direct, &talk(route, &format!("run{run}")), mask);
        }
    }
}

macro_rules! answers_are_identical {
    ($($name:ident $server:ident;)*) => {$(
        #[test]
        fn $name() {
            is_identical(Server::$server);
        }
    )*};
}

answers_are_identical! {
    answers_of_filesystem_are_identical Filesystem;
    answers_of_everything_are_identical Everything;
    answers_of_memory_are_identical Memory;
    answers_of_git_are_identical Git;
    answers_of_time_are_identical Time;
    answers_of_typescript_v2_are_identical TypescriptV2;
}

/// Spellings that no serializer would keep: what the server reads is what the client wrote.
const ODDLY_WRITTEN: [&str; 7] = [
    r#"{"id":1,"jsonrpc":"2.0","params":{"arguments":{"n":2.50,"big":12345678901234567890,"e":1E+2},"name":"echo"},"method":"tools/call"}"#,
    r#"{ "jsonrpc" : "2.0" , "id" : "\u0061\/b" , "method" : "tools\/call" , "params" : { "name" : "\u0065cho" , "arguments" : { } } }"#,
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"t\":\"a\u{2028}b\u{85}c\u{1f600}\"}}}",
    r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"pair":"\ud83d\ude00","nul":"\u0000"},"_meta":{"x.example/y":[]}},"extra":{"kept":[1,2,3]}}"#,
    r#"{"jsonrpc":"2.0","id":9007199254740991,"method":"resources/read","params":{"uri":"test://a/%2e%2e/b"}}"#,
    r#"{"jsonrpc":"2.0","params":{"name":"silent"},"id":"to be cancelled","method":"tools/call"}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"to be \u0063ancelled","reason":"\t"}}"#,
];

#[test]
fn the_server_reads_the_bytes_that_the_client_wrote() {
    for route in routes() {
        let place = Workplace::new();
        let server = recorder::command(&place, "");
        let mut wire = Wire::start(&place, &route, &server);
        wire.handshake("2025-11-25");
        // From here on no call waits for the list of tools, so that everything has come when the last ping is answered.
        wire.ask(&request("tools", "tools/list", json!({})));
        for line in ODDLY_WRITTEN {
            wire.send(line);
        }
        wire.ask(&request("last", "ping", json!({})));
        let arrived: Vec<String> = recorder::arrivals(&place)
            .into_iter()
            .map(|arrival| String::from_utf8(arrival.line).expect("UTF-8"))
            .collect();
        for line in ODDLY_WRITTEN {
            assert!(
                arrived.iter().any(|other| other == line),
                "not as it was written: {line}\narrived: {arrived:#?}"
            );
        }
    }
}

#[test]
fn the_client_reads_the_bytes_that_the_server_wrote() {
    let odd = "{\"params\" : {\"data\":[1.0,2.50,1e2,\"\\u0041\u{2028}\"],\"level\":\"info\", \"x\":null},\"jsonrpc\":\"2.0\",\"method\":\"notifications\\/message\"}";
    for route in routes() {
        let place = Workplace::new();
        let server = recorder::command(&place, "");
        let mut wire = Wire::start(&place, &route, &server);
        wire.handshake("2025-11-25");
        let latin1: String = format!("{odd}\n").bytes().map(char::from).collect();
        wire.send(
            request(1, "tools/call", json!({"name": "emit", "arguments": {"before": latin1}})).to_string(),
        );
        let lines = wire.read_answer(&json!(1));
        assert!(lines.iter().any(|line| line == odd.as_bytes()), "{lines:?}");
    }
}

/// The comparison itself: a relay passes, and one that only prints the JSON anew does not.
#[test]
fn a_relay_is_identical_and_a_reformatter_is_not() {
    let place = Workplace::new();
    let lines = transcript(Server::Memory, &place, "2025-11-25");
    let talk =
        |route: Route, run: &str| converse(&place, &route, &Server::Memory.command(&place, run), &lines);
    let direct = talk(Route::Direct, "direct");
    assert_eq!(direct, talk(Route::Relay, "relayed"));
    assert_ne!(direct.answers, talk(Route::Reformat, "reformatted").answers);
}
