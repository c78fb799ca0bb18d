//! The decision core: message and time in, decision and effect out. No IO, clock, environment, randomness.

mod answer;
mod approval;
mod asked;
mod asked_back;
mod capability;
mod counters;
mod decision;
mod derived;
mod elicited;
mod engine;
mod foresight;
mod govern;
mod history;
mod inspect;
mod judgement;
mod listing;
mod notification;
mod pace;
mod permit;
pub mod pins;
mod question;
mod refused;
mod reply;
mod request;
mod result;
mod rules;
mod run;
mod together;

pub use approval::ApprovedBy;
pub use bailiwick_guard::{Scanner, visible};
pub use bailiwick_policy::{Claim, Derived, Link, Policy, Principal};
pub use counters::Counters;
pub use decision::{
    Action, Answer, Arguments, Completion, Consult, Decision, Described, Effect, Event, Lane, Opinion,
    Outcome, Quarantined, Question, QuestionId, Reason,
};
pub use engine::{Engine, Mode, Settings};
pub use foresight::{Foreseen, Foresight};
pub use pace::PACE;
pub use permit::Permitted;
pub use pins::{Offer, Pins};
