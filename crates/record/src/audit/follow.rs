//! Following a log that somebody else is writing.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::chain::LINE_BYTES_MAX;
use super::lines::{LineRead, append_line};
use super::read::{ReadError, Record};

/// Gives the records of a log as they are written. Half a line waits until the rest of it is there.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    reader: BufReader<File>,
    /// The beginning of a line that is not whole yet.
    buffer: Vec<u8>,
    consumed: u64,
}

impl Follow {
    /// Follows the log at `path` from its beginning.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn open(path: &Path) -> Result<Follow, ReadError> {
        let reader = BufReader::new(File::open(path)?);
        Ok(Follow { path: path.into(), reader, buffer: Vec::new(), consumed: 0 })
    }

    /// The next record, or `None` if there was none within `timeout`; zero gives only what is there already.
    /// The file is looked at every [`FOLLOW_INTERVAL`].
    ///
    /// # Errors
    /// If a line is no record (the next call goes on after it), or the file was replaced, cut or removed.
    pub fn next(&mut self, timeout: Duration) -> Result<Option<Record>, ReadError> {
        let deadline = Instant::now() + timeout;
        loop {
            let held = self.buffer.len();
            let read = append_line(&mut self.reader, &mut self.buffer, LINE_BYTES_MAX)?;
            match read {
                LineRead::Line => {
                    self.consumed += (self.buffer.len() - held) as u64 + 1;
                    let record = Record::parse(&self.buffer);
                    self.buffer.clear();
                    return record.map(Some);
                }
                LineRead::TooLong(bytes) => {
                    self.consumed += bytes + 1 - held as u64;
                    self.buffer.clear();
                    return Err(ReadError::TooLong { bytes });
                }
                LineRead::Tail => self.consumed += (self.buffer.len() - held) as u64,
            }
            self.check_same_file()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(left.min(FOLLOW_INTERVAL));
        }
    }

    fn check_same_file(&self) -> Result<(), ReadError> {
        let open = self.reader.get_ref().metadata()?;
        let named = std::fs::metadata(&self.path).map_err(|_| ReadError::Replaced)?;
        let same = (open.dev(), open.ino()) == (named.dev(), named.ino());
        if same && open.len() >= self.consumed { Ok(()) } else { Err(ReadError::Replaced) }
    }
}

/// How often a followed file is looked at.
pub const FOLLOW_INTERVAL: Duration = Duration::from_millis(50);
