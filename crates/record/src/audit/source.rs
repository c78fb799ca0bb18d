//! Where records wait that were handed in and are not lines yet.

use crate::json::Object;
use crate::time::Timestamp;

/// Makes a line of a record: its time, its kind, and what writes its members.
pub(crate) type Sink<'s> = dyn FnMut(Timestamp, &'static str, &mut dyn FnMut(&mut Object<'_>)) + 's;

/// Keeps records in the order in which they were handed in.
pub(crate) trait Source: Send + Sync + std::fmt::Debug {
    fn is_empty(&self) -> bool;

    /// Gives all of them to `sink` and forgets them. Called by one thread at a time.
    fn drain(&self, sink: &mut Sink<'_>);
}
