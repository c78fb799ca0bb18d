//! Who descends from the command, and how they are ended: exact on Linux, by process group elsewhere.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(crate) use self::linux::{adopt, any_left, become_reaper, die_with, is_orphan, signal_all, sweep};
#[cfg(not(target_os = "linux"))]
pub(crate) use self::portable::{adopt, any_left, become_reaper, die_with, is_orphan, signal_all, sweep};
