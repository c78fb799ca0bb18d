//! What holds for every text as a URL or a host.

use bailiwick_semantic::{Hosts, Urls};
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

/// Texts of pieces that mean something to a reader of URLs.
fn url_like() -> impl Strategy<Value = String> {
    let scheme = proptest::sample::select(
        &["http://", "https://", "", "ftp://", "ws:", "HTTP://", "x:", "file://"][..],
    );
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..12);
    (scheme, pieces).prop_map(|(scheme, pieces)| format!("{scheme}{}", pieces.concat()))
}

const PIECES: &[&str] = &[
    "a",
    "b.example",
    "example.com",
    "EXAMPLE",
    ".",
    "..",
    "-",
    "_",
    "xn--",
    "xn--mnchen-3ya",
    "é",
    "\u{130}",
    "\u{3002}",
    "\u{ff0e}",
    "\u{2024}",
    "\u{ad}",
    "\u{200d}",
    "1",
    "0",
    "127.0.0.1",
    "0x7f",
    "017",
    "256",
    "2130706433",
    "[::1]",
    "[::ffff:7f00:1]",
    "[",
    "]",
    "::",
    "%",
    "%2e",
    "%41",
    "%00",
    "%zz",
    "@",
    ":",
    ":80",
    ":0",
    ":65536",
    "/",
    "//",
    "\\",
    "?",
    "#",
    "q=1",
    " ",
    "\t",
    "\n",
    "localhost",
    "user:pw@",
    "\u{1f600}",
    "ß",
    "İ",
    "①",
    "..%2f",
    ";",
    "&",
    "=",
    "http://",
    "%25",
    "0.0.0.0",
    "1.",
    "0x",
    "08",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_host_that_was_read_is_read_again(text in url_like()) {
        for host in Hosts::read(&text).readings {
            let again = Hosts::read(&host.to_string());
            prop_assert!(again.readings.contains(&host), "{:?} became {:?}", host, again);
        }
    }

    #[test]
    fn what_leaves_no_doubt_leads_where_a_browser_goes(text in url_like()) {
        let urls = Urls::read(&text);
        if !urls.doubtful && !urls.unreadable {
            prop_assert!(urls.readings.len() <= 1, "two readings are a doubt: {:?}", urls);
            let hosts = urls.readings.first().and_then(|url| url.hosts.as_ref());
            let browser = url::Url::parse(&text).ok();
            if let (Some(hosts), Some(host)) = (hosts, browser.as_ref().and_then(url::Url::host_str)) {
                let led = Hosts::read(host).readings;
                prop_assert!(led.iter().all(|host| hosts.readings.contains(host)), "{}: {:?}", host, hosts);
            }
        }
    }

    #[test]
    fn the_same_text_is_read_in_the_same_way(text in url_like()) {
        prop_assert_eq!(Urls::read(&text), Urls::read(&text));
    }
}
