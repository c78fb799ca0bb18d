//! A server that is reached over Streamable HTTP, as a process over standard streams: each line is posted, and what comes
//! back is a line.
//!
//! It decides nothing and stands behind the gate, in the place of a server: `bailiwick run` starts it, and the engine has
//! permitted what it reads. It follows no redirect, and shows its credentials to nobody but the origin that it was given.
//!
//! A stream that breaks is taken up where it broke, if its events had ids; a server that knows only HTTP+SSE of 2024-11-05
//! (it refuses to be posted to at its address) is spoken to in that way.

mod legacy;
mod refusal;
mod said;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bailiwick_mcp::framing::{Frame, Lines, Part, Sse};
use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Id, Limits, Parser, Value};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper::{Method, Response, Uri};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{sleep, timeout};

use self::said::{Kind, Said, Tools};
use super::head::{LAST_EVENT, SESSION, VERSION, is_type};
use super::limits::HttpLimits;
use super::upstream::{Link, Reading, Target, collect};

/// Requests that wait for their answers at once; then no further line is read.
const REQUESTS_MAX: usize = 256;
/// Lines that are read and not yet posted.
const LINES_MAX: usize = 16;
/// How often a stream that ended without a word is opened again, and how long before each time.
const REOPENED_MAX: u32 = 100;
const REOPEN_AFTER: Duration = Duration::from_secs(1);
/// How often the stream of one answer is taken up again, and how long its server may make us wait before it.
const RESUMED_MAX: u32 = 20;
const RESUME_AFTER_MAX: Duration = Duration::from_secs(30);
/// How long the end of a session may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Speaks to `endpoint` for whoever writes to `input`, until that ends.
///
/// # Errors
/// If no runtime or thread can be started.
pub fn bridge(endpoint: Target, limits: Limits, input: File, output: File) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (lines, mut read) = mpsc::channel(LINES_MAX);
    std::thread::Builder::new().name("input".into()).spawn(move || read_lines(input, &limits, &lines))?;
    let http = HttpLimits::DEFAULT;
    let base = endpoint.uri.clone();
    let link = Link::new(endpoint, &http);
    let state = Mutex::new(State::default());
    let (output, tools) = (Mutex::new(output), Mutex::default());
    let (gone, heard) = (Notify::new(), Notify::new());
    let far = Arc::new(Far { link, base, limits, http, output, state, tools, gone, heard });
    runtime.block_on(async move {
        let room = Arc::new(Semaphore::new(REQUESTS_MAX));
        loop {
            tokio::select! {
                line = read.recv() => match line {
                    Some(line) => far.take(line, &room).await,
                    None => break,
                },
                // A server of HTTP+SSE is gone with its stream.
                () = far.gone.notified() => return,
            }
        }
        // What is on its way is waited for; whoever does not want that ends us.
        let all = u32::try_from(REQUESTS_MAX).unwrap_or(u32::MAX);
        let _ = timeout(far.http.grace, room.acquire_many(all)).await;
        far.farewell().await;
    });
    Ok(())
}

/// Cuts the input into lines; one that is too long was never permitted.
fn read_lines(mut input: File, limits: &Limits, lines: &mpsc::Sender<Vec<u8>>) {
    let mut cut = Lines::new(limits);
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = match input.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => read,
        };
        cut.extend(chunk.get(..read).unwrap_or_default());
        while let Some(frame) = cut.next() {
            if let Frame::Line(line) = frame
                && lines.blocking_send(line.to_vec()).is_err()
            {
                return;
            }
        }
    }
}

/// What the server gave us to show with every request.
#[derive(Debug, Default, Clone)]
struct State {
    session: Option<HeaderValue>,
    version: Option<HeaderValue>,
    is_listening: bool,
    /// Where a server of HTTP+SSE said to post to.
    place: Option<Uri>,
    /// Requests to such a server that are not answered; as many as may wait.
    open: BTreeSet<Id<'static>>,
}

/// How far a stream of events came.
#[derive(Debug, Default)]
struct Reached {
    /// The last event's id.
    id: Option<HeaderValue>,
    /// How long the server wants us to wait before we take it up again.
    after: Option<Duration>,
}

/// The server on the far side.
struct Far {
    link: Link,
    base: Uri,
    limits: Limits,
    http: HttpLimits,
    output: Mutex<File>,
    state: Mutex<State>,
    tools: Mutex<Tools>,
    /// Nothing more will come.
    gone: Notify,
    /// Something came on the stream of HTTP+SSE.
    heard: Notify,
}

impl Far {
    async fn take(self: &Arc<Self>, line: Vec<u8>, room: &Arc<Semaphore>) {
        let said = {
            let tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
            Said::of(&line, &self.limits, &tools)
        };
        let Some(said) = said else { return };
        let far = Arc::clone(self);
        // What others build on is awaited: the session, and what a server must know before the next request.
        if said.is_initialize || !matches!(said.kind, Kind::Request(_)) {
            return far.exchange(said, line.into()).await;
        }
        let Ok(place) = Arc::clone(room).acquire_owned().await else { return };
        tokio::spawn(async move {
            far.exchange(said, line.into()).await;
            drop(place);
        });
    }

    async fn exchange(self: Arc<Self>, said: Said, line: Bytes) {
        let mut headers = said.headers.clone();
        if !said.is_modern {
            self.show(&mut headers);
        }
        let place = self.state().place.clone();
        if let Some(place) = place {
            return self.post(&said, place, line).await;
        }
        match self.link.pass(headers.into(), line.clone()).await {
            Ok(response) if said.is_initialize && legacy::may_be(response.status()) => {
                self.legacy(&said, response, line).await;
            }
            Ok(response) => self.answered(&said, response).await,
            Err(error) => self.fail(&said, &error.to_string()),
        }
        if said.is_initialized && self.state().place.is_none() {
            self.listen();
        }
    }

    async fn answered(&self, said: &Said, response: Response<Reading>) {
        let status = response.status();
        if said.is_initialize && status.is_success() {
            self.state().session = response.headers().get(SESSION).cloned();
        }
        if status.is_success() && is_type(response.headers(), "text/event-stream") {
            return self.streamed(said, response.into_body()).await;
        }
        let refused = refusal::told(status, response.headers());
        match collect(response.into_body(), self.limits.message_bytes_max, self.http.answer_time).await {
            Ok(body) if status.is_success() && body.iter().all(u8::is_ascii_whitespace) => {
                self.fail(said, "the server gave no answer");
            }
            Ok(body) if status.is_success() => drop(self.said(said, &body)),
            // A refusal may be a message itself.
            Ok(body) if said.answers(&body, &self.limits) => drop(self.said(said, &body)),
            Ok(_) => self.fail(said, &refused),
            Err(error) => self.fail(said, &error.to_string()),
        }
    }

    /// An answer that comes as a stream of events, which may break and be taken up again.
    async fn streamed(&self, said: &Said, body: Reading) {
        let (mut body, mut reached) = (body, Reached::default());
        let mut is_answered = false;
        for _ in 0..RESUMED_MAX {
            self.events(body, &mut reached, &mut |far, data| is_answered |= far.said(said, data)).await;
            // Answers of 2026-07-28 are not taken up again.
            let Some(id) = reached.id.clone().filter(|_| !is_answered && !said.is_modern) else { break };
            sleep(reached.after.unwrap_or(REOPEN_AFTER).min(RESUME_AFTER_MAX)).await;
            let Some(next) = self.open(Some(id)).await else { break };
            body = next;
        }
        if !is_answered {
            self.fail(said, "the server's stream ended before its answer");
        }
    }

    /// Opens a stream of events, behind the event of that id.
    async fn open(&self, behind: Option<HeaderValue>) -> Option<Reading> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        self.show(&mut headers);
        if let Some(id) = behind {
            headers.insert(LAST_EVENT, id);
        }
        let response = self.link.ask(Method::GET, headers.into()).await.ok()?;
        let is_stream = response.status().is_success() && is_type(response.headers(), "text/event-stream");
        is_stream.then(|| response.into_body())
    }

    /// Hands a message of the server on; true if it is the answer to `said`.
    fn said(&self, said: &Said, message: &[u8]) -> bool {
        let is_answer = said.answers(message, &self.limits);
        if is_answer && said.is_initialize {
            self.state().version = negotiated(message, &self.limits);
        }
        if is_answer && said.lists_tools {
            self.tools.lock().unwrap_or_else(PoisonError::into_inner).learn(message, &self.limits);
        }
        self.write(message);
        is_answer
    }

    /// Each message of a stream of events, until it ends or is silent for too long.
    async fn events(
        &self,
        mut body: Reading,
        reached: &mut Reached,
        each: &mut (dyn FnMut(&Far, &[u8]) + Send),
    ) {
        let mut sse = Sse::new(&self.limits);
        while let Ok(Some(Ok(frame))) = timeout(self.http.stream_idle, body.frame()).await {
            let Ok(data) = frame.into_data() else { continue };
            sse.extend(&data);
            while let Some(part) = sse.next() {
                let Part::Event(event) = part else { continue };
                if let Some(id) = &event.id {
                    // An empty one says that there is nothing to take up.
                    reached.id = HeaderValue::from_bytes(id).ok().filter(|id| !id.is_empty());
                }
                reached.after = event.retry_ms.map(Duration::from_millis).or(reached.after);
                // An event that only has an id is there to be taken up from.
                if let Some(data) =
                    event.data.as_deref().filter(|data| event.is_message() && !data.is_empty())
                {
                    each(self, data);
                }
            }
        }
    }

    /// Opens the stream on which the server speaks unasked, if it has one.
    fn listen(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().is_listening, true) {
            return;
        }
        let far = Arc::clone(self);
        tokio::spawn(async move {
            let (mut silent, mut reached) = (0, Reached::default());
            while silent < REOPENED_MAX {
                let Some(body) = far.open(reached.id.clone()).await else { return };
                silent += 1;
                let heard = &mut silent;
                let write = &mut |far: &Far, data: &[u8]| {
                    *heard = 0;
                    far.write(data);
                };
                far.events(body, &mut reached, write).await;
                sleep(reached.after.unwrap_or(REOPEN_AFTER).clamp(REOPEN_AFTER, RESUME_AFTER_MAX)).await;
            }
        });
    }

    /// Ends the session, if there is one.
    async fn farewell(&self) {
        if self.state().session.is_none() {
            return;
        }
        let mut headers = HeaderMap::new();
        self.show(&mut headers);
        // A server that does not end sessions forgets them by itself.
        let _ = timeout(FAREWELL, self.link.ask(Method::DELETE, headers.into())).await;
    }

    fn show(&self, headers: &mut HeaderMap) {
        let State { session, version, .. } = self.state().clone();
        for (name, value) in [(SESSION, session), (VERSION, version)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
    }

    fn fail(&self, said: &Said, why: &str) {
        let Kind::Request(id) = &said.kind else { return };
        self.fail_id(id, why);
    }

    fn fail_id(&self, id: &Id<'_>, why: &str) {
        let mut line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":-32603,\"message\":")
            .into_bytes();
        bailiwick_mcp::json::escape_into(why, &mut line);
        line.extend_from_slice(b"}}");
        self.write(&line);
    }

    /// One message as one line: a line end between its tokens becomes a blank, and within a text there is none.
    fn write(&self, message: &[u8]) {
        let mut line: Vec<u8> =
            message.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect();
        line.push(b'\n');
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // A gate that stopped reading has ended, and ends us.
        let _ = output.write_all(&line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version that the server chose.
fn negotiated(message: &[u8], limits: &Limits) -> Option<HeaderValue> {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, message, limits) else { return None };
    let Body::Result { result, .. } = &message.body else { return None };
    let version = result.get("protocolVersion").and_then(Value::text)?;
    HeaderValue::from_str(&version).ok()
}
