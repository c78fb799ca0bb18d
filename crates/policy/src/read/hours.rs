//! `hours`.

use super::Reader;
use crate::history::{DAY, Days, Hours, Window, nearest_zone, zone};
use crate::tree::Node;
use crate::words;

const DAYS: [(&str, usize); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

impl Reader<'_> {
    /// A window, or a list of them.
    pub(super) fn hours(&mut self, node: &Node) -> Option<Hours> {
        let items = self.items(node, "`hours`");
        let count = items.len();
        let windows: Vec<Window> = items.into_iter().filter_map(|item| self.window(item)).collect();
        (windows.len() == count && count > 0).then_some(Hours { windows })
    }

    fn window(&mut self, node: &Node) -> Option<Window> {
        let members = self.members(node, &words::HOURS, "`hours`")?;
        let days = match members.get("days") {
            Some(days) => self.days(days),
            None => Some(Days([true; 7])),
        };
        let clock = match (members.get("from"), members.get("to")) {
            (Some(from), Some(until)) => {
                let both = (self.clock(from), self.clock(until));
                if let (Some(from), Some(end)) = both
                    && (from == end || from == DAY)
                {
                    self.wrong(until, "a window of no length", "leave `from` and `to` out for whole days");
                }
                both.0.zip(both.1)
            }
            (None, None) => Some((0, DAY)),
            (Some(lonely), None) | (None, Some(lonely)) => {
                self.wrong(
                    lonely,
                    "`from` and `to` belong together",
                    "write both: `from: \"08:00\", to: \"18:00\"`",
                );
                None
            }
        };
        let zone = match members.get("zone") {
            Some(zone) => self.zone(zone),
            None => {
                self.wrong(node, "hours without `zone`", "add `zone: \"Europe/Berlin\"`, or `zone: UTC`");
                None
            }
        };
        let ((from, until), (zone, name)) = (clock?, zone?);
        let days = days?;
        let written =
            format!("{}{}-{} {name}", days_written(days), clock_written(from), clock_written(until));
        Some(Window { days, from, until, zone, written })
    }

    fn days(&mut self, node: &Node) -> Option<Days> {
        let mut days = Days::default();
        let mut right = true;
        for item in self.items(node, "`days`") {
            let Some(text) = self.word(item, "a day") else {
                right = false;
                continue;
            };
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let find = |word: &str| DAYS.iter().find(|(name, _)| *name == word).map(|(_, day)| *day);
            let (Some(first), Some(last)) = (find(first), find(last)) else {
                self.wrong(
                    item,
                    format!("`{text}` is not a day"),
                    "write `mon` to `sun`, or a range: `mon-fri`",
                );
                right = false;
                continue;
            };
            // `sat-mon` goes over the end of the week.
            for (day, wanted) in days.0.iter_mut().enumerate() {
                *wanted |=
                    if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last };
            }
        }
        (right && days != Days::default()).then_some(days)
    }

    /// Minutes of `08:30`; `24:00` ends a day.
    fn clock(&mut self, node: &Node) -> Option<u16> {
        let text = self.word(node, "a time of day")?;
        let two = |digits: &str| {
            let right = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if right { digits.parse::<u16>().ok() } else { None }
        };
        let found = text.split_once(':').and_then(|(hour, minute)| two(hour).zip(two(minute)));
        let minutes = found
            .filter(|(hour, minute)| (*hour < 24 && *minute < 60) || (*hour == 24 && *minute == 0))
            .map(|(hour, minute)| hour.saturating_mul(60).saturating_add(minute));
        if minutes.is_none() {
            self.wrong(
                node,
                format!("`{text}` is not a time of day"),
                "write hours and minutes: `\"08:30\"`",
            );
        }
        minutes
    }

    fn zone(&mut self, node: &Node) -> Option<(jiff::tz::TimeZone, String)> {
        let text = self.word(node, "a time zone")?;
        let found = zone(text);
        if found.is_none() {
            let help = nearest_zone(text).map(|near| format!("did you mean `{near}`?"));
            let help =
                help.unwrap_or_else(|| "write a name of the IANA database: `Europe/Berlin`, `UTC`".into());
            self.wrong(node, format!("unknown time zone `{text}`"), help);
        }
        found.map(|zone| (zone, text.to_owned()))
    }
}

fn days_written(days: Days) -> String {
    if days == Days([true; 7]) {
        return String::new();
    }
    let words: Vec<&str> = DAYS.iter().filter(|(_, day)| days.has(*day)).map(|(word, _)| *word).collect();
    format!("{} ", words.join(","))
}

fn clock_written(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
}
