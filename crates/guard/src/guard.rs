//! What a guard is called, what it finds, and how much of the text it saw.

use std::ops::Range;

use crate::verdict::Parts;

/// A content detector.
///
/// The last ones read the arguments of calls; the others read texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// Instructions to the model inside data.
    Injection,
    /// Characters that a person does not see and a model reads.
    HiddenText,
    /// Credentials.
    Secrets,
    /// Orders, secret parameters and hidden text in the definition of a tool.
    ToolPoisoning,
    /// Personal data that a check digit, a number range or its form confirms.
    Pii,
    /// Arguments that leave the directory they should stay in, or name a secret file.
    Path,
    /// Arguments that a shell would take for more than one word, and commands that destroy or hand over a machine.
    Command,
    /// Arguments that change the meaning of a query, and statements that destroy or read files.
    Sql,
    /// Addresses of this machine, of the network around it and of a cloud's metadata service.
    Ssrf,
    /// Expressions that a template engine would evaluate.
    Template,
    /// More text than a reader should be given.
    Size,
    /// Arguments that do not fit what the tool's definition says of them.
    Schema,
}

impl Guard {
    /// Every guard, in the order of their names.
    pub const ALL: [Guard; 12] = [
        Guard::Command,
        Guard::HiddenText,
        Guard::Injection,
        Guard::Path,
        Guard::Pii,
        Guard::Schema,
        Guard::Secrets,
        Guard::Size,
        Guard::Sql,
        Guard::Ssrf,
        Guard::Template,
        Guard::ToolPoisoning,
    ];

    /// The name in policies, records and docs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Guard::Injection => "injection",
            Guard::HiddenText => "hidden-text",
            Guard::Secrets => "secrets",
            Guard::ToolPoisoning => "tool-poisoning",
            Guard::Pii => "pii",
            Guard::Path => "path",
            Guard::Command => "command",
            Guard::Sql => "sql",
            Guard::Ssrf => "ssrf",
            Guard::Template => "template",
            Guard::Size => "size",
            Guard::Schema => "schema",
        }
    }

    /// The guard of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Guard> {
        Guard::ALL.into_iter().find(|guard| guard.as_str() == name)
    }
}

/// How sure a guard is, named by how often a finding of this level is a false alarm in ordinary outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// About one ordinary text in thirty: worth a line in a record.
    Possible,
    /// At most one in two hundred: worth a note to the reader.
    Likely,
    /// At most one in a thousand: worth an interruption.
    Certain,
}

impl Level {
    /// From the least sure to the surest.
    pub const ALL: [Level; 3] = [Level::Possible, Level::Likely, Level::Certain];

    /// The name in policies, records and docs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Possible => "possible",
            Level::Likely => "likely",
            Level::Certain => "certain",
        }
    }

    /// The level of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == name)
    }
}

/// What had to be undone before something was found, outermost first: encodings and disguises by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Via {
    pub outer: Option<&'static str>,
    pub inner: Option<&'static str>,
}

impl Via {
    /// The names, outermost first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [self.outer, self.inner].into_iter().flatten()
    }
}

/// Something that a guard found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub guard: Guard,
    /// Stable name of what was found, unique within the guard; `docs/reference/guards.md` lists them.
    pub code: &'static str,
    /// Byte offsets in the scanned text, on character boundaries.
    pub span: Range<usize>,
    /// What was found, in words; never holds any of the text.
    pub message: &'static str,
    pub level: Level,
    /// What the finding weighs by itself, in hundredths of a point.
    pub points: i32,
    pub via: Via,
    /// How the points come about, where they were weighed.
    pub parts: Option<Parts>,
}

impl Finding {
    /// A finding that needs no weighing: what was found is the proof.
    #[must_use]
    pub fn certain(guard: Guard, code: &'static str, span: Range<usize>, message: &'static str) -> Finding {
        Finding {
            guard,
            code,
            span,
            message,
            level: Level::Certain,
            points: CERTAIN_POINTS,
            via: Via::default(),
            parts: None,
        }
    }
}

/// What a finding weighs that needs no weighing.
pub const CERTAIN_POINTS: i32 = 1_000;

/// How much of a text a scan saw. Law 10: a report says what it did not inspect.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes that were read, from the start of the text.
    pub inspected_bytes: usize,
    /// Bytes that the text has.
    pub text_bytes: usize,
    /// Findings beyond [`crate::limits::FINDINGS_MAX`], which were not listed.
    pub omitted_findings: usize,
    /// What was not looked at for another reason than its place, in words.
    pub left_out: Option<&'static str>,
}

impl Coverage {
    /// True if every byte was read, every bound kept and every finding listed.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.inspected_bytes == self.text_bytes && self.omitted_findings == 0 && self.left_out.is_none()
    }
}
