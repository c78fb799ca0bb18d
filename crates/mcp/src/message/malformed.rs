//! What is no message, why, and with which error code its sender is answered.

use thiserror::Error;

use crate::json::{Fault, ParseError};
use crate::message::Id;

/// A text that is no message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{cause}")]
pub struct Malformed {
    pub cause: Malformation,
    /// The id under which its sender waits for an answer: `None` unless it carries a method and a readable id. The id of
    /// a broken answer is one of the other side's; an error sent back with it would meet a request of the sender's own.
    pub id: Option<Id<'static>>,
    /// What it is instead, where it is JSON and no text of its own: a member of a batch, or the batch.
    pub json: Option<Box<str>>,
}

impl Malformed {
    /// One of which nothing more is known.
    #[must_use]
    pub fn new(cause: Malformation) -> Malformed {
        Malformed { cause, id: None, json: None }
    }
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
    #[error("a key of the envelope in another spelling")]
    KeyCase,
    #[error("a governed key of `params` in another spelling")]
    ParamCase,
    #[error("a batch where the protocol version has none")]
    Batch,
    #[error("a batch with no members or more than the limit")]
    BatchSize,
    #[error("`initialize` in a batch")]
    BatchInitialize,
    #[error("longer than the limit")]
    TooLong,
    #[error("a header and the body disagree")]
    Header,
    #[error("`_meta` lacks the protocol version or the client's capabilities")]
    Meta,
    #[error("a carriage return that does not end the line")]
    CarriageReturn,
}

impl Malformation {
    /// The JSON-RPC error code with which a peer that sent this is answered: -32700 for what RFC 8259 forbids, and for numbers
    /// and depths beyond what a reader may take (its section 9); -32600 for what it allows and we refuse, -32602 for `params`.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Malformation::Json(error) => match error.fault {
                Fault::Utf8
                | Fault::ByteOrderMark
                | Fault::Truncated
                | Fault::Unexpected
                | Fault::Trailing
                | Fault::Control
                | Fault::Escape
                | Fault::Number
                | Fault::NumberRange
                | Fault::TooDeep => -32700,
                Fault::TooLong | Fault::Surrogate | Fault::DuplicateKey | Fault::TooMany => -32600,
            },
            Malformation::CarriageReturn => -32700,
            Malformation::Params | Malformation::ParamCase | Malformation::Meta => -32602,
            // 2026-07-28: HeaderMismatch.
            Malformation::Header => -32020,
            Malformation::Version
            | Malformation::Id
            | Malformation::Method
            | Malformation::Shape
            | Malformation::KeyCase
            | Malformation::Batch
            | Malformation::BatchSize
            | Malformation::BatchInitialize
            | Malformation::TooLong => -32600,
        }
    }
}
