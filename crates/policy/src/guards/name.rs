//! The words of guards: names, levels, actions, directions.

use bailiwick_mcp::Direction;

/// A content guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardName {
    Injection,
    HiddenText,
    Secrets,
    Pii,
    Size,
    ToolPoisoning,
    Path,
    Command,
    Sql,
    Ssrf,
    Template,
    Schema,
}

impl GuardName {
    pub const COUNT: usize = 12;

    /// All guards, with the words of the language.
    pub const ALL: [(&'static str, GuardName); GuardName::COUNT] = [
        ("injection", GuardName::Injection),
        ("hidden-text", GuardName::HiddenText),
        ("secrets", GuardName::Secrets),
        ("pii", GuardName::Pii),
        ("size", GuardName::Size),
        ("tool-poisoning", GuardName::ToolPoisoning),
        ("path", GuardName::Path),
        ("command", GuardName::Command),
        ("sql", GuardName::Sql),
        ("ssrf", GuardName::Ssrf),
        ("template", GuardName::Template),
        ("schema", GuardName::Schema),
    ];

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        GuardName::ALL.iter().find(|(_, guard)| *guard == self).map_or("", |(word, _)| word)
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// True for those that read the arguments of calls by what each is for.
    #[must_use]
    pub fn reads_arguments(self) -> bool {
        matches!(
            self,
            GuardName::Path | GuardName::Command | GuardName::Sql | GuardName::Ssrf | GuardName::Template
        )
    }

    /// Where it looks if nothing is said, and all the places where it may.
    pub(crate) fn directions(self) -> (GuardDirections, GuardDirections) {
        let (client, server) = (GuardDirections::TO_CLIENT, GuardDirections::TO_SERVER);
        match self {
            guard if guard.reads_arguments() => (server, server),
            GuardName::Schema => (server, server),
            GuardName::ToolPoisoning => (client, client),
            _ => (client, GuardDirections { to_server: true, to_client: true }),
        }
    }

    /// What it can do with messages in `direction`.
    pub(crate) fn actions(self, direction: Direction) -> &'static [(&'static str, GuardAction)] {
        use words::{ANNOTATE, ASK, BLOCK, LOG, OFF, QUARANTINE, REDACT, STRIP};
        match (self, direction) {
            (GuardName::ToolPoisoning, _) | (_, Direction::ToServer) => &[OFF, LOG, ASK, BLOCK],
            (GuardName::HiddenText, _) => &[OFF, LOG, ANNOTATE, STRIP, ASK, QUARANTINE, BLOCK],
            (GuardName::Size, _) => &[OFF, LOG, ANNOTATE, ASK, QUARANTINE, BLOCK],
            _ => &[OFF, LOG, ANNOTATE, REDACT, ASK, QUARANTINE, BLOCK],
        }
    }
}

/// How sure a guard is of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardLevel {
    Possible,
    Likely,
    Certain,
}

impl GuardLevel {
    /// From the least sure to the surest.
    pub const ALL: [GuardLevel; 3] = [GuardLevel::Possible, GuardLevel::Likely, GuardLevel::Certain];

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            GuardLevel::Possible => "possible",
            GuardLevel::Likely => "likely",
            GuardLevel::Certain => "certain",
        }
    }
}

/// What is done with a finding. The order is from lenient to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum GuardAction {
    #[default]
    Off,
    /// It is recorded.
    Log,
    /// The reader is told, beside the unchanged text.
    Annotate,
    /// What was found is removed (hidden text).
    Strip,
    /// What was found is replaced by a placeholder that names its kind.
    Redact,
    /// A person decides.
    Ask,
    /// The message is withheld, and a person can have the original.
    Quarantine,
    /// The message is withheld.
    Block,
}

impl GuardAction {
    /// All actions, with the words of the language, from lenient to strict.
    pub const ALL: [(&'static str, GuardAction); 8] = [
        words::OFF,
        words::LOG,
        words::ANNOTATE,
        words::STRIP,
        words::REDACT,
        words::ASK,
        words::QUARANTINE,
        words::BLOCK,
    ];

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        GuardAction::ALL.iter().find(|(_, action)| *action == self).map_or("", |(word, _)| word)
    }
}

/// What can be done with what servers ask of the client.
pub(crate) const REQUEST_ACTIONS: [(&str, GuardAction); 4] =
    [words::OFF, words::LOG, words::ASK, words::BLOCK];

/// A set of directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardDirections {
    pub to_server: bool,
    pub to_client: bool,
}

impl GuardDirections {
    pub(crate) const TO_SERVER: GuardDirections = GuardDirections { to_server: true, to_client: false };
    pub(crate) const TO_CLIENT: GuardDirections = GuardDirections { to_server: false, to_client: true };

    pub(crate) fn include(self, direction: Direction) -> bool {
        match direction {
            Direction::ToServer => self.to_server,
            Direction::ToClient => self.to_client,
        }
    }

    pub(crate) fn all(self) -> impl Iterator<Item = Direction> {
        [Direction::ToServer, Direction::ToClient]
            .into_iter()
            .filter(move |direction| self.include(*direction))
    }
}

/// Each action with its word.
mod words {
    use super::GuardAction;

    type Word = (&'static str, GuardAction);

    pub(super) const OFF: Word = ("off", GuardAction::Off);
    pub(super) const LOG: Word = ("log", GuardAction::Log);
    pub(super) const ANNOTATE: Word = ("annotate", GuardAction::Annotate);
    pub(super) const STRIP: Word = ("strip", GuardAction::Strip);
    pub(super) const REDACT: Word = ("redact", GuardAction::Redact);
    pub(super) const ASK: Word = ("ask", GuardAction::Ask);
    pub(super) const QUARANTINE: Word = ("quarantine", GuardAction::Quarantine);
    pub(super) const BLOCK: Word = ("block", GuardAction::Block);
}
