//! A batch of 2025-03-26 for one server: what goes on goes as one batch, and what comes back goes back as the server sends it.

use std::sync::Arc;

use bailiwick_mcp::framing::{Part, Sse};
use bailiwick_mcp::{Body as Shape, Direction, Id, Message, Packet};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::exchange::{Attended, Exchange, to_client};
use super::gate::{Gate, Way};
use super::head::is_type;
use super::letter::{Letter, What};
use super::post::{UNRECORDED, asked};
use super::reply::{Reply, bare};
use super::run::Owed;
use super::stream;
use super::together::{Answers, answered};
use super::upstream::{Reading, UpstreamError, collect};

const OVER: &str =
    "the call was over before it could be sent on: the server answered early, or it was taken back";

/// A member that is not decided yet.
pub(super) type Undecided = (Id<'static>, oneshot::Receiver<What>);

/// True if nobody has to hear of it before the rest is there.
fn is_answer(message: &[u8], gate: &Gate) -> bool {
    let answers = |message: &Message<'_>| matches!(message.body, Shape::Result { .. } | Shape::Error { .. });
    gate.parse(message, |packet| match packet {
        Ok(Packet::One(message)) => answers(&message),
        Ok(Packet::Batch(members)) => members.iter().flatten().all(answers),
        Err(_) => true,
    })
}

impl Answers {
    pub(super) async fn take(&mut self, letter: &Letter, gate: &Gate) {
        self.add(0, letter.bytes().clone(), is_answer(letter.bytes(), gate), gate.limits.unread_time).await;
    }

    async fn add_all(&mut self, refused: &[Letter], gate: &Gate) {
        for letter in refused {
            self.take(letter, gate).await;
        }
    }
}

impl Attended {
    /// Sends what goes on as one batch; a server over stdio gets the members one by one, since few of them read an array. What
    /// waited follows by itself. Answers in one array may together be as long as one message.
    pub(super) async fn batch(
        self,
        letters: Vec<Letter>,
        refused: Vec<Letter>,
        undecided: Vec<Undecided>,
    ) -> Reply {
        let here = Arc::clone(&self.exchange.here);
        let gate = &here.gate;
        let bytes_max = gate.office.with.limits.message_bytes_max;
        if let (Way::Http(link), true) = (&here.way, undecided.is_empty()) {
            let sent = link.post(self.exchange.headers.fields(), &Letter::batch(&letters)).await;
            let (mut answers, _) = Answers::new(bytes_max, false);
            match sent {
                Ok(response) if tells(&response) && self.takes_events() => {
                    return stream::open_behind(self, &refused, response.into_body());
                }
                Ok(response) => {
                    answers.add_all(&refused, gate).await;
                    self.exchange.hear(response, &self.exchange.ids, &mut answers).await;
                }
                Err(_) => answers.add_all(&refused, gate).await,
            }
            return self.exchange.conclude(answers).await;
        }
        let (mut answers, turned) = Answers::new(bytes_max, self.takes_events());
        answers.add_all(&refused, gate).await;
        answered(Box::pin(self.answer_all(letters, undecided, answers)), turned, &gate.metrics.streams).await
    }

    async fn answer_all(
        mut self,
        letters: Vec<Letter>,
        undecided: Vec<Undecided>,
        mut answers: Answers,
    ) -> Reply {
        let exchange = &mut self.exchange;
        if !letters.is_empty() {
            exchange.ask_for(&Letter::batch(&letters), &letters, &mut answers).await;
        }
        for (id, waiter) in undecided {
            let what = waiter.await;
            if !matches!(what, Ok(What::ToServer { .. })) {
                // Nobody owes it anything: its id may be another call's by the time that the rest is there.
                exchange.sent.retain(|owed| owed.id != id || owed.call.is_some());
            }
            match what {
                Ok(What::ToServer { letter, request }) => {
                    for owed in exchange.sent.iter_mut().filter(|owed| owed.id == id) {
                        owed.call = request;
                    }
                    let owed = Owed { id, call: request };
                    if !exchange.run.owes(exchange.lane, &owed) {
                        answers.fail(0, Some(&owed.id), -32603, OVER).await;
                    } else if answers.full().is_none() {
                        // What nobody could be told the answer of is not sent.
                        exchange.ask_for(&letter, std::slice::from_ref(&letter), &mut answers).await;
                    }
                }
                Ok(What::ToClient(letter)) => answers.take(&letter, &exchange.here.gate).await,
                Ok(What::Ask(_) | What::Keep(_)) => {}
                // Its client took it back.
                Err(_) if exchange.run.office().recorder.records() => {}
                Err(_) => answers.fail(0, Some(&id), 4050, UNRECORDED).await,
            }
        }
        self.exchange.conclude(answers).await
    }
}

fn tells(response: &Response<Reading>) -> bool {
    response.status().is_success() && is_type(response.headers(), "text/event-stream")
}

impl Exchange {
    async fn ask_for(&self, letter: &Letter, members: &[Letter], answers: &mut Answers) {
        match &self.here.way {
            Way::Http(link) => {
                let ids = members
                    .iter()
                    .flat_map(|member| self.here.gate.parse(member.bytes(), |packet| asked(&packet)));
                let ids: Vec<Id<'static>> = ids.collect();
                if let Ok(response) = link.post(self.headers.fields(), letter).await {
                    self.hear(response, &ids, answers).await;
                }
            }
            Way::Stdio(_) => self.ask_by_pipe(members, answers).await,
        }
    }

    /// Hears an answer out until the server owes none of `ids`, or there is no room for more of it.
    pub(super) async fn hear(&self, response: Response<Reading>, ids: &[Id<'static>], answers: &mut Answers) {
        let gate = &self.here.gate;
        let (head, mut body) = response.into_parts();
        if is_type(&head.headers, "application/json") {
            match collect(body, answers.room(), gate.limits.answer_time).await {
                Ok(bytes) => self.take_in(&bytes, answers).await,
                Err(UpstreamError::TooLong) => answers.overflow(),
                Err(_) => {}
            }
            return;
        }
        if !is_type(&head.headers, "text/event-stream") {
            return;
        }
        let mut sse = Sse::new(&gate.office.with.limits);
        while ids.iter().any(|id| self.run.awaits(self.lane, id)) {
            let Ok(Some(Ok(frame))) = timeout(gate.limits.stream_idle, body.frame()).await else { break };
            let Ok(data) = frame.into_data() else { continue };
            sse.extend(&data);
            let mut messages = Vec::new();
            while let Some(part) = sse.next() {
                if let Part::Event(event) = part
                    && event.is_message()
                {
                    messages.extend(event.data);
                }
            }
            for message in messages {
                let answer = is_answer(&message, gate);
                if !answers.admits(message.len(), answer, gate.limits.unread_time).await {
                    return;
                }
                self.take_in(&Bytes::from(message), answers).await;
            }
        }
    }

    async fn take_in(&self, bytes: &Bytes, answers: &mut Answers) {
        let gate = &self.here.gate;
        let decided = gate.receive_answer(&self.run, self.lane, bytes);
        // Boxed, because an errand may lead to the next.
        for letter in to_client(Box::pin(self.settle(decided, Direction::ToClient)).await) {
            answers.take(&letter, gate).await;
        }
    }

    /// What no answer came to is an error; then all is told.
    async fn conclude(&self, mut answers: Answers) -> Reply {
        let why = answers.full().unwrap_or("the server did not answer");
        for owed in &self.sent {
            if let Some(decided) = self.run.left_unanswered(self.lane, owed, why) {
                for letter in to_client(self.settle(decided, Direction::ToClient).await) {
                    answers.take(&letter, &self.here.gate).await;
                }
            }
        }
        answers.array().unwrap_or_else(|| bare(StatusCode::ACCEPTED))
    }
}
