//! What the allocator keeps of what was freed.

/// Gives it back to the system: once, when what a start needs and nothing else does is freed. A supervisor and its parent live as
/// long as an agent's session, and there are two of them for each server. A gateway does it when many sessions are over.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` takes no pointer, and may be called at any time from any thread.
    #[expect(unsafe_code, reason = "there is no safe name for it")]
    unsafe {
        nix::libc::malloc_trim(0);
    }
}
