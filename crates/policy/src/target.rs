//! What a call is aimed at, and the patterns of `on` that name it.

use crate::glob::{Name, UriPattern};

/// The aim of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    Tool {
        server: &'a str,
        name: &'a str,
    },
    Resource {
        server: &'a str,
        uri: &'a str,
    },
    Prompt {
        server: &'a str,
        name: &'a str,
    },
    /// `reference` is the name of the prompt or the URI (template) of the resource that is completed.
    Completion {
        server: &'a str,
        reference: &'a str,
    },
    Sampling {
        server: &'a str,
    },
    Elicitation {
        server: &'a str,
    },
    Roots {
        server: &'a str,
    },
    /// A server asks about a task of the client's.
    Task {
        server: &'a str,
    },
    /// The client asks for a task of an allowed call, or uses it: that call's decision covers it, so rules only restrict it.
    OwnTask {
        server: &'a str,
    },
}

/// The kinds of target; also the row of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aim {
    Tool,
    Resource,
    Prompt,
    Completion,
    Sampling,
    Elicitation,
    Roots,
    Task,
}

pub(crate) const AIMS: [(Aim, &str); 8] = [
    (Aim::Tool, "tool"),
    (Aim::Resource, "resource"),
    (Aim::Prompt, "prompt"),
    (Aim::Completion, "completion"),
    (Aim::Sampling, "sampling"),
    (Aim::Elicitation, "elicitation"),
    (Aim::Roots, "roots"),
    (Aim::Task, "task"),
];

impl<'a> Target<'a> {
    pub(crate) fn aim(&self) -> Aim {
        match self {
            Target::Tool { .. } => Aim::Tool,
            Target::Resource { .. } => Aim::Resource,
            Target::Prompt { .. } => Aim::Prompt,
            Target::Completion { .. } => Aim::Completion,
            Target::Sampling { .. } => Aim::Sampling,
            Target::Elicitation { .. } => Aim::Elicitation,
            Target::Roots { .. } => Aim::Roots,
            Target::Task { .. } | Target::OwnTask { .. } => Aim::Task,
        }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &'a str {
        match self {
            Target::Tool { server, .. }
            | Target::Resource { server, .. }
            | Target::Prompt { server, .. }
            | Target::Completion { server, .. }
            | Target::Sampling { server }
            | Target::Elicitation { server }
            | Target::Roots { server }
            | Target::Task { server }
            | Target::OwnTask { server } => server,
        }
    }

    /// What stands behind the server: a name, a URI, or nothing.
    #[must_use]
    pub fn object(&self) -> &'a str {
        match self {
            Target::Tool { name, .. } | Target::Prompt { name, .. } => name,
            Target::Resource { uri, .. } => uri,
            Target::Completion { reference, .. } => reference,
            Target::Sampling { .. }
            | Target::Elicitation { .. }
            | Target::Roots { .. }
            | Target::Task { .. }
            | Target::OwnTask { .. } => "",
        }
    }

    /// The target as `on` would write it.
    #[must_use]
    pub fn written(&self) -> String {
        let word = AIMS.iter().find(|(aim, _)| *aim == self.aim()).map_or("", |(_, word)| word);
        match self.aim() {
            Aim::Tool => format!("{}/{}", self.server(), self.object()),
            Aim::Resource | Aim::Prompt | Aim::Completion => {
                format!("{word}:{}/{}", self.server(), self.object())
            }
            Aim::Sampling | Aim::Elicitation | Aim::Roots | Aim::Task => format!("{word}:{}", self.server()),
        }
    }
}

/// One pattern of `on`.
#[derive(Debug)]
pub(crate) struct TargetPattern {
    pub(crate) aim: Aim,
    pub(crate) server: Name,
    pub(crate) object: Object,
}

impl TargetPattern {
    /// What a rule is about that names labels and no targets.
    pub(crate) fn tools_and_resources() -> Vec<TargetPattern> {
        let all = |aim, object| TargetPattern { aim, server: Name::Any, object };
        vec![all(Aim::Tool, Object::Name(Name::Any)), all(Aim::Resource, Object::Uri(UriPattern::Any))]
    }
}

/// What a pattern says about [`Target::object`].
#[derive(Debug)]
pub(crate) enum Object {
    Name(Name),
    Uri(UriPattern),
}

impl Object {
    pub(crate) fn is_any(&self) -> bool {
        match self {
            Object::Name(name) => matches!(name, Name::Any),
            Object::Uri(uri) => matches!(uri, UriPattern::Any),
        }
    }
}
