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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub server: String,
    pub tool: String,
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
    /// The parameters of the call.
    #[must_use]
    pub fn call(&self) -> String {
        format!("{}/{} {}", self.server, self.tool, self.arguments)
    }
}
