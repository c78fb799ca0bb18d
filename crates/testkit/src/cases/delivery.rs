//! The ways in which the answers of a case's server come to the gateway.

/// One of the ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A line over standard streams.
    Stdio,
    /// JSON of a stated length.
    Json,
    /// JSON in chunks, cut at odd places.
    Chunks,
    /// One event with nothing around it.
    Event,
    /// An event with a comment, a kind and an id, over several lines, cut at odd places.
    Pieces,
}

impl Delivery {
    /// Those of a server that is reached over HTTP.
    pub const OVER_HTTP: [Delivery; 4] =
        [Delivery::Json, Delivery::Chunks, Delivery::Event, Delivery::Pieces];

    /// Its word in the head of a case.
    pub fn name(self) -> &'static str {
        match self {
            Delivery::Stdio => "stdio",
            Delivery::Json => "json",
            Delivery::Chunks => "chunks",
            Delivery::Event => "event",
            Delivery::Pieces => "pieces",
        }
    }

    /// True if an answer comes as an event.
    pub fn is_events(self) -> bool {
        matches!(self, Delivery::Event | Delivery::Pieces)
    }

    pub(super) fn named(word: &str, place: &str) -> Delivery {
        [Delivery::Stdio]
            .into_iter()
            .chain(Delivery::OVER_HTTP)
            .find(|delivery| delivery.name() == word)
            .unwrap_or_else(|| panic!("{place}: no delivery `{word}`"))
    }
}
