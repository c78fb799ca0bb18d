//! Redacting a JSON value: strings and keys by their content, members by their key, everything else byte for byte.

use std::borrow::Cow;

use bailiwick_mcp::json::{escape_into, unescape};
use bailiwick_mcp::{Kind, Value};

use super::assignment::{credentials, of_key, of_name};
use super::glance::Glance;
use super::literal::{Literal, Place};
use super::{Reader, Secrets, is_opaque, is_redacted, token};

impl Secrets {
    pub(crate) fn redact_json(&self, value: Value<'_>, reader: Reader, out: &mut Vec<u8>) {
        let raw = value.raw();
        if !self.is_suspicious(raw) {
            out.extend_from_slice(raw.as_bytes());
            return;
        }
        self.mask(value, reader, out);
    }

    /// What [`Secrets::redact_json`] does with a value that is worth it.
    pub(super) fn mask(&self, value: Value<'_>, reader: Reader, out: &mut Vec<u8>) {
        let raw = value.raw();
        let mut walk = Walk { secrets: self, reader, raw, base: value.span().0, copied: 0, out };
        walk.value(value, None);
        walk.copy_to(raw.len());
    }

    /// Every string below `value` that a key makes a secret whatever it looks like, with its code.
    pub(crate) fn each_named<'a>(value: Value<'a>, visit: &mut dyn FnMut(Value<'a>, &'static str)) {
        named(value, None, visit);
    }

    /// False only if no string or key of the JSON text holds a secret, shown or disguised, or is the name of one.
    pub(crate) fn is_suspicious(&self, raw: &str) -> bool {
        let text = readable(raw);
        let named = self.may_name_one(&text);
        if named && self.shows(&text) {
            return true;
        }
        let glance = Glance::of(&text);
        (!named && self.may_show(&text, &glance) && self.shows(&text)) || self.may_hide(&text, &glance)
    }

    /// False only if no key of the JSON text is the name of a secret.
    pub(crate) fn may_name(&self, raw: &str) -> bool {
        self.shows(&readable(raw))
    }

    /// False only if no part of the text between two quotes shows a secret or is the name of one.
    pub(super) fn shows(&self, text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let mut stretches = self.prefilter.stretches(lower.as_bytes());
        // Alone this is no fragment; as a key it is a name whatever stands behind it.
        stretches.extend(self.prefilter.names(lower.as_bytes()));
        stretches.into_iter().any(|stretch| {
            let mut at = stretch.start;
            while let Some(place) = self.literals.next(&lower, at..stretch.end) {
                if is_worth(text, &place) {
                    return true;
                }
                at = place.span.start + 1;
            }
            false
        })
    }
}

/// Every string of a JSON text as it reads, each between its quotes.
fn readable(raw: &str) -> Cow<'_, str> {
    match memchr::memchr(b'\\', raw.as_bytes()) {
        Some(_) => Cow::Owned(unescape(raw)),
        None => Cow::Borrowed(raw),
    }
}

/// A cheap test that no secret fails; word boundaries are not looked at.
fn is_worth(text: &str, place: &Place) -> bool {
    let behind = text.get(place.span.end..).unwrap_or_default();
    let graphic = |bytes_max: usize| {
        behind.bytes().take(bytes_max).take_while(|b| b.is_ascii_graphic() && *b != b'"').count()
    };
    match place.literal {
        Literal::Token(rule) => {
            let found = text.get(place.span.clone()).unwrap_or_default();
            rule.prefixes.contains(&found) && graphic(rule.body_min) >= rule.body_min
        }
        Literal::Keyword(keyword) => {
            let letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            let letters = behind.bytes().take(NAME_BYTES_MAX).take_while(letter).count();
            let name = text.get(place.span.start..place.span.end + letters).unwrap_or_default();
            // A key is read further.
            letters == NAME_BYTES_MAX || of_name(name, place.span.len(), keyword).is_some()
        }
        Literal::Credentials => credentials(text, place).is_some(),
        Literal::Url => behind.bytes().take(512).take_while(|byte| *byte != b'"').any(|byte| byte == b'@'),
        Literal::Telegram => graphic(33) == 33,
        Literal::PrivateKey => true,
    }
}

/// How much of a name behind its keyword is read in a text, in bytes.
const NAME_BYTES_MAX: usize = 64;

struct Walk<'w, 'a> {
    secrets: &'w Secrets,
    reader: Reader,
    raw: &'a str,
    /// Offset of `raw` in its document.
    base: usize,
    copied: usize,
    out: &'w mut Vec<u8>,
}

impl Walk<'_, '_> {
    /// `code` is set where a key above has said that this is a secret. Depth is bounded by the parser's limit.
    fn value(&mut self, value: Value<'_>, code: Option<&'static str>) {
        match value.kind() {
            Kind::Null | Kind::True | Kind::False => {}
            Kind::Number => {
                if let Some(code) = code {
                    self.put(value, &placeholder(code));
                }
            }
            Kind::Text => self.text(value, code),
            Kind::Array => self.array(value, code),
            Kind::Object => self.object(value, code),
        }
    }

    fn text(&mut self, value: Value<'_>, code: Option<&'static str>) {
        let Some(text) = value.text() else { return };
        if let Some(code) = code.filter(|_| self.reader == Reader::Log || is_opaque(&text)) {
            if !text.is_empty() && !is_redacted(&text) {
                self.put(value, &placeholder(token::code_of(&text).unwrap_or(code)));
            }
            return;
        }
        let redacted = self.secrets.redact(&text, self.reader);
        if redacted != text {
            self.put(value, &redacted);
        }
    }

    /// In an argument list the element behind `--password` is one.
    fn array(&mut self, array: Value<'_>, code: Option<&'static str>) {
        let mut flagged = None;
        for element in array.elements() {
            self.value(element, code.or(flagged));
            flagged = flag(element);
        }
    }

    fn object(&mut self, object: Value<'_>, code: Option<&'static str>) {
        // The schema of a password is not a password.
        let code = if is_schema(object) || self.reader == Reader::Person { None } else { code };
        let paired = paired(object);
        let mut renamed: Vec<String> = Vec::new();
        for (key, value) in object.members() {
            let Some(name) = key.text() else { continue };
            let redacted = self.secrets.redact(&name, self.reader);
            if redacted != name {
                let unique = unique(&redacted, object, &renamed);
                self.put(key, &unique);
                renamed.push(unique);
            }
            self.value(value, member(&name, paired).or(code));
        }
    }

    fn put(&mut self, value: Value<'_>, text: &str) {
        let (start, end) = value.span();
        self.copy_to(start - self.base);
        escape_into(text, self.out);
        self.copied = end - self.base;
    }

    fn copy_to(&mut self, end: usize) {
        self.out.extend_from_slice(self.raw.get(self.copied..end).unwrap_or_default().as_bytes());
        self.copied = end;
    }
}

fn named<'a>(value: Value<'a>, code: Option<&'static str>, visit: &mut dyn FnMut(Value<'a>, &'static str)) {
    match value.kind() {
        Kind::Null | Kind::True | Kind::False | Kind::Number => {}
        Kind::Text => {
            let text = value.text().filter(|text| !text.is_empty() && !is_redacted(text));
            if let (Some(code), Some(text)) = (code, text) {
                visit(value, token::code_of(&text).unwrap_or(code));
            }
        }
        Kind::Array => {
            let mut flagged = None;
            for element in value.elements() {
                named(element, code.or(flagged), visit);
                flagged = flag(element);
            }
        }
        Kind::Object => {
            let code = if is_schema(value) { None } else { code };
            let paired = paired(value);
            for (key, below) in value.members() {
                let Some(name) = key.text() else { continue };
                named(below, member(&name, paired).or(code), visit);
            }
        }
    }
}

/// In an argument list, what the element behind this one is.
fn flag(element: Value<'_>) -> Option<&'static str> {
    let text = element.text().filter(|text| text.starts_with('-'))?;
    of_key(&text).map(|keyword| keyword.code)
}

/// `{"name": "DB_PASSWORD", "value": "…"}`, as environments and headers are listed: what the value is.
fn paired(object: Value<'_>) -> Option<&'static str> {
    let named = ["name", "key", "header"].iter().find_map(|name| of_key(&object.get(name)?.text()?));
    named.map(|keyword| keyword.code)
}

/// What a member with this name is; `paired` is what the object says of its value.
fn member(name: &str, paired: Option<&'static str>) -> Option<&'static str> {
    of_key(name).map(|keyword| keyword.code).or(paired.filter(|_| name == "value"))
}

fn placeholder(code: &str) -> String {
    let mut text = String::new();
    super::placeholder_into(code, &mut text);
    text
}

fn is_schema(object: Value<'_>) -> bool {
    let kinds = ["string", "number", "integer", "boolean", "object", "array", "null"];
    object.get("type").is_some_and(|kind| kinds.iter().any(|known| kind.is_text(known)))
}

/// Two secrets as keys of one object must not become the same key: the text would no longer be strict JSON.
fn unique(key: &str, object: Value<'_>, renamed: &[String]) -> String {
    let taken = |name: &str| renamed.iter().any(|other| other == name) || object.get(name).is_some();
    let numbered = |number: usize| if number == 1 { key.to_owned() } else { format!("{key} {number}") };
    // INVARIANT: of more numbers than keys one is free.
    let numbers = 1..=object.members().count() + 1;
    numbers.map(numbered).find(|name| !taken(name)).unwrap_or_else(|| key.to_owned())
}
