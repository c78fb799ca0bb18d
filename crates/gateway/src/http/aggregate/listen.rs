//! Streams of what servers say by themselves, several in one: by GET with a session, and by `subscriptions/listen`.

use std::sync::{Arc, Mutex};

use bailiwick_engine::Principal;
use bailiwick_mcp::Id;
use bailiwick_mcp::framing::Event;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use tokio::sync::mpsc;

use super::member::{self, Heard, How};
use super::words::{self, Kept, Place};
use super::{Aggregate, Client, PIECES_MAX};
use crate::http::endpoint::listen;
use crate::http::gate::Worker;
use crate::http::head::{LAST_EVENT, SESSION};
use crate::http::reply::{Reply, events, own_error, refuse, wrong_method};

impl Aggregate {
    /// GET: what all servers say by themselves, in one stream, or the rest of one that broke off.
    pub(super) async fn listen(self: &Arc<Aggregate>, head: &Parts, principal: &Arc<Principal>) -> Reply {
        if !head.headers.contains_key(SESSION) {
            return wrong_method();
        }
        let whole = match self.whole(head, principal) {
            Ok(whole) => whole,
            Err(refused) => return *refused,
        };
        let place = match head.headers.get(LAST_EVENT) {
            None => Place::begin(Kept::All),
            Some(last) => match Place::read(last.as_bytes()) {
                Some(place) => place,
                None => {
                    let words = "`Last-Event-ID` is no place in a stream of several servers";
                    return refuse(StatusCode::BAD_REQUEST, -32600, words);
                }
            },
        };
        let (pieces, receiver) = mpsc::channel(PIECES_MAX);
        let mut open = 0_usize;
        let how = How::Resumable(Arc::new(Mutex::new(place.clone())));
        for member in &self.members {
            let last = place.of(member.name()).and_then(|id| HeaderValue::from_bytes(id).ok());
            if place.kept == Kept::One && last.is_none() {
                continue;
            }
            let Some(mut own) = whole.head(member, head) else { continue };
            if let Some(last) = last {
                own.headers.insert(LAST_EVENT, last);
            }
            let said = listen(&Worker::of(&member.gate), &own, principal).await;
            if said.status().is_success() {
                open += 1;
                let heard = Heard::new(said.into_body(), &member.gate.office.with.limits);
                drop(member.pump(heard, pieces.clone(), how.clone()));
            }
        }
        if open == 0 { wrong_method() } else { events(receiver) }
    }
}

impl Client<'_> {
    /// `subscriptions/listen` of every server that is asked for something; the client hears one consent.
    pub(super) async fn subscribe(&self, id: Id<'static>, parts: Vec<(usize, Bytes)>) -> Reply {
        let messages = self.aggregate.messages();
        let mut asked = Vec::new();
        for (server, bytes) in parts {
            let Some(member) = self.aggregate.members.get(server) else { continue };
            let head = member::without_session(self.head);
            let task = member.admits().map(|()| member.begin(head, bytes, self.principal));
            asked.push((member, task));
        }
        let (mut consents, mut streams, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        for (member, task) in asked {
            let first = match task {
                Ok(task) => member.first(task).await,
                Err(why) => Err(why),
            };
            match first {
                Ok((consent, heard)) => {
                    consents.push((member.name(), consent));
                    streams.push((member, heard));
                }
                Err(why) => absent.push(format!("{}: {why}", member.name())),
            }
        }
        let Some(consent) = words::acknowledged(&id, &consents, &messages) else {
            let words = format!("no server can be listened to: {}", absent.join("; "));
            return own_error(StatusCode::OK, -32601, &words, Some(&id));
        };
        let (pieces, receiver) = mpsc::channel(PIECES_MAX);
        // It has room for the first.
        let _ = pieces.try_send(event(&consent));
        let pumps: Vec<_> = streams
            .into_iter()
            .map(|(member, heard)| member.pump(heard, pieces.clone(), How::Listening))
            .collect();
        tokio::spawn(async move {
            let mut all = true;
            for pump in pumps {
                all &= pump.await.unwrap_or(false);
            }
            if all {
                // A client that is gone needs no end.
                let _ = pieces.send(event(&words::closed(&id))).await;
            }
        });
        events(receiver)
    }
}

fn event(message: &Bytes) -> Bytes {
    let mut out = Vec::new();
    Event::default().write(Some(message), &mut out);
    out.into()
}
