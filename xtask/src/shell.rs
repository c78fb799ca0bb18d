//! Running other programs, with progress that reads well in a terminal and in a log.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Everything that chores install: ignored by git, safe to delete.
pub(crate) fn tools() -> PathBuf {
    root().join("target/tools")
}

/// The cargo that runs us, so that a chore never mixes toolchains.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Numbers the steps of a chore and times them.
pub(crate) struct Progress {
    total: usize,
    current: usize,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, current: 0 }
    }

    /// Runs one step between a line that announces it and a line that says how it ended.
    pub(crate) fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.current += 1;
        println!("[{}/{}] {what}", self.current, self.total);
        let start = Instant::now();
        let ended = work();
        let seconds = start.elapsed().as_secs_f64();
        match &ended {
            Ok(_) => println!("      done in {seconds:.1} s"),
            Err(_) => println!("      FAILED after {seconds:.1} s"),
        }
        ended.with_context(|| format!("step `{what}`"))
    }
}

/// Runs a noisy program with its output in a log file; says every 15 s that it still runs, shows the log's end if it fails.
pub(crate) fn logged(command: &mut Command, name: &str) -> Result<()> {
    let folder = tools().join("logs");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.log"));
    let log = File::create(&path)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    let (ended, wait) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait()));
    let start = Instant::now();
    let status = loop {
        match wait.recv_timeout(HEARTBEAT) {
            Ok(status) => break status?,
            Err(_) => println!("      … {name}: {} s so far", start.elapsed().as_secs()),
        }
    };
    if !status.success() {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(LOG_TAIL)..).unwrap_or_default().join("\n");
        bail!("{} ended with {status}; the end of {}:\n{tail}", shown(command), path.display());
    }
    Ok(())
}

/// Runs a program with both its outputs shown and handed, line by line, to `line`.
pub(crate) fn teed(command: &mut Command, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    println!("      $ {}", shown(command));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    let out = child.stdout.take().context("no pipe to the child")?;
    let err = child.stderr.take().context("no pipe to the child")?;
    // Both into one channel: cargo says on one what happened on the other, and the order is most of the sense.
    let (from_out, lines) = mpsc::channel();
    let from_err = from_out.clone();
    thread::spawn(move || send_lines(out, &from_out));
    thread::spawn(move || send_lines(err, &from_err));
    for text in lines {
        println!("{text}");
        line(&text);
    }
    Ok(child.wait()?)
}

fn send_lines(from: impl Read, to: &mpsc::Sender<String>) {
    for bytes in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        if to.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
            break;
        }
    }
}

/// What a program prints on standard output, or `None` if it is missing or fails.
pub(crate) fn output(program: impl AsRef<Path>, args: &[&str]) -> Option<String> {
    let out = Command::new(program.as_ref()).args(args).stdin(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let cargo = program.file_name().filter(|name| *name == "cargo");
    let words = std::iter::once(cargo.unwrap_or(program.as_os_str())).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

const HEARTBEAT: Duration = Duration::from_secs(15);
const LOG_TAIL: usize = 40;
