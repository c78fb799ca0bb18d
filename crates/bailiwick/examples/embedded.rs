//! A gateway inside of a program of one's own, which says who calls, keeps policies and questions, and gets the audit log.
//!
//! `cargo run -p bailiwick --example embedded` starts a server, the gateway in front of it, and a few calls.

#[path = "shared/own.rs"]
mod own;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use bailiwick::{Audit, Authenticate, Authenticating, Challenge, Gateway, Head, Principal, Setup};
use own::{Failure, Ledger, Office, Pages, Policies};

/// Knows whose key it is.
#[derive(Debug)]
struct Keys;

impl Authenticate for Keys {
    fn principal<'a>(&'a self, head: &'a Head) -> Authenticating<'a> {
        let known = match head.headers.get("x-key").and_then(|key| key.to_str().ok()) {
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

/// What came of it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Of each call what it was, and the answer.
    pub(crate) came: Vec<(&'static str, String)>,
    /// What the office answered.
    pub(crate) answered: Vec<String>,
    /// The audit log.
    pub(crate) pages: Pages,
}

/// The gateway with everything of the program's own; its signing key is in `folder`.
pub(crate) fn show(folder: &Path) -> Result<Shown, Failure> {
    let (office, ledger) = (Office::default(), Ledger::default());
    let audit = Audit::store(ledger.clone()).key_directory(folder.join("key"));
    let setup = Setup::new(audit)
        .server("notes")
        .policies(Policies)
        .policy("notes")
        .home("/")
        .approver(office.clone());
    let url = format!("http://{}/mcp", server()?);
    let gateway = Gateway::to(url, setup).authenticator(Keys).start()?;

    office.opens_for(2);
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
        came.push((what, call(gateway.address(), key, tool, text)?));
    }
    gateway.stop()?;
    Ok(Shown { came, answered: office.answered(), pages: ledger.pages() })
}

#[expect(clippy::print_stdout, reason = "a program of its own")]
fn main() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("bailiwick-embedded-{}", std::process::id()));
    let shown = show(&folder)?;
    std::fs::remove_dir_all(&folder)?;
    for (what, answer) in shown.came {
        println!("{what}: {}", answer.rsplit("\r\n").next().unwrap_or_default());
    }
    shown.answered.iter().for_each(|line| println!("the office: {line}"));
    println!("the ledger ends:\n{}", shown.pages.checkpoint);
    Ok(())
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
