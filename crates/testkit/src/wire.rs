//! A client without SDK: sends exact bytes and keeps every byte that comes back.

use crate::patience::PATIENCE;
use crate::route::Route;
use crate::script::ServerCommand;
use crate::workplace::Workplace;
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A started command line, spoken to over its stdin and stdout.
#[derive(Debug)]
pub struct Wire {
    child: Child,
    input: Option<ChildStdin>,
    output: Arc<Output>,
    errors: Arc<Output>,
}

#[derive(Debug, Default)]
struct Output {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    ended: bool,
    paused: bool,
}

/// A script that was just written is busy as long as a child that another thread forked meanwhile has not begun.
fn spawn(program: &mut Command) -> io::Result<Child> {
    for _ in 0..100 {
        match program.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                thread::sleep(Duration::from_millis(20));
            }
            spawned => return spawned,
        }
    }
    program.spawn()
}

impl Wire {
    /// Starts `server` by way of `route`, in the workplace and with its environment.
    pub fn start(place: &Workplace, route: &Route, server: &ServerCommand) -> Wire {
        let command = route.command(&server.command);
        let mut program = Command::new(&command[0]);
        program
            .args(&command[1..])
            .current_dir(place.path())
            .env_clear()
            .envs(place.environment())
            .envs(server.environment.iter().cloned())
            // A group of its own, so that a signal of ours reaches exactly the process that is meant.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child =
            spawn(&mut program).unwrap_or_else(|error| panic!("cannot start `{}`: {error}", command[0]));
        let output = collect(child.stdout.take().expect("stdout is piped"));
        let errors = collect(child.stderr.take().expect("stderr is piped"));
        Wire { input: child.stdin.take(), child, output, errors }
    }

    /// The number of the started process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes these bytes and nothing else. A closed pipe is not an error here: the answer, or its lack, is looked at.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        if let Err(error) = input.write_all(bytes).and_then(|()| input.flush()) {
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
        }
    }

    /// Writes one line.
    pub fn send(&mut self, line: impl AsRef<[u8]>) {
        self.send_raw(&[line.as_ref(), b"\n"].concat());
    }

    /// Takes the input away, for a thread that writes while this one reads.
    pub fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("the input is open")
    }

    /// Ends the input, as a client does that leaves.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Stops reading, as a client does that hangs, until [`Wire::resume`].
    pub fn pause(&self) {
        self.output.state.lock().expect("no reader panics").paused = true;
    }

    /// Reads on.
    pub fn resume(&self) {
        self.output.state.lock().expect("no reader panics").paused = false;
        self.output.news.notify_all();
    }

    /// The next line, without its newline, or `None` once the output has ended. Waits at most [`PATIENCE`].
    pub fn next_line(&self) -> Option<Vec<u8>> {
        self.output
            .next(PATIENCE)
            .unwrap_or_else(|()| panic!("nothing came within {PATIENCE:?}; stderr: {}", self.complaints()))
    }

    /// The lines up to and including the first that `wanted` accepts.
    pub fn read_until(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        loop {
            let Some(line) = self.next_line() else {
                let seen = lines.iter().map(|line| shown(line)).collect::<Vec<_>>().join("\n");
                panic!(
                    "the output ended before the wanted line; it was:\n{seen}\nstderr: {}",
                    self.complaints()
                );
            };
            let found = wanted(&line);
            lines.push(line);
            if found {
                return lines;
            }
        }
    }

    /// The lines up to and including the answer to `id`.
    pub fn read_answer(&self, id: &Value) -> Vec<Vec<u8>> {
        self.read_until(|line| is_answer(line, id))
    }

    /// Sends a request and gives the answer to it; other lines that come before it are dropped.
    pub fn ask(&mut self, request: &Value) -> Value {
        self.send(request.to_string());
        let line = self.read_answer(&request["id"]).pop().expect("the answer is the last line");
        serde_json::from_slice(&line).expect("an answer was recognised, so it is JSON")
    }

    /// Does the old handshake in the given version and gives the server's answer.
    pub fn handshake(&mut self, version: &str) -> Value {
        let params = serde_json::json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}});
        let answer = self.ask(&request("initialize", "initialize", params));
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer
    }

    /// Calls a tool and gives the whole answer.
    pub fn call(&mut self, id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
        self.ask(&request(id, "tools/call", serde_json::json!({"name": tool, "arguments": arguments})))
    }

    /// The lines that are left until the output ends.
    pub fn rest(&self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.next_line()).collect()
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        let watched = crate::process::Watched::new(self.pid());
        assert!(
            watched.gone_within(end.saturating_duration_since(Instant::now())),
            "it did not end within {PATIENCE:?}"
        );
        self.child.wait().expect("the process is ours")
    }

    /// The end of stderr so far, for a failure message.
    fn complaints(&self) -> String {
        let all = self.stderr();
        let start = all.char_indices().rev().nth(2_000).map_or(0, |(at, _)| at);
        all.split_at(start).1.to_owned()
    }

    /// All lines of stderr so far.
    pub fn stderr(&self) -> String {
        let state = self.errors.state.lock().expect("no reader panics");
        state.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
    }

    /// Waits until stderr holds `part`.
    pub fn await_stderr(&self, part: &str) {
        let end = Instant::now() + PATIENCE;
        let mut state = self.errors.state.lock().expect("no reader panics");
        while !state.lines.iter().any(|line| String::from_utf8_lossy(line).contains(part)) {
            let left = end.saturating_duration_since(Instant::now());
            let so_far = state.lines.iter().map(|line| shown(line)).collect::<Vec<_>>().join("\n");
            assert!(!left.is_zero() && !state.ended, "`{part}` is not on stderr: {so_far}");
            state = self.errors.news.wait_timeout(state, left).expect("no reader panics").0;
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // A test that failed half way must leave nothing running; one that passed has waited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    fn next(&self, patience: Duration) -> Result<Option<Vec<u8>>, ()> {
        let end = Instant::now() + patience;
        let mut state = self.state.lock().expect("no reader panics");
        loop {
            if let Some(line) = state.lines.pop_front() {
                return Ok(Some(line));
            }
            let left = end.saturating_duration_since(Instant::now());
            if state.ended {
                return Ok(None);
            } else if left.is_zero() {
                return Err(());
            }
            state = self.news.wait_timeout(state, left).expect("no reader panics").0;
        }
    }
}

/// A JSON-RPC request.
pub fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    serde_json::json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// The JSON of a line, however deep: the limit of `serde_json` is one level below ours.
pub fn json(line: &[u8]) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_slice(line);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).ok()?;
    reader.end().is_ok().then_some(value)
}

/// Whether the line answers `id`, equal in type and value.
pub fn is_answer(line: &[u8], id: &Value) -> bool {
    json(line).is_some_and(|message| message.get("method").is_none() && message.get("id") == Some(id))
}

/// A line for a failure message: readable, and not megabytes of it.
pub fn shown(line: &[u8]) -> String {
    let head = &line[..line.len().min(600)];
    let cut = if head.len() < line.len() { format!("… ({} bytes)", line.len()) } else { String::new() };
    format!("{}{cut}", head.escape_ascii())
}

/// Reads a pipe line by line, in a thread; a last line without newline counts as one.
fn collect(pipe: impl Read + Send + 'static) -> Arc<Output> {
    let output = Arc::new(Output::default());
    let sink = Arc::clone(&output);
    thread::spawn(move || {
        let mut reader = BufReader::with_capacity(1 << 16, pipe);
        loop {
            let mut line = Vec::new();
            let ended = !reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0);
            let mut state = sink.state.lock().expect("no waiter panics while it holds the lock");
            while state.paused {
                state = sink.news.wait(state).expect("no waiter panics while it holds the lock");
            }
            if ended {
                state.ended = true;
            } else {
                line.pop_if(|last| *last == b'\n');
                state.lines.push_back(line);
            }
            sink.news.notify_all();
            if ended {
                return;
            }
        }
    });
    output
}
