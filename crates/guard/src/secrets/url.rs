//! `scheme://user:password@host`: the password.

use super::literal::Place;
use super::value::{is_placeholder, is_stand_in};
use super::{PLACEHOLDER_START, Secret};

/// Longest user and password together, in bytes.
pub(super) const USER_INFORMATION_BYTES_MAX: usize = 512;

pub(super) fn check(text: &str, place: &Place) -> Option<Secret> {
    let start = place.span.end;
    let rest = text.get(start..text.floor_char_boundary(start + USER_INFORMATION_BYTES_MAX))?;
    let stops = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\');
    let authority = rest.split(|c| stops(c) || matches!(c, '/' | '?' | '#')).next()?;
    let at = match authority.rfind('@') {
        Some(at) => at,
        // Outside the web, passwords with unescaped `/`, `?` or `#` are common and clients take them.
        None if !is_web(text.get(..place.span.start)?) => rest.split(stops).next()?.find('@')?,
        None => return None,
    };
    let (user, password) = rest.get(..at)?.split_once(':')?;
    let port =
        password.split(['/', '?']).next().is_some_and(|head| head.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port && at >= authority.len();
    if password.is_empty()
        || port
        || is_stand_in(password)
        || is_placeholder(password)
        || password.contains(PLACEHOLDER_START)
        || (!user.is_empty() && is_placeholder(user))
    {
        return None;
    }
    let from = start + user.len() + 1;
    Some(Secret::new(from..from + password.len(), "url-password"))
}

fn is_web(before: &str) -> bool {
    // At most a scheme is read back.
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(12))..).unwrap_or_default();
    let scheme = near.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    ["http", "https", "ws", "wss", "ftp", "file"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
}
