//! The baseline: two threads that copy bytes between client and server and look at none of them.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

/// Starts the server and copies until either side ends.
pub(crate) fn run(server: &[String]) -> Result<bool> {
    let (program, args) = server.split_first().context("the relay needs a server's command")?;
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let to_server = child.stdin.take().context("no pipe to the server")?;
    let from_server = child.stdout.take().context("no pipe from the server")?;
    // The descriptors themselves: std's own handles buffer, and stdout's flushes at every line.
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    thread::spawn(move || copy(input, to_server));
    copy(from_server, output);
    Ok(ExitStatus::success(&child.wait()?))
}

/// Copies until the end of input, or until nobody reads any more.
fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = vec![0; COPY_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            break;
        }
    }
}

/// A pipe's usual capacity.
const COPY_BYTES: usize = 64 << 10;
