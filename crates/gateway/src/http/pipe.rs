//! A server over stdio: letters go in, lines come out, and when either ends so does it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use bailiwick_mcp::framing::{Frame, Lines};
use bailiwick_mcp::{Id, Limits};
use bailiwick_sandbox::{Process, Supervised};
use tokio::sync::mpsc;

use super::letter::Letter;

/// Letters that wait for a server which reads slowly; then it does not read.
pub(super) const LETTERS_MAX: usize = 256;
/// Lines that wait for us; then the server waits.
pub(super) const LINES_MAX: usize = 16;
/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// How long a server has to end by itself once its input is closed.
const GRACE: Duration = Duration::from_secs(2);

/// One line that a server said.
#[derive(Debug)]
pub(super) enum Heard {
    Line(Vec<u8>),
    /// A line that two readers would take for two.
    Broken,
    TooLong {
        id: Option<Id<'static>>,
        request: bool,
    },
}

/// The writing end of a running server. Dropping it closes the server's input, and ends it if it does not end by itself.
#[derive(Debug)]
pub(super) struct Pipe {
    end: End,
}

#[derive(Debug)]
enum End {
    Process {
        letters: Option<SyncSender<Letter>>,
        process: Arc<Process>,
    },
    /// Somebody posts them to where the server says.
    Letters(mpsc::Sender<Letter>),
}

impl Pipe {
    /// Connects to a server that was started; what it says comes out of the receiver, which ends with it.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub(super) fn connect(
        server: Supervised,
        limits: &Limits,
    ) -> std::io::Result<(Pipe, mpsc::Receiver<Heard>)> {
        let (letters, to_write) = sync_channel::<Letter>(LETTERS_MAX);
        let (lines, heard) = mpsc::channel(LINES_MAX);
        let process = Arc::new(server.process);
        let mut input = server.stdin;
        thread::Builder::new().name("to-server".into()).spawn(move || {
            for letter in to_write {
                // A server that does not read any more has ended, or will be.
                if input.write_all(&one_line(&letter)).is_err() {
                    return;
                }
            }
        })?;
        let (stdout, limits, for_thread) = (server.stdout, *limits, Arc::clone(&process));
        thread::Builder::new().name("from-server".into()).spawn(move || {
            read(stdout, &limits, &lines);
            for_thread.stop();
        })?;
        Ok((Pipe { end: End::Process { letters: Some(letters), process } }, heard))
    }

    /// A pipe to whoever takes the letters, until it is dropped.
    pub(super) fn of_letters(letters: mpsc::Sender<Letter>) -> Pipe {
        Pipe { end: End::Letters(letters) }
    }

    /// Hands a letter over; false if the server does not read, or has ended.
    pub(super) fn send(&self, letter: &Letter) -> bool {
        let letters = match &self.end {
            End::Process { letters, .. } => letters.as_ref(),
            End::Letters(letters) => return letters.try_send(letter.clone()).is_ok(),
        };
        match letters.map(|letters| letters.try_send(letter.clone())) {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => false,
        }
    }
}

impl Drop for Pipe {
    /// A server outlives nobody who could speak to it. The waiting is done on a thread of its own.
    fn drop(&mut self) {
        let End::Process { letters, process } = &mut self.end else { return };
        drop(letters.take());
        let process = Arc::clone(process);
        // Without a thread, the server's supervisor ends it when we end.
        let _ = thread::Builder::new().name("server-end".into()).spawn(move || {
            thread::sleep(GRACE);
            process.stop();
        });
    }
}

/// The letter on one line. A line end in it stands between two tokens: JSON has none in its strings.
fn one_line(letter: &Letter) -> Vec<u8> {
    let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    letter.bytes().iter().map(blank).chain([b'\n']).collect()
}

fn read(mut stdout: File, limits: &Limits, lines: &mpsc::Sender<Heard>) {
    let mut framer = Lines::new(limits);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match stdout.read(&mut chunk) {
            Ok(0) => 0,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            // What cannot be read has ended.
            Err(_) => 0,
        };
        framer.extend(chunk.get(..read).unwrap_or_default());
        loop {
            let frame = if read == 0 { framer.finish() } else { framer.next() };
            let Some(frame) = frame else { break };
            let heard = match frame {
                Frame::Line(line) => Heard::Line(line.to_vec()),
                Frame::CarriageReturn(_) => Heard::Broken,
                Frame::TooLong { id, request, .. } => Heard::TooLong { id, request },
            };
            if lines.blocking_send(heard).is_err() {
                return;
            }
        }
        if read == 0 {
            return;
        }
    }
}
