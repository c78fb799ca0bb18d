//! What one call costs us without pipes and peers: framing, parsing, deciding, recording, for its request and its answer.
//!
//! `cargo run --release -p bailiwick-gateway --example pipeline -- [CALLS] [POLICY.yaml]` prints nanoseconds per call. Under
//! `valgrind --tool=callgrind` it shows where they go.

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use bailiwick_engine::{Engine, Mode, Scanner, Settings};
use bailiwick_gateway::relay::{Reader, Relay, RelaySettings};
use bailiwick_gateway::sink::Sink;
use bailiwick_mcp::{Direction, Limits};
use bailiwick_policy::{Context, Load, Principal, Source, bundled, compile};
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not read here"))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let calls: u32 = arguments.next().map_or(Ok(100_000), |calls| calls.parse())?;
    let text = match arguments.next() {
        Some(path) => std::fs::read_to_string(path)?,
        // The limits of the bundled policy would end the measurement after 50 calls.
        None => {
            bundled("standard").unwrap_or_default().split("\nlimits:").next().unwrap_or_default().to_owned()
                + "\nguards: { injection: block, hidden-text: strip, secrets: redact }\npins: { drift: deny }\n"
        }
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
    down.take(&relay, b"{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"tools\":[{\"name\":\"read_file\",\"inputSchema\":{\"type\":\"object\"}}]}}\n")?;
    let note = "a line of ordinary text, as agents write them. ".repeat(19).trim_end().to_owned();
    let start = Instant::now();
    for id in 1..=calls {
        let request = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read_file\",\"arguments\":{{\"path\":\"src/main.rs\",\"note\":\"{note}\"}}}}}}\n"
        );
        let answer = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"{note}\"}}]}}}}\n"
        );
        up.take(&relay, request.as_bytes())?;
        down.take(&relay, answer.as_bytes())?;
    }
    let spent = start.elapsed();
    relay.entries().close(bailiwick_gateway::relay::now())?;
    std::fs::remove_dir_all(&folder)?;
    #[expect(clippy::print_stdout, reason = "a program of its own")]
    {
        println!(
            "{} ns per call of {} + {} bytes",
            spent.as_nanos() / u128::from(calls),
            note.len() + 100,
            note.len() + 70
        );
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
        observer: Box::new(|_| {}),
        alarm: Box::new(|_| {}),
    };
    Ok(Relay::new(engine, entries, sinks, settings))
}
