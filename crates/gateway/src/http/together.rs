//! What a batch of 2025-03-26 is answered: one array, or events where something in it cannot wait for the rest.

use std::pin::Pin;
use std::time::Duration;

use bailiwick_mcp::Id;
use bailiwick_mcp::framing::Event;
use hyper::StatusCode;
use hyper::body::Bytes;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::reply::{Reply, error_text, events, json};
use super::wait::{COMMENT, SIGN};

pub(super) const TOO_LONG_TOGETHER: &str =
    "the answers to the batch are together longer than the limit; see `--max-message-bytes`";
const UNREAD: &str = "the client does not read";

/// What was said that the engine permitted: kept until all of it goes to the client as one array, or told at once.
#[derive(Debug)]
pub(super) struct Answers {
    /// Each with its place in the array.
    kept: Vec<(usize, Bytes)>,
    /// Bytes that may still be kept.
    room: usize,
    /// How many may be, while none are.
    bytes_max: usize,
    /// Why something could not be kept or told.
    full: Option<&'static str>,
    out: Out,
}

#[derive(Debug)]
enum Out {
    Together,
    /// One array, or events from the first message on that is no answer.
    Turns(oneshot::Sender<Stream>),
    Events(mpsc::Sender<Bytes>, Duration),
    /// The client took no more of them.
    Unread,
}

type Stream = (mpsc::Sender<Bytes>, mpsc::Receiver<Bytes>);

impl Answers {
    /// Of which `bytes_max` may be kept; if the client `takes_events`, with who hears that they turn to those.
    pub(super) fn new(bytes_max: usize, takes_events: bool) -> (Answers, oneshot::Receiver<Stream>) {
        let (turn, turned) = oneshot::channel();
        let out = if takes_events { Out::Turns(turn) } else { Out::Together };
        (Answers { kept: Vec::new(), room: bytes_max, bytes_max, full: None, out }, turned)
    }

    /// How long one more message may be.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    pub(super) fn full(&self) -> Option<&'static str> {
        self.full
    }

    pub(super) fn overflow(&mut self) {
        self.full = Some(TOO_LONG_TOGETHER);
    }

    /// True if there is room for a message of so many bytes. One that is no answer may have to be heard before the rest is
    /// there: where the client takes events, there is room for all from then on.
    pub(super) async fn admits(&mut self, bytes: usize, is_answer: bool, unread: Duration) -> bool {
        if !is_answer && matches!(self.out, Out::Turns(_)) {
            self.turn(unread).await;
        }
        if bytes > self.room {
            self.overflow();
        }
        bytes <= self.room
    }

    /// Keeps or tells a message for which there is room.
    pub(super) async fn add(&mut self, place: usize, message: Bytes, is_answer: bool, unread: Duration) {
        if !is_answer && matches!(self.out, Out::Turns(_)) {
            self.turn(unread).await;
        }
        if self.keeps() {
            self.room = self.room.saturating_sub(message.len());
        }
        self.put(place, message).await;
    }

    /// Our own error in the place of an answer, for which there is always room.
    pub(super) async fn fail(&mut self, place: usize, id: Option<&Id<'_>>, code: i64, words: &str) {
        self.put(place, error_text(code, words, id).into()).await;
    }

    fn keeps(&self) -> bool {
        matches!(self.out, Out::Together | Out::Turns(_))
    }

    async fn put(&mut self, place: usize, message: Bytes) {
        match &self.out {
            Out::Together | Out::Turns(_) => self.kept.push((place, message)),
            Out::Events(pieces, unread) => {
                let mut event = Vec::new();
                Event::default().write(Some(&message), &mut event);
                if !matches!(timeout(*unread, pieces.send(event.into())).await, Ok(Ok(()))) {
                    (self.out, self.full) = (Out::Unread, Some(UNREAD));
                }
            }
            Out::Unread => {}
        }
    }

    /// From now on each is told at once; those that came before come first.
    async fn turn(&mut self, unread: Duration) {
        let (pieces, receiver) = mpsc::channel(1);
        if let Out::Turns(turn) = std::mem::replace(&mut self.out, Out::Events(pieces.clone(), unread)) {
            // Who left takes the work for it along.
            let _ = turn.send((pieces, receiver));
        }
        self.room = self.bytes_max;
        for (place, message) in std::mem::take(&mut self.kept) {
            self.put(place, message).await;
        }
    }

    /// All that was kept as one array; of what is an array itself, its members. Nothing if there is nothing.
    pub(super) fn array(mut self) -> Option<Reply> {
        self.kept.sort_by_key(|(place, _)| *place);
        let mut array = vec![b'['];
        for (_, message) in &self.kept {
            let whole = message.trim_ascii();
            let members = whole.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
            if array.len() > 1 {
                array.push(b',');
            }
            array.extend_from_slice(members.unwrap_or(whole));
        }
        array.push(b']');
        (!self.kept.is_empty()).then(|| json(StatusCode::OK, array.into()))
    }
}

/// Waits for `work`, which is the whole reply, or answers with the events that it turns to. A client that leaves ends it.
pub(super) async fn answered(
    mut work: Pin<Box<dyn Future<Output = Reply> + Send>>,
    mut turned: oneshot::Receiver<Stream>,
    streams: &Gauge,
) -> Reply {
    let (pieces, receiver) = tokio::select! {
        biased;
        // It may have turned and ended at once.
        reply = &mut work => return turned.try_recv().map_or(reply, |(_, receiver)| events(receiver)),
        Ok(stream) = &mut turned => stream,
    };
    let streams = streams.clone();
    streams.inc();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = &mut work => break,
                () = pieces.closed() => break,
                () = sleep(SIGN) => drop(pieces.try_send(Bytes::from_static(COMMENT))),
            }
        }
        streams.dec();
    });
    events(receiver)
}
