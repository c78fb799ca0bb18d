//! How long a decision takes: `cargo run --release -p bailiwick-policy --example decide`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark measures and prints"
)]

mod scenario;

use std::hint::black_box;
use std::time::Instant;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, bundled, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn compiled(text: &str) -> (Policy, f64) {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "bench".into(), text: text.to_owned() };
    let start = Instant::now();
    let policy = compile(vec![source], &mut Nothing, &context).unwrap();
    (policy, start.elapsed().as_secs_f64() * 1e3)
}

/// The best of several rounds, in nanoseconds, and the verdict.
fn measure(policy: &Policy, (server, tool): (&str, &str), arguments: &str) -> (f64, Verdict) {
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal { id: "local".into(), ..Principal::default() };
    let target = Target::Tool { server, name: tool };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    let mut hits = Vec::new();
    let mut verdict = policy.evaluate(&call, &mut hits);
    let rounds: u32 = if arguments.len() > 4096 { 200 } else { 50_000 };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds {
            verdict = black_box(policy.evaluate(black_box(&call), &mut hits));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds));
    }
    (best, verdict)
}

fn main() {
    println!("ns for each decision, of the calls {:?}", scenario::CALLS.map(|asked| asked.name));
    for count in [10, 100, 1_000, 10_000] {
        let (policy, compile_ms) = compiled(&scenario::policy(&scenario::rules(count)));
        let mut line = format!("{count:>6} rules, compiled in {compile_ms:>7.1} ms: ");
        let mut sum = 0.0;
        for asked in &scenario::CALLS {
            let (took, verdict) = measure(&policy, (asked.server, asked.tool), &scenario::arguments(asked));
            assert_eq!(verdict == Verdict::Allow, asked.allowed, "{}", asked.name);
            line.push_str(&format!("{took:>6.0}"));
            sum += took;
        }
        println!("{line}, in the mean {:.0}", sum / scenario::CALLS.len() as f64);
    }
    let read = r#"{"path":"/work/app/src/main.rs"}"#;
    let write = r#"{"path":"src/lib/parser.rs","content":"fn main() { println!(\"hello\"); }"}"#;
    let code = include_str!("main.rs").repeat(3);
    let mut long = br#"{"path":"src/lib/parser.rs","content":"#.to_vec();
    bailiwick_mcp::json::escape_into(&code, &mut long);
    long.push(b'}');
    let long = String::from_utf8(long).unwrap();
    for name in ["permissive", "standard", "paranoid"] {
        let (policy, compile_ms) = compiled(bundled(name).unwrap());
        for (shown, tool, arguments) in [
            ("read_file", "read_file", read),
            ("write_file", "write_file", write),
            ("run_command", "run_command", r#"{"command":"cargo test --workspace"}"#),
            ("12 KiB of code", "write_file", &long),
        ] {
            let (took, verdict) = measure(&policy, ("fs", tool), arguments);
            println!(
                "{name}, {shown:<15} {took:>9.0} ns  {} (compiled in {compile_ms:.1} ms)",
                verdict.word()
            );
        }
    }
}
