//! What the program of these examples keeps, where another one would have a database: policies that extend each other, and questions
//! until somebody answers them. And its audit log.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use bailiwick_engine::{Answer, ApprovedBy, Policy, Scanner};
use bailiwick_policy::{Context, Load, Source, compile};
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// A store of the program's own: `Q` is a question with its way back.
#[derive(Debug)]
pub(crate) struct Store<Q> {
    policies: BTreeMap<&'static str, &'static str>,
    /// What waits, and what was answered, in its order.
    questions: Mutex<(Vec<Q>, Vec<String>)>,
    came: Condvar,
}

/// Policies by their names. The second is a layer below the first: it can forbid what that allows, and never the other way.
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

impl<Q> Store<Q> {
    pub(crate) fn new() -> Arc<Store<Q>> {
        let (questions, came) = (Mutex::new((Vec::new(), Vec::new())), Condvar::new());
        Arc::new(Store { policies: POLICIES.into(), questions, came })
    }

    fn source(&self, name: &str) -> Result<Source, String> {
        let text = self.policies.get(name).ok_or_else(|| format!("there is no policy `{name}`"))?;
        Ok(Source { name: name.to_owned(), text: (*text).to_owned() })
    }

    /// The policy of that name, with all that it extends.
    pub(crate) fn policy(&self, name: &str) -> Result<Policy, Failure> {
        let context = Context { home: Some("/home/ana".to_owned()), ..Context::default() };
        Ok(compile(vec![self.source(name)?], &mut Policies(self), &context)
            .map_err(|problems| problems.render(false))?)
    }

    /// Keeps a question until somebody takes it. Never waits: it is called where messages go by.
    pub(crate) fn keep(&self, question: Q) {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).0.push(question);
        self.came.notify_one();
    }

    /// Answers the oldest question that waits, or the next to come, as the office would; returns with its answer given.
    pub(crate) fn answer_one(&self, arguments: impl Fn(&Q) -> &str, give: impl FnOnce(Q, &Answer)) {
        let questions = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = self.came.wait_while(questions, |(waiting, _)| waiting.is_empty());
        let mut questions = waits.unwrap_or_else(PoisonError::into_inner);
        let question = questions.0.remove(0);
        let answer = match arguments(&question).len() < 40 {
            true => Answer::Approve(ApprovedBy::new("user:office", "by the office")),
            false => Answer::Deny("too long for the office".to_owned()),
        };
        questions.1.push(format!("{}: {answer:?}", arguments(&question)));
        drop(questions);
        give(question, &answer);
    }

    /// Everything that was answered.
    pub(crate) fn answered(&self) -> Vec<String> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// Where a policy that extends another finds it.
struct Policies<'s, Q>(&'s Store<Q>);

impl<Q> Load for Policies<'_, Q> {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        self.0.source(reference)
    }
}

/// An audit log in `folder` for this run, principal and server.
pub(crate) fn audit_log(
    folder: &Path,
    [run, principal, server]: [&str; 3],
    scanner: &Arc<Scanner>,
) -> Result<Entries, Failure> {
    let (path, key_directory) = (folder.join("audit.jsonl"), folder.join("key"));
    let options = OpenOptions { path, durability: Durability::Batched, key_directory };
    let (log, _) = AuditLog::open(options, bailiwick_gateway::relay::now())?;
    Ok(Entries::new(log, run.to_owned(), principal.to_owned(), server.to_owned(), Arc::clone(scanner)))
}
