//! `policy fmt`: one layout, the same meaning, every comment.
#![expect(clippy::panic, reason = "a test must fail when its data is wrong")]

use bailiwick_policy::format::{WIDTH, format};
use bailiwick_policy::{BUNDLED, Source, bundled};
use proptest::prelude::*;

fn laid_out(text: &str) -> String {
    let source = Source { name: "a.yaml".into(), text: text.into() };
    format(&source).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

#[test]
fn the_layout_is_canonical() {
    let text = "\n\n# about\nversion:   1   # the first\nname: x\n\n\n\nrules:   # all\n\n    # one\n    - {id: a,effect: deny, on:   ['*/*' ]}  # behind
    -   id:   b
        effect: allow

        on:
        - fs/read # a target
        - \"fs/list\"
        # the arguments
        args: { path: {path: [ src/**,
             docs/**, # two
             lib/** ]}}
        if: >-
              args.a == 1
              && args.b == 2
        reason:
\n# the end\n";
    let wanted = "# about
version: 1 # the first
name: x

rules: # all
  # one
  - { id: a, effect: deny, on: ['*/*'] } # behind
  - id: b
    effect: allow

    on:
      - fs/read # a target
      - \"fs/list\"
    # the arguments
    args:
      path:
        path:
          - src/**
          - docs/** # two
          - lib/**
    if: >-
      args.a == 1
      && args.b == 2
    reason:

# the end
";
    assert_eq!(laid_out(text), wanted);
    assert_eq!(laid_out(wanted), wanted);
}

#[test]
fn long_lines_in_braces_become_blocks() {
    let long = "x".repeat(WIDTH);
    let text = format!("version: 1\nvars: {{ a: {long}, b: c }}\n");
    assert_eq!(laid_out(&text), format!("version: 1\nvars:\n  a: {long}\n  b: c\n"));
}

#[test]
fn bundled_policies_are_laid_out_once() {
    for name in BUNDLED {
        let once = laid_out(bundled(name).unwrap_or_default());
        assert_eq!(laid_out(&once), once, "{name}");
    }
}

#[test]
fn what_is_no_yaml_is_an_error_and_nothing_else() {
    for text in ["a: [", "a: &x 1", "a: 1\n---\nb: 2", "? [a]\n: b"] {
        let source = Source { name: "a.yaml".into(), text: text.into() };
        assert!(format(&source).is_err(), "{text}");
    }
}

/// A document in a layout that nobody would choose.
fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "[a-z][a-z0-9_./*-]{0,8}",
        Just("1".to_owned()),
        Just("true".to_owned()),
        Just("\"a # b: 'c' \\n\"".to_owned()),
        Just("'it''s'".to_owned()),
        Just("\"~/**\"".to_owned()),
    ];
    let flow = scalar.prop_recursive(2, 12, 4, |inner| {
        let list =
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,  ")));
        let map = prop::collection::vec(inner, 0..4).prop_map(|values| {
            let pairs: Vec<String> =
                values.iter().enumerate().map(|(at, value)| format!("k{at}:  {value}")).collect();
            format!("{{{}}}", pairs.join(","))
        });
        prop_oneof![list, map]
    });
    let comment = prop_oneof![Just(""), Just(" # x"), Just("   #y: [z")];
    let gap = prop_oneof![Just(""), Just("\n"), Just("\n\n# own line\n"), Just("        # deep\n")];
    let line = (flow, comment, gap, 1_usize..5, any::<bool>());
    prop::collection::vec(line, 1..8).prop_map(|lines| {
        let mut out = String::new();
        for (at, (value, comment, gap, indent, nested)) in lines.into_iter().enumerate() {
            let blanks = " ".repeat(indent);
            out.push_str(gap);
            match nested {
                true => out.push_str(&format!(
                    "key{at}:{comment}\n{blanks}-   {value}{comment}\n{blanks}-   a: {value}\n"
                )),
                false => out.push_str(&format!("key{at}:  {value}{comment}\n")),
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// That the meaning is the same is part of it: a layout that reads otherwise is an error.
    #[test]
    fn the_layout_is_stable_and_keeps_every_comment(text in document()) {
        let once = laid_out(&text);
        prop_assert_eq!(laid_out(&once), once.clone());
        for comment in ["# x", "#y: [z", "# own line", "# deep"] {
            prop_assert_eq!(text.matches(comment).count(), once.matches(comment).count(), "{}\n{}", comment, once);
        }
    }
}
