//! Numbers, lengths and types, where peers count and round in different ways.

use bailiwick_mcp::{Kind, Value};

use super::{Answer, Kinds, Sense};

/// The number, if every peer reads the same: at most 17 significant digits, below 2^53.
pub(crate) fn exact_number(value: Value<'_>) -> Option<f64> {
    let number = value.number()?;
    let mantissa = value.raw().split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    (digits <= 17 && number.abs() < INTEGER_MAX).then_some(number)
}

/// 2^53: the integers below it are the ones that no other number rounds to.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

pub(super) fn bytes(value: Value<'_>) -> u64 {
    count(value.text().map_or_else(|| value.raw().len(), |text| text.len()))
}

/// A length in the two ways that languages count: characters, and UTF-16 units.
pub(super) struct Lengths {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) sense: Sense,
}

impl Lengths {
    pub(super) fn within(&self, low: u64, high: u64) -> Answer {
        let inside = |length: u64| low <= length && length <= high;
        yes(match self.sense {
            Sense::Any => inside(self.least) || inside(self.most),
            Sense::Every | Sense::Holds => inside(self.least) && inside(self.most),
        })
    }
}

pub(super) fn length(value: Value<'_>, sense: Sense) -> Option<Lengths> {
    let (least, most) = match value.kind() {
        Kind::Text => {
            let text = value.text()?;
            (text.chars().count(), text.encode_utf16().count())
        }
        Kind::Array => (value.elements().count(), value.elements().count()),
        Kind::Object => (value.members().count(), value.members().count()),
        Kind::Null | Kind::False | Kind::True | Kind::Number => return None,
    };
    Some(Lengths { least: count(least), most: count(most), sense })
}

impl Kinds {
    pub(super) fn contain(self, value: Value<'_>, sense: Sense) -> bool {
        match value.kind() {
            Kind::Null => self.null,
            Kind::False | Kind::True => self.boolean,
            Kind::Text => self.string,
            Kind::Array => self.array,
            Kind::Object => self.object,
            Kind::Number => self.number || (self.integer && is_integer(value, sense)),
        }
    }
}

/// `1.0` is an integer to some peers and not to others.
fn is_integer(value: Value<'_>, sense: Sense) -> bool {
    match sense {
        Sense::Any => value.number().is_some_and(|number| number.fract() == 0.0),
        Sense::Every | Sense::Holds => value.integer().is_some(),
    }
}

pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

pub(super) fn yes(matches: bool) -> Answer {
    if matches { Answer::Yes } else { Answer::No }
}
