//! Bailiwick inside of a program: a [`Gateway`] in front of an MCP server over HTTP or standard streams, or a [`Bridge`] that wraps one over
//! standard streams. Every message is decided by policy and recorded before it goes on, as by the command `bailiwick`.
//!
//! A [`Setup`] says by which policies, in whose name, who is asked and where it is recorded; all of these may be the program's own:
//!
//! | of the program's own | is |
//! |---|---|
//! | who calls | [`Authenticate`]: a principal for the head of each request, or a [`Challenge`] |
//! | policies | [`Load`]: where names that are no bundled policy lead |
//! | questions to people | [`Approver`]: takes an [`Asked`], which is answered whenever, and by whom, the program likes |
//! | the audit log | [`Store`]: takes the chained and signed lines in a file's stead |
//! | pins | [`Setup::pins`], as from a [`Lock`] |
//!
//! What is not said is as of the command: the policy is `standard`, nobody is asked (so what asks is denied), and a gateway that others can
//! reach needs an authenticator. Nothing is printed, no signal is caught and no environment is read but `HOME` and the `XDG` directories.

mod embed;
mod links;
mod masked;

pub use bailiwick_engine::{Mode, Pins, Quarantined, Question};
pub use bailiwick_gateway::http::{
    Authenticate, Authenticating, Challenge, Head, HeaderValue, HttpLimits, RunBy, Taken,
};
pub use bailiwick_mcp::Limits;
pub use bailiwick_policy::{BUNDLED, Claim, Load, Principal, Source};
pub use bailiwick_record::AuditError;
pub use bailiwick_record::audit::{Held, Store};
pub use bailiwick_record::lock::Lock;
pub use bailiwick_sandbox::Exit;

pub use embed::approver::{Approver, Asked};
pub use embed::audit::{Audit, state_directory};
pub use embed::bridge::{Bridge, Supervisor};
pub use embed::error::Error;
pub use embed::gateway::{Gateway, Serving};
pub use embed::policies::Files;
pub use embed::setup::Setup;
#[doc(hidden)] // for the command of this package
pub use {embed::told::words_of, links::Links, masked::masked_command};
