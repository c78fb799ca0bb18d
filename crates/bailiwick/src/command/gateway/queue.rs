//! Questions that wait for `bailiwick approvals`: a socket that only this user can reach, or a group, and what is said over it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bailiwick_approval as approval;
use bailiwick_engine::{Answer, ApprovedBy, Scanner};
use bailiwick_gateway::http::{Answering, Approver, Asked, Taken};

use crate::exit::Failure;
use crate::{people, places, say};

/// Questions that wait at once; beyond it one is denied without being asked.
const WAITING_MAX: usize = 256;
/// Longest line that is said to us, in bytes, and how long it may take.
const LINE_BYTES_MAX: u64 = 256;
const LINE_TIME: Duration = Duration::from_secs(2);
/// Columns that a question is laid out for.
const COLUMNS: usize = 100;

/// Where the sockets of all gateways of this user are.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    Ok(places::runtime()?.join("approvals"))
}

/// The queue of one gateway. Its socket goes with it.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Arc<Mutex<Waiting>>,
    scanner: Arc<Scanner>,
    socket: PathBuf,
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    questions: BTreeMap<u64, Waits>,
}

#[derive(Debug)]
struct Waits {
    page: String,
    until: Instant,
    answering: Answering,
}

impl Waits {
    /// False once its time is over, or whoever waited for it left.
    fn is_open(&self) -> bool {
        Instant::now() < self.until && self.answering.is_open()
    }
}

impl Queue {
    /// Opens the socket in a folder for this user, or in `shared`, which others may reach too.
    pub(super) fn open(scanner: &Arc<Scanner>, shared: Option<&Path>) -> Result<Arc<Queue>, Failure> {
        let folder = match shared {
            Some(folder) => folder.to_owned(),
            None => folder()?,
        };
        let cannot = |error| {
            Failure::refused(format!("cannot listen for approvals in `{}`: {error}", folder.display()))
        };
        if shared.is_none() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(cannot)?;
            // One that was there already may be open to others.
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).map_err(cannot)?;
        }
        let about = std::fs::metadata(&folder).map_err(cannot)?;
        if about.mode() & 0o002 != 0 {
            let why = format!("everybody may write in `{}`, so anybody could answer", folder.display());
            return Err(Failure::refused(why)
                .help("give it to a group: `chmod 2770`, and `chgrp` to the group that approves"));
        }
        let socket = folder.join(format!("{}.sock", std::process::id()));
        // Nobody else has our number: what is there is of a gateway that was killed.
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).map_err(cannot)?;
        let opened = match shared {
            // The folder's group, and nobody else; until then only this user.
            Some(_) => chown(&socket, None, Some(about.gid()))
                .and_then(|()| std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o660))),
            None => Ok(()),
        };
        opened.map_err(cannot)?;
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let for_thread = Arc::clone(&waiting);
        let body = move || serve(&listener, &for_thread);
        std::thread::Builder::new().name("approvals".into()).spawn(body).map_err(cannot)?;
        Ok(Arc::new(Queue { waiting, scanner: Arc::clone(scanner), socket }))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Approver for Queue {
    fn ask(&self, asked: Asked) {
        let Asked { question, principal, server, answering } = asked;
        let mut waiting = lock(&self.waiting);
        waiting.questions.retain(|_, waits| waits.is_open());
        let id = waiting.last.saturating_add(1);
        let shown = super::super::run::asked(&question, (id, &principal, &server));
        let scanner = Arc::clone(&self.scanner);
        let page = approval::page(&shown, COLUMNS, move |text| scanner.redact_secrets(text).into_owned());
        let refused = match page {
            Err(cause) => Some(cause.to_string()),
            Ok(_) if waiting.questions.len() >= WAITING_MAX => Some("too many questions wait".to_owned()),
            Ok(page) => {
                waiting.last = id;
                let until = Instant::now() + shown.ttl;
                waiting
                    .questions
                    .insert(id, Waits { page: page.join("\n"), until, answering: answering.clone() });
                None
            }
        };
        drop(waiting);
        match refused {
            Some(why) => drop(answering.answer(&Answer::Deny(why))),
            None => {
                let name = format!("{}-{id}", std::process::id());
                let (server, target) = (&shown.server, approval::visible(&shown.target));
                say::note(&format!(
                    "asks: {} {server}/{target}: `bailiwick approvals approve {name}`, or deny",
                    shown.method
                ));
            }
        }
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: &UnixListener, waiting: &Mutex<Waiting>) {
    for stream in listener.incoming().flatten() {
        // Whoever breaks off is told nothing.
        let _ = answer(stream, waiting);
    }
}

/// One line, and what is said to it.
fn answer(stream: UnixStream, waiting: &Mutex<Waiting>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LINE_TIME))?;
    stream.set_write_timeout(Some(LINE_TIME))?;
    let mut line = String::new();
    BufReader::new(stream.try_clone()?.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    let said = match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
        ("list", "") => list(waiting),
        (word @ ("approve" | "deny"), id) => {
            let by = ApprovedBy { who: people::peer(&stream)?, how: "with `bailiwick approvals`".to_owned() };
            let given = match word {
                "approve" => Answer::Approve(by),
                _ => Answer::Deny(format!("denied {by}")),
            };
            match id.parse().map_or(Taken::Gone, |id| take(waiting, id, &given)) {
                Taken::Settled => "done\n".to_owned(),
                Taken::Waits(words) => format!("waits {words}\n"),
                Taken::Gone => "gone\n".to_owned(),
            }
        }
        _ => "unknown\n".to_owned(),
    };
    (&stream).write_all(said.as_bytes())
}

/// Brings an answer to whoever waits. A question stays in the queue as long as it waits for others too.
fn take(waiting: &Mutex<Waiting>, id: u64, given: &Answer) -> Taken {
    let waits = lock(waiting).questions.remove(&id);
    let Some(waits) = waits.filter(Waits::is_open) else { return Taken::Gone };
    let taken = waits.answering.answer(given);
    if matches!(taken, Taken::Waits(_)) {
        lock(waiting).questions.insert(id, waits);
    }
    taken
}

/// For each question a line `id seconds`, and then the lines of its page behind a `|`.
fn list(waiting: &Mutex<Waiting>) -> String {
    let mut waiting = lock(waiting);
    let now = Instant::now();
    waiting.questions.retain(|_, waits| waits.is_open());
    let mut said = String::new();
    for (id, waits) in &waiting.questions {
        let left = waits.until.saturating_duration_since(now).as_secs();
        said.push_str(&format!("{id} {left}\n"));
        waits.page.lines().for_each(|line| said.push_str(&format!("|{line}\n")));
    }
    said
}

/// Says `line` to the gateway behind `socket`; its answer.
pub(crate) fn say_to(socket: &Path, line: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LINE_TIME * 2))?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut said = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut said)?;
    Ok(said)
}

/// Longest answer of a gateway, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
