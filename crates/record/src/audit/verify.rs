//! Verification of an audit log: one pass, bounded memory, and where it is wrong.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::Value;

use super::chain::{
    CHECKPOINT_EVERY, ChainHash, FORMAT, LINE_BYTES_MAX, Line, Position, VERSION, digest, split_hash,
    statement,
};
use super::error::AuditError;
use super::key::PublicKey;
use super::lines::{LineRead, read_line};
use super::note::{Note, read_note};
use super::report::{Fault, Report, Torn};

/// What a log is compared with.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// The key that must have signed it. Without it only a log's agreement with itself can be shown.
    pub trusted: Option<PublicKey>,
    /// The side file.
    pub checkpoint: Checkpoint,
}

/// The side file that vouches for the end of the log.
#[derive(Debug, Clone, Default)]
pub enum Checkpoint {
    /// Its content, read before the log.
    Content(Vec<u8>),
    /// There is none, which is an error.
    #[default]
    Missing,
    /// It is not looked at, which is a warning.
    NotChecked,
}

/// Verifies the log at `path` together with its side file.
///
/// # Errors
/// If one of the files cannot be opened. What is wrong inside them is in the report.
pub fn verify_file(path: &Path, trusted: Option<PublicKey>) -> Result<Report, AuditError> {
    // The checkpoint first: a log in use then reaches at least as far as it.
    let checkpoint = read_note(path)?.map_or(Checkpoint::Missing, Checkpoint::Content);
    let file = File::open(path).map_err(|source| AuditError::read(path, source))?;
    let reader = BufReader::with_capacity(READ_BYTES, file);
    Ok(verify(reader, VerifyOptions { trusted, checkpoint }))
}

/// Verifies a log. Memory is bounded by [`LINE_BYTES_MAX`] whatever the log holds.
pub fn verify(mut reader: impl BufRead, options: VerifyOptions) -> Report {
    let mut verifier = Verifier::new(options);
    let mut buffer = Vec::new();
    loop {
        match read_line(&mut reader, &mut buffer, LINE_BYTES_MAX) {
            Ok(LineRead::Line) => verifier.line(&buffer),
            Ok(LineRead::TooLong(bytes)) => verifier.too_long(bytes),
            Ok(LineRead::Tail) => return verifier.finish(&buffer),
            Err(error) => {
                verifier.report.add(None, Fault::Unreadable { reason: error.to_string() });
                return verifier.finish(&[]);
            }
        }
        if verifier.stopped {
            return verifier.report;
        }
    }
}

struct Verifier {
    options: VerifyOptions,
    report: Report,
    note: Option<Note>,
    line: u64,
    expected: u64,
    /// What the line before states; where that line was changed also what it should state, since only its
    /// hash may have been.
    previous: [ChainHash; 2],
    /// The line before could not be read, so that nothing is known of this one's hash.
    unknown: bool,
    signed: u64,
    stopped: bool,
}

impl Verifier {
    fn new(options: VerifyOptions) -> Verifier {
        let origin = ChainHash::origin();
        Verifier {
            options,
            report: Report::default(),
            note: None,
            line: 0,
            expected: 0,
            previous: [origin, origin],
            unknown: false,
            signed: 0,
            stopped: false,
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.report.add(Some(self.line), fault);
    }

    fn line(&mut self, bytes: &[u8]) {
        self.line += 1;
        self.report.whole_bytes += bytes.len() as u64 + 1;
        let line = Line::parse(bytes);
        if self.line == 1 {
            return self.header(bytes, line);
        }
        let Some(line) = line else {
            self.fault(Fault::Malformed { expected: self.expected });
            return self.pass_over(split_hash(bytes).map(|(_, stated)| stated));
        };
        self.report.records += 1;
        if line.seq < self.expected {
            return self.fault(Fault::OutOfPlace { seq: line.seq, expected: self.expected });
        }
        if line.seq > self.expected {
            self.fault(Fault::Missing { first: self.expected, last: line.seq - 1 });
            self.unknown = true;
        }
        self.record(&line);
    }

    fn too_long(&mut self, bytes: u64) {
        self.line += 1;
        self.report.whole_bytes += bytes + 1;
        if self.line == 1 {
            self.fault(Fault::NoHeader);
            self.stopped = true;
        }
        self.fault(Fault::TooLong { seq: self.expected });
        self.pass_over(None);
    }

    /// Counts a line as the expected one, though it could not be read.
    fn pass_over(&mut self, stated: Option<ChainHash>) {
        self.expected += 1;
        self.unknown = stated.is_none();
        self.previous = stated.map_or(self.previous, |hash| [hash, hash]);
    }

    fn record(&mut self, line: &Line<'_>) {
        let computed = self.chain(line);
        if line.kind == "checkpoint" {
            self.checkpoint(line);
        } else {
            if line.seq.is_multiple_of(CHECKPOINT_EVERY) {
                self.fault(Fault::SignatureMissing { seq: line.seq });
            }
            if self.report.closed {
                self.fault(Fault::AfterClose { seq: line.seq });
            }
            self.report.closed = false;
        }
        self.report.repairs += u64::from(line.kind == "repair");
        self.report.last_time = Some(line.time.to_owned());
        self.advance(line, computed);
    }

    /// Compares the stated hash with what it should be, and gives the latter.
    fn chain(&mut self, line: &Line<'_>) -> ChainHash {
        let [stated_before, computed_before] = self.previous;
        let computed = stated_before.then(line.body);
        if self.unknown || computed == line.stated {
            return if self.unknown { line.stated } else { computed };
        }
        let other = computed_before.then(line.body);
        if other != line.stated {
            self.fault(Fault::Changed { seq: line.seq, expected: computed.to_string() });
            return computed;
        }
        other
    }

    fn advance(&mut self, line: &Line<'_>, computed: ChainHash) {
        if let Some(note) = &self.note
            && note.position.seq == line.seq
            && note.position.hash != computed
        {
            let expected = note.position.hash.to_string();
            self.fault(Fault::CheckpointContradicts { seq: line.seq, expected });
        }
        self.unknown = false;
        self.previous = [line.stated, computed];
        self.expected = line.seq + 1;
        self.report.last = Some(Position { seq: line.seq, hash: line.stated });
    }

    fn checkpoint(&mut self, line: &Line<'_>) {
        let [previous, other] = self.previous;
        let (Some(log), Some(key)) = (&self.report.log, &self.report.key) else { return };
        let signed = line.split_signature().filter(|(unsigned, signature)| {
            let vouches =
                |before: &ChainHash| key.verifies(&statement(log, line.seq, before, unsigned), signature);
            // After a line that could not be read, what the signature is over is not known either.
            self.unknown || vouches(&previous) || vouches(&other)
        });
        let Some((unsigned, _)) = signed else {
            return self.fault(Fault::SignatureForged { seq: line.seq, signed: self.signed });
        };
        self.report.closed = unsigned.ends_with(CLOSED);
        if !self.unknown {
            self.signed = line.seq;
        }
    }

    fn header(&mut self, bytes: &[u8], line: Option<Line<'_>>) {
        match self.read_header(bytes, line) {
            Err(fault) => {
                self.fault(fault);
                self.stopped = true;
            }
            Ok(header) => {
                self.report.records = 1;
                self.report.first_time = Some(header.time.to_owned());
                self.report.last_time = self.report.first_time.clone();
                self.compare_key();
                self.open_note();
                let computed = self.chain(&header);
                self.advance(&header, computed);
            }
        }
    }

    fn read_header<'a>(&mut self, bytes: &[u8], line: Option<Line<'a>>) -> Result<Line<'a>, Fault> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| Fault::NoHeader)?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).ok_or(Fault::NoHeader);
        if text("kind")? != "header" || text("format")? != FORMAT {
            return Err(Fault::NoHeader);
        }
        let version = text("version")?;
        let major = version.split_once('.').and_then(|(major, _)| major.parse::<u32>().ok());
        if major != Some(VERSION.0) {
            return Err(Fault::Version { version: version.to_owned() });
        }
        let line = line.filter(|line| line.seq == 0 && line.kind == "header").ok_or(Fault::NoHeader)?;
        let log = text("log")?;
        let key: PublicKey = text("public_key")?.parse().map_err(|_| Fault::HeaderForged)?;
        let signed = line.split_signature().is_some_and(|(unsigned, signature)| {
            key.verifies(&statement(log, 0, &ChainHash::origin(), unsigned), &signature)
        });
        if !signed {
            return Err(Fault::HeaderForged);
        }
        self.report.log = Some(log.to_owned());
        self.report.key = Some(key);
        Ok(line)
    }

    fn compare_key(&mut self) {
        match (&self.options.trusted, &self.report.key) {
            (None, _) => self.report.add(None, Fault::KeyNotCompared),
            (Some(trusted), Some(found)) if trusted != found => {
                let fault = Fault::WrongKey { found: found.to_string(), trusted: trusted.to_string() };
                self.fault(fault);
            }
            _ => {}
        }
    }

    fn open_note(&mut self) {
        let opened = match (&self.options.checkpoint, &self.report.key) {
            (Checkpoint::Missing, _) => Err(Fault::CheckpointMissing),
            (Checkpoint::NotChecked, _) => Err(Fault::CheckpointNotChecked),
            (Checkpoint::Content(bytes), Some(key)) => Note::open(bytes, key).ok_or(Fault::CheckpointForged),
            (Checkpoint::Content(_), None) => Err(Fault::CheckpointForged),
        };
        match opened {
            Err(fault) => self.report.add(None, fault),
            Ok(note) if Some(&note.log) != self.report.log.as_ref() => {
                self.report.add(None, Fault::CheckpointForeign { log: note.log });
            }
            Ok(note) => self.note = Some(note),
        }
    }

    fn finish(mut self, tail: &[u8]) -> Report {
        let torn =
            (!tail.is_empty()).then(|| Torn { bytes: tail.len() as u64, sha256: digest(tail).to_string() });
        let Some(last) = self.report.last.map(|position| position.seq) else {
            let fault = if torn.is_some() { Fault::NoHeader } else { Fault::Empty };
            self.report.add(torn.as_ref().map(|_| 1), fault);
            self.report.torn = torn;
            return self.report;
        };
        let note = self.note.as_ref().map(|note| note.position.seq);
        if let Some(signed) = note.filter(|&seq| seq > last) {
            self.report.add(None, Fault::Cut { last, signed });
        }
        if let Some(note) = note.filter(|&seq| seq < self.signed) {
            self.report.add(None, Fault::CheckpointBehind { note, signed: self.signed });
        }
        let signed = self.signed.max(note.unwrap_or(0));
        self.report.signed_up_to = Some(signed.min(last));
        if last > signed {
            self.report.add(None, Fault::UnsignedTail { first: signed + 1, last });
        }
        if let Some(Torn { bytes, .. }) = torn {
            self.line += 1;
            let closed = self.report.closed;
            self.fault(if closed { Fault::TornAfterClose { bytes } } else { Fault::TornTail { bytes } });
        }
        self.report.torn = torn;
        self.report
    }
}

/// How the body of the checkpoint that closes a log ends, before its signature.
pub(crate) const CLOSED: &[u8] = b",\"closed\":true";
const READ_BYTES: usize = 256 * 1024;
