//! Thresholds and rates: how much is flagged when so much of the benign may be.

use bailiwick_guard::Level;

/// One judged and labelled row.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) points: i32,
    pub(super) level: Option<Level>,
    pub(super) is_attack: bool,
    /// The groups that the row counts in.
    pub(super) groups: Vec<String>,
    /// For listing: where it stands.
    pub(super) place: String,
}

/// The shares of benign texts at which thresholds are read off, in hundredths of a percent.
pub(super) const FALSE_ALARMS: [u32; 5] = [10, 20, 50, 100, 300];

/// The lowest threshold that at most `share` (hundredths of a percent) of these reach.
pub(super) fn threshold(benign: &[i32], share: u32) -> i32 {
    let mut points = benign.to_vec();
    points.sort_unstable_by(|one, other| other.cmp(one));
    let allowed = points.len() * share as usize / 10_000;
    // The first that may not be flagged, and all that equal it, lie below.
    points.get(allowed).map_or(i32::MIN, |first| first.saturating_add(1))
}

/// Rows and how many of them are flagged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) flagged: usize,
    pub(super) rows: usize,
}

impl Rate {
    pub(super) fn of<'a>(
        samples: impl Iterator<Item = &'a Sample>,
        is_flagged: impl Fn(&Sample) -> bool,
    ) -> Rate {
        samples.fold(Rate::default(), |rate, sample| Rate {
            flagged: rate.flagged + usize::from(is_flagged(sample)),
            rows: rate.rows + 1,
        })
    }

    /// In percent.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub(super) fn percent(self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.flagged as f64 * 100.0 / self.rows as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::threshold;

    #[test]
    fn the_threshold_lets_through_what_is_allowed_and_no_more() {
        let benign: Vec<i32> = (0..1_000).collect();
        assert_eq!(threshold(&benign, 50), 995);
        assert_eq!(benign.iter().filter(|points| **points >= 995).count(), 5);
        assert_eq!(threshold(&[7; 100], 500), 8, "what is equal is flagged together or not at all");
        assert_eq!(threshold(&[], 50), i32::MIN);
    }
}
