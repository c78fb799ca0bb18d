//! What a policy is made from: texts with names, a way to fetch what they extend, and the places that paths refer to.

/// One policy text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it came from, as errors and decisions show it; also what recognises a text that is extended twice.
    pub name: String,
    pub text: String,
}

/// Fetches what `extends` names. The crate does no IO, so the caller does.
pub trait Load {
    /// Returns the text that `reference`, written in the source named `from`, stands for. Bundled names never get here.
    ///
    /// # Errors
    /// The reason in words, lower case, without a full stop.
    fn load(&mut self, from: &str, reference: &str) -> Result<Source, String>;
}

/// Where relative paths and `~` lead, as absolute paths (`/work/app`, `C:\Users\ana`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The working directory of the server. Unknown: a path that climbs out of it cannot be read, so deny rules match it.
    pub workspace: Option<String>,
    /// The home directory that `~` means. Unknown: `~` in an allow rule is an error.
    pub home: Option<String>,
}
