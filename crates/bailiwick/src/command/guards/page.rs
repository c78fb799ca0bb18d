//! The tables of `guards bench`, on the terminal and in the documentation.

use std::fmt::Write as _;
use std::path::Path;

use bailiwick_guard::Level;

use super::bench::{Areas, measure};
use super::curve::{FALSE_ALARMS, Rate};
use super::scan;
use crate::exit::Failure;

/// A Markdown table for each area; single kinds are left to `--format json`.
pub(super) fn tables(areas: &Areas) -> String {
    let mut out = String::new();
    for (kind, samples) in areas {
        let (thresholds, measured) = measure(samples);
        let _ = write!(out, "### {}\n\n| group | rows |", scan::name(*kind));
        for (share, threshold) in FALSE_ALARMS.iter().zip(&thresholds) {
            let _ = write!(out, " {} % (≥ {}) |", f64::from(*share) / 100.0, scan::points(*threshold));
        }
        for level in Level::ALL.iter().rev() {
            let _ = write!(out, " `{}` |", level.as_str());
        }
        let _ = writeln!(out, "\n|---|---|{}", "---|".repeat(thresholds.len() + Level::ALL.len()));
        for group in measured.iter().filter(|group| !group.name.starts_with("kind ")) {
            let rows = group.at_levels.first().map_or(0, |rate| rate.rows);
            let sign = if group.is_attack { "" } else { " (benign)" };
            let _ = write!(out, "| {}{sign} | {rows} |", group.name);
            for rate in group.at_thresholds.iter().chain(&group.at_levels) {
                let _ = write!(out, " {} |", percent(*rate));
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn percent(rate: Rate) -> String {
    format!("{:.1}", rate.percent())
}

/// Replaces what stands between the marks of the page.
pub(super) fn write(page: &Path, tables: &str) -> Result<(), Failure> {
    let fails = |error| Failure::error(format!("cannot use `{}`: {error}", page.display()));
    let bytes = bailiwick_disk::bounded(page, PAGE_BYTES_MAX).map_err(fails)?;
    let text = String::from_utf8(bytes).map_err(|error| fails(std::io::Error::other(error)))?;
    let parts = text.split_once(OPENS).and_then(|(head, rest)| Some((head, rest.split_once(CLOSES)?.1)));
    let (head, foot) = parts.ok_or_else(|| {
        Failure::error(format!("`{}` has no place for the tables", page.display()))
            .help(format!("put `{OPENS}` and `{CLOSES}` where they shall stand"))
    })?;
    let made = format!("{head}{OPENS}\n\n{tables}{CLOSES}{foot}");
    bailiwick_disk::replace(page, Some(text.as_bytes()), made.as_bytes()).map_err(Failure::error)
}

/// Longest page.
const PAGE_BYTES_MAX: usize = 4 << 20;
const OPENS: &str = "<!-- measured: bailiwick guards bench -->";
const CLOSES: &str = "<!-- end of measured -->";
