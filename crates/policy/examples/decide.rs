//! How long a decision takes: `cargo run --release -p bailiwick-policy --example decide`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark measures and prints"
)]

use std::hint::black_box;
use std::time::Instant;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, bundled, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

/// Rules as a platform team writes them: secrets first, then per tool an allow inside a folder, some with wildcards.
fn rules(count: usize) -> String {
    let mut text = String::from(
        "version: 1\ndefault: deny\nrules:\n\
         - { id: secrets, effect: deny, on: \"*/*\", args: { \"**\": { path: [\"~/.ssh/**\", \"**/.env*\", \"**/*.pem\", \"**/id_rsa*\"] } } }\n\
         - { id: reads, effect: allow, on: [\"*/read_file\", \"*/list_directory\"], args: { path: { path: \"./**\" } } }\n\
         - { id: deletes, effect: ask, on: \"*/delete_*\" }\n",
    );
    for index in 3..count {
        let on =
            if index % 5 == 0 { format!("*/tool{index}_*") } else { format!("server{index}/tool{index}") };
        text.push_str(&format!(
            "- {{ id: rule{index}, effect: allow, on: \"{on}\", args: {{ path: {{ path: \"./src{index}/**\" }} }} }}\n"
        ));
    }
    text
}

fn compiled(text: &str) -> (Policy, f64) {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "bench".into(), text: text.to_owned() };
    let start = Instant::now();
    let policy = compile(vec![source], &mut Nothing, &context).unwrap();
    (policy, start.elapsed().as_secs_f64() * 1e3)
}

fn measure(name: &str, text: &str, tool: &str, arguments: &str) {
    let (policy, compile_ms) = compiled(text);
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal { id: "local".into(), ..Principal::default() };
    let target = Target::Tool { server: "fs", name: tool };
    let call = Call { target, arguments: Some(document.root()), principal: &principal };
    let mut hits = Vec::new();
    let mut verdict = policy.evaluate(&call, &mut hits);
    let rounds: u32 = if arguments.len() > 4096 { 200 } else { 100_000 };
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..rounds {
            verdict = black_box(policy.evaluate(black_box(&call), &mut hits));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds));
    }
    println!("{name:<28} {best:>8.0} ns/decision  compiled in {compile_ms:>7.2} ms  {}", verdict.word());
}

fn main() {
    let read = r#"{"path":"/work/app/src/main.rs"}"#;
    let write = r#"{"path":"src/lib/parser.rs","content":"fn main() { println!(\"hello\"); }"}"#;
    for count in [12, 102, 1_000] {
        let text = rules(count);
        measure(&format!("{count} rules, read_file"), &text, "read_file", read);
        measure(&format!("{count} rules, unknown tool"), &text, "no_such_tool", read);
    }
    let code = include_str!("decide.rs").repeat(3);
    let mut long = br#"{"path":"src/lib/parser.rs","content":"#.to_vec();
    bailiwick_mcp::json::escape_into(&code, &mut long);
    long.push(b'}');
    let long = String::from_utf8(long).unwrap();
    for name in ["permissive", "standard", "paranoid"] {
        let text = bundled(name).unwrap();
        measure(&format!("{name}, read_file"), text, "read_file", read);
        measure(&format!("{name}, {} KiB of code", long.len() / 1024), text, "write_file", &long);
        measure(&format!("{name}, write_file"), text, "write_file", write);
        measure(
            &format!("{name}, run_command"),
            text,
            "run_command",
            r#"{"command":"cargo test --workspace"}"#,
        );
    }
}
