//! Questions to people, and their answers on the way back to whoever waits.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_engine::{Answer, Question, QuestionId};
use tokio::time::sleep;

use super::exchange::LEFT;
use super::gate::{Phase, until};
use super::letter::{Act, What};
use super::run::Run;

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
}

impl Answering {
    /// Answers. False if nobody waits for it any more: it was answered, or its time is over, or its client left.
    #[must_use]
    pub fn answer(&self, answer: &Answer) -> bool {
        let acts = self.run.answered(self.question, answer);
        let open = !acts.is_empty();
        for Act { lane, id, what, waiter } in acts {
            let Some(waiter) = waiter else { continue };
            // Whoever waited has left: the request is not sent.
            if let (Err(_), Some(id)) = (waiter.send(what), id) {
                drop(self.run.unanswered(lane, &id, LEFT));
            }
        }
        open
    }
}

impl Run {
    /// Puts what is to be asked to people, and denies what nobody can be asked; returns what is to be done at once.
    pub(super) fn ask(self: &Arc<Run>, acts: Vec<Act>) -> Vec<Act> {
        let mut settled = Vec::new();
        for act in acts {
            let waits = self.waits(act.lane, act.id.as_ref());
            let question = match act.what {
                What::Ask(question) => question,
                What::ToServer { .. } | What::ToClient(_) | What::Keep(_) => {
                    settled.push(act);
                    continue;
                }
            };
            match self.office().approver.as_ref().filter(|_| waits) {
                Some(approver) => {
                    let answering = Answering { run: Arc::clone(self), question: question.id };
                    self.run_out(answering.clone(), Duration::from_secs(u64::from(question.ttl_s)));
                    let (principal, server) =
                        (self.principal().id.clone(), Arc::clone(&self.office().with.server));
                    approver.ask(Asked { question, principal, server, answering });
                }
                None => {
                    let why = "nobody is asked here: add an `allow` rule";
                    settled.extend(self.answered(question.id, &Answer::Deny(why.to_owned())));
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
                () = until(&mut phase, Phase::Draining) => "the gateway ends",
            };
            let _ = answering.answer(&Answer::Deny(why.to_owned()));
        });
    }
}
