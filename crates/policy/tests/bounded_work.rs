//! 64 KiB of whatever a peer likes to send cost less than 10 ms of a processor, matcher by matcher (an unoptimised build gets 100 times that).
//!
//! `cargo test --release -p bailiwick-policy --test bounded_work -- --nocapture` prints what each text takes.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may say what it saw; the crate may not"
)]

use std::time::Duration;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, compile};
use rustix::time::{ClockId, clock_gettime};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

const BYTES: usize = 64 << 10;
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 10 });

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

/// What this thread has had of a processor: other programs do not count.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.try_into().unwrap(), spent.tv_nsec.try_into().unwrap())
}

/// What a decision about `text` takes, the least of three times.
fn cost(policy: &Policy, text: &str) -> Duration {
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
        let before = spent();
        policy.evaluate(&call, &mut Vec::new());
        spent() - before
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

fn check(what: &str, args: &str, texts: &[String]) {
    let policy = policy(args);
    let mut slow = Vec::new();
    for text in texts {
        let took = cost(&policy, text);
        let said = format!("{what}: {took:?} for `{}…`", text.chars().take(40).collect::<String>());
        println!("{said}");
        if took >= MOST {
            slow.push(said);
        }
    }
    assert!(slow.is_empty(), "over {MOST:?}:\n{}", slow.join("\n"));
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
    // Above 24 KiB nothing is parsed: what is just below costs most.
    let below = texts.iter().map(|text| text.chars().take(24 << 10).collect());
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
        long("", ".e.k.p_.enx .kex", ""),
        long("x", ".", "x"),
        long("", ".en_id-.envx.rs", ""),
    ];
    check("path", "{ path: [\"~/.ssh/**\", \"**/.env*\", \"./src/**\", \"**/a/**/b/**\"] }", &texts);
    check(
        "words",
        "{ path: [\"~/.ssh/**\", \"**/.env*\", \"**/id_rsa\", \"**/*.key\", \"**/service-account*\"] }",
        &texts,
    );
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
