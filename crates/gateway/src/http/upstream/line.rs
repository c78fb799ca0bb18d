//! One connection to an upstream, driven by whoever waits for its answer: no task of its own stands between the socket and the
//! request, so that an answer wakes one task and not two.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{Connection, SendRequest};
use tokio::task::coop::has_budget_remaining;
use tokio::time::{Instant, Sleep, sleep_until};

use super::dial::Stream;
use crate::http::bell::Bell;

/// How often a connection that always has something to do is seen to before others have their turn.
const TURNS_MAX: usize = 16;

/// A connection, and the one request that may be under way on it. Dropping it closes it.
pub(super) struct Line {
    pub(super) sender: SendRequest<Full<Bytes>>,
    connection: Connection<Stream, Full<Bytes>>,
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
    /// Until when the head of the answer must be there. Put off for each request, which costs less than to set one anew.
    end: Pin<Box<Sleep>>,
}

impl Line {
    pub(super) fn new(
        (sender, connection): (SendRequest<Full<Bytes>>, Connection<Stream, Full<Bytes>>),
        end: Instant,
    ) -> Line {
        let bell = Arc::new(Bell::rung());
        let waker = Waker::from(Arc::clone(&bell));
        Line { sender, connection, bell, waker, end: Box::pin(sleep_until(end)) }
    }

    /// Somebody takes it for a request that has until `end`; false if it was closed meanwhile.
    pub(super) fn take_up(&mut self, end: Instant) -> bool {
        self.bell.attend();
        self.end.as_mut().reset(end);
        self.rests()
    }

    /// Nobody needs it any more: it wakes `keeper` if it is closed. False if it can take no other request.
    pub(super) fn lay_down(&mut self, keeper: Option<&Waker>) -> bool {
        if !self.rests() {
            return false;
        }
        if let Some(keeper) = keeper {
            self.bell.is_for(keeper);
        }
        self.bell.leave() || self.rests()
    }

    /// What an idle connection has to do is done; false if it was closed.
    pub(super) fn is_kept(&mut self, keeper: &Waker) -> bool {
        self.bell.is_for(keeper);
        !self.bell.is_rung() || self.rests()
    }

    /// Sees to what there is to do; true if nothing of a request is under way and it can take another one.
    fn rests(&mut self) -> bool {
        for _ in 0..TURNS_MAX {
            if !self.bell.take() {
                return self.sender.is_ready();
            }
            let context = &mut Context::from_waker(&self.waker);
            if Pin::new(&mut self.connection).poll(context).is_ready() {
                return false;
            }
        }
        false
    }

    /// True if nothing of a request is under way.
    pub(super) fn is_free(&self) -> bool {
        self.sender.is_ready()
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Ready when the time of the request is over.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.end.as_mut().poll(context)
    }

    /// Sees to the connection until `heard` has what it waits for; nothing if the connection is over.
    pub(super) fn drive<T>(
        &mut self,
        context: &mut Context<'_>,
        mut heard: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        self.bell.is_for(context.waker());
        self.bell.attend();
        // What is heard comes from the connection alone, which is looked at here: nobody needs to be woken for it.
        let mut deaf = Context::from_waker(Waker::noop());
        if let Poll::Ready(heard) = heard(&mut deaf) {
            return Poll::Ready(Some(heard));
        }
        for _ in 0..TURNS_MAX {
            if self.bell.take() {
                let inner = &mut Context::from_waker(&self.waker);
                if Pin::new(&mut self.connection).poll(inner).is_ready() {
                    return Poll::Ready(None);
                }
                if let Poll::Ready(heard) = heard(&mut deaf) {
                    return Poll::Ready(Some(heard));
                }
                if !has_budget_remaining() {
                    break;
                }
            } else if self.bell.leave() {
                if !has_budget_remaining() {
                    context.waker().wake_by_ref();
                }
                return Poll::Pending;
            } else {
                self.bell.attend();
            }
        }
        self.bell.leave();
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
