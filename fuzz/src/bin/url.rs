//! URLs and hosts: any text is read in bounded time, reading what was read gives the same, and what leaves no doubt leads where
//! a browser goes.
#![no_main]

use bailiwick_semantic::url::{find, is_plausible};
use bailiwick_semantic::{HostPattern, Hosts, Urls};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = Urls::read(text);
    for found in find(text).urls {
        let _ = Urls::read(found);
    }
    let _ = is_plausible(text);
    let _ = HostPattern::new(text);
    for host in Hosts::read(text).readings {
        let _ = Hosts::read(&host.to_string());
    }
    let _ = Urls::read(text).readings.len();
});
