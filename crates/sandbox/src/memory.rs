//! What a start needed, and nothing does afterwards.

/// Gives it back to the system: what the allocator keeps of what was freed, and the pages of code. A supervisor and its parent
/// live as long as an agent's session, and there are two of them for each server.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` takes no pointer, and may be called at any time from any thread.
    #[expect(unsafe_code, reason = "there is no safe name for it")]
    unsafe {
        nix::libc::malloc_trim(0);
    }
    #[cfg(target_os = "linux")]
    for (start, length) in code() {
        let start = std::ptr::with_exposed_provenance_mut(start);
        // SAFETY: the pages are of a file, mapped to be read and run and never written: nothing in them can be lost, and whoever
        // touches one gets it back from the page cache. An error changes nothing.
        #[expect(unsafe_code, reason = "there is no safe name for it")]
        unsafe {
            nix::libc::madvise(start, length, nix::libc::MADV_DONTNEED);
        }
    }
}

/// Where code of files lies in our memory: address and length.
#[cfg(target_os = "linux")]
fn code() -> Vec<(usize, usize)> {
    // Without it nothing is given back.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().take(MAPPINGS_MAX).filter_map(code_of).collect()
}

/// `55d0c0a00000-55d0c0b00000 r-xp 00001000 08:01 1234   /usr/bin/x`
#[cfg(target_os = "linux")]
fn code_of(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let runs = words.next()? == "r-xp";
    // What the kernel maps has no path but a name in brackets.
    let of_file = words.nth(3)?.starts_with('/');
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (runs && of_file).then_some((start, end.checked_sub(start)?))
}

/// More mappings than any program of ours has.
#[cfg(target_os = "linux")]
const MAPPINGS_MAX: usize = 4_096;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{code, code_of, give_back};

    #[test]
    fn only_code_of_files_is_given_back() {
        let line = "55d0c0a00000-55d0c0b00000 r-xp 00001000 08:01 1234   /usr/bin/a b";
        assert_eq!(code_of(line), Some((0x55d0_c0a0_0000, 0x10_0000)));
        for other in [
            "55d0c0a00000-55d0c0b00000 rw-p 00001000 08:01 1234   /usr/bin/a",
            "55d0c0a00000-55d0c0b00000 rwxp 00001000 08:01 1234   /usr/bin/a",
            "7ffd0000-7ffd1000 r-xp 00000000 00:00 0   [vdso]",
            "7ffd0000-7ffd1000 r-xp 00000000 00:00 0",
            "",
        ] {
            assert_eq!(code_of(other), None, "{other}");
        }
    }

    #[test]
    fn code_that_was_given_back_still_runs() {
        assert!(code().len() > 1, "ours and that of the libraries");
        for _ in 0..100 {
            give_back();
            assert_eq!(format!("{:?}", [1, 2]), "[1, 2]");
        }
    }
}
