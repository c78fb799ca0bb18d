//! `template`, in values that end in a page, a header or a document: scripts, split headers, external entities.

use super::Hit;
use super::unescape::unescape;
use crate::guard::{Guard, Level};

const SCRIPT: Hit = Hit::new(Guard::Template, "script", "script in a value of plain text", Level::Certain);
const HEADER: Hit =
    Hit::new(Guard::Template, "header-split", "line break that would begin a header", Level::Certain);
const ENTITY: Hit =
    Hit::new(Guard::Template, "external-entity", "XML entity from a file or an address", Level::Certain);

pub(super) const HITS: &[Hit] = &[SCRIPT, HEADER, ENTITY];

pub(super) fn in_value(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let lower = text.to_ascii_lowercase();
    if SCRIPTS.iter().any(|word| lower.contains(word))
        || (lower.contains('<') && HANDLERS.iter().any(|word| lower.contains(word)))
    {
        hits.push(SCRIPT);
    }
    if lower.contains("<!entity") && (lower.contains("system") || lower.contains("public")) {
        hits.push(ENTITY);
    }
    let encoded = lower.contains("%0d") || lower.contains("%0a");
    let broken = encoded && {
        let plain = unescape(text).text;
        plain
            .split(['\r', '\n'])
            .skip(1)
            .any(|line| line.trim_start().split_once(':').is_some_and(|(name, _)| is_header(name)))
    };
    let raw = text.split(['\r', '\n']).skip(1).any(|line| {
        line.split_once(':')
            .is_some_and(|(name, _)| HEADERS.iter().any(|header| name.trim().eq_ignore_ascii_case(header)))
    });
    if broken || raw {
        hits.push(HEADER);
    }
    hits
}

fn is_header(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 40
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const SCRIPTS: &[&str] =
    &["<script", "javascript:", "vbscript:", "data:text/html", "<iframe", "<svg/on", "<object", "<embed"];
const HANDLERS: &[&str] =
    &["onerror=", "onload=", "onclick=", "onmouseover=", "onfocus=", "ontoggle=", "onpointer", "onanimation"];
const HEADERS: &[&str] = &[
    "location",
    "set-cookie",
    "content-length",
    "content-type",
    "bcc",
    "cc",
    "x-forwarded-for",
    "transfer-encoding",
];
