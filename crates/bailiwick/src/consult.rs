//! The external classifier of `--classifier`, and who hears which question: what is for it never reaches a person.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use bailiwick_engine::{Answer, Policy, Question, QuestionId};
use bailiwick_gateway::consult::{Consultant, Program};
use bailiwick_gateway::http::{Approver, Asked, NOBODY};
use bailiwick_gateway::{Asker, Relay, relay};

use crate::args::ClassifierArgs;
use crate::command::bridge::endpoint;
use crate::exit::{self, Failure};
use crate::say;

const NONE: &str = "no classifier is configured: start it with `--classifier`";

/// The place of the classifier, if one was named. A policy that wants one is refused where none is.
pub(crate) fn named<'p>(
    args: &ClassifierArgs,
    policies: impl IntoIterator<Item = &'p Policy>,
) -> Result<Option<&str>, Failure> {
    let wants = policies.into_iter().find(|policy| policy.guards().classifier().is_some());
    if let (Some(policy), None) = (wants, &args.classifier) {
        let why = format!("policy `{}` asks an external classifier, and none is named", policy.name());
        return Err(Failure::refused(why).help("name it with --classifier URL, or `exec:PROGRAM`"));
    }
    Ok(args.classifier.as_deref())
}

/// Makes ready what was named.
pub(crate) fn open<'p>(
    args: &ClassifierArgs,
    policies: impl IntoIterator<Item = &'p Policy>,
) -> Result<Option<Consultant>, Failure> {
    let Some(place) = named(args, policies)? else { return Ok(None) };
    let opened = match place.strip_prefix("exec:") {
        Some(words) => Consultant::by_process(program(words)?),
        None => {
            let endpoint = endpoint(place, &args.classifier_headers, None)?;
            let host = endpoint.uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let address = host.parse::<std::net::IpAddr>().ok();
            let here =
                host == "localhost" || address.is_some_and(|address| address.to_canonical().is_loopback());
            if endpoint.uri.scheme_str() == Some("http") && !here {
                say::warning(&format!("parts of answers go to {host} (--classifier) in the clear"));
            }
            Consultant::over_http(endpoint)
        }
    };
    opened.map(Some).map_err(|error| Failure::error(format!("cannot ask the classifier: {error}")))
}

fn program(words: &str) -> Result<Program, Failure> {
    let mut words = words.split_whitespace().map(Into::into);
    let Some(program) = words.next() else {
        return Err(Failure::new(exit::USAGE, "`--classifier exec:` names no program"));
    };
    let supervisor: PathBuf = std::env::current_exe()
        .map_err(|error| Failure::refused(format!("our own binary cannot be found: {error}")))?;
    Ok(Program { program, args: words.collect(), supervisor })
}

/// Of one run: the classifier, and the people.
#[derive(Debug)]
pub(crate) struct OfRun {
    pub(crate) relay: Weak<Relay>,
    pub(crate) server: Arc<str>,
    pub(crate) consultant: Option<Consultant>,
    pub(crate) people: Option<Arc<dyn Asker>>,
}

impl OfRun {
    fn answer(&self, question: QuestionId, answer: &Answer) {
        if let Some(relay) = self.relay.upgrade() {
            // A client that is gone is noticed by its reader.
            let _ = relay.answer(question, answer);
        }
    }
}

impl Asker for OfRun {
    fn ask(&self, question: Question) {
        let id = question.id;
        match (&question.consult, &self.consultant, &self.people) {
            (Some(_), Some(consultant), _) => {
                let relay = Weak::clone(&self.relay);
                let reply = move |opinion| {
                    if let Some(relay) = relay.upgrade() {
                        let _ = relay.answer(id, &Answer::Opinion(opinion));
                    }
                };
                consultant.ask(&question, &self.server, Box::new(reply));
            }
            (Some(_), None, _) => self.answer(id, &Answer::Opinion(Err(NONE.to_owned()))),
            (None, _, Some(people)) => people.ask(question),
            (None, _, None) => self.answer(id, &Answer::Deny(relay::NOBODY.to_owned())),
        }
    }

    fn withdraw(&self, question: QuestionId) {
        if let Some(people) = &self.people {
            people.withdraw(question);
        }
    }
}

/// Of a gateway: the same.
#[derive(Debug)]
pub(crate) struct OfGateway {
    pub(crate) consultant: Option<Consultant>,
    pub(crate) people: Option<Arc<dyn Approver>>,
}

impl Approver for OfGateway {
    fn ask(&self, asked: Asked) {
        let Some(_) = &asked.question.consult else {
            match &self.people {
                Some(people) => people.ask(asked),
                None => drop(asked.answering.answer(&Answer::Deny(NOBODY.to_owned()))),
            }
            return;
        };
        let Asked { question, server, answering, .. } = asked;
        let reply = move |opinion| drop(answering.answer(&Answer::Opinion(opinion)));
        match &self.consultant {
            Some(consultant) => consultant.ask(&question, &server, Box::new(reply)),
            None => reply(Err(NONE.to_owned())),
        }
    }
}
