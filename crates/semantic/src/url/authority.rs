//! The authority of a URL: user, host and port, in every way that readers cut it.

use crate::host::percent;

/// One way to cut it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) userinfo: bool,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// What stands behind the colon is no port.
    pub(super) bad_port: bool,
}

/// Every authority that `rest`, the text behind the scheme's colon, may hold.
pub(super) fn readings(rest: &str, special: bool) -> Vec<Authority> {
    let mut out = Vec::new();
    let slashes = rest.find(|character| !matches!(character, '/' | '\\')).unwrap_or(rest.len());
    let (lead, behind) = rest.split_at_checked(slashes).unwrap_or((rest, ""));
    if !special && !lead.starts_with("//") && !lead.starts_with("\\\\") {
        return out;
    }
    if !special && lead.len() > 2 {
        // `file:///path`: an empty host.
        return out;
    }
    // Browsers end it at a backslash, RFC 3986 does not; whoever decodes first sees further ends.
    let wide = until(behind, &['/', '?', '#']);
    cut(until(behind, &['/', '\\', '?', '#']), &mut out);
    cut(wide, &mut out);
    if let Some(decoded) = percent(wide) {
        cut(until(&decoded, &['/', '\\', '?', '#']), &mut out);
        cut(&decoded, &mut out);
    }
    out
}

fn until<'t>(text: &'t str, ends: &[char]) -> &'t str {
    text.split(ends).next().unwrap_or_default()
}

/// Splits user and host at the last `@`, as the standards say, and at the first, as simple patterns do.
fn cut(authority: &str, out: &mut Vec<Authority>) {
    let last = authority.rsplit_once('@').map(|(_, host)| host);
    let first = authority.split_once('@').map(|(_, host)| until(host, &['@']));
    for host in [last, first] {
        let found = split(host.unwrap_or(authority), host.is_some());
        if !out.contains(&found) {
            out.push(found);
        }
    }
}

fn split(text: &str, userinfo: bool) -> Authority {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.starts_with('[') || host.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse::<u16>().ok().filter(|_| digits);
    Authority {
        userinfo,
        host: host.to_owned(),
        port: number,
        bad_port: !port.is_empty() && number.is_none(),
    }
}
