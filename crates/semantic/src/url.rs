//! URLs: every way in which browsers, simple clients and careless checks take one apart.

mod authority;
mod find;
mod path;

pub use find::{Found, find};

use ::url::ParseError;

use crate::host::{Class, Host, Hosts, Port};
use crate::limits::{URL_BYTES_MAX, URL_READINGS_MAX};

/// One way to take a URL apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Lower case.
    pub scheme: String,
    /// True if a name or password stands before the host.
    pub userinfo: bool,
    /// `None`: the URL names no host, like `data:` or `file:///x`.
    pub hosts: Option<Hosts>,
    /// The port that is written, or the usual one of the scheme.
    pub port: Port,
    /// The path as it is, and as servers normalise it. An allow must match every one, a deny any one.
    pub paths: Vec<String>,
    pub query: Option<String>,
}

/// All that one text may stand for as a URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Urls {
    /// An allow must match every one, a deny any one.
    pub readings: Vec<Url>,
    /// Two readers differ, or one might: an allow does not match.
    pub doubtful: bool,
    /// No URL at all, to some reader: a deny matches whatever its pattern says, an allow does not.
    pub unreadable: bool,
}

impl Urls {
    /// Reads the whole of `text` as one URL. Without a scheme it is read as clients do that add one, with a doubt.
    #[must_use]
    pub fn read(text: &str) -> Urls {
        let mut out = Urls::default();
        if text.len() > URL_BYTES_MAX {
            out.unreadable = true;
            return out;
        }
        let cleaned = clean(text);
        out.doubtful = cleaned != text;
        out.read_clean(&cleaned, NESTED_MAX);
        if out.readings.len() > URL_READINGS_MAX {
            out.unreadable = true;
            out.readings.truncate(URL_READINGS_MAX);
        }
        // Where two readers differ, the difference is what an attack lives on.
        out.doubtful |= out.readings.len() > 1;
        out
    }

    fn read_clean(&mut self, text: &str, nested: u32) {
        let Some((scheme, rest)) = split_scheme(text) else { return self.read_relative(text, nested) };
        let lower = scheme.to_ascii_lowercase();
        self.doubtful |= lower != scheme;
        let browser = match ::url::Url::parse(text) {
            Ok(url) => Some(url),
            Err(error) => {
                self.doubtful = true;
                self.unreadable |= !matches!(error, ParseError::RelativeUrlWithoutBase);
                None
            }
        };
        let browser = browser.as_ref();
        let special = is_special(&lower);
        if special && (!rest.starts_with("//") || rest.starts_with("///")) {
            self.doubtful = true;
        }
        self.doubtful |= special && rest.split(['?', '#']).next().unwrap_or_default().contains('\\');
        let paths = path::readings(browser.map_or("", |url| url.path()), rest);
        let query =
            browser.and_then(|url| url.query()).or_else(|| rest.split_once('?').map(|(_, query)| query));
        let usual = usual_port(&lower);
        let one = |hosts: Option<Hosts>, userinfo: bool, port: Option<u16>| Url {
            scheme: lower.clone(),
            userinfo,
            hosts,
            port: Port { number: port.or(usual), usual: port.is_none() || port == usual },
            paths: paths.clone(),
            query: query.map(str::to_owned),
        };
        let found = authority::readings(rest, special);
        for authority in &found {
            let hosts = (!authority.host.is_empty()).then(|| Hosts::read(&authority.host));
            self.doubtful |= hosts.as_ref().is_some_and(|hosts| hosts.doubtful || hosts.unreadable);
            self.unreadable |= authority.bad_port;
            self.add(one(hosts, authority.userinfo, authority.port));
        }
        if let Some(host) = browser.and_then(::url::Url::host_str).filter(|host| !host.is_empty()) {
            let hosts = Hosts::read(host);
            let known = |url: &Url| {
                let same = |known: &Hosts| hosts.readings.iter().all(|host| known.readings.contains(host));
                url.hosts.as_ref().is_some_and(same)
            };
            if !self.readings.iter().any(known) {
                let port = browser.and_then(::url::Url::port);
                self.add(one(Some(hosts), browser.is_some_and(|url| !url.username().is_empty()), port));
            }
        }
        if self.readings.is_empty() {
            self.add(one(None, false, None));
        }
        // `blob:https://…`, `view-source:https://…`, `jar:https://…`.
        if let (Some((_, inner)), Some(left)) = (split_scheme(rest), nested.checked_sub(1))
            && inner.starts_with(['/', '\\'])
        {
            self.doubtful = true;
            self.read_clean(rest, left);
            // What stands before `!` is the address of an archive.
            if let Some((archive, _)) = rest.split_once("!/") {
                self.read_clean(archive, left);
            }
        }
    }

    fn read_relative(&mut self, text: &str, nested: u32) {
        self.doubtful = true;
        let slashes = text.chars().take_while(|character| matches!(character, '/' | '\\')).count();
        let (Some(left), false) = (nested.checked_sub(1), text.is_empty() || slashes == 1) else {
            // A path below some URL that is not known.
            self.unreadable = true;
            return;
        };
        for scheme in ["https", "http"] {
            let text = if slashes > 0 { format!("{scheme}:{text}") } else { format!("{scheme}://{text}") };
            self.read_clean(&text, left);
        }
    }

    fn add(&mut self, url: Url) {
        if !self.readings.contains(&url) {
            self.readings.push(url);
        }
    }
}

/// True if a text that nobody called a URL may be meant as one, or as a host: it begins with a scheme and slashes, or with a
/// dotted name or an address. Words are not: every word could be the name of a machine nearby.
#[must_use]
pub fn is_plausible(text: &str) -> bool {
    if text.len() > URL_BYTES_MAX {
        return false;
    }
    let cleaned = clean(text);
    let text = cleaned.as_str();
    if text.contains(' ') {
        return hides_host(text);
    }
    if let Some((scheme, rest)) = split_scheme(text)
        && scheme.len() > 1
        && (rest.starts_with(['/', '\\']) || is_special(&scheme.to_ascii_lowercase()))
    {
        return true;
    }
    let behind = text.trim_start_matches(['/', '\\']);
    if !matches!(text.len().saturating_sub(behind.len()), 0 | 2) {
        return false;
    }
    let authority = behind.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.starts_with('[') || host.matches(':').nth(1).is_some() {
        let hosts =
            Hosts::read(host.rsplit_once("]:").map_or(host, |(front, _)| front.trim_start_matches('[')));
        return !hosts.unreadable;
    }
    let host = host.split(':').next().unwrap_or_default();
    let hosts = Hosts::read(host);
    !hosts.unreadable
        && hosts.readings.iter().any(|found| match found {
            Host::Name(name) => {
                host.contains('.')
                    || Class::Loopback.contains(found)
                    || (Class::Metadata.contains(found) && name != "metadata")
            }
            Host::Address(_) => host.matches('.').count() >= 3 || (host.len() >= 9 && host.starts_with("0x")),
        })
}

/// `https://one host@another/`: to prose the URL ends at the blank, to whoever is given the whole text what stands before the
/// `@` is a name.
fn hides_host(text: &str) -> bool {
    let Some((_, rest)) = split_scheme(text).filter(|(_, rest)| rest.starts_with(['/', '\\'])) else {
        return false;
    };
    let authority =
        rest.trim_start_matches(['/', '\\']).split(['/', '\\', '?', '#']).next().unwrap_or_default();
    authority.split_once(' ').is_some_and(|(_, behind)| behind.contains('@'))
}

/// URLs within URLs are read this deep.
const NESTED_MAX: u32 = 3;

/// What browsers drop: blanks and controls at both ends, tabs and line ends everywhere.
fn clean(text: &str) -> String {
    let text = text.trim_matches(|character: char| character <= ' ' || character.is_whitespace());
    text.chars().filter(|character| !matches!(character, '\t' | '\n' | '\r')).collect()
}

/// The scheme and what stands behind its colon.
pub(crate) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let fine = scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(plain);
    // `localhost:8080` and `example.com:443` are a host and a port.
    let port = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (fine && !is_port).then_some((scheme, rest))
}

/// The schemes in which any number of slashes, and backslashes, lead to a host.
pub(crate) fn is_special(scheme: &str) -> bool {
    matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp")
}

fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        "ssh" | "sftp" => Some(22),
        "gopher" => Some(70),
        "ldap" => Some(389),
        "postgres" | "postgresql" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        _ => None,
    }
}
