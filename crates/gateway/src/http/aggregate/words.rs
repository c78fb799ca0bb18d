//! Names of several servers in one: what a client's message means to which server, and what their answers are to a client.
//! Only bytes in and out.
//!
//! A tool or prompt `n` of the server `s` is `s__n`, a URI `u` of it is `s+u`, a task `t` of it is `s/t`, and a question `7` of it
//! is `"s/7"`. Names of servers have no `_`, `+` or `/`, so each is read back in one way alone.

mod listen;
mod merge;
mod outward;
mod place;

use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::message::batch_allowed;
use bailiwick_mcp::splice::Splice;
use bailiwick_mcp::{Body, Id, Limits, Malformed, Message, Packet, Parser, Value, Version};
use hyper::body::Bytes;

pub(super) use self::listen::{acknowledged, closed};
pub(super) use self::merge::{empty, merged_hello, merged_list};
pub(super) use self::outward::outward;
pub(super) use self::place::{Kept, Place};

/// What a client's message is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// `initialize`.
    Begin,
    /// `server/discover`.
    Discover,
    /// A list: what is asked of each server that has more.
    List {
        of: &'static List,
        pages: Vec<(usize, Bytes)>,
    },
    /// One server's: its index, the message in its words, and the name that it knows.
    One {
        server: usize,
        message: Bytes,
        inner: Option<String>,
    },
    /// `subscriptions/listen`: what is asked of each server that is to be heard.
    Listen(Vec<(usize, Bytes)>),
    /// All of them.
    All,
    Ping,
    /// Nobody's: the name that no server has, or the method that is not served here.
    Nobody {
        unknown: String,
    },
    Method(String),
    /// Several messages.
    Batch(Vec<Bytes>),
    /// None.
    Unreadable,
}

/// One kind of list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List {
    method: &'static str,
    pub(super) key: &'static str,
    field: &'static str,
}

impl List {
    /// What stands between the server's name and the item's own.
    fn mark(&self) -> &'static str {
        match self.field {
            "name" => "__",
            "taskId" => "/",
            _ => "+",
        }
    }
}

const LISTS: [List; 5] = [
    List { method: "tools/list", key: "tools", field: "name" },
    List { method: "prompts/list", key: "prompts", field: "name" },
    List { method: "resources/list", key: "resources", field: "uri" },
    List { method: "resources/templates/list", key: "resourceTemplates", field: "uriTemplate" },
    List { method: "tasks/list", key: "tasks", field: "taskId" },
];

/// `_meta` key under which a message names the task that it belongs to (2025-11-25).
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// A message and what it is about.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) meant: Meant,
    /// Of a request.
    pub(super) id: Option<Id<'static>>,
    pub(super) modern: bool,
}

/// Reads a client's message for the servers of these names.
pub(super) fn read(bytes: &Bytes, limits: &Limits, names: &[&str]) -> Read {
    let mut parser = Parser::default();
    let other = |meant| Read { meant, id: None, modern: false };
    let (message, text) = match (Packet::parse(&mut parser, bytes, limits), std::str::from_utf8(bytes)) {
        (Ok(Packet::One(message)), Ok(text)) => (message, text),
        (Ok(Packet::Batch(members)), Ok(_)) => {
            let text = |member: &Result<Message<'_>, Malformed>| match member {
                Ok(message) => Bytes::copy_from_slice(message.raw().as_bytes()),
                // As it came: each is refused, and recorded, by itself.
                Err(malformed) => {
                    let json = malformed.json.as_ref();
                    json.map(|json| Bytes::copy_from_slice(json.as_bytes())).unwrap_or_default()
                }
            };
            return other(Meant::Batch(members.iter().map(text).collect()));
        }
        (Ok(_) | Err(_), _) => return other(Meant::Unreadable),
    };
    let modern = message.stated_version().is_some();
    let (id, meant) = match &message.body {
        Body::Request { id, method, params } => {
            (Some(id.clone().into_owned()), request(method, *params, text, names))
        }
        Body::Notification { .. } => (None, Meant::All),
        Body::Result { id, .. } | Body::Error { id: Some(id), .. } => {
            (None, answer(&message, id, text, names))
        }
        Body::Error { id: None, .. } => (None, Meant::Unreadable),
    };
    Read { meant, id, modern }
}

fn request(method: &str, params: Option<Value<'_>>, text: &str, names: &[&str]) -> Meant {
    let place = |keys: &[&str]| keys.iter().try_fold(params?, |value, key| value.get(key));
    if let Some(of) = LISTS.iter().find(|list| list.method == method) {
        return list(of, params, text, names);
    }
    let (value, mark) = match method {
        "initialize" => return Meant::Begin,
        "server/discover" => return Meant::Discover,
        "ping" => return Meant::Ping,
        "logging/setLevel" => return Meant::All,
        "subscriptions/listen" => return listen::meant(params, text, names),
        "tasks/get" | "tasks/result" | "tasks/update" | "tasks/cancel" => (place(&["taskId"]), "/"),
        "tools/call" | "prompts/get" => (place(&["name"]), "__"),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => (place(&["uri"]), "+"),
        "completion/complete" => match place(&["ref", "name"]) {
            Some(name) => (Some(name), "__"),
            None => (place(&["ref", "uri"]), "+"),
        },
        _ => return Meant::Method(method.to_owned()),
    };
    let name = value.and_then(Value::text).unwrap_or_default();
    let (Some((server, inner)), Some(value)) = (split(&name, mark, names), value) else {
        return Meant::Nobody { unknown: name.into_owned() };
    };
    let inner = inner.to_owned();
    let mut splice = Splice::default();
    splice.replace(value.span(), quoted(&inner));
    Meant::One { server, message: splice.apply(text, 0).into(), inner: Some(inner) }
}

/// The server that a name begins with, and the rest of it.
fn split<'n>(name: &'n str, mark: &str, names: &[&str]) -> Option<(usize, &'n str)> {
    let (server, inner) = name.split_once(mark)?;
    Some((names.iter().position(|name| *name == server)?, inner))
}

/// A page of every server, or of those that the cursor names.
fn list(of: &'static List, params: Option<Value<'_>>, text: &str, names: &[&str]) -> Meant {
    let Some(cursor) = params.and_then(|params| params.get("cursor")) else {
        let pages = (0..names.len()).map(|server| (server, Bytes::copy_from_slice(text.as_bytes())));
        return Meant::List { of, pages: pages.collect() };
    };
    let mut pages = Vec::new();
    for part in cursor.text().unwrap_or_default().split(',') {
        let known = part.split_once(':').and_then(|(server, coded)| {
            let server = names.iter().position(|name| *name == server)?;
            let inner = data_encoding::BASE64URL_NOPAD.decode(coded.as_bytes()).ok()?;
            Some((server, String::from_utf8(inner).ok()?))
        });
        let Some((server, inner)) =
            known.filter(|(server, _)| pages.iter().all(|(other, _)| other != server))
        else {
            // A cursor that is none of ours leads nowhere.
            return Meant::Nobody { unknown: "cursor".to_owned() };
        };
        let mut splice = Splice::default();
        splice.replace(cursor.span(), quoted(&inner));
        pages.push((server, Bytes::from(splice.apply(text, 0))));
    }
    Meant::List { of, pages }
}

/// The client's answer to a question of one server, under the id that the server gave it.
fn answer(message: &Message<'_>, id: &Id<'_>, text: &str, names: &[&str]) -> Meant {
    let Id::Text(said) = id else { return Meant::Unreadable };
    let (Some((server, inner)), Some(place)) = (split(said, "/", names), message.value().get("id")) else {
        return Meant::Unreadable;
    };
    let mut splice = Splice::default();
    let related = message.value().get("result").and_then(|result| result.get("_meta"));
    if let Some(task) = related.and_then(|meta| meta.get(RELATED)).and_then(|related| related.get("taskId"))
        && let Some(name) = task.text()
        && let Some((owner, task_inner)) = split(&name, "/", names)
        && owner == server
    {
        splice.replace(task.span(), quoted(task_inner));
    }
    // What stands there now is read strictly again, by the server's own engine.
    splice.replace(place.span(), inner.as_bytes());
    Meant::One { server, message: splice.apply(text, 0).into(), inner: None }
}

/// True if the answer to `initialize` settles a version that has batches.
pub(super) fn has_batches(hello: &Bytes, limits: &Limits) -> bool {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, hello, limits) else { return false };
    let Body::Result { result, .. } = &message.body else { return false };
    let version = result.get("protocolVersion").and_then(Value::text);
    batch_allowed(version.and_then(|version| Version::from_wire(&version)))
}

/// What kind of answer it is: a result, or the code and words of an error.
pub(super) fn outcome(bytes: &Bytes, limits: &Limits) -> Option<Result<(), (i64, String)>> {
    let mut parser = Parser::default();
    let Ok(Packet::One(message)) = Packet::parse(&mut parser, bytes, limits) else { return None };
    match &message.body {
        Body::Result { .. } => Some(Ok(())),
        Body::Error { error, .. } => {
            let code = error.get("code").and_then(Value::integer).unwrap_or_default();
            let words = error.get("message").and_then(Value::text).unwrap_or_default();
            Some(Err((code, words.into_owned())))
        }
        Body::Request { .. } | Body::Notification { .. } => None,
    }
}

fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    escape_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests;
