//! One connection to an upstream over HTTP/1.1, driven by whoever waits for its answer: no task of its own stands between the
//! socket and the request, so that an answer wakes one task and not two.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bailiwick_mcp::framing::http1::{BodyReader, HeadError};
use hyper::body::Bytes;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

use super::UpstreamError;
use super::dial::Wire;
use crate::http::wire::{Answered, Inbox, Outbox, answered};

/// Heads of 1xx that may come before an answer.
const INTERIM_MAX: usize = 8;
/// The status of a connection that is to be for something else from now on.
const SWITCHING: u16 = 101;

/// A connection, and the one request that may be under way on it. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Line {
    stream: Wire,
    inbox: Inbox,
    outbox: Outbox,
    interim: usize,
    /// The server took no more of a request, though it may still answer.
    spent: bool,
    /// Until when the head of the answer must be there. Put off for each request, which costs less than to set one anew.
    end: Pin<Box<Sleep>>,
}

/// What an upstream may put into a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    pub(super) bytes_max: usize,
    pub(super) fields_max: usize,
}

/// Why there is no head of an answer.
#[derive(Debug)]
pub(super) enum Missed {
    /// The connection was closed before anything of the request was sent, which is here again.
    NotBegun(Outbox),
    Failed(UpstreamError),
}

impl Line {
    pub(super) fn new(stream: Wire, end: Instant) -> Line {
        let (inbox, outbox) = (Inbox::default(), Outbox::default());
        Line { stream, inbox, outbox, interim: 0, spent: false, end: Box::pin(sleep_until(end)) }
    }

    /// Somebody takes it for a request that has until `end`; false if it was closed meanwhile.
    pub(super) fn take_up(&mut self, end: Instant) -> bool {
        self.end.as_mut().reset(end);
        self.is_kept(Waker::noop())
    }

    /// True if it is open and silent. When it is no more, `keeper` is woken.
    pub(super) fn is_kept(&mut self, keeper: &Waker) -> bool {
        // A task that has used up its turn would hear of nothing.
        let look = pin!(unconstrained(poll_fn(|context| self.poll_more(context))));
        let silent = look.poll(&mut Context::from_waker(keeper)).is_pending();
        silent && self.is_free()
    }

    /// Begins a request, as far as that needs no waiting.
    pub(super) fn begin(&mut self, request: Outbox) -> Result<(), Missed> {
        (self.outbox, self.interim) = (request, 0);
        self.write(&mut Context::from_waker(Waker::noop()))
    }

    /// Writes what it can. One that takes no more of it may have said why.
    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Missed> {
        if let Poll::Ready(Err(_)) = self.outbox.poll_written(&mut self.stream, context) {
            let outbox = std::mem::take(&mut self.outbox);
            if outbox.is_whole() {
                return Err(Missed::NotBegun(outbox));
            }
            self.spent = true;
        }
        Ok(())
    }

    /// Ready when the head of the answer is there, or none will come. A server may answer before it read all of the request.
    pub(super) fn poll_answer(
        &mut self,
        context: &mut Context<'_>,
        limits: HeadLimits,
    ) -> Poll<Result<Answered, Missed>> {
        if let Err(missed) = self.write(context) {
            return Poll::Ready(Err(missed));
        }
        let failed = |why| Poll::Ready(Err(Missed::Failed(why)));
        loop {
            let head = match self.inbox.head(limits.bytes_max) {
                Ok(head) => head,
                Err(_) => return failed(UpstreamError::Broken),
            };
            if let Some(head) = head {
                match answered(&head, limits.fields_max) {
                    Err(HeadError::Unclear) => return failed(UpstreamError::Unclear),
                    Ok(answered) if answered.head.status.as_u16() == SWITCHING => {
                        return failed(UpstreamError::Broken);
                    }
                    Ok(answered) if answered.head.status.is_informational() && self.interim < INTERIM_MAX => {
                        self.interim += 1;
                    }
                    Ok(answered) if !answered.head.status.is_informational() => {
                        return Poll::Ready(Ok(answered));
                    }
                    Ok(_) | Err(_) => return failed(UpstreamError::Broken),
                }
                continue;
            }
            match self.poll_more(context) {
                Poll::Ready(Ok(0) | Err(_)) => return failed(UpstreamError::Broken),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => {
                    return self
                        .end
                        .as_mut()
                        .poll(context)
                        .map(|()| Err(Missed::Failed(UpstreamError::Late)));
                }
            }
        }
    }

    /// Reads more, and says how much: nothing at the end. What is not yet written of a request that is answered already goes on
    /// its way, for the server may wait for it.
    pub(super) fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.outbox.is_empty() && self.write(context).is_err() {
            self.spent = true;
        }
        self.inbox.poll_more(&mut self.stream, context)
    }

    /// The next piece of a body, if some of it came. An error is that it is none.
    pub(super) fn piece(&mut self, body: &mut BodyReader) -> Result<Option<Bytes>, UpstreamError> {
        self.inbox.piece(body).map_err(|_| UpstreamError::Broken)
    }

    /// True if nothing of a request is under way.
    pub(super) fn is_free(&self) -> bool {
        self.inbox.is_empty() && self.outbox.is_empty() && !self.spent
    }
}
