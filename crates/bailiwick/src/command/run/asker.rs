//! Questions of the engine brought to the terminal, and answers brought back.

use std::os::fd::BorrowedFd;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bailiwick_approval::{self as approval, Desk, DeskOptions, Gesture, Keeper, Screen};
use bailiwick_engine::{Answer, ApprovedBy, Policy, Question, QuestionId, Reason, Scanner, Settings};
use bailiwick_gateway::{Asker, Relay};
use bailiwick_sandbox::TerminalKeeper;

use crate::exit::Failure;
use crate::{people, places};

/// The desk, and the relay's end of it.
#[derive(Debug)]
pub(crate) struct OpenDesk {
    desk: Arc<Terminal>,
}

#[derive(Debug)]
struct Terminal {
    desk: std::sync::Mutex<Option<Desk>>,
    relay: Weak<Relay>,
    principal: String,
    server: String,
    /// Who sits at it.
    user: ApprovedBy,
}

pub(crate) fn open(
    relay: &Arc<Relay>,
    settings: &Settings,
    scanner: &Arc<Scanner>,
    (screen, keeper): (&Screen, Option<TerminalKeeper>),
) -> Result<OpenDesk, Failure> {
    let answers = Arc::downgrade(relay);
    let user = ApprovedBy { who: people::myself(), how: "at the terminal".to_owned() };
    let by = user.clone();
    let deliver = move |id: u64, answer: approval::Answer| {
        let answer = match answer {
            approval::Answer::Approve => Answer::Approve(by.clone()),
            approval::Answer::Deny(cause) => Answer::Deny(words(&cause)),
        };
        if let Some(relay) = answers.upgrade() {
            // A client that is gone is noticed by its reader.
            let _ = relay.answer(QuestionId(id), &answer);
        }
    };
    let scanner = Arc::clone(scanner);
    let options = DeskOptions {
        terminal: "/dev/tty".into(),
        runtime_folder: places::runtime()?,
        gesture: Gesture::for_this_system(),
        screen: screen.clone(),
        mask: Box::new(move |text| scanner.redact_for_person(text).into_owned()),
        keeper: keeper.map(|keeper| Box::new(Supervisor(keeper)) as Box<dyn Keeper>),
    };
    let desk = Desk::open(options, deliver)
        .map_err(|error| Failure::error(format!("cannot start a thread: {error}")))?;
    let terminal = Arc::new(Terminal {
        desk: std::sync::Mutex::new(Some(desk)),
        relay: Arc::downgrade(relay),
        principal: settings.principal.id.clone(),
        server: settings.server.to_string(),
        user,
    });
    Ok(OpenDesk { desk: terminal })
}

impl OpenDesk {
    pub(crate) fn asker(&self) -> Arc<dyn Asker> {
        Arc::clone(&self.desk) as Arc<dyn Asker>
    }

    /// Denies what is open and gives the terminal back.
    pub(crate) fn close(self) {
        let desk = self.desk.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(desk) = desk {
            desk.close();
        }
    }
}

/// The supervisor outlives us, and puts the terminal back if we are killed.
struct Supervisor(TerminalKeeper);

impl Keeper for Supervisor {
    fn keep(&self, terminal: BorrowedFd<'_>, local_flags: u64) {
        self.0.keep(terminal, local_flags);
    }

    fn forget(&self) {
        self.0.forget();
    }
}

impl Asker for Terminal {
    fn ask(&self, question: Question) {
        let id = question.id;
        if let Err(needs) = question.may_settle(&self.user) {
            return self.deny(
                id,
                format!(
                    "{needs}, and at this terminal is only {}; see `bailiwick gateway --approvals`",
                    self.user.who.id
                ),
            );
        }
        let mut asked = asked(&question, (id.0, &self.principal, &self.server));
        if asked.client.is_empty() {
            "(unnamed)".clone_into(&mut asked.client);
        }
        let desk = self.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let refused = match desk.as_ref() {
            Some(desk) => desk.ask(asked).err(),
            None => Some(approval::DenyCause::ShuttingDown),
        };
        drop(desk);
        if let Some(cause) = refused {
            self.deny(id, words(&cause));
        }
    }

    fn withdraw(&self, question: QuestionId) {
        let desk = self.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(desk) = desk.as_ref() {
            desk.withdraw(question.0);
        }
    }
}

impl Terminal {
    fn deny(&self, id: QuestionId, why: String) {
        if let Some(relay) = self.relay.upgrade() {
            let _ = relay.answer(id, &Answer::Deny(why));
        }
    }
}

/// A question of the engine as a person is asked it, under a number of the caller's.
pub(crate) fn asked(question: &Question, (id, principal, server): (u64, &str, &str)) -> approval::Question {
    let method = match question.is_answer {
        true => format!("answer to {}", question.method),
        false => question.method.clone(),
    };
    let facts = question.derived.iter().map(|found| (found.label.to_owned(), found.value.clone()));
    approval::Question {
        id,
        client: question.client.clone(),
        principal: principal.to_owned(),
        server: server.to_owned(),
        method,
        target: question.target.clone(),
        arguments: question.arguments.clone(),
        reasons: asked_by(question),
        facts: facts.collect(),
        history: question.history.clone(),
        ttl: Duration::from_secs(u64::from(question.ttl_s)),
    }
}

/// Why it is asked, for the one who is asked, and whom else it takes.
fn asked_by(question: &Question) -> Vec<approval::Reason> {
    let mut reasons: Vec<_> = question.reasons.iter().map(|reason| shown(reason, &question.policy)).collect();
    reasons.extend(question.needs().map(|needs| approval::Reason {
        id: "approval".to_owned(),
        file: String::new(),
        line: 0,
        message: format!("{needs} must approve"),
    }));
    reasons
}

fn shown(reason: &Reason, policy: &Policy) -> approval::Reason {
    let described = reason.describe(policy);
    approval::Reason {
        // Only rules have names: the default is the default.
        id: match described.source {
            source if source == described.id => source.to_owned(),
            source => format!("{source} {}", described.id),
        },
        file: described.place.map(|(file, _)| file.to_owned()).unwrap_or_default(),
        line: described.place.map_or(0, |(_, line)| line),
        message: described.message.into_owned(),
    }
}

/// The cause, and what can be done about it.
fn words(cause: &approval::DenyCause) -> String {
    match cause.help() {
        Some(help) => format!("{cause}: {help}"),
        None => cause.to_string(),
    }
}
