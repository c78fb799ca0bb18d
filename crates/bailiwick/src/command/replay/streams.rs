//! Recorded files as one stream in the order of time, so that runs that went on at once are decided in their order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use bailiwick_mcp::Timestamp;
use bailiwick_record::audit::{ReadError, Record, Records};
use bailiwick_record::trace::{Header, Line, Reader, TracedDecision};
use indicatif::{ProgressBar, ProgressBarIter};

use crate::exit::Failure;

/// Files that are open at once; more of them wait, and are read behind their time.
const OPEN_MAX: usize = 200;
/// Decisions over one input that are read together.
const DECISIONS_MAX: usize = 10_000;
/// The first line of any record is told by less, in bytes.
const SIGN_BYTES_MAX: u64 = 64;

/// What was recorded together.
#[derive(Debug)]
pub(super) enum Unit {
    /// The first line of a trace.
    Began(Box<Header>),
    /// One input of a trace, with its line, and what was decided over it.
    Group { input: Option<(u64, Box<Line>)>, decisions: Vec<(u64, TracedDecision)>, unread: u64 },
    /// A record of an audit log.
    Record(u64, Box<Record>),
    /// A line that cannot be read, and why.
    Broken(u64, String),
}

/// All files, in the order of time.
pub(super) struct Streams {
    /// By the time of their first line, the latest first.
    waiting: Vec<(Timestamp, usize, PathBuf)>,
    open: Vec<Stream>,
    progress: ProgressBar,
    /// Files that were opened later than their time.
    pub(super) late: usize,
}

struct Stream {
    index: usize,
    shown: String,
    lines: Lines,
    ahead: VecDeque<(Timestamp, u64, Unit)>,
}

type Input = BufReader<ProgressBarIter<File>>;
/// A line that is read already, with its time and number.
type Pending = (Timestamp, u64, Box<Line>);

enum Lines {
    Trace { reader: Box<Reader<Input>>, pending: Option<Pending>, is_begun: bool },
    Audit { records: Box<Records<Input>>, line: u64, at: Timestamp },
}

/// What comes next, of which file, and of how many lines it is made.
pub(super) struct Next {
    pub(super) file: usize,
    pub(super) shown: String,
    pub(super) at: Timestamp,
    pub(super) lines: u64,
    pub(super) unit: Unit,
}

impl Streams {
    pub(super) fn new(files: &[PathBuf], progress: ProgressBar) -> Result<Streams, Failure> {
        let mut waiting = Vec::new();
        for (index, path) in files.iter().enumerate() {
            // Only its first line is read here; the rest when its turn comes.
            let mut stream = Stream::open(path, index, &ProgressBar::hidden())?;
            let at = stream.peek(path)?.map_or(Timestamp(i64::MAX), |at| at);
            waiting.push((at, index, path.clone()));
        }
        waiting.sort();
        waiting.reverse();
        Ok(Streams { waiting, open: Vec::new(), progress, late: 0 })
    }

    /// The unit of the earliest time; of several the one of the first file.
    pub(super) fn next(&mut self) -> Result<Option<Next>, Failure> {
        loop {
            let mut earliest: Option<(Timestamp, usize)> = None;
            for (place, stream) in self.open.iter().enumerate() {
                if let Some((at, ..)) = stream.ahead.front()
                    && earliest.is_none_or(|(least, _)| *at < least)
                {
                    earliest = Some((*at, place));
                }
            }
            let is_due =
                self.waiting.last().is_some_and(|(at, ..)| earliest.is_none_or(|(least, _)| *at <= least));
            if is_due && self.open.len() < OPEN_MAX {
                self.begin()?;
                continue;
            }
            self.late += usize::from(is_due);
            let Some((_, place)) = earliest else { return Ok(None) };
            return self.take(place);
        }
    }

    fn begin(&mut self) -> Result<(), Failure> {
        let Some((_, index, path)) = self.waiting.pop() else { return Ok(()) };
        let mut stream = Stream::open(&path, index, &self.progress)?;
        if stream.peek(&path)?.is_some() {
            self.open.push(stream);
            // In the order of the files, which decides between equal times.
            self.open.sort_by_key(|stream| stream.index);
        }
        Ok(())
    }

    fn take(&mut self, place: usize) -> Result<Option<Next>, Failure> {
        let Some(stream) = self.open.get_mut(place) else { return Ok(None) };
        let Some((at, lines, unit)) = stream.ahead.pop_front() else { return Ok(None) };
        let next = Next { file: stream.index, shown: stream.shown.clone(), at, lines, unit };
        let path = PathBuf::from(&stream.shown);
        if stream.peek(&path)?.is_none() {
            self.open.remove(place);
        }
        Ok(Some(next))
    }
}

impl Stream {
    fn open(path: &Path, index: usize, progress: &ProgressBar) -> Result<Stream, Failure> {
        let fail = |error: &dyn std::fmt::Display| fail(path, error);
        let mut file = bailiwick_disk::open(path).map_err(|error| fail(&error))?;
        let mut first = Vec::new();
        let mut start = BufReader::new(std::io::Read::take(&mut file, SIGN_BYTES_MAX));
        start.read_until(b'\n', &mut first).map_err(|error| fail(&error))?;
        file.rewind().map_err(|error| fail(&error))?;
        let input = BufReader::with_capacity(256 << 10, progress.wrap_read(file));
        let lines = if first.starts_with(b"{\"trace\"") {
            let reader = Box::new(Reader::new(input).map_err(|error| fail(&error))?);
            Lines::Trace { reader, pending: None, is_begun: false }
        } else if first.starts_with(b"{\"seq\"") {
            Lines::Audit { records: Box::new(Records::new(input)), line: 0, at: Timestamp(0) }
        } else {
            return Err(fail(&"it is neither a trace nor an audit log"));
        };
        Ok(Stream { index, shown: path.display().to_string(), lines, ahead: VecDeque::new() })
    }

    /// When the next unit was; nothing at the end.
    fn peek(&mut self, path: &Path) -> Result<Option<Timestamp>, Failure> {
        if self.ahead.is_empty() {
            let read = self.lines.read().map_err(|error| fail(path, &error))?;
            self.ahead.extend(read);
        }
        Ok(self.ahead.front().map(|(at, ..)| *at))
    }
}

fn fail(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::error(format!("cannot replay `{}`: {error}", path.display()))
}

impl Lines {
    fn read(&mut self) -> Result<Option<(Timestamp, u64, Unit)>, String> {
        match self {
            Lines::Trace { reader, is_begun, .. } if !*is_begun => {
                *is_begun = true;
                Ok(Some((Timestamp(reader.header.at), 1, Unit::Began(Box::new(reader.header.clone())))))
            }
            Lines::Trace { reader, pending, .. } => group(reader, pending),
            Lines::Audit { records, line, at } => {
                *line += 1;
                match records.next() {
                    None => Ok(None),
                    Some(Ok(record)) => {
                        *at = bailiwick_record::time::parse(&record.time).unwrap_or(*at);
                        Ok(Some((*at, 1, Unit::Record(*line, Box::new(record)))))
                    }
                    Some(Err(ReadError::Io(error))) => Err(error.to_string()),
                    Some(Err(error)) => Ok(Some((*at, 1, Unit::Broken(*line, error.to_string())))),
                }
            }
        }
    }
}

/// An input, and the decisions behind it.
fn group<R: std::io::BufRead>(
    reader: &mut Reader<R>,
    pending: &mut Option<Pending>,
) -> Result<Option<(Timestamp, u64, Unit)>, String> {
    let (mut input, mut decisions, mut unread) = (pending.take(), Vec::new(), 0_u64);
    let mut first = input.as_ref().map(|(at, ..)| *at);
    while let Some(line) = reader.next() {
        let number = reader.line_number();
        match line.map_err(|error| error.to_string())? {
            Line::Decision { at, decision } => {
                first = first.or(Some(at));
                if decisions.len() < DECISIONS_MAX {
                    decisions.push((number, decision));
                } else {
                    unread += 1;
                }
            }
            line => {
                let at = line.at().or(first).unwrap_or(Timestamp(0));
                if input.is_none() && decisions.is_empty() {
                    first = Some(at);
                    input = Some((at, number, Box::new(line)));
                    continue;
                }
                *pending = Some((at, number, Box::new(line)));
                break;
            }
        }
    }
    let lines = u64::from(input.is_some()) + decisions.len() as u64 + unread;
    let unit = Unit::Group { input: input.map(|(_, number, line)| (number, line)), decisions, unread };
    Ok(first.filter(|_| lines > 0).map(|at| (at, lines, unit)))
}
