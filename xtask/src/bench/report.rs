//! Medians, ratios against the relay of the same round, and the goals.

use super::{Candidate, Placement, Sample};
use std::time::Duration;

/// Prints the table and the goals; true when every goal was reached (or none was measured).
pub(super) fn print(rows: &[(&Candidate, Vec<Sample>)], place: Placement) -> bool {
    let none = Vec::new();
    let of = |name: &str| {
        rows.iter().find(|(candidate, _)| candidate.name == name).map_or(&none, |(_, samples)| samples)
    };
    let relay = of(RELAY);
    println!(
        "\nstdio, one client, 1 KB calls, placed {place:?}; medians over {} rounds, (×) against `{RELAY}` of the same round\n",
        relay.len()
    );
    println!(
        "| between client and server | ready ms | p50 µs (×) | p99 µs (×) | pipelined calls/s (×) | CPU µs per call (×) | RSS MiB (peak) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (candidate, samples) in rows {
        println!("{}", row(candidate.name, samples, relay));
    }
    let goals = goals(of, relay);
    if !goals.is_empty() {
        println!("\n¹ with the numbers of its limits raised, or the load would end after 60 calls");
    }
    print_goals(&goals)
}

/// Prints the goals; true when every one was reached (or none was measured).
pub(super) fn print_goals(goals: &[Goal]) -> bool {
    if !goals.is_empty() {
        println!("\n| goal | measured | |\n|---|---|---|");
    }
    for goal in goals {
        println!(
            "| {} {} {} | {:.2} | {} |",
            goal.what,
            goal.sign(),
            goal.bound,
            goal.measured,
            goal.verdict()
        );
    }
    goals.iter().all(Goal::reached)
}

pub(super) struct Goal {
    pub(super) what: String,
    /// True when more is better.
    pub(super) at_least: bool,
    pub(super) bound: f64,
    pub(super) measured: f64,
}

impl Goal {
    fn reached(&self) -> bool {
        if self.at_least { self.measured >= self.bound } else { self.measured <= self.bound }
    }

    fn verdict(&self) -> &'static str {
        if self.reached() { "reached" } else { "MISSED" }
    }

    fn sign(&self) -> &'static str {
        if self.at_least { "≥" } else { "≤" }
    }
}

fn goals<'a>(of: impl Fn(&str) -> &'a Vec<Sample>, relay: &[Sample]) -> Vec<Goal> {
    let (ours, rules, recorded, bare) = (of(OURS), of(RULES), of(RECORDED), of(BARE));
    if ours.is_empty() {
        return Vec::new();
    }
    let at_most =
        |what: &str, bound, measured| Goal { what: what.to_owned(), at_least: false, bound, measured };
    let late = ratio_with(rules, bare, |ours, bare| milliseconds(ours.ready) - milliseconds(bare.ready));
    vec![
        at_most("p50, × relay", 1.25, ratio(ours, relay, |sample| sample.p50.as_secs_f64())),
        at_most("p99, × relay", 1.5, ratio(ours, relay, |sample| sample.p99.as_secs_f64())),
        Goal {
            what: "pipelined calls/s, × relay".to_owned(),
            at_least: true,
            bound: 0.2,
            measured: ratio(ours, relay, |sample| sample.calls_per_second),
        },
        at_most(
            "resident, MiB at the peak",
            20.0,
            median(ours.iter().map(|sample| mebibytes(sample.cost.peak_kib))),
        ),
        at_most("ready after the bare server with 100 rules, ms", 20.0, late),
        at_most("recorded: p50, × enforced", 1.05, ratio(recorded, ours, |sample| sample.p50.as_secs_f64())),
        at_most(
            "recorded: CPU per call, × enforced",
            1.05,
            ratio(recorded, ours, |sample| sample.cpu_per_call.as_secs_f64()),
        ),
    ]
}

fn row(name: &str, samples: &[Sample], relay: &[Sample]) -> String {
    let micro = |time: Duration| time.as_secs_f64() * 1e6;
    let mid = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
    let compared = |value: fn(&Sample) -> f64| ratio(samples, relay, value);
    let p50 = |sample: &Sample| sample.p50.as_secs_f64();
    let p99 = |sample: &Sample| sample.p99.as_secs_f64();
    let rate = |sample: &Sample| sample.calls_per_second;
    let cpu = |sample: &Sample| sample.cpu_per_call.as_secs_f64();
    let between = if name == BARE {
        "– | –".to_owned()
    } else {
        let (now, peak) = (
            mid(|sample| mebibytes(sample.cost.resident_kib)),
            mid(|sample| mebibytes(sample.cost.peak_kib)),
        );
        format!(
            "{:.2} ({:.2}) | {now:.1} ({peak:.1})",
            micro(Duration::from_secs_f64(mid(cpu))),
            compared(cpu)
        )
    };
    format!(
        "| {name} | {:.1} | {:.1} ({:.2}) | {:.1} ({:.2}) | {:.0} ({:.2}) | {between} |",
        mid(|sample| milliseconds(sample.ready)),
        mid(p50) * 1e6,
        compared(p50),
        mid(p99) * 1e6,
        compared(p99),
        mid(rate),
        compared(rate),
    )
}

/// The median over rounds of a value against the relay's in the same round.
fn ratio(samples: &[Sample], relay: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    ratio_with(samples, relay, |ours, theirs| value(ours) / value(theirs))
}

pub(super) fn ratio_with<S>(samples: &[S], others: &[S], compare: impl Fn(&S, &S) -> f64) -> f64 {
    median(samples.iter().zip(others).map(|(ours, theirs)| compare(ours, theirs)))
}

pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    let below = sorted.get((sorted.len() / 2).saturating_sub(1)).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) { f64::midpoint(below, middle) } else { middle }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mebibytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

pub(super) const BARE: &str = "nothing";
pub(super) const RELAY: &str = "relay (copies bytes)";
pub(super) const AGAIN: &str = "the relay again (the noise)";
pub(super) const OURS: &str = "bailiwick, standard¹, batched audit";
pub(super) const RECORDED: &str = "bailiwick, recorded (observes, with a trace)";
pub(super) const RULES: &str = "bailiwick, 100 rules, batched audit";
pub(super) const STRICT: &str = "bailiwick, standard¹, strict audit (the disk's cost)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::process::Cost;

    fn sample(micros: u64, rate: f64) -> Sample {
        let time = Duration::from_micros(micros);
        let cost = Cost { cpu: time, resident_kib: 1024, peak_kib: 30 * 1024 };
        Sample { ready: time, p50: time, p99: time, calls_per_second: rate, cpu_per_call: time, cost }
    }

    #[test]
    fn a_median_of_an_even_count_is_between() {
        assert!((median([4.0, 1.0, 3.0, 2.0].into_iter()) - 2.5).abs() < 1e-9);
        assert!((median([9.0, 1.0, 3.0].into_iter()) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn goals_are_judged_against_the_same_round() {
        // Twice as slow in each round, though the rounds themselves differ tenfold.
        let relay = [sample(10, 1000.0), sample(100, 100.0)];
        let ours = vec![sample(20, 500.0), sample(200, 50.0)];
        let goals = goals(|_| &ours, &relay);
        let verdicts: Vec<&str> = goals.iter().map(Goal::verdict).collect();
        assert_eq!(verdicts, ["MISSED", "MISSED", "reached", "MISSED", "reached", "reached", "reached"]);
    }
}
