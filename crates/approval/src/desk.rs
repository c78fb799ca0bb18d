//! The queue of questions: asked one after the other on a thread of its own, each answered exactly once.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::question::{Answer, DenyCause, Question};
use crate::screen::Screen;
use crate::terminal::{Gesture, Interrupt, Keeper, Terminal};

/// How many questions may wait behind the one on the screen. More is a flood that nobody reviews.
pub const WAITING_MAX: usize = 32;

/// Where the desk asks, and how.
pub struct DeskOptions {
    /// The terminal: `/dev/tty`.
    pub terminal: PathBuf,
    /// A folder of the user's own, such as `$XDG_RUNTIME_DIR/bailiwick`; created with mode 0700 where it is missing.
    pub runtime_folder: PathBuf,
    /// What a person types: [`Gesture::for_this_system`].
    pub gesture: Gesture,
    /// The screen of that terminal, when others' text goes there through us.
    pub screen: Screen,
    /// Hides secrets in any text that is shown; it gets the strings of the arguments decoded, one by one.
    pub mask: Box<dyn Fn(&str) -> String + Send>,
    /// Who puts the terminal back if this process is killed while a question stands on it; nobody, if `None`.
    pub keeper: Option<Box<dyn Keeper>>,
}

impl fmt::Debug for DeskOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DeskOptions")
            .field("terminal", &self.terminal)
            .field("runtime_folder", &self.runtime_folder)
            .field("gesture", &self.gesture)
            .field("screen", &self.screen)
            .finish_non_exhaustive()
    }
}

/// Asks a person, one question after the other. The terminal is opened for each question and not before.
///
/// Call [`Desk::close`] before the process ends: until then the terminal may be in single-key mode.
#[derive(Debug)]
pub struct Desk {
    shared: Arc<Mutex<Queue>>,
    waker: UnixStream,
    thread: JoinHandle<()>,
}

impl Desk {
    /// Opens the desk. `deliver` is called on the desk's thread, once per question that [`Desk::ask`] took, with its id.
    ///
    /// # Errors
    /// When the thread or its wake-up stream cannot be made.
    pub fn open(options: DeskOptions, deliver: impl FnMut(u64, Answer) + Send + 'static) -> io::Result<Desk> {
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        let DeskOptions { terminal: path, runtime_folder, gesture, screen, mask, keeper } = options;
        let terminal = Terminal { path, runtime_folder, gesture, screen, mask, keeper };
        let shared = Arc::new(Mutex::new(Queue::default()));
        let clerk = Clerk { shared: Arc::clone(&shared), wake, terminal, deliver };
        let thread = thread::Builder::new().name("approval".to_owned()).spawn(move || clerk.work())?;
        Ok(Desk { shared, waker, thread })
    }

    /// Puts a question to the person. Its time runs from now.
    ///
    /// # Errors
    /// The denial at once, when the desk is full or closing; nothing is delivered then.
    pub fn ask(&self, question: Question) -> Result<(), DenyCause> {
        // A time too far off to be represented is as good as the past: deny, rather than wait for ever.
        let now = Instant::now();
        let deadline = now.checked_add(question.ttl).unwrap_or(now);
        let mut queue = lock(&self.shared);
        if queue.closing {
            return Err(DenyCause::ShuttingDown);
        }
        if queue.waiting.len() >= WAITING_MAX {
            return Err(DenyCause::DeskFull);
        }
        queue.waiting.push_back(Waiting { question, deadline, withdrawn: false });
        drop(queue);
        self.wake();
        Ok(())
    }

    /// Takes back a question, which is then delivered as withdrawn, unless it was answered before.
    pub fn withdraw(&self, id: u64) {
        let mut queue = lock(&self.shared);
        if let Some(waiting) = queue.waiting.iter_mut().find(|waiting| waiting.question.id == id) {
            waiting.withdrawn = true;
        } else if queue.asked == Some(id) {
            queue.asked_withdrawn = true;
        }
        drop(queue);
        self.wake();
    }

    /// Denies what is open, gives the terminal back, and returns when that is done.
    pub fn close(self) {
        lock(&self.shared).closing = true;
        self.wake();
        // A panic of the thread has nothing left to tell.
        let _ = self.thread.join();
    }

    fn wake(&self) {
        // A full stream wakes as well as one more byte.
        let _ = (&self.waker).write(&[1]);
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    asked: Option<u64>,
    asked_withdrawn: bool,
    closing: bool,
}

#[derive(Debug)]
struct Waiting {
    question: Question,
    deadline: Instant,
    withdrawn: bool,
}

impl Queue {
    /// Takes out every waiting question that is decided without being asked.
    fn settled(&mut self, now: Instant) -> Vec<(u64, Answer)> {
        let mut settled = Vec::new();
        let closing = self.closing;
        self.waiting.retain(|waiting| {
            let cause = if waiting.withdrawn {
                DenyCause::Withdrawn
            } else if closing {
                DenyCause::ShuttingDown
            } else if now >= waiting.deadline {
                DenyCause::TimedOut
            } else {
                return true;
            };
            settled.push((waiting.question.id, Answer::Deny(cause)));
            false
        });
        settled
    }
}

struct Clerk<D> {
    shared: Arc<Mutex<Queue>>,
    wake: UnixStream,
    terminal: Terminal,
    deliver: D,
}

impl<D: FnMut(u64, Answer)> Clerk<D> {
    fn work(mut self) {
        loop {
            let open = drain(&self.wake);
            let (settled, next, closing) = {
                let mut queue = lock(&self.shared);
                // Whoever dropped the desk without closing it is no longer there to be answered.
                queue.closing |= !open;
                let settled = queue.settled(Instant::now());
                let next = queue.waiting.pop_front();
                queue.asked = next.as_ref().map(|next| next.question.id);
                queue.asked_withdrawn = false;
                (settled, next, queue.closing)
            };
            settled.into_iter().for_each(|(id, answer)| (self.deliver)(id, answer));
            match next {
                Some(next) => {
                    let id = next.question.id;
                    let answer = self.answer(&next);
                    lock(&self.shared).asked = None;
                    (self.deliver)(id, answer);
                }
                None if closing => return,
                None => {
                    let mut watched = [PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
                    let _ = poll(&mut watched, PollTimeout::NONE);
                }
            }
        }
    }

    fn answer(&mut self, asked: &Waiting) -> Answer {
        let Clerk { shared, wake, terminal, deliver } = self;
        let mut check = || {
            let open = drain(wake);
            let (settled, cause) = {
                let mut queue = lock(shared);
                queue.closing |= !open;
                let cause = match (queue.asked_withdrawn, queue.closing) {
                    (true, _) => Some(DenyCause::Withdrawn),
                    (false, true) => Some(DenyCause::ShuttingDown),
                    (false, false) => None,
                };
                (queue.settled(Instant::now()), cause)
            };
            settled.into_iter().for_each(|(id, answer)| deliver(id, answer));
            cause
        };
        let mut interrupt = Interrupt { wake, check: &mut check };
        // An error is a denial, and the questions behind this one are still to be asked.
        let asking =
            catch_unwind(AssertUnwindSafe(|| terminal.ask(&asked.question, asked.deadline, &mut interrupt)));
        asking.unwrap_or(Err(DenyCause::Failed)).unwrap_or_else(Answer::Deny)
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Empties the wake-up stream; `false` when its other end is gone.
fn drain(mut wake: &UnixStream) -> bool {
    let mut bytes = [0; 64];
    loop {
        match wake.read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
