//! Test files: calls, what came before them, and what must be decided. Read as strictly as policies, with the same places.

mod json;
mod read;

use std::collections::BTreeMap;

pub(crate) use json::text_as_json;
pub use read::read;

use crate::model::{Principal, Verdict};
use crate::target::{Aim, Target};

/// One test file.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name, as errors show it.
    pub file: String,
    /// The layers: names and files as they are written; none: the policy that the file's own name says.
    pub policies: Vec<String>,
    /// Absolute paths.
    pub workspace: String,
    pub home: String,
    /// Symbolic links, path to path, if paths are followed.
    pub links: Option<BTreeMap<String, String>>,
    pub tests: Vec<Test>,
}

/// One call with what must be decided over it.
#[derive(Debug, Clone)]
pub struct Test {
    pub name: String,
    /// Line of the test, counted from 1.
    pub line: u32,
    pub call: Wanted,
    pub want: Verdict,
    /// Ids that must be among the reasons.
    pub by: Vec<String>,
    /// A text that must stand in a reason.
    pub because: Option<String>,
    pub before: Vec<Before>,
    pub after_ms: u64,
    /// Microseconds since 1970.
    pub time_us: i64,
    pub principal: Principal,
}

/// A call that a test names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub target: OwnedTarget,
    /// A JSON object.
    pub arguments: String,
}

/// Something that happened before the call of a test.
#[derive(Debug, Clone)]
pub struct Before {
    pub line: u32,
    pub call: Wanted,
    pub times: u32,
    pub after_ms: u64,
    /// What a person says if it asks.
    pub approved: bool,
    pub ending: Ending,
    pub want: Option<Verdict>,
}

/// How a call ends that is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Succeeded,
    Failed,
    /// No answer comes.
    None,
}

pub(crate) const WANTED: [(&str, Verdict); 3] =
    [("allow", Verdict::Allow), ("ask", Verdict::Ask), ("deny", Verdict::Deny)];
pub(crate) const ANSWERS: [(&str, bool); 2] = [("approve", true), ("deny", false)];
pub(crate) const ENDINGS: [(&str, Ending); 3] =
    [("succeeded", Ending::Succeeded), ("failed", Ending::Failed), ("none", Ending::None)];

/// A target that owns its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedTarget {
    aim: Aim,
    server: String,
    object: String,
}

impl OwnedTarget {
    /// The target that `text` names, in the words of `on` without wildcards; `server` stands in where it names none.
    fn parse(text: &str, server: Option<&str>) -> Result<OwnedTarget, String> {
        let (word, rest) = match text.split_once(':') {
            Some((word, rest)) if !word.contains('/') => (word, Some(rest)),
            _ => (text, None),
        };
        let known = crate::target::AIMS.iter().find(|(aim, name)| *aim != Aim::Tool && *name == word);
        let aim = known.map_or(Aim::Tool, |(aim, _)| *aim);
        let rest = if aim == Aim::Tool { text } else { rest.unwrap_or_default() };
        let alone = matches!(aim, Aim::Sampling | Aim::Elicitation | Aim::Roots | Aim::Task);
        // Of `resource:file:///x` the first slash is none behind a server.
        let pair = rest.split_once('/').filter(|(server, _)| aim != Aim::Resource || !server.contains(':'));
        let (server, object) = match (alone, pair, server) {
            (true, _, given) => (if rest.is_empty() { given.unwrap_or_default() } else { rest }, ""),
            (false, Some(pair), _) => pair,
            (false, None, Some(given)) => (given, rest),
            (false, None, None) => ("", rest),
        };
        if server.is_empty() {
            return Err(format!("`{text}` names no server"));
        }
        if object.is_empty() && !alone {
            return Err(format!("`{text}` names nothing of the server"));
        }
        Ok(OwnedTarget { aim, server: server.to_owned(), object: object.to_owned() })
    }

    #[must_use]
    pub fn view(&self) -> Target<'_> {
        let (server, object) = (self.server.as_str(), self.object.as_str());
        match self.aim {
            Aim::Tool => Target::Tool { server, name: object },
            Aim::Resource => Target::Resource { server, uri: object },
            Aim::Prompt => Target::Prompt { server, name: object },
            Aim::Completion => Target::Completion { server, reference: object },
            Aim::Sampling => Target::Sampling { server },
            Aim::Elicitation => Target::Elicitation { server },
            Aim::Roots => Target::Roots { server },
            Aim::Task => Target::OwnTask { server },
        }
    }
}
