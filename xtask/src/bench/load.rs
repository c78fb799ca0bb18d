//! The client: raw pipes, plain threads, messages put together before the clock starts.

use super::server;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// One started candidate, after its handshake.
pub(super) struct Session {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    ready: Duration,
    next_id: u64,
    text: Vec<u8>,
    stderr: PathBuf,
    /// Dropped at the end; until then the watchdog counts.
    _watch: Sender<()>,
}

impl Session {
    /// Starts `command` and shakes hands as a client does.
    pub(super) fn open(command: &mut Command, stderr: &Path) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(stderr)?);
        let start = Instant::now();
        let mut child = command.spawn().context("cannot start")?;
        let input = child.stdin.take().context("no pipe in")?;
        let output = child.stdout.take().context("no pipe out")?;
        let watch = watchdog(child.id());
        let (text, stderr) = (server::text(), stderr.to_path_buf());
        let mut session =
            Self { child, input, output, ready: Duration::ZERO, next_id: 10, text, stderr, _watch: watch };
        let mut answer = Vec::new();
        session.exchange(INITIALIZE, &mut answer)?;
        session.ready = start.elapsed();
        ensure!(contains(&answer, b"serverInfo"), "no handshake: {}", String::from_utf8_lossy(&answer));
        session.input.write_all(INITIALIZED)?;
        session.exchange(LIST, &mut answer)?;
        ensure!(contains(&answer, TOOL), "no tool to call: {}", String::from_utf8_lossy(&answer));
        Ok(session)
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn ready(&self) -> Duration {
        self.ready
    }

    /// One call at a time; how long each took.
    pub(super) fn ping_pong(&mut self, calls: u64) -> Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(usize::try_from(calls)?);
        let (mut call, mut answer, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for id in self.take_ids(calls) {
            call.clear();
            request(id, &mut call);
            let start = Instant::now();
            self.exchange(&call, &mut answer)?;
            times.push(start.elapsed());
            expected.clear();
            server::call_answer(id.to_string().as_bytes(), &self.text, &mut expected);
            ensure!(answer == expected, "not the server's answer: {}", String::from_utf8_lossy(&answer));
        }
        Ok(times)
    }

    /// Up to [`WINDOW`] calls in flight; how long all took. The answers are counted and weighed, byte for byte in sum.
    pub(super) fn pipelined(&mut self, calls: u64) -> Result<Duration> {
        let ids = self.take_ids(calls);
        let mut one = Vec::new();
        server::call_answer(b"", &self.text, &mut one);
        let digits: u64 = ids.clone().map(|id| u64::from(id.ilog10()) + 1).sum();
        let expected = calls * one.len() as u64 + digits;
        let credit = Credit::default();
        let (input, output) = (&mut self.input, &mut self.output);
        let start = Instant::now();
        let (written, read) = thread::scope(|scope| {
            let writer = scope.spawn(|| write_all(input, ids, &credit));
            let read = read_all(output, calls, &credit);
            (writer.join(), read)
        });
        let took = start.elapsed();
        let bytes = read.with_context(|| self.complaint())?;
        written.map_err(|_| anyhow::anyhow!("the writer panicked"))??;
        ensure!(
            bytes == expected,
            "{calls} answers of {bytes} bytes, {expected} expected: some are not the server's"
        );
        Ok(took)
    }

    /// Ends the input and waits for the end of the process.
    pub(super) fn close(self) -> Result<()> {
        let Self { mut child, input, mut output, .. } = self;
        drop(input);
        let mut rest = Vec::new();
        output.read_to_end(&mut rest)?;
        let status = child.wait()?;
        ensure!(status.success(), "ended with {status}");
        Ok(())
    }

    fn take_ids(&mut self, count: u64) -> std::ops::Range<u64> {
        let first = self.next_id;
        self.next_id += count;
        first..self.next_id
    }

    fn exchange(&mut self, message: &[u8], answer: &mut Vec<u8>) -> Result<()> {
        let sent = self.input.write_all(message);
        sent.with_context(|| self.complaint())?;
        answer.clear();
        let mut buffer = [0; 16 << 10];
        while !answer.ends_with(b"\n") {
            let count = self.output.read(&mut buffer)?;
            if count == 0 {
                bail!("{}", self.complaint());
            }
            answer.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
        Ok(())
    }

    fn complaint(&self) -> String {
        let text = fs::read_to_string(&self.stderr).unwrap_or_default();
        format!("the connection ended early; on standard error: {}", text.trim())
    }
}

/// How far the reader is, for the writer to keep the window.
#[derive(Default)]
struct Credit {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    answered: u64,
    /// No more answers come.
    ended: bool,
}

impl Credit {
    fn update(&self, update: impl FnOnce(&mut Seen)) {
        update(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits until at most `open` of the `sent` calls are in flight and says how many are; `None` at the end.
    fn wait(&self, sent: u64, open: u64) -> Option<u64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |seen: &mut Seen| !seen.ended && sent - seen.answered > open;
        let seen = self.changed.wait_while(seen, full).unwrap_or_else(PoisonError::into_inner);
        (!seen.ended).then_some(sent - seen.answered)
    }
}

fn write_all(input: &mut ChildStdin, mut ids: std::ops::Range<u64>, credit: &Credit) -> Result<()> {
    let mut sent = 0;
    let mut batch = Vec::new();
    while !ids.is_empty() {
        let Some(flying) = credit.wait(sent, WINDOW - BATCH) else { return Ok(()) };
        batch.clear();
        for id in ids.by_ref().take(usize::try_from(WINDOW - flying)?) {
            request(id, &mut batch);
            sent += 1;
        }
        input.write_all(&batch)?;
    }
    Ok(())
}

fn read_all(output: &mut ChildStdout, calls: u64, credit: &Credit) -> Result<u64> {
    let (mut answered, mut bytes) = (0, 0);
    let mut buffer = vec![0; 64 << 10];
    while answered < calls {
        let count = output.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            credit.update(|seen| seen.ended = true);
            bail!("{answered} of {calls} answers");
        }
        let chunk = buffer.get(..count).unwrap_or_default();
        answered += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
        bytes += count as u64;
        credit.update(|seen| seen.answered = answered);
    }
    Ok(bytes)
}

/// A call of 1 KB.
fn request(id: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.to_string().as_bytes());
    out.extend_from_slice(br#","method":"tools/call","params":{"name":"echo","arguments":{"message":""#);
    for _ in 0..10 {
        out.extend_from_slice(
            b"When does the last ferry to the outer islands leave on a Sunday in the month of March? ",
        );
    }
    out.extend_from_slice(b"\",\"times\":5}}}\n");
}

/// Kills a candidate that does not end in time; its silence then becomes an error.
fn watchdog(id: u32) -> Sender<()> {
    let (watch, ended) = mpsc::channel();
    thread::spawn(move || {
        if ended.recv_timeout(SESSION_MAX) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status(); // gone already
        }
    });
    watch
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

const WINDOW: u64 = 256;
/// The writer waits until so many may go out together.
const BATCH: u64 = 64;
const SESSION_MAX: Duration = Duration::from_secs(120);
const TOOL: &[u8] = br#""name":"echo""#;
const INITIALIZE: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\",\"version\":\"1.0.0\"}}}\n";
const INITIALIZED: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
const LIST: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line_of_a_kilobyte() {
        let mut call = Vec::new();
        request(12, &mut call);
        assert!((900..1200).contains(&call.len()), "{}", call.len());
        let value: serde_json::Value = serde_json::from_slice(&call).unwrap();
        assert_eq!(value.get("id").unwrap(), 12);
        assert_eq!(call.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}
