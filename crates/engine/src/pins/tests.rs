//! What identity is, and when it changed.

use bailiwick_mcp::{Item, Limits, Parser};

use super::{ITEMS_MAX, Offer, Pins, absent, change, digest, pin};

fn with<T>(json: &str, look: impl FnOnce(bailiwick_mcp::Value<'_>) -> T) -> T {
    let mut parser = Parser::default();
    look(parser.parse(json.as_bytes(), &Limits::DEFAULT).unwrap().root())
}

fn observe(offer: &mut Offer, item: Item, json: &str) -> Option<String> {
    with(json, |value| offer.observe(item, &value.get("name").unwrap().text().unwrap(), value, 7))
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
    assert!(offer.drift_of(Item::Tool, "a").is_some(), "a copy beside it clears nothing");
    let listed = ["a".to_owned()].into();
    offer.forgive(Item::Tool, &listed, 7);
    assert!(offer.drift_of(Item::Tool, "a").is_some(), "nor a list that was asked for before");
    offer.forgive(Item::Prompt, &listed, 8);
    offer.forgive(Item::Tool, &["c".to_owned()].into(), 8);
    assert!(offer.drift_of(Item::Tool, "a").is_some(), "nor a list of others");
    offer.forgive(Item::Tool, &listed, 8);
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

/// How the template differs that `uri` may come from.
fn change_of(offer: &Offer, uri: &str) -> Option<String> {
    offer.template_change(uri, None).map(|(_, change)| change)
}

/// Has the server list a template that it calls by what it is.
fn list_template(offer: &mut Offer, template: &str) -> Option<String> {
    let json = format!(r#"{{"name":"n","uriTemplate":"{template}"}}"#);
    with(&json, |value| offer.observe(Item::ResourceTemplate, template, value, 7))
}

#[test]
fn a_template_is_remembered_as_new_where_the_names_are_too_many() {
    let mut offer = Offer::with_lock(None, true);
    for number in 0..ITEMS_MAX {
        observe(&mut offer, Item::Prompt, &format!(r#"{{"name":"{number}"}}"#));
    }
    offer.set_complete(Item::ResourceTemplate);
    assert!(list_template(&mut offer, "new://{x}").is_some());
    assert!(!offer.was_seen(Item::ResourceTemplate, "new://{x}"), "there is room for no more names");
    assert_eq!(change_of(&offer, "new://users").as_deref(), Some("appeared after the first list"));
    assert_eq!(change_of(&offer, "other://users"), None);
}

#[test]
fn beyond_the_differences_that_are_remembered_prompts_and_what_templates_stand_for_differ_too() {
    let mut offer = Offer::with_lock(None, true);
    list_template(&mut offer, "db://{table}");
    observe(&mut offer, Item::Prompt, r#"{"name":"sum"}"#);
    for item in [Item::ResourceTemplate, Item::Prompt] {
        offer.set_complete(item);
    }
    for number in 1..ITEMS_MAX {
        list_template(&mut offer, &format!("t{number}://{{x}}"));
    }
    // One more has room; until then what is as it was pinned passes, and what differs is named.
    assert_eq!(change_of(&offer, "db://users"), None);
    assert_eq!(change_of(&offer, "file:///a"), None);
    assert_eq!(change_of(&offer, "t9999://a").as_deref(), Some("appeared after the first list"));
    assert_eq!(offer.drift_of(Item::Prompt, "sum"), None);
    list_template(&mut offer, "last://{x}");
    let too_many = Some("one of too many differences".to_owned());
    assert!(list_template(&mut offer, "beyond://{x}").is_some());
    for uri in ["beyond://a", "db://users", "file:///a"] {
        assert_eq!(change_of(&offer, uri), too_many, "{uri}");
    }
    for prompt in ["sum", "beyond"] {
        assert_eq!(offer.drift_of(Item::Prompt, prompt).map(str::to_owned), too_many, "{prompt}");
    }
}

#[test]
fn a_name_that_is_too_long_to_remember_differs_and_leaves_nothing_behind() {
    let long = "n".repeat(super::NAME_BYTES_MAX + 1);
    let mut offer = Offer::default();
    let json = format!(r#"{{"name":"{long}"}}"#);
    assert_eq!(observe(&mut offer, Item::Tool, &json).as_deref(), Some(super::TOO_LONG));
    assert_eq!(offer.drift_of(Item::Tool, &long), Some(super::TOO_LONG));
    offer.set_withheld(Item::Tool, &long, true);
    assert!(offer.is_withheld(Item::Tool, &long));
    assert_eq!((offer.pinned.tools.len(), offer.seen.len(), offer.withheld.len()), (0, 0, 0));
    let template = format!("x:/{}", "n".repeat(super::NAME_BYTES_MAX));
    assert_eq!(offer.template_change("x:/n", None), None);
    list_template(&mut offer, &template);
    assert!(offer.template_change("x:/n", None).is_some(), "nobody knows which URIs it stands for");
}
