//! A recorded run once more, exactly: the same input gives the same decisions (law 6).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick_engine::{Answer, Counters, Engine, Event, Lane, Outcome, Pins, QuestionId, Scanner, Settings};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Id, Malformed, Parser, Timestamp};
use bailiwick_policy::{Follow, Followed, Policy};

use super::links::plain;

/// What a run was handed.
#[derive(Debug)]
pub enum Input<'i> {
    /// A line of a peer.
    Text {
        to: Direction,
        lane: Lane,
        text: &'i str,
        /// The headers beside it that repeat arguments of a tool, of a client's text over HTTP.
        beside: Option<&'i Repeated>,
    },
    /// A line that is no message, and is not recorded.
    Broken {
        to: Direction,
        lane: Lane,
        malformed: Malformed,
    },
    /// A line above the limit; its id, and that it was a request, as far as that could be read.
    TooLong {
        to: Direction,
        lane: Lane,
        id: Option<Id<'static>>,
        is_request: bool,
    },
    Answer(QuestionId, &'i Answer),
    /// The tools of other servers, from now on.
    Others(&'i [String]),
    Tick,
    ServerEnded(&'i str),
    /// No answer will come to a request.
    Unanswered {
        lane: Lane,
        id: Id<'static>,
        why: &'i str,
    },
    /// An exchange is over, and whoever began it is gone.
    LaneEnded {
        lane: Lane,
        why: &'i str,
    },
    Reload(Box<Policy>),
}

/// One decision, in the words of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub event: &'static str,
    pub call: u64,
    pub to: Direction,
    pub method: String,
    pub target: Option<String>,
    pub verdict: &'static str,
    pub effect: &'static str,
    /// Source and id of each.
    pub reasons: Vec<(String, String)>,
    /// It is over something that has an answer.
    pub is_request: bool,
}

/// A run that is decided again.
#[derive(Debug)]
pub struct Again {
    engine: Engine,
    policy: Arc<Policy>,
    links: Arc<LinksThen>,
}

/// Where links led then, whatever the disk looks like now: none are followed but those that were.
#[derive(Debug, Default)]
pub struct LinksThen {
    now: Mutex<BTreeMap<String, Option<String>>>,
    /// Where relative paths start; without it what was no link is not looked at.
    directory: Option<String>,
}

impl LinksThen {
    #[must_use]
    pub fn within(directory: Option<String>) -> LinksThen {
        LinksThen { now: Mutex::default(), directory }
    }
}

impl Follow for LinksThen {
    fn follow(&self, path: &str) -> Followed {
        match (self.now.lock().unwrap_or_else(PoisonError::into_inner).get(path), &self.directory) {
            (Some(Some(to)), _) => Followed::To(to.clone()),
            (Some(None), _) => Followed::Unknown,
            (None, Some(directory)) if !path.is_empty() && !path.contains('\0') => {
                Followed::Plain(plain(directory, path))
            }
            (None, _) => Followed::Nowhere,
        }
    }
}

impl Again {
    #[must_use]
    pub fn new(settings: Settings, policy: Policy, scanner: Arc<Scanner>, pins: Option<Pins>) -> Again {
        let links = Arc::new(LinksThen::default());
        let policy = Arc::new(policy.following(Arc::clone(&links) as Arc<dyn Follow>));
        Again::sharing(settings, (policy, links), scanner, pins)
    }

    /// A run of several under one policy, which follows `links`.
    #[must_use]
    pub fn sharing(
        settings: Settings,
        (policy, links): (Arc<Policy>, Arc<LinksThen>),
        scanner: Arc<Scanner>,
        pins: Option<Pins>,
    ) -> Again {
        Again { engine: Engine::new(settings, Arc::clone(&policy), scanner, pins), policy, links }
    }

    /// The policy is taken up again, as at a reload that changes nothing.
    pub fn reload(&mut self) {
        self.engine.replace_policy(Arc::clone(&self.policy));
    }

    /// Counters of a principal that several runs share: taken in before a decision, and given back behind it.
    pub fn trade(&mut self, counters: &mut Counters) {
        self.engine.trade_principal_counters(counters);
    }

    /// Decides over one input. `links` are those that were recorded with its decisions: a text, and where it led.
    pub fn decide(
        &mut self,
        at: Timestamp,
        input: Input<'_>,
        links: impl IntoIterator<Item = (String, Option<String>)>,
    ) -> Vec<Decided> {
        *self.links.now.lock().unwrap_or_else(PoisonError::into_inner) = links.into_iter().collect();
        let mut parser = Parser::default();
        let mut out = Vec::new();
        let engine = &mut self.engine;
        match input {
            Input::Text { to, lane, text, beside } => {
                engine.enter(lane);
                let packet = Packet::parse(&mut parser, text.as_bytes(), &engine.limits());
                match beside.filter(|_| to == Direction::ToServer) {
                    Some(beside) => engine.receive_with(at, beside.clone(), packet, &mut out),
                    None => engine.receive(at, to, packet, &mut out),
                }
            }
            Input::Broken { to, lane, malformed } => {
                engine.enter(lane);
                engine.receive(at, to, Err(malformed), &mut out);
            }
            Input::TooLong { to, lane, id, is_request } => {
                engine.enter(lane);
                engine.too_long(at, to, (id, is_request), &mut out);
            }
            Input::Answer(question, answer) => {
                owned(&mut out, |out| engine.answer(at, question, answer, out))
            }
            Input::Others(names) => engine.replace_strangers(&Arc::new(names.to_vec())),
            Input::Tick => owned(&mut out, |out| engine.tick(at, out)),
            Input::ServerEnded(why) => owned(&mut out, |out| engine.server_ended(at, why, out)),
            Input::Unanswered { lane, id, why } => {
                engine.enter(lane);
                owned(&mut out, |out| engine.unanswered(at, &id, why, out));
            }
            Input::LaneEnded { lane, why } => {
                engine.enter(lane);
                owned(&mut out, |out| engine.lane_ended(at, why, out));
            }
            Input::Reload(policy) => {
                let links = Arc::clone(&self.links) as Arc<dyn Follow>;
                self.policy = Arc::new(policy.following(links));
                engine.replace_policy(Arc::clone(&self.policy));
            }
        }
        out.iter().map(decided).collect()
    }
}

fn owned(out: &mut Vec<Outcome<'_>>, decide: impl FnOnce(&mut Vec<Outcome<'static>>)) {
    let mut own = Vec::new();
    decide(&mut own);
    out.extend(own);
}

fn decided(outcome: &Outcome<'_>) -> Decided {
    let decision = &outcome.decision;
    let reasons = decision.reasons.iter().map(|reason| {
        let described = reason.describe(&decision.policy);
        (described.source.to_owned(), described.id.into_owned())
    });
    Decided {
        event: match decision.event {
            Event::Decision => "decision",
            Event::Completion => "outcome",
            Event::Malformed => "malformed",
            Event::Approval => "approval",
            Event::Opinion => "opinion",
            Event::Pin => "pin",
        },
        call: decision.call,
        to: decision.direction,
        method: decision.method.to_string(),
        target: decision.target.as_deref().map(str::to_owned),
        verdict: decision.verdict.word(),
        effect: decision.action.as_str(),
        reasons: reasons.collect(),
        is_request: decision.id.is_some(),
    }
}
