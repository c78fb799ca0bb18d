//! The body of a client's request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use thiserror::Error;

/// A body as it is read by the work on its request.
#[derive(Debug)]
pub(in crate::http) enum Sent {
    /// It came with its head, or there is none.
    Whole(Option<Bytes>),
    /// Its connection reads it, a piece at a time, where it is polled.
    Comes(Arc<Coming>),
    Http2(Incoming),
}

/// A body that broke off, or was none.
#[derive(Debug, Clone, Copy, Error)]
#[error("the body broke off")]
pub(in crate::http) struct BrokenOff;

/// What a connection and the reader of a body that comes on it know of each other.
#[derive(Debug, Default)]
pub(in crate::http) struct Coming(Mutex<Between>);

#[derive(Debug, Default)]
struct Between {
    /// Came, and is not read yet: nothing more is taken from the socket until then.
    piece: Option<Bytes>,
    end: Option<Result<(), BrokenOff>>,
    left: (u64, bool),
    /// Somebody waits for it.
    wanted: bool,
    reader: Option<Waker>,
    /// The connection's task, while nobody polls it.
    connection: Option<Waker>,
}

impl Coming {
    fn between(&self) -> MutexGuard<'_, Between> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection is polled.
    pub(super) fn attend(&self) {
        self.between().connection = None;
    }

    /// The connection waits. It is woken when somebody wants more of the body than there is.
    pub(super) fn leave(&self, connection: &Waker) {
        self.between().connection = Some(connection.clone());
    }

    /// True if there is room for a piece.
    pub(super) fn has_room(&self) -> bool {
        let between = self.between();
        between.piece.is_none() && between.end.is_none()
    }

    /// True if somebody waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        self.between().wanted
    }

    pub(super) fn put(&self, piece: Bytes, left: (u64, bool)) {
        let mut between = self.between();
        (between.piece, between.left) = (Some(piece), left);
        between.wake();
    }

    pub(super) fn end(&self, end: Result<(), BrokenOff>) {
        let mut between = self.between();
        (between.end, between.left) = (Some(end), (0, true));
        between.wake();
    }

    pub(super) fn expect(&self, left: (u64, bool)) {
        self.between().left = left;
    }
}

impl Between {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BrokenOff>>> {
        let (piece, end) = (self.piece.take(), self.end);
        self.wanted = piece.is_none() && end.is_none();
        if end.is_none()
            && let Some(connection) = self.connection.take()
        {
            connection.wake();
        }
        match (piece, end) {
            (Some(piece), _) => Poll::Ready(Some(Ok(piece))),
            (None, Some(end)) => Poll::Ready(end.err().map(Err)),
            (None, None) => {
                self.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Sent>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Sent::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Sent::Comes(coming) => {
                coming.between().poll_piece(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
            Sent::Http2(body) => {
                let frame = Pin::new(body).poll_frame(context);
                frame.map(|frame| frame.map(|frame| frame.map_err(|_| BrokenOff)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Sent::Whole(bytes) => bytes.is_none(),
            Sent::Comes(coming) => {
                let between = coming.between();
                between.piece.is_none() && matches!(between.end, Some(Ok(())))
            }
            Sent::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sent::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Sent::Comes(coming) => {
                let between = coming.between();
                let (left, exact) = between.left;
                let left = left + between.piece.as_ref().map_or(0, Bytes::len) as u64;
                let mut hint = SizeHint::new();
                hint.set_lower(left);
                if exact {
                    hint.set_upper(left);
                }
                hint
            }
            Sent::Http2(body) => body.size_hint(),
        }
    }
}
