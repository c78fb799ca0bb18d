//! A gateway inside of a program of one's own: who calls is said by the program, policies and questions are in its own store, and what was
//! decided is told to it.
//!
//! `cargo run -p bailiwick-gateway --example embedded` starts a server, the gateway in front of it, and a few calls.

#[path = "shared/store.rs"]
mod store;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bailiwick_engine::{Answer, Mode, Principal, Scanner};
use bailiwick_gateway::http::{
    Approver, Asked, Authenticate, Authenticating, Challenge, Deciding, Endpoint, Gateway, Head, Http,
    HttpLimits, Listener, Names, Plan, Recording, Roots, Route, Serves, Service, Target, bind,
};
use bailiwick_mcp::Limits;
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Whereabouts;
use store::{Failure, Store, audit_log};

/// Knows whose key it is.
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

/// Puts questions into the program's own store, where whoever may answer finds them.
#[derive(Debug)]
struct Desk(Arc<Store<Asked>>);

impl Approver for Desk {
    fn ask(&self, asked: Asked) {
        self.0.keep(asked);
    }
}

/// Somebody at that desk, as often as is needed here.
fn office(store: &Arc<Store<Asked>>, answers: usize) {
    let store = Arc::clone(store);
    thread::spawn(move || {
        for _ in 0..answers {
            let give = |asked: Asked, answer: &Answer| drop(asked.answering.answer(answer));
            store.answer_one(|asked| &asked.question.arguments, give);
        }
    });
}

/// What the program is told, beside the audit log: a line for every decision.
type Told = Arc<Mutex<Vec<String>>>;

fn gateway(
    upstream: SocketAddr,
    folder: &std::path::Path,
    store: &Arc<Store<Asked>>,
    told: &Told,
) -> Result<(Gateway, SocketAddr), Failure> {
    let scanner = Arc::new(Scanner::new());
    let policy = store.policy("notes")?;
    let entries = audit_log(folder, ["gateway", "service:embedded", "gateway"], &scanner)?;
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
                run_by: None,
                limits: HttpLimits::DEFAULT,
                deciding: Deciding {
                    mode: Mode::Enforce,
                    server: "notes".into(),
                    policy: Arc::new(policy),
                    scanner,
                    pins: None,
                    limits: Limits::DEFAULT,
                    whereabouts: Whereabouts::default(),
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
        approver: Some(Arc::new(Desk(Arc::clone(store)))),
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

/// Every call with what came of it, what the program was told, and what its office answered.
type Shown = (Vec<Came>, Vec<String>, Vec<String>);

fn show() -> Result<Shown, Failure> {
    let folder = std::env::temp_dir().join(format!("bailiwick-embedded-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = Told::default();
    let store = Store::new();
    office(&store, 2);
    let (gateway, address) = gateway(server()?, &folder, &store, &told)?;
    let long = "a text that nobody in the office would ever read to its end";
    let mut came = Vec::new();
    for (what, key, tool, text) in [
        ("a stranger", "?", "read", "x"),
        ("ana reads", "ana's key", "read", "x"),
        ("ana reads a key", "ana's key", "read", "~/.ssh/id"),
        ("ben reads", "ben's key", "read", "x"),
        ("ben writes a little", "ben's key", "write", "x"),
        ("ben writes much", "ben's key", "write", long),
    ] {
        came.push((what, call(address, key, tool, text)?));
    }
    gateway.stop().close(bailiwick_gateway::relay::now())?;
    std::fs::remove_dir_all(&folder)?;
    let told = told.lock().map(|told| told.clone()).unwrap_or_default();
    Ok((came, told, store.answered()))
}

#[expect(clippy::print_stdout, reason = "a program of its own")]
fn main() -> Result<(), Failure> {
    let (came, told, answered) = show()?;
    for (what, answer) in came {
        println!("{what}: {}", answer.rsplit("\r\n").next().unwrap_or_default());
    }
    told.iter().for_each(|line| println!("told: {line}"));
    answered.iter().for_each(|line| println!("the office: {line}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_says_who_calls_keeps_what_is_asked_and_hears_of_every_decision() {
        let (came, told, answered) = super::show().unwrap();
        let expected = [
            ("a stranger", "401", "a key, please"),
            ("ana reads", "200", "done"),
            ("ana reads a key", "200", "keys stay here"),
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
        assert!(answered.len() == 2 && answered.iter().any(|line| line.contains("Deny")), "{answered:?}");
    }
}
