//! Times as text: RFC 3339 in UTC with microseconds, cheap enough for every record.

pub use bailiwick_mcp::Timestamp;

/// The length in bytes of a time as text: `2026-01-31T23:59:59.000001Z`.
pub const TIME_TEXT_BYTES: usize = 27;

/// Formats times, keeping the text of the last second, since neighbours mostly share it.
#[derive(Debug, Clone)]
pub struct TimeText {
    second: i64,
    text: [u8; TIME_TEXT_BYTES],
}

impl TimeText {
    /// A formatter that has seen no time yet.
    #[must_use]
    pub fn new() -> TimeText {
        TimeText { second: 0, text: *b"1970-01-01T00:00:00.000000Z" }
    }

    /// `at` as RFC 3339 (section 5.6) in UTC with six digits of fraction. Times outside the years 0000 to
    /// 9999, which that format cannot write, become the nearest that it can.
    pub fn format(&mut self, at: Timestamp) -> &str {
        let micros = at.as_micros().clamp(SECOND_MIN * MICROS, SECOND_MAX * MICROS + MICROS - 1);
        let second = micros.div_euclid(MICROS);
        if second != self.second {
            self.second = second;
            self.set_second(second);
        }
        self.put(20, 6, micros.rem_euclid(MICROS));
        // Only ASCII digits are ever put into the text.
        str::from_utf8(&self.text).unwrap_or_default()
    }

    fn set_second(&mut self, second: i64) {
        let (year, month, day) = civil(second.div_euclid(86_400));
        let of_day = second.rem_euclid(86_400);
        self.put(0, 4, year);
        self.put(5, 2, month);
        self.put(8, 2, day);
        self.put(11, 2, of_day / 3_600);
        self.put(14, 2, of_day / 60 % 60);
        self.put(17, 2, of_day % 60);
    }

    fn put(&mut self, at: usize, digits: usize, value: i64) {
        let mut rest = value;
        for place in self.text.iter_mut().skip(at).take(digits).rev() {
            *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    }
}

impl Default for TimeText {
    fn default() -> TimeText {
        TimeText::new()
    }
}

/// Year, month and day of the proleptic Gregorian calendar for a count of days since 1970-01-01. Years
/// are counted from March here, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let from_march_of_year_0 = days + 719_468;
    let cycle = from_march_of_year_0.div_euclid(146_097);
    let day_of_cycle = from_march_of_year_0.rem_euclid(146_097);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = cycle * 400 + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

/// Reads a time as [`TimeText`] writes it.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse().ok()
    };
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (26, "Z")];
    if text.len() != TIME_TEXT_BYTES || marks.iter().any(|(at, mark)| text.get(*at..at + 1) != Some(*mark)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second, micros) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 26)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * MICROS + micros))
}

/// The days since 1970-01-01, as [`civil`] undoes it.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let cycle = year.div_euclid(400);
    let year_of_cycle = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    cycle * 146_097 + day_of_cycle - 719_468
}

const MICROS: i64 = 1_000_000;
/// 0000-01-01T00:00:00Z
const SECOND_MIN: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z
const SECOND_MAX: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_rfc_3339() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199_999_999, "2024-02-29T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
            (1_763_693_100_123_456, "2025-11-21T02:45:00.123456Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000000Z"),
        ];
        let mut text = TimeText::new();
        for (micros, wanted) in cases {
            assert_eq!(text.format(Timestamp(micros)), wanted);
            if micros.unsigned_abs() < 253_402_300_800_000_000 {
                assert_eq!(parse(wanted), Some(Timestamp(micros)));
            }
        }
    }

    #[test]
    fn what_is_no_such_time_is_not_read() {
        for text in [
            "",
            "2025-11-21",
            "2025-11-21 02:45:00.123456Z",
            "2025-13-21T02:45:00.123456Z",
            "2025-11-21T02:45:+0.123456Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_follow_each_other_for_eight_hundred_years() {
        let mut yesterday = civil(-200_000);
        for days in -199_999..100_000 {
            let today = civil(days);
            let next_day = (yesterday.0, yesterday.1, yesterday.2 + 1);
            let next_month = (yesterday.0, yesterday.1 + 1, 1);
            let next_year = (yesterday.0 + 1, 1, 1);
            assert!([next_day, next_month, next_year].contains(&today), "{yesterday:?} then {today:?}");
            yesterday = today;
        }
        assert_eq!(yesterday, (2243, 10, 16));
    }
}
