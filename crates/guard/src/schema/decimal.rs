//! JSON numbers compared by value, as they are written: no double rounds an amount or an id of nineteen digits.

use std::cmp::Ordering;

/// A number: its digits as they stand, and how far the point is moved.
#[derive(Debug, Clone, Copy)]
struct Decimal<'t> {
    is_negative: bool,
    whole: &'t str,
    fraction: &'t str,
    exponent: i64,
}

/// Compares two numbers that the parser accepted.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    // Nearly all are short integers.
    match (left.parse::<i64>(), right.parse::<i64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        _ => Decimal::of(left).compare(Decimal::of(right)),
    }
}

/// True for `5`, `5.0` and `5e2`.
pub(super) fn is_whole(raw: &str) -> bool {
    raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') || Decimal::of(raw).is_whole()
}

impl<'t> Decimal<'t> {
    /// `raw` is a number that the parser accepted.
    fn of(raw: &'t str) -> Decimal<'t> {
        let (is_negative, rest) = match raw.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, raw),
        };
        let (digits, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // Only exponents without end are no `i64`, and only those of next to nothing pass the parser.
        let far = if exponent.starts_with('-') { -FAR } else { FAR };
        let exponent = exponent.parse().unwrap_or(far).clamp(-FAR, FAR);
        Decimal { is_negative, whole, fraction, exponent }
    }

    fn is_whole(self) -> bool {
        match self.digits().rposition(|digit| digit != b'0') {
            None => true,
            Some(last) => self.place_of(last) >= 1,
        }
    }

    fn compare(self, other: Decimal<'_>) -> Ordering {
        match self.sign().cmp(&other.sign()) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
        let size = self.compare_size(other);
        if self.is_negative { size.reverse() } else { size }
    }

    fn compare_size(self, other: Decimal<'_>) -> Ordering {
        let (Some(first), Some(second)) = (self.first(), other.first()) else { return Ordering::Equal };
        let mut left = self.digits().skip(first);
        let mut right = other.digits().skip(second);
        let begins = self.place_of(first).cmp(&other.place_of(second));
        if begins != Ordering::Equal {
            return begins;
        }
        loop {
            let (one, two) = (left.next(), right.next());
            if one.is_none() && two.is_none() {
                return Ordering::Equal;
            }
            match one.unwrap_or(b'0').cmp(&two.unwrap_or(b'0')) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
    }

    fn sign(self) -> i8 {
        match (self.first(), self.is_negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn digits(self) -> impl DoubleEndedIterator<Item = u8> + ExactSizeIterator {
        let length = self.whole.len().saturating_add(self.fraction.len());
        let (whole, fraction) = (self.whole.as_bytes(), self.fraction.as_bytes());
        (0..length).map(move |at| {
            let digit = whole.get(at).or_else(|| fraction.get(at.saturating_sub(whole.len())));
            digit.copied().unwrap_or(b'0')
        })
    }

    /// The first digit that counts; none of zero.
    fn first(self) -> Option<usize> {
        self.digits().position(|digit| digit != b'0')
    }

    /// 1 for ones, 2 for tens, 0 for tenths.
    fn place_of(self, digit: usize) -> i64 {
        let signed = |count: usize| i64::try_from(count).unwrap_or(FAR);
        signed(self.whole.len()).saturating_sub(signed(digit)).saturating_add(self.exponent)
    }
}

/// Farther no exponent moves a point: no sum of them overflows.
const FAR: i64 = 1 << 40;

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Decimal, compare, is_whole};

    #[test]
    fn numbers_are_compared_by_value() {
        for (left, right, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("1e2", "100", Ordering::Equal),
            ("0.001e3", "1", Ordering::Equal),
            ("0", "-0.0", Ordering::Equal),
            ("0e99", "0", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("-9007199254740993", "-9007199254740992", Ordering::Less),
            ("0.1", "0.10000000000000000001", Ordering::Less),
            ("-1", "1", Ordering::Less),
            ("-2", "-1", Ordering::Less),
            ("10", "9", Ordering::Greater),
            ("1e-999999999999999999999", "0", Ordering::Greater),
            ("1E+2", "99.9", Ordering::Greater),
        ] {
            assert_eq!(compare(left, right), expected, "{left} {right}");
            assert_eq!(compare(right, left), expected.reverse(), "{right} {left}");
            // The short way and the long one agree.
            assert_eq!(Decimal::of(left).compare(Decimal::of(right)), expected, "{left} {right}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        for (raw, expected) in [
            ("5", true),
            ("5.0", true),
            ("-5.00", true),
            ("5.5", false),
            ("5e2", true),
            ("5.55e1", false),
            ("5.55e2", true),
            ("50e-1", true),
            ("5e-1", false),
            ("0.0", true),
            ("0e-5", true),
            ("1e-999999999999999999999", false),
        ] {
            assert_eq!((is_whole(raw), Decimal::of(raw).is_whole()), (expected, expected), "{raw}");
        }
    }
}
