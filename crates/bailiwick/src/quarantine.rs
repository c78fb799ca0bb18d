//! Withheld messages on disk, for a person: one private file each, gone when it is released.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bailiwick_engine::Quarantined;
use serde_json::{Value as Json, json};

use crate::exit::Failure;
use crate::{places, say};

/// Most messages that are kept; the oldest makes room.
const KEPT_MAX: usize = 256;
/// Longest message that is kept, in bytes; of a longer one its beginning.
const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// The folder of withheld messages.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    Ok(places::state()?.join("quarantine"))
}

/// What keeps withheld messages while a proxy runs.
pub(crate) fn keeper() -> Result<bailiwick_gateway::relay::Keeper, Failure> {
    let folder = folder()?;
    Ok(Box::new(move |kept| {
        if let Err(error) = keep(&folder, kept) {
            say::warning(&format!("{} was withheld and could not be kept: {error}", kept.id));
        }
    }))
}

fn keep(folder: &Path, kept: &Quarantined) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    make_room(folder)?;
    let end = kept.message.floor_char_boundary(MESSAGE_BYTES_MAX);
    let document = json!({
        "id": kept.id,
        "at_us": kept.at.as_micros(),
        "server": kept.server,
        "method": kept.method,
        "target": kept.target,
        "findings": kept.findings,
        "message": kept.message.get(..end).unwrap_or_default(),
        "cut": end < kept.message.len(),
    });
    let path = file(folder, &kept.id).ok_or_else(|| io::Error::other("not an id"))?;
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    out.write_all(document.to_string().as_bytes())
}

fn make_room(folder: &Path) -> io::Result<()> {
    let mut all = ids(folder)?;
    while all.len() >= KEPT_MAX {
        // Ids begin with the time.
        let oldest = all.remove(0);
        file(folder, &oldest).map_or(Ok(()), fs::remove_file)?;
    }
    Ok(())
}

/// The ids of all that is kept, oldest first; none where there is no folder.
pub(crate) fn ids(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        ids.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
    }
    ids.sort();
    Ok(ids)
}

/// One withheld message.
pub(crate) fn read(folder: &Path, id: &str) -> io::Result<Json> {
    let path = file(folder, id).ok_or_else(|| io::Error::other("not an id of the quarantine"))?;
    serde_json::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
}

/// Takes one out of the quarantine: whoever comes first has it, and nobody after.
pub(crate) fn release(folder: &Path, id: &str) -> io::Result<Json> {
    let path = file(folder, id).ok_or_else(|| io::Error::other("not an id of the quarantine"))?;
    let taken = path.with_extension(format!("{}.taken", std::process::id()));
    fs::rename(&path, &taken)?;
    let text = fs::read_to_string(&taken);
    fs::remove_file(&taken)?;
    serde_json::from_str(&text?).map_err(io::Error::other)
}

/// The file of an id; none if that is no id of ours.
fn file(folder: &Path, id: &str) -> Option<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!id.is_empty() && id.len() <= 64 && id.chars().all(plain)).then(|| folder.join(format!("{id}.json")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use bailiwick_engine::Quarantined;
    use bailiwick_mcp::Timestamp;

    use super::{KEPT_MAX, ids, keep, read, release};

    fn message(id: String) -> Quarantined {
        let text = |text: &str| text.to_owned();
        Quarantined {
            id,
            at: Timestamp(1),
            server: text("srv"),
            method: text("tools/call"),
            target: text("look"),
            findings: vec![text("guard `injection/override`")],
            message: text("{}"),
        }
    }

    #[test]
    fn what_is_withheld_is_private_and_released_once() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("quarantine");
        keep(&place, &message("a1-7".to_owned())).unwrap();
        assert_eq!(ids(&place).unwrap(), ["a1-7"]);
        let mode = std::fs::metadata(place.join("a1-7.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read(&place, "a1-7").unwrap()["target"], "look");
        assert_eq!(release(&place, "a1-7").unwrap()["message"], "{}");
        assert!(release(&place, "a1-7").is_err(), "once");
        assert!(ids(&place).unwrap().is_empty());
        assert!(read(&place, "../../etc/passwd").is_err());
    }

    #[test]
    fn the_oldest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..=KEPT_MAX {
            keep(folder.path(), &message(format!("{number:05}-1"))).unwrap();
        }
        let left = ids(folder.path()).unwrap();
        assert_eq!((left.len(), left[0].as_str()), (KEPT_MAX, "00001-1"));
    }
}
