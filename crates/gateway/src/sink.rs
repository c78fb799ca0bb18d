//! The writing end of one peer. Takes nothing but what the engine permitted, and never mixes two lines.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use bailiwick_engine::Permitted;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Lines to be written, in order. Filled from permits alone (law 2).
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
}

/// An outbox that grew beyond this for a long message is given back, in bytes.
const OUTBOX_KEPT_BYTES_MAX: usize = 256 << 10;

impl Outbox {
    /// Adds one message as a line.
    pub fn push(&mut self, message: &Permitted<'_>) {
        self.bytes.extend_from_slice(message.bytes());
        self.bytes.push(b'\n');
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The lines without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }

    /// Empties the outbox, keeping a moderate buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(OUTBOX_KEPT_BYTES_MAX);
    }
}

/// One peer's input. Several threads write; whoever holds the file writes for those who came meanwhile, so that a
/// reader is not stopped by the other's slow write.
#[derive(Debug)]
pub struct Sink {
    queue: Mutex<Vec<u8>>,
    /// Something was handed over, or this end is to be closed. Signalled with the queue locked, so that no wake-up is lost.
    handed_over: Condvar,
    closing: AtomicBool,
    /// `None` once it is closed, or once a write broke off: a line begun must not be continued by another.
    file: Mutex<Option<File>>,
    /// Gives up a blocked write when this end hangs up: there is nobody left to write for.
    hangup: Option<OwnedFd>,
}

/// Bytes that wait behind a writer; beyond it a sender waits too.
pub const QUEUE_BYTES_MAX: usize = 32 << 20;
/// How long a blocked write goes on after the other party hung up.
pub const HANGUP_GRACE: Duration = Duration::from_secs(2);

impl Sink {
    /// A sink over a blocking file.
    #[must_use]
    pub fn blocking(file: File) -> Sink {
        Sink::over(file, None)
    }

    /// A sink over a pipe of our own, which gives up when `hangup` hangs up.
    ///
    /// # Errors
    /// If the pipe cannot be made non-blocking.
    pub fn abortable(file: File, hangup: OwnedFd) -> io::Result<Sink> {
        let flags = rustix::fs::fcntl_getfl(&file)?;
        rustix::fs::fcntl_setfl(&file, flags | rustix::fs::OFlags::NONBLOCK)?;
        Ok(Sink::over(file, Some(hangup)))
    }

    fn over(file: File, hangup: Option<OwnedFd>) -> Sink {
        Sink {
            queue: Mutex::default(),
            handed_over: Condvar::new(),
            closing: AtomicBool::new(false),
            file: Mutex::new(Some(file)),
            hangup,
        }
    }

    /// Leaves the lines of `outbox` to [`Sink::courier`]: never waits. What a peer that does not read is sent beyond the
    /// limit is not taken; false then.
    #[must_use]
    pub fn hand_over(&self, outbox: &Outbox) -> bool {
        let mut queue = self.queue();
        if queue.len() > QUEUE_BYTES_MAX {
            return false;
        }
        queue.extend_from_slice(&outbox.bytes);
        self.handed_over.notify_one();
        true
    }

    /// Writes what is handed over, until the sink is closed or the peer does not read any more. Runs on a thread of its own.
    pub fn courier(&self) {
        loop {
            let mut queue = self.queue();
            while queue.is_empty() && !self.closing.load(Ordering::Acquire) {
                queue = self.handed_over.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            drop(queue);
            // Looked at before the queue is written: what was handed over before the closing is still written.
            let closing = self.closing.load(Ordering::Acquire);
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            if self.drain(&mut file).is_err() {
                return;
            }
            if closing {
                *file = None;
                return;
            }
        }
    }

    /// Writes the lines of `outbox`, or leaves them to the thread that is writing now.
    ///
    /// # Errors
    /// If the peer does not read any more.
    pub fn send(&self, outbox: &Outbox) -> io::Result<()> {
        match self.file.try_lock() {
            Ok(mut file) => {
                self.drain(&mut file)?;
                self.write(&mut file, &outbox.bytes)?;
                self.drain(&mut file)?;
            }
            Err(TryLockError::WouldBlock) => {
                let mut queue = self.queue();
                queue.extend_from_slice(&outbox.bytes);
                let full = queue.len() > QUEUE_BYTES_MAX;
                drop(queue);
                if full {
                    self.drain(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner))?;
                }
            }
            Err(TryLockError::Poisoned(_)) => return Err(io::Error::other("a writer died")),
        }
        self.flush_left_over()
    }

    /// Has [`Sink::courier`] close the peer's input after what is queued. Never waits for a peer that does not read.
    pub fn close(&self) {
        let queue = self.queue();
        self.closing.store(true, Ordering::Release);
        self.handed_over.notify_all();
        drop(queue);
    }

    /// A thread that queued behind a writer just as that one finished: its lines must not stay.
    fn flush_left_over(&self) -> io::Result<()> {
        while !self.queue().is_empty() {
            let Ok(mut file) = self.file.try_lock() else { return Ok(()) };
            self.drain(&mut file)?;
        }
        Ok(())
    }

    fn drain(&self, file: &mut MutexGuard<'_, Option<File>>) -> io::Result<()> {
        loop {
            let queued = std::mem::take(&mut *self.queue());
            if queued.is_empty() {
                return Ok(());
            }
            self.write(file, &queued)?;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Vec<u8>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, file: &mut MutexGuard<'_, Option<File>>, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = file.as_ref() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        // What is sent after half a line would be read as the rest of it: a message that nobody permitted.
        self.write_whole(open, bytes).inspect_err(|_| **file = None)
    }

    fn write_whole(&self, mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
        let mut give_up = None;
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(file, &mut give_up)?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits until the peer reads again, or until nobody is left to write for.
    fn wait(&self, file: &File, give_up: &mut Option<Instant>) -> io::Result<()> {
        let tick = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };
        let mut watched = vec![PollFd::new(file, PollFlags::OUT)];
        if let Some(hangup) = &self.hangup {
            watched.push(PollFd::from_borrowed_fd(hangup.as_fd(), PollFlags::empty()));
        }
        if give_up.is_some() {
            // A hung-up end is always ready: do not spin on it.
            watched.truncate(1);
        }
        poll(&mut watched, Some(&tick))?;
        let gone =
            watched.get(1).is_some_and(|end| end.revents().intersects(PollFlags::HUP | PollFlags::ERR));
        if gone {
            give_up.get_or_insert_with(|| Instant::now() + HANGUP_GRACE);
        }
        match give_up {
            Some(limit) if Instant::now() >= *limit => Err(io::ErrorKind::BrokenPipe.into()),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::os::fd::OwnedFd;
    use std::thread;

    use super::{Outbox, Sink};

    fn pipe() -> (File, File) {
        let (reader, writer) = std::io::pipe().unwrap();
        (File::from(OwnedFd::from(reader)), File::from(OwnedFd::from(writer)))
    }

    fn outbox(line: &str) -> Outbox {
        Outbox { bytes: format!("{line}\n").into_bytes() }
    }

    /// A line that no pipe holds.
    fn long(letter: &str) -> String {
        letter.repeat(1 << 20)
    }

    #[test]
    fn lines_of_several_threads_arrive_whole_and_in_the_order_of_each() {
        const THREADS: usize = 6;
        const LINES: usize = 300;
        let (reader, writer) = pipe();
        let sink = Sink::blocking(writer);
        thread::scope(|scope| {
            for sender in 0..THREADS {
                let sink = &sink;
                scope.spawn(move || {
                    for number in 0..LINES {
                        let line = format!("{sender} {number} {}", "x".repeat(number * 37 % 5_000));
                        sink.send(&outbox(&line)).unwrap();
                    }
                });
            }
            let mut next = [0; THREADS];
            for line in BufReader::new(reader).lines().take(THREADS * LINES) {
                let line = line.unwrap();
                let parts: Vec<&str> = line.split(' ').collect();
                let [sender, number, filling] = parts[..] else { panic!("mixed lines: {line}") };
                let (sender, number): (usize, usize) = (sender.parse().unwrap(), number.parse().unwrap());
                assert_eq!((number, filling.len()), (next[sender], number * 37 % 5_000));
                next[sender] += 1;
            }
            assert_eq!(next, [LINES; THREADS]);
        });
    }

    #[test]
    fn what_was_handed_over_before_the_closing_is_written() {
        let (mut reader, writer) = pipe();
        let sink = Sink::blocking(writer);
        assert!(sink.hand_over(&outbox("a")));
        assert!(sink.hand_over(&outbox("b")));
        sink.close();
        sink.courier();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "a\nb\n");
        assert!(sink.send(&outbox("c")).is_err(), "it is closed");
    }

    #[test]
    fn closing_waits_for_no_peer_and_loses_nothing() {
        let (mut reader, writer) = pipe();
        let (hangup, client) = pipe();
        let sink = Sink::abortable(writer, hangup.into()).unwrap();
        let line = long("x");
        assert!(sink.hand_over(&outbox(&line)));
        thread::scope(|scope| {
            scope.spawn(|| sink.courier());
            // The courier is in the middle of the line: this byte is of it.
            let mut first = [0; 1];
            reader.read_exact(&mut first).unwrap();
            sink.close();
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            assert_eq!(rest.len(), line.len());
        });
        drop(client);
    }

    #[test]
    fn a_line_that_broke_off_is_continued_by_no_other() {
        let (mut reader, writer) = pipe();
        let (hangup, client) = pipe();
        let sink = Sink::abortable(writer, hangup.into()).unwrap();
        drop(client);
        assert!(sink.send(&outbox(&long("x"))).is_err(), "nobody reads, and nobody is left to write for");
        let mut text = String::new();
        let rest = thread::scope(|scope| {
            let later = scope.spawn(|| sink.send(&outbox("second")));
            reader.read_to_string(&mut text).unwrap();
            later.join().unwrap()
        });
        assert!(rest.is_err());
        assert!(text.chars().all(|letter| letter == 'x'), "half a line and nothing behind it");
    }

    #[test]
    fn a_peer_that_is_gone_is_an_error() {
        let (reader, writer) = pipe();
        drop(reader);
        let sink = Sink::blocking(writer);
        assert!(sink.send(&outbox("a")).is_err());
        assert!(sink.hand_over(&outbox("b")));
        sink.courier();
    }
}
