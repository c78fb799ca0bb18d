//! The body of a client's request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use crate::http::bell::Bell;

/// A body that is read where its connection is polled: a connection of HTTP/1.1 that has handed over all of it is not woken to
/// hear that it was read, which would cost each request one poll for nothing.
#[derive(Debug)]
pub(in crate::http) struct Sent {
    body: Incoming,
    bell: Option<Arc<Bell>>,
}

impl Sent {
    /// `bell` is that of its connection, if nothing but this request is on it.
    pub(super) fn new(body: Incoming, bell: Option<Arc<Bell>>) -> Sent {
        Sent { body, bell }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Sent>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Sent { body, bell } = self.get_mut();
        let Some(bell) = bell else { return Pin::new(body).poll_frame(context) };
        bell.unheard(|| {
            let frame = Pin::new(&mut *body).poll_frame(context);
            let is_all = frame.is_ready() && body.is_end_stream();
            (frame, is_all)
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
