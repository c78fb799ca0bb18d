//! URLs: where two readers differ, both readings are there.
#![expect(clippy::unwrap_used, reason = "a test reads its data, and must fail when it cannot")]

use std::time::Duration;

use bailiwick_semantic::url::find;
use bailiwick_semantic::{HostPattern, HostPatterns, Port, Strict, Url, Urls};
use proptest::prelude::*;
use rustix::time::ClockId;

fn pattern(text: &str) -> HostPatterns {
    HostPatterns::new(vec![HostPattern::new(text).unwrap()])
}

fn leads_to(url: &Url, host: &str, strict: Strict) -> bool {
    url.hosts
        .as_ref()
        .is_some_and(|hosts| pattern(host).matches(hosts, Port { usual: true, ..url.port }, strict))
}

fn denies(host: &str, text: &str) -> bool {
    let urls = Urls::read(text);
    urls.unreadable || urls.readings.iter().any(|url| leads_to(url, host, Strict::Any))
}

fn allows(host: &str, text: &str) -> bool {
    let urls = Urls::read(text);
    !urls.unreadable
        && !urls.doubtful
        && !urls.readings.is_empty()
        && urls.readings.iter().all(|url| !url.userinfo && leads_to(url, host, Strict::Every))
}

#[test]
fn every_way_to_reach_a_host_is_denied_and_none_of_the_odd_ones_allowed() {
    for text in [
        "http://evil.test/",
        "https://evil.test",
        "HTTP://EVIL.TEST/",
        "http:evil.test",
        "http:/evil.test/x",
        "http:///evil.test",
        "http:\\\\evil.test\\x",
        "http:/\\evil.test",
        "//evil.test/x",
        "\\\\evil.test\\share",
        "evil.test/x",
        "evil.test:80/x",
        "evil.test",
        "http://good.test@evil.test/",
        "http://good.test:80@evil.test:80/",
        "http://good.test%40evil.test/",
        "http://evil.test\\@good.test/",
        "http://good.test\\@evil.test/",
        "http://evil.test#@good.test/",
        "http://evil.test?@good.test/",
        "http://evil.test/@good.test/",
        "ht\ntp://evil.test/",
        "http://ev\til.test/",
        " http://evil.test/",
        "\u{1}http://evil.test/",
        "http://evil%2etest/",
        "http://ｅvil.test/",
        "http://evil。test/",
        "http://evil.test./",
        "http://evil.test:/",
        "http://evil.test:0080/",
        "http://user:p%40ss@evil.test/",
        "ftp://evil.test/",
        "ws://evil.test/",
        "gopher://evil.test:70/_",
        "ldap://evil.test/",
        "ssh://git@evil.test/x",
        "view-source:http://evil.test/",
        "jar:http://evil.test/a.zip!/b",
        "jar:http://evil.test!/b",
        "blob:https://evil.test/1",
        "url:http://evil.test/",
        "git+https://evil.test/x",
        "http://evil.test%2f@good.test/",
        "http://good.test%2f@evil.test/",
        "file://evil.test/share",
        "http://good.test@evil.test@also.test/",
        "http://evil.test%5c@good.test/",
        "http://evil.test;@good.test/",
    ] {
        // Every reader takes what stands before the `@` for a name; an allow takes no names.
        let gone = text.contains(";@");
        assert!(denies("evil.test", text) || gone, "{text:?}: {:?}", Urls::read(text));
        assert!(!allows("good.test", text), "{text:?}: {:?}", Urls::read(text));
    }
}

#[test]
fn what_every_reader_reads_alike_is_allowed() {
    for text in [
        "https://good.test",
        "https://good.test/",
        "https://good.test/a/b?c=d#e",
        "https://good.test:443/",
        "http://good.test/%20x",
        "https://good.test:8443/x",
        "wss://good.test/socket",
        "https://good.test/a@b",
        "https://good.test/?u=http://evil.test/",
        "https://good.test/ü",
        "postgres://good.test/db",
        "https://good.test/a:b",
    ] {
        assert!(allows("good.test", text), "{text:?}: {:?}", Urls::read(text));
        assert!(!denies("evil.test", text), "{text:?}");
    }
}

#[test]
fn look_alikes_of_a_bad_host_are_not_it() {
    for text in [
        "https://evil.test.good.test/",
        "https://notevil.test/",
        "https://good.test/evil.test",
        "https://good.test/#evil.test",
        "https://good.test/?evil.test",
        "mailto:a@evil.test.org",
        "data:text/plain,evil.test",
        "javascript:alert(1)",
        "about:blank",
    ] {
        assert!(!denies("evil.test", text), "{text:?}: {:?}", Urls::read(text));
    }
}

#[test]
fn schemes_without_a_host_have_none() {
    for (text, scheme) in [
        ("data:text/html,<b>", "data"),
        ("javascript:alert(1)", "javascript"),
        ("mailto:a@b.test", "mailto"),
        ("file:///etc/passwd", "file"),
        ("about:blank", "about"),
        ("urn:isbn:1", "urn"),
        ("tel:+1", "tel"),
    ] {
        let urls = Urls::read(text);
        assert_eq!(urls.readings.len(), 1, "{text}: {urls:?}");
        assert_eq!((urls.readings[0].scheme.as_str(), &urls.readings[0].hosts), (scheme, &None), "{text}");
    }
}

#[test]
fn a_path_is_read_as_servers_normalise_it() {
    for (text, path) in [
        ("https://h.test/a/../b", "/b"),
        ("https://h.test/a/%2e%2e/b", "/b"),
        ("https://h.test/a/%2e%2e%2fb", "/b"),
        ("https://h.test/a/..%2fb", "/b"),
        ("https://h.test//b", "/b"),
        ("https://h.test/./b", "/b"),
        ("https://h.test/b;x=1", "/b"),
        ("https://h.test/%62", "/b"),
        ("https://h.test/%2562", "/b"),
        ("https://h.test/a/..;/b", "/b"),
        ("https://h.test\\b", "/b"),
        ("https://h.test/a\\..\\b", "/b"),
        ("https://h.test/b?x#y", "/b"),
        ("https://h.test", "/"),
        ("https://h.test?x", "/"),
    ] {
        let urls = Urls::read(text);
        assert!(
            urls.readings.iter().any(|url| url.paths.iter().any(|found| found == path)),
            "{text}: {urls:?}"
        );
    }
}

#[test]
fn urls_are_found_in_prose_commands_and_other_urls() {
    for (text, expected) in [
        ("see http://a.test/x, and https://b.test.", vec!["http://a.test/x", "https://b.test"]),
        (
            "curl -s \"http://a.test/?q=http://b.test/\"",
            vec!["http://a.test/?q=http://b.test/", "http://b.test/"],
        ),
        ("[text](http://a.test)more", vec!["http://a.test"]),
        ("<a href='https://a.test/b'>", vec!["https://a.test/b"]),
        ("http:/a.test http:\\\\b.test", vec!["http:/a.test", "http:\\\\b.test"]),
        ("xhttp://a.test", vec!["http://a.test"]),
        ("git clone ssh://git@a.test/x", vec!["ssh://git@a.test/x"]),
        ("key=http://u,v@a.test/;", vec!["http://u,v@a.test/"]),
        ("C:/Users/ana and std::/x and a: /b and //c.test", vec![]),
        ("curl http:a.test and http:[::1] but news:x", vec!["http:a.test", "http:[::1]"]),
        ("no url: here", vec![]),
    ] {
        assert_eq!(find(text).urls, expected, "{text}");
    }
}

#[test]
fn long_texts_take_no_longer_than_their_length() {
    let size = 64 << 10;
    for piece in [
        "http://a ",
        "http://",
        "http:/",
        "a:/",
        "%",
        "%25",
        "@",
        "http://a@",
        "\\",
        ":",
        "http://a.test/%2e%2e/",
        "é",
        "http://[",
        "https://a.test/x?y=http%3A//",
        "x",
        ".",
        "xn--",
        "http://xn--a.b ",
        "/../",
        ";",
    ] {
        let text = piece.repeat(size / piece.len());
        let before = spent();
        let found = find(&text);
        for url in &found.urls {
            let _ = Urls::read(url);
        }
        let _ = Urls::read(&text);
        let _ = Urls::read(text.get(..8_192).unwrap_or(""));
        // A debug build on a busy machine; a release build takes under a tenth.
        assert!(spent() - before < Duration::from_millis(400), "{piece}: {:?}", spent() - before);
    }
}

fn spent() -> Duration {
    rustix::time::clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

proptest! {
    #[test]
    fn reading_is_total(text in "\\PC{0,120}", bytes in prop::collection::vec(any::<char>(), 0..40)) {
        for text in [text, bytes.into_iter().collect()] {
            let _ = Urls::read(&text);
            let _ = find(&text);
        }
    }

    /// Whatever is made of the pieces that bypasses are made of: what an allow takes, a browser and a simple reader take alike.
    #[test]
    fn what_is_allowed_leads_nowhere_else(pieces in prop::collection::vec(prop::sample::select(vec![
        "http", "https", ":", "/", "//", "\\", "@", "good.test", "evil.test", "%40", "%2f", "%5c", "#", "?", ".", "\t", " ", ":80", "[", "]", "::1", "x",
    ]), 0..10)) {
        let text = format!("https://{}", pieces.concat());
        if allows("good.test", &text) {
            let browser = ::url::Url::parse(&text).unwrap();
            prop_assert_eq!(browser.host_str().map(|host| host.trim_end_matches('.')), Some("good.test"), "{}", &text);
            let simple = text.trim_start_matches("https://").split(['/', '?', '#', ':']).next().unwrap_or_default();
            let simple = simple.rsplit('@').next().unwrap_or_default();
            prop_assert_eq!(simple.trim_end_matches('.'), "good.test", "{}", &text);
        }
    }

    #[test]
    fn a_url_in_a_text_is_found(before in "[a-z ,(]{0,12}", after in "[ )\"'a-z]{0,12}") {
        let text = format!("{before} http://10.0.0.1/ {after}");
        prop_assert!(find(&text).urls.contains(&"http://10.0.0.1/"), "{}", text);
    }
}

#[test]
fn only_what_looks_like_a_host_may_be_one_where_nobody_says_so() {
    for text in [
        "example.com",
        "example.com/x",
        "10.0.0.1",
        "10.0.0.1:80/x",
        "[::1]:80",
        "::1",
        "localhost",
        "localhost:8080/x",
        "//a.test/x",
        "https://a.test",
        "http:/a.test",
        "\\\\a.test\\x",
        "user@a.test",
        "0x7f000001",
        "ht\ntp://a.test",
        "fe80::1%eth0",
    ] {
        assert!(bailiwick_semantic::url::is_plausible(text), "{text}");
    }
    for text in [
        "",
        "word",
        "two words",
        "src/main",
        "/etc/passwd",
        "C:\\x",
        "C:/x",
        "12345",
        "2130706433",
        "a: b",
        "x:y",
        "metadata",
        "/a.test/x",
        "// note",
        "std::fmt::x y",
    ] {
        assert!(!bailiwick_semantic::url::is_plausible(text), "{text}");
    }
}
