//! What one call costs us without pipes and peers: framing, parsing, deciding, recording, for its request and its answer.
//!
//! `cargo run --release -p bailiwick-gateway --example pipeline -- [CALLS] [CALLS READ AT ONCE] [POLICY.yaml]` prints
//! nanoseconds per call. Under `perf record` it shows where they go.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick_engine::{Engine, Mode, Scanner, Settings};
use bailiwick_gateway::relay::{Reader, Relay, RelaySettings};
use bailiwick_gateway::sink::Sink;
use bailiwick_mcp::{Direction, Limits};
use bailiwick_policy::{Context, Load, Principal, Source, bundled, compile};
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;

/// The texts of `cargo xtask bench stdio`.
const QUESTION: &str =
    "When does the last ferry to the outer islands leave on a Sunday in the month of March? ";
const ANSWER: &str =
    "The harbour office opens at nine, and the ferry to the islands leaves every hour until dusk.\\n";

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not read here"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let calls: u32 = arguments.next().map_or(Ok(100_000), |calls| calls.parse())?;
    let at_once: u32 = arguments.next().map_or(Ok(60), |calls| calls.parse())?;
    let text = match arguments.next() {
        Some(path) => std::fs::read_to_string(path)?,
        // The limits of the bundled policy would end the measurement after 50 calls.
        None => ["max: 200", "max-per-tool: 50", "max: 60/"].iter().fold(
            bundled("standard").unwrap_or_default().to_owned(),
            |text, limit| {
                let (key, number) = limit.split_once(' ').unwrap_or_default();
                text.replace(
                    limit,
                    &format!("{key} 1000000000{}", number.trim_start_matches(char::is_numeric)),
                )
            },
        ),
    };
    let context = Context { workspace: Some("/work".to_owned()), home: Some("/home/ana".to_owned()) };
    let source = Source { name: "bench.yaml".to_owned(), text };
    let policy = compile(vec![source], &mut Nothing, &context).map_err(|problems| problems.render(false))?;
    let folder = std::env::temp_dir().join(format!("bailiwick-pipeline-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let relay = relay(Arc::new(policy), &folder)?;
    let mut up = Reader::new(Direction::ToServer, &Limits::DEFAULT);
    let mut down = Reader::new(Direction::ToClient, &Limits::DEFAULT);
    up.take(&relay, b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/list\"}\n")?;
    down.take(&relay, b"{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"tools\":[{\"name\":\"echo\",\"inputSchema\":{\"type\":\"object\"}}]}}\n")?;
    let (mut spent, mut requests, mut answers) = (Duration::ZERO, Vec::new(), Vec::new());
    for first in (1..=calls).step_by(usize::try_from(at_once)?) {
        requests.clear();
        answers.clear();
        for id in first..(first + at_once).min(calls + 1) {
            writeln!(
                requests,
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"echo\",\"arguments\":{{\"message\":\"{}\",\"times\":5}}}}}}",
                QUESTION.repeat(10)
            )?;
            writeln!(
                answers,
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"{}\"}}],\"isError\":false}}}}",
                ANSWER.repeat(11)
            )?;
        }
        let start = Instant::now();
        up.take(&relay, &requests)?;
        down.take(&relay, &answers)?;
        spent += start.elapsed();
    }
    relay.entries().close(bailiwick_gateway::relay::now())?;
    std::fs::remove_dir_all(&folder)?;
    #[expect(clippy::print_stdout, reason = "a program of its own")]
    {
        println!("{} ns per call, {at_once} read at once", spent.as_nanos() / u128::from(calls));
    }
    Ok(())
}

fn relay(
    policy: Arc<bailiwick_policy::Policy>,
    folder: &std::path::Path,
) -> Result<Relay, Box<dyn std::error::Error>> {
    let scanner = Arc::new(Scanner::new());
    let options = OpenOptions {
        path: folder.join("audit.jsonl"),
        durability: Durability::Batched,
        key_directory: folder.join("key"),
    };
    let (log, _) = AuditLog::open(options, bailiwick_gateway::relay::now())?;
    let entries = Entries::new(
        log,
        "run".to_owned(),
        "user:local".to_owned(),
        "files".to_owned(),
        Arc::clone(&scanner),
    );
    let settings = Settings {
        mode: Mode::Enforce,
        server: "files".into(),
        principal: Arc::new(Principal::default()),
        limits: Limits::DEFAULT,
        nonce: "n".to_owned(),
    };
    let engine = Engine::new(settings, policy, scanner, None);
    let null = || File::options().write(true).open("/dev/null");
    let sinks = (Sink::blocking(null()?), Sink::blocking(null()?));
    let settings = RelaySettings {
        limits: Limits::DEFAULT,
        strict: false,
        observer: Box::new(|_| None),
        teller: Box::new(|_| {}),
        alarm: Box::new(|_| {}),
        keeper: Box::new(|_| {}),
        trace: None,
    };
    Ok(Relay::new(engine, entries, sinks, settings))
}
