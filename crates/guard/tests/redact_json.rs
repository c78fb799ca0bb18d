//! Redaction of JSON values: what is lost, and what keeps its bytes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use bailiwick_guard::Scanner;
use bailiwick_mcp::{Limits, Parser};

fn redact(text: &str) -> String {
    let mut parser = Parser::default();
    let mut out = Vec::new();
    let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
    Scanner::new().redact_json(document.root(), &mut out);
    let out = String::from_utf8(out).unwrap();
    Parser::default()
        .parse(out.as_bytes(), &Limits::DEFAULT)
        .unwrap_or_else(|error| panic!("{error}: {out}"));
    out
}

/// Not a real token; in two parts, so that scanners of repositories do not take this file for a leak.
fn token() -> String {
    ["glpat-", "k3Jd9sLq0ZxV7bNm2RtY"].concat()
}

#[test]
fn what_holds_no_secret_keeps_its_bytes() {
    for text in [
        r#"{ "a" : [1.0e5, -0, 1E+2, "\u00e9\/\n" ] , "max_tokens":4096,"path":"a\\b" }"#,
        r#""""#,
        "[]",
        "{}",
        r#"{"progressToken":12,"nextCursor":"eyJwYWdlIjoyfQ"}"#,
        r#"{"properties":{"password":{"type":"string","description":"the login password"}}}"#,
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn what_is_disguised_is_masked_as_where_it_is_found() {
    let body = data_encoding::BASE64_NOPAD.encode(token().as_bytes());
    let spread: Vec<String> = token().chars().map(String::from).collect();
    for (text, masked) in [
        (format!(r#"{{"a":[1,"{body}"]}}"#), r#"{"a":[1,"[redacted:gitlab-token]"]}"#),
        (format!(r#"{{"a":"so:\n{body}"}}"#), r#"{"a":"so:\n[redacted:gitlab-token]"}"#),
        (format!(r#"{{"{}":1}}"#, spread.join(" ")), r#"{"[redacted:gitlab-token]":1}"#),
        (format!(r#"["so {}"]"#, spread.join(" ")), r#"["so [redacted:gitlab-token]"]"#),
        (format!(r#"["{{\"{}\"}}"]"#, spread.join(" ")), r#"["{\"[redacted:gitlab-token]\"}"]"#),
    ] {
        assert!(Scanner::new().may_hold_secret(&text), "{text}");
        assert_eq!(redact(&text), masked);
    }
}

/// Results are often JSON in a text, and in that a line begins behind the letter of an escape.
#[test]
fn a_line_of_json_in_a_text_begins_behind_its_escape() {
    let encoded = data_encoding::BASE64_NOPAD.encode(token().as_bytes());
    for (secret, masked) in [
        (token(), "[redacted:gitlab-token]"),
        (encoded, "[redacted:gitlab-token]"),
        ("Basic dXNlcjpwYXNz".to_owned(), "Basic [redacted:authorization]"),
    ] {
        for escape in ["\\\\n", "\\\\r\\\\n", "\\\\t"] {
            let text = format!("[\"{{\\\"a\\\":\\\"so:{escape}{secret}{escape}and\\\"}}\"]");
            assert_eq!(redact(&text), text.replace(&secret, masked));
        }
    }
}

#[test]
fn decoys_in_front_hide_no_disguised_secret() {
    let encode = |text: String| data_encoding::BASE64_NOPAD.encode(text.as_bytes());
    let decoys: Vec<String> = (0..500).map(|n| encode(format!("nothing of note {n:03}"))).collect();
    let secret = encode(token());
    let text = format!("[\"{} {secret}\"]", decoys.join(" "));
    assert_eq!(redact(&text), text.replace(&secret, "[redacted:gitlab-token]"));
}

#[test]
fn a_long_disguise_is_undone_in_pieces_that_cut_no_secret_in_two() {
    for back in [4, 20, 40] {
        let text = format!("{} {} {}", "n".repeat(12_288 - back), token(), "n".repeat(12_000));
        let encoded = data_encoding::BASE64_NOPAD.encode(text.as_bytes());
        assert!(redact(&format!("[\"{encoded}\"]")).contains("[redacted:gitlab-token]"), "{back}");
        let spread: String = text.replace(' ', "/").chars().flat_map(|c| [c, ' ']).collect();
        let spread = spread.get(2 * (12_288 - back)..).unwrap_or_default();
        let row = format!("{}{}", "n ".repeat(16_384 - back), spread.trim_end());
        assert!(redact(&format!("[\"{row}\"]")).contains("[redacted:gitlab-token]"), "{back}");
    }
}

#[test]
fn credentials_without_a_digit_are_credentials() {
    let (text, masked) =
        (r#"{"header":"Basic dXNlcjpwYXNz"}"#, r#"{"header":"Basic [redacted:authorization]"}"#);
    assert_eq!(redact(text), masked);
    for key in ["pwd2", "pwds", "pwdtest"] {
        assert_eq!(
            redact(&format!(r#"{{"{key}":"hunter2"}}"#)),
            format!(r#"{{"{key}":"[redacted:password]"}}"#)
        );
    }
}

/// A name that is followed by what is none, again and again: were each read to the end, this would take minutes.
#[test]
fn names_in_rows_cost_no_more_than_their_length() {
    for row in ["authorization=xxxx", "bearer ", "basic "] {
        let text = row.repeat(400_000 / row.len());
        assert_eq!(redact(&format!("[\"{text}\"]")), format!("[\"{text}\"]"));
    }
}

#[test]
fn a_key_that_names_a_secret_is_enough() {
    let redacted = redact(
        r#"{"user":"ana","password":"x","pin":1,"api_key" : 12345,"Authorization":"Basic eA==","dbSecret":["p","q",3,true,null]}"#,
    );
    let expected = concat!(
        r#"{"user":"ana","password":"[redacted:password]","pin":1,"api_key" : "[redacted:api-key]","#,
        r#""Authorization":"[redacted:authorization]","dbSecret":["[redacted:secret]","[redacted:secret]","[redacted:secret]",true,null]}"#
    );
    assert_eq!(redacted, expected);
}

#[test]
fn spellings_of_secret_keys_are_known() {
    for key in [
        "password",
        "PASSWORD",
        "userPassword",
        "db-password",
        "passwd",
        "pwd",
        "passphrase",
        "token",
        "accessToken",
        "refresh_token",
        "x-auth-token",
        "secret",
        "client_secret",
        "clientSecret",
        "api_key",
        "apiKey",
        "X-API-Key",
        "APIKEY",
        "secret_key",
        "aws_secret_access_key",
        "private-key",
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "credentials",
        "token_value",
        "password2",
    ] {
        let redacted = redact(&format!(r#"{{"{key}":"v"}}"#));
        assert!(redacted.contains("[redacted:"), "{key}");
    }
    for key in [
        "path",
        "tokens",
        "token_count",
        "max_tokens",
        "primary_key",
        "key",
        "passwordless",
        "tokenizer",
        "secretary",
    ] {
        let text = format!(r#"{{"{key}":"v"}}"#);
        assert_eq!(redact(&text), text);
    }
}

#[test]
fn a_planted_token_is_lost_wherever_it_stands() {
    let token = token();
    let escaped: String = token.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for text in [
        format!(r#""{token}""#),
        format!(r#"{{"a":{{"b":[[{{"c":"say {token} twice {token}"}}]]}}}}"#),
        format!(r#"{{"{token}":1,"n":2}}"#),
        format!(r#"{{"a":"{escaped}"}}"#),
        format!(r#"{{"{escaped}":[]}}"#),
        format!(r#"{{"a":"line\n{token}\nline"}}"#),
        format!(r#"{{"a":"{{\"inner\":\"{token}\"}}"}}"#),
        format!(r#"["--token","{token}"]"#),
    ] {
        let redacted = redact(&text);
        assert!(!redacted.contains("k3Jd9s") && !redacted.contains("\\u006b\\u0033"), "{redacted}");
        assert!(redacted.contains("[redacted:gitlab-token]"), "{redacted}");
    }
}

#[test]
fn deep_nesting_is_walked() {
    let token = token();
    let text = format!("{}\"{token}\"{}", "[".repeat(120), "]".repeat(120));
    assert_eq!(redact(&text), text.replace(&token, "[redacted:gitlab-token]"));
}

#[test]
fn flags_and_name_value_pairs_are_secrets_too() {
    assert_eq!(
        redact(r#"{"args":["login","--password","hi","-v"]}"#),
        r#"{"args":["login","--password","[redacted:password]","-v"]}"#
    );
    assert_eq!(
        redact(r#"{"env":[{"name":"DB_PASSWORD","value":"hi"},{"name":"HOME","value":"/root"}]}"#),
        r#"{"env":[{"name":"DB_PASSWORD","value":"[redacted:password]"},{"name":"HOME","value":"/root"}]}"#
    );
}

#[test]
fn two_secret_keys_stay_two_keys() {
    let (one, two) = (token(), token().replace('k', "j"));
    assert_eq!(
        redact(&format!(r#"{{"{one}":1,"{two}":2}}"#)),
        r#"{"[redacted:gitlab-token]":1,"[redacted:gitlab-token] 2":2}"#
    );
}

#[test]
fn redacting_twice_changes_nothing_more() {
    for text in
        [r#"{"password":"x","a":"token=k3Jd9sLq0ZxV7bNm"}"#, r#"{"authorization":"Bearer k3Jd9sLq0ZxV7bNm"}"#]
    {
        let once = redact(text);
        assert_ne!(once, text);
        assert_eq!(redact(&once), once);
    }
}

#[test]
fn nothing_hides_from_a_person_in_the_place_of_a_secret() {
    let scanner = Scanner::new();
    let shown = |text: &str| {
        let mut parser = Parser::default();
        let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        let mut out = Vec::new();
        scanner.redact_json_for_person(document.root(), &mut out);
        String::from_utf8(out).unwrap()
    };
    for text in [
        r#"{"command":"PASSWORD=a;{touch,/tmp/x} ls"}"#,
        r#"{"url":"curl http://u:p;reboot;@h"}"#,
        r#"{"command":"DB_PASSWORD=abc|sh"}"#,
        r#"{"command":"PGPASSWORD=a&&touch</dev/null>z psql"}"#,
        r#"{"args":["--password","rm -rf /"]}"#,
        r#"{"user_password":{"command":"rm -rf /"}}"#,
        r#"{"key":"-----BEGIN RSA PRIVATE KEY-----\nreboot\n-----END RSA PRIVATE KEY-----"}"#,
    ] {
        assert_eq!(shown(text), text);
        let plain = scanner.redact_for_person(text);
        assert!(plain.contains("touch") || plain == text, "{plain}");
    }
    let masked = shown(&format!(r#"{{"password":"hunter2-Kx9","header":"Bearer {}"}}"#, token()));
    assert!(!masked.contains("hunter2") && !masked.contains(&token()), "{masked}");
}
