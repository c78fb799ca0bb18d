//! What `policy lint` finds, and what it must not find.
#![expect(clippy::disallowed_methods, reason = "a test may read and write; the crate may not")]

use std::path::Path;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::lint::{LINTS, lint};
use bailiwick_policy::{BUNDLED, Catalog, Context, Load, Source, bundled};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("no file `{reference}` in a test"))
    }
}

/// `line:column code` of every finding.
fn found(text: &str, catalog: Option<&Catalog>) -> Vec<String> {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let source = Source { name: "a.yaml".into(), text: text.into() };
    let linted = lint(vec![source], &mut Nothing, &context, catalog);
    linted
        .remarks
        .iter()
        .map(|remark| format!("{}:{} {}", remark.line, remark.column, remark.lint.code))
        .collect()
}

fn rules(rules: &str) -> Vec<String> {
    found(&format!("version: 1\nrules:\n{rules}"), None)
}

#[test]
fn bundled_policies_have_no_findings() {
    for name in BUNDLED {
        let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
        let source = Source { name: (*name).into(), text: bundled(name).unwrap().into() };
        let remarks = lint(vec![source], &mut Nothing, &context, None).remarks;
        assert!(remarks.is_empty(), "{remarks:#?}");
    }
}

#[test]
fn rules_that_others_silence_are_found() {
    assert_eq!(
        rules(
            "  - { id: a, effect: allow, on: fs/read_*, args: { path: { path: src/** } } }
  - { id: b, effect: deny, on: [\"fs/*\", \"resource:*\"] }
  - { id: c, effect: ask, on: fs/read_file }
  - { id: d, effect: allow, on: web/fetch }
  - { id: e, effect: deny, on: \"web/*\", for: { roles: [guest] } }
  - { id: f, effect: deny, on: \"web/*\", unless: { args: { url: { host: example.com } } } }
"
        ),
        ["3:11 shadowed-rule", "5:11 shadowed-rule"]
    );
    assert_eq!(
        rules(
            "  - { id: a, effect: ask, on: \"*/*\" }
  - { id: b, effect: allow, on: fs/read, args: { path: { path: src/** } } }
"
        ),
        ["4:11 shadowed-rule"]
    );
    assert_eq!(
        rules(
            "  - { id: a, effect: allow, on: \"fs/{read,list}\" }
  - { id: b, effect: allow, on: fs/read }
  - { id: c, effect: allow, on: fs/read, reason: it is shown }
  - { id: d, effect: deny, on: fs/write, args: { path: { path: [a/**, b/**] } } }
  - { id: e, effect: deny, on: FS/Write, args: { path: { path: a/** }, mode: { in: [x] } } }
"
        ),
        ["4:11 redundant-rule", "7:11 redundant-rule"]
    );
}

#[test]
fn rules_that_allow_or_compare_everything_are_found() {
    assert_eq!(
        rules(
            "  - { id: a, effect: allow, on: \"*/*\" }
"
        ),
        ["3:11 allows-everything"]
    );
    assert_eq!(
        rules(
            "  - { id: a, effect: allow, on: fs/read, args: { path: { path: /** } } }
  - { id: b, effect: allow, on: sh/run, args: { command: { glob: git * } } }
  - { id: c, effect: allow, on: fs/list, args: { path: { glob: /srv/* } } }
  - { id: d, effect: allow, on: web/get, args: { url: { regex: \"^https:\", host: example.com } } }
  - { id: e, effect: deny, on: sh/run, args: { command: { glob: \"*rm*\" } } }
"
        ),
        ["3:64 matches-everything", "4:60 text-for-meaning", "5:58 text-for-meaning"]
    );
}

#[test]
fn rules_that_nothing_matches_are_found() {
    assert_eq!(
        rules(
            "  - { id: a, effect: allow, on: pay/x, args: { amount: { in: [1, 2], range: [5, 9] } } }
  - { id: b, effect: allow, on: pay/x, args: { amount: { in: [1, 6], range: [5, 9] } } }
  - { id: c, effect: deny, on: pay/y, if: \"1 > 2\" }
  - { id: d, effect: deny, on: pay/z, if: \"true || args.x == 1\" }
  - { id: e, effect: deny, on: \"resource:*\", args: { path: { path: ~/.ssh/** } } }
  - { id: f, effect: allow, on: pay/w, args: { a: { in: [x] } }, unless: { args: { a: { in: [x] } } } }
  - { id: g, effect: deny, on: pay/v, if: \"server == 'x' || 'network' in labels\" }
"
        ),
        [
            "3:48 never-matches",
            "5:43 never-matches",
            "6:43 always-true",
            "7:54 never-matches",
            "8:74 never-matches",
        ]
    );
    let text =
        "version: 1\nrules: [{ id: a, effect: deny, on: \"fs/read_*\" }, { id: z, effect: allow, on: web/x }]
sequences:
  - { id: s, steps: [fs/read_env, web/x] }
  - { id: t, steps: [fs/read_env, web/x], count: attempts }
  - { id: u, steps: [web/x, fs/read_env] }
";
    assert_eq!(found(text, None), ["4:22 never-completes"]);
}

#[test]
fn limits_that_nothing_reaches_are_found() {
    let text = "version: 1
default: deny
rules: [{ id: r, effect: allow, on: \"fs/*\" }, { id: no, effect: deny, on: fs/drop }]
limits:
  - { id: a, on: \"*/*\", max: 100, per: principal }
  - { id: b, on: \"fs/*\", max: 200 }
  - { id: c, on: \"fs/*\", max: 90, max-per-tool: 90 }
  - { id: d, on: fs/drop, max: 1 }
  - { id: e, on: web/get, max: 1 }
  - { id: f, on: \"fs/*\", max: 200/1h }
  - { id: g, on: \"*/read\", max: 10/1h }
  - { id: h, on: \"*/read\", max: 5/1m }
";
    assert_eq!(
        found(text, None),
        [
            "6:11 unreachable-limit",
            "7:49 unreachable-limit",
            "8:11 unreachable-limit",
            "9:11 unreachable-limit",
            "10:11 unreachable-limit",
        ]
    );
}

#[test]
fn limits_that_count_other_calls_do_not_reach_before_each_other() {
    let text = "version: 1
rules:
  - { id: any, effect: allow, on: \"*/*\" }
limits:
  - { id: all, on: \"*/*\", max: 50 }
  - { id: strikes, on: \"*/*\", max: 3, count: denied }
  - { id: tries, on: \"*/*\", max: 60, count: attempts }
  - { id: loops, on: \"*/*\", max: 40, per: call }
  - { id: beyond, on: \"*/*\", max: 70, per: call }
";
    assert_eq!(found(text, None), ["3:11 allows-everything", "9:11 unreachable-limit"]);
}

#[test]
fn names_paths_and_blanks_are_found() {
    let text = "version: 1
vars: { used: a, lost: b }
roles: { lead: { members: [ana] }, Lead: { members: [bob] } }
rules:
  - { id: a, effect: deny, on: \"fs/*\", args: { \"**\": { path: [~/.ssh, \"${used}/x\", ~/.aws, ~/.aws/**, /etc/passwd] } } }
  - { id: b, effect: deny, on: \"fs/x\", for: { roles: [\"lead \"], scopes: [\" a\"] } }
  - { id: c, effect: deny, on: sh/run, args: { command: { command: { paths: [/srv/data/] } } } }
";
    assert_eq!(
        found(text, None),
        [
            "2:18 unused-variable",
            "3:36 look-alike-name",
            "5:63 directory-without-glob",
            "6:54 unknown-role",
            "6:55 look-alike-name",
            "6:55 stray-blank",
            "6:74 stray-blank",
            "7:78 directory-without-glob",
        ]
    );
}

#[test]
fn a_lock_file_shows_what_is_never_sent() {
    let mut parser = Parser::default();
    let schema =
        br#"{"type":"object","properties":{"mode":{"enum":["text","raw"]},"path":{"type":"string"}}}"#;
    let parsed = parser.parse(schema, &Limits::DEFAULT).unwrap();
    let mut catalog = Catalog::default();
    catalog.add_tool("fs", "read", Some(parsed.root()));
    let text = "version: 1
rules:
  - { id: a, effect: deny, on: fs/read, args: { mode: { glob: \"bin*\" } } }
  - { id: b, effect: deny, on: fs/read, args: { mode: { glob: \"r*\" } } }
";
    assert_eq!(found(text, Some(&catalog)), ["3:49 never-matches"]);
    assert_eq!(found(text, None), [] as [&str; 0]);
}

#[test]
fn errors_are_findings_and_every_code_has_a_page() {
    assert_eq!(
        rules("  - { id: a, effect: allow, on: fs/read, args: { path: { path: $HOME/x } } }\n"),
        ["3:64 invalid"]
    );
    for lint in LINTS {
        assert!(lint.page.len() > 40 && !lint.title.is_empty(), "{}", lint.code);
    }
}

/// `BAILIWICK_BLESS=1 cargo test -p bailiwick-policy --test lints` writes the page anew.
#[test]
fn the_reference_names_every_finding() {
    let mut page = String::from(HEAD);
    for lint in LINTS {
        let grade = format!("{:?}", lint.grade).to_lowercase();
        page.push_str(&format!("\n## {}\n\n**{}** ({grade})\n\n{}\n", lint.code, lint.title, lint.page));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/lint.md");
    if std::env::var_os("BAILIWICK_BLESS").is_some() {
        std::fs::write(&file, &page).unwrap_or_else(|error| panic!("{error}"));
    }
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(text == page, "docs/reference/lint.md differs; write it anew with BAILIWICK_BLESS=1");
}

const HEAD: &str = "# Findings of `policy lint`

What is valid in a policy and most likely not meant. Generated from the table of findings; `bailiwick explain CODE` prints the same.

A finding is made where it is certain. Rules are compared by what they are written with: two patterns that mean the same and are
spelt in two ways are taken for different, and brackets, regexes and variables are compared by their spelling. So silence does not
say that every rule is needed.
";

/// What reads like something else: each of these was written by somebody and denied nothing.
#[test]
fn patterns_that_are_read_otherwise_than_they_look_are_warned_of() {
    for on in [
        "fs/bash,fs/sh",
        "fs/bash|fs/sh",
        "!fs/read",
        "^fs/.*",
        "fs/.*",
        "tools/call",
        "resources:fs/x",
        "Resource:fs/x",
        "sampling/x",
        "fs/{}",
        "fs/bash\u{200b}",
        "fs/b\u{430}sh",
        "resource:file://etc/**",
        "*/${workspace}",
    ] {
        let text = format!("version: 1\nrules: [{{ id: a, effect: deny, on: \"{on}\" }}]\n");
        assert_eq!(found(&text, None), ["2:36 read-otherwise"], "{on}");
    }
    for args in [
        "a: { host: \"10.*\" }",
        "a: { host: \"10.0.0.*\" }",
        "a: { regex: \"\\brm\\b\" }",
        "a: { path: \"/e\u{301}tc/x\" }",
        "a: { command: \"rm; ls\" }",
        "a: { command: \"X=1 rm\" }",
        "a: { command: \"$(rm)\" }",
        "a: { command: '\"rm\"' }",
        "a: { command: { program: git, subcommand: \"push --force\" } }",
        "a: { command: { program: rm, flags: [\"-r -f\"] } }",
        "a: { sql: { tables: [\"secrets;\"] } }",
        "a: { sql: { tables: ['\"Secrets\"'] } }",
        "a: { sql: { functions: [\"pg_read_file()\"] } }",
        "a: { url: \"http://evil.com/a/../b\" }",
        "params.arguments.path: { glob: x }",
        "$.path: { glob: x }",
        "\"paths[0]\": { glob: x }",
        "paths.0: { glob: x }",
        "/path: { glob: x }",
        "path|file: { glob: x }",
        "\"{path,file}\": { glob: x }",
        "a: { path: \"{workspace}/**\" }",
        "a: { path: \"./$${workspace}/**\" }",
    ] {
        let text = format!("version: 1\nrules: [{{ id: a, effect: deny, on: fs/x, args: {{ {args} }} }}]\n");
        let found = found(&text, None);
        let wanted = |code: &String| code.ends_with("read-otherwise") || code.ends_with("shell-variable");
        assert!(!found.is_empty() && found.iter().all(wanted), "{args}: {found:?}");
    }
    let invalid = |args: &str| {
        found(
            &format!(
                "version: 1\nrules: [{{ id: a, effect: deny, on: fs/x, args: {{ a: {{ {args} }} }} }}]\n"
            ),
            None,
        )
    };
    assert!(invalid("url: { port: 0 }").iter().all(|code| code.ends_with("invalid")));
    assert!(invalid("sql: { functions: [any, none] }").iter().all(|code| code.ends_with("invalid")));
    assert_eq!(
        rules("  - { id: a, effect: deny, on: fs/x, if: \"tool == 'fs/x'\" }\n"),
        ["3:42 never-matches"]
    );
    assert_eq!(
        rules("  - { id: a, effect: deny, on: fs/x, for: { principals: [\"ana \"] } }\n"),
        ["3:58 stray-blank"]
    );
}
