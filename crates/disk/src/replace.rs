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
}

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
    replace_by(path, before, after, &mut |_| Ok(()))
}

pub(super) fn replace_by(
    path: &Path,
    before: Option<&[u8]>,
    after: &[u8],
    step: &mut dyn FnMut(Step) -> io::Result<()>,
) -> Result<(), ReplaceError> {
    let fail = |source: io::Error| ReplaceError::Io { path: path.to_owned(), source };
    // Links are followed to the file itself, so that they go on leading to it.
    let target = match before {
        Some(_) => fs::canonicalize(path).map_err(fail)?,
        None => path.to_owned(),
    };
    let about = match before {
        Some(_) => Some(replaceable(path, &target)?),
        None => None,
    };
    let temporary = temporary_name(&target).map_err(fail)?;
    step(Step::Create).map_err(fail)?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(fail)?;
    let written = write(&mut file, about.as_ref(), after, step).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => ReplaceError::Owner { path: path.to_owned() },
        _ => fail(error),
    });
    let renamed = written.and_then(|()| {
        let same = before.is_none_or(|before| crate::bytes(&target).is_ok_and(|now| now == before));
        if !same {
            return Err(ReplaceError::Changed { path: path.to_owned() });
        }
        step(Step::Rename).and_then(|()| fs::rename(&temporary, &target)).map_err(fail)
    });
    if let Err(error) = renamed {
        // The first error is the one to tell.
        let _ = step(Step::Clean).and_then(|()| fs::remove_file(&temporary));
        return Err(error);
    }
    // The new name is there; that it lasts through a power cut is all that can still fail.
    step(Step::SyncFolder).and_then(|()| File::open(folder(&target))?.sync_all()).map_err(fail)
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
