//! Several services behind one path. Each message goes to the service that it is about, the way of any other message there: what
//! reaches a server, or comes from one, was decided over by that service's own engine. Here answers are put together.

mod batch;
mod listen;
mod member;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailiwick_engine::Principal;
use bailiwick_mcp::{Limits, Packet};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use self::member::{Member, Whole};
use self::words::{Meant, Read};
use super::endpoint::{ENDED_BY_CLIENT, end};
use super::front::Sent;
use super::gate::{Gate, Worker};
use super::head::{NAME, SESSION, agrees, check_body, header_value};
use super::limits::HttpLimits;
use super::reply::{Reply, bare, closing, json, own_error, refuse, wrong_method};
use super::sessions::{fresh, same};
use super::upstream::{UpstreamError, collect};
use crate::relay::now;

/// Several services behind one path.
#[derive(Debug)]
pub(super) struct Aggregate {
    members: Vec<Member>,
    sessions: Arc<Wholes>,
}

/// The sessions of one path, over all its services. They outlive a reload.
#[derive(Debug, Default)]
pub(super) struct Wholes(Mutex<HashMap<Vec<u8>, Arc<Whole>>>);

impl Wholes {
    fn table(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Arc<Whole>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was idle for too long; the sessions behind it end by themselves.
    pub(super) fn expire(&self, limits: &HttpLimits) {
        let idle_us = u64::try_from(limits.session_idle.as_micros()).unwrap_or(u64::MAX);
        self.table()
            .retain(|_, whole| Arc::strong_count(whole) > 1 || now().micros_since(whole.used()) <= idle_us);
    }
}

impl Aggregate {
    pub(super) fn new(gates: Vec<Arc<Gate>>, sessions: Arc<Wholes>) -> Aggregate {
        Aggregate { members: gates.into_iter().map(Member::new).collect(), sessions }
    }

    pub(super) fn gates(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.members.iter().map(|member| &member.gate)
    }

    fn messages(&self) -> Limits {
        self.gates().next().map_or(Limits::DEFAULT, |gate| gate.office.with.limits)
    }

    fn limits(&self) -> HttpLimits {
        self.gates().next().map_or(HttpLimits::DEFAULT, |gate| gate.limits)
    }

    /// Answers one request of a client.
    pub(super) async fn serve(
        self: &Arc<Aggregate>,
        head: &Parts,
        body: Sent,
        principal: &Arc<Principal>,
    ) -> Reply {
        match head.method {
            Method::POST => self.post(head, body, principal).await,
            Method::GET => self.listen(head, principal).await,
            Method::DELETE => self.end(head, principal).await,
            _ => wrong_method(),
        }
    }

    /// The session that the head names.
    fn whole(&self, head: &Parts, principal: &Principal) -> Result<Arc<Whole>, Box<Reply>> {
        let Some(id) = head.headers.get(SESSION) else {
            let words = "no header `Mcp-Session-Id`: a session begins with `initialize`";
            return Err(Box::new(refuse(StatusCode::BAD_REQUEST, -32600, words)));
        };
        let found = self.sessions.table().get(id.as_bytes()).cloned();
        // Another's is as none.
        let own = found.filter(|whole| same(&whole.principal, principal));
        let whole =
            own.ok_or_else(|| Box::new(refuse(StatusCode::NOT_FOUND, -32001, "session not found")))?;
        whole.touch();
        Ok(whole)
    }

    async fn post(self: &Arc<Aggregate>, head: &Parts, body: Sent, principal: &Arc<Principal>) -> Reply {
        if let Err(refused) = check_body(&head.headers) {
            return closing(*refused);
        }
        let messages = self.messages();
        let bytes = match collect(body, messages.message_bytes_max, self.limits().body_time).await {
            Ok(bytes) => bytes,
            Err(UpstreamError::TooLong) => {
                let words = "the message is longer than the limit; see `--max-message-bytes`";
                return closing(refuse(StatusCode::PAYLOAD_TOO_LARGE, -32600, words));
            }
            Err(_) => return closing(refuse(StatusCode::BAD_REQUEST, -32700, "the body broke off")),
        };
        let names: Vec<&str> = self.members.iter().map(Member::name).collect();
        let mut read = words::read(&bytes, &messages, &names);
        if read.modern && !self.agrees(head, &bytes) {
            // Headers are compared before names are changed in both. Refused, and recorded, as anywhere.
            read.meant = Meant::Unreadable;
        }
        if matches!(read.meant, Meant::Begin) && !head.headers.contains_key(SESSION) {
            return self.begin(head, bytes, read, principal).await;
        }
        let whole = match (&read.meant, read.modern) {
            (_, true) | (Meant::Unreadable, _) => None,
            _ => match self.whole(head, principal) {
                Ok(whole) => Some(whole),
                Err(refused) => return *refused,
            },
        };
        if let (Meant::Batch(members), Some(whole)) = (&read.meant, &whole) {
            return self.batch(head, members, principal, whole).await;
        }
        let client = Client { aggregate: self, head, principal, whole: whole.as_deref() };
        client.answer(read, bytes).await
    }

    fn agrees(&self, head: &Parts, bytes: &Bytes) -> bool {
        self.gates().next().is_some_and(|gate| {
            gate.parse(bytes, |packet| match packet {
                Ok(Packet::One(message)) => agrees(&head.headers, &message).is_ok(),
                Ok(Packet::Batch(_)) | Err(_) => false,
            })
        })
    }

    /// `initialize`: of every server, and those that are there make the answer.
    async fn begin(
        self: &Arc<Aggregate>,
        head: &Parts,
        hello: Bytes,
        read: Read,
        principal: &Arc<Principal>,
    ) -> Reply {
        let Some(id) = read.id else { return refuse(StatusCode::BAD_REQUEST, -32600, "no request") };
        let name = fresh().and_then(|name| Some((HeaderValue::from_str(&name).ok()?, name)));
        let Some((shown, name)) = name else {
            return own_error(StatusCode::SERVICE_UNAVAILABLE, 4029, "no random bytes", Some(&id));
        };
        if self.sessions.table().len() >= self.limits().sessions_max {
            let words = "too many sessions; see `--max-sessions`";
            return own_error(StatusCode::SERVICE_UNAVAILABLE, 4029, words, Some(&id));
        }
        let whole = Arc::new(Whole::new(Arc::clone(principal), hello.clone()));
        let client = Client { aggregate: self, head, principal, whole: Some(&whole) };
        let all = (0..self.members.len()).map(|server| (server, hello.clone())).collect();
        let (parts, absent) = client.ask_all(all, false).await;
        if parts.is_empty() {
            let why = format!("no server can be reached: {}", absent.join("; "));
            return own_error(StatusCode::BAD_GATEWAY, -32603, &why, Some(&id));
        }
        let merged = words::merged_hello(&id, &self.named(&parts), &absent, &self.messages(), false);
        whole.settle(words::has_batches(&merged, &self.messages()));
        self.sessions.table().insert(name.into_bytes(), whole);
        let mut reply = json(StatusCode::OK, merged);
        reply.headers_mut().insert(SESSION, shown);
        reply
    }

    fn named<'n>(&'n self, parts: &[(usize, Bytes)]) -> Vec<(&'n str, Bytes)> {
        let named =
            |(server, bytes): &(usize, Bytes)| Some((self.members.get(*server)?.name(), bytes.clone()));
        parts.iter().filter_map(named).collect()
    }

    /// DELETE: the client is done with all of them.
    async fn end(self: &Arc<Aggregate>, head: &Parts, principal: &Arc<Principal>) -> Reply {
        if !head.headers.contains_key(SESSION) {
            return wrong_method();
        }
        let whole = match self.whole(head, principal) {
            Ok(whole) => whole,
            Err(refused) => return *refused,
        };
        if let Some(id) = head.headers.get(SESSION) {
            self.sessions.table().remove(id.as_bytes());
        }
        for member in &self.members {
            if let Some(own) = whole.head(member, head) {
                drop(end(&Worker::of(&member.gate), &own, principal, ENDED_BY_CLIENT).await);
            }
        }
        bare(StatusCode::OK)
    }
}

/// Pieces of a stream that a slow client leaves unread; then the servers wait.
const PIECES_MAX: usize = 4;

/// Whose message it is.
struct Client<'c> {
    aggregate: &'c Arc<Aggregate>,
    head: &'c Parts,
    principal: &'c Arc<Principal>,
    whole: Option<&'c Whole>,
}

impl Client<'_> {
    async fn answer(&self, read: Read, bytes: Bytes) -> Reply {
        let Read { meant, id, modern } = read;
        let (aggregate, messages) = (self.aggregate, self.aggregate.messages());
        let all =
            |bytes: &Bytes| (0..aggregate.members.len()).map(|server| (server, bytes.clone())).collect();
        match (meant, id) {
            (Meant::One { server, message, inner }, _) => self.forward(server, message, inner).await,
            (Meant::List { of, pages }, Some(id)) => {
                let (parts, absent) = self.ask_all(pages, true).await;
                let parts = aggregate.named(&parts);
                json(StatusCode::OK, words::merged_list(of, &id, &parts, &absent, &messages, modern))
            }
            (Meant::Discover, Some(id)) => {
                let (parts, absent) = self.ask_all(all(&bytes), false).await;
                let parts = aggregate.named(&parts);
                json(StatusCode::OK, words::merged_hello(&id, &parts, &absent, &messages, true))
            }
            (Meant::Listen(parts), Some(id)) => self.subscribe(id, parts).await,
            (Meant::All, Some(id)) => {
                drop(self.ask_all(all(&bytes), true).await);
                json(StatusCode::OK, words::empty(&id))
            }
            (Meant::All, None) => {
                self.tell(&bytes).await;
                bare(StatusCode::ACCEPTED)
            }
            (Meant::Ping, Some(id)) => json(StatusCode::OK, words::empty(&id)),
            (Meant::Nobody { unknown }, id) => {
                self.note("unknown", &unknown).await;
                let words = format!("no server has `{unknown}`");
                own_error(StatusCode::OK, -32602, &words, id.as_ref())
            }
            (Meant::Method(method), id) => {
                self.note("unknown", &method).await;
                let status = if modern { StatusCode::NOT_FOUND } else { StatusCode::OK };
                let words = format!("`{method}` is not served for several servers together");
                own_error(status, -32601, &words, id.as_ref())
            }
            (Meant::Begin, id) => {
                own_error(StatusCode::BAD_REQUEST, -32600, "the session has begun already", id.as_ref())
            }
            // What is no message is refused, and recorded, as anywhere.
            (Meant::Unreadable | Meant::Batch(_), _) => match aggregate.members.first() {
                Some(member) => member.pass(&member::without_session(self.head), bytes, self.principal).await,
                None => bare(StatusCode::BAD_REQUEST),
            },
            (Meant::List { .. } | Meant::Listen(_) | Meant::Discover | Meant::Ping, None) => {
                bare(StatusCode::ACCEPTED)
            }
        }
    }

    /// One server's message, and its answer in the client's words.
    async fn forward(&self, server: usize, message: Bytes, inner: Option<String>) -> Reply {
        let Some(member) = self.aggregate.members.get(server) else { return bare(StatusCode::BAD_REQUEST) };
        let id = words::read(&message, &self.aggregate.messages(), &[]).id;
        let head = match self.head_for(member).await {
            Ok(head) => head,
            Err(why) => {
                let words = format!("{}: {why}", member.name());
                self.note("unavailable", &words).await;
                return own_error(StatusCode::BAD_GATEWAY, -32603, &words, id.as_ref());
            }
        };
        let mut head = head;
        if let (true, Some(inner)) = (head.headers.contains_key(NAME), inner) {
            head.headers.insert(NAME, header_value(&inner));
        }
        let reply = member.pass(&head, message, self.principal).await;
        member.outward(reply).await
    }

    /// The head for one server: of its own session, which is begun if it has none yet.
    async fn head_for(&self, member: &Member) -> Result<Parts, String> {
        member.admits()?;
        match self.whole {
            None => Ok(member::without_session(self.head)),
            Some(whole) => whole.enter(member, self.head).await,
        }
    }

    /// Asks several servers at once; returns what came, in their order, and who is missing. `enter`: their sessions have begun,
    /// or begin now.
    async fn ask_all(&self, asked: Vec<(usize, Bytes)>, enter: bool) -> (Vec<(usize, Bytes)>, Vec<String>) {
        let messages = self.aggregate.messages();
        let mut waiting = Vec::new();
        for (server, bytes) in asked {
            let Some(member) = self.aggregate.members.get(server) else { continue };
            let head = match (enter, self.whole) {
                (true, _) => self.head_for(member).await,
                (false, _) => member.admits().map(|()| member::without_session(self.head)),
            };
            waiting.push((server, member, head.map(|head| member.begin(head, bytes, self.principal))));
        }
        let (mut parts, mut absent) = (Vec::new(), Vec::new());
        for (server, member, task) in waiting {
            let answer = match task {
                Ok(task) => member.finish(task, &messages).await,
                Err(why) => Err(why),
            };
            match answer {
                Ok((session, bytes)) => {
                    if let (Some(whole), Some(session)) = (self.whole, session) {
                        whole.entered(member.name(), session).await;
                    }
                    parts.extend(bytes.map(|bytes| (server, bytes)));
                }
                Err(why) => absent.push(format!("{}: {why}", member.name())),
            }
        }
        (parts, absent)
    }

    /// Tells every server whose session has begun.
    async fn tell(&self, bytes: &Bytes) {
        for member in &self.aggregate.members {
            let head = match self.whole {
                Some(whole) => whole.head(member, self.head),
                None => Some(member::without_session(self.head)),
            };
            if let Some(head) = head {
                drop(member.pass(&head, bytes.clone(), self.principal).await);
            }
        }
    }

    /// What reaches no server is not decided over; it is recorded all the same.
    async fn note(&self, event: &'static str, about: &str) {
        let Some(gate) = self.aggregate.gates().next() else { return };
        let cut: String = about.chars().take(UNKNOWN_CHARS_MAX).collect();
        let recorder = &gate.office.recorder;
        let entries = &recorder.with.entries;
        let noted = entries.note(now(), event, |entry| {
            entry.string("caller", &self.principal.id).string("target", &entries.redacted(&cut));
        });
        match noted {
            // What it says of a failure, it says itself.
            Ok(_) => drop(recorder.commit().await),
            Err(error) => recorder.sound(Some(&error)),
        }
    }
}

/// Of a name that no server has, this much is recorded.
const UNKNOWN_CHARS_MAX: usize = 256;
