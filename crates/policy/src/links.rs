//! Symbolic links: who follows them is handed in, and what they led to is part of the decision.

use std::fmt;
use std::sync::Arc;

/// Follows symbolic links on the machine that opens the paths. The policy itself looks nowhere.
pub trait Follow: fmt::Debug + Send + Sync {
    /// Where `path` leads. A relative one starts from the directory in which the server runs. What does not exist leads where
    /// its deepest directory does that exists.
    fn follow(&self, path: &str) -> Followed;

    /// True if relative paths start from `directory`, which then need not be followed a second time.
    fn starts_in(&self, _directory: &str) -> bool {
        false
    }
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// No file system has such a path.
    Nowhere,
    /// An absolute path without `.` and `..`, and no link on the way.
    Plain(String),
    /// Links were on the way to this absolute path, which has none.
    To(String),
    /// Too many links, or something that could not be looked at.
    Unknown,
}

/// One text that leads elsewhere than it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub text: String,
    /// `None`: it could not be found out.
    pub to: Option<String>,
}

/// Who follows links for one policy.
pub(crate) type Follower = Arc<dyn Follow>;

/// Most texts of one call that are followed; with more, paths count as unreadable.
pub(crate) const FOLLOWED_MAX: usize = 2_048;
