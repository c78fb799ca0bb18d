//! Runs without a session (2026-07-28): one for a principal, or one for each name that the operator lets name them.

use bailiwick_testkit::http::{ask, post};
use bailiwick_testkit::workplace::Workplace;

use crate::{MODERN, Place, call, modern, plain};

/// One call in each run.
const ONCE: &str = "
version: 1
name: once
default: pass
limits:
  - { id: once, on: ['*/read'], max: 1 }
";

fn place(by: &[&str]) -> (Workplace, Place) {
    let policies = Workplace::new();
    let once = policies.file("once.yaml", ONCE).display().to_string();
    let flags: Vec<&str> = ["--policy", &once].into_iter().chain(by.iter().copied()).collect();
    let place = Place::with(plain, &flags);
    (policies, place)
}

/// Whether a call under these headers, with this `_meta` besides the protocol's own, goes on; or the status of its refusal.
fn goes_on(place: &Place, headers: &str, meta: &[(&str, &str)]) -> Result<bool, u16> {
    let mut message = call(1, "a");
    let stated = modern(1, "a");
    let stated = stated.split_once("\r\n\r\n").expect("a body").1;
    let stated: bailiwick_testkit::serde_json::Value =
        bailiwick_testkit::serde_json::from_str(stated).expect("a message");
    message["params"]["_meta"] = stated["params"]["_meta"].clone();
    for (key, value) in meta {
        message["params"]["_meta"][key] = (*value).into();
    }
    let answer = ask(place.address(), post(&message.to_string(), &format!("{MODERN}{headers}")));
    match answer.status() {
        200 => Ok(!answer.text().contains("Denied by bailiwick")),
        status => Err(status),
    }
}

#[test]
fn a_principal_has_one_run_where_nothing_names_it() {
    let (_policies, place) = place(&[]);
    assert_eq!(goes_on(&place, "X-Agent-Run: one\r\n", &[]), Ok(true));
    assert_eq!(goes_on(&place, "X-Agent-Run: two\r\n", &[("run", "b")]), Ok(false));
    assert_eq!(place.calls().len(), 1);
}

#[test]
fn a_header_names_the_run_where_the_operator_says_so() {
    let (_policies, place) = place(&["--run-by", "header:X-Agent-Run"]);
    assert_eq!(goes_on(&place, "X-Agent-Run: one\r\n", &[]), Ok(true));
    assert_eq!(goes_on(&place, "x-agent-run: one\r\n", &[]), Ok(false), "the same run");
    assert_eq!(goes_on(&place, "X-Agent-Run: two\r\n", &[]), Ok(true), "another run");
    assert_eq!(goes_on(&place, "", &[]), Ok(true), "the run without a name");
    assert_eq!(goes_on(&place, "", &[]), Ok(false));
    let long = format!("X-Agent-Run: {}\r\n", "a".repeat(257));
    for headers in ["X-Agent-Run: three\r\nX-Agent-Run: four\r\n", "X-Agent-Run: \r\n", &long] {
        assert_eq!(goes_on(&place, headers, &[]), Err(400), "{headers}");
    }
    let refused = ask(place.address(), modern(7, "a").replacen("\r\n", "\r\nX-Agent-Run: \r\n", 1));
    assert_eq!((refused.status(), refused.json()["id"].as_i64()), (400, Some(7)));
    assert_eq!(place.calls().len(), 3);
    let seen = place.upstream.seen();
    assert!(seen.iter().all(|text| text.header("x-agent-run").is_none()), "it is not for the upstream");
}

#[test]
fn a_key_of_meta_names_the_run_where_the_operator_says_so() {
    let (_policies, place) = place(&["--run-by", "meta:example.com/run"]);
    assert_eq!(goes_on(&place, "", &[("example.com/run", "one")]), Ok(true));
    assert_eq!(goes_on(&place, "", &[("example.com/run", "one")]), Ok(false));
    assert_eq!(goes_on(&place, "", &[("example.com/run", "two")]), Ok(true));
    assert_eq!(goes_on(&place, "", &[("example.com/run", "")]), Err(400));
    assert_eq!(place.calls().len(), 2);
}

#[test]
fn what_a_principal_may_do_does_not_begin_anew_with_a_name() {
    let (_policies, place) = place(&["--run-by", "header:X-Agent-Run"]);
    let go_on = (0..8).filter(|run| goes_on(&place, &format!("X-Agent-Run: {run}\r\n"), &[]) == Ok(true));
    assert_eq!((go_on.count(), place.calls().len()), (5, 5));
}
