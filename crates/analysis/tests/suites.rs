//! Test files of policies: what passes, what fails and how that is said, what is a mistake.
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a test reads its data, and must fail when it cannot"
)]

#[path = "suites/tested.rs"]
mod tested;

use std::path::Path;

use bailiwick_analysis::render::suite as render;
use bailiwick_analysis::suite::Tested;
use bailiwick_policy::{BUNDLED, Source, bundled, suite};

fn tested(policy: &str, tests: &str) -> Tested {
    tested::tested(Source { name: "a.yaml".into(), text: policy.into() }, &tested::read("a", tests))
}

fn passes(policy: &str, tests: &str) {
    let tested = tested(policy, tests);
    assert!(tested.failed() == 0, "{}", render::human(&[tested]));
}

/// Servers' policies, each of which has tests beside it.
const OF_SERVERS: [&str; 10] = [
    "filesystem",
    "git",
    "github",
    "fetch",
    "postgres",
    "sqlite",
    "slack",
    "puppeteer",
    "playwright",
    "memory",
];

#[test]
fn bundled_policies_of_servers_do_what_their_tests_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/policies");
    for name in OF_SERVERS {
        assert!(BUNDLED.contains(&name), "{name} is not bundled");
        let tests = std::fs::read_to_string(folder.join(format!("{name}.test.yaml"))).unwrap();
        passes(bundled(name).unwrap(), &tests);
    }
}

const POLICY: &str = "version: 1
default: ask
rules:
  - { id: reads, effect: allow, on: fs/read, args: { path: { path: \"src/**\" } } }
  - { id: leads, effect: allow, on: pay/refund, for: { roles: [lead] } }
  - { id: mail, effect: ask, on: mail/send }
limits:
  - { id: pace, on: fs/read, max: 2/1m, per: principal }
preconditions:
  - { id: asked, on: fs/drop, needs: { approval: mail }, per: principal }
sequences:
  - { id: twice, steps: [fs/open, fs/open], within: 1m }
";

#[test]
fn history_links_roles_and_time_are_as_the_test_says() {
    passes(
        POLICY,
        "version: 1
links: { /work/app/src/out: /etc }
tests:
  - { call: fs/read, args: { path: src/a }, want: allow, by: reads }
  - { name: a link leads out, call: fs/read, args: { path: src/out/passwd }, want: ask, by: default, because: leads to /etc/passwd }
  - { call: fs/read, args: { path: src/a }, before: [{ call: fs/read, args: { path: src/a }, times: 2 }], want: deny, by: pace }
  - { call: fs/read, args: { path: src/a }, before: [{ call: fs/read, args: { path: src/a }, times: 2 }], after: 61s, want: allow }
  - { call: pay/refund, want: ask }
  - { call: pay/refund, roles: [lead], want: allow, by: leads }
  - { call: fs/drop, want: deny, by: asked }
  - { name: an approval in another run, call: fs/drop, before: [{ call: mail/send }], want: ask, by: default }
  - { call: fs/drop, before: [{ call: mail/send, answer: deny }], want: deny, by: asked }
  - { call: fs/open, before: [{ call: fs/open }], want: deny, by: twice }
  - { call: fs/open, before: [{ call: fs/open, answer: deny, want: ask }], want: ask }
",
    );
}

#[test]
fn a_failure_says_what_came_and_why() {
    let tested = tested(
        POLICY,
        "version: 1
tests:
  - { name: reads anywhere, call: fs/read, args: { path: /etc/passwd }, want: allow }
  - { name: by another, call: fs/read, args: { path: src/a }, want: allow, by: leads }
  - { name: before, call: fs/read, args: { path: src/a }, want: deny, before: [{ call: fs/open, want: deny }] }
",
    );
    assert_eq!(tested.failed(), 3);
    let human = render::human(std::slice::from_ref(&tested));
    for words in [
        "failed: reads anywhere\n  --> a.test.yaml:3\n  expected: allow\n  got:      ask\n",
        "rule `reads`: `path` must match path: `src/**`; path = \"/etc/passwd\", read as /etc/passwd",
        "expected: allow by `leads`",
        "rule `reads` (a.yaml:4)",
        "expected: deny of what came before (line 5)",
        "a.test.yaml: 3 of 3 failed",
    ] {
        assert!(human.contains(words), "{words}\n\n{human}");
    }
    let junit = render::junit(std::slice::from_ref(&tested));
    assert!(junit.contains("tests=\"3\" failures=\"3\""), "{junit}");
    assert!(junit.contains("message=\"expected allow, got ask\""), "{junit}");
    let json: serde_json::Value = serde_json::from_str(&render::json(&[tested])).unwrap();
    assert_eq!(json["files"][0]["tests"][1]["fault"]["expected"], "allow by `leads`");
}

#[test]
fn mistakes_in_a_test_file_are_reported_where_they_are() {
    let text = "version: 1
tests:
  - { call: fs/read, want: alow }
  - { call: read, want: allow }
  - { call: fs/read, want: allow, args: { x: yes } }
  - { call: fs/read, expect: allow }
  - { call: fs/read, want: deny, before: [{ call: fs/read, times: 0 }], time: noon }
";
    let source = Source { name: "a.test.yaml".into(), text: text.into() };
    let report = suite::read(source).unwrap_err().render(false);
    for words in [
        "a.test.yaml:3:28",
        "did you mean `allow`?",
        "`read` names no server",
        "a.test.yaml:5:46",
        "here it is called `want`",
        "`times` must be a whole number above 0",
        "`noon` is not a time",
    ] {
        assert!(report.contains(words), "{words}\n\n{report}");
    }
}
