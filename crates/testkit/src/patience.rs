//! Waiting for what must come: long enough for a slow machine, never for ever, and for what happens instead of for a while.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what must come, before it fails. Nothing but a failure takes as long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked where nothing tells that something happened.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until there is something; `None` if there never is.
pub fn found<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= end {
            return found;
        }
        thread::sleep(LOOK);
    }
}

/// Waits until it holds; false if it never does.
pub fn comes(mut holds: impl FnMut() -> bool) -> bool {
    found(|| holds().then_some(())).is_some()
}

/// Holds up whoever passes until it is opened: a peer is slow exactly as long as a test needs it to be.
#[derive(Debug, Default)]
pub struct Latch {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Latch {
    pub fn open(&self) {
        *self.open.lock().expect("no panic") = true;
        self.opened.notify_all();
    }

    /// Waits until it is open. A test that failed before it opened it holds nobody up for ever.
    pub fn pass(&self) {
        let open = self.open.lock().expect("no panic");
        drop(self.opened.wait_timeout_while(open, PATIENCE, |open| !*open));
    }
}
