//! The decision core: message and time in, decision and effect out. No IO, clock, environment, randomness.

mod approval;
mod capability;
mod counters;
mod decision;
mod engine;
mod inspect;
mod listing;
mod permit;
pub mod pins;
mod reply;
mod run;
mod to_client;
mod to_server;

pub use bailiwick_guard::Scanner;
pub use decision::{
    Action, Answer, Arguments, Completion, Decision, Described, Effect, Event, Outcome, Question, QuestionId,
    Reason,
};
pub use engine::{Engine, Mode, Settings};
pub use permit::Permitted;
pub use pins::Pins;
