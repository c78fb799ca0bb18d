//! A JSON-RPC message as a typed view over the parsed text.

mod governed;
mod id;
pub(crate) mod id_scan;
mod malformed;

use std::borrow::Cow;

pub use governed::{META_FIELDS, keys_clear, listing_clear};
pub use id::{Id, read_id};
pub use malformed::{Malformation, Malformed};

use self::id_scan::IdScan;
use crate::json::{Kind, Parser, Value, same_key_folded};
use crate::limits::Limits;
use crate::version::Version;

/// Which way a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    ToServer,
    ToClient,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub fn reverse(self) -> Direction {
        match self {
            Direction::ToServer => Direction::ToClient,
            Direction::ToClient => Direction::ToServer,
        }
    }
}

/// One JSON-RPC message.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    value: Value<'a>,
    pub body: Body<'a>,
}

/// The four shapes of a message (JSON-RPC 2.0, sections 4 and 5).
#[derive(Debug, Clone)]
pub enum Body<'a> {
    Request {
        id: Id<'a>,
        method: Cow<'a, str>,
        params: Option<Value<'a>>,
    },
    Notification {
        method: Cow<'a, str>,
        params: Option<Value<'a>>,
    },
    Result {
        id: Id<'a>,
        result: Value<'a>,
    },
    /// The id is absent where the peer could not read ours.
    Error {
        id: Option<Id<'a>>,
        error: Value<'a>,
    },
}

impl<'a> Message<'a> {
    /// The message as it came, byte for byte (one element of a batch: that element).
    #[must_use]
    pub fn raw(&self) -> &'a str {
        self.value.raw()
    }

    /// The whole message as a value.
    #[must_use]
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    #[must_use]
    pub fn id(&self) -> Option<&Id<'a>> {
        match &self.body {
            Body::Request { id, .. } | Body::Result { id, .. } => Some(id),
            Body::Error { id, .. } => id.as_ref(),
            Body::Notification { .. } => None,
        }
    }

    #[must_use]
    pub fn method(&self) -> Option<&str> {
        match &self.body {
            Body::Request { method, .. } | Body::Notification { method, .. } => Some(method),
            Body::Result { .. } | Body::Error { .. } => None,
        }
    }

    #[must_use]
    pub fn params(&self) -> Option<Value<'a>> {
        match &self.body {
            Body::Request { params, .. } | Body::Notification { params, .. } => *params,
            Body::Result { .. } | Body::Error { .. } => None,
        }
    }

    /// The version that a modern message names in `_meta`; `None` for a legacy message.
    #[must_use]
    pub fn stated_version(&self) -> Option<Cow<'a, str>> {
        self.params()?.get("_meta")?.get(META_VERSION)?.text()
    }

    /// Reads one message out of a parsed value.
    ///
    /// # Errors
    /// What the schemas of the protocol refuse, and what peers read differently; see [`Malformation`].
    pub fn read(value: Value<'a>, limits: &Limits) -> Result<Message<'a>, Malformed> {
        if !value.is_object() {
            return Err(Malformed::new(Malformation::Shape));
        }
        let fields = Fields::collect(value);
        match fields.body(limits) {
            Ok(body) => Ok(Message { value, body }),
            Err(cause) => {
                let id = fields.method.and(fields.id).and_then(|id| read_id(id, limits));
                Err(Malformed { cause, id: id.map(Id::into_owned), json: None })
            }
        }
    }
}

/// `_meta` key with which a modern request names its version.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

fn well_formed_error(error: Value<'_>) -> bool {
    let code = error.get("code").and_then(Value::integer);
    let message = error.get("message").map(Value::kind);
    code.is_some() && message == Some(Kind::Text)
}

/// The envelope's members; anything else in it is kept and not looked at.
#[derive(Default)]
struct Fields<'a> {
    jsonrpc: Option<Value<'a>>,
    id: Option<Value<'a>>,
    method: Option<Value<'a>>,
    params: Option<Value<'a>>,
    result: Option<Value<'a>>,
    error: Option<Value<'a>>,
    /// True if a key is one of these in another spelling.
    variant: bool,
}

impl<'a> Fields<'a> {
    fn collect(value: Value<'a>) -> Fields<'a> {
        let mut fields = Fields::default();
        for (key, member) in value.members() {
            let key = key.text().unwrap_or_default();
            let place = match &*key {
                "jsonrpc" => &mut fields.jsonrpc,
                "id" => &mut fields.id,
                "method" => &mut fields.method,
                "params" => &mut fields.params,
                "result" => &mut fields.result,
                "error" => &mut fields.error,
                other => {
                    fields.variant |= ENVELOPE.iter().any(|field| same_key_folded(field, other));
                    continue;
                }
            };
            *place = Some(member);
        }
        fields
    }

    fn body(&self, limits: &Limits) -> Result<Body<'a>, Malformation> {
        if self.variant {
            return Err(Malformation::KeyCase);
        }
        if !self.jsonrpc.is_some_and(|version| version.is_text("2.0")) {
            return Err(Malformation::Version);
        }
        let id = || self.id.map(|id| read_id(id, limits).ok_or(Malformation::Id)).transpose();
        match (self.method, self.result, self.error) {
            (Some(method), None, None) => {
                let (id, params) = (id()?, self.params);
                let method = method.text().filter(|name| (1..=limits.method_bytes_max).contains(&name.len()));
                let method = method.ok_or(Malformation::Method)?;
                if params.is_some_and(|params| !params.is_object()) {
                    return Err(Malformation::Params);
                }
                Ok(match id {
                    Some(id) => Body::Request { id, method, params },
                    None => Body::Notification { method, params },
                })
            }
            (None, Some(result), None) if result.is_object() => {
                Ok(Body::Result { id: id()?.ok_or(Malformation::Id)?, result })
            }
            (None, None, Some(error)) if well_formed_error(error) => {
                // The one null id: the answer of a peer that could not read ours.
                let unread = self.id.is_some_and(Value::is_null);
                Ok(Body::Error { id: if unread { None } else { id()? }, error })
            }
            _ => Err(Malformation::Shape),
        }
    }
}

const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// One text on the wire: a message, or a batch of them (2025-03-26).
#[derive(Debug, Clone)]
pub enum Packet<'a> {
    One(Message<'a>),
    Batch(Vec<Result<Message<'a>, Malformed>>),
}

impl<'a> Packet<'a> {
    /// Parses `bytes` as one message or one batch.
    ///
    /// # Errors
    /// See [`Parser::parse`] and [`Message::read`]. The members of a batch are judged one by one.
    pub fn parse(parser: &'a mut Parser, bytes: &'a [u8], limits: &Limits) -> Result<Packet<'a>, Malformed> {
        let root = match parser.parse(bytes, limits) {
            Ok(document) => document.root(),
            Err(error) => {
                let scan = IdScan::of(bytes, limits);
                let id = if scan.is_request() { scan.id() } else { None };
                return Err(Malformed { cause: error.into(), id, json: None });
            }
        };
        if !root.is_array() {
            return Message::read(root, limits).map(Packet::One);
        }
        if root.elements().next().is_none() || root.elements().nth(limits.batch_max).is_some() {
            let json = Some(root.raw().into());
            return Err(Malformed { json, ..Malformed::new(Malformation::BatchSize) });
        }
        Ok(Packet::Batch(root.elements().map(|element| read_member(element, limits)).collect()))
    }
}

/// `initialize` settles the version that says whether there are batches, so it stands in none.
fn read_member<'a>(element: Value<'a>, limits: &Limits) -> Result<Message<'a>, Malformed> {
    let json = || Some(element.raw().into());
    match Message::read(element, limits) {
        Ok(message) if message.method() == Some("initialize") => {
            let id = message.id().cloned().map(Id::into_owned);
            Err(Malformed { cause: Malformation::BatchInitialize, id, json: json() })
        }
        Ok(message) => Ok(message),
        Err(malformed) => Err(Malformed { json: json(), ..malformed }),
    }
}

/// True if `version` has batches. Before a version is settled there are none: `initialize` stands in no batch.
#[must_use]
pub fn batch_allowed(version: Option<Version>) -> bool {
    version.is_some_and(Version::allows_batches)
}
