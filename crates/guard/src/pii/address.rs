//! E-mail addresses of people: not those of documentation, of services, or of tools that borrow the form.

use super::Found;
use crate::guard::Level;

pub(super) fn find(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        let local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
        let domain = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let before = bytes.get(..at).unwrap_or_default().iter().rev().take(64).take_while(local).count();
        let after = bytes.get(at + 1..).unwrap_or_default().iter().take(253).take_while(domain).count();
        let start = at - before;
        let host = text.get(at + 1..at + 1 + after).unwrap_or_default().trim_end_matches(['.', '-']);
        let name = text.get(start..at).unwrap_or_default().trim_start_matches(['.', '-', '%', '+']);
        let end = at + 1 + host.len();
        // `git@host:path`, `user:password@host`, `//name@host`.
        let borrowed = matches!(bytes.get(end), Some(b':' | b'/' | b'@'))
            || start
                .checked_sub(1)
                .and_then(|place| bytes.get(place))
                .is_some_and(|byte| matches!(byte, b'/' | b':' | b'@'));
        if !name.is_empty() && !borrowed && is_host(host) && !is_documentation(name, host) {
            found.push(("email", at - name.len()..end, Level::Possible));
        }
    }
}

fn is_host(host: &str) -> bool {
    let Some((rest, top)) = host.rsplit_once('.') else { return false };
    !rest.is_empty()
        && (2..=24).contains(&top.len())
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'))
}

fn is_documentation(name: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let reserved = ["example", "test", "invalid", "localhost", "yourdomain", "domain", "email"];
    let labels: Vec<&str> = host.split('.').collect();
    labels.iter().rev().take(2).any(|label| reserved.contains(label))
        || matches!(
            name.as_str(),
            "noreply"
                | "no-reply"
                | "git"
                | "root"
                | "postgres"
                | "you"
                | "user"
                | "name"
                | "username"
                | "your"
        )
}
