//! Request ids: which ones every peer reads alike.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;

use crate::json::{Kind, Value, escape_into};
use crate::limits::Limits;

/// A request id. Two ids are the same only with the same type and value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// An integer within ±(2^53 - 1), so that every peer reads the same one.
    Number(i64),
    Text(Cow<'a, str>),
}

impl Id<'_> {
    /// The same id without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Id<'static> {
        match self {
            Id::Number(number) => Id::Number(number),
            Id::Text(text) => Id::Text(Cow::Owned(text.into_owned())),
        }
    }

    /// Appends the id as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            // Into memory that grows nothing fails.
            Id::Number(number) => drop(write!(out, "{number}")),
            Id::Text(text) => escape_into(text, out),
        }
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Reads a value as an id: a string within the limit, or an integer that every peer reads as the same number.
///
/// `1.0` and `1e0` are the id 1 to some peers and none to others; `-0` is 0 to some.
#[must_use]
pub fn read_id<'a>(value: Value<'a>, limits: &Limits) -> Option<Id<'a>> {
    match value.kind() {
        Kind::Text => value.text().filter(|text| text.len() <= limits.id_bytes_max).map(Id::Text),
        Kind::Number if value.raw() != "-0" => {
            value.integer().filter(|id| (-NUMBER_MAX..=NUMBER_MAX).contains(id)).map(Id::Number)
        }
        Kind::Number | Kind::Null | Kind::False | Kind::True | Kind::Array | Kind::Object => None,
    }
}

const NUMBER_MAX: i64 = (1 << 53) - 1;
