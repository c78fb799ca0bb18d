//! Reading records back, for people: nothing here verifies.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::chain::LINE_BYTES_MAX;
use super::lines::{LineRead, read_line};

/// One record, with whatever members it has: those of a newer minor version are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The sequence number; the header's is 0.
    pub seq: u64,
    /// RFC 3339 in UTC.
    pub time: String,
    /// `header`, `checkpoint`, `start`, `stop`, `decision`, `outcome`, `malformed`, `approval`, `pin`, `reload`,
    /// `repair`, or one of a newer version.
    pub kind: String,
    /// All other members.
    pub members: Map<String, Value>,
}

/// One reason of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reason<'a> {
    /// `rule`, `limit`, `guard`, `pin`, `default` or `protocol`.
    pub source: &'a str,
    /// The id of the rule, limit, guard or pin.
    pub id: &'a str,
    /// The policy file, where there is one.
    pub file: Option<&'a str>,
    /// The line in it, from 1.
    pub line: Option<u64>,
    /// What it says to people.
    pub message: Option<&'a str>,
}

impl Record {
    /// Reads one line, without its line end.
    ///
    /// # Errors
    /// If it is not a JSON object with `seq`, `time` and `kind`.
    pub fn parse(line: &[u8]) -> Result<Record, ReadError> {
        let mut members: Map<String, Value> =
            serde_json::from_slice(line).map_err(|_| ReadError::NotARecord)?;
        let seq = members.remove("seq").and_then(|seq| seq.as_u64());
        let mut text = |key: &str| match members.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (time, kind) = (text("time"), text("kind"));
        match (seq, time, kind) {
            (Some(seq), Some(time), Some(kind)) => Ok(Record { seq, time, kind, members }),
            _ => Err(ReadError::NotARecord),
        }
    }

    /// The text of a member.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key).and_then(Value::as_str)
    }

    /// The whole number of a member.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.members.get(key).and_then(Value::as_u64)
    }

    /// The reasons of a decision, most telling first as they were recorded.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'_>> {
        let list = self.members.get("reasons").and_then(Value::as_array);
        list.into_iter().flatten().map(|reason| {
            let text = |key: &str| reason.get(key).and_then(Value::as_str);
            Reason {
                source: text("source").unwrap_or_default(),
                id: text("id").unwrap_or_default(),
                file: text("file"),
                line: reason.get("line").and_then(Value::as_u64),
                message: text("message"),
            }
        })
    }
}

/// Why a line could not be read as a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the audit log: {0}")]
    Io(#[from] io::Error),
    /// A line is no record.
    #[error("not a record; `audit verify` says more")]
    NotARecord,
    /// A line is longer than [`LINE_BYTES_MAX`].
    #[error("a line of {bytes} bytes is too long; `audit verify` says more")]
    TooLong {
        /// Its length.
        bytes: u64,
    },
    /// The log was replaced or became shorter while it was followed.
    #[error("the audit log was replaced or cut while it was followed")]
    Replaced,
}

/// The records of a log in order. A line that is no record is an error of its own, after which reading goes on;
/// an unterminated last line, as of a log in use, ends the records.
#[derive(Debug)]
pub struct Records<R> {
    reader: R,
    buffer: Vec<u8>,
    done: bool,
}

impl<R: BufRead> Records<R> {
    /// Reads records from `reader`.
    pub fn new(reader: R) -> Records<R> {
        Records { reader, buffer: Vec::new(), done: false }
    }
}

impl<R: BufRead> Iterator for Records<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match read_line(&mut self.reader, &mut self.buffer, LINE_BYTES_MAX) {
            Ok(LineRead::Line) => Some(Record::parse(&self.buffer)),
            Ok(LineRead::TooLong(bytes)) => Some(Err(ReadError::TooLong { bytes })),
            Ok(LineRead::Tail) => {
                self.done = true;
                None
            }
            Err(error) => {
                self.done = true;
                Some(Err(error.into()))
            }
        }
    }
}
