//! A classifier that is a process: a line in, a line out, one question after the other.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bailiwick_sandbox::{Launch, StandardError, Supervised, launch};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::{Job, REPLY_BYTES_MAX, WAITING_MAX, read};

/// What is started.
#[derive(Debug, Clone)]
pub struct Program {
    pub program: OsString,
    pub args: Vec<OsString>,
    /// Our own binary, which the process is started below.
    pub supervisor: PathBuf,
}

/// The thread that speaks to it.
#[derive(Debug)]
pub(super) struct Worker(SyncSender<Job>);

impl Worker {
    pub(super) fn start(program: Program) -> io::Result<Worker> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let body = move || work(&program, &waiting);
        std::thread::Builder::new().name("classifier".into()).spawn(body)?;
        Ok(Worker(jobs))
    }

    pub(super) fn send(&self, job: Job) {
        match self.0.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => (job.reply)(Err("too many questions wait for it".to_owned())),
            Err(TrySendError::Disconnected(job)) => (job.reply)(Err("it is not asked any more".to_owned())),
        }
    }
}

fn work(program: &Program, jobs: &Receiver<Job>) {
    let mut running: Option<Supervised> = None;
    for Job { mut body, until, reply } in jobs {
        body.push(b'\n');
        let said = converse(program, &mut running, &body, until);
        if said.is_err() {
            // What it says from now on would be taken for the answer to another question.
            if let Some(late) = running.take() {
                late.process.stop();
            }
        }
        reply(said.and_then(|line| read(&line)));
    }
}

/// Says one line and reads one.
fn converse(
    program: &Program,
    running: &mut Option<Supervised>,
    line: &[u8],
    until: Instant,
) -> Result<Vec<u8>, String> {
    if Instant::now() >= until {
        return Err(LATE.to_owned());
    }
    if running.is_none() {
        *running = Some(start(program)?);
    }
    let Some(process) = running else { return Err("it does not run".to_owned()) };
    // A line is shorter than what a pipe holds, and nothing is left in it of the lines before.
    process.stdin.write_all(line).map_err(|error| format!("it does not read: {error}"))?;
    hear(&mut process.stdout, until)
}

fn start(program: &Program) -> Result<Supervised, String> {
    let launched = launch(&Launch {
        program: &program.program,
        args: &program.args,
        environment: &[],
        supervisor: program.supervisor.clone(),
        grace: Duration::ZERO,
        standard_error: StandardError::Inherit,
        adopt: false,
    });
    let process = launched.map_err(|error| format!("it cannot be started: {error}"))?;
    let never_waits = |file: &File| {
        let flags = fcntl_getfl(file)?;
        fcntl_setfl(file, flags | OFlags::NONBLOCK)
    };
    never_waits(&process.stdin).map_err(|error| format!("it cannot be spoken to: {error}"))?;
    Ok(process)
}

/// One line, without what stands behind it: whoever says more is not understood.
fn hear(from: &mut File, until: Instant) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let mut chunk = [0_u8; 4_096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = rustix::event::Timespec::try_from(left).map_err(|_| LATE.to_owned())?;
        let mut polled = [PollFd::new(from, PollFlags::IN)];
        match poll(&mut polled, Some(&left)) {
            Ok(0) => return Err(LATE.to_owned()),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(format!("it cannot be heard: {error}")),
        }
        let count = from.read(&mut chunk).map_err(|error| format!("it cannot be heard: {error}"))?;
        if count == 0 {
            return Err("it ended without an answer".to_owned());
        }
        line.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let more = line.len() > end + 1;
            line.truncate(end);
            return if more { Err("it said more than a line".to_owned()) } else { Ok(line) };
        }
        if line.len() > REPLY_BYTES_MAX {
            return Err("its answer is too long".to_owned());
        }
    }
}

const LATE: &str = "it did not answer in time";
