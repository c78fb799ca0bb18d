//! A bridge over standard streams inside of a program of one's own: it starts the server, stands between that and its own
//! client, keeps policies and questions in its own store, and is told what was decided.
//!
//! `cargo run -p bailiwick-gateway --example bridged` starts a server in a shell and says a few lines to it.

#[path = "shared/store.rs"]
#[expect(dead_code, reason = "what was answered is shown by `embedded`")]
mod store;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use bailiwick_engine::{Answer, Engine, Mode, Principal, Question, QuestionId, Scanner, Settings};
use bailiwick_gateway::Asker;
use bailiwick_gateway::relay::{Reader, Relay, RelaySettings, now};
use bailiwick_gateway::sink::Sink;
use bailiwick_mcp::{Direction, Limits};
use store::{Failure, Store, audit_log};

/// Two tools, and an answer for everything.
const SERVER: &str = r#"
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  case $line in
    *initialize\"*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *tools/list*) result='{"tools":[{"name":"read","inputSchema":{"type":"object"}},{"name":"write","inputSchema":{"type":"object"}}]}' ;;
    *) result='{"content":[{"type":"text","text":"done"}]}' ;;
  esac
  case $line in *\"id\":*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$result}" ;; esac
done
"#;

/// Puts questions into the program's own store, where whoever may answer finds them.
#[derive(Debug)]
struct Desk(Arc<Store<Question>>);

impl Asker for Desk {
    fn ask(&self, question: Question) {
        self.0.keep(question);
    }

    fn withdraw(&self, _question: QuestionId) {}
}

/// Somebody at that desk, as often as is needed here.
fn office(store: &Arc<Store<Question>>, relay: &Arc<Relay>, answers: usize) {
    let (store, relay) = (Arc::clone(store), Arc::downgrade(relay));
    thread::spawn(move || {
        for _ in 0..answers {
            // A client that is gone needs no answer.
            let give = |question: Question, answer: &Answer| {
                drop(relay.upgrade().map(|relay| relay.answer(question.id, answer)));
            };
            store.answer_one(|question| &question.arguments, give);
        }
    });
}

/// What the program is told, beside the audit log.
type Told = Arc<Mutex<Vec<String>>>;

/// The program's end of a bridge to the server `child`.
struct Bridge {
    to_server: File,
    from_server: BufReader<File>,
    relay: Arc<Relay>,
    child: Child,
}

fn bridge(mut child: Child, folder: &Path, told: &Told) -> Result<Bridge, Failure> {
    let scanner = Arc::new(Scanner::new());
    let store = Store::new();
    let policy = store.policy("notes")?;
    let principal = Principal { id: "user:ana".to_owned(), ..Principal::default() };
    let settings = Settings {
        mode: Mode::Enforce,
        server: "notes".into(),
        principal: Arc::new(principal),
        limits: Limits::DEFAULT,
        nonce: "a program takes random bytes".to_owned(),
    };
    let entries = audit_log(folder, ["run-1", "user:ana", "notes"], &scanner)?;
    let engine = Engine::new(settings, Arc::new(policy), scanner, None);
    let (client_reads, to_client) = std::io::pipe()?;
    let (from_client, client_writes) = std::io::pipe()?;
    let file = |fd: OwnedFd| File::from(fd);
    let input = child.stdin.take().ok_or("no pipe")?;
    let output = child.stdout.take().ok_or("no pipe")?;
    let sinks = (Sink::blocking(file(input.into())), Sink::blocking(file(to_client.into())));
    let told = Arc::clone(told);
    let with = RelaySettings {
        limits: Limits::DEFAULT,
        strict: false,
        observer: Box::new(|outcome| {
            let decision = &outcome.decision;
            Some(format!(
                "{} {}: {:?}",
                decision.method,
                decision.target.as_deref().unwrap_or(""),
                decision.verdict
            ))
        }),
        teller: Box::new(move |words| {
            told.lock().unwrap_or_else(|told| told.into_inner()).push(words.to_owned())
        }),
        alarm: Box::new(|_| {}),
        keeper: Box::new(|_| {}),
        trace: None,
    };
    let relay = Arc::new(Relay::new(engine, entries, sinks, with));
    relay.set_asker(Arc::new(Desk(Arc::clone(&store))));
    office(&store, &relay, 2);
    pump(&relay, Direction::ToServer, file(from_client.into()));
    pump(&relay, Direction::ToClient, file(output.into()));
    let courier = Arc::clone(&relay);
    thread::spawn(move || courier.courier());
    let from_server = BufReader::new(file(client_reads.into()));
    Ok(Bridge { to_server: file(client_writes.into()), from_server, relay, child })
}

/// Hands all that one party writes to the relay.
fn pump(relay: &Arc<Relay>, direction: Direction, mut from: File) {
    let relay = Arc::clone(relay);
    thread::spawn(move || {
        let mut reader = Reader::new(direction, &Limits::DEFAULT);
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            if reader.take(&relay, chunk.get(..read).unwrap_or_default()).is_err() {
                return;
            }
        }
        // The client is done: so is the server, once what waits is through.
        if direction == Direction::ToServer {
            relay.close_server_input();
        }
    });
}

impl Bridge {
    /// Says a line, and reads the next one if an answer is owed.
    fn say(&mut self, line: &str) -> Result<String, Failure> {
        writeln!(self.to_server, "{line}")?;
        let mut answer = String::new();
        if line.contains("\"id\"") {
            self.from_server.read_line(&mut answer)?;
        }
        Ok(answer)
    }

    fn end(mut self) -> Result<(), Failure> {
        drop(self.to_server);
        self.child.wait()?;
        self.relay.entries().close(now())?;
        Ok(())
    }
}

/// Every call with what came of it, and what the program was told.
fn show() -> Result<(Vec<String>, Vec<String>), Failure> {
    let folder = std::env::temp_dir().join(format!("bailiwick-bridged-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = Told::default();
    let server =
        Command::new("sh").args(["-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut bridge = bridge(server, &folder, &told)?;
    bridge.say(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#)?;
    bridge.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
    let long = "a text that nobody in the office would ever read to its end";
    let mut came = Vec::new();
    for (tool, text) in [("read", "x"), ("erase", "x"), ("write", "x"), ("write", long)] {
        came.push(bridge.say(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":"{text}"}}}}}}"#
        ))?);
    }
    bridge.end()?;
    std::fs::remove_dir_all(&folder)?;
    let told = told.lock().map(|told| told.clone()).unwrap_or_default();
    Ok((came, told))
}

#[expect(clippy::print_stdout, reason = "a program of its own")]
fn main() -> Result<(), Failure> {
    let (came, told) = show()?;
    came.iter().for_each(|answer| print!("{answer}"));
    told.iter().for_each(|line| println!("told: {line}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_stands_between_its_client_and_a_server_that_it_started() {
        let (came, told) = super::show().unwrap();
        let expected = ["done", "Unknown tool", "done", "too long for the office"];
        for (answer, words) in came.iter().zip(expected) {
            assert!(answer.contains(words), "{answer}");
        }
        assert_eq!(came.len(), expected.len());
        assert!(told.iter().any(|line| line.contains("tools/call write")), "{told:?}");
    }
}
