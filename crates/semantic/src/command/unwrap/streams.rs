//! Files that stand for what a program is given to read.

/// What kind of file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// Its input.
    Input,
    /// Another descriptor, or a device.
    Other,
}

/// `/dev/stdin`, `/dev/fd/9`, `/proc/self/fd/0`, in any writing, also as names below these directories.
pub(super) fn stream(text: &str) -> Option<Stream> {
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        ["dev", "null"] => None,
        [.., "stdin"] | [.., "fd", "0"] | ["0"] => Some(Stream::Input),
        [.., last] if number(last) => Some(Stream::Other),
        ["dev" | "proc", ..] if text.starts_with('/') => Some(Stream::Other),
        _ => None,
    }
}

pub(super) fn is_stream(text: &str) -> bool {
    stream(text).is_some()
}
