//! What is said about a translation.

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Line of the original, from 1; 0 for the whole of it.
    pub line: u32,
    pub kind: Kind,
    pub text: String,
    /// A call on which the two differ.
    pub shown: Option<Shown>,
}

/// What kind of remark it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Decided otherwise than by the original.
    Differs,
    /// Not in the translation.
    LeftOut,
}

impl Kind {
    /// The word of reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Differs => "differs",
            Kind::LeftOut => "left out",
        }
    }
}

/// A call that shows a difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    pub server: String,
    /// The tool; of a call for a resource its URI.
    pub tool: String,
    pub is_resource: bool,
    /// What must have happened before it; empty: nothing.
    pub before: String,
    /// As JSON.
    pub arguments: String,
    /// What the original makes of it.
    pub theirs: String,
    /// What the translation makes of it.
    pub ours: String,
    /// The id of a rule of the translation that must speak (`true`) or be silent (`false`) over the call, if that is the point.
    pub speaks: Option<(String, bool)>,
}

impl Shown {
    /// A call of a tool.
    pub(crate) fn tool(server: &str, tool: &str, arguments: &str, (theirs, ours): (&str, &str)) -> Shown {
        Shown {
            server: server.to_owned(),
            tool: tool.to_owned(),
            arguments: arguments.to_owned(),
            theirs: theirs.to_owned(),
            ours: ours.to_owned(),
            ..Shown::default()
        }
    }

    /// The reading of a resource that nothing names.
    pub(crate) fn resource((theirs, ours): (&str, &str)) -> Shown {
        Shown { is_resource: true, ..Shown::tool("srv", "notes://some/page", "", (theirs, ours)) }
    }

    pub(crate) fn after(self, before: impl Into<String>) -> Shown {
        Shown { before: before.into(), ..self }
    }

    /// The parameters of the call, and what goes before it.
    #[must_use]
    pub fn call(&self) -> String {
        let kind = if self.is_resource { "resource:" } else { "" };
        let after = if self.before.is_empty() { String::new() } else { format!(", after {}", self.before) };
        format!("{kind}{}/{} {}", self.server, self.tool, self.arguments).trim_end().to_owned() + &after
    }
}
