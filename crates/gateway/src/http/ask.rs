//! Questions to people, and their answers on the way back to whoever waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bailiwick_engine::{Answer, Question, QuestionId};
use bailiwick_mcp::Direction;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::exchange::Exchange;
use super::gate::{Phase, until};
use super::letter::{Act, Letter, What};
use super::office::OVER;
use super::run::Run;

/// What is said where nobody can be asked.
pub const NOBODY: &str = "nobody is asked here: add an `allow` rule (for a pin: `bailiwick lock`)";

/// Puts questions to people. What it does not answer in time is denied.
pub trait Approver: Send + Sync + std::fmt::Debug {
    /// Takes up a question. Called on a thread that serves: it must not wait.
    fn ask(&self, asked: Asked);
}

/// A question, and the way back. Dropping it answers nothing: the time runs on.
#[derive(Debug)]
pub struct Asked {
    pub question: Box<Question>,
    pub principal: String,
    pub server: Arc<str>,
    pub answering: Answering,
}

/// Takes the answer to one question.
#[derive(Debug, Clone)]
pub struct Answering {
    run: Arc<Run>,
    question: QuestionId,
    /// Of a message that nobody's request waits for; taken by the first answer.
    late: Option<Arc<Mutex<Option<Late>>>>,
}

impl Answering {
    /// False once nobody waits for the answer: it was given, its time is over, or who asked has left.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.run.asks(self.question)
    }

    /// Answers.
    #[must_use]
    pub fn answer(&self, answer: &Answer) -> Taken {
        let (acts, waits) = self.run.answered(self.question, answer);
        if let Some(words) = waits {
            return Taken::Waits(words);
        }
        let taken = if acts.is_empty() { Taken::Gone } else { Taken::Settled };
        let late = self.late.as_ref();
        let late = late.and_then(|late| late.lock().unwrap_or_else(PoisonError::into_inner).take());
        for mut act in acts {
            let waits = match (act.waiter.take(), &late) {
                (Some(waiter), _) => waiter.send(act.what).is_ok(),
                (None, Some(late)) => {
                    late.carry_out(act);
                    continue;
                }
                (None, None) => !matches!(act.what, What::ToServer { request: Some(_), .. }),
            };
            // Whoever waited has left: the request is not sent.
            if let (false, Some(id)) = (waits, act.id) {
                drop(self.run.unanswered(act.lane, &id, self.run.office().why_dropped()));
            }
        }
        taken
    }
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The question is settled by it.
    Settled,
    /// The question goes on: others must approve too, or this one may not. In words.
    Waits(String),
    /// Nobody waits for it any more: it was answered, or its time is over, or its client left.
    Gone,
}

/// The way of what a person lets through of a server's words, or refuses: to the client by whoever reads that server, and to
/// the server.
#[derive(Debug, Clone)]
pub(super) struct Late {
    exchange: Exchange,
    letters: mpsc::Sender<Letter>,
    runtime: Handle,
}

/// Letters that were let through and are not taken yet; of more the server is told that nobody takes them.
const LETTERS_MAX: usize = 16;

impl Late {
    /// The receiver has an end when nothing is asked about any more and this is dropped.
    pub(super) fn new(exchange: &Exchange) -> (Late, mpsc::Receiver<Letter>) {
        let (letters, receiver) = mpsc::channel(LETTERS_MAX);
        (Late { exchange: exchange.clone(), letters, runtime: Handle::current() }, receiver)
    }

    /// The same way to the server, and `letters` in place of the way to the client.
    pub(super) fn without_letters(&self, letters: mpsc::Sender<Letter>) -> Late {
        Late { letters, ..self.clone() }
    }

    fn carry_out(&self, act: Act) {
        let undone = match &act.what {
            What::ToClient(letter) => match self.letters.try_send(letter.clone()) {
                Ok(()) => return,
                Err(_) => self.exchange.run.undo(vec![act], self.exchange.run.office().why_dropped()),
            },
            What::ToServer { .. } => vec![act],
            What::Ask(_) | What::Keep(_) => return,
        };
        for act in undone {
            let exchange = self.exchange.clone();
            self.runtime.spawn(async move { exchange.send_out(act) });
        }
    }
}

impl Run {
    /// Puts what is to be asked to people, and denies what nobody can be asked; returns what is to be done at once. `late` is
    /// the way of what no request of a client waits for.
    pub(super) fn ask(self: &Arc<Run>, acts: Vec<Act>, late: Option<&Late>) -> Vec<Act> {
        let mut settled = Vec::new();
        for act in acts {
            let question = match act.what {
                // Who left meanwhile needs nobody's answer.
                What::Ask(question) if !self.asks(question.id) => continue,
                What::Ask(question) => question,
                What::ToServer { .. } | What::ToClient(_) | What::Keep(_) => {
                    settled.push(act);
                    continue;
                }
            };
            // Only a client's own request has somebody who waits for it, whatever else has its id.
            let own = question.direction == Direction::ToServer && !question.is_answer;
            let waits = own && self.waits(act.lane, act.id.as_ref());
            match self.office().approver.as_ref().filter(|_| waits || late.is_some()) {
                Some(approver) => {
                    let late = late.filter(|_| !waits).cloned().map(|late| Arc::new(Mutex::new(Some(late))));
                    let answering = Answering { run: Arc::clone(self), question: question.id, late };
                    self.run_out(answering.clone(), Duration::from_secs(u64::from(question.ttl_s)));
                    let (principal, server) =
                        (self.principal().id.clone(), Arc::clone(&self.office().with.server));
                    approver.ask(Asked { question, principal, server, answering });
                }
                None => {
                    settled.extend(self.answered(question.id, &Answer::Deny(NOBODY.to_owned())).0);
                }
            }
        }
        settled
    }

    /// Denies when the time is over, or the gateway ends.
    fn run_out(&self, answering: Answering, ttl: Duration) {
        let mut phase = self.office().phases.subscribe();
        tokio::spawn(async move {
            let why = tokio::select! {
                () = sleep(ttl) => "nobody answered in time",
                () = until(&mut phase, Phase::Draining) => OVER,
            };
            let _ = answering.answer(&Answer::Deny(why.to_owned()));
        });
    }
}
