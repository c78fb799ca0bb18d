//! Replacing a file at once: a crash at any moment leaves the old one or the new one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file was not replaced. It is as it was.
#[derive(Debug, Error)]
pub enum ReplaceError {
    #[error("cannot write `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("`{path}` is read-only")]
    ReadOnly { path: PathBuf },
    #[error("`{path}` has other names (hard links), which would keep the old text")]
    Linked { path: PathBuf },
    #[error("`{path}` belongs to someone else, which a new file could not")]
    Owner { path: PathBuf },
    #[error("`{path}` was changed by someone else meanwhile")]
    Changed { path: PathBuf },
    #[error("`{path}` is there already")]
    Exists { path: PathBuf },
}

/// What is known of the file that is replaced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Before<'b> {
    /// There is none yet. The new one is made with these bits, less what the user's mask takes away.
    Nothing { mode: u32 },
    /// It holds this.
    Holds(&'b [u8]),
    /// Whatever it holds.
    Anything,
}

/// Of files that are for their owner alone, and of those that are for whom the owner's mask says.
const PRIVATE: u32 = 0o600;
const MASKED: u32 = 0o666;

/// What happens in order; tests let each of them fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Create,
    Own,
    WriteHalf,
    WriteRest,
    Sync,
    Rename,
    SyncFolder,
    Clean,
}

/// Replaces what `path` leads to, if it still holds `before`, by `after`. Mode and owner stay; a symbolic link stays one.
/// Without `before` the file must not exist yet; it is made for its owner alone.
///
/// # Errors
/// If that cannot be done without changing anything else about the file.
pub fn replace(path: &Path, before: Option<&[u8]>, after: &[u8]) -> Result<(), ReplaceError> {
    replace_by(path, before.into(), after, &mut |_| Ok(()))
}

impl<'b> From<Option<&'b [u8]>> for Before<'b> {
    fn from(before: Option<&'b [u8]>) -> Before<'b> {
        before.map_or(Before::Nothing { mode: PRIVATE }, Before::Holds)
    }
}

/// Writes the file that somebody named for an answer of ours. With `over` one that is there gives way, and its mode, owner and
/// links stay; without, it is an error. What is no file, such as a pipe or a terminal, is written to.
///
/// # Errors
/// If it cannot be written; what was there is then as it was.
pub fn put(path: &Path, text: &[u8], over: bool) -> Result<(), ReplaceError> {
    let fail = |source: io::Error| ReplaceError::Io { path: path.to_owned(), source };
    let before = match fs::metadata(path) {
        Ok(about) if !about.is_file() => {
            let mut out = OpenOptions::new().write(true).open(path).map_err(fail)?;
            return out.write_all(text).map_err(fail);
        }
        Ok(_) if over => Before::Anything,
        Ok(_) => return Err(ReplaceError::Exists { path: path.to_owned() }),
        // A link that leads nowhere: what was meant to be there is not to be guessed.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
            Before::Nothing { mode: MASKED }
        }
        Err(error) => return Err(fail(error)),
    };
    replace_by(path, before, text, &mut |_| Ok(()))
}

pub(super) fn replace_by(
    path: &Path,
    before: Before<'_>,
    after: &[u8],
    step: &mut dyn FnMut(Step) -> io::Result<()>,
) -> Result<(), ReplaceError> {
    let fail = |source: io::Error| ReplaceError::Io { path: path.to_owned(), source };
    // Links are followed to the file itself, so that they go on leading to it.
    let (target, about, mode) = match before {
        Before::Nothing { mode } => (path.to_owned(), None, mode),
        Before::Holds(_) | Before::Anything => {
            let target = fs::canonicalize(path).map_err(fail)?;
            let about = replaceable(path, &target)?;
            (target, Some(about), PRIVATE)
        }
    };
    let temporary = temporary_name(&target).map_err(fail)?;
    step(Step::Create).map_err(fail)?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary).map_err(fail)?;
    let written = write(&mut file, about.as_ref(), after, step).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => ReplaceError::Owner { path: path.to_owned() },
        _ => fail(error),
    });
    let renamed = written.and_then(|()| {
        if let Before::Holds(before) = before
            && !crate::bytes(&target).is_ok_and(|now| now == before)
        {
            return Err(ReplaceError::Changed { path: path.to_owned() });
        }
        step(Step::Rename).map_err(fail)?;
        let moved = match before {
            Before::Nothing { .. } => rename_new(&temporary, &target),
            Before::Holds(_) | Before::Anything => fs::rename(&temporary, &target),
        };
        moved.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ReplaceError::Exists { path: path.to_owned() },
            _ => fail(error),
        })
    });
    if let Err(error) = renamed {
        // The first error is the one to tell.
        let _ = step(Step::Clean).and_then(|()| fs::remove_file(&temporary));
        return Err(error);
    }
    // The new name is there; that it lasts through a power cut is all that can still fail.
    step(Step::SyncFolder).and_then(|()| File::open(folder(&target))?.sync_all()).map_err(fail)
}

/// Renames where no file is yet, and never over one.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot: what appears between the look and the step is replaced.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if fs::symlink_metadata(to).is_err() => {
            fs::rename(from, to)
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Err(io::ErrorKind::AlreadyExists.into()),
        other => other.map_err(io::Error::from),
    }
}

fn replaceable(path: &Path, target: &Path) -> Result<fs::Metadata, ReplaceError> {
    let about = fs::metadata(target).map_err(|source| ReplaceError::Io { path: path.to_owned(), source })?;
    if about.permissions().readonly() {
        return Err(ReplaceError::ReadOnly { path: path.to_owned() });
    }
    if about.nlink() > 1 {
        return Err(ReplaceError::Linked { path: path.to_owned() });
    }
    Ok(about)
}

fn write(
    file: &mut File,
    about: Option<&fs::Metadata>,
    after: &[u8],
    step: &mut dyn FnMut(Step) -> io::Result<()>,
) -> io::Result<()> {
    step(Step::Own)?;
    if let Some(about) = about {
        let own = file.metadata()?;
        if (own.uid(), own.gid()) != (about.uid(), about.gid()) {
            let (owner, group) =
                (rustix::fs::Uid::from_raw(about.uid()), rustix::fs::Gid::from_raw(about.gid()));
            rustix::fs::fchown(&*file, Some(owner), Some(group))?;
        }
        file.set_permissions(fs::Permissions::from_mode(about.mode() & 0o7777))?;
    }
    let (half, rest) = after.split_at(after.len() / 2);
    step(Step::WriteHalf)?;
    file.write_all(half)?;
    step(Step::WriteRest)?;
    file.write_all(rest)?;
    step(Step::Sync)?;
    file.sync_all()
}

/// In the same folder, so that the rename is one step; hidden, and not to be guessed.
fn temporary_name(target: &Path) -> io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.bailiwick", data_encoding::HEXLOWER.encode(&random)));
    Ok(target.with_file_name(name))
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
