//! Decisions, their reasons and their effects: what the engine answers to a message.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bailiwick_mcp::{Body, Direction, Id, Message, Timestamp, Value, method};
use bailiwick_policy::{GuardAction, Link, Place, Policy, Verdict};

use crate::permit::Permitted;
pub use crate::question::{Answer, Consult, Opinion, Question, QuestionId};

/// A decision and what is to be done. The record of the decision comes before its effects (law 3).
#[derive(Debug)]
pub struct Outcome<'a> {
    pub decision: Decision<'a>,
    pub effects: Vec<Effect<'a>>,
}

impl Outcome<'_> {
    pub(crate) fn into_owned(self) -> Outcome<'static> {
        Outcome {
            decision: self.decision.into_owned(),
            effects: self.effects.into_iter().map(Effect::into_owned).collect(),
        }
    }
}

/// What the shell has to do.
#[derive(Debug)]
pub enum Effect<'a> {
    /// Send to the peer in that direction.
    Send { to: Direction, message: Permitted<'a> },
    /// Ask a human; the answer comes back through [`Engine::answer`](crate::Engine::answer).
    Ask(Box<Question>),
    /// Nobody wants that answer any more.
    Withdraw(QuestionId),
    /// Keep what was withheld, for a person who may want it.
    Quarantine(Box<Quarantined>),
}

impl Effect<'_> {
    fn into_owned(self) -> Effect<'static> {
        match self {
            Effect::Send { to, message } => Effect::Send { to, message: message.into_owned() },
            Effect::Ask(question) => Effect::Ask(question),
            Effect::Withdraw(id) => Effect::Withdraw(id),
            Effect::Quarantine(kept) => Effect::Quarantine(kept),
        }
    }
}

/// A message that was withheld, secrets in it masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Names it: letters, digits and `-`.
    pub id: String,
    pub at: Timestamp,
    pub server: String,
    pub method: String,
    pub target: String,
    /// What was found, in words.
    pub findings: Vec<String>,
    /// The message's JSON text.
    pub message: String,
}

/// What an entry in the record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A message was decided.
    Decision,
    /// A request that was let through came to its end.
    Completion,
    /// A text was no message.
    Malformed,
    /// A human answered, or nobody did.
    Approval,
    /// An external classifier gave its opinion of an answer, or did not.
    Opinion,
    /// The identity of the server's offer was pinned, or differs.
    Pin,
}

/// What happened to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Forwarded,
    /// Forwarded with parts cut or replaced.
    Changed,
    /// Answered in the other party's place.
    Refused,
    Dropped,
    Held,
}

impl Action {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Forwarded => "forwarded",
            Action::Changed => "changed",
            Action::Refused => "refused",
            Action::Dropped => "dropped",
            Action::Held => "held",
        }
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    Succeeded,
    Failed,
    /// It was cancelled, or its server ended, or its answer could not be read.
    Unknown,
    /// It never went on: the answer was ours.
    Refused,
}

impl Completion {
    /// What an answer says of its request.
    pub(crate) fn of(answer: &Message<'_>) -> Completion {
        match &answer.body {
            Body::Result { result, .. } if result.get("isError").and_then(Value::boolean) != Some(true) => {
                Completion::Succeeded
            }
            _ => Completion::Failed,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Completion::Succeeded => "succeeded",
            Completion::Failed => "failed",
            Completion::Unknown => "unknown",
            Completion::Refused => "refused",
        }
    }
}

/// The arguments that a decision looked at.
#[derive(Debug, Clone)]
pub enum Arguments<'a> {
    View(Value<'a>),
    /// JSON text of a message that was held.
    Text(String),
}

impl Arguments<'_> {
    /// Their JSON text, as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Arguments::View(value) => value.raw(),
            Arguments::Text(text) => text,
        }
    }
}

/// One decision with all its reasons.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    pub at: Timestamp,
    pub event: Event,
    pub direction: Direction,
    /// Number of the request in this run; its completion carries the same one.
    pub call: u64,
    /// The exchange that the message belongs to, where its effects go back to.
    pub lane: Lane,
    pub id: Option<Id<'a>>,
    pub method: Cow<'a, str>,
    pub target: Option<Cow<'a, str>>,
    pub arguments: Option<Arguments<'a>>,
    /// Those were looked at, and the record need mask nothing in them.
    pub maskless: bool,
    pub verdict: Verdict,
    pub action: Action,
    pub reasons: Vec<Reason>,
    /// The policy that the rule numbers of `reasons` count in.
    pub policy: Arc<Policy>,
    /// Microseconds from the request to its answer.
    pub latency_us: Option<u64>,
    pub completion: Option<Completion>,
}

impl Decision<'_> {
    /// What was refused at once ends when its refusal goes out: `now`, by the clock of whoever sends it.
    pub fn note_refused(&mut self, now: impl FnOnce() -> Timestamp) {
        if self.completion == Some(Completion::Refused) && self.latency_us.is_none() {
            self.latency_us = Some(now().micros_since(self.at));
        }
    }

    /// The same without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Decision<'static> {
        let text = |arguments: Arguments<'_>| match arguments {
            Arguments::View(value) => Arguments::Text(value.raw().to_owned()),
            Arguments::Text(text) => Arguments::Text(text),
        };
        Decision {
            at: self.at,
            event: self.event,
            direction: self.direction,
            call: self.call,
            lane: self.lane,
            id: self.id.map(Id::into_owned),
            // Of the usual ones there is a name that lives for ever.
            method: match method::find(&self.method) {
                Some(row) => Cow::Borrowed(row.name),
                None => Cow::Owned(self.method.into_owned()),
            },
            target: self.target.map(|target| Cow::Owned(target.into_owned())),
            arguments: self.arguments.map(text),
            maskless: self.maskless,
            verdict: self.verdict,
            action: self.action,
            reasons: self.reasons,
            policy: self.policy,
            latency_us: self.latency_us,
            completion: self.completion,
        }
    }
}

/// One reason of a decision. [`Reason::describe`] turns it into words, with the rule and its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// A rule matched, or a `require` did not hold.
    Rule { index: u32, failed_require: bool },
    /// A limit is used up, or could not be counted.
    Limit { index: u32, message: String },
    /// It would complete the steps of a sequence.
    Sequence { index: u32, message: String },
    /// What must be so before it is not so.
    Precondition { index: u32, message: String },
    /// No rule spoke; of several layers, no rule of this one, whose default is stricter than what the others say.
    Default(Option<String>),
    /// A path of the arguments leads elsewhere than it says; a reason of no verdict of its own.
    Link(Link),
    /// A guard found something.
    Guard {
        guard: &'static str,
        code: Cow<'static, str>,
        place: String,
        message: Cow<'static, str>,
        /// What was done with the message because of it.
        action: GuardAction,
        /// Level, score with its parts, what was decoded, what was done; may be empty.
        detail: String,
        /// Where the policy says what is done with it; `None`: it is a default.
        said: Option<Place>,
    },
    /// The server's offer differs from what was pinned.
    Pin { name: String, change: String },
    /// So many of so many items were left out of a list, and why.
    Hidden(String),
    /// The protocol forbids it.
    Protocol(Cow<'static, str>),
    /// What a human said, or that nobody could.
    Approval(String),
}

/// A reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described<'a> {
    /// `rule`, `limit`, `sequence`, `precondition`, `default`, `link`, `guard`, `pin`, `protocol` or `approval`.
    pub source: &'static str,
    pub id: Cow<'a, str>,
    /// File and line of the rule, of the default that decided, or of what the policy says of pins.
    pub place: Option<(&'a str, u32)>,
    pub message: Cow<'a, str>,
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.source, self.id)?;
        if let Some((file, line)) = self.place {
            write!(formatter, " ({file}:{line})")?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.message) }
    }
}

impl Reason {
    /// What was said of a person's answer.
    #[must_use]
    pub fn approval(&self) -> Option<&str> {
        let Reason::Approval(words) = self else { return None };
        Some(words)
    }

    /// The reason in words; `policy` is the one that decided.
    #[must_use]
    pub fn describe<'a>(&'a self, policy: &'a Policy) -> Described<'a> {
        match self {
            Reason::Rule { index, failed_require } => {
                let Some(rule) = policy.rules().get(*index as usize) else { return unknown("rule") };
                let own = rule.reason.as_deref().unwrap_or_default();
                let message = if *failed_require && own.is_empty() { "does not hold" } else { own };
                let source = if *failed_require { "require" } else { "rule" };
                Described {
                    source,
                    id: Cow::Borrowed(&*rule.id),
                    place: Some((&*rule.file, rule.line)),
                    message: Cow::Borrowed(message),
                }
            }
            Reason::Limit { index, message } => {
                let Some(limit) = policy.limits().get(*index as usize) else { return unknown("limit") };
                let place = Some((&*limit.file, limit.line));
                Described { place, ..plain("limit", &limit.id, message) }
            }
            Reason::Sequence { index, message } => {
                let Some(sequence) = policy.sequences().get(*index as usize) else {
                    return unknown("sequence");
                };
                let place = Some((&*sequence.file, sequence.line));
                Described { place, ..plain("sequence", &sequence.id, message) }
            }
            Reason::Precondition { index, message } => {
                let Some(precondition) = policy.preconditions().get(*index as usize) else {
                    return unknown("precondition");
                };
                let place = Some((&*precondition.file, precondition.line));
                Described { place, ..plain("precondition", &precondition.id, message) }
            }
            Reason::Default(layer) => Described {
                source: "default",
                id: Cow::Borrowed("default"),
                place: policy.default_place(layer.as_deref()).map(place),
                message: match layer {
                    None => Cow::Borrowed("no rule speaks of it"),
                    Some(layer) => Cow::Owned(format!("no rule of `{layer}` speaks of it")),
                },
            },
            Reason::Link(link) => linked(link),
            Reason::Guard { guard, code, place: at, message, detail, said, .. } => Described {
                source: "guard",
                id: Cow::Owned(format!("{guard}/{code}")),
                place: match *guard {
                    "requests" => policy.guards().requests().iter().find_map(|layer| layer.said.as_ref()),
                    _ => said.as_ref(),
                }
                .map(place),
                message: Cow::Owned(match detail.is_empty() {
                    true => format!("{message} in {at}"),
                    false => format!("{message} in {at} ({detail})"),
                }),
            },
            Reason::Pin { name, change } => Described {
                source: "pin",
                id: Cow::Borrowed(name),
                place: policy.pins_place().map(place),
                message: Cow::Borrowed(change),
            },
            Reason::Hidden(message) => plain("protocol", "protocol", message),
            Reason::Protocol(message) => plain("protocol", "protocol", message),
            Reason::Approval(message) => plain("approval", "approval", message),
        }
    }
}

fn place(place: &Place) -> (&str, u32) {
    (&place.file, place.line)
}

/// The text comes from the agent, and the name of a file may be anything.
fn linked(link: &Link) -> Described<'static> {
    let shown =
        |text: &str| text.chars().take(LINK_SHOWN_MAX).flat_map(char::escape_debug).collect::<String>();
    let message = match &link.to {
        Some(to) => format!("{} leads to {}", shown(&link.text), shown(to)),
        None => format!("{} leads to what could not be looked at", shown(&link.text)),
    };
    Described { source: "link", id: Cow::Borrowed("link"), place: None, message: Cow::Owned(message) }
}

/// Longest part of a path that is shown, in characters.
const LINK_SHOWN_MAX: usize = 400;

fn plain<'a>(source: &'static str, id: &'a str, message: &'a str) -> Described<'a> {
    Described { source, id: Cow::Borrowed(id), place: None, message: Cow::Borrowed(message) }
}

fn unknown(source: &'static str) -> Described<'static> {
    plain(source, "?", "no longer in the policy")
}

/// The exchange of a message. Ids of one lane have nothing to do with those of another: on stdio and in a legacy session
/// there is one lane; of 2026-07-28 over HTTP, where every client counts from one, each exchange has its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub u64);
