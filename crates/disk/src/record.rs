//! Undo records: of every file that was edited, which places of which servers, and what stood there.
//!
//! They hold only what was replaced, a command and never an environment, so that no secret lies about in a copy.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::replace::{Before, Step, replace_by};
use super::{Content, ReplaceError};
use bailiwick_clients::config::{Reading, read};
use bailiwick_clients::tree::Fault;
use bailiwick_clients::wrap::{Change, Edited, Piece, Refused, Wrapper, edit};

/// The folder of the undo records, held by one process at a time.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// The record of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    file: PathBuf,
    servers: Vec<Recorded>,
}

/// One server in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    container: Vec<String>,
    name: String,
    /// Newest first: the one before it holds if the newest never reached the file.
    pieces: Vec<Vec<Piece>>,
}

const RECORD_VERSION: u32 = 1;

/// What is going to be done to one file.
#[derive(Debug)]
pub struct Plan {
    pub path: PathBuf,
    pub before: String,
    pub after: String,
    /// Servers that are changed; true if only the meaning of their command comes back.
    pub changed: Vec<(String, bool)>,
    /// Servers that are left as they are, and why.
    pub skipped: Vec<Skipped>,
    content: Content,
    servers: Vec<Recorded>,
}

/// A server that is left as it is.
#[derive(Debug)]
pub struct Skipped {
    pub server: String,
    pub why: Refused,
}

impl Records {
    /// Opens the folder, and waits until no other process edits.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Records> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = File::create(folder.join("lock"))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(Records { folder: folder.to_owned(), _lock: lock })
    }

    /// Plans what `wanted` asks for: servers by their position in the file, each with what is to stand before it.
    ///
    /// # Errors
    /// If the file is not in its format.
    pub fn plan(
        &self,
        path: &Path,
        content: Content,
        reading: &Reading,
        wanted: &[(usize, Option<Wrapper>)],
    ) -> Result<Plan, Fault> {
        let config = read(&content.text, reading)?;
        let record = self.load(path);
        let mut plan = Plan {
            path: path.to_owned(),
            before: content.text.clone(),
            after: content.text.clone(),
            changed: Vec::new(),
            skipped: Vec::new(),
            content,
            servers: record.servers,
        };
        for (at, wrapper) in wanted {
            let Some(server) = config.servers.get(*at) else { continue };
            let place =
                |recorded: &Recorded| recorded.container == server.container && recorded.name == server.name;
            let recorded = plan.servers.iter().find(|recorded| place(recorded));
            let pieces = recorded.map(|recorded| recorded.pieces.clone()).unwrap_or_default();
            let change = Change { server: *at, pieces: &pieces, wrapper: wrapper.as_ref() };
            match edit(&plan.after, reading, &[change]) {
                Err(why) => plan.skipped.push(Skipped { server: server.name.clone(), why }),
                Ok(Edited { text, pieces: new, drifted }) => {
                    plan.after = text;
                    plan.changed.push((server.name.clone(), drifted.contains(&true)));
                    plan.servers.retain(|recorded| !place(recorded));
                    let new = new.into_iter().filter(|pieces| !pieces.is_empty());
                    let both: Vec<Vec<Piece>> = new.chain(pieces).take(PIECES_KEPT).collect();
                    let (container, name) = (server.container.clone(), server.name.clone());
                    plan.servers.push(Recorded { container, name, pieces: both });
                }
            }
        }
        Ok(plan)
    }

    /// Writes the record, the file, and the record again without what is no more.
    ///
    /// # Errors
    /// If something cannot be written. The file is then as it was, or as it was planned.
    pub fn carry_out(&self, plan: &Plan, reading: &Reading) -> Result<(), ReplaceError> {
        self.carry_out_by(plan, reading, &mut |_| Ok(()))
    }

    pub(super) fn carry_out_by(
        &self,
        plan: &Plan,
        reading: &Reading,
        step: &mut dyn FnMut(Step) -> io::Result<()>,
    ) -> Result<(), ReplaceError> {
        if plan.after == plan.before {
            return Ok(());
        }
        // Before the file, so that what stands in it can always be undone.
        self.save(&plan.path, &plan.servers, step)?;
        let (before, after) = (plan.content.with(&plan.before), plan.content.with(&plan.after));
        replace_by(&plan.path, Before::Holds(&before), &after, step)?;
        let wrapped = read(&plan.after, reading).map(|config| config.servers).unwrap_or_default();
        let still: Vec<Recorded> = plan
            .servers
            .iter()
            .cloned()
            .filter_map(|mut recorded| {
                recorded.pieces.truncate(1);
                let is_ours = |server: &bailiwick_clients::config::Server| {
                    server.name == recorded.name
                        && server.container == recorded.container
                        && matches!(
                            bailiwick_clients::wrap::State::of(server),
                            bailiwick_clients::wrap::State::Ours { .. }
                        )
                };
                wrapped.iter().any(is_ours).then_some(recorded)
            })
            .collect();
        self.save(&plan.path, &still, step)
    }

    fn load(&self, path: &Path) -> Record {
        let empty = Record { version: RECORD_VERSION, file: path.to_owned(), servers: Vec::new() };
        let Ok(bytes) = crate::bytes(&self.file(path)) else { return empty };
        // A record of another version, or a broken one: what it knew is undone by meaning instead.
        let record = serde_json::from_slice::<Record>(&bytes).ok();
        record.filter(|record| record.version == RECORD_VERSION).unwrap_or(empty)
    }

    fn save(
        &self,
        path: &Path,
        servers: &[Recorded],
        step: &mut dyn FnMut(Step) -> io::Result<()>,
    ) -> Result<(), ReplaceError> {
        let own = self.file(path);
        let fail = |source: io::Error| ReplaceError::Io { path: own.clone(), source };
        let before = crate::bytes(&own).ok();
        if servers.is_empty() {
            return match before {
                Some(_) => step(Step::Clean).and_then(|()| fs::remove_file(&own)).map_err(fail),
                None => Ok(()),
            };
        }
        let record = Record { version: RECORD_VERSION, file: path.to_owned(), servers: servers.to_vec() };
        let text = serde_json::to_vec_pretty(&record).map_err(|error| fail(io::Error::other(error)))?;
        replace_by(&own, before.as_deref().into(), &text, step)
    }

    fn file(&self, path: &Path) -> PathBuf {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
        self.folder.join(format!("{}.json", data_encoding::HEXLOWER.encode(&digest)))
    }
}

/// Earlier edits that are kept until a new one has reached the file.
const PIECES_KEPT: usize = 4;
