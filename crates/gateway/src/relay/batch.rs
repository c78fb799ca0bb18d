//! What a chunk of bytes leads to, gathered before anything is done, and how it is undone.

use bailiwick_engine::{Answer, Effect, Engine, Outcome, Quarantined, Question, QuestionId};
use bailiwick_mcp::Direction;
use bailiwick_record::AuditError;

use super::now;
use crate::sink::Outbox;

#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) to_server: Outbox,
    pub(super) to_client: Outbox,
    pub(super) questions: Vec<Question>,
    pub(super) withdrawn: Vec<QuestionId>,
    /// What was withheld, for a person.
    pub(super) kept: Vec<Quarantined>,
    /// Something in it waits for its record to be written.
    pub(super) must_commit: bool,
    /// Why something in it could not be recorded.
    pub(super) trouble: Option<AuditError>,
    /// For a person who watches.
    pub(super) words: Vec<String>,
}

impl Batch {
    pub(super) fn take_up(&mut self, effect: Effect<'_>) {
        match effect {
            Effect::Send { to: Direction::ToServer, message } => self.to_server.push(&message),
            Effect::Send { to: Direction::ToClient, message } => self.to_client.push(&message),
            Effect::Ask(question) => self.questions.push(*question),
            Effect::Withdraw(question) => self.withdrawn.push(question),
            Effect::Quarantine(kept) => self.kept.push(*kept),
        }
    }

    /// An outcome that could not be recorded: nothing that it leads to happens, and whoever waits is told.
    pub(super) fn undo(&mut self, engine: &mut Engine, outcome: &Outcome<'_>) {
        engine.undo_kept(UNWRITTEN);
        let mut told = Vec::new();
        for effect in &outcome.effects {
            match effect {
                Effect::Send { to, message } => engine.undo_send(*to, message.bytes(), UNWRITTEN, &mut told),
                Effect::Ask(question) => told.extend(withhold(engine, question)),
                Effect::Withdraw(question) => self.withdrawn.push(*question),
                // Of what is not recorded nothing is kept.
                Effect::Quarantine(_) => {}
            }
        }
        told.into_iter().for_each(|effect| self.take_up(effect));
    }

    /// Nothing of it happens: its record could not be written.
    pub(super) fn undo_all(&mut self, engine: &mut Engine) {
        engine.undo_kept(UNWRITTEN);
        let mut told = Vec::new();
        let boxes = [(Direction::ToServer, &self.to_server), (Direction::ToClient, &self.to_client)];
        for (to, outbox) in boxes {
            for line in outbox.lines() {
                engine.undo_send(to, line, UNWRITTEN, &mut told);
            }
        }
        for question in self.questions.drain(..) {
            told.extend(withhold(engine, &question));
        }
        self.to_server.clear();
        self.to_client.clear();
        self.kept.clear();
        told.into_iter().for_each(|effect| self.take_up(effect));
    }
}

/// A question that is not put to anybody.
fn withhold(engine: &mut Engine, question: &Question) -> impl Iterator<Item = Effect<'static>> {
    let deny = Answer::Deny("the audit log cannot be written".to_owned());
    let mut answered = Vec::new();
    engine.answer(now(), question.id, &deny, &mut answered);
    answered.into_iter().flat_map(|outcome| outcome.effects)
}

const UNWRITTEN: &str = "the audit log cannot be written, so nothing is sent on";
