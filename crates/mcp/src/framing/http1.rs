//! Messages of HTTP/1.1 as bytes (RFC 9112), read so that no other reader of the same bytes can find other messages in them:
//! lines end in CRLF and nothing else, a body has one length or is chunked and never both, and whatever is not certain is
//! refused.

mod body;
mod head;

pub use self::body::{BodyError, BodyReader};
pub use self::head::{Extent, Field, HeadEnd, HeadError, RequestHead, ResponseHead, request, response};
