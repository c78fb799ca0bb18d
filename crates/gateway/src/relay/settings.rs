//! How a relay works, apart from what it connects.

use std::sync::Arc;

use bailiwick_engine::Outcome;
use bailiwick_mcp::Limits;
use bailiwick_record::AuditError;
use bailiwick_record::trace::Trace;

/// Sees every outcome once it is recorded, before its effects; for a person who watches.
pub type Observer = Box<dyn Fn(&Outcome<'_>) + Send + Sync>;

/// Told once when the record can no longer be written, and once when it can again.
pub type Alarm = Box<dyn Fn(Option<&AuditError>) + Send + Sync>;

/// How a relay works, apart from what it connects.
pub struct RelaySettings {
    pub limits: Limits,
    /// Every outcome waits for its record to be durable.
    pub strict: bool,
    pub observer: Observer,
    pub alarm: Alarm,
    /// Takes down every line, before it is decided over.
    pub trace: Option<Arc<Trace>>,
}

impl std::fmt::Debug for RelaySettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RelaySettings").field("strict", &self.strict).finish_non_exhaustive()
    }
}
