//! Traces: messages and decisions of a run, in the order in which the engine saw them. For looking back, not for proof:
//! the audit log is what cannot be altered.
//!
//! JSON lines. The first names the version and the run; then each line is a message, a decision, a human's answer or the
//! end. Secrets are masked before anything is written, and what is too long is left out with its length. Every run writes
//! files of its own, so that any number of processes may use one folder.
//!
//! ```json
//! {"trace":"1.3","run":"5f…","part":1,"server":"files","principal":"user:local","roles":[],"mode":"observe","policy":"3a…","workspace":"/work/app","at":1763712000000000}
//! {"at":1763712000000001,"to":"server","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}}
//! {"at":1763712000000001,"decision":{"event":"decision","call":1,"to":"server","method":"tools/call","verdict":"allow","effect":"forwarded"}}
//! {"at":1763712000000900,"end":"the client closed its end"}
//! ```

mod broken;
mod pins;
mod read;
mod shelf;
mod write;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bailiwick_engine::{Answer, Lane, Outcome, QuestionId, Scanner};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Id, Limits, Malformation, Malformed, Parser, Timestamp};

pub use pins::{pins_of, pins_text};
pub use read::{Absent, Given, Header, Line, Reader, TraceError, TracedDecision, TracedReason};
pub use shelf::Shelf;

use self::shelf::Kept;

/// The version that is written. A reader takes every minor version of its major one.
pub const TRACE_VERSION: (u32, u32) = (1, 3);
/// A message above this is left out, with its length, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// A file above this is followed by a new one, in bytes.
pub const PART_BYTES_MAX: u64 = 64 << 20;
/// Files that a run keeps; the oldest but the first goes.
pub const PARTS_KEPT: u32 = 16;

/// What a trace says of its run.
#[derive(Debug, Clone)]
pub struct About {
    pub run: String,
    pub server: String,
    pub principal: String,
    pub roles: Vec<String>,
    pub mode: String,
    /// The policy's digest.
    pub policy: String,
    /// By which our own requests are told from everybody else's.
    pub nonce: String,
    pub limits: Limits,
    /// What the lock file pins of the server, as JSON ([`pins_text`]).
    pub pins: Option<String>,
    pub whereabouts: Whereabouts,
}

/// Where paths led that do not begin at the root: what a policy compares them with is known only with these.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whereabouts {
    /// What `${workspace}` and relative paths of rules stood for.
    pub workspace: Option<String>,
    /// Where the server ran; none where no links were followed.
    pub directory: Option<String>,
    /// What `~` and `${home}` stood for.
    pub home: Option<String>,
}

/// What enters a run from outside of the conversation, and is decided over as messages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening<'h> {
    /// A person answered, or nobody could; or the external classifier did.
    Answer(QuestionId, &'h Answer),
    Tick,
    ServerEnded(&'h str),
    /// No answer will come to this request, and why.
    Unanswered(Lane, &'h Id<'h>, &'h str),
    /// Nobody waits any more for anything of this exchange.
    LaneEnded(Lane, &'h str),
    /// Another policy decides from now on; its digest.
    Reload(&'h str),
    /// The tools of other servers that definitions are judged beside from now on.
    Others(&'h [String]),
}

/// The trace of one run.
pub struct Trace {
    about: About,
    shelf: Arc<Shelf>,
    out: Mutex<Out>,
    /// Nothing more is written.
    broken: AtomicBool,
}

struct Out {
    /// Closed where there are many: opened again for what comes next.
    file: Option<Kept>,
    part: u32,
    written: u64,
    /// The run is over: its files count among those of such runs.
    counted: bool,
    /// Lines that are not written yet, reused.
    buffer: Vec<u8>,
    parser: Parser,
}

/// Lines that wait are written when there are more of them than this, in bytes.
const WAITING_BYTES_MAX: usize = 64 << 10;

impl std::fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Trace").field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

impl Trace {
    /// Opens the first file of a run in `folder`, which is made for its owner alone.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(
        folder: &Path,
        about: About,
        at: Timestamp,
        scanner: Arc<Scanner>,
        alarm: Box<dyn Fn(&io::Error) + Send + Sync>,
    ) -> io::Result<Trace> {
        Trace::on(Arc::new(Shelf::open(folder, scanner, alarm)?), about, at)
    }

    fn on(shelf: Arc<Shelf>, about: About, at: Timestamp) -> io::Result<Trace> {
        let file = Some(shelf.kept(create(&part_path(&shelf.folder, &about, 1))?));
        let (buffer, parser) = (Vec::new(), Parser::default());
        let mut out = Out { file, part: 1, written: 0, counted: false, buffer, parser };
        write::header(&mut out.buffer, (&about, &shelf), 1, at);
        out.flush(&shelf, &about)?;
        Ok(Trace { about, shelf, out: Mutex::new(out), broken: AtomicBool::new(false) })
    }

    /// Adds a line that came from a peer, before it is decided over; `malformed` says why it is no message, if it is none.
    pub fn line(&self, way: (Timestamp, Direction, Lane), line: &[u8], malformed: Option<&Malformed>) {
        self.line_beside(way, line, malformed, None);
    }

    /// The same of a client's line, with the headers beside it that repeat arguments of a tool.
    pub fn line_beside(
        &self,
        way: (Timestamp, Direction, Lane),
        line: &[u8],
        malformed: Option<&Malformed>,
        beside: Option<&Repeated>,
    ) {
        self.add(|Out { buffer, parser, .. }| {
            write::message((buffer, parser), way, (line, malformed, beside), (&self.shelf.scanner, false));
        });
    }

    /// As [`Trace::line`], of a message in which nothing is to be masked: each of its strings is clear
    /// ([`Scanner::is_clear`]).
    pub fn clear_line(&self, way: (Timestamp, Direction, Lane), line: &[u8]) {
        self.add(|Out { buffer, parser, .. }| {
            write::message((buffer, parser), way, (line, None, None), (&self.shelf.scanner, true));
        });
    }

    /// Adds that a line came whose text was not kept.
    pub fn lost(
        &self,
        way: (Timestamp, Direction, Lane),
        cause: Malformation,
        (id, is_request): (Option<&Id<'_>>, bool),
    ) {
        self.add(|out| write::lost(&mut out.buffer, way, cause, (id, is_request), &self.shelf.scanner));
    }

    /// Adds what came from outside, before it is decided over.
    pub fn happening(&self, at: Timestamp, happening: &Happening<'_>) {
        self.add(|out| write::happening(&mut out.buffer, at, happening));
    }

    /// Adds what was decided, and writes what waits.
    pub fn outcome(&self, outcome: &Outcome<'_>) {
        self.add(|out| write::decision(&mut out.buffer, &outcome.decision, &self.shelf.scanner));
        self.write(outcome.decision.at);
    }

    /// Adds what was decided, for whoever calls [`Trace::keep_up`] when there is nothing more to decide for the moment.
    pub fn take_down(&self, outcome: &Outcome<'_>) {
        let mut waiting = 0;
        self.add(|out| {
            write::decision(&mut out.buffer, &outcome.decision, &self.shelf.scanner);
            waiting = out.buffer.len();
        });
        if waiting > WAITING_BYTES_MAX {
            self.write(outcome.decision.at);
        }
    }

    /// Writes what waits, if anything does.
    pub fn keep_up(&self, at: Timestamp) {
        let waits = !self.out.lock().unwrap_or_else(PoisonError::into_inner).buffer.is_empty();
        if waits {
            self.write(at);
        }
    }

    /// Adds the end, and writes what waits.
    pub fn end(&self, at: Timestamp, why: &str) {
        self.add(|out| write::end(&mut out.buffer, at, why));
        self.write(at);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if !out.counted && !self.broken.load(Ordering::Relaxed) {
            self.count(&mut out);
        }
    }

    /// Tells the shelf what there is of this run, which is over. What was cleared away is written no more.
    fn count(&self, out: &mut Out) {
        let newest = out.part.saturating_sub(PARTS_KEPT).max(1).saturating_add(1)..=out.part;
        let files = std::iter::once(1).chain(newest);
        let files = files.map(|part| part_path(&self.shelf.folder, &self.about, part)).collect();
        let before = u64::from(out.part.min(PARTS_KEPT).saturating_sub(1));
        let bytes = before.saturating_mul(PART_BYTES_MAX).saturating_add(out.written);
        let is_here = match std::mem::replace(&mut out.counted, true) {
            true => self.shelf.grew(files, bytes),
            false => {
                self.shelf.over(files, bytes);
                true
            }
        };
        if !is_here {
            self.broken.store(true, Ordering::Relaxed);
        }
    }

    fn add(&self, put: impl FnOnce(&mut Out)) {
        if !self.broken.load(Ordering::Relaxed) {
            put(&mut self.out.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// A trace that cannot be written is given up and said once; the audit log is what messages wait for.
    fn write(&self, at: Timestamp) {
        if self.broken.load(Ordering::Relaxed) {
            return;
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = out.flush(&self.shelf, &self.about).and_then(|()| match out.written > PART_BYTES_MAX {
            true => self.next_part(&mut out, at),
            false => Ok(()),
        });
        match written {
            // What comes behind the end counts too.
            Ok(()) if out.counted => self.count(&mut out),
            Ok(()) => {}
            // A run that is over may have been cleared away.
            Err(error) => {
                if !self.broken.swap(true, Ordering::Relaxed) && !out.counted {
                    self.shelf.sound(&error);
                }
            }
        }
    }

    fn next_part(&self, out: &mut Out, at: Timestamp) -> io::Result<()> {
        let part = out.part.saturating_add(1);
        let file = Some(self.shelf.kept(create(&part_path(&self.shelf.folder, &self.about, part))?));
        (out.file, out.part, out.written) = (file, part, 0);
        write::header(&mut out.buffer, (&self.about, &self.shelf), part, at);
        out.flush(&self.shelf, &self.about)?;
        match part.checked_sub(PARTS_KEPT).filter(|oldest| *oldest > 0) {
            // The first says how it all began.
            Some(oldest) => {
                fs::remove_file(part_path(&self.shelf.folder, &self.about, oldest.saturating_add(1)))
            }
            None => Ok(()),
        }
    }
}

impl Out {
    fn flush(&mut self, shelf: &Arc<Shelf>, about: &About) -> io::Result<()> {
        let length = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        let mut kept = match self.file.take() {
            Some(kept) => kept,
            None => shelf.kept(append(&part_path(&shelf.folder, about, self.part))?),
        };
        let result = kept.file.write_all(&self.buffer);
        self.file = shelf.has_room().then_some(kept);
        self.buffer.clear();
        self.written = self.written.saturating_add(length);
        result
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}

/// `SERVER-RUN.jsonl`, `SERVER-RUN.2.jsonl`, …
fn part_path(folder: &Path, about: &About, part: u32) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let server: String = about.server.chars().take(64).map(plain).collect();
    let run: String = about.run.chars().take(64).map(plain).collect();
    let number = if part == 1 { String::new() } else { format!(".{part}") };
    folder.join(format!("{server}-{run}{number}.jsonl"))
}

#[cfg(test)]
mod tests;
