//! A batch of 2025-03-26 for several servers: each member goes its own way, and what comes back is one array.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick_engine::Principal;
use bailiwick_mcp::{Id, Limits};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use tokio::task::JoinSet;

use super::super::post::TOO_LONG_TOGETHER;
use super::super::reply::{Body, Reply, bare, error_text, json, own_error};
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
            client.note("a batch").await;
            return own_error(StatusCode::BAD_REQUEST, -32600, NO_BATCHES, None);
        }
        let (names, limits) =
            (self.gates().map(|gate| gate.name.as_str()).collect::<Vec<_>>(), self.messages());
        // Together they may be as long as one message.
        let room = Arc::new(AtomicUsize::new(limits.message_bytes_max));
        // A client that leaves takes all of them along.
        let mut tasks = JoinSet::new();
        let (mut ids, mut all) = (Vec::new(), BTreeMap::new());
        for (index, member) in members.iter().enumerate() {
            let read = words::read(member, &limits, &names);
            let id = read.id.clone();
            if id.as_ref().is_some_and(|id| ids.contains(id)) {
                client.note("an id that stands twice in a batch").await;
                all.insert(index, vec![Bytes::from(error_text(-32600, TWICE, id.as_ref()))]);
                continue;
            }
            ids.extend(id.clone());
            let (aggregate, head, whole) = (Arc::clone(self), head.clone(), Arc::clone(whole));
            let (principal, member, room) = (Arc::clone(principal), member.clone(), Arc::clone(&room));
            tasks.spawn(async move {
                let whole = Some(&*whole);
                let client = Client { aggregate: &aggregate, head: &head, principal: &principal, whole };
                let reply = client.answer(read, member).await;
                (index, said(reply, id.as_ref(), &room, &limits).await)
            });
        }
        while let Some(done) = tasks.join_next().await {
            all.extend(done.ok());
        }
        let all: Vec<&[u8]> = all.values().flatten().map(|bytes| bytes.trim_ascii()).collect();
        if all.is_empty() {
            return bare(StatusCode::ACCEPTED);
        }
        let array = [b"[".as_slice(), &all.join(&b','), b"]"].concat();
        json(StatusCode::OK, array.into())
    }
}

/// All that is said in a reply, until the request `id` is answered.
async fn said(reply: Reply, id: Option<&Id<'_>>, room: &AtomicUsize, limits: &Limits) -> Vec<Bytes> {
    let fits = |bytes: &Bytes| {
        let less = |room: usize| room.checked_sub(bytes.len());
        room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    };
    let too_long = || Bytes::from(error_text(-32603, TOO_LONG_TOGETHER, id));
    let mut heard = match reply.into_body() {
        Body::Whole(bytes) => {
            let bytes = bytes.filter(|bytes| !bytes.is_empty());
            return bytes.map(|bytes| if fits(&bytes) { bytes } else { too_long() }).into_iter().collect();
        }
        streamed @ Body::Events(_) => Heard::new(streamed, limits),
    };
    let mut said = Vec::new();
    while let Some(message) = heard.message().await {
        let answers = words::outcome(&message, limits).is_some();
        if fits(&message) {
            said.push(message);
        } else if answers {
            // What is said beside the answer may be lost, the answer may not.
            said.push(too_long());
        }
        if answers {
            return said;
        }
    }
    // Whoever asked is told that nothing more comes.
    said.extend(id.map(|id| error_text(-32603, UNANSWERED, Some(id)).into()));
    said
}
