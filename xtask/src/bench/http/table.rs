//! Medians, ratios against the baseline of the same round, and the goals.

use super::{Between, Sample};
use crate::bench::report::{Goal, median, print_goals, ratio_with};

/// One candidate at one concurrency.
pub(super) struct Row {
    pub(super) between: Between,
    pub(super) concurrency: usize,
    pub(super) samples: Vec<Sample>,
}

/// Prints the table and the goals; true when every goal was reached.
pub(super) fn print(rows: &[Row]) -> bool {
    println!(
        "\nHTTP, 1 KB calls in legacy sessions; medians over the rounds, (×) against the baseline of the same round\n"
    );
    println!(
        "| between clients and upstream | clients | requests/s (×) | p50 µs (×) | p99 µs (×) | CPU µs per request (×) | RSS MiB (peak so far) |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut goals = Vec::new();
    for row in rows {
        let baseline = rows
            .iter()
            .find(|other| other.between == Between::Shared && other.concurrency == row.concurrency)
            .map_or(&[][..], |other| other.samples.as_slice());
        println!("{}", line(row, baseline));
        let at = row.concurrency;
        let peers = rows.iter().filter(|peer| peer.between.is_peer() && peer.concurrency == at);
        for peer in peers.filter(|peer| row.between == Between::Gateway && !peer.samples.is_empty()) {
            goals.push(Goal {
                what: format!("requests/s at {at}, × {}", peer.between.name()),
                at_least: true,
                bound: 1.0,
                measured: compared(&row.samples, &peer.samples, |sample| sample.calls_per_second),
            });
        }
        if row.between == Between::Gateway && at > 1 {
            let ratio = |value| compared(&row.samples, baseline, value);
            goals.push(Goal {
                what: format!("requests/s at {at}, × baseline"),
                at_least: true,
                bound: 0.9,
                measured: ratio(|sample| sample.calls_per_second),
            });
            goals.push(Goal {
                what: format!("p99 at {at}, × baseline"),
                at_least: false,
                bound: 1.5,
                measured: ratio(|sample| sample.p99.as_secs_f64()),
            });
        }
    }
    println!("\n¹ with the numbers of its limits raised, or the load would end after 60 calls");
    print_goals(&goals)
}

fn compared(samples: &[Sample], baseline: &[Sample], value: fn(&Sample) -> f64) -> f64 {
    ratio_with(samples, baseline, |ours, theirs| value(ours) / value(theirs))
}

fn line(row: &Row, baseline: &[Sample]) -> String {
    if row.samples.is_empty() {
        return format!(
            "| {} | {} | no call was answered in time | | | | |",
            row.between.name(),
            row.concurrency
        );
    }
    let cell = |value: fn(&Sample) -> f64, shown: f64| {
        format!(
            "{:.1} ({:.2})",
            median(row.samples.iter().map(value)) * shown,
            compared(&row.samples, baseline, value)
        )
    };
    let own = match row.between {
        // Its own process is the upstream's.
        Between::Nothing => "– | –".to_owned(),
        _ => format!(
            "{} | {:.1}",
            cell(|sample| sample.cpu_per_call.as_secs_f64(), 1e6),
            median(row.samples.iter().map(|sample| sample.peak_kib as f64 / 1024.0))
        ),
    };
    format!(
        "| {} | {} | {} | {} | {} | {own} |",
        row.between.name(),
        row.concurrency,
        cell(|sample| sample.calls_per_second, 1.0),
        cell(|sample| sample.p50.as_secs_f64(), 1e6),
        cell(|sample| sample.p99.as_secs_f64(), 1e6),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn goals_are_for_many_clients_and_against_the_baseline_at_the_same_number() {
        let sample = |rate: f64, micros| Sample {
            calls_per_second: rate,
            p99: Duration::from_micros(micros),
            ..Sample::default()
        };
        let row = |between, concurrency, sample| Row { between, concurrency, samples: vec![sample] };
        let rows = |ours| {
            vec![
                row(Between::Shared, 1, sample(1000.0, 10)),
                row(Between::Shared, 16, sample(100.0, 10)),
                row(Between::Gateway, 1, sample(10.0, 99)),
                row(Between::Gateway, 16, ours),
            ]
        };
        assert!(print(&rows(sample(90.0, 15))));
        assert!(!print(&rows(sample(89.0, 15))));
        assert!(!print(&rows(sample(90.0, 16))));
    }
}
