//! What identity is, and when it changed.

use bailiwick_mcp::{Item, Limits, Parser};

use super::{ITEMS_MAX, Offer, Pins, absent, change, digest, pin};

fn with<T>(json: &str, look: impl FnOnce(bailiwick_mcp::Value<'_>) -> T) -> T {
    let mut parser = Parser::default();
    look(parser.parse(json.as_bytes(), &Limits::DEFAULT).unwrap().root())
}

fn observe(offer: &mut Offer, item: Item, json: &str) -> Option<String> {
    with(json, |value| offer.observe(item, &value.get("name").unwrap().text().unwrap(), value))
}

#[test]
fn spelling_does_not_change_a_digest_and_content_does() {
    let one = with(r#"{"a":1.0,"b":"A"}"#, digest);
    assert_eq!(one, with(r#"{ "b": "\u0041", "a": 1 }"#, digest));
    assert_ne!(one, with(r#"{"a":1,"b":"B"}"#, digest));
    assert_eq!(with("null", digest), absent(), "a server without instructions");
}

#[test]
fn a_change_names_its_parts() {
    let before = with(r#"{"name":"t","description":"reads","inputSchema":{}}"#, pin);
    let now = with(r#"{"name":"t","description":"sends","title":"T","inputSchema":{},"x":1}"#, pin);
    let words = "changed since it was pinned: description, other, title".to_owned();
    assert_eq!(change(&before, &now), Some(words));
    assert_eq!(change(&now, &now), None);
}

#[test]
fn what_appears_after_the_first_list_differs_until_it_is_as_it_was() {
    let mut offer = Offer::with_lock(None, true);
    assert_eq!(observe(&mut offer, Item::Tool, r#"{"name":"a"}"#), None);
    offer.set_complete(Item::Tool);
    assert!(observe(&mut offer, Item::Tool, r#"{"name":"b"}"#).is_some());
    assert!(!offer.was_offered(Item::Tool, "b"));
    assert!(observe(&mut offer, Item::Tool, r#"{"name":"a","title":"A"}"#).is_some());
    assert!(offer.drift_of(Item::Tool, "a").is_some());
    assert_eq!(observe(&mut offer, Item::Tool, r#"{"name":"a"}"#), None);
    assert_eq!(offer.drift_of(Item::Tool, "a"), None);
}

#[test]
fn a_lock_pins_nothing_at_first_sight() {
    let mut offer = Offer::with_lock(Some(Pins::default()), true);
    let words = observe(&mut offer, Item::Prompt, r#"{"name":"a"}"#);
    assert_eq!(words.as_deref(), Some("not in the lock file"));
}

#[test]
fn a_server_that_fills_the_tables_gains_nothing() {
    let mut offer = Offer::with_lock(Some(Pins::default()), true);
    for number in 0..=ITEMS_MAX {
        observe(&mut offer, Item::Prompt, &format!(r#"{{"name":"{number}"}}"#));
        offer.set_withheld(Item::Prompt, &number.to_string(), true);
    }
    offer.set_withheld(Item::Prompt, "0", false);
    let last = ITEMS_MAX.to_string();
    assert!(offer.drift_of(Item::Prompt, &last).is_some());
    assert!(offer.is_withheld(Item::Prompt, &last));
    assert_eq!((offer.drifted.len(), offer.withheld.len()), (ITEMS_MAX, ITEMS_MAX));
}
