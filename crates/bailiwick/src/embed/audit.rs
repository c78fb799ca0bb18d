//! Where a program's audit log is.

use std::path::PathBuf;

use bailiwick_gateway::relay::now;
use bailiwick_record::AuditLog;
use bailiwick_record::audit::{Durability, OpenOptions, Store, StoreOptions};
use etcetera::BaseStrategy as _;

use super::error::Error;

/// Where an audit log is kept, and what has to be certain before a message goes on.
///
/// ```
/// let audit = bailiwick::Audit::file("/var/log/agents/audit.jsonl").strict();
/// ```
#[derive(Debug)]
pub struct Audit {
    place: Place,
    durability: Durability,
    key_directory: Option<PathBuf>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Store(Box<dyn Store>),
}

impl Audit {
    /// In this file, which is begun, or continued if it verifies.
    pub fn file(path: impl Into<PathBuf>) -> Audit {
        Audit::of(Place::File(path.into()))
    }

    /// In a place of the program's own.
    pub fn store(store: impl Store + 'static) -> Audit {
        Audit::of(Place::Store(Box::new(store)))
    }

    fn of(place: Place) -> Audit {
        Audit { place, durability: Durability::Batched, key_directory: None }
    }

    /// A message goes on when its record is on the disk, or the store has synced it. Otherwise: when it was taken, and it is synced within
    /// 100 ms.
    #[must_use]
    pub fn strict(self) -> Audit {
        Audit { durability: Durability::Strict, ..self }
    }

    /// Where the signing key is; made, with the key, if it is not there. Otherwise the command's: `key` in the [`state_directory`].
    #[must_use]
    pub fn key_directory(self, directory: impl Into<PathBuf>) -> Audit {
        Audit { key_directory: Some(directory.into()), ..self }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.durability == Durability::Strict
    }

    pub(super) fn open(self) -> Result<AuditLog, Error> {
        let Audit { place, durability, key_directory } = self;
        let key_directory = key_directory.or_else(|| Some(state_directory()?.join("key")));
        let key_directory = key_directory.ok_or_else(|| {
            Error::Setup("there is no home directory for the signing key: name a `key_directory`".to_owned())
        })?;
        let (log, _) = match place {
            Place::File(path) => AuditLog::open(OpenOptions { path, durability, key_directory }, now())?,
            Place::Store(store) => {
                AuditLog::open_in(store, &StoreOptions { durability, key_directory }, now())?
            }
        };
        Ok(log)
    }
}

/// Where the command keeps its key and its logs, unless `BAILIWICK_STATE_DIR` says otherwise: `bailiwick` in `$XDG_STATE_HOME`, else in
/// `~/.local/state`. `None`: there is no home directory.
#[must_use]
pub fn state_directory() -> Option<PathBuf> {
    let base = etcetera::base_strategy::Xdg::new().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.home_dir().join(".local/state")).join("bailiwick"))
}
