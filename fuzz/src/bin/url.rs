//! URLs and hosts: any text is read in bounded time, reading what was read gives the same, and what leaves no doubt leads where
//! a browser goes.
#![no_main]

use bailiwick_semantic::url::{find, is_plausible};
use bailiwick_semantic::{HostPattern, Hosts, Urls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let urls = Urls::read(text);
    for found in find(text).urls {
        let _ = Urls::read(found);
    }
    let _ = is_plausible(text);
    let _ = HostPattern::new(text);
    for host in Hosts::read(text).readings {
        let again = Hosts::read(&host.to_string());
        assert!(again.readings.contains(&host), "{host:?} became {again:?}");
    }
    if !urls.doubtful && !urls.unreadable {
        assert!(urls.readings.len() <= 1, "two readings are a doubt: {urls:?}");
        let hosts = urls.readings.first().and_then(|url| url.hosts.as_ref());
        let browser = url::Url::parse(text).ok();
        if let (Some(hosts), Some(host)) = (hosts, browser.as_ref().and_then(url::Url::host_str)) {
            assert!(
                Hosts::read(host).readings.iter().all(|host| hosts.readings.contains(host)),
                "{host}: {hosts:?}"
            );
        }
    }
});
