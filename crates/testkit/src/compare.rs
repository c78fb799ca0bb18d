//! Byte for byte: what a client got directly, against what it got by another route.

use crate::process::{Signal, Watched};
use crate::route::Route;
use crate::script::ServerCommand;
use crate::wire::{self, Wire};
use crate::workplace::Workplace;
use serde_json::{Value, json};

/// Everything one conversation brought back: the answers in their order, and apart from them the rest, in its order.
///
/// Only this division is left out of the comparison: a server may send a notification before or after an answer to which it
/// has no relation, and it does so differently from run to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Conversation {
    pub answers: Vec<Vec<u8>>,
    pub unasked: Vec<Vec<u8>>,
}

/// Sends each line as it is, waits for the answer to it if it is a request, closes, and collects all that came. What the server
/// asks meanwhile is answered at once, always in the same way.
pub fn converse(place: &Workplace, route: &Route, server: &ServerCommand, lines: &[Vec<u8>]) -> Conversation {
    let mut wire = Wire::start(place, route, server);
    let mut came = Vec::new();
    for line in lines {
        wire.send(line);
        let message: Value = serde_json::from_slice(line).expect("a transcript is JSON");
        if message.get("method").is_some() && message.get("id").is_some() {
            loop {
                let line = wire.read_until(|_| true).remove(0);
                let ends = wire::is_answer(&line, &message["id"]);
                if let Some(reply) = reply(&line) {
                    wire.send(reply.to_string());
                }
                came.push(line);
                if ends {
                    break;
                }
            }
        }
    }
    wire.close();
    // Not every server leaves by itself when its input ends.
    Watched::new(wire.pid()).signal(Signal::TERM);
    came.extend(wire.rest());
    let (answers, unasked) = came.into_iter().partition(|line| answers_something(line));
    Conversation { answers, unasked }
}

/// Asserts that both are the same bytes, after `mask` took out what the server itself does differently each time.
pub fn assert_identical(direct: &Conversation, other: &Conversation, mask: fn(&[u8]) -> Vec<u8>) {
    for (name, left, right) in
        [("answer", &direct.answers, &other.answers), ("notification", &direct.unasked, &other.unasked)]
    {
        for (index, (ours, theirs)) in left.iter().zip(right).enumerate() {
            let (ours, theirs) = (mask(ours), mask(theirs));
            assert!(
                ours == theirs,
                "{name} {index} differs\ndirect: {}\nhere:   {}",
                wire::shown(&ours),
                wire::shown(&theirs)
            );
        }
        let extra =
            left.iter().chain(right).nth(left.len().min(right.len()) * 2).map(|line| wire::shown(line));
        assert_eq!(left.len(), right.len(), "another number of {name}s; one without counterpart: {extra:?}");
    }
}

/// For servers whose answers are the same every time.
pub fn unmasked(line: &[u8]) -> Vec<u8> {
    line.to_vec()
}

/// For `mcp-server-time`, which puts today's date and weekday into its answers.
pub fn without_dates(line: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(line).into_owned();
    for day in ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] {
        text = text.replace(day, "WEEKDAY");
    }
    let mut bytes = text.into_bytes();
    let is_date = |window: &[u8]| {
        window
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
    };
    let dates: Vec<usize> =
        bytes.windows(10).enumerate().filter(|(_, w)| is_date(w)).map(|(at, _)| at).collect();
    for at in dates {
        bytes[at..at + 10].copy_from_slice(b"YYYY-MM-DD");
    }
    bytes
}

/// What the user and the model behind this client say to a request of the server.
fn reply(line: &[u8]) -> Option<Value> {
    let request = wire::json(line).filter(|message| message.get("id").is_some())?;
    let result = match request.get("method")?.as_str()? {
        "sampling/createMessage" => {
            json!({"role": "assistant", "content": {"type": "text", "text": "four"}, "model": "none", "stopReason": "endTurn"})
        }
        "elicitation/create" => json!({"action": "decline"}),
        _ => {
            return Some(
                json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "not here"}}),
            );
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

fn answers_something(line: &[u8]) -> bool {
    wire::json(line).is_some_and(|message| message.get("result").or(message.get("error")).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_weekdays_are_masked_and_nothing_else() {
        let masked = without_dates(br#"{"a":"2026-11-21T12:00","b":"Saturday","c":"12-11-2026","d":"1-2"}"#);
        assert_eq!(
            String::from_utf8(masked).unwrap(),
            r#"{"a":"YYYY-MM-DDT12:00","b":"WEEKDAY","c":"12-11-2026","d":"1-2"}"#
        );
    }

    #[test]
    #[should_panic(expected = "answer 1 differs")]
    fn a_single_other_byte_is_noticed() {
        let conversation = |second: &[u8]| Conversation {
            answers: vec![b"1".to_vec(), second.to_vec()],
            unasked: Vec::new(),
        };
        assert_identical(&conversation(b"2.50"), &conversation(b"2.5"), unmasked);
    }

    #[test]
    #[should_panic(expected = "another number of notifications")]
    fn a_lost_notification_is_noticed() {
        let conversation = |unasked: &[&[u8]]| Conversation {
            answers: Vec::new(),
            unasked: unasked.iter().map(|l| l.to_vec()).collect(),
        };
        assert_identical(&conversation(&[b"1", b"2"]), &conversation(&[b"1"]), unmasked);
    }
}
