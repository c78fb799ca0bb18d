//! Events from an upstream to a client, one by one: each is decided over before it goes on, and none waits for the next.

use bailiwick_mcp::framing::{Event, Part, Sse};
use bailiwick_mcp::{Malformation, Malformed};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ask::Late;
use super::desk::Said;
use super::exchange::{Attended, Exchange, to_client};
use super::gate::{Phase, until};
use super::letter::Letter;
use super::office::OVER;
use super::reply::{Reply, events};
use super::run::{Decided, Party};
use super::sessions::OpenStream;
use super::upstream::Reading;

/// Pieces that wait for a client that reads slowly; then the upstream waits.
const PIECES_MAX: usize = 4;

/// Why a stream came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The upstream ended it.
    Ended,
    /// The upstream's connection broke, or was silent for too long.
    Broken,
    Silent,
    /// The client is gone, or does not read.
    Left,
    /// The gateway ends.
    Over,
}

/// Answers with the events of `body`, for as long as both sides want.
pub(super) fn open(attended: Attended, body: Reading) -> Reply {
    pump(attended, body, None, Vec::new())
}

/// The same behind `letters`.
pub(super) fn open_behind(attended: Attended, letters: &[Letter], body: Reading) -> Reply {
    let first = letters.iter().flat_map(event).collect();
    pump(attended, body, None, first)
}

/// The same for a stream that no request opened.
pub(super) fn listen(attended: Attended, body: Reading, counted: OpenStream) -> Reply {
    pump(attended, body, Some(counted), Vec::new())
}

/// What a server over stdio says by itself.
pub(super) fn said(exchange: Exchange, mut pieces: mpsc::Receiver<Said>, counted: OpenStream) -> Reply {
    let (to_client, receiver) = mpsc::channel(1);
    let gate = std::sync::Arc::clone(&exchange.here.gate);
    gate.metrics.streams.inc();
    tokio::spawn(async move {
        let mut phase = gate.phase.clone();
        loop {
            let piece = tokio::select! {
                piece = pieces.recv() => piece,
                () = to_client.closed() => None,
                () = until(&mut phase, Phase::Draining) => None,
            };
            let Some(piece) = piece else { break };
            if to_client.send(piece.event()).await.is_err() {
                break;
            }
        }
        drop(counted);
        gate.metrics.streams.dec();
    });
    events(receiver)
}

fn pump(attended: Attended, body: Reading, counted: Option<OpenStream>, first: Vec<u8>) -> Reply {
    let (pieces, receiver) = mpsc::channel(PIECES_MAX);
    let gate = std::sync::Arc::clone(&attended.exchange.here.gate);
    gate.metrics.streams.inc();
    let sse = Sse::new(&gate.office.with.limits);
    let (late, letters) = Late::new(&attended.exchange);
    let pump = Pump { attended, sse, pieces, late, letters, _counted: counted };
    tokio::spawn(async move {
        if pump.send(first).await {
            pump.run(body).await;
        }
        gate.metrics.streams.dec();
    });
    events(receiver)
}

struct Pump {
    attended: Attended,
    sse: Sse,
    pieces: mpsc::Sender<Bytes>,
    late: Late,
    /// What a person let through meanwhile.
    letters: mpsc::Receiver<Letter>,
    _counted: Option<OpenStream>,
}

impl Pump {
    async fn run(mut self, mut body: Reading) {
        let mut end = self.pass_on(&mut body).await;
        let exchange = self.attended.exchange.clone();
        exchange.run.touch();
        if end == End::Ended {
            // Of what the server said, something may still be with a person.
            end = self.pass_on_late().await;
        }
        if end == End::Left || self.attended.resumable && end != End::Over {
            // What the client gave up, or may fetch later, is seen to by `Attended`.
            return;
        }
        let why = match end {
            End::Ended | End::Left => "the server ended the stream before it answered",
            End::Broken => "the connection to the server broke before it answered",
            End::Silent => "the server was silent for too long",
            End::Over => OVER,
        };
        let mut out = Vec::new();
        for owed in &exchange.sent {
            if let Some(decided) = exchange.run.left_unanswered(exchange.lane, owed, why) {
                exchange.here.gate.failed();
                self.write(decided, &mut Event::default(), &mut out).await;
            }
        }
        let _ = self.send(out).await;
    }

    async fn pass_on(&mut self, body: &mut Reading) -> End {
        let gate = std::sync::Arc::clone(&self.attended.exchange.here.gate);
        let mut phase = gate.phase.clone();
        // A stream that no request waits for ends with the serving; the others have until the grace is over.
        let last = if self.attended.exchange.ids.is_empty() { Phase::Draining } else { Phase::Over };
        let mut out = Vec::new();
        loop {
            let frame = tokio::select! {
                frame = timeout(gate.limits.stream_idle, body.frame()) => frame,
                Some(letter) = self.letters.recv() => {
                    if self.send(event(&letter)).await { continue } else { return End::Left }
                }
                () = self.pieces.closed() => return End::Left,
                () = until(&mut phase, last) => return End::Over,
            };
            let data = match frame {
                Err(_) => return End::Silent,
                Ok(None) => return End::Ended,
                Ok(Some(Err(_))) => return End::Broken,
                Ok(Some(Ok(frame))) => frame.into_data(),
            };
            let Ok(data) = data else { continue };
            self.sse.extend(&data);
            while let Some(part) = self.sse.next() {
                match part {
                    Part::Comment(comment) => {
                        out.push(b':');
                        out.extend_from_slice(comment);
                        out.extend_from_slice(b"\n\n");
                    }
                    Part::Event(event) => self.event(event, &mut out).await,
                    Part::TooLong { id, request } => {
                        let exchange = &self.attended.exchange;
                        let decided = exchange.run.too_long(exchange.lane, id, request);
                        self.write(decided, &mut Event::default(), &mut out).await;
                    }
                }
            }
            if !out.is_empty() && !self.send(std::mem::take(&mut out)).await {
                return End::Left;
            }
        }
    }

    /// The same for what a person lets through after the server's end.
    async fn pass_on_late(&mut self) -> End {
        let mut phase = self.attended.exchange.here.gate.phase.clone();
        // The last of our own ends: what remains belongs to open questions.
        let (gone, _) = mpsc::channel(1);
        self.late = self.late.without_letters(gone);
        loop {
            let letter = tokio::select! {
                letter = self.letters.recv() => letter,
                () = self.pieces.closed() => return End::Left,
                () = until(&mut phase, Phase::Over) => return End::Over,
            };
            let Some(letter) = letter else { return End::Ended };
            if !self.send(event(&letter)).await {
                return End::Left;
            }
        }
    }

    /// Waits until the client took what came before, for as long as that may take.
    async fn send(&self, out: Vec<u8>) -> bool {
        let unread_time = self.attended.exchange.here.gate.limits.unread_time;
        out.is_empty() || matches!(timeout(unread_time, self.pieces.send(out.into())).await, Ok(Ok(())))
    }

    async fn event(&mut self, mut event: Event, out: &mut Vec<u8>) {
        let exchange = &self.attended.exchange;
        self.attended.resumable |= event.id.is_some() && !exchange.modern;
        let named = event.kind.as_deref().is_none_or(|kind| kind.is_empty() || kind == b"message");
        if event.is_message() {
            let data = Bytes::from(event.data.take().unwrap_or_default());
            let decided = exchange.here.gate.receive_answer(&exchange.run, exchange.lane, &data);
            self.write(decided, &mut event, out).await;
        } else if named {
            // No message: a place to resume from, or how soon.
            event.write(event.data.as_deref(), out);
        } else {
            let lane = exchange.lane;
            let malformed = Err(Malformed::new(Malformation::Shape));
            let decided =
                exchange.run.receive(lane, Party::Server { clear: false }, malformed, &Bytes::new(), &[]);
            event.kind = None;
            self.write(decided, &mut event, out).await;
        }
    }

    /// Writes what `decided` has for the client; the last message takes the place that `event` had in the stream, so that who
    /// resumes behind it has them all.
    async fn write(&self, decided: Decided, event: &mut Event, out: &mut Vec<u8>) {
        let acts = self.attended.exchange.settle_heard(decided, &self.late).await;
        let letters: Vec<Letter> = to_client(acts).collect();
        match letters.split_last() {
            Some((last, before)) => {
                out.extend(before.iter().flat_map(self::event));
                event.write(Some(last.bytes()), out);
            }
            None if event.id.is_some() || event.retry_ms.is_some() => {
                // The message goes no further; where the stream may be resumed does.
                event.kind = None;
                event.write(None, out);
            }
            None => {}
        }
    }
}

/// A message as an event of its own.
fn event(letter: &Letter) -> Vec<u8> {
    let mut out = Vec::new();
    Event::default().write(Some(letter.bytes()), &mut out);
    out
}
