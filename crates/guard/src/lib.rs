//! Pure content detectors, one file each.
//!
//! A guard reads one text and yields findings; it never decides. What a finding means (block, strip, redact, ask) is
//! said by the policy and done by the engine. `docs/reference/guards.md` lists what each guard looks for.

mod arguments;
mod blob;
mod block;
mod codes;
mod definition;
mod form;
mod guard;
mod hidden_text;
mod injection;
pub mod limits;
mod pii;
mod runs;
mod scanner;
mod schema;
mod secrets;
mod shape;
mod size;
mod verdict;
mod visible;

pub use blob::{Blob, blob, blob_of};
pub use codes::{Code, codes};
pub use definition::{Beside, imitates, outline};
pub use form::{FormFault, form, shows_address};
pub use guard::{CERTAIN_POINTS, Coverage, Finding, Guard, Level, Via};
pub use hidden_text::strip_hidden;
pub use injection::model;
pub use scanner::Scanner;
pub use schema::{Misfit, Schema};
pub use size::size;
pub use verdict::{Parts, Verdict};
pub use visible::visible;
