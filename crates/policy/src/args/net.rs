//! The matchers `url` and `host`: where a string leads on the network.

use std::rc::Rc;

use bailiwick_semantic::url::{find, is_plausible};
use bailiwick_semantic::{Class, HostPatterns, Hosts, Port, Strict, Url, Urls};

use super::{Answer, Reach, Sense};
use crate::glob::Name;
use crate::set::Set;

/// `url`: patterns that are joined by OR.
#[derive(Debug)]
pub(crate) struct UrlList {
    pub(crate) patterns: Vec<UrlPattern>,
    /// As the policy writes them, variables filled in.
    pub(crate) written: Vec<String>,
}

/// One pattern for URLs; what is `None` is not looked at.
#[derive(Debug, Default)]
pub(crate) struct UrlPattern {
    pub(crate) schemes: Option<Vec<Name>>,
    pub(crate) hosts: Option<HostPatterns>,
    pub(crate) ports: Option<Vec<u16>>,
    /// Further ports than the usual one of the scheme need no mention.
    pub(crate) any_port: bool,
    pub(crate) paths: Option<Set>,
    pub(crate) userinfo: Option<Presence>,
    pub(crate) query: Option<Query>,
}

/// Whether something stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    None,
    Some,
    Any,
}

#[derive(Debug)]
pub(crate) enum Query {
    None,
    Globs(Set),
}

/// `host`: patterns that are joined by OR.
#[derive(Debug)]
pub(crate) struct HostList {
    pub(crate) patterns: HostPatterns,
    pub(crate) written: Vec<String>,
}

/// What one string says about the network.
#[derive(Debug)]
pub(crate) struct Net {
    /// The whole string as a URL, where it may be one.
    pub(crate) whole: Option<Urls>,
    /// The whole string as a host, where it holds nothing else.
    pub(crate) host: Option<(Hosts, Option<u16>)>,
    /// The URLs within it.
    pub(crate) within: Vec<Urls>,
    /// There are more than are read.
    pub(crate) more: bool,
}

/// The strings of one call that were read before.
#[derive(Debug, Default)]
pub(crate) struct Nets {
    known: Vec<(usize, bool, Rc<Net>)>,
}

impl Nets {
    /// Reads `text`; `named`: the rule names its place, so it must be a URL or a host.
    pub(crate) fn read(&mut self, place: usize, text: &str, named: bool) -> Rc<Net> {
        if let Some((_, _, net)) = self.known.iter().find(|known| known.0 == place && known.1 == named) {
            return Rc::clone(net);
        }
        let net = Rc::new(Net::read(text, named));
        self.known.push((place, named, Rc::clone(&net)));
        net
    }
}

impl Net {
    pub(super) fn read(text: &str, named: bool) -> Net {
        let found = find(text);
        let plausible = named || is_plausible(text);
        Net {
            whole: plausible.then(|| Urls::read(text)),
            host: plausible.then(|| bare_host(text)).flatten(),
            // What the text is as a whole it is not within itself.
            within: found
                .urls
                .iter()
                .filter(|url| !plausible || **url != text)
                .map(|url| Urls::read(url))
                .collect(),
            more: found.more,
        }
    }

    /// What stands in the way of reading it, in words.
    pub(crate) fn remark(&self, named: bool) -> Option<&'static str> {
        if let Some((hosts, _)) = &self.host {
            return match (hosts.unreadable, hosts.doubtful) {
                (true, _) => Some("not readable as a host"),
                (false, true) => Some("a spelling that programs read differently"),
                (false, false) => None,
            };
        }
        let unreadable = named && self.all().any(|urls| urls.unreadable);
        let doubtful = self.all().any(|urls| urls.doubtful);
        match (unreadable, doubtful) {
            (true, _) => Some("not readable as a URL"),
            (false, true) => Some("a spelling that programs read differently"),
            (false, false) => None,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Urls> {
        self.whole.iter().chain(&self.within)
    }
}

/// Host and port of a text that holds nothing else.
fn bare_host(text: &str) -> Option<(Hosts, Option<u16>)> {
    if text.contains(['/', '\\', '@', '?', '#']) {
        return None;
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, port),
        _ => return Some((Hosts::read(text), None)),
    };
    let number = port.parse().ok().filter(|_| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((Hosts::read(host), Some(number)))
}

impl UrlList {
    pub(crate) fn answer(&self, net: &Net, reach: Reach, sense: Sense) -> Answer {
        let strict = strict(reach, sense);
        let one = |url: &Url| self.patterns.iter().any(|pattern| pattern.matches(url, strict));
        answer(net, reach, sense, one)
    }

    /// The pattern that matches, and the reading that decided.
    pub(crate) fn seen(
        &self,
        net: &Net,
        reach: Reach,
        sense: Sense,
        matched: bool,
    ) -> (Option<String>, Option<String>) {
        let strict = strict(reach, sense);
        let hit = |url: &Url| self.patterns.iter().position(|pattern| pattern.matches(url, strict));
        let wanted = matched || sense == Sense::Any;
        let urls = || net.all().flat_map(|urls| &urls.readings);
        let reading = urls().find(|url| hit(url).is_some() == wanted).or_else(|| urls().next());
        let pattern = reading.and_then(hit).and_then(|at| self.written.get(at).cloned());
        (reading.map(written), pattern)
    }
}

impl HostList {
    pub(crate) fn answer(&self, net: &Net, reach: Reach, sense: Sense) -> Answer {
        let strict = strict(reach, sense);
        if let Some((hosts, port)) = &net.host {
            let port = Port { number: *port, usual: true };
            let matches = self.patterns.matches(hosts, port, strict);
            return if matches { Answer::Yes } else { Answer::No };
        }
        answer(net, reach, sense, |url| self.has(url, strict))
    }

    fn has(&self, url: &Url, strict: Strict) -> bool {
        let port = Port { usual: true, ..url.port };
        url.hosts.as_ref().is_some_and(|hosts| self.patterns.matches(hosts, port, strict))
    }

    /// The pattern that matches, and the host that decided.
    pub(crate) fn seen(
        &self,
        net: &Net,
        reach: Reach,
        sense: Sense,
        matched: bool,
    ) -> (Option<String>, Option<String>) {
        let strict = strict(reach, sense);
        let all = || net.all().flat_map(|urls| &urls.readings);
        let wanted = matched || sense == Sense::Any;
        let url = all().find(|url| self.has(url, strict) == wanted);
        let (hosts, port) =
            match (&net.host, url.and_then(|url| Some((url.hosts.as_ref()?, url.port.number)))) {
                (Some((hosts, port)), _) => (hosts, *port),
                (None, Some((hosts, port))) => (hosts, port),
                (None, None) => return (None, None),
            };
        let at = self.patterns.position(hosts, Port { number: port, usual: true });
        let pattern = at.and_then(|at| self.written.get(at).cloned());
        let shown: Vec<String> =
            hosts.readings.iter().chain(&hosts.aliases).map(ToString::to_string).collect();
        ((!shown.is_empty()).then(|| shown.join(" or ")), pattern)
    }
}

/// Where nobody said that the string is a URL, one that cannot be read is none.
fn strict(reach: Reach, sense: Sense) -> Strict {
    match (sense, reach) {
        (Sense::Any, Reach::Named) => Strict::Any,
        (Sense::Any, Reach::Star | Reach::Deep) => Strict::Readable,
        (Sense::Every | Sense::Holds, _) => Strict::Every,
    }
}

fn answer(net: &Net, reach: Reach, sense: Sense, one: impl Fn(&Url) -> bool) -> Answer {
    let named = reach == Reach::Named;
    if sense == Sense::Any {
        let unreadable = named && net.whole.as_ref().is_none_or(|urls| urls.unreadable);
        let found = net.more || unreadable || net.all().flat_map(|urls| &urls.readings).any(one);
        return if found { Answer::Yes } else { Answer::No };
    }
    let sure = |urls: &Urls| {
        !urls.unreadable && !urls.doubtful && !urls.readings.is_empty() && urls.readings.iter().all(&one)
    };
    if named {
        // A URL within the query is for the server behind the first one to follow or not.
        return if net.whole.as_ref().is_some_and(sure) { Answer::Yes } else { Answer::No };
    }
    if net.more {
        return Answer::No;
    }
    if net.all().next().is_none() {
        return Answer::Skip;
    }
    if net.all().all(sure) { Answer::Yes } else { Answer::No }
}

impl UrlPattern {
    fn matches(&self, url: &Url, strict: Strict) -> bool {
        let every = strict == Strict::Every;
        let port = Port { usual: url.port.usual || self.any_port || self.ports.is_some(), ..url.port };
        self.schemes
            .as_ref()
            .is_none_or(|schemes| schemes.iter().any(|scheme| scheme.matches(&url.scheme, &url.scheme, true)))
            && match (&self.hosts, &url.hosts) {
                (None, None) => true,
                // Without a word on hosts, an allow still takes no odd port.
                (None, Some(_)) => port.usual || !every,
                (Some(patterns), Some(hosts)) => patterns.matches(hosts, port, strict),
                (Some(_), None) => false,
            }
            && self.ports.as_ref().is_none_or(|ports| match url.port.number {
                Some(number) => ports.contains(&number),
                None => !every,
            })
            && self.paths.as_ref().is_none_or(|paths| {
                let is_match = |path: &String| paths.is_match(path);
                if every { url.paths.iter().all(is_match) } else { url.paths.iter().any(is_match) }
            })
            && match self.userinfo {
                // A name before the host misleads people and programs alike: an allow must ask for it.
                None => !every || !url.userinfo,
                Some(Presence::Any) => true,
                Some(Presence::None) => !url.userinfo,
                Some(Presence::Some) => url.userinfo,
            }
            && match (&self.query, &url.query) {
                (None, _) => true,
                (Some(Query::None), query) => query.as_ref().is_none_or(String::is_empty),
                (Some(Query::Globs(globs)), query) => globs.is_match(query.as_deref().unwrap_or_default()),
            }
    }
}

fn written(url: &Url) -> String {
    let host = url.hosts.as_ref().and_then(|hosts| hosts.readings.first()).map(ToString::to_string);
    let host = host.map(|host| format!("//{host}")).unwrap_or_default();
    let port = url.port.number.filter(|_| !url.port.usual).map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}:{host}{port}{}", url.scheme, url.paths.first().map(String::as_str).unwrap_or_default())
}

/// The hosts that a text leads to, each with the class that it is of; `named`: it stands where a host or URL belongs.
pub(crate) fn hosted(text: &str, named: bool) -> Vec<String> {
    let net = Net::read(text, named);
    let urls = net.all().flat_map(|urls| &urls.readings).filter_map(|url| url.hosts.as_ref());
    let mut out: Vec<String> = Vec::new();
    for host in urls.chain(net.host.iter().map(|(hosts, _)| hosts)).flat_map(|hosts| &hosts.readings) {
        let class =
            TOLD.iter().find(|class| class.contains(host)).map(|class| format!(" ({})", class.word()));
        let line = format!("{host}{}", class.unwrap_or_default());
        if !out.contains(&line) && out.len() < HOSTED_MAX {
            out.push(line);
        }
    }
    out.extend(net.remark(named).filter(|_| !out.is_empty()).map(|remark| format!("({remark})")));
    out
}

/// Hosts of one text that are put into words.
const HOSTED_MAX: usize = 16;
/// The classes that a person should hear of, the most telling first.
const TOLD: [Class; 9] = [
    Class::Metadata,
    Class::Loopback,
    Class::LinkLocal,
    Class::Private,
    Class::Confusable,
    Class::Rebinding,
    Class::Unspecified,
    Class::Multicast,
    Class::Reserved,
];
