//! What cannot be recorded has no effects: none of a batch's, and nobody waits in vain.
#![expect(clippy::unwrap_used, reason = "a test says so by a panic when it fails")]

use std::fs::File;
use std::io::{PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bailiwick_engine::{Engine, Mode, Scanner, Settings};
use bailiwick_gateway::relay::{Reader, Relay, RelaySettings};
use bailiwick_gateway::sink::Sink;
use bailiwick_mcp::{Direction, Limits, Timestamp};
use bailiwick_policy::{Context, Load, Principal, Source, compile};
use bailiwick_record::AuditError;
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions, Store, StoreOptions};
use bailiwick_record::entry::Entries;

const POLICY: &str =
    "version: 1\nname: p\ndefault: deny\nrules:\n  - { id: open, effect: allow, on: ['*/*', roots] }\n";

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

struct Site {
    relay: Relay,
    up: Reader,
    down: Reader,
    server: PipeReader,
    client: PipeReader,
    alarms: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let (path, key_directory) = (folder.path().join("audit.jsonl"), folder.path().join("key"));
    let options = OpenOptions { path, durability: Durability::Batched, key_directory };
    let (log, _) = AuditLog::open(options, Timestamp(0)).unwrap();
    site_of(log, Durability::Batched, folder)
}

/// The same, recorded in a place of the test's own.
fn site_in(place: &Place, durability: Durability) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions { durability, key_directory: folder.path().join("key") };
    let (log, _) = AuditLog::open_in(Box::new(place.clone()), &options, Timestamp(0)).unwrap();
    site_of(log, durability, folder)
}

fn site_of(log: AuditLog, durability: Durability, folder: tempfile::TempDir) -> Site {
    let scanner = Arc::new(Scanner::new());
    let entries = Entries::new(log, "r".into(), "p".into(), "s".into(), Arc::clone(&scanner));
    let source = Source { name: "p.yaml".into(), text: POLICY.into() };
    let context = Context { workspace: Some("/work".into()), home: None };
    let policy = Arc::new(compile(vec![source], &mut Nothing, &context).unwrap());
    let settings = Settings {
        mode: Mode::Enforce,
        server: "s".into(),
        principal: Arc::new(Principal::default()),
        limits: Limits::DEFAULT,
        nonce: "n".into(),
    };
    let pipe = || {
        let (reader, writer) = std::io::pipe().unwrap();
        (reader, Sink::blocking(File::from(OwnedFd::from(writer))))
    };
    let ((server, to_server), (client, to_client)) = (pipe(), pipe());
    let alarms = Arc::new(AtomicUsize::new(0));
    let sounded = Arc::clone(&alarms);
    let relay_settings = RelaySettings {
        limits: Limits::DEFAULT,
        strict: durability == Durability::Strict,
        observer: Box::new(|_| None),
        teller: Box::new(|_| {}),
        trace: None,
        keeper: Box::new(|_| {}),
        alarm: Box::new(move |error| {
            sounded.fetch_add(usize::from(error.is_some()), Ordering::SeqCst);
        }),
    };
    let engine = Engine::new(settings, policy, scanner, None);
    let relay = Relay::new(engine, entries, (to_server, to_client), relay_settings);
    let (up, down) = (
        Reader::new(Direction::ToServer, &Limits::DEFAULT),
        Reader::new(Direction::ToClient, &Limits::DEFAULT),
    );
    Site { relay, up, down, server, client, alarms, folder }
}

fn read(from: &mut PipeReader) -> String {
    let mut bytes = vec![0; 1 << 16];
    let count = from.read(&mut bytes).unwrap();
    bytes.truncate(count);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The handshake of the version that has batches, and the list of tools.
fn open(site: &mut Site) {
    for (direction, line) in [
        (
            Direction::ToServer,
            r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#,
        ),
        (
            Direction::ToClient,
            r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-03-26","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}"#,
        ),
        (Direction::ToServer, r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
        (
            Direction::ToClient,
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}}"#,
        ),
    ] {
        let line = format!("{line}\n");
        let (reader, output) = match direction {
            Direction::ToServer => (&mut site.up, &mut site.server),
            Direction::ToClient => (&mut site.down, &mut site.client),
        };
        reader.take(&site.relay, line.as_bytes()).unwrap();
        assert_eq!(read(output), line);
    }
}

const BATCH: &str = concat!(
    r#"[{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}},"#,
    r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"},"#,
    r#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"a"}}]"#,
    "\n"
);

#[test]
fn nothing_of_a_batch_goes_on_when_its_record_fails() {
    let mut site = site();
    open(&mut site);
    site.up.take(&site.relay, BATCH.as_bytes()).unwrap();
    assert_eq!(read(&mut site.server), BATCH, "with a record it goes on");
    let answers =
        "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}]\n";
    site.down.take(&site.relay, answers.as_bytes()).unwrap();
    assert_eq!(read(&mut site.client), answers);

    site.relay.entries().close(Timestamp(9)).unwrap();
    site.up.take(&site.relay, BATCH.as_bytes()).unwrap();
    let told = read(&mut site.client);
    for id in [7, 8] {
        assert!(told.contains(&format!("\"id\":{id},\"error\":{{\"code\":4050")), "{told}");
    }
    assert_eq!(site.alarms.load(Ordering::SeqCst), 1);
    drop(site.relay);
    assert_eq!(read(&mut site.server), "", "nothing reached the server");
}

/// A log's place in memory.
#[derive(Debug, Clone, Default)]
struct Place {
    lines: Arc<Mutex<Vec<u8>>>,
    synced: Arc<AtomicUsize>,
    full: Arc<AtomicBool>,
    uncertain: Arc<AtomicBool>,
}

impl Store for Place {
    fn append(&self, _offset: u64, lines: &[u8]) -> Result<usize, AuditError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(AuditError::store("full"));
        }
        self.lines.lock().unwrap().extend_from_slice(lines);
        Ok(lines.len())
    }

    fn sync(&self) -> Result<(), AuditError> {
        if self.uncertain.load(Ordering::SeqCst) {
            return Err(AuditError::store("uncertain"));
        }
        self.synced.store(self.lines.lock().unwrap().len(), Ordering::SeqCst);
        Ok(())
    }

    fn checkpoint(&self, _note: &str) -> Result<(), AuditError> {
        Ok(())
    }
}

const CALL: &str = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}\n";

#[test]
fn a_store_that_takes_nothing_refuses_calls_until_it_does() {
    let place = Place::default();
    let mut site = site_in(&place, Durability::Batched);
    open(&mut site);
    place.full.store(true, Ordering::SeqCst);
    site.up.take(&site.relay, CALL.as_bytes()).unwrap();
    assert!(read(&mut site.client).contains("\"id\":9,\"error\":{\"code\":4050"));
    assert_eq!(site.alarms.load(Ordering::SeqCst), 1);
    place.full.store(false, Ordering::SeqCst);
    site.up.take(&site.relay, CALL.as_bytes()).unwrap();
    assert_eq!(read(&mut site.server), CALL, "the first that reached the server");
}

#[test]
fn a_strict_store_has_synced_before_a_call_goes_on() {
    let place = Place::default();
    let mut site = site_in(&place, Durability::Strict);
    open(&mut site);
    site.up.take(&site.relay, CALL.as_bytes()).unwrap();
    assert_eq!(read(&mut site.server), CALL);
    assert_eq!(place.synced.load(Ordering::SeqCst), place.lines.lock().unwrap().len());
    place.uncertain.store(true, Ordering::SeqCst);
    site.up.take(&site.relay, CALL.replace('9', "10").as_bytes()).unwrap();
    assert!(read(&mut site.client).contains("\"id\":10,\"error\":{\"code\":4050"));
    drop(site.relay);
    assert_eq!(read(&mut site.server), "", "written, and not synced: it does not go on");
}

#[test]
fn a_log_that_is_renamed_under_us_stops_everything() {
    let mut site = site();
    open(&mut site);
    let path = site.folder.path().join("audit.jsonl");
    std::fs::rename(&path, site.folder.path().join("elsewhere")).unwrap();
    let call = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}\n";
    let answer = "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n";
    // It is noticed by the next flush, a tenth of a second away at most: at a call or at an answer.
    for _ in 0..1_000 {
        site.up.take(&site.relay, call.as_bytes()).unwrap();
        if site.alarms.load(Ordering::SeqCst) == 0 {
            assert_eq!(read(&mut site.server), call);
            site.down.take(&site.relay, answer.as_bytes()).unwrap();
        }
        let told = read(&mut site.client);
        if site.alarms.load(Ordering::SeqCst) > 0 {
            assert!(told.contains("\"code\":4050"), "{told}");
            drop(site.relay);
            assert_eq!(read(&mut site.server), "", "nothing reached the server");
            return;
        }
        assert_eq!(told, answer);
        std::thread::yield_now();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(site.alarms.load(Ordering::SeqCst), 1, "a log that is no longer there was written on");
}

/// A call that no rule allows beside one that goes on.
const PARTLY: &str = concat!(
    r#"[{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a"}},"#,
    r#"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"b"}},"#,
    r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"a"}}]"#,
    "\n"
);

#[test]
fn answers_that_wait_for_the_rest_of_a_batch_are_not_delivered_when_the_record_fails() {
    let mut site = site();
    open(&mut site);
    site.up.take(&site.relay, PARTLY.as_bytes()).unwrap();
    assert!(read(&mut site.server).contains("\"id\":9"));
    site.down.take(&site.relay, b"{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{\"nine\":1}}\n").unwrap();
    site.relay.entries().close(Timestamp(9)).unwrap();
    site.down.take(&site.relay, b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"seven\":1}}\n").unwrap();
    let told = read(&mut site.client);
    assert!(!told.contains("nine") && !told.contains("seven"), "{told}");
}

#[test]
fn an_answer_that_waits_for_the_rest_of_a_batch_is_lost_with_its_record_though_later_ones_are_written() {
    let mut site = site();
    open(&mut site);
    site.up.take(&site.relay, PARTLY.as_bytes()).unwrap();
    site.down.take(&site.relay, b"{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{\"nine\":1}}\n").unwrap();
    site.relay.engine().undo_kept("a disk that was full for a moment");
    site.down.take(&site.relay, b"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"seven\":1}}\n").unwrap();
    let told = read(&mut site.client);
    let places = [
        "\"id\":7,\"result\":{\"seven\"",
        "\"id\":8,\"error\":{\"code\":4050",
        "\"id\":9,\"error\":{\"code\":4050",
    ]
    .map(|part| told.find(part));
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{told}");
}

#[test]
fn the_record_of_a_refusal_says_how_it_ended_and_how_long_it_took() {
    let mut site = site();
    open(&mut site);
    let denied = "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/call\",\"params\":{\"name\":\"b\"}}\n";
    site.up.take(&site.relay, denied.as_bytes()).unwrap();
    assert!(read(&mut site.client).contains("Unknown tool"));
    site.relay.entries().close(bailiwick_gateway::relay::now()).unwrap();
    let log = std::fs::read_to_string(site.folder.path().join("audit.jsonl")).unwrap();
    let of_call = |line: &&str| line.contains("\"method\":\"tools/call\"");
    let records: Vec<&str> = log.lines().filter(of_call).collect();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert!(record.contains("\"verdict\":\"deny\",\"effect\":\"refused\""), "{record}");
    assert!(record.contains("\"outcome\":\"refused\""), "{record}");
    let latency = record.split("\"latency_us\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
    assert!(
        latency.is_some_and(|micros| micros.parse::<u64>().is_ok_and(|micros| micros < 60_000_000)),
        "{record}"
    );
}
