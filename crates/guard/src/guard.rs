//! What a guard is called, what it finds, and how much of the text it saw.

use std::ops::Range;

/// A content detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// Instructions to the model inside data.
    Injection,
    /// Characters that a person does not see and a model reads.
    HiddenText,
    /// Credentials.
    Secrets,
}

impl Guard {
    /// Every guard, in the order of their names.
    pub const ALL: [Guard; 3] = [Guard::HiddenText, Guard::Injection, Guard::Secrets];

    /// The name in policies, records and docs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Guard::Injection => "injection",
            Guard::HiddenText => "hidden-text",
            Guard::Secrets => "secrets",
        }
    }

    /// The guard of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Guard> {
        Guard::ALL.into_iter().find(|guard| guard.as_str() == name)
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
}

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
}

impl Coverage {
    /// True if every byte was read and every finding is listed.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.inspected_bytes == self.text_bytes && self.omitted_findings == 0
    }
}
