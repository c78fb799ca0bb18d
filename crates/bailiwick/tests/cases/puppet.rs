//! A server that writes what the test says, and shows what it reads. Two named pipes and a shell: it starts at once.

use bailiwick_engine::Pins;
use bailiwick_record::lock::{Lock, LockedServer};
use bailiwick_testkit::patience::PATIENCE;
use bailiwick_testkit::script::ServerCommand;
use bailiwick_testkit::workplace::Workplace;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What the shell does: everything that arrives goes to one pipe, everything from the other pipe is said.
const SCRIPT: &str = "exec 3<&0; cat <&3 >heard & exec cat said";

/// A last line of our own that says that all was read; no message looks like it.
const END: &[u8] = b"(all was read)";

#[derive(Debug)]
pub(crate) struct Puppet {
    folder: PathBuf,
    said: Option<File>,
    heard: Receiver<Vec<u8>>,
}

impl Puppet {
    pub(crate) fn new(place: &Workplace) -> Puppet {
        let pipe = |name: &str| {
            let path = place.path().join(name);
            let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
            assert!(made.success(), "no pipe {}", path.display());
            open(&path)
        };
        let (said, heard) = (pipe("said"), pipe("heard"));
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(heard);
            loop {
                let mut line = Vec::new();
                let read = reader.read_until(b'\n', &mut line);
                line.pop_if(|last| *last == b'\n');
                if !read.is_ok_and(|count| count > 0) || line == END || sender.send(line).is_err() {
                    return;
                }
            }
        });
        Puppet { folder: place.path().to_owned(), said: Some(said), heard: receiver }
    }

    pub(crate) fn command(&self) -> ServerCommand {
        let words = ["sh", "-c", SCRIPT].map(str::to_owned);
        ServerCommand { command: words.to_vec(), environment: Vec::new() }
    }

    pub(crate) fn say(&mut self, line: &[u8]) {
        let said = self.said.as_mut().expect("the server has not ended");
        said.write_all(&[line, b"\n"].concat()).expect("the server's pipe takes it");
    }

    /// The server's output ends, and with it the server.
    pub(crate) fn end(&mut self) {
        self.said = None;
    }

    pub(crate) fn next_line(&self) -> Vec<u8> {
        self.heard
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("nothing reached the server within {PATIENCE:?}"))
    }

    /// What reached the server and was not looked at. For after its end.
    pub(crate) fn rest(&self) -> Vec<Vec<u8>> {
        let mut pipe = open(&self.folder.join("heard"));
        pipe.write_all(&[END, b"\n"].concat()).expect("the pipe takes it");
        self.heard.iter().collect()
    }
}

/// Writes the lock file of the server that `command` starts.
pub(crate) fn lock(place: &Workplace, server: &str, command: Vec<String>, pins: &Pins) {
    let mut lock = Lock::empty();
    lock.servers.insert(server.to_owned(), LockedServer::new(command, pins));
    let text = lock.text().expect("JSON");
    std::fs::write(place.path().join("case.lock"), text).expect("the lock file can be written");
}

/// Opened for both, a named pipe waits for nobody.
fn open(path: &Path) -> File {
    File::options()
        .read(true)
        .write(true)
        .open(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
