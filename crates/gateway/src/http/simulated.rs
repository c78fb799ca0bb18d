//! The gateway between clients and an upstream in memory, on a clock that stands still while anybody works: a seed makes a
//! script of calls and faults, and whatever happens, nothing goes on undecided, every call that did has an outcome, and
//! nothing is left over. `BAILIWICK_SEEDS=N` tries more of them.

mod bounds;
mod client;
mod connections;
mod http1;
mod upstream;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use bailiwick_engine::{Effect, Mode, Outcome, Policy, Principal, Scanner};
use bailiwick_mcp::{Direction, Limits};
use bailiwick_policy::{Context, Load, Source, compile};
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Whereabouts;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub(super) use self::upstream::{Dialer, Pipe};
use super::authenticate::Everybody;
use super::front::{Front, Place, bind};
use super::gate::{Gate, Phase};
use super::head::Names;
use super::hub::Hub;
use super::limits::HttpLimits;
use super::office::Deciding;
use super::plan::{Listener, Plan, Route, Serves, Service};
use super::recorder::{DISK_TIME, Recorder, Recording};
use super::server::Target;
use super::tls::Roots;
use super::upstream::Target as Endpoint;

/// Seeds that are tried each time; a few seconds without optimisation.
const SEEDS: u64 = 120;
const CLIENTS: u64 = 3;
const LIMITS: HttpLimits = HttpLimits {
    session_idle: Duration::ZERO,
    head_time: Duration::from_secs(3),
    body_time: Duration::from_secs(3),
    answer_time: Duration::from_secs(5),
    stream_idle: Duration::from_secs(5),
    unread_time: Duration::from_secs(2),
    grace: Duration::from_secs(1),
    ..HttpLimits::DEFAULT
};

const POLICY: &str =
    "version: 1\nname: p\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: ['*/read'] }\n";

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));

/// Numbers that follow from the seed alone (SplitMix64).
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What was permitted, as the engine said it, before anything could be sent.
#[derive(Debug, Default)]
struct Permits(Mutex<[HashSet<Vec<u8>>; 2]>);

impl Permits {
    fn take(&self, outcome: &Outcome<'_>) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [to_server, to_client] = &mut *sets;
        for effect in &outcome.effects {
            if let Effect::Send { to, message } = effect {
                let set = if *to == Direction::ToServer { &mut *to_server } else { &mut *to_client };
                set.insert(message.bytes().to_vec());
            }
        }
    }

    fn hold(&self, to: Direction, message: &[u8]) -> bool {
        let [to_server, to_client] = &*self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if to == Direction::ToServer { to_server } else { to_client }.contains(message)
    }
}

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn policy(text: &str) -> Arc<Policy> {
    let source = Source { name: "p.yaml".to_owned(), text: text.to_owned() };
    Arc::new(compile(vec![source], &mut Nothing, &Context::default()).unwrap())
}

/// A gateway without sockets and threads.
struct World {
    hub: Arc<Hub>,
    front: Arc<Front>,
    gate: Arc<Gate>,
    permits: Arc<Permits>,
}

impl World {
    fn new(entries: &Entries, permits: &Arc<Permits>) -> World {
        let seen = Arc::clone(permits);
        let recorder = Recorder::open(Recording {
            entries: entries.clone(),
            strict: false,
            observer: Box::new(move |outcome| {
                seen.take(outcome);
                None
            }),
            teller: Box::new(|_| {}),
            alarm: Box::new(|error| assert!(error.is_none(), "{error:?}")),
            keeper: Box::new(|_| {}),
            traces: None,
        });
        let principal = Principal { id: "user:ana".to_owned(), ..Principal::default() };
        let (sender, mut sockets) = tokio::sync::mpsc::unbounded_channel();
        let who: (Arc<dyn super::Authenticate>, _) = (Arc::new(Everybody(Arc::new(principal))), None);
        let hub = Arc::new(Hub::new(recorder.unwrap(), who, LIMITS, sender));
        hub.adopt(plan()).unwrap();
        let (front, _) = sockets.try_recv().unwrap();
        let map = front.map();
        let Some(Place::Endpoint(gate)) = map.paths.get("/mcp") else { panic!("no endpoint") };
        World { gate: Arc::clone(gate), hub, front, permits: Arc::clone(permits) }
    }

    /// Waits until all that runs on has ended, and counts what is left.
    async fn check(self, seed: u64) {
        // Longer than every limit on time together.
        sleep(Duration::from_secs(60)).await;
        let (hub, gate) = (&self.hub, &self.gate);
        assert_eq!(gate.sessions.in_hand(), 0, "seed {seed}: exchanges in hand");
        assert_eq!(hub.metrics.streams.get(), 0, "seed {seed}: streams");
        let runs = gate.sessions.runs();
        for run in &runs {
            assert_eq!(run.open(), (0, 0), "seed {seed}: requests that wait for an answer, and who waits");
        }
        drop(runs);
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while (gate.sessions.len(), gate.sessions.runs().len()) != (0, 0) {
            hub.expire();
            assert!(std::time::Instant::now() < end, "seed {seed}: sessions that do not end");
        }
        assert_eq!(hub.metrics.sessions.get(), 0, "seed {seed}: sessions that are counted");
        // The thread lets go of its end of the service, too.
        hub.adopt(Plan { listeners: Vec::new(), services: Vec::new(), routes: Vec::new() }).unwrap();
    }
}

fn plan() -> Plan {
    Plan {
        listeners: vec![Listener {
            name: "l".to_owned(),
            // Nobody accepts there: connections are handed over in memory.
            socket: Some(bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap()),
            names: Names::default(),
            identity: None,
        }],
        services: vec![Service {
            name: "s".to_owned(),
            target: Target::Http(Endpoint {
                uri: "http://upstream.example/mcp".parse().unwrap(),
                headers: Vec::new(),
                roots: Roots::nobody().unwrap(),
            }),
            forward: Vec::new(),
            run_by: None,
            limits: LIMITS,
            deciding: Deciding {
                mode: Mode::Enforce,
                server: "s".into(),
                policy: policy(POLICY),
                scanner: Arc::clone(&SCANNER),
                pins: None,
                limits: Limits { message_bytes_max: 64 << 10, ..Limits::DEFAULT },
                whereabouts: Whereabouts::default(),
            },
        }],
        routes: vec![Route {
            path: "/mcp".to_owned(),
            listeners: Vec::new(),
            sse: None,
            serves: Serves::One("s".to_owned()),
        }],
    }
}

/// One script, from its seed to the last byte.
async fn play(seed: u64, entries: &Entries) {
    let permits = Arc::new(Permits::default());
    let world = World::new(entries, &permits);
    let mut upstream = upstream::serve(&permits);
    let mut chance = Chance(seed);
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(client::run(
            Arc::clone(&world.front),
            Arc::clone(&world.permits),
            Chance(chance.below(u64::MAX)),
        ));
    }
    let (hub, when, what) = (Arc::clone(&world.hub), chance.below(8_000), chance.below(4));
    clients.spawn(async move {
        sleep(Duration::from_millis(when)).await;
        match what {
            0 => assert!(hub.replace_policy("s", &policy(&POLICY.replace("allow", "deny")))),
            1 => assert!(hub.replace_policy("s", &policy(&POLICY.replace("reads", "other")))),
            2 => {
                hub.enter(Phase::Draining);
                sleep(LIMITS.grace).await;
                hub.enter(Phase::Over);
            }
            _ => {}
        }
    });
    let all = async {
        while let Some(done) = clients.join_next().await {
            done.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        }
    };
    timeout(Duration::from_secs(3_600), all).await.unwrap_or_else(|_| panic!("seed {seed}: it does not end"));
    world.check(seed).await;
    if let Some(Err(error)) =
        upstream.try_join_next().filter(|ended| ended.as_ref().is_err_and(|error| error.is_panic()))
    {
        panic!("seed {seed}: {error}");
    }
}

#[test]
fn whatever_fails_nothing_goes_on_undecided_and_nothing_is_left_over() {
    let seeds = std::env::var("BAILIWICK_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let folder = tempfile::tempdir().unwrap();
    let entries = log(folder.path());
    for seed in 0..seeds {
        on_a_still_clock(play(seed, &entries));
    }
    let records = records(folder.path(), &entries);
    assert!(every_call_ended_once(&records) as u64 > seeds, "few calls went on");
    let paths =
        records.iter().filter(|record| is_call(record)).filter_map(|call| call["arguments"]["path"].as_str());
    assert_eq!(
        paths.collect::<BTreeSet<_>>(),
        upstream::FAULTS.into_iter().collect(),
        "each of them happened"
    );
}

#[test]
fn who_leaves_while_the_record_is_written_takes_nobody_along() {
    let folder = tempfile::tempdir().unwrap();
    let entries = log(folder.path());
    DISK_TIME.set(Duration::from_millis(150));
    for seed in 0..SEEDS {
        on_a_still_clock(play(seed, &entries));
    }
    assert!(every_call_ended_once(&records(folder.path(), &entries)) as u64 > SEEDS, "few calls went on");
}

/// True of a request that went to its receiver.
fn is_call(record: &serde_json::Value) -> bool {
    record["kind"] == "decision" && record["effect"] == "forwarded" && record["id"] != serde_json::Value::Null
}

/// How many requests went on, each of which has one end.
fn every_call_ended_once(records: &[serde_json::Value]) -> usize {
    let call = |record: &serde_json::Value| (record["run"].to_string(), record["call"].to_string());
    let mut ended = BTreeMap::new();
    for record in records.iter().filter(|record| record["outcome"] != serde_json::Value::Null) {
        *ended.entry(call(record)).or_insert(0) += 1;
    }
    let sent = records.iter().filter(|record| is_call(record));
    sent.map(|record| assert_eq!(ended.get(&call(record)), Some(&1), "outcomes of {record}")).count()
}

/// An audit log in `folder`.
fn log(folder: &Path) -> Entries {
    let (path, key_directory) = (folder.join("audit.jsonl"), folder.join("key"));
    let options = OpenOptions { path, durability: Durability::Batched, key_directory };
    let (log, _) = AuditLog::open(options, crate::relay::now()).unwrap();
    Entries::new(log, "g".into(), "user:ana".into(), "g".into(), Arc::clone(&SCANNER))
}

/// All that stands in it.
fn records(folder: &Path, entries: &Entries) -> Vec<serde_json::Value> {
    entries.commit().unwrap();
    let text = std::fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(in crate::http) fn on_a_still_clock(body: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(body);
}
