//! Hosts: which spellings are the same place, and which only look like it.
#![expect(clippy::unwrap_used, reason = "a test reads its data, and must fail when it cannot")]

use bailiwick_semantic::{Host, HostPattern, HostPatterns, Hosts, Port, Strict};
use proptest::prelude::*;

fn patterns(list: &[&str]) -> HostPatterns {
    HostPatterns::new(list.iter().map(|text| HostPattern::new(text).unwrap()).collect())
}

fn denies(pattern: &str, host: &str) -> bool {
    patterns(&[pattern]).matches(&Hosts::read(host), Port::UNKNOWN, Strict::Any)
}

fn allows(pattern: &str, host: &str) -> bool {
    patterns(&[pattern]).matches(&Hosts::read(host), Port::UNKNOWN, Strict::Every)
}

#[test]
fn every_spelling_of_an_address_is_denied_and_only_the_plain_one_allowed() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0x0.0x0.0x1",
        "0177.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[::ffff:127.0.0.1]",
        "::ffff:7f00:1",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "[::ffff:127.0.0.1%25eth0]",
        "0x7f.0.0.0x1",
        "127.0x1",
        "%2531%32%37.1",
        "64:ff9b:1::7f00:1",
        "::ffff:0:7f00:1",
    ] {
        assert!(denies("127.0.0.0/8", host), "{host}: {:?}", Hosts::read(host));
        assert!(denies("@loopback", host), "{host}");
        assert_eq!(allows("127.0.0.1", host), host == "127.0.0.1", "{host}: {:?}", Hosts::read(host));
        assert!(!allows("@public", host), "{host}");
    }
}

#[test]
fn a_leading_zero_is_octal_to_some_and_decimal_to_others() {
    for network in ["8.0.0.0/8", "10.0.0.0/8"] {
        assert!(denies(network, "010.0.0.1"), "{network}");
        assert!(!allows(network, "010.0.0.1"), "{network}");
    }
    assert!(!denies("9.0.0.0/8", "010.0.0.1"));
}

#[test]
fn what_is_no_host_is_denied_and_not_allowed() {
    for host in [
        "",
        ".",
        "a..b",
        "256.256.256.256",
        "1.2.3.4.5",
        "0x",
        "[::1",
        "::g",
        "1:2:3",
        "a b",
        "a/b",
        "a#b",
        "a?b",
        "a@b",
        "a<b",
        "a%00b",
        "%",
        "%zz",
        "[127.0.0.1]",
        "99999999999",
        "a\u{0}b",
        "exa\u{202e}mple.com",
        "xn--0",
        "1.2.3.0x1g",
        "08.0.0.1.1",
    ] {
        let read = Hosts::read(host);
        assert!(!allows("*", host) || !read.readings.is_empty(), "{host}");
        if host != "0x" && host != "1.2.3.0x1g" && host != "[127.0.0.1]" {
            assert!(read.unreadable || read.doubtful, "{host}: {read:?}");
        }
        assert!(!allows("*.com", host), "{host}: {read:?}");
    }
}

#[test]
fn a_wildcard_covers_what_is_below_and_not_the_name_itself() {
    for (pattern, host, expected) in [
        ("*.example.com", "a.example.com", true),
        ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", "notexample.com", false),
        ("*.example.com", "a.example.com.evil.net", false),
        ("*.example.com", "a.example.community", false),
        ("example.com", "example.com", true),
        ("example.com", "EXAMPLE.com", true),
        ("example.com", "example.com.", true),
        ("example.com", "www.example.com", false),
        ("EXAMPLE.com", "example.com", true),
        ("example.com.", "example.com", true),
        ("api-*.example.com", "api-1.example.com", true),
        ("api-*.example.com", "api-.example.com", true),
        ("api-*.example.com", "api-1.x.example.com", false),
        ("api-*.example.com", "api.example.com", false),
        ("*", "anything.at.all", true),
        ("*", "10.0.0.1", true),
        ("münchen.example", "xn--mnchen-3ya.example", true),
        ("münchen.example", "MÜNCHEN.example", true),
        ("xn--mnchen-3ya.example", "münchen.example", true),
        ("münchen.example", "munchen.example", false),
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("10.0.0.0/8", "10.example.com", false),
        ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "example.com", false),
        ("fd00::/8", "fd12:3456::1", true),
        ("fd00::/8", "fe80::1", false),
        ("[::1]", "::1", true),
        ("[::1]", "0:0:0:0:0:0:0:1", true),
        ("::1", "[::1]", true),
        ("192.168.1.0/24", "192.168.1.200", true),
        ("192.168.1.0/24", "192.168.2.1", false),
    ] {
        assert_eq!(denies(pattern, host), expected, "{pattern} over {host}: {:?}", Hosts::read(host));
    }
}

#[test]
fn an_allow_takes_names_as_they_are_written() {
    for (host, expected) in [
        ("api.example.com", true),
        ("api.example.com.", true),
        ("API.example.com", true),
        ("api.example.com%2eevil.net", false),
        ("api%2eexample.com", false),
        ("ａpi.example.com", false),
        ("api。example.com", false),
        ("аpi.example.com", false),
        ("api.example.com@evil.net", false),
        ("api.example.com\u{ad}", false),
        ("faß.example.com", false),
    ] {
        assert_eq!(allows("*.example.com", host), expected, "{host}: {:?}", Hosts::read(host));
    }
}

#[test]
fn classes_hold_what_their_names_say_and_nothing_beside() {
    for (class, inside, outside) in [
        (
            "@private",
            "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1 fd00::1 fec0::1 intranet db.internal x.local host.lan a.home.arpa [::ffff:10.0.0.1] 64:ff9b::a00:1 0xa.1 10.0.0.1.nip.io",
            "172.15.0.1 172.32.0.1 192.167.1.1 100.63.0.1 100.128.0.1 11.0.0.1 example.com internal.example.com localhost",
        ),
        (
            "@loopback",
            "127.0.0.1 127.255.255.254 ::1 localhost LOCALHOST. a.localhost 0.0.0.0 0 [::] localhost.localdomain lvh.me x.localtest.me 127-0-0-1.nip.io app.127.0.0.1.nip.io 7f000001.nip.io",
            "128.0.0.1 ::2 localhost.example.com notlocalhost 8.8.8.8.nip.io",
        ),
        (
            "@link-local",
            "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 [fe80::1%25eth0] [::ffff:169.254.1.1]",
            "169.253.1.1 fec0::1 example.com",
        ),
        (
            "@metadata",
            "169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376 [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] fd00:ec2::254 metadata.google.internal METADATA.google.internal. metadata 100.100.100.200 169.254.170.2 168.63.129.16 169.254.169.254.nip.io metadata.goog 169-254-169-254.sslip.io mеtadata.google.internal",
            "169.254.169.253 metadata.example.com google.internal",
        ),
        ("@multicast", "224.0.0.1 239.255.255.255 ff02::1", "223.255.255.255 240.0.0.1 fe02::1"),
        ("@unspecified", "0.0.0.0 0 :: [::] 0x0 00", "1.0.0.0 ::1"),
        (
            "@reserved",
            "192.0.2.1 198.18.0.1 203.0.113.9 240.0.0.1 255.255.255.255 2001:db8::1 a.test x.invalid 100::1",
            "192.0.3.1 198.20.0.1 2001:db9::1 example.com",
        ),
        (
            "@public",
            "example.com 8.8.8.8 2606:4700::1111 xn--mnchen-3ya.de a-b.co.uk",
            "10.0.0.1 localhost intranet 169.254.169.254 [::ffff:8.8.8.8x] 192.0.2.1 x.internal",
        ),
        (
            "@rebinding",
            "10.0.0.1.nip.io nip.io a.sslip.io lvh.me x.lvh.me",
            "nip.io.example.com notnip.io example.com",
        ),
        (
            "@confusable",
            "аpple.com xn--pple-43d.com раураl.com gооgle.com",
            "apple.com münchen.de 日本語.jp пример.com",
        ),
    ] {
        for host in inside.split(' ') {
            assert!(denies(class, host), "{class} lacks {host}: {:?}", Hosts::read(host));
        }
        for host in outside.split(' ') {
            let read = Hosts::read(host);
            assert!(!denies(class, host) || read.unreadable, "{class} has {host}: {read:?}");
        }
    }
}

#[test]
fn a_look_alike_is_denied_as_what_it_looks_like() {
    assert!(denies("paypal.com", "pаypal.com"));
    assert!(denies("*.paypal.com", "www.раураl.com"));
    assert!(denies("paypal.com", "xn--pypal-4ve.com"));
    assert!(!denies("paypal.com", "paypa1.com"), "plain ASCII is what it is");
    assert!(!denies("paypal.com", "bücher.com"));
}

#[test]
fn ports_count_where_they_are_written() {
    let matches = |pattern: &str, host: &str, port: Option<u16>, strict: Strict| {
        patterns(&[pattern]).matches(&Hosts::read(host), Port { number: port, usual: true }, strict)
    };
    assert!(matches("example.com:8443", "example.com", Some(8443), Strict::Every));
    assert!(!matches("example.com:8443", "example.com", Some(443), Strict::Every));
    assert!(!matches("example.com:8443", "example.com", None, Strict::Every), "any port may be used");
    assert!(matches("example.com:8443", "example.com", None, Strict::Any));
    assert!(matches("example.com", "example.com", Some(1), Strict::Every));
    assert!(matches("[::1]:80", "::1", Some(80), Strict::Every));
    assert!(matches("@loopback:5432", "localhost", Some(5432), Strict::Every));
    assert!(matches("example.com:*", "example.com", Some(9), Strict::Every));
    assert!(matches("*:443", "x.example", Some(443), Strict::Every));
}

#[test]
fn a_pattern_that_means_nothing_is_an_error_with_help() {
    for pattern in [
        "",
        "http://example.com",
        "//x",
        "@privat",
        "@",
        "10.0.0.0/33",
        "10.0.0/8",
        "fd00::/129",
        "example.com/x",
        "a..b",
        "example.com:99999",
        "example.com:http",
        "*.",
        "127.1",
        "0x7f.1",
        "a b",
        "256.1.1.1",
        "[::1",
        "exa%6dple.com",
        "mün*.example",
    ] {
        let error = HostPattern::new(pattern).unwrap_err();
        assert!(!error.cause.is_empty() && !error.help.is_empty(), "{pattern}");
    }
}

proptest! {
    #[test]
    fn reading_is_total_and_never_allows_what_it_cannot_read(text in "\\PC{0,80}") {
        let hosts = Hosts::read(&text);
        if hosts.unreadable || hosts.doubtful || hosts.readings.is_empty() {
            prop_assert!(!patterns(&["*"]).matches(&hosts, Port::UNKNOWN, Strict::Every));
        }
        if hosts.unreadable {
            prop_assert!(patterns(&["10.0.0.1"]).matches(&hosts, Port::UNKNOWN, Strict::Any));
        }
    }

    #[test]
    fn reading_what_was_read_gives_the_same(text in "[a-zA-Z0-9%.:\\[\\]xßéа-]{0,40}") {
        let hosts = Hosts::read(&text);
        for host in hosts.readings {
            let again = Hosts::read(&host.to_string());
            prop_assert!(again.readings.contains(&host), "{host:?} became {again:?}");
        }
    }

    #[test]
    fn every_form_of_every_address_is_the_address(address in any::<u32>(), form in 0usize..6) {
        let four = std::net::Ipv4Addr::from(address);
        let [a, b, c, d] = four.octets();
        let text = match form {
            0 => format!("{a}.{b}.{c}.{d}"),
            1 => format!("{address}"),
            2 => format!("0x{address:x}"),
            3 => format!("0{address:o}"),
            4 => format!("{a}.{}", address & 0x00ff_ffff),
            _ => format!("0x{a:x}.0{b:o}.{}", address & 0xffff),
        };
        let hosts = Hosts::read(&text);
        prop_assert!(hosts.readings.contains(&Host::Address(four.into())), "{text}: {hosts:?}");
    }
}
