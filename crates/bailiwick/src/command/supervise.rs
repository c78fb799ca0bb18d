//! The hidden supervisor that stands between us and the server, so that no orphan is left.

use std::ffi::OsStr;

/// Runs as the supervisor if the first argument says so; its exit status.
pub(crate) fn if_asked() -> Option<i32> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() == Some(OsStr::new(bailiwick_sandbox::SUPERVISE)) {
        Some(bailiwick_sandbox::supervise_main(arguments))
    } else {
        None
    }
}
