//! A server that is reached over Streamable HTTP, as a process over standard streams: each line is posted, and what comes
//! back is a line.
//!
//! It decides nothing and stands behind the gate, in the place of a server: `bailiwick run` starts it, and the engine has
//! permitted what it reads. It follows no redirect, and shows its credentials to nobody but the origin that it was given.

mod said;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bailiwick_mcp::framing::{Frame, Lines, Part, Sse};
use bailiwick_mcp::message::{Body, Packet};
use bailiwick_mcp::{Limits, Parser, Value};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

use self::said::{Kind, Said, Tools};
use super::head::{SESSION, VERSION, is_type};
use super::limits::HttpLimits;
use super::upstream::{Link, Target, collect};

/// Requests that wait for their answers at once; then no further line is read.
const REQUESTS_MAX: usize = 256;
/// Lines that are read and not yet posted.
const LINES_MAX: usize = 16;
/// How often a stream that ended without a word is opened again, and how long before each time.
const REOPENED_MAX: u32 = 100;
const REOPEN_AFTER: Duration = Duration::from_secs(1);
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
    let link = Link::new(endpoint, &http);
    let state = Mutex::new(State::default());
    let (output, tools) = (Mutex::new(output), Mutex::default());
    let far = Arc::new(Far { link, limits, http, output, state, tools });
    runtime.block_on(async move {
        let room = Arc::new(Semaphore::new(REQUESTS_MAX));
        while let Some(line) = read.recv().await {
            far.take(line, &room).await;
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
}

/// The server on the far side.
struct Far {
    link: Link,
    limits: Limits,
    http: HttpLimits,
    output: Mutex<File>,
    state: Mutex<State>,
    tools: Mutex<Tools>,
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
        match self.link.pass(headers, line).await {
            Ok(response) => self.answered(&said, response).await,
            Err(error) => self.fail(&said, &error.to_string()),
        }
        if said.is_initialized {
            self.listen();
        }
    }

    async fn answered(&self, said: &Said, response: Response<Incoming>) {
        let status = response.status();
        if said.is_initialize && status.is_success() {
            self.state().session = response.headers().get(SESSION).cloned();
        }
        if status.is_success() && is_type(response.headers(), "text/event-stream") {
            let mut is_answered = false;
            self.events(response.into_body(), &mut |far, data| is_answered |= far.said(said, data)).await;
            if !is_answered {
                self.fail(said, "the server's stream ended before its answer");
            }
            return;
        }
        match collect(response.into_body(), self.limits.message_bytes_max, self.http.answer_time).await {
            Ok(body) if status.is_success() && body.iter().all(u8::is_ascii_whitespace) => {
                self.fail(said, "the server gave no answer");
            }
            Ok(body) if status.is_success() => drop(self.said(said, &body)),
            // A refusal may be a message itself.
            Ok(body) if said.answers(&body, &self.limits) => drop(self.said(said, &body)),
            Ok(_) => self.fail(said, &refusal(status)),
            Err(error) => self.fail(said, &error.to_string()),
        }
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
    async fn events(&self, mut body: Incoming, each: &mut (dyn FnMut(&Far, &[u8]) + Send)) {
        let mut sse = Sse::new(&self.limits);
        while let Ok(Some(Ok(frame))) = timeout(self.http.stream_idle, body.frame()).await {
            let Ok(data) = frame.into_data() else { continue };
            sse.extend(&data);
            while let Some(part) = sse.next() {
                match part {
                    Part::Event(event) if event.is_message() => {
                        each(self, event.data.as_deref().unwrap_or_default());
                    }
                    Part::Event(_) | Part::Comment(_) | Part::TooLong { .. } => {}
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
            let mut silent = 0;
            while silent < REOPENED_MAX {
                let mut headers = HeaderMap::new();
                headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
                far.show(&mut headers);
                let Ok(response) = far.link.ask(Method::GET, headers).await else { return };
                if !response.status().is_success() || !is_type(response.headers(), "text/event-stream") {
                    return;
                }
                silent += 1;
                let heard = &mut silent;
                let write = &mut |far: &Far, data: &[u8]| {
                    *heard = 0;
                    far.write(data);
                };
                far.events(response.into_body(), write).await;
                sleep(REOPEN_AFTER).await;
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
        let _ = timeout(FAREWELL, self.link.ask(Method::DELETE, headers)).await;
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

fn refusal(status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            format!(
                "the server refuses us ({}): its entry needs credentials that still hold",
                status.as_u16()
            )
        }
        StatusCode::NOT_FOUND => "the server knows no such place or session (404)".to_owned(),
        _ if status.is_redirection() => {
            format!("the server sends us elsewhere ({}), where we do not follow", status.as_u16())
        }
        _ => format!("the server answers with status {}", status.as_u16()),
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
