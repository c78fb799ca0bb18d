//! The automaton against a list of everything that ever happened.

use bailiwick_mcp::Timestamp;
use bailiwick_policy::{Key, Same, step_bit};
use proptest::prelude::*;

use super::{KEYS_MAX, Taken, Track, WAITING_MAX};

const SECOND: i64 = 1_000_000;

fn key(number: u16) -> Key {
    let policy = concat!(
        "version: 1\ndefault: deny\npreconditions:\n",
        "  - { id: a, on: \"*/*\", not-after: \"*/*\", same: args.id }\n"
    );
    let source = bailiwick_policy::Source { name: "p".into(), text: policy.into() };
    let policy = bailiwick_policy::compile(vec![source], &mut Nothing, &Default::default()).unwrap();
    let mut parser = bailiwick_mcp::Parser::default();
    let text = format!("{{\"id\":\"k{number}\"}}");
    let document = parser.parse(text.as_bytes(), &bailiwick_mcp::Limits::DEFAULT).unwrap();
    let principal = bailiwick_policy::Principal::default();
    let target = bailiwick_policy::Target::Tool { server: "s", name: "t" };
    let call = bailiwick_policy::Call { target, arguments: Some(document.root()), principal: &principal };
    match &policy.marks(&call).steps[0].same {
        Same::Keys(keys) => keys[0],
        Same::Whole | Same::Unknown => panic!("no key"),
    }
}

struct Nothing;

impl bailiwick_policy::Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<bailiwick_policy::Source, String> {
        Err(reference.to_owned())
    }
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Deed {
    /// A call goes on, so much later than the one before.
    Call { taken: Taken, later: i64 },
    /// The answer to the n-th call comes.
    Answer { nth: usize, failed: bool },
}

/// A call as the reference remembers it.
struct Past {
    at: i64,
    taken: Taken,
    failed: bool,
}

/// The latest start of a chain of all but the last step that a call sharing `wanted` could complete.
fn reference(past: &[Past], steps: usize, conditional: u16, wanted: Option<Key>) -> Option<i64> {
    let shares = |same: &Same| match (same, wanted) {
        (Same::Whole | Same::Unknown, _) => true,
        (Same::Keys(keys), Some(wanted)) => keys.contains(&wanted),
        (Same::Keys(_), None) => false,
    };
    let takes = |call: &Past, step: usize| {
        let undone = call.failed && conditional & step_bit(step) != 0;
        !undone && call.taken.iter().any(|(taken, same)| *taken == step && shares(same))
    };
    // Every way, one call after the other.
    fn chain(past: &[Past], step: usize, last: usize, takes: &dyn Fn(&Past, usize) -> bool) -> bool {
        step == last
            || past
                .iter()
                .enumerate()
                .any(|(at, call)| takes(call, step) && chain(&past[at + 1..], step + 1, last, takes))
    }
    let last = steps - 1;
    let starts = past
        .iter()
        .enumerate()
        .filter(|(at, call)| takes(call, 0) && chain(&past[at + 1..], 1, last, &takes));
    starts.map(|(_, call)| call.at).max()
}

fn taken(steps: usize, keyed: bool) -> BoxedStrategy<Taken> {
    let keys: Vec<Key> = (0..3).map(key).collect();
    let same = if keyed {
        prop_oneof![
            4 => prop::sample::subsequence(keys, 1..=2).prop_map(Same::Keys),
            1 => Just(Same::Unknown),
        ]
        .boxed()
    } else {
        Just(Same::Whole).boxed()
    };
    let steps: Vec<usize> = (0..steps).rev().collect();
    let most = steps.len().min(2);
    prop::sample::subsequence(steps, 1..=most)
        .prop_flat_map(move |steps| {
            let count = steps.len();
            (Just(steps), prop::collection::vec(same.clone(), count))
        })
        .prop_map(|(steps, sames)| steps.into_iter().zip(sames).collect())
        .boxed()
}

fn deeds(steps: usize, keyed: bool) -> impl Strategy<Value = Vec<Deed>> {
    let call = (taken(steps, keyed), 0..4_i64).prop_map(|(taken, later)| Deed::Call { taken, later });
    let answer = (0..8_usize, any::<bool>()).prop_map(|(nth, failed)| Deed::Answer { nth, failed });
    prop::collection::vec(prop_oneof![3 => call, 1 => answer], 0..14)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_automaton_knows_what_a_list_of_all_calls_knows(
        (steps, keyed, conditional, within, deeds) in (2..5_usize, any::<bool>(), 0..4_u16, prop::option::of(1..12_i64))
            .prop_flat_map(|(steps, keyed, conditional, within)| {
                let conditional = conditional & !step_bit(steps - 1);
                (Just(steps), Just(keyed), Just(conditional), Just(within), deeds(steps, keyed))
            }),
    ) {
        let within_us = within.map(|seconds| seconds * SECOND);
        let mut track = Track::new(steps, conditional);
        let mut past: Vec<Past> = Vec::new();
        let mut answered: Vec<bool> = Vec::new();
        let mut now = 0;
        for deed in deeds {
            match deed {
                Deed::Call { taken, later } => {
                    now += later * SECOND;
                    track.take(past.len() as u64, taken.clone(), within_us, Timestamp(now));
                    past.push(Past { at: now, taken, failed: false });
                    answered.push(false);
                }
                Deed::Answer { nth, failed } if nth < past.len() && !answered[nth] => {
                    track.resolve(nth as u64, failed, within_us);
                    answered[nth] = true;
                    past[nth].failed = failed;
                }
                Deed::Answer { .. } => {}
            }
            let young = |began: Option<i64>| began.filter(|began| within_us.is_none_or(|within| now - began < within));
            let wanted = |key| young(reference(&past, steps, conditional, key)).map(Timestamp);
            if !keyed {
                prop_assert_eq!(track.completes(&Same::Whole, within_us, Timestamp(now)), wanted(None));
                continue;
            }
            let mut any = wanted(None);
            for number in 0..4 {
                let key = key(number);
                let found = track.completes(&Same::Keys(vec![key]), within_us, Timestamp(now));
                prop_assert_eq!(found, wanted(Some(key)), "key {}", number);
                any = any.max(wanted(Some(key)));
            }
            let found = track.completes(&Same::Unknown, within_us, Timestamp(now));
            // With calls that wait a doubt may say more, never less.
            prop_assert!(found == any || (conditional != 0 && found > any), "{:?} is not {:?}", found, any);
        }
    }
}

#[test]
fn a_flood_of_values_denies_more_and_never_less() {
    let mut track = Track::new(2, 0);
    let within = Some(60 * SECOND);
    let first = key(0);
    track.take(0, vec![(0, Same::Keys(vec![first]))], within, Timestamp(0));
    for number in 1..=u16::try_from(KEYS_MAX).unwrap() + 50 {
        track.take(u64::from(number), vec![(0, Same::Keys(vec![key(number)]))], within, Timestamp(SECOND));
    }
    assert!(track.by_key.len() <= KEYS_MAX);
    let completes =
        |track: &Track, key, at| track.completes(&Same::Keys(vec![key]), within, Timestamp(at)).is_some();
    assert!(completes(&track, first, 2 * SECOND), "the first is not pushed out");
    assert!(completes(&track, key(u16::MAX), 2 * SECOND), "what came beyond the table counts for everything");
    // When all are over, there is room again.
    track.take(9_999, vec![(0, Same::Keys(vec![first]))], within, Timestamp(200 * SECOND));
    assert!(completes(&track, first, 201 * SECOND) && !completes(&track, key(1), 201 * SECOND));
}

#[test]
fn a_flood_of_calls_without_answers_takes_them_for_done() {
    let mut track = Track::new(2, 1);
    for call in 0..=WAITING_MAX as u64 {
        track.take(call, vec![(0, Same::Whole)], None, Timestamp(call as i64));
    }
    assert!(track.waiting.len() <= WAITING_MAX);
    for call in 0..=WAITING_MAX as u64 {
        track.resolve(call, true, None);
    }
    assert!(track.completes(&Same::Whole, None, Timestamp(9_999)).is_some(), "the first was taken for done");
}

#[test]
fn a_reload_keeps_the_steps_that_stay() {
    let mut old = Track::new(3, 0);
    old.take(0, vec![(0, Same::Whole)], None, Timestamp(5));
    old.take(1, vec![(1, Same::Whole)], None, Timestamp(6));
    let kept = |steps| {
        let mut new = Track::new(3, 0);
        new.inherit(&old, steps, None);
        new
    };
    assert_eq!(kept(3).completes(&Same::Whole, None, Timestamp(7)), Some(Timestamp(5)));
    let mut one = kept(1);
    assert_eq!(one.completes(&Same::Whole, None, Timestamp(7)), None);
    one.take(2, vec![(1, Same::Whole)], None, Timestamp(8));
    assert_eq!(one.completes(&Same::Whole, None, Timestamp(9)), Some(Timestamp(5)));
}
