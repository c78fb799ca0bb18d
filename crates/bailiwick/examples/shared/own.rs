//! What the program of these examples has of its own, where another one would have a database: policies that extend each other, an office
//! that answers questions, and a ledger for the audit log.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use bailiwick::{Approver, Asked, AuditError, Load, Principal, Source, Store};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Policies by their names. The second is a layer below the first.
#[derive(Debug)]
pub(crate) struct Policies;

const POLICIES: [(&str, &str); 2] = [
    (
        "notes",
        "version: 1
name: notes
extends: [house]
default: deny
rules:
  - { id: reads, effect: allow, on: ['notes/read'], for: { principals: ['user:ana'] } }
  - { id: writes, effect: ask, on: ['notes/write'] }
",
    ),
    (
        "house",
        "version: 1
name: house
rules:
  - { id: no-keys, effect: deny, on: ['*/*'], args: { '**': { path: ['~/.ssh/**'] } }, reason: 'keys stay here' }
",
    ),
];

impl Load for Policies {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        let known = POLICIES.iter().find(|(name, _)| *name == reference);
        let (name, text) = known.ok_or_else(|| format!("there is no policy `{reference}`"))?;
        Ok(Source { name: (*name).to_owned(), text: (*text).to_owned() })
    }
}

/// Where questions wait for whoever may answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Office(Arc<Desk>);

#[derive(Debug, Default)]
struct Desk {
    papers: Mutex<Papers>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Papers {
    waiting: Vec<Asked>,
    answered: Vec<String>,
}

impl Approver for Office {
    fn ask(&self, asked: Asked) {
        locked(&self.0.papers).waiting.push(asked);
        self.0.came.notify_one();
    }
}

impl Office {
    /// Answers so many questions, on a thread of its own: yes to what is short.
    pub(crate) fn opens_for(&self, answers: usize) {
        let office = self.clone();
        thread::spawn(move || (0..answers).for_each(|_| office.answer_one()));
    }

    fn answer_one(&self) {
        let Desk { papers, came } = &*self.0;
        let waits = came.wait_while(locked(papers), |papers| papers.waiting.is_empty());
        let asked = waits.unwrap_or_else(PoisonError::into_inner).waiting.remove(0);
        let arguments = &asked.question.arguments;
        let ben = Principal { id: "user:ben".to_owned(), ..Principal::default() };
        let (answer, taken) = match arguments.len() < 40 {
            true => ("yes", asked.approve(ben, "in the office")),
            false => ("no", asked.deny("too long for the office")),
        };
        let line = format!("{answer} to {}: {arguments} ({taken:?})", asked.principal);
        locked(papers).answered.push(line);
    }

    pub(crate) fn answered(&self) -> Vec<String> {
        locked(&self.0.papers).answered.clone()
    }
}

/// The audit log, in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Pages>>);

/// The lines, and how far they are vouched for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages {
    pub(crate) lines: Vec<u8>,
    pub(crate) checkpoint: String,
}

impl Store for Ledger {
    fn append(&self, _offset: u64, lines: &[u8]) -> Result<usize, AuditError> {
        // A place that can fail says so, and then the message is refused.
        locked(&self.0).lines.extend_from_slice(lines);
        Ok(lines.len())
    }

    fn sync(&self) -> Result<(), AuditError> {
        Ok(())
    }

    fn checkpoint(&self, note: &str) -> Result<(), AuditError> {
        note.clone_into(&mut locked(&self.0).checkpoint);
        Ok(())
    }
}

impl Ledger {
    pub(crate) fn pages(&self) -> Pages {
        locked(&self.0).clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
