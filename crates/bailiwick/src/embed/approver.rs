//! Questions to people, wherever a program keeps them, and the way back.

use std::fmt;
use std::sync::{Arc, Weak};

use bailiwick_engine::{Answer, ApprovedBy, Principal, Question, QuestionId};
use bailiwick_gateway::http::{self, Answering, Taken};
use bailiwick_gateway::{Asker, Relay};

/// Puts questions to people. What is not answered in time is denied, and so is everything that asks where there is no approver.
pub trait Approver: Send + Sync + fmt::Debug {
    /// Takes up a question. Called where messages go by: it must not wait.
    fn ask(&self, asked: Asked);
}

/// A question, and the way back. Dropping it answers nothing: the time runs on.
#[derive(Debug)]
pub struct Asked {
    /// What is asked; its arguments stand there in full.
    pub question: Box<Question>,
    /// Whose call it is.
    pub principal: String,
    /// The server's name in rules.
    pub server: Arc<str>,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Http(Answering),
    Stdio(Weak<Relay>),
}

impl Asked {
    /// `who` does not mind. It may take more than one, or another, as the rules say: then [`Taken::Waits`]. `how` is for the record:
    /// `in the chat`.
    pub fn approve(&self, who: Principal, how: &str) -> Taken {
        self.answer(&Answer::Approve(ApprovedBy { who, how: how.to_owned() }))
    }

    /// No; the words reach the agent and the record.
    pub fn deny(&self, why: &str) -> Taken {
        self.answer(&Answer::Deny(why.to_owned()))
    }

    /// False once nobody waits for the answer: it was given, its time is over, or who asked has left.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match &self.way {
            Way::Http(answering) => answering.is_open(),
            Way::Stdio(relay) => relay.upgrade().is_some_and(|relay| relay.engine().asks(self.question.id)),
        }
    }

    fn answer(&self, answer: &Answer) -> Taken {
        let relay = match &self.way {
            Way::Http(answering) => return answering.answer(answer),
            Way::Stdio(relay) => relay,
        };
        let Some(relay) = relay.upgrade().filter(|_| self.is_open()) else { return Taken::Gone };
        // A client that is gone is noticed by its reader.
        let _ = relay.answer(self.question.id, answer);
        match self.is_open() {
            true => Taken::Waits("the rules want another approval".to_owned()),
            false => Taken::Settled,
        }
    }
}

/// Questions of a gateway.
#[derive(Debug)]
pub(super) struct OfGateway(pub(super) Arc<dyn Approver>);

impl http::Approver for OfGateway {
    fn ask(&self, asked: http::Asked) {
        let http::Asked { question, principal, server, answering } = asked;
        self.0.ask(Asked { question, principal, server, way: Way::Http(answering) });
    }
}

/// Questions of a bridge.
#[derive(Debug)]
pub(super) struct OfBridge {
    pub(super) relay: Weak<Relay>,
    pub(super) principal: String,
    pub(super) server: Arc<str>,
    pub(super) approver: Arc<dyn Approver>,
}

impl Asker for OfBridge {
    fn ask(&self, question: Question) {
        self.approver.ask(Asked {
            question: Box::new(question),
            principal: self.principal.clone(),
            server: Arc::clone(&self.server),
            way: Way::Stdio(Weak::clone(&self.relay)),
        });
    }

    /// Whoever has it sees that it is not open any more.
    fn withdraw(&self, _question: QuestionId) {}
}
