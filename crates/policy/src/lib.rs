//! The policy language: spanned text, valid policy, compiled evaluation, explanation.
//!
//! [`compile`] turns texts into a [`Policy`]; [`Policy::evaluate`] decides a [`Call`]. Nothing here does IO, knows the
//! time or allocates without bound. The language is described in `docs/reference/policy.md`.

mod args;
pub mod bounds;
mod bundled;
mod condition;
mod derived;
pub mod document;
mod evaluate;
mod explain;
pub mod format;
mod glob;
mod guards;
mod history;
mod index;
mod labels;
mod layers;
mod links;
pub mod lint;
mod mention;
mod model;
mod path;
mod policy;
mod problem;
mod read;
mod recall;
pub mod reference;
mod roles;
mod schema;
mod scope;
mod set;
mod source;
mod subject;
pub mod suite;
mod taint;
mod target;
pub mod tree;
mod uri;
mod voices;
mod words;

pub use bundled::{BUNDLED, bundled, meant};
pub use derived::{DERIVED_MAX, Derived};
pub use evaluate::{Beside, Call, SumError};
pub use explain::{Considered, Explanation, Finding, Judgement, LookedBack, Outcome, Part, Seen};
pub use guards::{
    Classifier, Failing, Fault, Found, GuardAction, GuardDirections, GuardLevel, GuardName, GuardPattern,
    GuardView, Guards, LogLevel, Longest, Paced, Rate, Requests, Ruling, Suppression,
};
pub use history::{
    Automaton, Condition, Count, Gate, Grant, HistoryRule, Hours, Key, Marks, Precondition, Same, Sequence,
    Step, StepMark, span, step_bit,
};
pub use labels::{Label, Labels};
pub use links::{Follow, Followed, Link};
pub use mention::Mention;
pub use model::{
    Claim, Consent, Counted, Discovery, Drift, Each, Effect, Hide, Hit, Limit, Per, Pins, Place, Principal,
    Rule, Verdict,
};
pub use policy::{Checked, Policy, check, compile};
pub use problem::{Problem, Problems, Severity};
pub use schema::Catalog;
pub use source::{Context, Load, Source};
pub use taint::{Taint, Taints};
pub use target::Target;
pub use uri::UriReadings;
