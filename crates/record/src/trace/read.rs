//! Reading traces back, line by line, whatever stands in them.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use bailiwick_engine::{Answer, ApprovedBy, Opinion, Principal, QuestionId};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Limits, Malformation, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::{TRACE_VERSION, Whereabouts, broken};

/// A line above this is refused, in bytes.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// The first line.
#[derive(Debug, Clone, Deserialize)]
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
    /// In microseconds since 1970.
    #[serde(default)]
    pub at: i64,
    /// From 1.1 on, as the next two.
    pub nonce: Option<String>,
    /// Of the wire: bytes of a message, depth, values, members of a batch, requests that wait.
    #[serde(default)]
    pub limits: Vec<usize>,
    pub pins: Option<Box<RawValue>>,
    /// From 1.2 on: runs of one process count a principal's limits together.
    pub process: Option<String>,
    /// From 1.3 on, as the next two.
    pub workspace: Option<String>,
    pub directory: Option<String>,
    pub home: Option<String>,
}

impl Header {
    /// Where paths of the run led; none of a trace that does not name its workspace.
    #[must_use]
    pub fn whereabouts(&self) -> Option<Whereabouts> {
        self.workspace.as_ref()?;
        let (workspace, directory, home) =
            (self.workspace.clone(), self.directory.clone(), self.home.clone());
        Some(Whereabouts { workspace, directory, home })
    }

    /// The limits of the run.
    #[must_use]
    pub fn limits(&self) -> Limits {
        match self.limits.as_slice() {
            [message_bytes_max, depth_max, values_max, batch_max, pending_max, ..] => Limits {
                message_bytes_max: *message_bytes_max,
                depth_max: *depth_max,
                values_max: *values_max,
                batch_max: *batch_max,
                pending_max: *pending_max,
                ..Limits::DEFAULT
            },
            _ => Limits::DEFAULT,
        }
    }
}

/// Any other line.
#[derive(Debug)]
pub enum Line {
    Message {
        at: Timestamp,
        to: Direction,
        lane: u64,
        /// Secrets in it are masked.
        is_masked: bool,
        /// From 1.3 on: the headers beside it that repeat arguments of a tool.
        beside: Option<Repeated>,
        message: Box<RawValue>,
    },
    /// A message that is not in the trace: too long, or none at all.
    Absent(Absent),
    /// Something from outside of the conversation.
    Given {
        at: Timestamp,
        given: Given,
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

impl Line {
    /// When it was; of a line that is not known nothing is.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Line::Message { at, .. }
            | Line::Given { at, .. }
            | Line::Decision { at, .. }
            | Line::End { at, .. } => Some(*at),
            Line::Absent(absent) => Some(absent.at),
            Line::Unknown => None,
        }
    }
}

/// A message that is not in the trace.
#[derive(Debug)]
pub struct Absent {
    pub at: Timestamp,
    pub to: Direction,
    pub lane: u64,
    pub bytes: u64,
    /// Why it is no message; none of one that is left out, and before 1.1.
    pub cause: Option<Malformation>,
    pub is_malformed: bool,
    /// Its id as JSON, and that it was a request, as far as that could be read.
    pub id: Option<Box<RawValue>>,
    pub is_request: bool,
}

/// What came from outside of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Answer(QuestionId, Answer),
    Tick,
    ServerEnded(String),
    /// From 1.2 on, as the next one. The lane, and the id as JSON.
    Unanswered(u64, String, String),
    LaneEnded(u64, String),
    Reload(String),
    Others(Vec<String>),
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
    /// Of a link: the text, and where it leads if that is known.
    pub text: Option<String>,
    pub to: Option<String>,
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
    #[serde(default)]
    lane: u64,
    #[serde(default)]
    masked: bool,
    beside: Option<BTreeMap<String, String>>,
    message: Option<Box<RawValue>>,
    left_out_bytes: Option<u64>,
    malformed_bytes: Option<u64>,
    cause: Option<String>,
    #[serde(default)]
    offset: usize,
    id: Option<Box<RawValue>>,
    #[serde(default)]
    request: bool,
    answer: Option<u64>,
    approve: Option<String>,
    #[serde(default)]
    by: String,
    #[serde(default)]
    by_roles: Vec<String>,
    deny: Option<String>,
    /// From 1.3 on, in thousandths; and why there is none.
    opinion: Option<u16>,
    no_opinion: Option<String>,
    others: Option<Vec<String>>,
    #[serde(default)]
    tick: bool,
    server_ended: Option<String>,
    unanswered: Option<String>,
    lane_ended: Option<String>,
    reload: Option<String>,
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
        if let Some(decision) = self.decision {
            return Line::Decision { at, decision };
        }
        if let (Some(to), Some(message)) = (self.to, self.message) {
            let (to, lane, is_masked) = (Direction::from(to), self.lane, self.masked);
            let beside = self.beside.map(|beside| {
                Repeated(beside.into_iter().map(|(name, value)| (name, value.into_bytes())).collect())
            });
            return Line::Message { at, to, lane, is_masked, beside, message };
        }
        if let (Some(to), Some(bytes)) = (self.to, self.left_out_bytes.or(self.malformed_bytes)) {
            return Line::Absent(Absent {
                at,
                to: Direction::from(to),
                lane: self.lane,
                bytes,
                cause: self.cause.and_then(|word| broken::cause(&word, self.offset)),
                is_malformed: self.left_out_bytes.is_none(),
                id: self.id,
                is_request: self.request,
            });
        }
        let answered = match (self.answer, self.opinion, self.no_opinion) {
            (Some(question), Some(score), _) => Some((question, Ok(Opinion { score, by: self.by.clone() }))),
            (Some(question), None, Some(why)) => Some((question, Err(why))),
            _ => None,
        };
        let heard =
            answered.map(|(question, heard)| Given::Answer(QuestionId(question), Answer::Opinion(heard)));
        let answered = match (self.answer, self.approve, self.deny) {
            (Some(question), Some(how), _) => {
                let who = Principal { id: self.by, roles: self.by_roles, ..Principal::default() };
                Some(Given::Answer(QuestionId(question), Answer::Approve(ApprovedBy { who, how })))
            }
            (Some(question), None, Some(why)) => Some(Given::Answer(QuestionId(question), Answer::Deny(why))),
            _ => None,
        };
        let unanswered = self.unanswered.zip(self.id);
        let unanswered = unanswered.map(|(why, id)| Given::Unanswered(self.lane, id.get().to_owned(), why));
        let given = heard
            .or(answered)
            .or(self.tick.then_some(Given::Tick))
            .or(self.server_ended.map(Given::ServerEnded))
            .or(unanswered)
            .or(self.lane_ended.map(|why| Given::LaneEnded(self.lane, why)))
            .or(self.reload.map(Given::Reload))
            .or(self.others.map(Given::Others));
        match (given, self.end) {
            (Some(given), _) => Line::Given { at, given },
            (None, Some(why)) => Line::End { at, why },
            (None, None) => Line::Unknown,
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
