//! Traces and audit logs, read line by line and decided again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_analysis::replay::{Fact, Place, Recalled, Recorded, Replayer, RunAbout, Traffic};
use bailiwick_engine::{Lane, Policy, Principal, Scanner};
use bailiwick_mcp::Timestamp;
use bailiwick_record::audit::{ReadError, Record, Records};
use bailiwick_record::trace::{Given, Header, Line, Reader, TracedDecision};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::links;
use crate::args::replay::ReplayArgs;
use crate::exit::{self, Failure};
use crate::wire;

/// What of the record was not looked at, and why.
pub(super) type Left = Vec<(String, String)>;

/// Decides over everything that is recorded in the given files and folders.
pub(super) fn replay(
    args: &ReplayArgs,
    policy: &Arc<Policy>,
    scanner: &Arc<Scanner>,
    recalled: Option<Links>,
) -> Result<(Traffic, Left), Failure> {
    let files = files(&args.traces)?;
    if files.is_empty() {
        return Err(Failure::new(exit::NOTHING, "there are no `.jsonl` files there"));
    }
    let mut reading = Reading {
        replayer: Replayer::new(Arc::clone(policy), Arc::clone(scanner)),
        roles: args.roles.clone(),
        left: Left::new(),
        absent: 0,
        progress: progress(&files),
        lines: 0,
        recalled,
    };
    for file in &files {
        reading.file(file)?;
    }
    reading.progress.finish_and_clear();
    let (traffic, more) = reading.replayer.finish();
    reading.left.extend(more);
    if reading.absent > 0 {
        let what = format!("{} messages that are not in the traces", reading.absent);
        reading.left.push((what, "they were too long, or none at all".to_owned()));
    }
    match traffic.calls {
        0 if reading.left.is_empty() => {
            Err(Failure::new(exit::NOTHING, format!("no calls are recorded in {} files", files.len())))
        }
        _ => Ok((traffic, reading.left)),
    }
}

/// Who follows the recorded links, and those of each file.
pub(super) type Links = (Arc<Recalled>, BTreeMap<PathBuf, Vec<Fact>>);

/// The links that the decisions recorded; nothing where there were none.
pub(super) fn recalled(args: &ReplayArgs) -> Result<Option<Links>, Failure> {
    let mut facts = BTreeMap::new();
    for path in files(&args.traces)? {
        let found = links::facts(&path)
            .map_err(|error| Failure::error(format!("cannot read `{}`: {error}", path.display())))?;
        if !found.is_empty() {
            facts.insert(path, found);
        }
    }
    if facts.is_empty() {
        return Ok(None);
    }
    let directory = wire::absolute(args.workspace.as_deref().unwrap_or(Path::new(".")))?;
    Ok(Some((Arc::new(Recalled::new(directory)), facts)))
}

/// Files by name, those of folders in the order of their names, so that the parts of a run follow each other.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let fail =
            |error: std::io::Error| Failure::error(format!("cannot read `{}`: {error}", path.display()));
        let mut found = Vec::new();
        for entry in fs::read_dir(path).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                found.push(path);
            }
        }
        found.sort_by_key(|path| parts(path));
        files.extend(found);
    }
    Ok(files)
}

/// `NAME.2.jsonl` comes before `NAME.10.jsonl`.
fn parts(path: &Path) -> (String, u32) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match stem.rsplit_once('.').and_then(|(name, part)| Some((name.to_owned(), part.parse().ok()?))) {
        Some(split) => split,
        None => (stem, 1),
    }
}

/// Bytes of all files, shown when it takes longer than a second and somebody looks.
fn progress(files: &[PathBuf]) -> ProgressBar {
    let bytes = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|about| about.len()).sum();
    let progress = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {msg} lines, {eta} left");
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    progress
}

struct Reading {
    replayer: Replayer,
    /// Of principals in audit logs, which name none.
    roles: Vec<String>,
    left: Left,
    absent: u64,
    progress: ProgressBar,
    lines: u64,
    recalled: Option<Links>,
}

/// Lines between two looks at the clock.
const LINES_A_LOOK: u64 = 4_096;
const SHOWN_AFTER: Duration = Duration::from_secs(1);

impl Reading {
    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let fail = |error: &dyn std::fmt::Display| {
            Failure::error(format!("cannot replay `{}`: {error}", path.display()))
        };
        let mut file = File::open(path).map_err(|error| fail(&error))?;
        let mut first = Vec::new();
        let mut start = BufReader::new(std::io::Read::take(&mut file, HEADER_BYTES_MAX));
        start.read_until(b'\n', &mut first).map_err(|error| fail(&error))?;
        file.rewind().map_err(|error| fail(&error))?;
        let shown = path.display().to_string();
        if let Some((links, facts)) = &self.recalled {
            links.file(facts.get(path).map(Vec::as_slice).unwrap_or_default());
        }
        self.replayer.file();
        let input = BufReader::with_capacity(256 << 10, self.progress.wrap_read(file));
        if first.starts_with(b"{\"trace\"") {
            let reader = Reader::new(input).map_err(|error| fail(&error))?;
            return self.trace(&shown, reader).map_err(|error| fail(&error));
        }
        if first.starts_with(b"{\"seq\"") {
            return self.audit(&shown, Records::new(input)).map_err(|error| fail(&error));
        }
        Err(fail(&"it is neither a trace nor an audit log"))
    }

    fn line(&mut self) {
        self.replayer.line();
        self.lines += 1;
        if self.lines.is_multiple_of(LINES_A_LOOK) && self.progress.elapsed() > SHOWN_AFTER {
            if self.progress.is_hidden() {
                self.progress.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.progress.set_message(self.lines.to_string());
        }
    }

    /// Links lead where they led at this line.
    fn at(&self, line: u64) {
        if let Some((links, _)) = &self.recalled {
            links.at(line);
        }
    }

    fn trace<R: std::io::BufRead>(&mut self, file: &str, mut reader: Reader<R>) -> Result<(), String> {
        let about = about(&reader.header);
        self.replayer.begin(&about);
        while let Some(line) = reader.next() {
            let line = line.map_err(|error| error.to_string())?;
            self.line();
            let number = reader.line_number();
            self.at(number);
            match line {
                Line::Message { at, to, lane, message, .. } => {
                    self.replayer.message(&about.run, at, (to, Lane(lane)), message.get());
                }
                Line::Given { at, given: Given::LaneEnded(lane, why) } => {
                    self.replayer.lane_ended(&about.run, at, Lane(lane), &why);
                }
                Line::Decision { at, decision } => {
                    let place = Place { file, line: number };
                    self.replayer.decision(&about.run, at, place, &recorded(&decision));
                }
                Line::Absent(_) => self.absent += 1,
                Line::End { .. } => self.replayer.end(&about.run),
                Line::Given { .. } | Line::Unknown => {}
            }
        }
        Ok(())
    }

    fn audit<R: std::io::BufRead>(&mut self, file: &str, records: Records<R>) -> Result<(), String> {
        let mut number = 0;
        for record in records {
            number += 1;
            self.line();
            self.at(number);
            match record {
                Ok(record) => self.record(Place { file, line: number }, &record),
                Err(ReadError::Io(error)) => return Err(error.to_string()),
                Err(error) => self.left.push((format!("{file}:{number}"), error.to_string())),
            }
        }
        Ok(())
    }

    fn record(&mut self, place: Place<'_>, record: &Record) {
        let (Some(run), Some(principal)) = (record.text("run"), record.text("principal")) else { return };
        match record.kind.as_str() {
            "stop" => return self.replayer.end(run),
            "decision" | "outcome" => {}
            _ => return,
        }
        let server = record.text("server").unwrap_or_default().to_owned();
        let principal =
            Principal { id: principal.to_owned(), roles: self.roles.clone(), ..Principal::default() };
        self.replayer.begin(&RunAbout { run: run.to_owned(), server, principal });
        let arguments = record.members.get("arguments").map(ToString::to_string);
        if record.number("arguments_bytes").is_some() {
            self.absent += 1;
            return;
        }
        let at = bailiwick_record::time::parse(&record.time).unwrap_or(Timestamp(0));
        let recorded = Recorded {
            event: &record.kind,
            call: record.number("call").unwrap_or_default(),
            method: record.text("method").unwrap_or_default(),
            target: record.text("target"),
            arguments: arguments.as_deref(),
            verdict: record.text("verdict").unwrap_or_default(),
            effect: record.text("effect").unwrap_or_default(),
            outcome: record.text("outcome"),
        };
        self.replayer.audited(run, at, place, &recorded);
    }
}

/// The first line of any record is shorter, in bytes.
const HEADER_BYTES_MAX: u64 = 64;

fn about(header: &Header) -> RunAbout {
    let principal =
        Principal { id: header.principal.clone(), roles: header.roles.clone(), ..Principal::default() };
    RunAbout { run: header.run.clone(), server: header.server.clone(), principal }
}

fn recorded(decision: &TracedDecision) -> Recorded<'_> {
    Recorded {
        event: &decision.event,
        call: decision.call,
        method: &decision.method,
        target: decision.target.as_deref(),
        arguments: None,
        verdict: &decision.verdict,
        effect: &decision.effect,
        outcome: decision.outcome.as_deref(),
    }
}
