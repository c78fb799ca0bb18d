//! Traces and audit logs, decided again: what this policy decided itself exactly as it was, everything else as it would have.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_analysis::counted;
use bailiwick_analysis::replay::{Exactly, Fact, Place, Recalled, Recorded, Replayer, RunAbout, Traffic};
use bailiwick_engine::{Lane, Mode, Principal, Scanner};
use bailiwick_mcp::{Limits, Timestamp};
use bailiwick_record::audit::Record;
use bailiwick_record::trace::{Given, Header, Line, TracedDecision, pins_of};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::links;
use super::own::input_of;
use super::streams::{Next, Streams, Unit};
use super::whereabouts::{Deciding, Places};
use crate::args::replay::ReplayArgs;
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::recordings;

/// What of the record was not looked at, and why.
pub(super) type Left = Vec<(String, String)>;

/// Decides over everything that is recorded in the given files and folders.
pub(super) fn replay(
    args: &ReplayArgs,
    layers: &Layers,
    scanner: &Arc<Scanner>,
) -> Result<(Traffic, Left), Failure> {
    let files = recordings::named(&args.traces)?;
    if files.is_empty() {
        return Err(Failure::new(exit::NOTHING, "there are no `.jsonl` files there"));
    }
    let recalled = Arc::new(Recalled::new(None, facts(&files)?));
    let mut places = Places::new(args, layers, &recalled)?;
    // Where nothing names its place it is here.
    let here = places.deciding(None).map_err(Failure::refused)?;
    let mut reading = Reading {
        digest: here.policy.digest().to_owned(),
        places,
        here,
        replayer: Replayer::new(Arc::clone(scanner)),
        exactly: Exactly::new(Arc::clone(scanner)),
        roles: args.roles.clone(),
        abouts: BTreeMap::new(),
        left: Left::new(),
        absent: 0,
        progress: progress(&files),
        lines: 0,
        recalled,
    };
    files.iter().for_each(|_| reading.replayer.file());
    let mut streams = Streams::new(&files, reading.progress.clone())?;
    while let Some(next) = streams.next()? {
        reading.take(next);
    }
    reading.progress.finish_and_clear();
    let (traffic, more) = reading.replayer.finish(reading.exactly);
    reading.left.extend(more);
    if reading.absent > 0 {
        let what = format!("{} missing in the recording", counted(reading.absent, "message"));
        reading.left.push((what, "they were too long, or none at all".to_owned()));
    }
    if streams.late > 0 {
        let what = "the order of what went on at once".to_owned();
        reading.left.push((what, "more files than can be open belong to one time".to_owned()));
    }
    match traffic.calls {
        0 if reading.left.is_empty() && traffic.exact.is_none() => Err(Failure::new(
            exit::NOTHING,
            format!("no calls are recorded in {}", counted(files.len(), "file")),
        )),
        _ => Ok((traffic, reading.left)),
    }
}

/// The links that the decisions of each file recorded.
fn facts(files: &[PathBuf]) -> Result<Vec<Vec<Fact>>, Failure> {
    let read = |path: &PathBuf| {
        links::facts(path)
            .map_err(|error| Failure::error(format!("cannot read `{}`: {error}", path.display())))
    };
    files.iter().map(read).collect()
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
    /// Of the policy.
    digest: String,
    places: Places,
    here: Deciding,
    replayer: Replayer,
    exactly: Exactly,
    /// Of principals in audit logs, which name none.
    roles: Vec<String>,
    /// Of each trace, whose run it is.
    abouts: BTreeMap<usize, RunAbout>,
    left: Left,
    absent: u64,
    progress: ProgressBar,
    lines: u64,
    recalled: Arc<Recalled>,
}

/// Lines between two looks at the clock.
const LINES_A_LOOK: u64 = 4_096;
const SHOWN_AFTER: Duration = Duration::from_secs(1);

impl Reading {
    fn take(&mut self, next: Next) {
        let before = self.lines / LINES_A_LOOK;
        for _ in 0..next.lines {
            self.replayer.line();
            self.lines += 1;
        }
        if self.lines / LINES_A_LOOK > before && self.progress.elapsed() > SHOWN_AFTER {
            if self.progress.is_hidden() {
                self.progress.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.progress.set_message(self.lines.to_string());
        }
        match next.unit {
            Unit::Began(header) => self.began(next.file, &next.shown, &header),
            Unit::Group { input, decisions, unread } => {
                if unread > 0 {
                    let why = "too many were decided over one message".to_owned();
                    self.left.push((format!("{unread} decisions in {}", next.shown), why));
                }
                self.group((next.file, &next.shown, next.at), input, &decisions);
            }
            Unit::Record(line, record) => {
                self.recalled.at(next.file, line);
                self.record(Place { file: &next.shown, line }, &record);
            }
            Unit::Broken(line, why) => self.left.push((format!("{}:{line}", next.shown), why)),
        }
    }

    fn began(&mut self, file: usize, shown: &str, header: &Header) {
        let about = about(header);
        let deciding = match self.places.deciding(header.whereabouts()) {
            Ok(deciding) => deciding,
            Err(why) => return self.left.push((shown.to_owned(), why)),
        };
        // A run that stopped nothing is asked what would have been stopped; one that enforced this policy, whether it did so.
        let is_own = header.mode == "enforce" && header.policy == self.digest && header.nonce.is_some();
        let part = header.part.max(1);
        if is_own {
            if !self.exactly.begin(&about, &deciding.own, (Mode::Enforce, part)) {
                let why = "what came before is not there, so it cannot be decided again".to_owned();
                self.left.push((shown.to_owned(), why));
            }
        } else if !self.exactly.has(&about.run) {
            self.replayer.begin(&about, &deciding.policy);
        }
        self.abouts.insert(file, about);
    }

    fn group(
        &mut self,
        (file, shown, at): (usize, &str, Timestamp),
        input: Option<(u64, Box<Line>)>,
        decisions: &[(u64, TracedDecision)],
    ) {
        let Some(about) = self.abouts.get(&file).cloned() else { return };
        if self.exactly.has(&about.run) {
            return self.again(&about.run, shown, at, input, decisions);
        }
        if let Some((line, input)) = input {
            self.recalled.at(file, line);
            match *input {
                Line::Message { to, lane, is_masked, beside, message, .. } => {
                    // Where a secret is masked the trace shows no header's value, so none can be compared.
                    let beside = beside.as_ref().filter(|_| !is_masked);
                    self.replayer.message(&about.run, at, (to, Lane(lane)), (message.get(), beside));
                }
                Line::Absent(_) => self.absent += 1,
                Line::End { .. } => self.replayer.end(&about.run),
                Line::Given { given: Given::LaneEnded(lane, why), .. } => {
                    self.replayer.lane_ended(&about.run, at, Lane(lane), &why);
                }
                Line::Given { .. } | Line::Decision { .. } | Line::Unknown => {}
            }
        }
        for (line, decision) in decisions {
            self.replayer.decision(&about.run, at, Place { file: shown, line: *line }, &recorded(decision));
        }
    }

    /// What this policy decided, once more.
    fn again(
        &mut self,
        run: &str,
        shown: &str,
        at: Timestamp,
        input: Option<(u64, Box<Line>)>,
        decisions: &[(u64, TracedDecision)],
    ) {
        let Some((line, input)) = input else { return };
        let is_masked = matches!(*input, Line::Message { is_masked: true, .. });
        match &*input {
            Line::End { .. } => return self.exactly.end(run),
            Line::Given { given: Given::Reload(digest), .. } if *digest == self.digest => {
                return self.exactly.reload(run);
            }
            Line::Given { given: Given::Reload(_), .. } => {
                let why = "another policy decided from there on".to_owned();
                self.left.push((format!("{shown}:{line} and what follows"), why));
                return self.exactly.end(run);
            }
            Line::Absent(absent) if absent.cause.is_none() => {
                self.absent += 1;
                return;
            }
            _ => {}
        }
        let Some(input) = input_of(&input) else { return };
        let then: Vec<_> =
            decisions.iter().map(|(line, decision)| super::own::then(*line, decision)).collect();
        self.exactly.decide(run, at, input, (shown, &then, is_masked));
        self.replayer.take_in(&mut self.exactly);
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
        // Who writes one log is taken for one process.
        let (nonce, counted, limits, pins) = (String::new(), place.file.to_owned(), Limits::DEFAULT, None);
        let about = RunAbout { run: run.to_owned(), server, principal, nonce, counted, limits, pins };
        self.replayer.begin(&about, &self.here.policy);
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
            unruled: record.text("verdict") == Some("deny")
                && record.reasons().all(|reason| reason.source == "protocol"),
        };
        self.replayer.audited(run, at, place, &recorded);
    }
}

fn about(header: &Header) -> RunAbout {
    let principal =
        Principal { id: header.principal.clone(), roles: header.roles.clone(), ..Principal::default() };
    RunAbout {
        run: header.run.clone(),
        server: header.server.clone(),
        principal,
        nonce: header.nonce.clone().unwrap_or_default(),
        counted: match &header.process {
            // Each service of a gateway counts by itself.
            Some(process) => format!("{process} {}", header.server),
            None => header.run.clone(),
        },
        limits: header.limits(),
        pins: header.pins.as_ref().and_then(|pins| pins_of(pins.get())),
    }
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
        unruled: false,
    }
}
