//! The body of an answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_mcp::framing::http1::BodyReader;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::UpstreamError;
use super::line::Line;
use super::pool::Pool;

/// The body of an answer. Reading it drives its connection, which is free again when all of it came; one that is left before
/// closes the connection.
#[derive(Debug)]
pub(in crate::http) struct Reading(From);

#[derive(Debug)]
enum From {
    Nothing,
    /// hyper drives it.
    Client(Incoming),
    Line(Box<OnLine>),
}

#[derive(Debug)]
struct OnLine {
    line: Box<Line>,
    body: BodyReader,
    /// The connection may carry another request.
    keeps: bool,
    pool: Arc<Pool>,
}

impl Reading {
    pub(super) fn of(body: Incoming) -> Reading {
        Reading(From::Client(body))
    }

    /// What comes on `line`, which goes back into its pool if it `keeps`.
    pub(super) fn on(line: Box<Line>, body: BodyReader, keeps: bool, pool: &Arc<Pool>) -> Reading {
        let on_line = OnLine { line, body, keeps, pool: Arc::clone(pool) };
        if on_line.body.is_over() {
            on_line.end();
            return Reading(From::Nothing);
        }
        Reading(From::Line(Box::new(on_line)))
    }
}

impl OnLine {
    /// Ready when there is a piece, or nothing more of it comes.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, UpstreamError>> {
        loop {
            let piece = self.line.piece(&mut self.body)?;
            if piece.is_some() || self.body.is_over() {
                return Poll::Ready(Ok(piece));
            }
            match self.line.poll_more(context) {
                Poll::Ready(Err(_)) => return Poll::Ready(Err(UpstreamError::Broken)),
                Poll::Ready(Ok(0)) => {
                    let ends = self.body.ends_at_close();
                    return Poll::Ready(if ends { Ok(None) } else { Err(UpstreamError::Broken) });
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn end(self) {
        if self.keeps && self.body.is_over() && self.line.is_free() {
            self.pool.put_back(self.line);
        }
    }
}

impl Body for Reading {
    type Data = Bytes;
    type Error = UpstreamError;

    fn poll_frame(
        mut self: Pin<&mut Reading>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UpstreamError>>> {
        let piece = match &mut self.0 {
            From::Nothing => return Poll::Ready(None),
            From::Client(body) => {
                let frame = Pin::new(body).poll_frame(context);
                return frame.map(|frame| frame.map(|frame| frame.map_err(|_| UpstreamError::Broken)));
            }
            From::Line(on_line) => std::task::ready!(on_line.poll_piece(context)),
        };
        let goes_on = match (&piece, &self.0) {
            (Ok(Some(_)), From::Line(on_line)) => !on_line.body.is_over(),
            _ => false,
        };
        if !goes_on
            && let From::Line(on_line) = std::mem::replace(&mut self.0, From::Nothing)
            && piece.is_ok()
        {
            on_line.end();
        }
        Poll::Ready(piece.transpose().map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            From::Nothing => true,
            From::Client(body) => body.is_end_stream(),
            From::Line(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            From::Nothing => SizeHint::with_exact(0),
            From::Client(body) => body.size_hint(),
            From::Line(on_line) => {
                let (left, exact) = on_line.body.left();
                let mut hint = SizeHint::new();
                hint.set_lower(left);
                if exact {
                    hint.set_upper(left);
                }
                hint
            }
        }
    }
}
