//! Whom a connection wakes, and when not: it is polled by who has just had it do something, and who reads what it already
//! handed over need not wake it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};

/// Rung when a connection has something to do. While somebody sees to it, they hear that by looking; else they are woken.
#[derive(Debug, Default)]
pub(super) struct Bell {
    attended: AtomicBool,
    rung: AtomicBool,
    whom: Mutex<Option<Waker>>,
}

impl Bell {
    /// Of a connection that somebody sees to, and that has something to do.
    pub(super) fn rung() -> Bell {
        Bell { attended: AtomicBool::new(true), rung: AtomicBool::new(true), whom: Mutex::default() }
    }

    /// Who is woken from now on.
    pub(super) fn is_for(&self, waker: &Waker) {
        let mut whom = self.whom.lock().unwrap_or_else(PoisonError::into_inner);
        if !whom.as_ref().is_some_and(|whom| whom.will_wake(waker)) {
            *whom = Some(waker.clone());
        }
    }

    pub(super) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }

    /// True if it was rung since the last time.
    pub(super) fn take(&self) -> bool {
        self.is_rung() && self.rung.swap(false, Ordering::SeqCst)
    }

    /// Somebody looks.
    pub(super) fn attend(&self) {
        self.attended.store(true, Ordering::SeqCst);
    }

    /// Nobody looks any more; false if it was rung before that could be known.
    pub(super) fn leave(&self) -> bool {
        self.attended.store(false, Ordering::SeqCst);
        !self.is_rung()
    }

    /// Polls once, and again soon if that rang.
    pub(super) fn once<T>(&self, waker: &Waker, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        self.is_for(waker);
        self.attend();
        self.take();
        let polled = poll();
        if polled.is_pending() && !self.leave() {
            waker.wake_by_ref();
        }
        polled
    }

    /// What `act` rings is not heard if it returns true beside its result.
    ///
    /// Whatever else could ring meanwhile does so on this thread: sockets and clocks of its runtime.
    pub(super) fn unheard<T>(&self, act: impl FnOnce() -> (T, bool)) -> T {
        let was_rung = self.is_rung();
        let (result, is_nothing) = act();
        if is_nothing && !was_rung {
            self.take();
        }
        result
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Bell>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Bell>) {
        self.rung.store(true, Ordering::SeqCst);
        if !self.attended.load(Ordering::SeqCst) {
            let whom = self.whom.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(whom) = &*whom {
                whom.wake_by_ref();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Poll, Wake, Waker};

    use super::Bell;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Count>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn whoever_does_not_look_is_woken_and_whoever_looks_sees_it() {
        let (count, bell) = (Arc::<Count>::default(), Arc::<Bell>::default());
        let (waker, ring) = (Waker::from(Arc::clone(&count)), Waker::from(Arc::clone(&bell)));
        let woken = || count.0.swap(0, Ordering::SeqCst);
        assert!(bell.once(&waker, || Poll::<()>::Pending).is_pending());
        assert_eq!(woken(), 0);
        ring.wake_by_ref();
        assert_eq!(woken(), 1, "nobody looks");
        let polled = bell.once(&waker, || {
            ring.wake_by_ref();
            assert_eq!(woken(), 0, "somebody looks");
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        assert_eq!(woken(), 1, "and looks again");
    }

    #[test]
    fn what_is_to_be_unheard_is_forgotten_and_nothing_else() {
        let (count, bell) = (Arc::<Count>::default(), Arc::<Bell>::default());
        let (waker, ring) = (Waker::from(Arc::clone(&count)), Waker::from(Arc::clone(&bell)));
        let woken = || count.0.swap(0, Ordering::SeqCst);
        for (before, is_nothing, wakes) in [(false, true, 0), (false, false, 1), (true, true, 1)] {
            let polled = bell.once(&waker, || {
                if before {
                    ring.wake_by_ref();
                }
                bell.unheard(|| (ring.wake_by_ref(), is_nothing));
                Poll::<()>::Pending
            });
            assert!(polled.is_pending());
            assert_eq!(woken(), wakes, "{before} {is_nothing}");
        }
    }
}
