//! Reading traces back, line by line, whatever stands in them.

use std::io::{BufRead, Read as _};

use bailiwick_mcp::{Direction, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::TRACE_VERSION;

/// A line above this is refused, in bytes.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Header {
    pub trace: String,
    pub run: String,
    #[serde(default)]
    pub part: u32,
    pub server: String,
    pub principal: String,
    #[serde(default)]
    pub roles: Vec<String>,
    pub mode: String,
    #[serde(default)]
    pub policy: String,
}

/// Any other line.
#[derive(Debug)]
pub enum Line {
    Message {
        at: Timestamp,
        to: Direction,
        message: Box<RawValue>,
    },
    /// A message that is not in the trace: too long, or none at all.
    Absent {
        at: Timestamp,
        to: Direction,
        bytes: u64,
        is_malformed: bool,
    },
    Decision {
        at: Timestamp,
        decision: TracedDecision,
    },
    End {
        at: Timestamp,
        why: String,
    },
    /// Of a later minor version.
    Unknown,
}

/// A decision as it was recorded.
#[derive(Debug, Deserialize)]
pub struct TracedDecision {
    /// `decision`, `outcome`, `malformed`, `approval` or `pin`.
    pub event: String,
    /// Joins a decision with its outcome; 0 where there is no call.
    #[serde(default)]
    pub call: u64,
    pub to: To,
    #[serde(default)]
    pub method: String,
    pub target: Option<String>,
    pub arguments: Option<Box<RawValue>>,
    /// `allow`, `ask` or `deny`.
    pub verdict: String,
    pub effect: String,
    #[serde(default)]
    pub reasons: Vec<TracedReason>,
    /// `succeeded`, `failed` or `unknown`, of an outcome.
    pub outcome: Option<String>,
}

/// Why it was decided so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TracedReason {
    pub source: String,
    pub id: String,
}

/// Where a message was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum To {
    Server,
    Client,
}

impl From<To> for Direction {
    fn from(to: To) -> Direction {
        match to {
            To::Server => Direction::ToServer,
            To::Client => Direction::ToClient,
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    at: i64,
    to: Option<To>,
    message: Option<Box<RawValue>>,
    left_out_bytes: Option<u64>,
    malformed_bytes: Option<u64>,
    decision: Option<TracedDecision>,
    end: Option<String>,
}

/// Why a trace cannot be read.
#[derive(Debug, Error)]
pub enum TraceError {
    #[error("cannot read the trace: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line}: {why}")]
    Line { line: u64, why: String },
    #[error("it is no trace: its first line has no version")]
    NoHeader,
    #[error("the trace has version {found}, and this program reads {}.x", TRACE_VERSION.0)]
    Version { found: String },
}

/// Reads one file of a trace. A last line without its end is what a crash leaves, and is passed over.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    pub header: Header,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// If it is not that of a trace of our major version.
    pub fn new(mut input: R) -> Result<Reader<R>, TraceError> {
        let mut buffer = Vec::new();
        if !fill(&mut input, &mut buffer, 1)? {
            return Err(TraceError::NoHeader);
        }
        let header: Header = serde_json::from_slice(&buffer).map_err(|_| TraceError::NoHeader)?;
        let major = header.trace.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major != Some(TRACE_VERSION.0) {
            return Err(TraceError::Version { found: header.trace });
        }
        Ok(Reader { input, header, line: 1, buffer })
    }

    /// The number of the line that was read last, from 1.
    pub fn line_number(&self) -> u64 {
        self.line
    }

    fn next_line(&mut self) -> Result<Option<Line>, TraceError> {
        self.line = self.line.saturating_add(1);
        if !fill(&mut self.input, &mut self.buffer, self.line)? {
            return Ok(None);
        }
        let wrong = |error: serde_json::Error| TraceError::Line { line: self.line, why: error.to_string() };
        let raw: Raw = serde_json::from_slice(&self.buffer).map_err(wrong)?;
        Ok(Some(raw.line()))
    }
}

impl Raw {
    fn line(self) -> Line {
        let at = Timestamp(self.at);
        let absent = self
            .left_out_bytes
            .map(|bytes| (bytes, false))
            .or(self.malformed_bytes.map(|bytes| (bytes, true)));
        match (self.to.map(Direction::from), self.message, absent, self.decision, self.end) {
            (Some(to), Some(message), ..) => Line::Message { at, to, message },
            (Some(to), None, Some((bytes, is_malformed)), ..) => Line::Absent { at, to, bytes, is_malformed },
            (_, _, _, Some(decision), _) => Line::Decision { at, decision },
            (_, _, _, None, Some(why)) => Line::End { at, why },
            _ => Line::Unknown,
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Line, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().transpose()
    }
}

/// The next whole line, without its end; false at the end of the file.
fn fill<R: BufRead>(input: &mut R, buffer: &mut Vec<u8>, line: u64) -> Result<bool, TraceError> {
    buffer.clear();
    input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', buffer)?;
    if buffer.pop_if(|last| *last == b'\n').is_some() {
        return Ok(true);
    }
    match u64::try_from(buffer.len()).unwrap_or(u64::MAX) < LINE_BYTES_MAX {
        true => Ok(false),
        false => Err(TraceError::Line { line, why: format!("longer than {LINE_BYTES_MAX} bytes") }),
    }
}
