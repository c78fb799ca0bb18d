//! The same decisions by Bailiwick and by other engines, one after the other in each round.
//!
//! `all`: the engine has all the rules, as its users give them. `tool's`: it has only those that are about the tool of the call,
//! sorted out by hand before the clock starts; what that costs is not counted. Inputs are made before the clock starts, for all.

mod engines;
// `cargo xtask bench decide` uses the same rules and calls.
#[path = "../../../crates/policy/examples/decide/scenario.rs"]
mod scenario;

use std::hint::black_box;
use std::time::{Duration, Instant};

use engines::{Decide, bailiwick, cedar, cel, rego};
use scenario::{Asked, CALLS, Rule, Tools};

const ROUNDS: usize = 7;
/// How long one measurement goes on.
const LONG: Duration = Duration::from_millis(20);

fn main() {
    println!(
        "ns for a decision: mean over {} calls, each the best of {ROUNDS} interleaved rounds",
        CALLS.len()
    );
    for count in [10, 100, 1_000, 10_000] {
        let rules = scenario::rules(count);
        let mut candidates: Vec<(&str, Vec<Box<dyn Decide>>)> =
            vec![("bailiwick", CALLS.iter().map(|asked| bailiwick(&rules, asked)).collect())];
        type Make = fn(&[Rule], &Asked) -> Option<Box<dyn Decide>>;
        let peers: [(&str, &str, Make); 3] = [
            ("cel, all", "cel, tool's", cel),
            ("cedar, all", "cedar, tool's", cedar),
            ("regorus, all", "regorus, tool's", rego),
        ];
        for (all, tools, make) in peers {
            match CALLS.iter().map(|asked| make(&rules, asked)).collect() {
                Some(engines) => candidates.push((all, engines)),
                None => println!("{all}: cannot load {count} rules"),
            }
            let own = |asked: &Asked| make(&of_tool(&rules, asked), asked);
            candidates.extend(CALLS.iter().map(own).collect::<Option<_>>().map(|engines| (tools, engines)));
        }
        report(count, &mut candidates);
    }
}

/// The rules that are about the tool of the call.
fn of_tool(rules: &[Rule], asked: &Asked) -> Vec<Rule> {
    let about = |rule: &&Rule| match &rule.tools {
        Tools::Every => true,
        Tools::One(server, tool) => server == asked.server && tool == asked.tool,
        Tools::Prefix(prefix) => asked.tool.starts_with(prefix.as_str()),
    };
    rules.iter().filter(about).cloned().collect()
}

fn report(count: usize, candidates: &mut [(&str, Vec<Box<dyn Decide>>)]) {
    let mut best = vec![vec![f64::INFINITY; CALLS.len()]; candidates.len()];
    for _ in 0..ROUNDS {
        for (call, asked) in CALLS.iter().enumerate() {
            for (index, (name, engines)) in candidates.iter_mut().enumerate() {
                let engine = &mut engines[call];
                assert_eq!(engine.allows(), asked.allowed, "{name} decides `{}` otherwise", asked.name);
                best[index][call] = best[index][call].min(time(engine.as_mut()));
            }
        }
    }
    println!("\n{count} rules");
    let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
    let ours = mean(&best[0]);
    let each: Vec<String> =
        CALLS.iter().zip(&best[0]).map(|(asked, took)| format!("{} {took:.0}", asked.name)).collect();
    println!("  bailiwick by call: {}", each.join(", "));
    for ((name, _), times) in candidates.iter().zip(&best) {
        let took = mean(times);
        let ratio = if took == ours { String::new() } else { format!("  {:>6.1} times", took / ours) };
        println!("  {name:<16} {took:>10.0}{ratio}");
    }
}

/// Nanoseconds of one decision.
fn time(engine: &mut dyn Decide) -> f64 {
    // Reading the clock must not be what is measured, nor a slow engine be asked for long.
    let first = Instant::now();
    black_box(engine.allows());
    let batch = if first.elapsed() > LONG / 64 { 1 } else { 64 };
    let start = Instant::now();
    let mut done: u32 = 0;
    while start.elapsed() < LONG {
        for _ in 0..batch {
            black_box(engine.allows());
        }
        done += batch;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(done)
}
