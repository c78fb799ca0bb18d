//! 64 KiB of whatever a peer likes to send cost less than 10 ms, matcher by matcher (an unoptimised build gets 200 times that, on a machine that does other things as well).
//!
//! `cargo test --release -p bailiwick-policy --test bounded_work -- --nocapture` prints the slowest.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may look at the clock and say what it saw; the crate may not"
)]

use std::time::{Duration, Instant};

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

const BYTES: usize = 64 << 10;
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 10 });

fn policy(args: &str) -> Policy {
    let text = format!(
        "version: 1\nrules:\n  - {{ id: a, effect: allow, on: s/t, args: {{ x: {args} }} }}\n  - {{ id: d, effect: deny, on: s/t, args: {{ x: {args} }} }}\n"
    );
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "a.yaml".into(), text };
    compile(vec![source], &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}"))
}

/// `unit` again and again, between `before` and `behind`.
fn long(before: &str, unit: &str, behind: &str) -> String {
    let count = BYTES.saturating_sub(before.len() + behind.len()) / unit.len();
    format!("{before}{}{behind}", unit.repeat(count))
}

/// The slowest of the texts, each decided three times, of which the fastest counts: another program may have had the processor.
fn slowest(args: &str, texts: &[String]) -> (Duration, String) {
    let policy = policy(args);
    let mut worst = (Duration::ZERO, String::new());
    for text in texts {
        let escaped: String = text
            .chars()
            .flat_map(|c| match c {
                '"' | '\\' => vec!['\\', c],
                '\n' => vec!['\\', 'n'],
                c => vec![c],
            })
            .collect();
        let json = format!("{{\"x\":\"{escaped}\"}}");
        let mut parser = Parser::default();
        let parsed = parser.parse(json.as_bytes(), &Limits::DEFAULT).unwrap();
        let principal = Principal::default();
        let call = Call {
            target: Target::Tool { server: "s", name: "t" },
            arguments: Some(parsed.root()),
            principal: &principal,
        };
        let once = || {
            let began = Instant::now();
            policy.evaluate(&call, &mut Vec::new());
            began.elapsed()
        };
        let best = (0..3).map(|_| once()).min().unwrap_or_default();
        if best > worst.0 {
            worst = (best, text.chars().take(40).collect());
        }
    }
    worst
}

fn check(what: &str, args: &str, texts: &[String]) {
    let (took, text) = slowest(args, texts);
    println!("{what}: {took:?} for `{text}…`");
    assert!(took < MOST, "{what}: {took:?} for `{text}…`");
}

#[test]
fn sql_of_64_kib_ends_soon() {
    let texts = [
        long("select ", "(", ""),
        long("select ", "1,", "1"),
        long("select 1 ", "union select 1 ", ""),
        long("select '", "''", "'"),
        long("", "select 1;", ""),
        long("select ", "a.", "a"),
        long("/*", "/*", "*/"),
        long("select 1 where ", "not ", "true"),
        long("select ", "case when 1 then ", "1"),
        long("with ", "a as (select 1), ", "b as (select 1) select 1"),
        long("select $$", "a$", "$$"),
    ];
    // Above 32 KiB nothing is parsed: what is just below costs most.
    let below = texts.iter().map(|text| text.chars().take(32 << 10).collect());
    let texts: Vec<String> = texts.iter().cloned().chain(below).collect();
    check("sql", "{ sql: { statements: [select, delete], tables: [a], functions: [\"@outside\"] } }", &texts);
}

#[test]
fn urls_of_64_kib_end_soon() {
    let texts = [
        long("https://", "a@", "b/"),
        long("https://a/", "%2525", ""),
        long("https://", "a.", "com"),
        long("https://a/", "../", ""),
        long("", "jar:", "https://a"),
        long("https://a/?", "https://b/&", ""),
        long("http://", "\\\\", "a"),
        long("https://", "[", "]"),
        long("http://", "xn--", ".com"),
        long("https://a/", ";x/", ""),
        long("see ", "http://a.b ", ""),
    ];
    check("url", "{ url: [\"https://*.example.com/**\"] }", &texts);
    check("host", "{ host: [\"@private\", \"*.example.com\"] }", &texts);
}

#[test]
fn commands_of_64_kib_end_soon() {
    let texts = [
        long("", "ls;", ""),
        long("", "$(", ""),
        long("echo ", "{a,b}", ""),
        long("", "a|", "b"),
        long("echo ", "\\\\", ""),
        long("", "(", ""),
        long("", "X=$X$X;", ""),
        long("", "eval ", "ls"),
        long("sh -c ", "'", ""),
        long("cat <<E\n", "x\n", "E\n"),
        long("", "if a; then ", ""),
        long("echo ", "\"$(", ""),
        long("echo ", "$((1+", ""),
        long("", "xargs ", "rm"),
        long("", "env a=b ", "rm"),
        long("", "for x in a b; do ", "ls"),
    ];
    check(
        "command",
        "{ command: [git status, { program: rm, flags: [\"-r\"], paths: [\"~/.ssh/**\"], hosts: [\"@private\"] }] }",
        &texts,
    );
}

#[test]
fn paths_of_64_kib_end_soon() {
    let texts = [
        long("", "../", "x"),
        long("", "%2525", ""),
        long("", "a\\\\", ""),
        long("/", "/", "x"),
        long("", "a/", ""),
        long("file:", "/", "x"),
        long("", "./", ""),
        long("", "~/", ""),
        long("", "%252e%252e/", ""),
        long("$HOME/", "..\\\\", ""),
    ];
    check("path", "{ path: [\"~/.ssh/**\", \"**/.env*\", \"./src/**\", \"**/a/**/b/**\"] }", &texts);
    check("glob", "{ glob: [\"*a*b*c*\", \"*/x\"], regex: [\"(a|b)*c\", \"(?i)x.*y.*z\"] }", &texts);
}

#[test]
fn conditions_over_64_kib_end_soon() {
    let texts = [long("", "a", ""), long("", "ab", "c"), long("x", "é", "y")];
    for condition in [
        "args.x.matches('(a+)+$') || args.x.contains('aab') || size(args.x) > 70000",
        "args.x.startsWith(args.x) && args.x.endsWith(args.x) && args.x == args.x + ''",
        "['a', 'b'].all(y, ['c', 'd'].exists(z, args.x.contains(y + z)))",
    ] {
        let rule = format!(
            "{{ len: [0, 100000] }} }}, if: \"{condition}\", unless: {{ args: {{ y: {{ len: [0, 1] }} }}"
        );
        check("if", &rule, &texts);
    }
}
