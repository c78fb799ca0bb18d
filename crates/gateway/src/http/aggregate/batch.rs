//! A batch of 2025-03-26 for several servers: each member goes its own way, and what comes back goes back together.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_engine::Principal;
use bailiwick_mcp::{Id, Limits};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::super::reply::{Body, Reply, bare, own_error};
use super::super::together::{Answers, TOO_LONG_TOGETHER, answered};
use super::super::wait::takes_events;
use super::member::{Heard, Whole};
use super::{Aggregate, Client, words};

const NO_BATCHES: &str = "the version of this session has no batches";
const UNANSWERED: &str = "the server did not answer";
const TWICE: &str = "the id stands twice in the batch";

impl Aggregate {
    pub(super) async fn batch(
        self: &Arc<Aggregate>,
        head: &Parts,
        members: &[Bytes],
        principal: &Arc<Principal>,
        whole: &Arc<Whole>,
    ) -> Reply {
        let client = Client { aggregate: self, head, principal, whole: Some(whole) };
        if !whole.has_batches() {
            client.note("unknown", "a batch").await;
            return own_error(StatusCode::BAD_REQUEST, -32600, NO_BATCHES, None);
        }
        let (names, limits) =
            (self.gates().map(|gate| gate.name.as_str()).collect::<Vec<_>>(), self.messages());
        // Together they may be as long as one message.
        let (mut answers, turned) =
            Answers::new(limits.message_bytes_max, takes_events(head.headers.get(ACCEPT)));
        let (sender, mut receiver) = mpsc::channel(1);
        // A client that leaves takes all of them along.
        let mut tasks = JoinSet::new();
        let mut ids = Vec::new();
        for (index, member) in members.iter().enumerate() {
            let read = words::read(member, &limits, &names);
            let id = read.id.clone();
            if id.as_ref().is_some_and(|id| ids.contains(id)) {
                client.note("unknown", "an id that stands twice in a batch").await;
                answers.fail(index, id.as_ref(), -32600, TWICE).await;
                continue;
            }
            ids.extend(id.clone());
            let (aggregate, head, whole) = (Arc::clone(self), head.clone(), Arc::clone(whole));
            let (principal, member, sender) = (Arc::clone(principal), member.clone(), sender.clone());
            tasks.spawn(async move {
                let whole = Some(&*whole);
                let client = Client { aggregate: &aggregate, head: &head, principal: &principal, whole };
                let reply = client.answer(read, member).await;
                hear(reply, (index, id), &sender, &limits).await;
            });
        }
        drop(sender);
        let Some(gate) = self.gates().next() else { return bare(StatusCode::ACCEPTED) };
        let unread = gate.limits.unread_time;
        let work = async move {
            // They end with it.
            let _tasks = tasks;
            while let Some(heard) = receiver.recv().await {
                heard.join(&mut answers, unread).await;
            }
            answers.array().unwrap_or_else(|| bare(StatusCode::ACCEPTED))
        };
        answered(Box::pin(work), turned, &gate.metrics.streams).await
    }
}

/// What came of one member.
struct Came {
    index: usize,
    id: Option<Id<'static>>,
    said: Word,
}

enum Word {
    Answer(Bytes),
    /// Something beside the answer.
    Beside(Bytes),
    /// No answer comes.
    Nothing,
}

impl Came {
    async fn join(self, answers: &mut Answers, unread: Duration) {
        let Came { index, id, said } = self;
        let (message, is_answer) = match said {
            Word::Answer(message) => (message, true),
            Word::Beside(message) => (message, false),
            // Whoever asked is told that nothing more comes.
            Word::Nothing => return answers.fail(index, id.as_ref(), -32603, UNANSWERED).await,
        };
        if answers.admits(message.len(), is_answer, unread).await {
            answers.add(index, message, is_answer, unread).await;
        } else if is_answer {
            // What is said beside the answer may be lost, the answer may not.
            answers.fail(index, id.as_ref(), -32603, TOO_LONG_TOGETHER).await;
        }
    }
}

/// Hears a reply out, until the request is answered.
async fn hear(
    reply: Reply,
    (index, id): (usize, Option<Id<'static>>),
    to: &mpsc::Sender<Came>,
    limits: &Limits,
) {
    // Who is gone needs nothing more.
    let say = async |said: Word| to.send(Came { index, id: id.clone(), said }).await.is_ok();
    let mut heard = match reply.into_body() {
        Body::Whole(bytes) => {
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                say(Word::Answer(bytes)).await;
            }
            return;
        }
        streamed @ Body::Events(_) => Heard::new(streamed, limits),
    };
    while let Some(message) = heard.message().await {
        if words::outcome(&message, limits).is_some() {
            say(Word::Answer(message)).await;
            return;
        }
        if !say(Word::Beside(message)).await {
            return;
        }
    }
    if id.is_some() {
        say(Word::Nothing).await;
    }
}
