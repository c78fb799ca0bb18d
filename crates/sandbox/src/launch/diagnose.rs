//! Why a command did not start, in words for the person who typed it.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no command, or its name is empty.
    #[error("there is no command to run")]
    Empty,
    /// No such command, with the nearest one on the `PATH`.
    #[error("command `{program}` not found")]
    NotFound {
        /// As it was typed.
        program: String,
        /// A command that exists and is spelt almost so.
        nearest: Option<String>,
    },
    /// The command is a directory.
    #[error("`{program}` is a directory, not a command")]
    Directory {
        /// As it was typed.
        program: String,
    },
    /// The file is there but may not be executed.
    #[error("`{program}` is not executable")]
    NotExecutable {
        /// As it was typed.
        program: String,
    },
    /// The script is there but the interpreter of its first line is not.
    #[error("`{program}` needs the interpreter `{interpreter}`, which is not there")]
    NoInterpreter {
        /// As it was typed.
        program: String,
        /// From the `#!` line.
        interpreter: String,
    },
    /// The kernel does not know the file's format.
    #[error("`{program}` is neither a program for this machine nor a script with a `#!` line")]
    Format {
        /// As it was typed.
        program: String,
    },
    /// The kernel refused for another reason.
    #[error("`{program}` cannot be started: {cause}")]
    Refused {
        /// As it was typed.
        program: String,
        /// What the kernel said.
        cause: io::Error,
    },
    /// Our own part failed before the command was tried.
    #[error("the supervisor of the command cannot be started: {0}")]
    Supervisor(#[source] io::Error),
}

impl LaunchError {
    /// What to do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            LaunchError::Empty => "put the server's command after `--`".to_owned(),
            LaunchError::NotFound { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            LaunchError::NotFound { nearest: None, program } if program.contains('/') => {
                "check the path; a relative one starts at the current directory".to_owned()
            }
            LaunchError::NotFound { nearest: None, .. } => {
                "install it, add its directory to `PATH`, or give its full path".to_owned()
            }
            LaunchError::Directory { .. } => "give the program inside it".to_owned(),
            LaunchError::NotExecutable { program } => {
                format!("run `chmod +x {program}`, or put its interpreter before it")
            }
            LaunchError::NoInterpreter { interpreter, .. } => {
                format!("install `{interpreter}`, or correct the first line of the script")
            }
            LaunchError::Format { .. } => {
                "put its interpreter before it, such as `node` or `python3`".to_owned()
            }
            LaunchError::Refused { .. } => "run the command alone to see whether it starts".to_owned(),
            LaunchError::Supervisor(_) => {
                "our own binary may have been moved or removed; start again".to_owned()
            }
        }
    }
}

/// Turns what the kernel said about a command into what is wrong with it.
pub(super) fn diagnose(program: &OsStr, cause: io::Error) -> LaunchError {
    let shown = program.display().to_string();
    let found = find(program, env::var_os("PATH").as_deref());
    match (cause.raw_os_error().map(nix::errno::Errno::from_raw), found) {
        (Some(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR), None) => LaunchError::NotFound {
            nearest: nearest(program, env::var_os("PATH").as_deref()),
            program: shown,
        },
        (Some(nix::errno::Errno::ENOENT), Some((path, _))) => match interpreter(&path) {
            Some(interpreter) => LaunchError::NoInterpreter { program: shown, interpreter },
            None => LaunchError::Refused { program: shown, cause },
        },
        (Some(nix::errno::Errno::EACCES), Some((_, metadata))) if metadata.is_dir() => {
            LaunchError::Directory { program: shown }
        }
        (Some(nix::errno::Errno::EACCES), Some((_, metadata)))
            if metadata.permissions().mode() & 0o111 == 0 =>
        {
            LaunchError::NotExecutable { program: shown }
        }
        (Some(nix::errno::Errno::ENOEXEC), Some(_)) => LaunchError::Format { program: shown },
        _ => LaunchError::Refused { program: shown, cause },
    }
}

/// The first file or directory that the name stands for.
fn find(program: &OsStr, search: Option<&OsStr>) -> Option<(PathBuf, Metadata)> {
    let look = |path: PathBuf| fs::metadata(&path).ok().map(|metadata| (path, metadata));
    if program.as_bytes().contains(&b'/') {
        return look(PathBuf::from(program));
    }
    env::split_paths(search?).find_map(|folder| look(folder.join(program)))
}

fn interpreter(path: &Path) -> Option<String> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(SHEBANG_BYTES_MAX).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let name = String::from_utf8_lossy(line);
    name.split_whitespace().next().map(|name| name.escape_debug().to_string())
}

fn nearest(program: &OsStr, search: Option<&OsStr>) -> Option<String> {
    let typed = program.to_str().filter(|typed| !typed.contains('/'))?;
    // A short name is near to everything.
    let distance_max = if typed.chars().count() > 4 { 2 } else { 1 };
    env::split_paths(search?)
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .map(|name| (strsim::damerau_levenshtein(typed, &name), name))
        .filter(|(distance, _)| *distance <= distance_max)
        .min()
        .map(|(_, name)| name)
}

/// What the kernel reads of a script to find its interpreter.
const SHEBANG_BYTES_MAX: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(program: &str, errno: nix::errno::Errno) -> String {
        diagnose(OsStr::new(program), errno.into()).to_string()
    }

    #[test]
    fn the_kernel_is_translated() {
        use nix::errno::Errno;
        // A C library that runs such a file as a shell script never lets this one through.
        assert_eq!(
            said("/bin/sh", Errno::ENOEXEC),
            "`/bin/sh` is neither a program for this machine nor a script with a `#!` line"
        );
        assert_eq!(said("/", Errno::EACCES), "`/` is a directory, not a command");
        assert_eq!(said("/bin/sh/x", Errno::ENOTDIR), "command `/bin/sh/x` not found");
        assert!(
            said("/bin/sh", Errno::E2BIG).starts_with("`/bin/sh` cannot be started: Argument list too long")
        );
        // The execute bit is there, so something else forbids it.
        assert!(said("/bin/sh", Errno::EACCES).starts_with("`/bin/sh` cannot be started: Permission denied"));
    }

    #[test]
    fn a_short_name_has_no_neighbours_two_letters_away() {
        let search = Some(OsStr::new("/bin:/usr/bin"));
        assert_eq!(nearest(OsStr::new("/bin/shh"), search), None);
        assert_eq!(nearest(OsStr::new("qqqq"), search), None);
    }
}
