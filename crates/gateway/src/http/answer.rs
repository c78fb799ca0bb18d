//! What an upstream answers to a request, as JSON or as events: both go through the engine, message by message.

use std::sync::Arc;

use bailiwick_mcp::{Body as Shape, Direction, Id, Message, Packet};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use hyper::http::response::Parts;

use super::ask::Late;
use super::exchange::{Attended, Exchange, to_client};
use super::gate::Way;
use super::head::{SESSION, is_type};
use super::letter::Letter;
use super::reply::{Reply, message, own_error, refuse};
use super::run::Decided;
use super::sessions::Session;
use super::stdio::Server;
use super::stream;
use super::upstream::{Reading, collect};

impl Attended {
    /// Sends one request on and answers the client with what comes back.
    pub(super) async fn forward(self, letter: Letter, opens: bool) -> Reply {
        let here = Arc::clone(&self.exchange.here);
        let link = match &here.way {
            Way::Http(link) => link,
            Way::Stdio(stable) => return Box::pin(self.forward_by_pipe(stable, letter, opens)).await,
        };
        let sent = link.post(self.exchange.headers.fields(), &letter);
        let (head, body) = match sent.await {
            Ok(response) => response.into_parts(),
            Err(error) => return Box::pin(self.exchange.failed(&error.to_string(), error.status())).await,
        };
        if !head.status.is_success() {
            return Box::pin(self.exchange.not_answered(&head, body)).await;
        }
        let events = is_type(&head.headers, "text/event-stream");
        if !events && !is_type(&head.headers, "application/json") {
            let why = "the server sent neither JSON nor events";
            return Box::pin(self.exchange.failed(why, StatusCode::BAD_GATEWAY)).await;
        }
        if opens {
            return Box::pin(self.begun(head, body, events)).await;
        }
        match events {
            true => stream::open(self, body),
            false => self.exchange.whole(body, false).await.0,
        }
    }

    /// The server answered `initialize`.
    async fn begun(mut self, head: Parts, body: Reading, events: bool) -> Reply {
        let session = match self.exchange.open(head.headers.get(SESSION).cloned(), None) {
            Ok(session) => session,
            Err(reply) => return *reply,
        };
        self.exchange = self.exchange.clone().in_session(Some(Arc::clone(&session)));
        let mut reply = if events {
            stream::open(self, body)
        } else {
            let (reply, is_good) = self.exchange.whole(body, true).await;
            if !is_good {
                self.exchange.end_session(&session, "the server did not begin it").await;
                return reply;
            }
            reply
        };
        reply.headers_mut().insert(SESSION, session.id.clone());
        reply
    }
}

impl Exchange {
    pub(super) fn open(
        &self,
        upstream: Option<HeaderValue>,
        server: Option<Arc<Server>>,
    ) -> Result<Arc<Session>, Box<Reply>> {
        let gate = &self.here.gate;
        let session = gate.sessions.open(&self.run, upstream, server, &gate.limits).map_err(|_| {
            let words = "no session can be begun";
            for owed in &self.sent {
                drop(self.run.left_unanswered(self.lane, owed, words));
            }
            Box::new(own_error(StatusCode::SERVICE_UNAVAILABLE, 4029, words, self.ids.first()))
        })?;
        gate.metrics.sessions.inc();
        Ok(session)
    }

    /// An answer in one piece; and, if it `opens` a session, whether it is no error.
    async fn whole(&self, body: Reading, opens: bool) -> (Reply, bool) {
        let gate = &self.here.gate;
        let bytes_max = gate.office.with.limits.message_bytes_max;
        let bytes = match collect(body, bytes_max, gate.limits.answer_time).await {
            Ok(bytes) => bytes,
            Err(error) => {
                return (Box::pin(self.failed(&error.to_string(), error.status())).await, false);
            }
        };
        let decided = gate.receive_answer(&self.run, self.lane, &bytes);
        let letters = self.heard(decided).await;
        match letters.first() {
            Some(letter) if self.sent.iter().all(|owed| !self.run.owes(self.lane, owed)) => {
                let result = |message: &Message<'_>| matches!(message.body, Shape::Result { .. });
                let good = opens
                    && gate.parse(
                        letter.bytes(),
                        |packet| matches!(packet, Ok(Packet::One(message)) if result(&message)),
                    );
                let all = if letters.len() > 1 { &Letter::batch(&letters) } else { letter };
                (message(StatusCode::OK, all), good)
            }
            Some(_) | None => {
                let why = "the server's answer is none to what was asked";
                (Box::pin(self.failed(why, StatusCode::BAD_GATEWAY)).await, false)
            }
        }
    }

    /// What of an answer is for the client.
    async fn heard(&self, decided: Decided) -> Vec<Letter> {
        if !decided.asks() {
            return to_client(self.settle(decided, Direction::ToClient).await).collect();
        }
        Box::pin(self.asked_about(decided)).await
    }

    /// The same where a person is to be asked.
    async fn asked_about(&self, decided: Decided) -> Vec<Letter> {
        let (late, mut approved) = Late::new(self);
        let mut letters: Vec<Letter> = to_client(self.settle_heard(decided, &late).await).collect();
        drop(late);
        if letters.is_empty() {
            // A person may be looking at it.
            letters.extend(approved.recv().await);
        }
        letters
    }

    /// The upstream answered with a status that is an error, and perhaps with a message that says which.
    async fn not_answered(&self, head: &Parts, body: Reading) -> Reply {
        let gate = &self.here.gate;
        let status = head.status;
        let gone = self.session.as_ref().filter(|session| !self.modern && session.is_gone_by(status));
        if let Some(session) = gone {
            self.end_session(session, "the server does not know the session").await;
        }
        let credentials = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let ours = credentials && !gate.forward.contains(&hyper::header::AUTHORIZATION);
        if status.is_redirection() || status.is_informational() || ours {
            let why =
                if ours { "the server refused the gateway's credentials" } else { "the server redirects" };
            return self.failed(why, StatusCode::BAD_GATEWAY).await;
        }
        let bytes_max = gate.office.with.limits.message_bytes_max;
        let bytes = collect(body, bytes_max, gate.limits.answer_time).await.unwrap_or_default();
        let letter = if is_type(&head.headers, "application/json") { self.error(&bytes).await } else { None };
        let mut reply = match letter {
            Some(letter) => message(status, &letter),
            None => self.failed(&format!("the server answered HTTP {}", status.as_u16()), status).await,
        };
        if let Some(challenge) = head.headers.get(WWW_AUTHENTICATE).filter(|_| credentials) {
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge.clone());
        }
        reply
    }

    /// The JSON-RPC error in `bytes`, if it answers this exchange's request. One without an id does: nothing else was sent
    /// that it could mean.
    async fn error(&self, bytes: &Bytes) -> Option<Letter> {
        let id = self.ids.first()?;
        let own = self.here.gate.parse(bytes, |packet| match packet {
            Ok(Packet::One(message)) => match &message.body {
                Shape::Error { id: None, error } => Some(error_for(id, error.raw())),
                Shape::Error { id: Some(_), .. } => Some(bytes.clone()),
                Shape::Request { .. } | Shape::Notification { .. } | Shape::Result { .. } => None,
            },
            Ok(Packet::Batch(_)) | Err(_) => None,
        })?;
        let decided = self.here.gate.receive_answer(&self.run, self.lane, &own);
        to_client(self.settle(decided, Direction::ToClient).await).next()
    }

    /// No answer will come: recorded, and the client is told why.
    pub(super) async fn failed(&self, why: &str, status: StatusCode) -> Reply {
        self.here.gate.failed();
        let Some(id) = self.ids.first() else { return refuse(status, -32603, why) };
        let owed = self.sent.first().and_then(|owed| self.run.left_unanswered(self.lane, owed, why));
        let told = match owed {
            Some(decided) => to_client(self.settle(decided, Direction::ToClient).await).next(),
            None => None,
        };
        told.map_or_else(|| own_error(status, -32603, why, Some(id)), |letter| message(status, &letter))
    }
}

fn error_for(id: &Id<'_>, error: &str) -> Bytes {
    let mut bytes = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    id.write(&mut bytes);
    bytes.extend_from_slice(br#","error":"#);
    bytes.extend_from_slice(error.as_bytes());
    bytes.push(b'}');
    bytes.into()
}
