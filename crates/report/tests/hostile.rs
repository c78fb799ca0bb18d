//! Whatever strangers call their servers, tools and files, the page stays the page.
#![expect(
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says so by a panic when it fails"
)]

#[path = "../examples/sample/page.rs"]
mod sample;

use bailiwick_report::{html, issues, json, markdown};

/// Elements and attributes that the page is made of. Nothing that runs, fetches or sends is among them.
const ELEMENTS: [&str; 42] = [
    "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "a", "main", "header", "footer", "section",
    "nav", "ul", "li", "h1", "h2", "p", "b", "br", "span", "code", "time", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "figure", "div", "svg", "defs", "pattern", "line", "circle", "rect", "g",
    "text", "desc", "path",
];
const ATTRIBUTES: [&str; 37] = [
    "html",
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "href",
    "id",
    "role",
    "scope",
    "data-label",
    "width",
    "height",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "fill",
    "stroke-width",
    "focusable",
    "patternunits",
    "patterntransform",
    "viewbox",
    "aria-label",
    "aria-labelledby",
    "aria-hidden",
    "preserveaspectratio",
    "tabindex",
    "colspan",
    "d",
    "datetime",
];

/// Every tag of a document, as its name and its attributes; `style` has no tags inside.
fn tags(document: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = document;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let mut end = 0;
        let mut quoted = false;
        for (at, c) in rest.char_indices() {
            match c {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    end = at;
                    break;
                }
                '<' => panic!("a `<` inside of a tag: {}", &rest[..at]),
                _ => {}
            }
        }
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let tag = tag.trim_start_matches('/');
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut pairs = Vec::new();
        while !attributes.trim().is_empty() {
            let (key, after) = attributes.split_once("=\"").unwrap_or((attributes, "\""));
            let (value, next) = after.split_once('"').expect("a closed value");
            pairs.push((key.trim().to_lowercase(), value.to_owned()));
            attributes = next;
        }
        tags.push((name.to_owned(), pairs));
    }
    tags
}

#[test]
fn names_add_no_element_and_no_attribute() {
    let plain = html(&sample::page("files"));
    let hostile = html(&sample::page(sample::HOSTILE));
    // What stands between backticks is set as code, also in a stranger's name; that is all that it may choose.
    let all = |document: &str| -> Vec<_> {
        tags(document).into_iter().filter(|(name, _)| name != "code").collect()
    };
    let (plain, attacked) = (all(&plain), all(&hostile));
    assert_eq!(plain.len(), attacked.len(), "a name made a tag");
    for ((name, attributes), (_, before)) in attacked.iter().zip(&plain) {
        assert!(ELEMENTS.contains(&name.as_str()), "element `{name}`");
        assert_eq!(attributes.len(), before.len(), "a name made an attribute of `{name}`");
        for (key, value) in attributes {
            assert!(ATTRIBUTES.contains(&key.as_str()), "attribute `{key}` of `{name}`");
            assert!(!value.contains("url(") || value.starts_with("url(#"), "{key}={value}");
            if key == "href" {
                assert!(value.starts_with('#'), "the page leads elsewhere: {value}");
            }
        }
    }
    assert!(!hostile.contains("<script") && !hostile.contains('\u{202e}') && !hostile.contains('\u{0}'));
    assert!(hostile.contains("&lt;script&gt;alert(1)"), "the name is shown, as text");
}

#[test]
fn the_page_forbids_itself_scripts_and_fetches() {
    let page = html(&sample::page("files"));
    let policy =
        page.split("Content-Security-Policy\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let policy = policy.expect("a content policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    // The digest is that of the style as it stands in the page.
    use sha2::Digest as _;
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    let digest = data_encoding::BASE64.encode(&sha2::Sha256::digest(style.as_bytes()));
    assert!(policy.contains(&digest), "the style does not take effect: {policy}");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn every_section_says_something_also_of_nothing() {
    let empty = html(&bailiwick_report::page::Page::default());
    for words in [
        "No server was found",
        "Nothing was found in what was looked at",
        "No decision is recorded",
        "No tool is known",
        "No attack was replayed",
        "no lock file to compare with",
        "No question to a person",
        "No audit log was looked at",
        "Nothing was left out",
    ] {
        assert!(empty.contains(words), "{words}");
    }
    tags(&empty);
}

#[test]
fn every_picture_has_words_or_stands_beside_its_numbers() {
    for (name, attributes) in tags(&html(&sample::page("files"))) {
        let has = |key: &str| attributes.iter().any(|(own, value)| own == key && !value.is_empty());
        if name == "svg" && !attributes.is_empty() {
            assert!(has("aria-label") && has("role") || has("aria-hidden"), "{attributes:?}");
        }
    }
}

#[test]
fn other_formats_hold_hostile_names_as_text() {
    let page = sample::page(sample::HOSTILE);
    let value: serde_json::Value = serde_json::from_str(&json(&page)).expect("JSON");
    assert_eq!(value["servers"][0]["name"], sample::HOSTILE);
    assert_eq!(value["notInspected"].as_array().map(Vec::len), Some(2));
    let text = markdown(&page);
    for (at, _) in text.match_indices('<') {
        assert!(text[..at].ends_with('\\'), "{}", &text[at..]);
    }
    assert!(!text.contains('\u{202e}') && !text.contains('\u{0}'), "{text}");
    let issues = issues(&page);
    let codes: Vec<&str> = issues.findings.iter().map(|finding| finding.code).collect();
    for code in ["attack-passes", "lock-drift", "audit-not-verified", "plain-secret"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}
