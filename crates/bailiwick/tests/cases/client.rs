//! A client over HTTP that posts without waiting for answers, and keeps whatever reaches it.

use crate::upstream;
use bailiwick_testkit::cases::Step;
use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Text};
use bailiwick_testkit::patience::{PATIENCE, comes};
use bailiwick_testkit::serde_json::{self, Value, value::RawValue};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Posts without waiting for answers: some come only with a later step, and some never. But outside of a session what goes on
/// to a server over stdio needs the one process, which is free once the answer before has come whole.
pub(crate) struct Client {
    address: std::net::SocketAddr,
    one_at_a_time: bool,
    no_session: bool,
    session: Arc<(Mutex<Option<String>>, Condvar)>,
    open: Mutex<Vec<JoinHandle<()>>>,
    asked: Mutex<Vec<Value>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    listens: bool,
}

/// One message that reached the client.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// The kind and the id of its event, if it came as one.
    pub(crate) event: Option<(Option<String>, Option<String>)>,
    pub(crate) message: String,
}

impl Client {
    pub(crate) fn new(gateway: &Gateway, one_at_a_time: bool, no_session: bool) -> Client {
        Client {
            address: gateway.address,
            one_at_a_time,
            no_session,
            session: Arc::default(),
            open: Mutex::default(),
            asked: Mutex::default(),
            heard: Arc::default(),
            listens: false,
        }
    }

    fn await_answers(&self, step: &Step) {
        let mut open = self.open.lock().expect("no panic");
        let all = comes(|| open.iter().all(JoinHandle::is_finished));
        assert!(all, "{}: what was asked before is not answered", step.place);
        open.clear();
    }

    pub(crate) fn post(&self, line: &[u8], step: &Step, reaches_server: bool) {
        let text = String::from_utf8_lossy(line);
        let modern = is_modern(&text);
        lock(&self.asked).extend(upstream::asked(line));
        let opens = !modern && lock(&self.session.0).is_none() && text.contains("\"initialize\"");
        if modern && reaches_server && self.one_at_a_time {
            self.await_answers(step);
        }
        let header = match (modern, opens) {
            (true, _) => beside(&text),
            (false, true) => String::new(),
            (false, false) => format!("Mcp-Session-Id: {}\r\n", self.session(step)),
        };
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n{header}\r\n",
            line.len()
        );
        let mut connection = Connection::open(self.address);
        connection.send([head.as_bytes(), line].concat());
        let (session, heard) = (Arc::clone(&self.session), Arc::clone(&self.heard));
        let hears = thread::spawn(move || {
            let Some(answer) = connection.try_head() else { return };
            if let (true, Some(id)) = (opens, answer.header("mcp-session-id")) {
                *lock(&session.0) = Some(id.to_owned());
                session.1.notify_all();
            }
            hear(connection, &answer, &heard);
        });
        self.open.lock().expect("no panic").push(hears);
    }

    /// In 2026-07-28 nobody listens to what was not asked for.
    pub(crate) fn listens_to_all(&self) -> bool {
        !self.no_session
    }

    /// True if a line of the server answers what was asked.
    pub(crate) fn asked_for(&self, line: &[u8]) -> bool {
        let answered = upstream::answered(line);
        !answered.is_empty() && answered.iter().all(|id| lock(&self.asked).contains(id))
    }

    /// Opens the stream for what no request asked for, if it is not open.
    pub(crate) fn listen(&mut self, step: &Step) {
        if std::mem::replace(&mut self.listens, true) {
            return;
        }
        let mut connection = Connection::open(self.address);
        connection.send(format!(
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {}\r\n\r\n",
            self.session(step)
        ));
        let heard = Arc::clone(&self.heard);
        let head = connection.head();
        assert_eq!(head.status(), 200, "{}: the client may not listen", step.place);
        thread::spawn(move || hear(connection, &head, &heard));
    }

    /// The session, once `initialize` was answered.
    fn session(&self, step: &Step) -> String {
        let (session, _) = self
            .session
            .1
            .wait_timeout_while(lock(&self.session.0), PATIENCE, |session| session.is_none())
            .expect("no panic");
        session.clone().unwrap_or_else(|| panic!("{}: there is no session", step.place))
    }

    /// What has reached the client, at least `count` messages.
    pub(crate) fn heard(&self, count: usize) -> Vec<Heard> {
        comes(|| lock(&self.heard).len() >= count);
        lock(&self.heard).clone()
    }
}

fn hear(mut connection: Connection, head: &Text, heard: &Mutex<Vec<Heard>>) {
    let keep = |event: Option<(Option<String>, Option<String>)>, message: &str| {
        let all = members(message).into_iter();
        lock(heard).extend(all.map(|message| Heard { event: event.clone(), message }));
    };
    if !head.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let body = connection.body(head);
        if !body.is_empty() {
            // A message may have several lines; in none of its texts does one end.
            keep(None, &String::from_utf8_lossy(&body).replace('\n', ""));
        }
        return;
    }
    let mut text = String::new();
    while let Some(chunk) = connection.chunk() {
        text.push_str(&chunk);
        while let Some((event, rest)) = text.split_once("\n\n") {
            let of = |name: &str| -> Vec<String> {
                event.lines().filter_map(|line| Some(line.strip_prefix(name)?.to_owned())).collect()
            };
            let data = of("data: ").concat();
            if !data.is_empty() {
                keep(Some((of("event: ").pop(), of("id: ").pop())), &data);
            }
            text = rest.to_owned();
        }
    }
}

/// The messages of a text: one, or the members of a batch.
pub(crate) fn members(text: &str) -> Vec<String> {
    let list = text.starts_with('[').then(|| serde_json::from_str::<Vec<Box<RawValue>>>(text));
    match list {
        Some(Ok(list)) => list.iter().map(|member| member.get().to_owned()).collect(),
        Some(Err(_)) | None => vec![text.to_owned()],
    }
}

/// A request of 2026-07-28, which is of no session.
pub(crate) fn is_modern(line: &str) -> bool {
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
