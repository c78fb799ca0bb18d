//! A server over HTTP that says what the test says, in the form that a [`Delivery`] gives to its answers.

use bailiwick_testkit::cases::Delivery;
use bailiwick_testkit::http::{Text, Upstream};
use bailiwick_testkit::patience::PATIENCE;
use bailiwick_testkit::serde_json::{self, Value};
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Pieces of one message that are cut small; what is longer goes on in large ones.
const SMALL_PIECES_MAX: usize = 400;
const LARGE_PIECE: usize = 65_521;
/// Bytes that come one by one at both ends of a message, and how many together in between.
const SINGLE_BYTES: usize = 12;
const SMALL_PIECE: usize = 61;

#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) delivery: Delivery,
    /// What is no answer comes beside one, however that comes: nobody listens to anything else.
    no_session: bool,
    upstream: Upstream,
    heard: Receiver<Vec<u8>>,
    streams: Arc<Streams>,
    /// What was said as events, with the id of each.
    pub(crate) events: Vec<(String, Vec<u8>)>,
}

/// What is open to be said something on.
#[derive(Debug, Default)]
struct Streams {
    open: Mutex<Vec<Stream>>,
    opened: Condvar,
}

#[derive(Debug)]
struct Stream {
    /// The requests that are answered on it; none on the one that a GET opened.
    ids: Vec<Value>,
    session: bool,
    begun: bool,
    bytes: Sender<Vec<u8>>,
}

impl Posted {
    pub(crate) fn new(delivery: Delivery, no_session: bool) -> Posted {
        let (sender, heard) = channel();
        let streams = Arc::new(Streams::default());
        let (shared, sender) = (Arc::clone(&streams), Mutex::new(sender));
        let upstream = Upstream::start(move |request, stream| {
            // Each piece is to be a segment of its own.
            let _ = stream.set_nodelay(true);
            let ids = asked(&request.body);
            let heard = |line: &[u8]| {
                // The test may be over.
                let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(line.to_vec());
            };
            match request.first.split(' ').next() {
                Some("POST") if ids.is_empty() => {
                    let done = stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
                    heard(&request.body);
                    done.is_ok()
                }
                Some("POST") => serve(&shared, ids, request, stream, || heard(&request.body)),
                Some("GET") => serve(&shared, Vec::new(), request, stream, || {}),
                _ => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_ok(),
            }
        });
        Posted { delivery, no_session, upstream, heard, streams, events: Vec::new() }
    }

    pub(crate) fn url(&self) -> String {
        self.upstream.url()
    }

    /// True if there is a stream for this line. There is none for what is no answer, until the client listens.
    pub(crate) fn has_place(&self, line: &[u8], broken: bool) -> bool {
        let open = self.streams.open();
        open.iter().any(|stream| stream.ids.is_empty()) || self.place(&open, line, broken).is_some()
    }

    /// Waits until the stream of a client that listens is open.
    pub(crate) fn await_listener(&self) {
        let listens = |open: &mut Vec<Stream>| open.iter().all(|stream| !stream.ids.is_empty());
        let (open, _) =
            self.streams.opened.wait_timeout_while(self.streams.open(), PATIENCE, listens).expect("no panic");
        assert!(open.iter().any(|stream| stream.ids.is_empty()), "nobody listens to the server");
    }

    /// Says a line. A `broken` one answers nothing, whatever its id is.
    pub(crate) fn say(&mut self, line: &[u8], broken: bool) {
        let mut open = self.streams.open();
        let listener = open.iter().position(|stream| stream.ids.is_empty());
        let Some(index) = self.place(&open, line, broken).or(listener) else {
            panic!("there is no stream on which the server could say {}", String::from_utf8_lossy(line))
        };
        let stream = &mut open[index];
        let answers = if broken { Vec::new() } else { answered(line) };
        let answered = stream.ids.iter().filter(|id| answers.contains(id)).count();
        let last = answered > 0 && answered == stream.ids.len();
        stream.ids.retain(|id| last || !answers.contains(id));
        let mut bytes = Vec::new();
        if last && !stream.begun && !self.delivery.is_events() {
            let length = (self.delivery == Delivery::Json).then_some(line.len());
            bytes.push(head("application/json", stream.session, length));
            match length {
                Some(_) => bytes.push(line.to_vec()),
                None => bytes.extend(chunks(self.delivery, line)),
            }
        } else {
            if !std::mem::replace(&mut stream.begun, true) {
                bytes.push(head("text/event-stream", stream.session, None));
            }
            let id = format!("e{}", self.events.len() + 1);
            bytes.extend(chunks(self.delivery, &event(self.delivery, &id, line)));
            self.events.push((id, line.to_vec()));
        }
        if last && (stream.begun || self.delivery != Delivery::Json) {
            bytes.push(b"0\r\n\r\n".to_vec());
        }
        for piece in bytes {
            // Nobody may be there any more: then it is lost, as it would be.
            let _ = stream.bytes.send(piece);
        }
        if last {
            open.remove(index);
        }
    }

    /// Where a line is said: with the request that it answers, else beside one that is open.
    fn place(&self, open: &[Stream], line: &[u8], broken: bool) -> Option<usize> {
        let answers = if broken { Vec::new() } else { answered(line) };
        let own = open.iter().position(|stream| stream.ids.iter().any(|id| answers.contains(id)));
        // What is no answer has no place in an answer of JSON.
        let beside = self.no_session || self.delivery.is_events();
        own.or_else(|| open.iter().rposition(|stream| beside && !stream.ids.is_empty()))
    }

    pub(crate) fn next_line(&self) -> Vec<u8> {
        self.heard
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("nothing reached the server within {PATIENCE:?}"))
    }

    /// What reached the server and was not looked at.
    pub(crate) fn rest(&self) -> Vec<Vec<u8>> {
        self.heard.try_iter().collect()
    }
}

impl Streams {
    fn open(&self) -> std::sync::MutexGuard<'_, Vec<Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is said for one request, until it is answered. True if the connection may go on.
fn serve(
    streams: &Streams,
    ids: Vec<Value>,
    request: &Text,
    stream: &mut TcpStream,
    then: impl FnOnce(),
) -> bool {
    let (bytes, pieces) = channel();
    let listens = ids.is_empty();
    let session = request.text().contains("\"initialize\"");
    if listens && stream.write_all(&head("text/event-stream", false, None)).is_err() {
        return false;
    }
    streams.open().push(Stream { ids, session, begun: listens, bytes });
    streams.opened.notify_all();
    then();
    // Over when it is answered, or the test is.
    pieces.iter().all(|piece: Vec<u8>| stream.write_all(&piece).is_ok())
}

fn head(kind: &str, session: bool, length: Option<usize>) -> Vec<u8> {
    let session = if session { "Mcp-Session-Id: theirs\r\n" } else { "" };
    let body = match length {
        Some(length) => format!("Content-Length: {length}"),
        None => "Transfer-Encoding: chunked".to_owned(),
    };
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{session}{body}\r\n\r\n").into_bytes()
}

/// The ids of the requests in a body.
pub(crate) fn asked(body: &[u8]) -> Vec<Value> {
    members(body).into_iter().filter(|message| message.get("method").is_some()).filter_map(id).collect()
}

/// The ids that a line answers.
pub(crate) fn answered(line: &[u8]) -> Vec<Value> {
    let answers = |message: &Value| {
        message.get("method").is_none() && (message.get("result").is_some() || message.get("error").is_some())
    };
    members(line).into_iter().filter(answers).filter_map(id).collect()
}

fn members(text: &[u8]) -> Vec<Value> {
    match serde_json::from_slice(text) {
        Ok(Value::Array(members)) => members,
        Ok(message) => vec![message],
        Err(_) => Vec::new(),
    }
}

fn id(message: Value) -> Option<Value> {
    message.get("id").filter(|id| !id.is_null()).cloned()
}

/// A message as an event: plain, or with all that the standard allows around it.
fn event(delivery: Delivery, id: &str, line: &[u8]) -> Vec<u8> {
    if delivery != Delivery::Pieces {
        return [b"data: ", line, b"\n\n"].concat();
    }
    let before =
        format!(": a comment \u{2014} data: no\r\n\r\nevent: message\r\nid: {id}\r\nunknown: x\r\ndata: ");
    let (first, second) = line.split_at(between_members(line));
    let cut: &[u8] = if first.is_empty() { b"" } else { b"\r\ndata: " };
    [before.as_bytes(), first, cut, second, b"\r\n\r\n"].concat()
}

/// The chunks that make up a body.
fn chunks(delivery: Delivery, body: &[u8]) -> Vec<Vec<u8>> {
    match delivery {
        Delivery::Stdio | Delivery::Json | Delivery::Event => vec![chunk(body)],
        Delivery::Chunks | Delivery::Pieces => pieces(body).into_iter().map(chunk).collect(),
    }
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Behind the first comma between two members of an object, where a line may end without a change of meaning.
fn between_members(line: &[u8]) -> usize {
    let (mut text, mut escaped) = (false, false);
    for (index, byte) in line.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b',' if !text => return index + 1,
            _ => {}
        }
    }
    0
}

/// Single bytes at both ends and within every character that has several, and odd lengths in between.
fn pieces(body: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let single =
        |index: usize| index < SINGLE_BYTES || index + SINGLE_BYTES >= body.len() || !body[index].is_ascii();
    while from < body.len() {
        let length = match pieces.len() < SMALL_PIECES_MAX {
            true if single(from) => 1,
            true => (1..SMALL_PIECE)
                .find(|length| from + length >= body.len() || single(from + length))
                .unwrap_or(SMALL_PIECE),
            false => LARGE_PIECE,
        };
        let to = body.len().min(from + length);
        pieces.push(&body[from..to]);
        from = to;
    }
    pieces
}
