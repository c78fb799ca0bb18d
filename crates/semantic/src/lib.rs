//! What a string means: the hosts, URLs and commands that it may be read as.
//!
//! Programs read one text in different ways, and attacks live in the differences. So nothing here gives *the* meaning: every
//! reading is given, together with whether there is a doubt left. A rule that denies takes any of them, a rule that allows
//! wants all of them and no doubt. Nothing here does IO: no name is looked up.

pub mod command;
pub mod host;
pub mod limits;
mod percent;
pub mod sql;
pub mod url;

pub use host::{Class, Host, HostPattern, HostPatterns, Hosts, PatternError, Port, Strict};
pub use percent::percent_decoded;
pub use url::{Url, Urls};
