//! Laws of conditions: total, bounded, printed as they are read, and fail-closed.
use bailiwick_mcp::{Limits, Parser};
use proptest::prelude::*;

use super::tree::{Condition, Expression, Id};
use super::{Blame, Facts, List};
use crate::args::{Input, Sense};
use crate::model::Principal;

fn compile(text: &str) -> Result<Condition, String> {
    let vars = [("repo".to_owned(), "/srv/a.b".to_owned())].into();
    Condition::new(text, &vars).map_err(|faults| format!("{faults:?}"))
}

/// Judges `text` over JSON arguments.
fn judge(text: &str, arguments: &str) -> Result<bool, Blame> {
    let condition = compile(text).unwrap();
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal { id: "ana".into(), scopes: vec!["read".into()], ..Principal::default() };
    condition.judge(&facts(Some(document.root()), true, &principal))
}

fn facts<'v>(
    arguments: Option<bailiwick_mcp::Value<'v>>,
    known: bool,
    principal: &'v Principal,
) -> Facts<'v> {
    let input = Input { arguments, uri: None };
    Facts {
        input,
        known,
        principal,
        roles: List::Names(&["dev", "lead"]),
        tool: Some("write"),
        server: "fs",
        labels: Err(super::Blame::Unlabelled),
    }
}

#[test]
fn operators_do_what_cel_says() {
    for (text, arguments) in [
        ("1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 / 2 == 3 && -7 % 3 == -1 && 7.0 / 2.0 == 3.5", "{}"),
        ("1 == 1.0 && 1 < 1.5 && 2.5 > 2 && !(1 != 1.0) && 'a' < 'b' && 'ab' + 'c' == 'abc'", "{}"),
        ("size('añb') == 3 && 'añb'.size() == 3 && size([1, 2]) == 2 && size(args) == 1", r#"{"a":1}"#),
        ("true || args.missing == 1", "{}"),
        ("args.missing == 1 || true", "{}"),
        ("!(args.missing == 1 && false)", "{}"),
        ("args.l.exists(x, x == 'a')", r#"{"l":["b",1,"a"]}"#),
        ("!args.l.all(x, x == 'a')", r#"{"l":[1,"b"]}"#),
        ("args.l.exists_one(x, x == 2) && args.l.all(x, args.l.exists(y, y == x))", r#"{"l":[1,2]}"#),
        (
            "'k' in args.m && !('z' in args.m) && args.m.k[0] == args['m']['k'][0]",
            r#"{"m":{"k":[1,{"a":null}]}}"#,
        ),
        ("1 in args.l && 'x' in ['x', 1] && !(2 in [])", r#"{"l":[1.0]}"#),
        ("args.n == null && args.n != 1 && has(args.n)", r#"{"n":null}"#),
        ("'lead' in principal.roles && principal.id == 'ana' && principal.scopes == ['read']", "{}"),
        ("tool == 'write' && server == 'fs' && tool.matches('^w') && !tool.matches('^r')", "{}"),
        (r#"'\x41\u00e9\101\n\'' == "AéA\n'" && r'\d' == "\\d" && 0x1f == 31 && 1e2 == 100"#, "{}"),
        ("'${repo}/x' == '/srv/a.b/x' && '$${repo}'.startsWith('$') && !'/srv/aXb'.matches('${repo}')", "{}"),
        ("args.a ? false : 1 < 2 ? true : false", r#"{"a":false}"#),
        ("args.m.exists(k, k == 'b') && args.m.all(k, args.m[k] > 0) // comment", r#"{"m":{"a":1,"b":2}}"#),
        ("args.e == 'é' && args.e.size() == 1", r#"{"e":"\u00e9"}"#),
    ] {
        assert_eq!(judge(text, arguments), Ok(true), "{text}");
    }
}

#[test]
fn what_has_no_answer_is_an_error() {
    for (text, arguments) in [
        ("args.a", "{}"),
        ("args.a == 1", r#"{"A":1}"#),
        ("has(args.a)", r#"{"A":1}"#),
        ("'a' in args", r#"{"a\u0000":1}"#),
        ("args.a.b == 1", r#"{"a":[{"b":1}]}"#),
        ("args.a == '1'", r#"{"a":1}"#),
        ("args.a != 'raw'", r#"{"a":["raw"]}"#),
        ("args.a < 'b'", r#"{"a":1}"#),
        ("args.a > 1", r#"{"a":9007199254740993}"#),
        ("args.a > 1", r#"{"a":0.12345678901234567890}"#),
        ("args.a", r#"{"a":"true"}"#),
        ("!args.a", r#"{"a":0}"#),
        ("args.l[2] == 1", r#"{"l":[1,2]}"#),
        ("args.l[-1] == 1", r#"{"l":[1,2]}"#),
        ("args.l['0'] == 1", r#"{"l":[1,2]}"#),
        ("'a' in args.l", r#"{"l":[1,2]}"#),
        ("args.l.all(x, x == 'a')", r#"{"l":["a",1]}"#),
        ("args.l.exists_one(x, x == 'a')", r#"{"l":["a",1]}"#),
        ("args.t.exists(x, true)", r#"{"t":"ab"}"#),
        ("9223372036854775807 + 1 > 0", "{}"),
        ("1 / 0 == 1", "{}"),
        ("1.0 / 0.0 > 1.0", "{}"),
        ("1e308 * 10.0 > 1.0", "{}"),
        ("5.5 % 2.0 == 1.5", "{}"),
        ("size(1) == 1", "{}"),
        ("args.m == args.m", r#"{"m":{"a":1}}"#),
        ("[args.missing, 1] == [1, 1]", "{}"),
    ] {
        assert!(judge(text, arguments).is_err(), "{text}: {:?}", judge(text, arguments));
    }
}

#[test]
fn work_is_bounded_by_the_size_of_the_call() {
    let quadratic = "args.l.all(x, args.l.exists(y, args.l.exists(z, x + y + z < 0)))";
    let long: Vec<&str> = vec!["1"; 20_000];
    let list = format!("{{\"l\":[{}]}}", long.join(","));
    let escaped = format!("{{\"t\":\"{}\"}}", "\\u0061".repeat(10_000));
    let matched = ["args.t.matches('(a+)+$')"; 60].join(" && ");
    let concatenated = ["args.t + args.t == 'x'"; 80].join(" || ");
    for (text, arguments) in [(quadratic, &list), (&matched, &escaped), (&concatenated, &escaped)] {
        assert_eq!(judge(text, arguments), Err(Blame::Budget), "{text}");
    }
}

#[test]
fn what_is_only_listed_is_decided_by_what_is_known() {
    let principal = Principal { id: "ana".into(), ..Principal::default() };
    let always = |text: &str, sense| compile(text).unwrap().always(&facts(None, false, &principal), sense);
    assert_eq!(always("args.a == 1", Sense::Every), None);
    assert_eq!(always("args.a == 1 && tool == 'other'", Sense::Every), Some(false));
    assert_eq!(always("args.a == 1 || tool == 'write'", Sense::Every), Some(true));
    assert_eq!(always("args.a == 1 || principal.claims.x == 1", Sense::Every), None);
    assert_eq!(always("principal.claims.x == 1", Sense::Every), Some(false));
    assert_eq!(always("principal.claims.x == 1", Sense::Any), Some(true));
    assert_eq!(always("'dev' in principal.roles && has(args.a)", Sense::Any), None);
    assert_eq!(always("principal.roles.exists(r, r == args.a)", Sense::Every), None);
}

/// Texts that the grammar makes, most of them well-formed.
pub(super) fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "true",
        "false",
        "null",
        "0",
        "1",
        "-3",
        "2.5",
        "-0.5",
        "1e3",
        "'a'",
        "\"b\\n\"",
        "''",
        "args.s",
        "args.n",
        "args.d",
        "args.l",
        "args.m",
        "args.m.k",
        "args.zz",
        "args['s']",
        "args.l[0]",
        "args.l[9]",
        "args.b",
        "principal.roles",
        "tool",
        "['a', 'b']",
        "[1, 2.5]",
        "[]",
        "args",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let sign = prop::sample::select(vec!["&&", "||", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]);
        let test = prop::sample::select(vec!["startsWith", "endsWith", "contains"]);
        let each = prop::sample::select(vec!["all", "exists", "exists_one"]);
        let regex = prop::sample::select(vec!["^a", "[0-9]+", "b$", ""]);
        prop_oneof![
            6 => (inner.clone(), sign, inner.clone()).prop_map(|(a, sign, b)| format!("({a} {sign} {b})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => inner.clone().prop_map(|a| format!("-({a})")),
            1 => inner.clone().prop_map(|a| format!("size({a})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (inner.clone(), test, inner.clone()).prop_map(|(a, test, b)| format!("({a}).{test}({b})")),
            1 => (inner.clone(), regex).prop_map(|(a, regex)| format!("({a}).matches('{regex}')")),
            1 => prop::sample::select(vec!["args.s", "args.m.k", "args.q", "args.l.k"]).prop_map(|a| format!("has({a})")),
            2 => (inner.clone(), each, inner.clone()).prop_map(|(a, each, b)| format!("({a}).{each}(x, {b} == x)")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
    })
}

pub(super) fn arguments() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "1", "2.5", "-3", "0", "\"a\"", "\"b\\n\"", "\"\"", "true", "false", "null",
    ]);
    let list = prop::collection::vec(scalar.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
    let value = prop_oneof![
        4 => scalar.clone().prop_map(str::to_owned),
        1 => list.clone(),
        1 => scalar.clone().prop_map(|k| format!("{{\"k\":{k}}}")),
    ];
    (value.clone(), value.clone(), value.clone(), list, scalar, value).prop_map(|(s, n, d, l, k, b)| {
        format!("{{\"s\":{s},\"n\":{n},\"d\":{d},\"l\":{l},\"m\":{{\"k\":{k}}},\"b\":{b}}}")
    })
}

/// The expression without places, in one order: what each part is, and how many parts it has.
fn shape(condition: &Condition, id: Id, out: &mut Vec<String>) {
    let expression = condition.expression(id);
    let below = expression.children();
    let head = match expression {
        Expression::Field(_, key) | Expression::Has(_, key) => format!("{key:?}"),
        Expression::Compare(comparison, ..) => format!("{comparison:?}"),
        Expression::Arithmetic(arithmetic, ..) => format!("{arithmetic:?}"),
        Expression::Test(test, ..) => format!("{test:?}"),
        Expression::Matches(_, _, pattern) => format!("{pattern:?}"),
        Expression::Each { quantifier, slot, name, .. } => format!("{quantifier:?} {slot} {name}"),
        leaf if below.is_empty() => format!("{leaf:?}"),
        _ => String::new(),
    };
    out.push(format!("{:?} {head} {}", std::mem::discriminant(expression), below.len()));
    below.into_iter().for_each(|id| shape(condition, id, out));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back_as_the_same(text in expression()) {
        let condition = compile(&text).unwrap();
        let printed = condition.print(condition.root);
        let again = compile(&printed);
        prop_assert!(again.is_ok(), "{text} was printed as {printed}: {again:?}");
        let again = again.unwrap();
        prop_assert_eq!(again.print(again.root), printed.clone());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        shape(&condition, condition.root, &mut before);
        shape(&again, again.root, &mut after);
        prop_assert_eq!(after, before, "{} was printed as {}", text, printed);
    }

    #[test]
    fn any_text_is_a_condition_or_says_why_not(text in "[ -~é\n]{0,60}") {
        if let Err(faults) = Condition::new(&text, &std::collections::BTreeMap::new()) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(text.get(fault.span.clone()).is_some(), "{fault:?} lies outside of {text:?}");
            }
        }
    }

    #[test]
    fn a_condition_over_any_call_ends(text in expression(), arguments in arguments()) {
        let condition = compile(&text).unwrap();
        let mut parser = Parser::default();
        let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
        let principal = Principal::default();
        let facts = facts(Some(document.root()), true, &principal);
        let judged = condition.judge(&facts);
        prop_assert_eq!(condition.judge(&facts), judged, "the same twice");
        // An error counts against the call.
        prop_assert_eq!(condition.holds(&facts, Sense::Any), judged.unwrap_or(true));
        prop_assert_eq!(condition.holds(&facts, Sense::Every), judged.unwrap_or(false));
        prop_assert_eq!(condition.holds(&facts, Sense::Holds), judged.unwrap_or(false));
        let trace = condition.trace(&facts);
        if let Some(whole) = trace.first() {
            prop_assert_eq!(whole.value.is_ok(), judged.is_ok() || whole.value.as_deref().is_ok_and(|v| v != "true" && v != "false"));
        }
    }

    #[test]
    fn discovery_never_hides_what_a_call_could_make_true(text in expression(), arguments in arguments()) {
        let condition = compile(&text).unwrap();
        let mut parser = Parser::default();
        let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
        let principal = Principal::default();
        let called = facts(Some(document.root()), true, &principal);
        let listed = facts(None, false, &principal);
        for sense in [Sense::Any, Sense::Every] {
            if let Some(always) = condition.always(&listed, sense) {
                prop_assert_eq!(condition.holds(&called, sense), always, "{}", text);
            }
        }
    }
}
