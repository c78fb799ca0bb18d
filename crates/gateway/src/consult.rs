//! Asking an external classifier for its opinion of a text: over HTTP, or a process beside us. It decides nothing: what an
//! opinion does is said by the policy and done by the engine, which hears it as an answer to its question.
//!
//! What is asked is a JSON object with `text`, `server`, `method` and `target`; what must come back is one with `score`, a
//! number from 0 to 1, and, if it likes, `model`.

mod process;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bailiwick_engine::{Opinion, Question};
use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Limits, Parser, Value};

pub use process::Program;

use crate::http::{Endpoint, Post};

/// Questions that wait for the classifier at once; of more there is no opinion.
const WAITING_MAX: usize = 64;
/// Of those, from one server: one that makes many leaves room for the others.
const WAITING_OF_ONE_MAX: usize = 16;
/// Longest answer of a classifier, in bytes.
const REPLY_BYTES_MAX: usize = 16 << 10;
/// What is kept of a classifier's name, in characters.
const NAME_CHARACTERS_MAX: usize = 64;

/// Takes an opinion to whoever waits for it; called once, on a thread of the classifier's or at once.
pub type Reply = Box<dyn FnOnce(Result<Opinion, String>) + Send>;

/// Puts texts to one classifier, within a time for each, a bounded number at once.
#[derive(Debug, Clone)]
pub struct Consultant(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    way: Way,
    /// By server, the questions that wait; never more servers than questions.
    waiting: Mutex<BTreeMap<String, usize>>,
}

#[derive(Debug)]
enum Way {
    Http(Post),
    Process(process::Worker),
}

/// One question on its way.
struct Job {
    body: Vec<u8>,
    until: Instant,
    reply: Reply,
}

impl Consultant {
    /// Asks what is reached over HTTP. Redirects are not followed.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn over_http(endpoint: Endpoint) -> std::io::Result<Consultant> {
        Ok(Consultant::by(Way::Http(Post::start(endpoint, WAITING_MAX, REPLY_BYTES_MAX)?)))
    }

    /// Asks a process, a line for a line. It is started for the first question, and again when it is late or ends.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn by_process(program: Program) -> std::io::Result<Consultant> {
        Ok(Consultant::by(Way::Process(process::Worker::start(program)?)))
    }

    fn by(way: Way) -> Consultant {
        Consultant(Arc::new(Desk { way, waiting: Mutex::default() }))
    }

    /// Asks. `question` must be one for a classifier; whoever else is asked gets no opinion.
    pub fn ask(&self, question: &Question, server: &str, reply: Reply) {
        let Some(consult) = &question.consult else { return reply(Err("nothing was asked".to_owned())) };
        let until = Instant::now() + Duration::from_millis(consult.within_ms);
        let members = [
            ("text", &*consult.text),
            ("server", server),
            ("method", &question.method),
            ("target", &question.target),
        ];
        let mut body = Vec::with_capacity(consult.text.len() + 128);
        for (index, (name, text)) in members.into_iter().enumerate() {
            body.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\":");
            escape_into(
                text.get(..text.floor_char_boundary(MEMBER_BYTES_MAX)).unwrap_or_default(),
                &mut body,
            );
        }
        body.push(b'}');
        self.put(server, body, until, reply);
    }

    fn put(&self, server: &str, body: Vec<u8>, until: Instant, reply: Reply) {
        if !self.0.enter(server) {
            return reply(Err("too many questions of this server wait for it".to_owned()));
        }
        let (desk, server) = (Arc::clone(&self.0), server.to_owned());
        let reply: Reply = Box::new(move |opinion| {
            desk.leave(&server);
            reply(opinion);
        });
        match &self.0.way {
            Way::Http(post) => {
                let heard =
                    Box::new(|answer: Result<Vec<u8>, String>| reply(answer.and_then(|bytes| read(&bytes))));
                post.send(body, until, heard);
            }
            Way::Process(worker) => worker.send(Job { body, until, reply }),
        }
    }
}

impl Desk {
    /// False if as many questions of the server wait as may.
    fn enter(&self, server: &str) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(server.to_owned()).or_default();
        let room = *count < WAITING_OF_ONE_MAX;
        *count += usize::from(room);
        room
    }

    fn leave(&self, server: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(server) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(server);
            }
        }
    }
}

/// Longest member of what is asked, in bytes; a text is shorter.
const MEMBER_BYTES_MAX: usize = 9 << 10;

/// What a classifier said.
fn read(bytes: &[u8]) -> Result<Opinion, String> {
    let mut parser = Parser::default();
    let document =
        parser.parse(bytes, &Limits::DEFAULT).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let root = document.root();
    let score = root.get("score").and_then(Value::number).filter(|score| (0.0..=1.0).contains(score));
    let Some(score) = score else { return Err("its answer has no `score` from 0 to 1".to_owned()) };
    let name = root.get("model").and_then(Value::text).unwrap_or_default();
    let by: String =
        name.chars().filter(|c| !c.is_control() && *c != '`').take(NAME_CHARACTERS_MAX).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
    let score = (score * 1_000.0).round() as u16;
    Ok(Opinion { score, by: bailiwick_engine::visible(&by) })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{channel, sync_channel};
    use std::time::Instant;

    use super::{Consultant, Job, WAITING_MAX, WAITING_OF_ONE_MAX, Way, process, read};

    #[test]
    fn a_server_that_asks_much_leaves_room_for_the_others() {
        // Nobody answers: all that is taken waits.
        let (jobs, waiting) = sync_channel::<Job>(WAITING_MAX);
        let consultant = Consultant::by(Way::Process(process::Worker(jobs)));
        let (tell, told) = channel();
        let ask = |server: &str| {
            let tell = tell.clone();
            let reply = Box::new(move |opinion: Result<_, _>| {
                let _ = tell.send(opinion.is_ok());
            });
            consultant.put(server, b"{}".to_vec(), Instant::now(), reply);
            told.try_recv().is_err()
        };
        let taken = (0..WAITING_MAX).filter(|_| ask("hostile")).count();
        assert_eq!(taken, WAITING_OF_ONE_MAX);
        assert!(ask("other"));
        for job in waiting.try_iter() {
            (job.reply)(Err("late".to_owned()));
        }
        assert_eq!(told.try_iter().count(), WAITING_OF_ONE_MAX + 1);
        assert!(ask("hostile"), "there is room again");
    }

    #[test]
    fn an_opinion_is_a_score_from_0_to_1() {
        let opinion = read(br#"{"score":0.8126,"model":"guard\u001b[2J-2","more":1}"#).unwrap();
        assert_eq!((opinion.score, opinion.by.as_str()), (813, "guard[2J-2"));
        for wrong in [
            "",
            "1",
            "{}",
            r#"{"score":"1"}"#,
            r#"{"score":1.5}"#,
            r#"{"score":-0.1}"#,
            "{\"score\":1} 2",
            r#"{"score":1,"score":0}"#,
        ] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
