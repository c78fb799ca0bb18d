//! A gateway inside of a program of one's own: who calls is said by the program, what was decided is told to it, and a person's
//! answer is its own to find.
//!
//! `cargo run -p bailiwick-gateway --example embedded` starts a server, the gateway in front of it, and a few calls.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bailiwick_engine::{Answer, ApprovedBy, Mode, Policy, Principal, Scanner};
use bailiwick_gateway::http::{
    Approver, Asked, Authenticate, Authenticating, Challenge, Deciding, Endpoint, Gateway, Head, Http,
    HttpLimits, Listener, Names, Plan, Recording, Roots, Route, Serves, Service, Target, bind,
};
use bailiwick_mcp::Limits;
use bailiwick_policy::{Context, Load, Source, compile};
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;

type Failure = Box<dyn std::error::Error>;

const POLICY: &str = "version: 1
name: embedded
default: deny
rules:
  - { id: reads, effect: allow, on: ['notes/read'], for: { principals: ['user:ana'] } }
  - { id: writes, effect: ask, on: ['notes/write'] }
";

/// Knows whose key it is. A program would look into its own store.
#[derive(Debug)]
struct Keys;

impl Authenticate for Keys {
    fn principal<'a>(&'a self, head: &'a Head) -> Authenticating<'a> {
        let key = head.headers.get("x-key").and_then(|key| key.to_str().ok());
        let known = match key {
            Some("ana's key") => Ok("user:ana"),
            Some("ben's key") => Ok("user:ben"),
            Some(_) | None => Err(Challenge {
                forbidden: false,
                www_authenticate: None,
                message: "a key, please".to_owned(),
            }),
        };
        let principal = |id: &str| Arc::new(Principal { id: id.to_owned(), ..Principal::default() });
        Box::pin(std::future::ready(known.map(principal)))
    }
}

/// Answers by itself what a program would put to a person, on whatever channel it has.
#[derive(Debug)]
struct Office;

impl Approver for Office {
    fn ask(&self, asked: Asked) {
        // Never on the thread that serves.
        thread::spawn(move || {
            let short = asked.question.arguments.len() < 40;
            let answer = match short {
                true => Answer::Approve(ApprovedBy::new("user:office", "by the office")),
                false => Answer::Deny("too long for the office".to_owned()),
            };
            let _still_waiting = asked.answering.answer(&answer);
        });
    }
}

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("`{reference}` is not read here"))
    }
}

/// What the program is told, beside the audit log: a line for every decision.
type Told = Arc<Mutex<Vec<String>>>;

fn gateway(
    upstream: SocketAddr,
    folder: &std::path::Path,
    told: &Told,
) -> Result<(Gateway, SocketAddr), Failure> {
    let scanner = Arc::new(Scanner::new());
    let source = Source { name: "embedded.yaml".to_owned(), text: POLICY.to_owned() };
    let policy: Policy = compile(vec![source], &mut Nothing, &Context::default())
        .map_err(|problems| problems.render(false))?;
    let options = OpenOptions {
        path: folder.join("audit.jsonl"),
        durability: Durability::Batched,
        key_directory: folder.join("key"),
    };
    let (log, _) = AuditLog::open(options, bailiwick_gateway::relay::now())?;
    let names = ["gateway", "service:embedded", "gateway"].map(str::to_owned);
    let [run, principal, server] = names;
    let entries = Entries::new(log, run, principal, server, Arc::clone(&scanner));
    let socket = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?;
    let http = Http {
        plan: Plan {
            listeners: vec![Listener {
                name: "local".to_owned(),
                socket: Some(socket),
                names: Names::default(),
                identity: None,
            }],
            services: vec![Service {
                name: "notes".to_owned(),
                target: Target::Http(Endpoint {
                    uri: format!("http://{upstream}/mcp").parse()?,
                    headers: Vec::new(),
                    roots: Roots::nobody()?,
                }),
                forward: Vec::new(),
                limits: HttpLimits::DEFAULT,
                deciding: Deciding {
                    mode: Mode::Enforce,
                    server: "notes".into(),
                    policy: Arc::new(policy),
                    scanner,
                    pins: None,
                    limits: Limits::DEFAULT,
                },
            }],
            routes: vec![Route {
                path: "/mcp".to_owned(),
                listeners: Vec::new(),
                sse: None,
                serves: Serves::One("notes".to_owned()),
            }],
        },
        admin: None,
        authenticate: Box::new(Keys),
        approver: Some(Arc::new(Office)),
        limits: HttpLimits::DEFAULT,
        workers: 1,
        recording: recording(entries, told),
    };
    Ok((http.start()?, address))
}

/// The audit log, and a sink of the program's own.
fn recording(entries: Entries, told: &Told) -> Recording {
    let sink = Arc::clone(told);
    Recording {
        entries,
        strict: false,
        observer: Box::new(|outcome| {
            let decision = &outcome.decision;
            Some(format!("{:?} {} {:?}", decision.verdict, decision.method, decision.target))
        }),
        teller: Box::new(move |line| {
            if let Ok(mut told) = sink.lock() {
                told.push(line.to_owned());
            }
        }),
        alarm: Box::new(|_| {}),
        keeper: Box::new(|_| {}),
        traces: None,
    }
}

/// What came of a call: the text of its result or error.
fn call(address: SocketAddr, key: &str, tool: &str, text: &str) -> Result<String, Failure> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":"{text}"}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
    );
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Key: {key}\r\nContent-Type: application/json\r\nConnection: close\r\n\
         MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: {tool}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A server with two tools that says `done` to every call.
fn server() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut request = vec![0; 64 << 10];
                let read = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(request.get(..read).unwrap_or_default()).into_owned();
                let id = request
                    .split("\"id\":")
                    .nth(1)
                    .and_then(|rest| rest.split([',', '}']).next())
                    .unwrap_or("0");
                let result = match request.contains("\"tools/list\"") {
                    true => {
                        r#"{"tools":[{"name":"read","inputSchema":{"type":"object"}},{"name":"write","inputSchema":{"type":"object"}}],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#
                    }
                    false => r#"{"content":[{"type":"text","text":"done"}],"resultType":"complete"}"#,
                };
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes());
            });
        }
    });
    Ok(address)
}

/// What was called, and what came of it.
type Came = (&'static str, String);

/// Every call with what came of it, and what the program was told.
fn show() -> Result<(Vec<Came>, Vec<String>), Failure> {
    let folder = std::env::temp_dir().join(format!("bailiwick-embedded-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = Told::default();
    let (gateway, address) = gateway(server()?, &folder, &told)?;
    let long = "a text that nobody in the office would ever read to its end";
    let mut came = Vec::new();
    for (what, key, tool, text) in [
        ("a stranger", "?", "read", "x"),
        ("ana reads", "ana's key", "read", "x"),
        ("ben reads", "ben's key", "read", "x"),
        ("ben writes a little", "ben's key", "write", "x"),
        ("ben writes much", "ben's key", "write", long),
    ] {
        came.push((what, call(address, key, tool, text)?));
    }
    gateway.stop().close(bailiwick_gateway::relay::now())?;
    std::fs::remove_dir_all(&folder)?;
    let told = told.lock().map(|told| told.clone()).unwrap_or_default();
    Ok((came, told))
}

#[expect(clippy::print_stdout, reason = "a program of its own")]
fn main() -> Result<(), Failure> {
    let (came, told) = show()?;
    for (what, answer) in came {
        println!("{what}: {}", answer.rsplit("\r\n").next().unwrap_or_default());
    }
    told.iter().for_each(|line| println!("told: {line}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_says_who_calls_who_is_asked_and_hears_of_every_decision() {
        let (came, told) = super::show().unwrap();
        let expected = [
            ("a stranger", "401", "a key, please"),
            ("ana reads", "200", "done"),
            ("ben reads", "200", "Unknown tool"),
            ("ben writes a little", "200", "done"),
            ("ben writes much", "200", "too long for the office"),
        ];
        for ((what, answer), (name, status, words)) in came.iter().zip(expected) {
            assert_eq!(*what, name);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(words),
                "{what}: {answer}"
            );
        }
        assert!(told.iter().any(|line| line.contains("tools/call")), "{told:?}");
    }
}
