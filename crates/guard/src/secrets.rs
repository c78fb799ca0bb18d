//! The `secrets` guard: credentials, found by their prefix, their shape or the name in front of them.
//!
//! One vectorised pre-filter over lower-cased text finds the places worth a look; code behind it checks each in bounded
//! time. No check backtracks, so no input is slower than linear.

mod assignment;
mod disguise;
mod glance;
mod json;
mod literal;
mod prefilter;
#[cfg(test)]
pub(crate) mod tests;
mod token;
mod url;
mod value;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use self::assignment::{is_asked_for, is_named_secret};
pub(crate) use self::glance::Glance;
use self::literal::{Literals, Place};
use self::prefilter::Prefilter;
use crate::guard::{Finding, Guard, Level};
use crate::scanner::Detector;

/// A secret and what it is: `code` stands in findings and placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Secret {
    span: Range<usize>,
    code: &'static str,
    level: Level,
}

impl Secret {
    fn new(span: Range<usize>, code: &'static str) -> Secret {
        Secret { span, code, level: Level::Certain }
    }
}

/// For whom secrets are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Log,
    /// Somebody who decides by what is shown: nothing may hide in the place of a secret that could be more than one.
    Person,
}

/// True if the text can be nothing but a credential: no blank, no sign that separates or quotes in a shell or in SQL. Of several
/// lines each is a line of a key.
pub(crate) fn is_opaque(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_.~:@%-".contains(&byte);
    if !text.contains('\n') {
        return text.bytes().all(plain);
    }
    text.lines().all(|line| {
        let frame = line.starts_with("-----") && line.ends_with("-----");
        let frame =
            frame && line.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'-'));
        frame || (line.len() >= KEY_LINE_BYTES_MIN && line.bytes().all(plain))
    })
}

/// Shorter lines of a key might be words.
const KEY_LINE_BYTES_MIN: usize = 16;

#[derive(Debug)]
pub(crate) struct Secrets {
    prefilter: Prefilter,
    literals: Literals,
}

impl Detector for Secrets {
    fn scan(&self, text: &str, report: &mut dyn FnMut(Finding)) -> Option<&'static str> {
        let plain = self.find(text);
        for Secret { span, code, level } in &plain {
            let finding = Finding::certain(Guard::Secrets, code, span.clone(), message(code));
            let points = match level {
                Level::Certain => points(code),
                Level::Likely => POINTS_CHOSEN,
                Level::Possible => POINTS_WEAK,
            };
            report(Finding { points, level: *level, ..finding });
        }
        for (Secret { span, code, .. }, via) in self.hidden(text) {
            // What shows by itself is told once.
            if !plain.iter().any(|shown| shown.span.start < span.end && span.start < shown.span.end) {
                report(Finding {
                    via,
                    points: POINTS_HIDDEN,
                    ..Finding::certain(Guard::Secrets, code, span, message(code))
                });
            }
        }
        None
    }
}

/// What a find weighs, in hundredths: proven by a checksum or a frame, by a prefix, or by a name in front.
fn points(code: &str) -> i32 {
    match code {
        "private-key" | "github-token" | "npm-token" | "aws-access-key" => 1_000,
        "password" | "secret" | "token" | "api-key" | "credential" => 700,
        "authorization" | "url-password" | "jwt" => 750,
        _ => 900,
    }
}

const POINTS_HIDDEN: i32 = 850;
/// Passwords that people think of stand in examples too; so do, more often, those that call themselves one.
const POINTS_CHOSEN: i32 = 400;
const POINTS_WEAK: i32 = 200;

impl Secrets {
    pub(crate) fn new() -> Secrets {
        Secrets { prefilter: Prefilter::new(), literals: Literals::new() }
    }

    /// True if something in the text may be the name of a secret; a quick answer where it is.
    pub(crate) fn may_name_one(&self, text: &str) -> bool {
        self.prefilter.has_fragment(text.as_bytes())
    }

    /// False only if there is no secret in a text without the name of one, as far as the walk through all of it tells.
    pub(crate) fn may_find(&self, text: &str, glance: &Glance) -> bool {
        glance.token || glance.cut || self.may_show(text, glance)
    }

    /// False only if no secret shows in a text without the name of one.
    fn may_show(&self, text: &str, glance: &Glance) -> bool {
        glance.token || (glance.user && self.prefilter.has_user(text.as_bytes()))
    }

    pub(crate) fn redact<'a>(&self, text: &'a str, reader: Reader) -> Cow<'a, str> {
        let mut redacted = Cow::Borrowed(text);
        // A placeholder can expose a neighbour that had no word boundary before; each pass leaves fewer secrets.
        for _ in 0..PASSES_MAX {
            let hidden = self.hidden(&redacted).into_iter().map(|(secret, _)| secret);
            let mut found = merge(self.find(&redacted).into_iter().chain(hidden).collect());
            found.retain(|secret| {
                reader == Reader::Log || redacted.get(secret.span.clone()).is_some_and(is_opaque)
            });
            if found.is_empty() {
                break;
            }
            redacted = Cow::Owned(replace(&redacted, &found));
        }
        redacted
    }

    /// Every secret in `text`, in order, without overlaps.
    fn find(&self, text: &str) -> Vec<Secret> {
        let mut found: Vec<Secret> = Vec::new();
        let lower = text.to_ascii_lowercase();
        let mut at = 0;
        for stretch in self.prefilter.stretches(lower.as_bytes()) {
            at = at.max(stretch.start);
            while let Some(place) = self.literals.next(&lower, at..stretch.end.max(at)) {
                at = place.span.start + 1;
                if in_placeholder(text, place.span.start) {
                    continue;
                }
                if let Some(secret) = check(text, &place) {
                    at = at.max(secret.span.end);
                    if secret.code == "aws-access-key" {
                        found.extend(token::aws_neighbour(text, &secret.span));
                    }
                    found.push(secret);
                }
            }
        }
        merge(found)
    }
}

/// The character before `at`; a blank where none is, or one that is written as an escape: texts hold JSON and code.
fn before(text: &str, at: usize) -> u8 {
    match text.as_bytes().get(..at).unwrap_or_default() {
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] | [] => b' ',
        [.., before] => *before,
    }
}

/// The finding of a secret that its key betrays, and its placeholder.
pub(crate) fn named(code: &'static str) -> (Finding, String) {
    let finding = Finding::certain(Guard::Secrets, code, 0..0, message(code));
    let mut placeholder = String::new();
    placeholder_into(code, &mut placeholder);
    (Finding { points: points(code), ..finding }, placeholder)
}

/// More passes than any text in the tests needs (two).
const PASSES_MAX: usize = 6;

fn check(text: &str, place: &Place) -> Option<Secret> {
    match place.literal {
        literal::Literal::Token(rule) => token::check(text, place, rule),
        literal::Literal::Keyword(keyword) => assignment::check(text, place, keyword).map(sharpen(text)),
        literal::Literal::Credentials => assignment::scheme(text, place).map(sharpen(text)),
        literal::Literal::PrivateKey => token::private_key(text, place),
        literal::Literal::Telegram => token::telegram(text, place),
        literal::Literal::Url => url::check(text, place),
    }
}

/// Names an assigned value by its own type where it has one: `TOKEN=ghp_…` is a GitHub token.
fn sharpen(text: &str) -> impl Fn(Secret) -> Secret {
    move |secret| match text.get(secret.span.clone()).and_then(token::code_of) {
        Some(code) => Secret::new(secret.span, code),
        None => secret,
    }
}

fn merge(mut found: Vec<Secret>) -> Vec<Secret> {
    found.sort_by_key(|secret| (secret.span.start, std::cmp::Reverse(secret.span.end)));
    let mut merged: Vec<Secret> = Vec::with_capacity(found.len());
    for secret in found {
        match merged.last_mut() {
            Some(last) if secret.span.start < last.span.end => {
                last.span.end = last.span.end.max(secret.span.end);
                last.level = last.level.max(secret.level);
            }
            _ => merged.push(secret),
        }
    }
    merged
}

fn replace(text: &str, found: &[Secret]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for Secret { span, code, .. } in found {
        out.push_str(text.get(from..span.start).unwrap_or_default());
        placeholder_into(code, &mut out);
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn placeholder_into(code: &str, out: &mut String) {
    out.push_str(PLACEHOLDER_START);
    out.push_str(code);
    out.push(']');
}

const PLACEHOLDER_START: &str = "[redacted:";

/// Longest code, so that looking for a placeholder around a place is bounded.
const CODE_BYTES_MAX: usize = 32;

/// True if `text` as a whole is a placeholder.
fn is_redacted(text: &str) -> bool {
    let code = text.strip_prefix(PLACEHOLDER_START).and_then(|rest| rest.strip_suffix(']'));
    code.is_some_and(|code| {
        !code.is_empty() && code.len() <= CODE_BYTES_MAX && code.bytes().all(is_code_byte)
    })
}

/// True if the byte at `at` lies inside a placeholder.
fn in_placeholder(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let before = bytes.get(..at).unwrap_or_default();
    let back = before.iter().rev().take(CODE_BYTES_MAX).take_while(|byte| is_code_byte(**byte)).count();
    let start = at - back;
    // The place may be a letter of `[redacted:` itself or of the code behind it.
    let opened = before.get(..start).is_some_and(|head| head.ends_with(PLACEHOLDER_START.as_bytes()));
    let ahead = bytes.get(at..).unwrap_or_default();
    let forward = ahead.iter().take(CODE_BYTES_MAX).take_while(|byte| is_code_byte(**byte)).count();
    opened && ahead.get(forward) == Some(&b']')
}

fn is_code_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'-'
}

fn message(code: &str) -> &'static str {
    match code {
        "private-key" => "private key",
        "jwt" => "signed token (JWT)",
        "url-password" => "password in a URL",
        "password" => "value assigned to a password",
        "secret" | "token" | "api-key" | "credential" => "value assigned to a secret name",
        "authorization" => "credentials of an authorization header",
        _ => "credential with the prefix of a known service",
    }
}

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    let tokens = token::RULES.iter().map(|rule| rule.code);
    let assigned = assignment::KEYWORDS.iter().map(|keyword| keyword.code);
    let others = ["private-key", "url-password", "telegram-token", "aws-secret-key"];
    tokens.chain(assigned).chain(others).map(|code| ((Guard::Secrets, code), message(code)))
}
