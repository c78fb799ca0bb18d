//! Numbers with units: sizes, durations, rates.

/// A JSON number.
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if !digits(whole) || !digits(fraction) || !digits(exponent) || (whole.len() > 1 && whole.starts_with('0'))
    {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A whole number, at least 0.
pub(crate) fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Bytes: `500`, `64KiB`, `10kB`, `1MiB`.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (count, unit) = split(text)?;
    let factor = match unit {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    count.checked_mul(factor)
}

/// Milliseconds: `30s`, `5m`, `1h30m`, `7d`.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (count, behind) = split(rest)?;
        let mut characters = behind.chars();
        let factor = match characters.next()? {
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(factor)?)?;
        rest = characters.as_str();
    }
    (0 < total && total <= DURATION_MS_MAX).then_some(total)
}

/// Ten years. Longer is a mistake in the unit.
const DURATION_MS_MAX: u64 = 10 * 366 * 86_400_000;

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::{duration_ms, number, size, whole};

    #[test]
    fn units_are_exact() {
        assert_eq!(size("1MiB"), Some(1_048_576));
        assert_eq!(size("10kB"), Some(10_000));
        assert_eq!(size("10KB"), None);
        assert_eq!(size("1.5MiB"), None);
        assert_eq!(duration_ms("1h30m"), Some(5_400_000));
        assert_eq!(duration_ms("0s"), None);
        assert_eq!(duration_ms("5"), None);
        assert_eq!(duration_ms("5 m"), None);
        assert_eq!(duration_ms("99999999d"), None);
        assert_eq!(number("-1.5e3"), Some(-1500.0));
        assert_eq!(number("0x10"), None);
        assert_eq!(number("1_000"), None);
        assert_eq!(number(".5"), None);
        assert_eq!(number("007"), None);
        assert_eq!(number("inf"), None);
        assert_eq!(whole("12"), Some(12));
        assert_eq!(whole("-1"), None);
        assert_eq!(whole(""), None);
    }
}
