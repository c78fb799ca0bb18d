//! What the guards can find, as data: for `guards list`, `guards explain` and the docs.

use crate::guard::Guard;
use crate::{arguments, definition, hidden_text, injection, pii, schema, secrets, size};

/// One kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    pub guard: Guard,
    pub code: &'static str,
    pub message: &'static str,
}

/// Every code of every guard, each once.
pub fn codes() -> impl Iterator<Item = Code> {
    let pairs = injection::codes()
        .chain(arguments::codes())
        .chain(definition::codes())
        .chain(pii::codes())
        .chain(size::codes())
        .chain(schema::codes())
        .chain(hidden_text::codes())
        .chain(secrets::codes())
        .collect::<std::collections::BTreeMap<_, _>>();
    pairs.into_iter().map(|((guard, code), message)| Code { guard, code, message })
}

impl Guard {
    /// What the guard is for, in a line.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Guard::Injection => "instructions to the model inside data",
            Guard::HiddenText => "characters that a person does not see and a model reads",
            Guard::Secrets => "credentials",
            Guard::ToolPoisoning => "orders, secret parameters and hidden text in the definition of a tool",
            Guard::Pii => "personal data that a check digit, a number range or its form confirms",
            Guard::Path => "arguments that leave their directory or name a secret file",
            Guard::Command => "arguments that a shell would take apart, and commands that destroy",
            Guard::Sql => "arguments that change a query, and statements that destroy or read files",
            Guard::Ssrf => "addresses of this machine, the network around it and the cloud's metadata",
            Guard::Size => "more text than a reader should be given",
            Guard::Schema => "arguments that do not fit what the tool's definition says of them",
            Guard::Template => "expressions that a template engine would evaluate",
        }
    }
}
