//! How a relay works, apart from what it connects.

use std::sync::Arc;

use bailiwick_engine::{Outcome, Quarantined};
use bailiwick_mcp::Limits;
use bailiwick_record::AuditError;
use bailiwick_record::trace::Trace;

/// What a person who watches is told of an outcome, if anything. Called while the engine is locked: it must not wait.
pub type Observer = Box<dyn Fn(&Outcome<'_>) -> Option<String> + Send + Sync>;

/// Tells a person who watches, after what it speaks of was recorded and before its effects.
pub type Teller = Box<dyn Fn(&str) + Send + Sync>;

/// Keeps what was withheld, for a person; after that was recorded.
pub type Keeper = Box<dyn Fn(&Quarantined) + Send + Sync>;

/// Told once when the record can no longer be written, and once when it can again.
pub type Alarm = Box<dyn Fn(Option<&AuditError>) + Send + Sync>;

/// How a relay works, apart from what it connects.
pub struct RelaySettings {
    pub limits: Limits,
    /// Every outcome waits for its record to be durable.
    pub strict: bool,
    pub observer: Observer,
    pub teller: Teller,
    pub alarm: Alarm,
    pub keeper: Keeper,
    /// Takes down every line, before it is decided over.
    pub trace: Option<Arc<Trace>>,
}

impl std::fmt::Debug for RelaySettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RelaySettings").field("strict", &self.strict).finish_non_exhaustive()
    }
}
