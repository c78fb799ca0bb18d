//! The body of an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::line::Line;
use super::pool::Pool;

/// The body of an answer. Where it is not all there yet, reading it drives its connection, which is free again at its end; one
/// that is left before it closes the connection.
#[derive(Debug)]
pub(in crate::http) struct Reading {
    first: Option<Result<Frame<Bytes>, hyper::Error>>,
    rest: Rest,
}

enum Rest {
    Nothing,
    /// Somebody else drives it, or it is all there.
    Comes(Incoming),
    Driven(Incoming, Box<Line>, Arc<Pool>),
}

impl std::fmt::Debug for Rest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Rest::Nothing => "Nothing",
            Rest::Comes(_) => "Comes",
            Rest::Driven(..) => "Driven",
        })
    }
}

impl Reading {
    /// What somebody else drives, or is all there.
    pub(super) fn of(body: Incoming) -> Reading {
        Reading { first: None, rest: Rest::Comes(body) }
    }

    /// What comes on `line`. Most answers come in one piece: then the line is free before anybody reads them.
    pub(super) fn on(mut body: Incoming, line: Box<Line>, pool: &Arc<Pool>) -> Reading {
        if !line.is_free() {
            return Reading { first: None, rest: Rest::Driven(body, line, Arc::clone(pool)) };
        }
        let (first, rest) = line.bell().unheard(move || {
            let context = &mut Context::from_waker(Waker::noop());
            let first = match Pin::new(&mut body).poll_frame(context) {
                Poll::Ready(first) => first,
                Poll::Pending => None,
            };
            let rest = if body.is_end_stream() { Rest::Nothing } else { Rest::Comes(body) };
            // A connection that is free has nothing more of it to read.
            ((first, rest), true)
        });
        pool.put_back(line);
        Reading { first, rest }
    }
}

impl Body for Reading {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Reading>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Reading { first, rest } = self.get_mut();
        if let Some(first) = first.take() {
            return Poll::Ready(Some(first));
        }
        let (body, line) = match rest {
            Rest::Nothing => return Poll::Ready(None),
            Rest::Comes(body) => return Pin::new(body).poll_frame(context),
            Rest::Driven(body, line, _) => (body, line),
        };
        let heard = line.drive(context, |context| Pin::new(&mut *body).poll_frame(context));
        match heard {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Some(Ok(frame)))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Some(Err(error)))) => {
                *rest = Rest::Nothing;
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(Some(None)) => {
                if let Rest::Driven(_, line, pool) = std::mem::replace(rest, Rest::Nothing) {
                    pool.put_back(line);
                }
                Poll::Ready(None)
            }
            // What the connection read before its end is still to be had.
            Poll::Ready(None) => {
                let Rest::Driven(mut body, ..) = std::mem::replace(rest, Rest::Nothing) else {
                    return Poll::Ready(None);
                };
                let heard = Pin::new(&mut body).poll_frame(context);
                *rest = Rest::Comes(body);
                heard
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none()
            && match &self.rest {
                Rest::Nothing => true,
                Rest::Comes(body) | Rest::Driven(body, ..) => body.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let first = match &self.first {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) | None => 0,
        };
        let rest = match &self.rest {
            Rest::Nothing => SizeHint::with_exact(0),
            Rest::Comes(body) | Rest::Driven(body, ..) => body.size_hint(),
        };
        let mut all = SizeHint::new();
        if let Some(upper) = rest.upper() {
            all.set_upper(upper + first);
        }
        all.set_lower(rest.lower() + first);
        all
    }
}
