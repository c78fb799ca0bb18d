//! Where requests in flight are kept.

use super::Pending;

/// Requests by number. Their memory is used again: one side's thread puts in what the other's takes out, and memory that one
/// thread allocates and another frees costs both.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) slots: Vec<Option<Pending>>,
    pub(super) free: Vec<u32>,
}

/// Slots that stay when nothing is in flight.
pub(super) const SLOTS_KEPT_MAX: usize = 256;

impl Slots {
    pub(super) fn put(&mut self, pending: Pending) -> u32 {
        if let Some(number) = self.free.pop() {
            if let Some(slot) = self.slots.get_mut(number as usize) {
                *slot = Some(pending);
            }
            return number;
        }
        // Most sessions wait for one answer at a time, and there are many sessions.
        if self.slots.is_empty() {
            self.slots.reserve_exact(1);
        }
        self.slots.push(Some(pending));
        // INVARIANT: `pending_max` is far below 2^32.
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, number: u32) -> Option<&Pending> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Pending> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn take(&mut self, number: u32) -> Option<Pending> {
        let pending = self.slots.get_mut(number as usize)?.take();
        self.free.push(number);
        if self.free.len() == self.slots.len() && self.slots.len() > SLOTS_KEPT_MAX {
            *self = Slots::default();
        }
        pending
    }
}
