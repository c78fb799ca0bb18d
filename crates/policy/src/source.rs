//! What a policy is made from: texts with names, a way to fetch what they extend, and the places that paths refer to.

use crate::problem::line_and_column;

/// One policy text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where it came from, as errors and decisions show it; also what recognises a text that is extended twice.
    pub name: String,
    pub text: String,
}

impl Source {
    /// The text of a file.
    ///
    /// # Errors
    /// In words, with line and column of the first byte that is not UTF-8.
    pub fn from_utf8(name: &str, bytes: Vec<u8>) -> Result<Source, String> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let (line, column) = line_and_column(&String::from_utf8_lossy(error.as_bytes()), at);
            format!("the policy `{name}` is not UTF-8: the first wrong byte is at {name}:{line}:{column}")
        })?;
        Ok(Source { name: name.to_owned(), text })
    }
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
