//! Compares what happened over HTTP with what the engine does.

use crate::Server;
use crate::{client, log};
use bailiwick_testkit::cases::{Case, Delivery, Seen, Step};

/// What reached the client is what the engine sends it, and what came as an event still bears its name.
pub(crate) fn reached(heard: &[client::Heard], mut wanted: Vec<String>, server: &Server, case: &Case) {
    let delivery = match server {
        Server::Stdio(_) => Delivery::Stdio,
        Server::Http(posted) => posted.delivery,
    };
    let plain = |message: &str| log::unrandom(&placeless(nobody_named(message), delivery));
    let mut got: Vec<String> = heard.iter().map(|heard| plain(&heard.message)).collect();
    wanted = wanted.iter().map(|line| plain(line)).collect();
    got.sort();
    wanted.sort();
    assert!(got == wanted, "the client got\n   {}\nand not\n   {}", got.join("\n   "), wanted.join("\n   "));
    let Server::Http(posted) = server else { return };
    let kept = |event: &(Option<String>, Option<String>), message: &str| {
        let of = |known: &&(String, Vec<u8>)| Some(&known.0) == event.1.as_ref();
        let Some((id, _)) = posted.events.iter().find(of) else {
            // Of the members of a batch the first takes the place of its event.
            return *event == (None, None) && posted.events.iter().any(|(_, line)| line.starts_with(b"["));
        };
        // What goes on as it came has the id that it came with.
        let mut came = posted.events.iter().filter(|(_, line)| line == message.as_bytes()).peekable();
        let is_own = came.peek().is_none() || came.any(|(own, _)| own == id);
        event.0.as_deref() == Some("message") && is_own
    };
    for heard in heard {
        // What waited for a person comes as an event of its own.
        if let Some(event) = heard.event.as_ref().filter(|_| delivery == Delivery::Pieces && !case.person) {
            assert!(kept(event, &heard.message), "the event of {} is {event:?}", heard.message);
        }
    }
}

/// The decisions in the log are those of the engine.
pub(crate) fn decisions(step: &Step, seen: &[Seen], wanted: &[&Seen], delivery: Delivery) {
    for (index, wanted) in wanted.iter().enumerate() {
        let seen =
            seen.get(index).unwrap_or_else(|| panic!("{}: the log ends before {wanted:?}", step.place));
        let (seen, wanted) = (plain(seen, delivery), plain(wanted, delivery));
        assert!(seen == wanted, "{}: the log says\n   {seen:?}\nand the engine\n   {wanted:?}", step.place);
    }
}

/// Without the words by which the two ways say that nobody is asked, that the server ended, or how long ago a thing was.
fn plain(seen: &Seen, delivery: Delivery) -> Seen {
    let mut seen = seen.clone();
    for (id, message) in &mut seen.reasons {
        *message = placeless(std::mem::take(message), delivery);
        if id == "approval" || message.contains(" ended") || message.contains(" ago)") {
            message.clear();
        }
    }
    seen
}

/// A refusal without the words by which the two ways say who denied it.
fn nobody_named(message: &str) -> String {
    let words = ["; denied with ", "; denied at ", "; nobody is asked here"];
    let Some(at) = words.iter().find_map(|words| message.find(words)) else { return message.to_owned() };
    let (before, behind) = message.split_at(at);
    format!("{before}{}", behind.split_once('"').map_or("", |(_, rest)| rest))
}

/// Words without the places in a message that came in several lines: the ends of those count.
fn placeless(mut words: String, delivery: Delivery) -> String {
    if delivery == Delivery::Pieces && words.contains(" byte") {
        words.retain(|letter| !letter.is_ascii_digit());
    }
    words
}
