//! The record of a whole gateway: one log for all services, and who is told.

use std::cell::Cell;
use std::future::poll_fn;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;

use bailiwick_record::AuditError;
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Shelf;
use tokio::sync::{mpsc, oneshot};

use super::names::Names;
use crate::relay::{Alarm, Keeper, Observer, Teller};

/// Where a gateway writes down what it decides, and who is told.
pub struct Recording {
    /// Entries of the gateway itself; those of runs go to the same log.
    pub entries: Entries,
    /// Every outcome waits for its record to be durable.
    pub strict: bool,
    pub observer: Observer,
    pub teller: Teller,
    pub alarm: Alarm,
    pub keeper: Keeper,
    /// Where every run's messages and decisions are written, for looking back.
    pub traces: Option<Arc<Shelf>>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Recording").field("strict", &self.strict).finish_non_exhaustive()
    }
}

/// [`Recording`], shared.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) with: Recording,
    alarmed: AtomicBool,
    committer: Option<mpsc::Sender<oneshot::Sender<Result<(), AuditError>>>>,
    /// Which tools the services have.
    pub(super) names: Names,
}

/// How often a thread looks whether another one is done with the log, before it sleeps until it is.
const ATTEMPTS_MAX: u32 = 32;
/// Commits that wait for one thread; beyond it callers wait to be taken up.
const COMMITS_MAX: usize = 4_096;

impl Recorder {
    /// # Errors
    /// If a thread cannot be started.
    pub(super) fn open(with: Recording) -> std::io::Result<Arc<Recorder>> {
        let (sender, receiver) = mpsc::channel(COMMITS_MAX);
        let strict = with.strict;
        let recorder = Arc::new(Recorder {
            with,
            alarmed: AtomicBool::new(false),
            committer: strict.then_some(sender),
            names: Names::default(),
        });
        if strict {
            let weak = Arc::downgrade(&recorder);
            let body = move || commit_for_all(receiver, &weak);
            std::thread::Builder::new().name("committer".into()).spawn(body)?;
        }
        Ok(recorder)
    }

    /// Writes what was recorded so far; on the disk, where the log is strict.
    pub(super) async fn commit(&self) -> Result<(), AuditError> {
        #[cfg(test)]
        tokio::time::sleep(DISK_TIME.get()).await;
        let result = match &self.committer {
            // A write to a file is short; waiting for the disk is not, and must not hold up everybody on this thread.
            None => self.commit_here().await,
            Some(committer) => {
                let (sender, done) = oneshot::channel();
                match committer.send(sender).await {
                    Ok(()) => done.await.unwrap_or(Err(AuditError::Closed)),
                    Err(_) => Err(AuditError::Closed),
                }
            }
        };
        self.sound(result.as_ref().err());
        result
    }

    /// Writes what was recorded, or has it written by whoever commits on this thread meanwhile.
    async fn commit_here(&self) -> Result<(), AuditError> {
        let before = self.commits_here();
        // With others in hand, whoever is ready on this thread decides first: one write for all of them.
        let mut attempts = 0;
        while AT_ONCE.get() > 1 && attempts < ATTEMPTS_MAX {
            if attempts == 0 {
                after_the_ready().await;
            } else {
                // Another thread writes. To sleep until it is done would hold up everybody on this one.
                tokio::task::yield_now().await;
            }
            if self.commits_here().came_after(&before) {
                // Somebody wrote meanwhile, and so what was recorded before.
                return Ok(());
            }
            if let Some(result) = self.with.entries.try_commit() {
                return result.inspect(|()| self.committed_here());
            }
            attempts += 1;
        }
        self.with.entries.commit().inspect(|()| self.committed_here())
    }

    fn commits_here(&self) -> Commits {
        COMMITS.with(|commits| {
            let (whose, count) = commits.get();
            Commits { thread: ptr::from_ref(commits).addr(), own: whose == ptr::from_ref(self).addr(), count }
        })
    }

    fn committed_here(&self) {
        COMMITS.with(|commits| commits.set((ptr::from_ref(self).addr(), commits.get().1.wrapping_add(1))));
    }

    /// Says once that the record failed, and once that it works again.
    pub(super) fn sound(&self, error: Option<&AuditError>) {
        if self.alarmed.swap(error.is_some(), Ordering::Relaxed) != error.is_some() {
            (self.with.alarm)(error);
        }
    }

    /// True if the record could be written the last time.
    pub(super) fn records(&self) -> bool {
        !self.alarmed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
thread_local! {
    /// How long a commit takes in simulations.
    pub(super) static DISK_TIME: Cell<std::time::Duration> = const { Cell::new(std::time::Duration::ZERO) };
}

thread_local! {
    /// Exchanges of this thread that are not over.
    static AT_ONCE: Cell<usize> = const { Cell::new(0) };
    /// Which recorder was the last of which a commit on this thread went well, and how many there were of all.
    static COMMITS: Cell<(usize, u64)> = const { Cell::new((0, 0)) };
}

/// The commits of one moment that went well.
struct Commits {
    thread: usize,
    /// The last was of the recorder that asks.
    own: bool,
    count: u64,
}

impl Commits {
    /// True if one of the same recorder, on the same thread, began and ended after `before`.
    fn came_after(&self, before: &Commits) -> bool {
        self.own && self.thread == before.thread && self.count != before.count
    }
}

/// One more exchange on this thread, until it is dropped.
#[derive(Debug)]
pub(super) struct OneMore(());

impl OneMore {
    pub(super) fn new() -> OneMore {
        AT_ONCE.set(AT_ONCE.get().saturating_add(1));
        OneMore(())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        AT_ONCE.set(AT_ONCE.get().saturating_sub(1));
    }
}

/// Lets whoever is ready on this thread go first. Other than after `yield_now`, sockets are not looked at before: who is not
/// ready yet commits with others.
async fn after_the_ready() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One commit for all that wait when it begins.
fn commit_for_all(
    mut receiver: mpsc::Receiver<oneshot::Sender<Result<(), AuditError>>>,
    recorder: &Weak<Recorder>,
) {
    let mut waiting = Vec::new();
    while receiver.blocking_recv_many(&mut waiting, COMMITS_MAX) > 0 {
        let Some(recorder) = recorder.upgrade() else { return };
        let result = recorder.with.entries.commit();
        for sender in waiting.drain(..) {
            // Whoever does not wait any more has its record all the same.
            let _ = sender.send(result.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Commits;

    #[test]
    fn what_was_recorded_is_written_by_a_later_commit_of_the_same_log_on_this_thread() {
        let commits = |thread, own, count| Commits { thread, own, count };
        let before = commits(1, true, 7);
        assert!(commits(1, true, 8).came_after(&before));
        assert!(commits(1, true, 8).came_after(&commits(1, false, 7)), "the first of this log");
        assert!(!commits(1, true, 7).came_after(&before), "none came");
        assert!(!commits(1, false, 8).came_after(&before), "another log's");
        assert!(!commits(2, true, 8).came_after(&before), "perhaps one of before");
    }
}
