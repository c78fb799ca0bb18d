//! The façade: the examples run, and what it refuses.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of the tests stop at what they do not expect, as the tests do"
)]
#![expect(clippy::duplicate_mod, reason = "each example is a program with the same module")]

#[expect(dead_code, reason = "they are programs, too")]
#[path = "../examples/bridged.rs"]
mod bridged;
#[expect(dead_code, reason = "they are programs, too")]
#[path = "../examples/embedded.rs"]
mod embedded;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use bailiwick::{
    Audit, AuditError, Bridge, Error, Gateway, HeaderValue, HttpLimits, RunBy, Setup, Store, Supervisor,
};
use bailiwick_testkit::http::{Upstream, ask, post, reply, reply_json};

const OURS: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Puts a log into files, and has the command look at it: what it says of its records.
fn verified(folder: &Path, lines: &[u8], checkpoint: &str) -> String {
    let path = folder.join("ledger.jsonl");
    fs::write(&path, lines).unwrap();
    fs::write(folder.join("ledger.jsonl.checkpoint"), checkpoint).unwrap();
    let key = fs::read_to_string(folder.join("key/audit.pub")).unwrap();
    let verify =
        Command::new(OURS).args(["audit", "verify", "--key", key.trim()]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&verify.stdout).into_owned();
    assert!(verify.status.success(), "{said}{}", String::from_utf8_lossy(&verify.stderr));
    String::from_utf8(lines.to_vec()).unwrap()
}

#[test]
fn a_program_says_who_calls_keeps_what_is_asked_and_gets_the_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let shown = embedded::show(folder.path()).unwrap();
    let expected = [
        ("a stranger", "401", "a key, please"),
        ("ana reads", "200", "done"),
        ("ana reads a key", "200", "keys stay here"),
        ("ben reads", "200", "Unknown tool"),
        ("ben writes a little", "200", "done"),
        ("ben writes much", "200", "too long for the office"),
    ];
    assert_eq!(shown.came.len(), expected.len());
    for ((what, answer), (name, status, words)) in shown.came.iter().zip(expected) {
        assert_eq!(*what, name);
        let fine = answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words);
        assert!(fine, "{what}: {answer}");
    }
    let [yes, no] = shown.answered.as_slice() else { panic!("{:?}", shown.answered) };
    assert!(yes.starts_with("yes to user:ben") && yes.ends_with("(Settled)"), "{yes}");
    assert!(no.starts_with("no to user:ben"), "{no}");
    let log = verified(folder.path(), &shown.pages.lines, &shown.pages.checkpoint);
    for record in ["\"kind\":\"start\"", "\"principal\":\"user:ana\"", "keys stay here", "\"kind\":\"stop\""]
    {
        assert!(log.contains(record), "{record} in {log}");
    }
}

#[test]
fn a_program_stands_between_its_client_and_a_server_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let shown = bridged::show(folder.path(), &Supervisor::at(OURS)).unwrap();
    let expected = ["done", "Unknown tool", "done", "too long for the office"];
    assert_eq!((shown.came.len(), shown.status), (expected.len(), 0));
    for (answer, words) in shown.came.iter().zip(expected) {
        assert!(answer.contains(words), "{answer}");
    }
    assert_eq!(shown.answered.len(), 2, "{:?}", shown.answered);
    assert!(shown.answered[0].ends_with("(Settled)"), "{:?}", shown.answered);
    let log = verified(folder.path(), &shown.pages.lines, &shown.pages.checkpoint);
    assert!(log.contains("\"kind\":\"stop\"") && log.contains("the client closed its end"), "{log}");
}

/// A log's place that takes only so many batches.
#[derive(Debug)]
struct Narrow(Arc<AtomicUsize>);

impl Store for Narrow {
    fn append(&self, _offset: u64, lines: &[u8]) -> Result<usize, AuditError> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| lines.len()).map_err(|_| AuditError::store("it is full"))
    }

    fn sync(&self) -> Result<(), AuditError> {
        Ok(())
    }

    fn checkpoint(&self, _note: &str) -> Result<(), AuditError> {
        Ok(())
    }
}

/// A setup whose log is in `folder`.
fn setup(folder: &Path) -> Setup {
    Setup::new(Audit::file(folder.join("audit.jsonl")).key_directory(folder.join("key")))
}

#[test]
fn a_sink_that_takes_nothing_more_refuses_messages_before_the_server_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let (room, seen) = (Arc::new(AtomicUsize::new(1_000)), folder.path().join("seen"));
    let sounded = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&sounded);
    let setup = Setup::new(Audit::store(Narrow(Arc::clone(&room))).key_directory(folder.path().join("key")))
        .policy("permissive")
        .alarm(move |error| {
            told.fetch_add(usize::from(error.is_some()), Ordering::SeqCst);
        });
    let server = format!("cat > '{}'", seen.display());
    let bridge = Bridge::to(["sh", "-c", server.as_str()], &Supervisor::at(OURS), setup);
    let ((input, mut to_bridge), (mut from_bridge, output)) =
        (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let running = thread::spawn(move || bridge.run(input, output));
    let ping = |id: u32| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
    to_bridge.write_all(ping(1).as_bytes()).unwrap();
    while !fs::read_to_string(&seen).is_ok_and(|seen| seen == ping(1)) {
        thread::yield_now();
    }
    room.store(0, Ordering::SeqCst);
    to_bridge.write_all(ping(2).as_bytes()).unwrap();
    let mut said = String::new();
    let mut bytes = [0; 4096];
    while !said.contains("\"id\":2,\"error\"") {
        let count = from_bridge.read(&mut bytes).unwrap();
        assert!(count > 0, "it ended with {said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    assert_eq!(sounded.load(Ordering::SeqCst), 1);
    drop(to_bridge);
    let ended = running.join().unwrap();
    assert!(
        matches!(ended, Err(Error::Audit(AuditError::Store { .. }))),
        "its last words are lost: {ended:?}"
    );
    assert_eq!(fs::read_to_string(&seen).unwrap(), ping(1), "the second never reached the server");
}

#[test]
fn a_client_that_outlives_the_server_has_its_end_closed() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Bridge::to(["sh", "-c", "exit 7"], &Supervisor::at(OURS), setup(folder.path()));
    let ((input, to_bridge), (mut from_bridge, output)) =
        (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    let running = thread::spawn(move || bridge.run(input, output));
    let mut said = String::new();
    from_bridge.read_to_string(&mut said).unwrap();
    assert_eq!((said.as_str(), running.join().unwrap().unwrap().status()), ("", 7));
    drop(to_bridge);
}

#[test]
fn what_is_wrong_is_said_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit.jsonl");
    let url = "http://127.0.0.1:9/mcp";
    let refused = |gateway: Gateway, words: &str| {
        let error = gateway.start().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(!log.exists(), "{error}");
    };
    let setup = || setup(folder.path());
    refused(Gateway::to(url, setup()).listen(([0, 0, 0, 0], 0)), "nobody would have to say who they are");
    refused(Gateway::to("ftp://a/b", setup()), "no http or https URL");
    refused(Gateway::to("http://me:secret@a/b", setup()), "as a header");
    refused(Gateway::to(url, setup()).path("mcp"), "no plain path");
    refused(Gateway::to(url, setup()).tls("", ""), "no certificate");
    refused(Gateway::to("https://a/b", setup()).authorities("none"), "certificates of authorities");
    refused(Gateway::to(url, setup()).forward_header("Mcp-Session-Id"), "the gateway's own");
    refused(Gateway::to(url, setup()).header("Host", HeaderValue::from_static("a")), "the gateway's own");
    refused(Gateway::to(url, setup()).forward_header("no name"), "no name of a header");
    refused(Gateway::to(url, setup().policy("standart")), "did you mean `standard`?");
    refused(Gateway::to(url, setup().policy("mine")), "bundled are: ");
    refused(Gateway::to(url, setup().server("a/b")), "holds a blank");
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "version: 1\nrules:\n  - { id: a, effect: alow, on: ['*/*'] }\n").unwrap();
    refused(Gateway::to(url, setup().policy(policy.to_str().unwrap())), "alow");
    let error = Bridge::to([""; 0], &Supervisor::at(OURS), setup()).run(std::io::stdin(), std::io::stdout());
    assert!(error.unwrap_err().to_string().contains("command is empty"));
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;

#[test]
fn bounds_headers_runs_and_authorities_are_as_the_program_says() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [inside, outside, strange] = &folders;
    let upstream = Upstream::start(|request, stream| {
        let version =
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#;
        match request.text().contains("initialize") {
            true => reply_json(stream, &format!(r#"{{"jsonrpc":"2.0","id":0,"result":{version}}}"#)),
            false => reply(stream, "202 Accepted", "", ""),
        }
    });
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let inner = Gateway::to(upstream.url(), setup(inside.path()))
        .tls(made.cert.pem(), made.signing_key.serialize_pem())
        .forward_header("X-Team")
        .start()
        .unwrap();
    let url = format!("https://localhost:{}/mcp", inner.address().port());
    let limits = HttpLimits { sessions_max: 1, ..HttpLimits::DEFAULT };
    let outer = Gateway::to(&url, setup(outside.path()))
        .authorities(made.cert.pem())
        .forward_header("x-team")
        .run_by("header:X-Run".parse::<RunBy>().unwrap())
        .limits(limits)
        .start()
        .unwrap();
    let begin = |address, headers: &str| ask(address, post(INITIALIZE, headers)).status();
    assert_eq!(begin(outer.address(), "X-Team: blue\r\nX-Other: red\r\n"), 200);
    let seen = upstream.seen().remove(0);
    assert_eq!((seen.header("x-team"), seen.header("x-other")), (Some("blue"), None));
    assert_eq!(begin(outer.address(), ""), 503, "the session that there is room for is open");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let headers = format!(
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: server/discover\r\nX-Run: {}\r\n",
        "a".repeat(257)
    );
    let refused = ask(outer.address(), post(ping, &headers));
    assert_eq!(refused.status(), 400, "{}", refused.text());
    assert!(refused.text().contains("the name of the run is longer"), "{}", refused.text());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let unbelieving = Gateway::to(&url, setup(strange.path())).authorities(other.cert.pem()).start().unwrap();
    assert_eq!(begin(unbelieving.address(), ""), 502);
    for gateway in [unbelieving, outer, inner] {
        gateway.stop().unwrap();
    }
}

#[test]
fn policies_are_read_again_when_the_program_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("p.yaml");
    fs::write(&policy, "version: 1\ndefault: deny\n").unwrap();
    let setup = setup(folder.path()).policy(policy.to_str().unwrap());
    let gateway = Gateway::to("http://127.0.0.1:9/mcp", setup).start().unwrap();
    gateway.reload().unwrap();
    fs::write(&policy, "version: 2\n").unwrap();
    assert!(matches!(gateway.reload(), Err(Error::Policy(_))));
    gateway.stop().unwrap();
    let log = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    let outcomes: Vec<_> = log.lines().filter(|line| line.contains("\"kind\":\"reload\"")).collect();
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes[0].contains("succeeded") && outcomes[1].contains("failed"), "{outcomes:?}");
}

#[test]
fn a_server_that_is_a_command_is_started_behind_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let server = r#"read -r line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"in a shell","version":"1"}}}'; cat > /dev/null"#;
    let gateway = Gateway::to_command(["sh", "-c", server], &Supervisor::at(OURS), setup(folder.path()));
    let gateway = gateway.path("/notes").start().unwrap();
    let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;
    let mut stream = std::net::TcpStream::connect(gateway.address()).unwrap();
    let length = body.len();
    let head = format!(
        "POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("in a shell"), "{answer}");
    gateway.stop().unwrap();
    let log = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert!(log.contains("\"upstreams\":[\"server enforce standard "), "{log}");
}
