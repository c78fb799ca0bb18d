//! What a run has met: said by the findings of guards, asked for by rules that tighten.

/// A mark of a run that never goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taint {
    /// The agent was given text that a guard took for somebody else's words.
    Untrusted,
    /// The agent was given credentials or personal data.
    Private,
    /// The agent was given what reads like instructions.
    Injected,
}

impl Taint {
    /// All marks, with the words of the language.
    pub const ALL: [(&'static str, Taint); 3] =
        [("untrusted", Taint::Untrusted), ("private", Taint::Private), ("injected", Taint::Injected)];
}

/// A set of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taints(u8);

impl Taints {
    pub const NONE: Taints = Taints(0);

    #[must_use]
    pub fn with(self, taint: Taint) -> Taints {
        Taints(self.0 | 1 << (taint as u8))
    }

    #[must_use]
    pub fn union(self, other: Taints) -> Taints {
        Taints(self.0 | other.0)
    }

    #[must_use]
    pub fn meets(self, other: Taints) -> bool {
        self.0 & other.0 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words, in the order of [`Taint::ALL`].
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Taint::ALL
            .iter()
            .filter(move |(_, taint)| self.meets(Taints::NONE.with(*taint)))
            .map(|(word, _)| *word)
    }
}

impl FromIterator<Taint> for Taints {
    fn from_iter<I: IntoIterator<Item = Taint>>(taints: I) -> Taints {
        taints.into_iter().fold(Taints::NONE, Taints::with)
    }
}
