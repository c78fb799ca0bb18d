//! Limits, one by one and against a list of everything that was ever spent.

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Counted, Each, Effect, Limit, Per};

use super::{Counters, Spending, TABLE_MAX};

fn limit(max: f64, window_ms: Option<u64>, burst: Option<u64>) -> Limit {
    Limit {
        id: "pace".to_owned(),
        file: "p.yaml".into(),
        line: 1,
        reason: None,
        effect: Effect::Deny,
        per: Per::Run,
        each: Each::Nothing,
        count: Counted::Forwarded,
        max: Some(max),
        window_ms,
        burst,
        max_per_tool: None,
        sum: None,
    }
}

fn call(name: &str, at: Timestamp) -> Spending<'_> {
    Spending { server: "s", name, arguments: "", amount: 1.0, at }
}

/// Calls one by one at these milliseconds; how many of them had room, and spent it.
fn passed(counters: &mut Counters, limit: &Limit, times_ms: impl IntoIterator<Item = i64>) -> usize {
    let mut passed = 0;
    for time in times_ms {
        let at = Timestamp(1_700_000_000_000_000 + time * 1_000);
        if counters.check(limit, call("read", at)).is_ok() {
            counters.spend(limit, call("read", at));
            passed += 1;
        }
    }
    passed
}

#[test]
fn a_check_spends_nothing() {
    let (mut counters, limit) = (Counters::default(), limit(1.0, None, None));
    for _ in 0..3 {
        assert_eq!(counters.check(&limit, call("read", Timestamp(0))), Ok(()));
    }
}

#[test]
fn without_a_window_a_limit_never_recovers() {
    let (mut counters, limit) = (Counters::default(), limit(2.0, None, None));
    assert_eq!(passed(&mut counters, &limit, [0, 1, 2, 1_000_000_000]), 2);
    let words = counters.check(&limit, call("read", Timestamp(0)));
    assert_eq!(words, Err("2 of 2 used in this run".to_owned()));
}

#[test]
fn the_denial_says_whose_calls_were_counted() {
    let mut counters = Counters::default();
    let limit = Limit { per: Per::Principal, ..limit(1.0, None, None) };
    assert_eq!(passed(&mut counters, &limit, [0]), 1);
    let words = counters.check(&limit, call("read", Timestamp(0)));
    assert_eq!(words, Err("1 of 1 used by this principal".to_owned()));
}

#[test]
fn no_window_holds_more_than_its_limit() {
    // Every 7 ms for 3 s under 5 in 1 s: whichever second one looks at, at most 5 passed in it.
    let (mut counters, limit) = (Counters::default(), limit(5.0, Some(1_000), None));
    let times: Vec<i64> =
        (0..430).map(|n| n * 7).filter(|at| passed(&mut counters, &limit, [*at]) == 1).collect();
    assert!(times.len() >= 10, "it recovers: {times:?}");
    for first in &times {
        let within = times.iter().filter(|at| (*first..first + 1_000).contains(*at)).count();
        assert!(within <= 5, "{within} within a second of {first} ms");
    }
}

#[test]
fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
    let (mut counters, limit) = (Counters::default(), limit(10.0, Some(1_000), Some(3)));
    assert_eq!(passed(&mut counters, &limit, [0; 5]), 3);
    assert_eq!(passed(&mut counters, &limit, [100; 5]), 1, "a tenth of a second is one of ten");
}

#[test]
fn a_clock_that_goes_back_gives_nothing_back() {
    for burst in [None, Some(2)] {
        let (mut counters, limit) = (Counters::default(), limit(2.0, Some(60_000), burst));
        assert_eq!(passed(&mut counters, &limit, [0, 0, -3_600_000, 0]), 2, "burst {burst:?}");
    }
}

#[test]
fn a_changed_window_neither_forgives_nor_holds_for_ever() {
    let (minute, hour) = (limit(2.0, Some(60_000), None), limit(2.0, Some(3_600_000), None));
    let mut counters = Counters::default();
    assert_eq!(passed(&mut counters, &hour, [0, 0]), 2);
    assert_eq!(passed(&mut counters, &minute, [1_000]), 0, "a second ago is within a minute");
    let mut counters = Counters::default();
    assert_eq!(passed(&mut counters, &minute, [0, 0]), 2);
    assert_eq!(passed(&mut counters, &hour, [120_000, 4_000_000]), 1, "an hour later there is room");
}

#[test]
fn tools_are_counted_apart_and_no_more_than_are_remembered() {
    let mut limit = limit(0.0, None, None);
    (limit.max, limit.max_per_tool) = (None, Some(1));
    let mut counters = Counters::default();
    for tool in 0..TABLE_MAX {
        counters.spend(&limit, call(&tool.to_string(), Timestamp(0)));
    }
    let words = counters.check(&limit, call("7", Timestamp(0)));
    assert_eq!(words, Err("1 of 1 calls of `7` used".to_owned()));
    let words = counters.check(&limit, call("new", Timestamp(0)));
    assert_eq!(words, Err("too many tools are counted".to_owned()));
}

#[test]
fn tools_and_servers_have_counters_of_their_own() {
    let mut limit = limit(1.0, None, None);
    limit.each = Each::Tool;
    let mut counters = Counters::default();
    counters.spend(&limit, call("a", Timestamp(0)));
    assert_eq!(
        counters.check(&limit, call("a", Timestamp(0))),
        Err("1 of 1 used in this run for `s/a`".to_owned())
    );
    assert_eq!(counters.check(&limit, call("b", Timestamp(0))), Ok(()));
    limit.each = Each::Server;
    let elsewhere = Spending { server: "t", ..call("a", Timestamp(0)) };
    assert_eq!(counters.check(&limit, elsewhere), Ok(()));
    counters.spend(&limit, elsewhere);
    assert!(counters.check(&limit, elsewhere).is_err());
    assert_eq!(counters.check(&limit, call("a", Timestamp(0))), Ok(()), "another server");
}

#[test]
fn a_flood_of_names_never_frees_a_counter_that_counts() {
    let mut limit = limit(1.0, Some(60_000), None);
    limit.each = Each::Tool;
    let mut counters = Counters::default();
    let names: Vec<String> = (0..TABLE_MAX + 10).map(|number| format!("t{number}")).collect();
    for name in &names {
        counters.spend(&limit, call(name, Timestamp(0)));
    }
    assert!(counters.by_limit.values().all(|table| table.each.len() <= TABLE_MAX));
    for name in &names {
        assert!(counters.check(&limit, call(name, Timestamp(1))).is_err(), "{name}");
    }
    let before = counters.by_limit.values().map(|table| table.each.len()).sum::<usize>();
    assert!(counters.check(&limit, call("yet-another", Timestamp(1))).is_err());
    assert_eq!(counters.by_limit.values().map(|table| table.each.len()).sum::<usize>(), before);
    // When the window is over, what is as good as new makes room.
    assert_eq!(counters.check(&limit, call("another", Timestamp(60_000_000))), Ok(()));
}

#[test]
fn calls_with_other_arguments_have_counters_of_their_own() {
    let mut limit = limit(1.0, None, None);
    limit.each = Each::Call;
    let mut counters = Counters::default();
    let one = Spending { arguments: "0a", ..call("a", Timestamp(0)) };
    counters.spend(&limit, one);
    let words = "1 of 1 used in this run for `s/a` with the same arguments";
    assert_eq!(counters.check(&limit, one), Err(words.to_owned()));
    for other in [
        Spending { arguments: "0b", ..one },
        Spending { name: "b", ..one },
        Spending { server: "t", ..one },
        Spending { server: "s/a", name: "0a", arguments: "", ..one },
    ] {
        assert_eq!(counters.check(&limit, other), Ok(()), "{other:?}");
    }
    let many: Vec<String> = (1..TABLE_MAX).map(|number| number.to_string()).collect();
    many.iter().for_each(|arguments| counters.spend(&limit, Spending { arguments, ..one }));
    let words = "too many different calls are counted";
    assert_eq!(counters.check(&limit, Spending { arguments: "new", ..one }), Err(words.to_owned()));
    assert!(counters.check(&limit, one).is_err(), "what was counted stays counted");
}

#[test]
fn a_long_name_is_kept_as_a_digest() {
    let mut limit = limit(1.0, None, None);
    limit.each = Each::Tool;
    limit.max_per_tool = Some(1);
    let mut counters = Counters::default();
    let (one, other) = ("a".repeat(1 << 20), "a".repeat((1 << 20) + 1));
    counters.spend(&limit, call(&one, Timestamp(0)));
    assert!(counters.check(&limit, call(&one, Timestamp(0))).is_err());
    assert_eq!(counters.check(&limit, call(&other, Timestamp(0))), Ok(()));
    let names = counters.by_limit.values().flat_map(|table| table.each.keys());
    assert!(names.into_iter().all(|name| name.len() <= super::NAME_BYTES_MAX));
}

#[test]
fn decimals_reach_their_limit_exactly() {
    let limit = limit(0.3, None, None);
    let mut counters = Counters::default();
    let tenth = Spending { amount: 0.1, ..call("pay", Timestamp(0)) };
    for _ in 0..3 {
        assert_eq!(counters.check(&limit, tenth), Ok(()));
        counters.spend(&limit, tenth);
    }
    assert!(counters.check(&limit, Spending { amount: 0.000_001, ..tenth }).is_err());
}

/// Everything that was ever spent: when, and how much.
struct Reference(Vec<(i64, f64)>);

impl Reference {
    /// What was spent in the last `window`.
    fn in_window(&self, at: i64, window: Option<i64>) -> f64 {
        let counts = |time: &i64| window.is_none_or(|window| at - time < window);
        self.0.iter().filter(|(time, _)| counts(time)).map(|(_, amount)| amount).sum()
    }

    /// The level of a bucket that drains `max` in `window`.
    fn level(&self, at: i64, max: f64, window: i64) -> f64 {
        let (mut level, mut then) = (0.0_f64, 0);
        for (time, amount) in &self.0 {
            level = (level - (time - then) as f64 * max / window as f64).max(0.0) + amount;
            then = *time;
        }
        (level - (at - then) as f64 * max / window as f64).max(0.0)
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_limit_lets_through_what_a_list_of_all_spendings_would(
        max in 1_u32..9, window_ms in proptest::option::of(1_u64..5_000), burst in proptest::option::of(1_u64..6),
        calls in proptest::collection::vec((0_i64..900, 0_u32..5), 0..60),
    ) {
        let burst = burst.filter(|_| window_ms.is_some());
        let limit = limit(f64::from(max), window_ms, burst);
        let mut counters = Counters::default();
        let mut spent = Reference(Vec::new());
        let mut now = 1_700_000_000_000_000_i64;
        let start = now;
        for (later_ms, amount) in calls {
            now += later_ms * 1_000;
            let spending = Spending { amount: f64::from(amount), ..call("t", Timestamp(now)) };
            let passed = counters.check(&limit, spending).is_ok();
            let (at, amount) = (now - start, f64::from(amount));
            let window = window_ms.map(|millis| millis as i64 * 1_000);
            match (window, burst) {
                (Some(window), Some(burst)) => {
                    let room = burst as f64 - spent.level(at, f64::from(max), window) - amount;
                    // The clock begins at zero for both; doubles differ in the last digits.
                    proptest::prop_assert!(room.abs() < 1e-6 || passed == (room > 0.0), "{} at {}", room, at);
                }
                (window, _) => {
                    let fits = |window| spent.in_window(at, window) + amount <= f64::from(max);
                    proptest::prop_assert!(!passed || fits(window), "more than the limit at {}", at);
                    // Exact to a 64th of the window, on the strict side.
                    let longer = window.map(|window| window + window / 64 + 1);
                    proptest::prop_assert!(passed || !fits(longer), "less than the limit at {}", at);
                }
            }
            if passed {
                counters.spend(&limit, spending);
                spent.0.push((at, amount));
            }
        }
    }
}
