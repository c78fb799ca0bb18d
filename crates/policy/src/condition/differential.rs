//! Conditions against the `cel` crate: where ours has an answer, CEL has the same. Ours has fewer answers, on purpose.

use bailiwick_mcp::{Kind, Limits, Parser, Value};
use cel::{Context, Program};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::laws::{arguments, expression};
use super::tree::{Condition, Expression};
use super::value::{Blame, Sort};
use super::{Facts, List, Step};
use crate::args::Input;
use crate::model::Principal;

const ROLES: [&str; 2] = ["a", "dev"];

/// What CEL says; `None` is an error, or something that is neither true nor false.
fn cel(text: &str, context: &Context<'_, '_>) -> Option<bool> {
    match Program::compile(text).ok()?.execute(context) {
        Ok(cel::Value::Bool(value)) => Some(value),
        Ok(_) | Err(_) => None,
    }
}

fn value_of(value: Value<'_>) -> cel::Value {
    match value.kind() {
        Kind::Null => cel::Value::Null,
        Kind::True => true.into(),
        Kind::False => false.into(),
        Kind::Text => value.text().unwrap().into_owned().into(),
        Kind::Number => match value.integer() {
            Some(integer) => integer.into(),
            None => value.number().unwrap().into(),
        },
        Kind::Array => value.elements().map(value_of).collect::<Vec<_>>().into(),
        Kind::Object => {
            let member =
                |(key, value): (Value<'_>, Value<'_>)| (key.text().unwrap().into_owned(), value_of(value));
            value.members().map(member).collect::<std::collections::HashMap<_, _>>().into()
        }
    }
}

/// Why ours may have no answer where CEL has one: the differences that `docs/design/conditions.md` names.
fn stricter(trace: &[Step]) -> bool {
    let blames = trace.iter().filter_map(|step| step.value.as_ref().err());
    blames.into_iter().any(|blame| {
        matches!(
            blame,
            // Values of two types, and objects, are not compared; no member is called by a number.
            Blame::Mixed(..) | Blame::NoOrder(_) | Blame::NoKey(_)
            // Lists are not joined.
            | Blame::NoNumber(Sort::List)
            // Results are finite; `%` is for whole numbers.
            | Blame::Overflow | Blame::DivisionByZero | Blame::NoInteger
        )
    })
}

fn compare(text: &str, arguments: &str) -> Result<Option<bool>, TestCaseError> {
    let condition = Condition::new(text, &std::collections::BTreeMap::new()).unwrap();
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let principal = Principal::default();
    let input = Input { arguments: Some(document.root()), uri: None };
    let facts = Facts {
        input,
        known: true,
        principal: &principal,
        roles: List::Names(&ROLES),
        tool: Some("a"),
        server: "fs",
        labels: Err(super::Blame::Unknown),
    };
    let ours = condition.judge(&facts);
    let root = ROOT.with(std::rc::Rc::clone);
    let mut context = root.new_inner_scope();
    context.add_variable_from_value("args", value_of(document.root()));
    context.add_variable_from_value("tool", "a");
    let members = [("roles".to_owned(), cel::Value::from(ROLES.map(cel::Value::from).to_vec()))];
    context.add_variable_from_value("principal", std::collections::HashMap::from(members));
    let theirs = cel(text, &context);
    let arithmetic = condition.nodes.iter().any(|node| matches!(node.expression, Expression::Arithmetic(..)));
    let bodies = condition.nodes.iter().any(|node| matches!(node.expression, Expression::Each { .. }));
    match (ours, theirs) {
        // JSON has one kind of number, so ours adds integers to doubles.
        (Ok(_), None) => prop_assert!(arithmetic, "ours has an answer to {} over {}", text, arguments),
        (Ok(ours), Some(theirs)) => {
            prop_assert_eq!(ours, theirs, "{} over {}", text, arguments);
            return Ok(Some(ours));
        }
        (Err(blame), Some(theirs)) => {
            let stricter = stricter(&condition.trace(&facts)) || bodies;
            prop_assert!(stricter, "{} over {}: {blame:?}, and CEL says {theirs}", text, arguments);
        }
        (Err(_), None) => {}
    }
    Ok(None)
}

thread_local! {
    /// Making one costs more than a thousand evaluations.
    static ROOT: std::rc::Rc<Context<'static, 'static>> = std::rc::Rc::new(Context::default());
}

#[test]
fn cel_says_the_same() {
    let config = ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() };
    let agreed = std::cell::Cell::new((0, 0));
    let result = TestRunner::new(config).run(&(expression(), arguments()), |(text, arguments)| {
        let (yes, no) = agreed.get();
        match compare(&text, &arguments)? {
            Some(true) => agreed.set((yes + 1, no)),
            Some(false) => agreed.set((yes, no + 1)),
            None => {}
        }
        Ok(())
    });
    result.unwrap();
    let (yes, no) = agreed.get();
    assert!(yes > 50 && no > 50, "only {yes} and {no} answers were compared");
}

/// Where a generator rarely gets to.
#[test]
fn cel_says_the_same_of_chosen_conditions() {
    let arguments = r#"{"s":"añb","n":7,"d":2.5,"l":[3,1.5,2],"m":{"k":"v"},"b":true,"e":[],"t":["a","b"]}"#;
    for text in [
        "size(args.s) == 3 && args.s.size() == 3 && size(args.l) == 3 && size(args.m) == 1 && size(args.e) == 0",
        "args.s.matches('ñ') && !args.s.matches('^ñ') && args.s.matches('^a.b$') && args.s.startsWith('')",
        "args.n / 2 == 3 && args.n % 4 == 3 && -args.n == -7 && args.n - 10 < 0 && args.d * 2.0 == 5.0",
        "args.l.exists(x, x == 2) && args.l.all(x, x > 1) && args.l.exists_one(x, x > 2)",
        "args.t.all(x, args.t.exists(y, x == y)) && ['a', 'b'] == args.t && args.t != ['a']",
        "'k' in args.m && !('q' in args.m) && args.m.exists(k, k == 'k') && args.m['k'] == 'v'",
        "args.e.all(x, false) && !args.e.exists(x, true) && !args.e.exists_one(x, true)",
        "args.b ? args.n == 7.0 : args.missing",
        "args.missing.deep || args.b",
        "args.n > 9223372036854775807 || args.d <= 2.5 && !has(args.q) && has(args.m.k)",
        "!(args.b && has(args.q)) || 1 / 0 == 1",
        r#""\u00f1" == 'ñ' && "\x61" == "a" && "\141" == "a" && r"\n" == "\\n" && 'it\'s' == "it's""#,
        "1e3 == 1000 && 0x10 == 16 && .5 < 1 && 1.5e-1 == 0.15",
        "tool == 'a' && 'dev' in principal.roles && principal.roles.size() == 2 && principal.roles[0] == 'a'",
    ] {
        assert_eq!(compare(text, arguments).unwrap(), Some(true), "{text}");
    }
}
