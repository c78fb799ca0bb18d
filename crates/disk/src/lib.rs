//! Configurations of clients on the disk: finding them, reading them, replacing them, remembering what was changed.

mod discover;
mod record;
mod replace;
mod tree;

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use bailiwick_clients::tree::CONFIG_BYTES_MAX;

pub use discover::{Discovery, Found, discover};
pub use record::{Plan, Records, Skipped};
pub use replace::{ReplaceError, put, replace};
pub use tree::{TREE_FILES_MAX, Walk, walk};

/// A configuration as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The text, without the byte order mark.
    pub text: String,
    pub has_mark: bool,
}

/// Why a file cannot be read.
#[derive(Debug, Error)]
#[error("cannot read `{path}`: {why}")]
pub struct ReadError {
    pub path: PathBuf,
    pub why: String,
}

const MARK: &str = "\u{feff}";

impl Content {
    /// Reads a file whole.
    ///
    /// # Errors
    /// If it is no regular file, too long, or not UTF-8.
    pub fn load(path: &Path) -> Result<Content, ReadError> {
        let error = |why: String| ReadError { path: path.to_owned(), why };
        let bytes = bytes(path).map_err(|failed| error(failed.to_string()))?;
        let mut text = String::from_utf8(bytes).map_err(|_| error("it is not UTF-8".to_owned()))?;
        let has_mark = text.starts_with(MARK);
        if has_mark {
            text.drain(..MARK.len());
        }
        Ok(Content { text, has_mark })
    }

    /// The bytes as they lie on the disk, with another text.
    #[must_use]
    pub fn with(&self, text: &str) -> Vec<u8> {
        let mark = if self.has_mark { MARK } else { "" };
        [mark.as_bytes(), text.as_bytes()].concat()
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    bounded(path, CONFIG_BYTES_MAX)
}

/// Opens a regular file, or a pipe that somebody holds open for us already (`/dev/fd/63`, as a shell's `<(…)` is).
///
/// # Errors
/// If it is something else, which would be waited for or never end, or cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    let held = HELD.iter().any(|folder| path.starts_with(folder));
    // A pipe on the disk is opened without waiting for its other end; the file that is looked at is the one that is read.
    let flags = if held { 0 } else { rustix::fs::OFlags::NONBLOCK.bits().cast_signed() };
    let opened = File::options().read(true).custom_flags(flags).open(path);
    let about = match &opened {
        Ok(file) => file.metadata()?.file_type(),
        // A socket cannot even be opened.
        Err(_) => match std::fs::metadata(path) {
            Ok(about) => about.file_type(),
            Err(_) => return opened,
        },
    };
    let what = match () {
        () if about.is_file() || (held && about.is_fifo()) => return opened,
        () if about.is_dir() => "a directory",
        () if about.is_fifo() => "a named pipe",
        () if about.is_socket() => "a socket",
        () => "a device",
    };
    Err(io::Error::other(format!("it is {what}, not a file")))
}

/// Where the descriptors of a process stand as files.
const HELD: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// Reads a file of at most `bytes_max` bytes whole, whoever laid it there; [`open`] says what a file is.
///
/// # Errors
/// If it is something else, or longer, or cannot be read.
pub fn bounded(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(io::Error::other(format!("it is longer than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
