//! A JSON-RPC message as a typed view over the parsed text.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

use crate::json::{Document, Kind, ParseError, Parser, Value, escape_into, fold_key};
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

/// A request id. Two ids are the same only with the same type and value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Id<'a> {
    /// An integer within ±(2^53 - 1), so that every peer reads the same one.
    Number(i64),
    Text(Cow<'a, str>),
}

impl Id<'_> {
    /// The same id without a borrow.
    #[must_use]
    pub fn into_owned(self) -> Id<'static> {
        match self {
            Id::Number(number) => Id::Number(number),
            Id::Text(text) => Id::Text(Cow::Owned(text.into_owned())),
        }
    }

    /// Appends the id as JSON.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Id::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Id::Text(text) => escape_into(text, out),
        }
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
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
        let fields = Fields::collect(value)?;
        let id = fields.id(limits);
        let refuse = |cause| Err(Malformed { cause, id: id.clone().ok().flatten().map(Id::into_owned) });
        if !fields.jsonrpc.is_some_and(|version| version.is_text("2.0")) {
            return refuse(Malformation::Version);
        }
        if let Err(cause) = id {
            // INVARIANT: an error answer alone may carry a null id (the peer could not read ours).
            let unread = fields.error.is_some() && fields.id.is_some_and(Value::is_null);
            if !(unread && fields.method.is_none() && fields.result.is_none()) {
                return refuse(cause);
            }
        }
        let present = id.clone().ok().flatten();
        let body = match (fields.method, fields.result, fields.error) {
            (Some(method), None, None) => {
                let method = match method.text() {
                    Some(text) if !text.is_empty() && text.len() <= limits.method_bytes_max => text,
                    Some(_) | None => return refuse(Malformation::Method),
                };
                if fields.params.is_some_and(|params| !params.is_object()) {
                    return refuse(Malformation::Params);
                }
                match present {
                    Some(id) => Body::Request { id, method, params: fields.params },
                    None => Body::Notification { method, params: fields.params },
                }
            }
            (None, Some(result), None) if result.is_object() => match present {
                Some(id) => Body::Result { id, result },
                None => return refuse(Malformation::Id),
            },
            (None, None, Some(error)) if well_formed_error(error) => Body::Error { id: present, error },
            _ => return refuse(Malformation::Shape),
        };
        Ok(Message { value, body })
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
}

impl<'a> Fields<'a> {
    fn collect(value: Value<'a>) -> Result<Fields<'a>, Malformed> {
        if !value.is_object() {
            return Err(Malformed { cause: Malformation::Shape, id: None });
        }
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
                other if ENVELOPE.contains(&&*fold_key(other)) => {
                    return Err(Malformed { cause: Malformation::KeyCase, id: None });
                }
                _ => continue,
            };
            *place = Some(member);
        }
        Ok(fields)
    }

    fn id(&self, limits: &Limits) -> Result<Option<Id<'a>>, Malformation> {
        self.id.map(|id| read_id(id, limits).ok_or(Malformation::Id)).transpose()
    }
}

const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
const ID_NUMBER_MAX: i64 = (1 << 53) - 1;

/// Reads a value as an id: a string within the limit, or an integer that every peer reads as the same number.
#[must_use]
pub fn read_id<'a>(value: Value<'a>, limits: &Limits) -> Option<Id<'a>> {
    match value.kind() {
        Kind::Text => value.text().filter(|text| text.len() <= limits.id_bytes_max).map(Id::Text),
        Kind::Number if value.raw() != "-0" => {
            value.integer().filter(|id| (-ID_NUMBER_MAX..=ID_NUMBER_MAX).contains(id)).map(Id::Number)
        }
        Kind::Number | Kind::Null | Kind::False | Kind::True | Kind::Array | Kind::Object => None,
    }
}

/// A text that parsed as JSON but is no message, with the id where it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{cause}")]
pub struct Malformed {
    pub cause: Malformation,
    pub id: Option<Id<'static>>,
}

/// Why a text is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformation {
    #[error("not JSON: {0}")]
    Json(#[from] ParseError),
    #[error("`jsonrpc` is not \"2.0\"")]
    Version,
    #[error("`id` is neither a string nor a safe integer")]
    Id,
    #[error("`method` is not a short string")]
    Method,
    #[error("`params` is not an object")]
    Params,
    #[error("neither a request, a notification nor an answer")]
    Shape,
    #[error("a key of the envelope in another case")]
    KeyCase,
    #[error("a governed key of `params` in another case")]
    ParamCase,
    #[error("a batch where the protocol version has none")]
    Batch,
    #[error("a batch with no members or more than the limit")]
    BatchSize,
    #[error("longer than the limit")]
    TooLong,
    #[error("a carriage return that does not end the line")]
    CarriageReturn,
}

impl Malformation {
    /// The JSON-RPC error code with which a peer that sent this is answered.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Malformation::Json(_) | Malformation::CarriageReturn => -32700,
            Malformation::Params | Malformation::ParamCase => -32602,
            Malformation::Version
            | Malformation::Id
            | Malformation::Method
            | Malformation::Shape
            | Malformation::KeyCase
            | Malformation::Batch
            | Malformation::BatchSize
            | Malformation::TooLong => -32600,
        }
    }
}

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
        let document: Document<'a> =
            parser.parse(bytes, limits).map_err(|error| Malformed { cause: error.into(), id: None })?;
        let root = document.root();
        if !root.is_array() {
            return Message::read(root, limits).map(Packet::One);
        }
        let count = root.elements().take(limits.batch_max + 1).count();
        if count == 0 || count > limits.batch_max {
            return Err(Malformed { cause: Malformation::BatchSize, id: None });
        }
        Ok(Packet::Batch(root.elements().map(|element| Message::read(element, limits)).collect()))
    }
}

/// True if `version` may carry batches; an unknown one may, its members are decided one by one anyway.
#[must_use]
pub fn batch_allowed(version: Option<Version>) -> bool {
    version.is_none_or(Version::allows_batches)
}
