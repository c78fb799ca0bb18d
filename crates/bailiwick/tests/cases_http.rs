//! The cases of `cases/` through the gateway over HTTP, with a server over stdio whose bytes the test writes, and with one over
//! HTTP that sends the same answers in several ways: what reaches either side and the decisions in the audit log are those of
//! the engine, and so are those that follow again from its trace.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "cases/again.rs"]
mod again;
#[path = "cases/client.rs"]
mod client;
#[path = "cases/compare.rs"]
mod compare;
#[path = "../../engine/tests/cases/drive.rs"]
mod drive;
#[path = "cases/left_out.rs"]
mod left_out;
#[path = "cases/log.rs"]
mod log;
#[path = "cases/puppet.rs"]
#[expect(dead_code, reason = "what reaches the server is for the cases over stdio")]
mod puppet;
#[path = "cases/upstream.rs"]
mod upstream;

use bailiwick_engine::Scanner;
use bailiwick_testkit::cases::{self, Answer, Case, Deed, Delivery, Observed, Seen, Step};
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::patience::found;
use bailiwick_testkit::process::Signal;
use bailiwick_testkit::route::binary;
use bailiwick_testkit::workplace::Workplace;
use client::Client;
use drive::Places;
use left_out::left_out;
use puppet::Puppet;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::{fs, thread};
use upstream::Posted;

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Runs at a time. Most of a run is waiting for processes to start and end.
const AT_ONCE: usize = 6;
/// Most of the cases must be playable over HTTP, or this test shows nothing.
const PLAYED_MIN: usize = 230;
/// The same for all that are played with a server over HTTP, each delivery counted.
const DELIVERED_MIN: usize = 560;
/// What they let pass though nobody asked for it has no way from a server over stdio to a client over HTTP.
const ANSWERS_UNASKED: [&str; 2] = ["mode-observe", "mode-shadow"];
/// Cases that are played in every delivery, by the start of their names.
const ALL_WAYS: [&str; 4] = ["discovery-", "guard-", "pin-", "event-"];

#[test]
fn every_case_is_decided_over_http_as_in_the_engine() {
    play_all(&[Delivery::Stdio], PLAYED_MIN);
}

#[test]
fn every_case_is_decided_over_http_however_the_answers_come() {
    play_all(&Delivery::OVER_HTTP, DELIVERED_MIN);
}

/// Plays every case in those of its deliveries that are among `deliveries`.
fn play_all(deliveries: &[Delivery], played_min: usize) {
    let cases = cases::all();
    let plays: Vec<(&Case, Delivery)> = cases
        .iter()
        .flat_map(|case| deliveries_of(case).into_iter().map(move |delivery| (case, delivery)))
        .filter(|(_, delivery)| deliveries.contains(delivery))
        .collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((case, delivery)) = plays.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = match left_out(case, *delivery) {
                        Some(reason) => Ok(Err(reason)),
                        None => std::panic::catch_unwind(|| play(case, *delivery)).map(Ok),
                    };
                    let name = format!("{} ({})", case.name, delivery.name());
                    results.lock().expect("no worker panics here").push((name, result));
                }
            });
        }
    });
    let (mut problems, mut played, mut left_out) = (Vec::new(), 0, Vec::new());
    for (name, result) in results.into_inner().expect("no worker panics here") {
        match result {
            Ok(Ok(())) => played += 1,
            Ok(Err(reason)) => left_out.push(format!("{name}: {reason}")),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let words = panic.downcast_ref::<String>().cloned().or(text);
                problems.push(format!("{name}: {}", words.unwrap_or_else(|| "panicked".to_owned())));
            }
        }
    }
    problems.sort();
    assert!(problems.is_empty(), "{} cases fail:\n{}", problems.len(), problems.join("\n\n"));
    totals(played, left_out);
    assert!(
        played >= played_min || std::env::var_os("BAILIWICK_CASES").is_some(),
        "{played} cases were played"
    );
}

/// Those that the case names; else standard streams, and two of those over HTTP by its name: all of them where lists are
/// filtered and compared, and where texts are inspected.
fn deliveries_of(case: &Case) -> Vec<Delivery> {
    if let Some(named) = &case.deliveries {
        return named.clone();
    }
    let mut deliveries = vec![Delivery::Stdio];
    if case.refuses.is_some() {
        // What does not start is the same with every server.
        return deliveries;
    }
    let everywhere = ALL_WAYS.iter().any(|start| case.name.starts_with(start));
    if everywhere || std::env::var_os("BAILIWICK_DELIVERIES").is_some() {
        deliveries.extend(Delivery::OVER_HTTP);
    } else {
        let turn = case.name.bytes().map(usize::from).sum::<usize>() % 2;
        deliveries.extend(Delivery::OVER_HTTP.into_iter().skip(turn).step_by(2));
    }
    deliveries
}

#[expect(clippy::print_stdout, reason = "a test says what it did not look at")]
fn totals(played: usize, mut left_out: Vec<String>) {
    println!("http: {played} cases");
    left_out.sort();
    left_out.iter().for_each(|reason| println!("  not over HTTP: {reason}"));
}

/// The server of a case.
enum Server {
    Stdio(Puppet),
    Http(Posted),
}

impl Server {
    fn next_line(&self) -> Vec<u8> {
        match self {
            Server::Stdio(puppet) => puppet.next_line(),
            Server::Http(posted) => posted.next_line(),
        }
    }
}

fn play(case: &Case, delivery: Delivery) {
    let place = Workplace::new();
    for entry in fs::read_dir(&case.folder).expect("the case's folder can be read") {
        let path = entry.expect("the case's folder can be read").path();
        fs::copy(&path, place.path().join(path.file_name().expect("a name"))).expect("a file can be copied");
    }
    let mut server = match delivery {
        Delivery::Stdio => Server::Stdio(Puppet::new(&place)),
        _ => Server::Http(Posted::new(delivery, left_out::is_of_no_session(case))),
    };
    let flags = flags(case, &place, &server);
    if let Some(parts) = &case.refuses {
        return refused(&place, &flags, parts);
    }
    let target = match &server {
        Server::Stdio(_) => "stdio".to_owned(),
        Server::Http(posted) => posted.url(),
    };
    let gateway = Gateway::start(BUILT, &place, &target, flags.iter().map(String::as_str));
    let workspace = fs::canonicalize(place.path()).expect("the workplace exists").display().to_string();
    let expected = drive::play(case, &Places { workspace, home: place.at("home") });
    let mut client = Client::new(&gateway, delivery == Delivery::Stdio, left_out::is_of_no_session(case));
    let mut nonce = None;
    let (mut wanted, mut to_client): (Vec<&Seen>, Vec<String>) = (Vec::new(), Vec::new());
    for (step, expected) in case.steps.iter().zip(&expected) {
        let open = asks(case, expected).then(|| questions(&place).len());
        match &step.deed {
            Deed::Say { way: cases::Way::ToServer, line } => {
                client.post(line, step, !expected.lines[0].is_empty());
            }
            Deed::Say { way: cases::Way::ToClient, line } => {
                say(&mut server, &mut client, step, &named(line, nonce.as_deref()), expected);
            }
            Deed::Reload(file) => {
                let text = fs::read_to_string(place.path().join(file)).expect("the other policy can be read");
                place.replace("policy.yaml", &text);
                gateway.signal(Signal::HUP);
                log::await_kind(&place, "reload");
                // Recorded first, then done, then said.
                assert!(gateway.says("loaded again"), "{}: it says nothing", step.place);
            }
            Deed::ServerEnds => match &mut server {
                Server::Stdio(puppet) => puppet.end(),
                Server::Http(_) => panic!("{}: a server over HTTP has no end", step.place),
            },
            Deed::Answer(Answer::Nobody | Answer::Opinion(_)) => {}
            Deed::Answer(Answer::Approve) => answer(&place, step, "approve"),
            Deed::Answer(Answer::Deny(_)) => answer(&place, step, "deny"),
            // What follows is for the engine alone.
            Deed::Tick | Deed::EngineOnly(_) => break,
        }
        wanted.extend(&expected.decisions);
        hear(&server, step, expected, &mut nonce);
        log::await_decisions(&place, wanted.len());
        compare::decisions(step, &log::decisions(&place), &wanted, delivery);
        open.into_iter().for_each(|open| await_question(&place, step, open));
        for line in &expected.lines[1] {
            to_client.extend(client::members(&String::from_utf8_lossy(&named(line, nonce.as_deref()))));
        }
    }
    if delivery != Delivery::Stdio || !ANSWERS_UNASKED.contains(&case.name.as_str()) {
        compare::reached(&client.heard(to_client.len()), to_client, &server, case);
    }
    drop(gateway);
    if let Server::Http(posted) = &server {
        let rest = posted.rest();
        assert!(rest.is_empty(), "one message too many reaches the server: {rest:?}");
    }
    if !again::NOT_IN_A_TRACE.contains(&case.name.as_str()) {
        replay(case, &place);
    }
}

/// The server says a line; what no request asked for is heard by a client that listens.
fn say(server: &mut Server, client: &mut Client, step: &Step, line: &[u8], expected: &Observed) {
    let broken = expected.decisions.iter().any(|seen| seen.event == "malformed");
    match server {
        Server::Stdio(puppet) => {
            if client.listens_to_all() && !client.asked_for(line) {
                client.listen(step);
            }
            puppet.say(line);
        }
        Server::Http(posted) => {
            if !posted.has_place(line, broken) {
                client.listen(step);
                posted.await_listener();
            }
            posted.say(line, broken);
        }
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
        let layers = std::iter::once(case.policies.clone()).chain(case.steps.iter().filter_map(|step| {
            let Deed::Reload(file) = &step.deed else { return None };
            Some(vec![file.clone()])
        }));
        let layers: Vec<Vec<String>> = layers.collect();
        // A file that is written while the gateway looks may be read twice.
        let take = |digest: &str| {
            let mut policies =
                layers.iter().map(|layers| drive::policy(case, layers, &places).expect("it loads"));
            policies.find(|policy| policy.digest() == digest).expect("the policy is the case's")
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
fn hear(server: &Server, step: &Step, expected: &Observed, nonce: &mut Option<String>) {
    let members = |line: &[u8]| match server {
        // It gets the members of a batch one by one.
        Server::Stdio(_) => {
            client::members(&String::from_utf8_lossy(line)).into_iter().map(String::into_bytes).collect()
        }
        Server::Http(_) => vec![line.to_vec()],
    };
    let wanted = expected.lines[0].iter().flat_map(|line| members(line));
    let (mut got, wanted) = (Vec::new(), wanted.collect::<Vec<_>>());
    while got.len() < wanted.len() {
        let line = server.next_line();
        let text = String::from_utf8_lossy(&line);
        if nonce.is_none()
            && let Some((_, rest)) = text.split_once(r#""id":"bailiwick-"#)
        {
            *nonce = rest.split_once('-').map(|(nonce, _)| nonce.to_owned());
        }
        got.extend(members(&line));
    }
    let mut wanted: Vec<_> = wanted.iter().map(|line| named(line, nonce.as_deref())).collect();
    got.sort();
    wanted.sort();
    let told = |lines: &[Vec<u8>]| String::from_utf8_lossy(&lines.join(&b'\n')).into_owned();
    assert!(got == wanted, "{}: the server got\n{}\nand not\n{}", step.place, told(&got), told(&wanted));
}

fn named(line: &[u8], nonce: Option<&str>) -> Vec<u8> {
    match (nonce, std::str::from_utf8(line)) {
        (Some(nonce), Ok(text)) => text.replace(drive::NONCE, nonce).into_bytes(),
        _ => line.to_vec(),
    }
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
    let oldest = found(|| questions(place).into_iter().next());
    let name = oldest.unwrap_or_else(|| panic!("{}: nobody is asked", step.place));
    let given = command(place).args(["approvals", word, &name]).output().expect("it runs");
    assert!(given.status.success(), "{}: {given:?}", step.place);
}

/// True if a person is asked in this step.
fn asks(case: &Case, expected: &Observed) -> bool {
    case.person && expected.decisions.iter().any(|seen| seen.effect == "held")
}

/// A question is recorded first, then put to a person: the next one shall not come before it.
fn await_question(place: &Workplace, step: &Step, open: usize) {
    let is_put = found(|| (questions(place).len() > open).then_some(()));
    assert!(is_put.is_some(), "{}: nobody is asked", step.place);
}

/// The names of the questions that wait, the oldest first.
fn questions(place: &Workplace) -> Vec<String> {
    let list = command(place).args(["approvals", "list"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    let lines = text.lines().filter(|line| line.contains("denied in"));
    lines.filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
}

fn command(place: &Workplace) -> Command {
    let mut command = Command::new(binary(BUILT));
    command.current_dir(place.path()).env_clear().envs(place.environment());
    command.env("BAILIWICK_STATE_DIR", place.at("state"));
    command
}

fn flags(case: &Case, place: &Workplace, server: &Server) -> Vec<String> {
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
    let command = match server {
        Server::Stdio(puppet) => puppet.command().command,
        Server::Http(posted) => vec![posted.url()],
    };
    if let Some(pins) = drive::pins(case) {
        puppet::lock(place, &case.server, command.clone(), &pins);
        flag("lock", "case.lock");
    }
    if let Server::Stdio(_) = server {
        // What the test says is read by one process alone.
        flag("max-processes", "1");
        flags.push("--".to_owned());
        flags.extend(command);
    }
    flags
}
