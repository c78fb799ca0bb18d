//! The cheap looks against the guard itself, over secrets of every kind that it knows, disguised in every way that it undoes.

use std::sync::LazyLock;

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Kind, Limits, Parser, Value};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::assignment::KEYWORDS;
use super::disguise::has_candidates;
use super::token::{RULES, Shape};
use super::{Glance, Reader, Secrets};
use crate::scanner::Detector;

static SECRETS: LazyLock<Secrets> = LazyLock::new(Secrets::new);

/// A token of any service.
fn token() -> impl Strategy<Value = String> {
    (0..RULES.len()).prop_map(|index| &RULES[index]).prop_flat_map(|rule| {
        let letters: Vec<char> = (0..=127_u8).filter(|byte| rule.body.has(*byte)).map(char::from).collect();
        let body = vec(select(letters), rule.body_min..rule.body_min + 12);
        let prefix = select(rule.prefixes);
        (prefix, body, any::<bool>()).prop_map(move |(prefix, body, more)| {
            let mut body: String = body.into_iter().collect();
            if rule.shape == Shape::Jwt {
                body = format!("hbGciOiJIUzI1NiJ9.{body}.{body}");
            }
            body.truncate(if more { body.len() } else { rule.body_min.max(body.len() / 3) });
            format!("{prefix}{body}")
        })
    })
}

/// A value under a name, as files, headers and sentences have it.
fn assigned() -> impl Strategy<Value = String> {
    let names: Vec<&str> = KEYWORDS.iter().flat_map(|keyword| keyword.spellings).copied().collect();
    const LINKS: &[&str] =
        &["=", ": ", ":\t", "\": \"", " is ", " | ", " = '", "=\\\"", "\n", "2=", "_prod: ", "s="];
    let values = prop_oneof![
        "[A-Za-z0-9]{8,30}",
        "[ -~]{6,20}",
        "[a-z]{8,14}",
        "[0-9]{4,8}",
        "(Bearer|Basic) [A-Za-z0-9+/]{12,40}"
    ];
    ("(my|DB_|app\\.)?", select(names), any::<bool>(), select(LINKS), values).prop_map(
        |(head, name, upper, link, value)| {
            let name = if upper { name.to_uppercase() } else { name.to_owned() };
            format!("{head}{name}{link}{value}")
        },
    )
}

fn plain() -> impl Strategy<Value = String> {
    let basic = ("[a-z]{2,9}:[a-zA-Z]{3,12}", "(Basic|basic|BASIC) {1,4}")
        .prop_map(|(user, scheme)| format!("{scheme}{}", BASE64.encode(user.as_bytes())));
    let key = vec("[A-Za-z0-9+/]{64}", 1..4).prop_map(|lines| {
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", lines.join("\n"))
    });
    prop_oneof![
        6 => token(),
        4 => assigned(),
        2 => basic,
        1 => "(bearer|Bearer) {1,4}[A-Za-z0-9._~-]{16,40}",
        1 => key,
        1 => "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        1 => "(https|postgres|redis|amqp)://[a-z]{0,6}:[!-~\u{8}é]{4,20}@[a-z]{1,9}(:[0-9]{4})?/x",
        1 => ("AKIA[A-Z2-7]{16}", "[A-Za-z0-9/+]{40}").prop_map(|(id, key)| format!("{id}\n{key}\n")),
    ]
}

fn disguised() -> impl Strategy<Value = String> {
    (plain(), 0..11_u8, 1..24_usize).prop_map(|(plain, how, at)| {
        let at = plain.floor_char_boundary(at.min(plain.len()));
        let (one, other) = plain.split_at(at);
        let spelled = |between: &str| plain.chars().map(|c| format!("{c}{between}")).collect::<String>();
        match how {
            0 => BASE64.encode(plain.as_bytes()),
            1 => BASE64URL_NOPAD.encode(plain.as_bytes()),
            2 => HEXLOWER.encode(plain.as_bytes()),
            3 => HEXUPPER.encode(plain.as_bytes()),
            4 => plain.chars().rev().collect(),
            5 => spelled(" ").trim_end().to_owned(),
            6 => spelled("\u{200b}"),
            7 => format!("\"{one}\" + \"{other}\""),
            8 => format!("{one}\n{other}"),
            9 => plain.bytes().map(|byte| format!("%{byte:02X}")).collect(),
            _ => format!("'{one}'+'{other}'"),
        }
    })
}

/// Texts with and without secrets in them.
pub(crate) fn text() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        " ",
        " ",
        "\n",
        "\t",
        "\"",
        "\\",
        "/",
        "é",
        "a",
        ".",
        ",",
        "{",
        "cookie",
        "token ",
        "pwd",
        "bearer ",
        "\u{8}",
        "the river runs ",
        "[redacted:",
        "password]",
        "\\\"",
        "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
        "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
    ];
    let piece = prop_oneof![
        5 => select(PIECES).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => any::<char>().prop_map(String::from),
        1 => plain(),
        1 => disguised(),
    ];
    vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

/// A string of JSON in one of the spellings that it may have.
fn spelled(text: &str, how: u8) -> String {
    let mut out = Vec::new();
    escape_into(text, &mut out);
    let usual = String::from_utf8(out).unwrap();
    match how {
        0 => usual.replace('/', "\\/"),
        1 => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            format!("\"{}\"", units.collect::<String>())
        }
        _ => usual,
    }
}

/// What the guard has to say of the strings and keys below a value, one by one.
fn said(value: Value<'_>) -> Vec<String> {
    let mut said = Vec::new();
    for text in value.descendants().filter(|value| value.kind() == Kind::Text).filter_map(Value::text) {
        SECRETS.scan(&text, &mut |finding| said.push(format!("{} in {text:?}", finding.code)));
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is not looked at again has nothing in it: not for the guard, not for who masks, not by its keys.
    #[test]
    fn no_secret_is_held_where_none_may_be(
        (key, one, two) in ("[a-z]{1,4}|(my_)?(pwd|token|cookie|PASSWORD)(s|2|_prod)?|-+pwd9", text(), text()), how in 0..6_u8,
        pretty in any::<bool>(), alone in prop_oneof![plain(), disguised()],
    ) {
        let (key, one, two) = (spelled(&key, how), spelled(&one, how), spelled(&two, how));
        let blank = if pretty { "\n  " } else { "" };
        let raw = format!("{{{blank}{key}:{blank}[{one},{blank}{two}],\"b\":{two}{blank},{one}:{key}}}");
        let (mut parser, mut other) = (Parser::default(), Parser::default());
        let parsed = parser.parse(raw.as_bytes(), &Limits::DEFAULT);
        // By chance two keys may be the same.
        prop_assume!(parsed.is_ok());
        let value = parsed.unwrap().root();
        // As it stands, and each string alone.
        if !SECRETS.is_suspicious(&raw) {
            prop_assert_eq!(said(value), Vec::<String>::new(), "{}", raw);
            let mut masked = Vec::new();
            SECRETS.mask(value, Reader::Log, &mut masked);
            prop_assert_eq!(String::from_utf8(masked).unwrap(), raw.as_str());
        }
        if !SECRETS.may_name(&raw) {
            Secrets::each_named(value, &mut |value, code| panic!("{code}: {}", value.raw()));
        }
        for raw in [&one, &two, &spelled(&alone, how)] {
            let value = other.parse(raw.as_bytes(), &Limits::DEFAULT).unwrap().root();
            prop_assert!(SECRETS.is_suspicious(raw) || said(value).is_empty(), "{:?} in {raw}", said(value));
        }
    }

    /// A block is asked for what each finder looks at, wherever the text stands in it.
    #[test]
    fn the_glance_passes_nothing_over(text in text(), lead in 0..70_usize) {
        let text = format!("{}{text}", "x ".repeat(lead / 2) + if lead % 2 == 0 { "" } else { "," });
        let glance = Glance::of(&text);
        prop_assert_eq!(SECRETS.may_hide(&text, &glance), has_candidates(&text), "{:?}", text);
        let named = SECRETS.may_name_one(&text);
        prop_assert!(named || SECRETS.may_show(&text, &glance) || !SECRETS.shows(&text), "{:?}", text);
        prop_assert!(named || SECRETS.may_find(&text, &glance) || SECRETS.find(&text).is_empty(), "{:?}", text);
    }
}
