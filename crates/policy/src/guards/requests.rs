//! What a server may ask of the client where a rule lets it ask: the defaults hold under any policy that does not change them.

use std::sync::Arc;

use bailiwick_semantic::{Host, Strict, Url, Urls};

use super::GuardAction;
use crate::args::HostList;
use crate::model::Place;

/// What one layer says of the requests of servers.
#[derive(Debug, Clone)]
pub struct Requests {
    /// For tools in a sampling request, and calls beyond `calls_max`; unless it is off or only recorded, `includeContext`
    /// and `maxTokens` are held to their bounds.
    pub sampling: GuardAction,
    /// For forms that ask for secrets or hold addresses.
    pub form: GuardAction,
    /// For addresses to be opened, and for the word that one is done with.
    pub url: GuardAction,
    /// Tokens of one sampling request.
    pub tokens_max: u64,
    /// Sampling requests for one request of the client.
    pub calls_max: u64,
    /// A host must be in each of these lists; without a list none is allowed.
    hosts: Vec<Arc<HostList>>,
    /// Where the layer speaks of it first; `None`: it holds the defaults.
    pub said: Option<Place>,
}

/// What one file says of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestsPart {
    pub(crate) sampling: Option<GuardAction>,
    pub(crate) form: Option<GuardAction>,
    pub(crate) url: Option<GuardAction>,
    pub(crate) tokens_max: Option<u64>,
    pub(crate) calls_max: Option<u64>,
    pub(crate) hosts: Vec<Arc<HostList>>,
    pub(crate) said: Option<Place>,
}

/// What is wrong with an address, as a code and in words.
pub type Fault = (&'static str, &'static str);

/// Tokens of one sampling request where the policy does not say.
const TOKENS_MAX: u64 = 4_096;
/// Sampling requests for one request of the client where the policy does not say.
const CALLS_MAX: u64 = 16;

impl RequestsPart {
    /// What holds where two files of a layer speak: the stricter of each.
    #[must_use]
    pub(crate) fn joined(mut self, other: RequestsPart) -> RequestsPart {
        let least = |one: Option<u64>, two: Option<u64>| one.into_iter().chain(two).min();
        self.hosts.extend(other.hosts);
        RequestsPart {
            sampling: self.sampling.max(other.sampling),
            form: self.form.max(other.form),
            url: self.url.max(other.url),
            tokens_max: least(self.tokens_max, other.tokens_max),
            calls_max: least(self.calls_max, other.calls_max),
            hosts: self.hosts,
            said: self.said.or(other.said),
        }
    }
}

impl Requests {
    /// What is said, and the defaults for the rest.
    pub(crate) fn new(part: RequestsPart) -> Requests {
        Requests {
            sampling: part.sampling.unwrap_or(GuardAction::Block),
            form: part.form.unwrap_or(GuardAction::Block),
            url: part.url.unwrap_or(GuardAction::Block),
            tokens_max: part.tokens_max.unwrap_or(TOKENS_MAX),
            calls_max: part.calls_max.unwrap_or(CALLS_MAX),
            hosts: part.hosts,
            said: part.said,
        }
    }

    /// What speaks against letting a person open `address`; nothing: it is plain `https` to a host that the layer names.
    #[must_use]
    pub fn url_fault(&self, address: &str) -> Option<Fault> {
        let urls = Urls::read(address);
        if urls.readings.iter().any(|url| url.scheme != "https") {
            return Some(("url-scheme", "an address that is not https"));
        }
        if urls.readings.iter().any(|url| url.userinfo) {
            return Some(("url-userinfo", "an address with a name or a password before its host"));
        }
        let names = || {
            let hosts = urls.readings.iter().filter_map(|url| url.hosts.as_ref());
            hosts.flat_map(|hosts| &hosts.readings)
        };
        if names().any(|host| is_encoded(host) && !self.spells_out(host)) || !is_ascii_host(address) {
            return Some(("url-disguised", "an address whose host is not in plain letters"));
        }
        let ([url], false, false) = (urls.readings.as_slice(), urls.doubtful, urls.unreadable) else {
            return Some(("url-unclear", "an address that programs read in different ways"));
        };
        (!self.admits(url)).then_some(("url-host", "an address of a host that the policy does not name"))
    }

    fn admits(&self, url: &Url) -> bool {
        let Some(hosts) = &url.hosts else { return false };
        let in_list = |list: &Arc<HostList>| list.patterns.matches(hosts, url.port, Strict::Every);
        !self.hosts.is_empty() && self.hosts.iter().all(in_list)
    }

    /// A host in punycode is meant only where every list has it letter by letter.
    fn spells_out(&self, host: &Host) -> bool {
        let Host::Name(name) = host else { return false };
        let in_list = |list: &Arc<HostList>| {
            list.written.iter().any(|own| own.split(':').next() == Some(name.as_str()))
        };
        !self.hosts.is_empty() && self.hosts.iter().all(in_list)
    }
}

/// True for a name with a label in punycode.
fn is_encoded(host: &Host) -> bool {
    match host {
        Host::Name(name) => name.split('.').any(|label| label.starts_with("xn--")),
        Host::Address(_) => false,
    }
}

/// True if everything before the path is ASCII and not encoded.
fn is_ascii_host(address: &str) -> bool {
    let behind = address.split_once("//").map_or(address, |(_, behind)| behind);
    let authority = behind.split(['/', '?', '#']).next().unwrap_or_default();
    authority.is_ascii() && !authority.contains('%')
}

#[cfg(test)]
mod tests {
    use super::{Requests, RequestsPart};
    use crate::guards::GuardAction;
    use crate::{Context, Load, Source, compile};

    struct Nothing;

    impl Load for Nothing {
        fn load(&mut self, _: &str, _: &str) -> Result<Source, String> {
            Err("nothing to load".to_owned())
        }
    }

    fn of(texts: &[&str]) -> Vec<Requests> {
        let sources = texts
            .iter()
            .enumerate()
            .map(|(index, text)| Source { name: format!("{index}.yaml"), text: (*text).to_owned() });
        let policy = compile(sources.collect(), &mut Nothing, &Context::default());
        policy.map(|policy| policy.guards().requests().to_vec()).unwrap_or_default()
    }

    fn fault(hosts: &str, address: &str) -> Option<&'static str> {
        let policy = format!(
            "version: 1\nguards: {{ requests: {{ hosts: [{hosts}] }} }}\nrules: [{{ id: a, effect: allow, on: elicitation }}]"
        );
        let layers = of(&[&policy]);
        assert_eq!(layers.len(), 1, "{policy}");
        layers.iter().find_map(|own| own.url_fault(address)).map(|(code, _)| code)
    }

    #[test]
    fn only_plain_https_to_a_named_host_is_opened() {
        let own = "\"login.example.com\", \"*.trusted.example:*\", \"xn--bcher-kva.example\"";
        for fine in [
            "https://login.example.com/",
            "https://login.example.com",
            "https://login.example.com/authorize?client_id=x&redirect_uri=https%3A%2F%2Fcb.example%2F&scope=a+b#top",
            "https://login.example.com/authorize?redirect_uri=https://cb.example/done",
            "https://a.trusted.example:8443/x",
            "https://xn--bcher-kva.example/",
        ] {
            assert_eq!(fault(own, fine), None, "{fine}");
        }
        for (address, code) in [
            ("http://login.example.com/", "url-scheme"),
            ("javascript:alert(1)", "url-scheme"),
            ("data:text/html,x", "url-scheme"),
            ("login.example.com/", "url-scheme"),
            ("//login.example.com/", "url-scheme"),
            ("", "url-unclear"),
            ("https://user@login.example.com/", "url-userinfo"),
            ("https://login.example.com@evil.example/", "url-userinfo"),
            ("https://login.example.com:x@evil.example/", "url-userinfo"),
            ("https://xn--ogin-o0a.example.com/", "url-disguised"),
            ("https://a.xn--pple-43d.trusted.example/", "url-disguised"),
            ("https://ｌogin.example.com/", "url-disguised"),
            ("https://lоgin.example.com/", "url-disguised"),
            ("https://bücher.example/", "url-disguised"),
            ("https://login%2eexample.com/", "url-disguised"),
            ("https://login.example.com\\@evil.example/", "url-userinfo"),
            ("https://evil.example\\.login.example.com/", "url-unclear"),
            (" https://login.example.com/", "url-unclear"),
            ("https://login.exa\nmple.com/", "url-unclear"),
            ("https:login.example.com/", "url-unclear"),
            ("https://evil.example/", "url-host"),
            ("https://login.example.com.evil.example/", "url-host"),
            ("https://login.example.com:8443/", "url-host"),
            ("https://trusted.example/", "url-host"),
            ("https://127.0.0.1/", "url-host"),
        ] {
            assert_eq!(fault(own, address), Some(code), "{address}");
        }
        let none = Requests::new(RequestsPart::default());
        assert_eq!(none.url_fault("https://login.example.com/").map(|(code, _)| code), Some("url-host"));
    }

    #[test]
    fn a_layer_speaks_for_itself_and_its_files_join() {
        let rule = "rules: [{ id: RULE, effect: allow, on: elicitation }]";
        let layer = |id: &str, guards: &str| format!("version: 1\n{guards}\n{}", rule.replace("RULE", id));
        let off = layer("a", "guards: { requests: off }");
        let silent = layer("b", "");
        let actions = |texts: &[&str]| of(texts).iter().map(|own| own.url).collect::<Vec<_>>();
        assert_eq!(actions(&[&off]), [GuardAction::Off]);
        assert_eq!(actions(&[&silent]), [GuardAction::Block]);
        assert_eq!(actions(&[&off, &silent]), [GuardAction::Off, GuardAction::Block]);
        let passing = "version: 1\ndefault: pass\nrules: [{ id: c, effect: deny, on: roots }]";
        assert_eq!(actions(&[&off, passing]), [GuardAction::Off], "it says nothing");
        let joined = RequestsPart { tokens_max: Some(9), ..RequestsPart::default() }.joined(RequestsPart {
            tokens_max: Some(7),
            form: Some(GuardAction::Log),
            ..RequestsPart::default()
        });
        let joined = Requests::new(joined);
        assert_eq!((joined.tokens_max, joined.form, joined.url), (7, GuardAction::Log, GuardAction::Block));
    }
}
