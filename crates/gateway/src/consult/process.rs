//! A classifier that is a process: a line in, a line out, one question after the other.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bailiwick_sandbox::{Launch, StandardError, launch};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
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
pub(super) struct Worker(pub(super) SyncSender<Job>);

impl Worker {
    pub(super) fn start(program: Program) -> io::Result<Worker> {
        let (jobs, waiting) = sync_channel(WAITING_MAX);
        let body = move || work(|| start(&program), &waiting);
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

/// A classifier that runs, as far as it is spoken to.
struct Running {
    to: File,
    from: File,
    end: Box<dyn FnOnce()>,
}

fn work(mut start: impl FnMut() -> Result<Running, String>, jobs: &Receiver<Job>) {
    let mut running: Option<Running> = None;
    for Job { mut body, until, reply } in jobs {
        // It waited too long behind others: nothing was said yet, and nothing is wrong with the process.
        if Instant::now() >= until {
            reply(Err(LATE.to_owned()));
            continue;
        }
        // What it says without being asked would be taken for the answer to this question; and it may have ended.
        if let Some(process) = running.take_if(|process| !is_silent(&process.from)) {
            (process.end)();
        }
        body.push(b'\n');
        let said = converse(&mut start, &mut running, &body, until);
        if said.is_err()
            && let Some(late) = running.take()
        {
            // What it says from now on would be taken for the answer to another question.
            (late.end)();
        }
        reply(said.and_then(|line| read(&line)));
    }
}

/// Says one line and reads one.
fn converse(
    start: &mut impl FnMut() -> Result<Running, String>,
    running: &mut Option<Running>,
    line: &[u8],
    until: Instant,
) -> Result<Vec<u8>, String> {
    let process = match running {
        Some(process) => process,
        None => running.insert(start()?),
    };
    say(&mut process.to, line, until)?;
    hear(&mut process.from, until)
}

fn start(program: &Program) -> Result<Running, String> {
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
    never_waits(&process.stdin).map_err(|error| format!("it cannot be spoken to: {error}"))?;
    let (to, from, process) = (process.stdin, process.stdout, process.process);
    let end = move || {
        process.stop();
    };
    Ok(Running { to, from, end: Box::new(end) })
}

fn never_waits(file: &File) -> rustix::io::Result<()> {
    fcntl_setfl(file, fcntl_getfl(file)? | OFlags::NONBLOCK)
}

fn is_silent(from: &File) -> bool {
    poll(&mut [PollFd::new(from, PollFlags::IN)], Some(&Timespec::default())) == Ok(0)
}

/// Waits until `file` is ready.
fn wait(file: &File, ready: PollFlags, until: Instant) -> Result<(), String> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(|_| LATE.to_owned())?;
        match poll(&mut [PollFd::new(file, ready)], Some(&left)) {
            Ok(0) => return Err(LATE.to_owned()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("it cannot be heard: {error}")),
        }
    }
}

/// One line, which may be longer than what a pipe holds.
fn say(to: &mut File, mut line: &[u8], until: Instant) -> Result<(), String> {
    while !line.is_empty() {
        match to.write(line) {
            Ok(0) => return Err("it does not read".to_owned()),
            Ok(count) => line = line.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(to, PollFlags::OUT, until)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("it does not read: {error}")),
        }
    }
    Ok(())
}

/// One line, without what stands behind it: whoever says more is not understood.
fn hear(from: &mut File, until: Instant) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let mut chunk = [0_u8; 4_096];
    loop {
        wait(from, PollFlags::IN, until)?;
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

#[cfg(test)]
mod tests;
