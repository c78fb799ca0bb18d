//! The cases of `cases/` through the gateway over HTTP, with a server over stdio whose bytes the test writes: the decisions in
//! the audit log are those of the engine, and so are those that follow again from its trace. What reaches either side byte for byte is for `cases_stdio.rs`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "cases/again.rs"]
mod again;
#[path = "../../engine/tests/cases/drive.rs"]
mod drive;
#[path = "cases/log.rs"]
mod log;
#[path = "cases/puppet.rs"]
#[expect(dead_code, reason = "what reaches the server is for the cases over stdio")]
mod puppet;

use bailiwick_engine::Scanner;
use bailiwick_testkit::cases::{self, Answer, Case, Deed, Observed, Seen, Step};
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::Connection;
use bailiwick_testkit::patience::{PATIENCE, comes, found};
use bailiwick_testkit::process::Signal;
use bailiwick_testkit::route::binary;
use bailiwick_testkit::serde_json::{self, Value};
use bailiwick_testkit::workplace::Workplace;
use drive::Places;
use puppet::Puppet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread::JoinHandle;
use std::{fs, thread};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Runs at a time. Most of a run is waiting for processes to start and end.
const AT_ONCE: usize = 6;
/// Most of the cases must be playable over HTTP, or this test shows nothing.
const PLAYED_MIN: usize = 210;

#[test]
fn every_case_is_decided_over_http_as_in_the_engine() {
    let cases = cases::all();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = match left_out(case) {
                        Some(reason) => Ok(Err(reason)),
                        None => std::panic::catch_unwind(|| play(case)).map(Ok),
                    };
                    results.lock().expect("no worker panics here").push((case, result));
                }
            });
        }
    });
    let (mut problems, mut played, mut left_out) = (Vec::new(), 0, Vec::new());
    for (case, result) in results.into_inner().expect("no worker panics here") {
        match result {
            Ok(Ok(())) => played += 1,
            Ok(Err(reason)) => left_out.push(format!("{}: {reason}", case.name)),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let words = panic.downcast_ref::<String>().cloned().or(text);
                problems.push(format!("{}: {}", case.name, words.unwrap_or_else(|| "panicked".to_owned())));
            }
        }
    }
    problems.sort();
    assert!(problems.is_empty(), "{} cases fail:\n{}", problems.len(), problems.join("\n\n"));
    totals(played, left_out);
    assert!(
        played >= PLAYED_MIN || std::env::var_os("BAILIWICK_CASES").is_some(),
        "{played} cases were played"
    );
}

#[expect(clippy::print_stdout, reason = "a test says what it did not look at")]
fn totals(played: usize, mut left_out: Vec<String>) {
    println!("http: {played} cases");
    left_out.sort();
    left_out.iter().for_each(|reason| println!("  not over HTTP: {reason}"));
}

/// Cases of 2026-07-28 in which a request comes before the last one was answered.
const OPEN_AT_ONCE: [&str; 4] =
    ["call-before-any-list-modern", "capabilities-stripped-modern", "resource-listen", "tasks-modern"];

/// Why a case has no meaning over HTTP, or is shown elsewhere.
fn left_out(case: &Case) -> Option<String> {
    let lines = || {
        case.steps.iter().filter_map(|step| match &step.deed {
            Deed::Say { way: cases::Way::ToServer, line } => Some(String::from_utf8_lossy(line).into_owned()),
            _ => None,
        })
    };
    let first = lines().next().unwrap_or_default();
    if let Some(reason) = case.engine_only.clone().or(case.stdio_only.clone()) {
        return Some(reason);
    }
    if case.refuses.is_some() {
        return None;
    }
    if lines().any(|line| is_modern(&line) && !line.contains("io.modelcontextprotocol/clientCapabilities")) {
        return Some(
            "over HTTP a request without its client's capabilities is none; see `gateway_http.rs`".to_owned(),
        );
    }
    if OPEN_AT_ONCE.contains(&case.name.as_str()) {
        return Some(
            "exchanges that are open at once have a process each, and the test speaks for one".to_owned(),
        );
    }
    let modern = lines().filter(|line| is_modern(line)).count();
    if modern == 0 && (!first.contains("\"initialize\"") || first.starts_with('[')) {
        return Some("a session begins with `initialize`".to_owned());
    }
    if modern > 0 && modern < lines().count() {
        return Some("messages of one exchange cannot be of both eras".to_owned());
    }
    let batches = lines().any(|line| line.starts_with('['));
    if batches && (case.mode != "enforce" || lines().any(|line| line.contains("\"2025-03-26\""))) {
        return Some("a batch reaches no server over stdio behind HTTP; see `gateway_http.rs`".to_owned());
    }
    let limit = case.limits.iter().find(|(name, _)| name == "max-message-bytes").map(|(_, limit)| *limit);
    if lines().any(|line| line.len() as u64 > limit.unwrap_or(4 << 20)) {
        return Some("a body above the limit is 413; see `gateway_http.rs`".to_owned());
    }
    if lines().any(|line| line.trim().is_empty() || line.contains(['\n', '\r'])) {
        return Some("it is about lines".to_owned());
    }
    None
}

/// A request of 2026-07-28, which is of no session.
fn is_modern(line: &str) -> bool {
    line.starts_with('{') && line.contains("io.modelcontextprotocol/protocolVersion")
}

/// The headers beside it.
fn beside(line: &str) -> String {
    let message: Value = serde_json::from_str(line).expect("a message");
    let (method, params) = (message["method"].as_str().unwrap_or_default(), &message["params"]);
    let version = params["_meta"]["io.modelcontextprotocol/protocolVersion"].as_str().unwrap_or_default();
    let name = bailiwick_mcp::headers::named_by(method).and_then(|key| params[key].as_str());
    let name = name.map(|name| format!("Mcp-Name: {}\r\n", bailiwick_mcp::headers::coded(name)));
    format!("MCP-Protocol-Version: {version}\r\nMcp-Method: {method}\r\n{}", name.unwrap_or_default())
}

fn play(case: &Case) {
    let place = Workplace::new();
    for entry in fs::read_dir(&case.folder).expect("the case's folder can be read") {
        let path = entry.expect("the case's folder can be read").path();
        fs::copy(&path, place.path().join(path.file_name().expect("a name"))).expect("a file can be copied");
    }
    let mut puppet = Puppet::new(&place);
    let flags = flags(case, &puppet);
    if let Some(parts) = &case.refuses {
        return refused(&place, &flags, parts);
    }
    let gateway = Gateway::start(BUILT, &place, "stdio", flags.iter().map(String::as_str));
    let workspace = fs::canonicalize(place.path()).expect("the workplace exists").display().to_string();
    let expected = drive::play(case, &Places { workspace, home: place.at("home") });
    let client = Client::new(&gateway);
    let mut nonce = None;
    let mut wanted: Vec<&Seen> = Vec::new();
    for (step, expected) in case.steps.iter().zip(&expected) {
        match &step.deed {
            Deed::Say { way: cases::Way::ToServer, line } => {
                client.post(line, step, !expected.lines[0].is_empty());
            }
            Deed::Say { way: cases::Way::ToClient, line } => puppet.say(&named(line, nonce.as_deref())),
            Deed::Reload(file) => {
                let text = fs::read_to_string(place.path().join(file)).expect("the other policy can be read");
                place.replace("policy.yaml", &text);
                gateway.signal(Signal::HUP);
                log::await_kind(&place, "reload");
            }
            Deed::ServerEnds => puppet.end(),
            Deed::Answer(Answer::Nobody | Answer::Opinion(_)) => {}
            Deed::Answer(Answer::Approve) => answer(&place, step, "approve"),
            Deed::Answer(Answer::Deny(_)) => answer(&place, step, "deny"),
            // What follows is for the engine alone.
            Deed::Tick | Deed::EngineOnly(_) => break,
        }
        wanted.extend(&expected.decisions);
        hear(&puppet, expected, &mut nonce);
        log::await_decisions(&place, wanted.len());
        compare(step, &log::decisions(&place), &wanted);
    }
    drop(gateway);
    if !again::NOT_IN_A_TRACE.contains(&case.name.as_str()) {
        replay(case, &place);
    }
}

/// What the gateway took down is decided again as it was (law 6).
fn replay(case: &Case, place: &Workplace) {
    static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));
    let workspace = fs::canonicalize(place.path()).expect("the workplace exists").display().to_string();
    let places = Places { workspace, home: place.at("home") };
    let traces = fs::read_dir(place.path().join("traces")).expect("the traces can be read");
    let mut decisions = 0;
    for trace in traces {
        let (header, groups) = again::groups(&trace.expect("the traces can be read").path());
        let mut layers = std::iter::once(case.policies.clone()).chain(case.steps.iter().filter_map(|step| {
            let Deed::Reload(file) = &step.deed else { return None };
            Some(vec![file.clone()])
        }));
        let take = |_: &str| {
            let layers = layers.next().expect("the policy is the case's");
            drive::policy(case, &layers, &places).expect("it loads")
        };
        let again = again::replay(&header, &case.server, &SCANNER, &groups, take);
        // What came together is decided over one by one, and stands together in the trace.
        let then: Vec<_> = groups.iter().flat_map(|group| &group.decisions).collect();
        let now: Vec<_> = again.iter().flatten().collect();
        let differ = then.iter().zip(&now).find(|(then, now)| !again::same(then, now));
        assert!(differ.is_none() && then.len() == now.len(), "replayed: {differ:?}\n{then:?}\n{now:?}");
        decisions += now.len();
    }
    let recorded = log::decisions(place).len();
    assert!(decisions >= recorded, "{recorded} decisions are in the audit log and {decisions} in the traces");
}

/// Takes what reached the server, and learns the ids of our own requests from it.
fn hear(puppet: &Puppet, expected: &Observed, nonce: &mut Option<String>) {
    for _ in &expected.lines[0] {
        let line = puppet.next_line();
        let text = String::from_utf8_lossy(&line);
        if nonce.is_none()
            && let Some((_, rest)) = text.split_once(r#""id":"bailiwick-"#)
        {
            *nonce = rest.split_once('-').map(|(nonce, _)| nonce.to_owned());
        }
    }
}

fn named(line: &[u8], nonce: Option<&str>) -> Vec<u8> {
    match (nonce, std::str::from_utf8(line)) {
        (Some(nonce), Ok(text)) => text.replace(drive::NONCE, nonce).into_bytes(),
        _ => line.to_vec(),
    }
}

fn compare(step: &Step, seen: &[Seen], wanted: &[&Seen]) {
    for (index, wanted) in wanted.iter().enumerate() {
        let seen =
            seen.get(index).unwrap_or_else(|| panic!("{}: the log ends before {wanted:?}", step.place));
        let (seen, wanted) = (plain(seen), plain(wanted));
        assert!(seen == wanted, "{}: the log says\n   {seen:?}\nand the engine\n   {wanted:?}", step.place);
    }
}

/// Without the words by which the two ways say that nobody is asked, that the server ended, or how long ago a thing was.
fn plain(seen: &Seen) -> Seen {
    let mut seen = seen.clone();
    for (id, message) in &mut seen.reasons {
        if id == "approval" || message.contains(" ended") || message.contains(" ago)") {
            message.clear();
        }
    }
    seen
}

/// It does not serve, and says why.
fn refused(place: &Workplace, flags: &[String], parts: &[String]) {
    let own = ["gateway", "--listen", "127.0.0.1:0", "--target", "stdio"];
    let out = command(place).args(own).args(flags).output().expect("it runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(78), "it did not refuse to start: {said}");
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// A person answers the oldest question.
fn answer(place: &Workplace, step: &Step, word: &str) {
    let oldest = found(|| {
        let list = command(place).args(["approvals", "list"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&list.stdout).into_owned();
        let line = text.lines().find(|line| line.contains("denied in"))?;
        Some(line.split(' ').next()?.to_owned())
    });
    let name = oldest.unwrap_or_else(|| panic!("{}: nobody is asked", step.place));
    let given = command(place).args(["approvals", word, &name]).output().expect("it runs");
    assert!(given.status.success(), "{}: {given:?}", step.place);
}

fn command(place: &Workplace) -> Command {
    let mut command = Command::new(binary(BUILT));
    command.current_dir(place.path()).env_clear().envs(place.environment());
    command.env("BAILIWICK_STATE_DIR", place.at("state"));
    command
}

fn flags(case: &Case, puppet: &Puppet) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    let mut flag = |name: &str, value: &str| flags.extend([format!("--{name}"), value.to_owned()]);
    case.policies.iter().for_each(|policy| flag("policy", policy));
    flag("server", &case.server);
    flag("principal", &case.principal);
    if !case.roles.is_empty() {
        flag("roles", &case.roles.join(","));
    }
    flag("mode", &case.mode);
    flag("audit", "audit.jsonl");
    flag("trace", "traces");
    if !case.person {
        // Nobody is there, as in the engine's cases.
        flag("ask", "never");
    }
    case.limits.iter().for_each(|(name, value)| flag(name, &value.to_string()));
    // What the test says is read by one process alone.
    flag("max-processes", "1");
    if let Some(pins) = drive::pins(case) {
        puppet.lock(&case.server, &pins);
        flag("lock", "case.lock");
    }
    flags.push("--".to_owned());
    flags.extend(puppet.command().command);
    flags
}

/// Posts without waiting for answers: some come only with a later step, and some never. But outside of a session what goes on
/// needs the one process, which is free once the answer before has come whole.
struct Client {
    address: std::net::SocketAddr,
    session: Arc<(Mutex<Option<String>>, Condvar)>,
    open: Mutex<Vec<JoinHandle<()>>>,
}

impl Client {
    fn new(gateway: &Gateway) -> Client {
        Client { address: gateway.address, session: Arc::default(), open: Mutex::default() }
    }

    fn await_answers(&self, step: &Step) {
        let mut open = self.open.lock().expect("no panic");
        let all = comes(|| open.iter().all(JoinHandle::is_finished));
        assert!(all, "{}: what was asked before is not answered", step.place);
        open.clear();
    }

    fn post(&self, line: &[u8], step: &Step, reaches_server: bool) {
        let text = String::from_utf8_lossy(line);
        let modern = is_modern(&text);
        let opens =
            !modern && self.session.0.lock().expect("no panic").is_none() && text.contains("\"initialize\"");
        if modern && reaches_server {
            self.await_answers(step);
        }
        let header = match (modern, opens) {
            (true, _) => beside(&text),
            (false, true) => String::new(),
            (false, false) => format!("Mcp-Session-Id: {}\r\n", self.session(step)),
        };
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{header}\r\n",
            line.len()
        );
        let mut connection = Connection::open(self.address);
        connection.send([head.as_bytes(), line].concat());
        let session = Arc::clone(&self.session);
        let hears = thread::spawn(move || {
            let Some(answer) = connection.try_head() else { return };
            if let (true, Some(id)) = (opens, answer.header("mcp-session-id")) {
                *session.0.lock().expect("no panic") = Some(id.to_owned());
                session.1.notify_all();
            }
            connection.body(&answer);
        });
        self.open.lock().expect("no panic").push(hears);
    }

    /// The session, once `initialize` was answered.
    fn session(&self, step: &Step) -> String {
        let session = self.session.0.lock().expect("no panic");
        let (session, _) = self
            .session
            .1
            .wait_timeout_while(session, PATIENCE, |session| session.is_none())
            .expect("no panic");
        session.clone().unwrap_or_else(|| panic!("{}: there is no session", step.place))
    }
}
