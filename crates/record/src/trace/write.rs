//! The lines of a trace.

use bailiwick_engine::{Answer, Decision, Event, Lane, Reason, Scanner};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::limits::Limits;
use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Parser, Timestamp, method};
use data_encoding::BASE64;

use super::{About, Happening, MESSAGE_BYTES_MAX, Shelf, TRACE_VERSION};
use crate::entry::link;
use crate::json::Object;

fn line(out: &mut Vec<u8>, write: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    write(&mut Object::resume(out, true));
    out.extend_from_slice(b"}\n");
}

pub(super) fn header(out: &mut Vec<u8>, (about, shelf): (&About, &Shelf), part: u32, at: Timestamp) {
    line(out, |object| {
        let (major, minor) = TRACE_VERSION;
        object.string("trace", &format!("{major}.{minor}"));
        object.string("run", &about.run).number("part", u64::from(part));
        object.string("server", &about.server).string("principal", &about.principal);
        object.array("roles", |roles| {
            for role in &about.roles {
                roles.string(role);
            }
        });
        object.string("mode", &about.mode).string("policy", &about.policy);
        object.string("nonce", &about.nonce).string("process", &shelf.process);
        let whereabouts = &about.whereabouts;
        for (key, place) in [
            ("workspace", &whereabouts.workspace),
            ("directory", &whereabouts.directory),
            ("home", &whereabouts.home),
        ] {
            if let Some(place) = place {
                object.string(key, place);
            }
        }
        let limits = &about.limits;
        object.array("limits", |out| {
            for limit in [
                limits.message_bytes_max,
                limits.depth_max,
                limits.values_max,
                limits.batch_max,
                limits.pending_max,
            ] {
                out.raw(limit.to_string().as_bytes());
            }
        });
        if let Some(pins) = &about.pins {
            object.raw("pins", pins.as_bytes());
        }
        object.number("at", micros(at));
    });
}

/// `clear`: nothing is to be masked in the message.
pub(super) fn message(
    (out, parser): (&mut Vec<u8>, &mut Parser),
    (at, to, lane): (Timestamp, Direction, Lane),
    (raw, malformed, repeated): (&[u8], Option<&Malformed>, Option<&Repeated>),
    (scanner, clear): (&Scanner, bool),
) {
    line(out, |object| {
        object.number("at", micros(at)).string("to", direction(to));
        if lane != Lane::default() {
            object.number("lane", lane.0);
        }
        if raw.len() > MESSAGE_BYTES_MAX {
            object.number("left_out_bytes", raw.len() as u64);
            if let Some(malformed) = malformed {
                broken(object, malformed.cause, malformed.id.as_ref(), scanner);
            }
            return;
        }
        // A text that a limit of the run refused is refused again by its cause.
        match (parser.parse(raw, &Limits::DEFAULT), malformed.map(|malformed| malformed.cause)) {
            // `null` is JSON, but what is not there reads the same; and what headers said is not in the text.
            (Err(_), _)
            | (
                _,
                Some(Malformation::Json(_) | Malformation::Shape | Malformation::Header | Malformation::Meta),
            ) => {
                // What is no message may be anything; only that it came, and why it is none, is of use.
                object.number("malformed_bytes", raw.len() as u64);
                if let Some(malformed) = malformed {
                    broken(object, malformed.cause, malformed.id.as_ref(), scanner);
                }
            }
            (Ok(document), _) if clear || !scanner.may_hold_secret(document.root().raw()) => {
                if let Some(repeated) = repeated {
                    beside(object, repeated, false, scanner);
                }
                object.raw("message", document.root().raw().as_bytes());
            }
            (Ok(document), _) => {
                let mut masked = Vec::with_capacity(raw.len());
                scanner.redact_json(document.root(), &mut masked);
                let is_masked = masked != raw.trim_ascii();
                if is_masked {
                    object.boolean("masked", true);
                }
                if let Some(repeated) = repeated {
                    beside(object, repeated, is_masked, scanner);
                }
                object.raw("message", &masked);
            }
        }
    });
}

/// The headers that repeat arguments. Where a secret of the message is masked, no value is shown: it may be that secret.
fn beside(object: &mut Object<'_>, repeated: &Repeated, is_masked: bool, scanner: &Scanner) {
    let mut plain = Vec::from(b"{");
    let mut out = Object::resume(&mut plain, true);
    for (name, value) in &repeated.0 {
        match std::str::from_utf8(value) {
            _ if is_masked => drop(out.named(name, "[redacted]")),
            Ok(value) => drop(out.named(name, value)),
            // What is no text agrees with no argument, in this form neither.
            Err(_) => drop(out.named(name, &format!("=?base64?{}?=", BASE64.encode(value)))),
        }
    }
    plain.push(b'}');
    let (mut parser, mut masked) = (Parser::default(), Vec::new());
    if let Ok(document) = parser.parse(&plain, &Limits::DEFAULT) {
        scanner.redact_json(document.root(), &mut masked);
        object.raw("beside", &masked);
    }
}

/// A line that was not kept: too long, or with a carriage return in it.
pub(super) fn lost(
    out: &mut Vec<u8>,
    (at, to, lane): (Timestamp, Direction, Lane),
    cause: Malformation,
    (id, is_request): (Option<&Id<'_>>, bool),
    scanner: &Scanner,
) {
    line(out, |object| {
        object.number("at", micros(at)).string("to", direction(to));
        if lane != Lane::default() {
            object.number("lane", lane.0);
        }
        object.number("malformed_bytes", 0);
        broken(object, cause, id, scanner);
        if is_request {
            object.boolean("request", true);
        }
    });
}

fn broken(object: &mut Object<'_>, cause: Malformation, id: Option<&Id<'_>>, scanner: &Scanner) {
    let (word, offset) = super::broken::word(cause);
    object.string("cause", word).number("offset", offset as u64);
    match id {
        Some(Id::Text(id)) => drop(object.string("id", &scanner.redact_secrets(id))),
        Some(Id::Number(number)) => {
            let mut text = Vec::new();
            Id::Number(*number).write(&mut text);
            object.raw("id", &text);
        }
        None => {}
    }
}

/// What came from outside of the conversation.
pub(super) fn happening(out: &mut Vec<u8>, at: Timestamp, happening: &Happening<'_>) {
    line(out, |object| {
        object.number("at", micros(at));
        match happening {
            Happening::Answer(question, Answer::Approve(by)) => {
                object.number("answer", question.0).string("approve", &by.how).string("by", &by.who.id);
                if !by.who.roles.is_empty() {
                    object.array("by_roles", |out| {
                        for role in &by.who.roles {
                            out.string(role);
                        }
                    });
                }
            }
            Happening::Answer(question, Answer::Deny(why)) => {
                object.number("answer", question.0).string("deny", why);
            }
            Happening::Answer(question, Answer::Opinion(Ok(opinion))) => {
                object.number("answer", question.0).number("opinion", u64::from(opinion.score));
                object.string("by", &opinion.by);
            }
            Happening::Answer(question, Answer::Opinion(Err(why))) => {
                object.number("answer", question.0).string("no_opinion", why);
            }
            Happening::Tick => drop(object.boolean("tick", true)),
            Happening::ServerEnded(why) => drop(object.string("server_ended", why)),
            Happening::Unanswered(lane, id, why) => {
                let mut text = Vec::new();
                id.write(&mut text);
                object.number("lane", lane.0).raw("id", &text).string("unanswered", why);
            }
            Happening::LaneEnded(lane, why) => {
                object.number("lane", lane.0).string("lane_ended", why);
            }
            Happening::Reload(policy) => drop(object.string("reload", policy)),
            Happening::Others(names) => {
                object.array("others", |out| {
                    for name in *names {
                        out.string(name);
                    }
                });
            }
        }
    });
}

pub(super) fn decision(out: &mut Vec<u8>, decision: &Decision<'_>, scanner: &Scanner) {
    line(out, |object| {
        object.number("at", micros(decision.at));
        object.object("decision", |object| {
            object.string("event", event(decision.event)).number("call", decision.call);
            object.string("to", direction(decision.direction));
            match method::find(&decision.method) {
                // Names of the protocol's own hold no secret.
                Some(known) => object.word("method", known.name),
                None => object.string("method", &scanner.redact_secrets(&decision.method)),
            };
            if let Some(target) = &decision.target {
                object.string("target", &scanner.redact_secrets(target));
            }
            arguments(object, decision, scanner);
            object.string("verdict", decision.verdict.word()).string("effect", decision.action.as_str());
            if !decision.reasons.is_empty() {
                object.array("reasons", |reasons| {
                    for reason in &decision.reasons {
                        let described = reason.describe(&decision.policy);
                        reasons.object(|object| {
                            object.string("source", described.source);
                            object.string("id", &scanner.redact_secrets(&described.id));
                            if let Reason::Link(followed) = reason {
                                link(scanner, object, followed);
                            }
                        });
                    }
                });
            }
            if let Some(completion) = decision.completion {
                object.string("outcome", completion.as_str());
            }
        });
    });
}

/// Once more, beside the message: whoever counts what was used need not read messages.
fn arguments(object: &mut Object<'_>, decision: &Decision<'_>, scanner: &Scanner) {
    let Some(arguments) = &decision.arguments else { return };
    let text = arguments.text();
    if text.len() > MESSAGE_BYTES_MAX {
        return;
    }
    if decision.maskless || !scanner.may_hold_secret(text) {
        object.raw("arguments", text.as_bytes());
        return;
    }
    let (mut parser, mut masked) = (Parser::default(), Vec::new());
    if let Ok(document) = parser.parse(text.as_bytes(), &Limits::DEFAULT) {
        scanner.redact_json(document.root(), &mut masked);
        object.raw("arguments", &masked);
    }
}

pub(super) fn end(out: &mut Vec<u8>, at: Timestamp, why: &str) {
    line(out, |object| {
        object.number("at", micros(at)).string("end", why);
    });
}

fn micros(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0)
}

fn direction(to: Direction) -> &'static str {
    match to {
        Direction::ToServer => "server",
        Direction::ToClient => "client",
    }
}

fn event(event: Event) -> &'static str {
    match event {
        Event::Decision => "decision",
        Event::Completion => "outcome",
        Event::Malformed => "malformed",
        Event::Approval => "approval",
        Event::Opinion => "opinion",
        Event::Pin => "pin",
    }
}
