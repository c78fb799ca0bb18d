//! Ids that are used again, while an exchange that had them goes on.

use std::time::Duration;

use bailiwick_testkit::patience::comes;
use bailiwick_testkit::serde_json::json;

use crate::{Place, call};

#[test]
fn the_id_of_a_call_whose_client_left_is_free_for_another() {
    let place = Place::shell();
    let session = place.session();
    let mut left = place.begin(&session, &call(5, "pid", &json!({"x": "mute"})));
    assert_eq!(left.head().status(), 200);
    left.until("heard");
    let again = || place.say(&session, &call(5, "pid", &json!({}))).messages().pop().expect("an answer");
    assert_eq!(again()["error"]["code"], -32600, "its call is open");
    drop(left);
    assert!(comes(|| again()["result"].is_object()), "the server's answer went to the client that had left");
}

#[test]
fn a_client_that_leaves_after_its_answer_takes_no_other_call_of_its_id_along() {
    let place = Place::shell();
    let session = place.session();
    // Its events are left unread, so that its exchange goes on after the server has answered.
    let mut unread = place.begin(&session, &call(5, "pid", &json!({"x": "flood"})));
    assert_eq!(unread.head().status(), 200);
    let again = || place.say(&session, &call(5, "pid", &json!({}))).messages().pop().expect("an answer");
    assert!(comes(|| again()["result"].is_object()), "the answer leaves the id taken");
    let mut other = place.begin(&session, &call(5, "pid", &json!({"x": "nap"})));
    // Long enough for it to be sent on, and shorter than its nap.
    std::thread::sleep(Duration::from_millis(200));
    drop(unread);
    let answer = other.answer().json();
    assert!(answer["result"].is_object(), "{answer}");
}
