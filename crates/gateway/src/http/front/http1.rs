//! A client's connection over HTTP/1.1: one request after the other, each answered before the next is looked at.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bailiwick_mcp::framing::http1::{BodyReader, Extent, HeadError};
use hyper::body::Bytes;
use hyper::header::CONNECTION;
use hyper::{Method, Request, StatusCode, Version};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Front;
use super::reads::Reads;
use super::sent::Sent;
use crate::http::endpoint::serve;
use crate::http::reply::{Body, Reply, refuse};
use crate::http::wire::{Asked, Inbox, Length, Outbox, asked};

/// A client that is told to go may still be sending: so long, and so much, is heard and thrown away, or the system would take the
/// answer back from it.
const LINGER: (Duration, usize) = (Duration::from_secs(1), 1 << 20);
/// So much may a client say before it was answered.
const AHEAD_BYTES_MAX: usize = 64 << 10;
/// Events that are ready together are one write, until it is so long.
const TOGETHER_BYTES: usize = 16 << 10;

/// Serves a connection until its client leaves or may not stay, or `told` says that it is to end when nothing is in hand.
pub(super) async fn converse<S>(front: Arc<Front>, stream: S, told: Arc<AtomicBool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut line = Line { stream, inbox: Inbox::default(), outbox: Outbox::default(), told };
    let limits = front.hub.limits;
    let mut clock = pin!(sleep(limits.head_time));
    loop {
        let head = match line.head(&front, clock.as_mut()).await {
            Ok(Some(head)) => asked(&head, limits.headers_max),
            Ok(None) => return line.close(limits.unread_time).await,
            Err(why) => Err(why),
        };
        let Asked { head, extent, keeps, expects } = match readable(head) {
            Ok(asked) => asked,
            Err((refused, whole)) => {
                let answer = Answer { keeps: false, whole, chunks: false };
                let _ = line.answer(&front, *refused, answer).await;
                return line.linger().await;
            }
        };
        let answer =
            Answer { keeps, whole: head.method != Method::HEAD, chunks: head.version == Version::HTTP_11 };
        let mut body = Reads::begin(BodyReader::new(extent), expects, &mut line.inbox);
        let request = Request::from_parts(head, body.sent());
        let Some(reply) = line.attend(&front, request, &mut body).await else { return };
        let is_read = body.is_over();
        let answer = Answer { keeps: answer.keeps && is_read, ..answer };
        match line.answer(&front, reply, answer).await {
            Ok(true) => {}
            Ok(false) => return line.linger().await,
            Err(_) => return,
        }
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy)]
struct Answer {
    /// The connection may carry another one.
    keeps: bool,
    /// Not the head alone.
    whole: bool,
    /// The client knows chunks.
    chunks: bool,
}

/// A request that can be answered, or how it is refused, and whether with a body.
fn readable(asked: Result<Asked, HeadError>) -> Result<Asked, (Box<Reply>, bool)> {
    let (status, words, whole) = match asked {
        Ok(asked) if asked.head.method == Method::POST || asked.extent == Extent::Bytes(0) => {
            return Ok(asked);
        }
        // Nobody reads it, and behind it nobody would see the client leave.
        Ok(asked) => {
            (StatusCode::BAD_REQUEST, "only a POST has a body".to_owned(), asked.head.method != Method::HEAD)
        }
        Err(why @ (HeadError::TooLong | HeadError::TooManyFields)) => {
            (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, why.to_string(), true)
        }
        Err(why @ (HeadError::Malformed | HeadError::Unclear)) => {
            (StatusCode::BAD_REQUEST, why.to_string(), true)
        }
    };
    Err((Box::new(refuse(status, -32600, &words)), whole))
}

/// The connection, and what is on its way in and out.
struct Line<S> {
    stream: S,
    inbox: Inbox,
    outbox: Outbox,
    told: Arc<AtomicBool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// The next head; nothing if the client leaves or says nothing in time, or there is to be no other request.
    async fn head(&mut self, front: &Front, mut clock: Pin<&mut Sleep>) -> Result<Option<Bytes>, HeadError> {
        let limits = &front.hub.limits;
        let mut waits = false;
        poll_fn(|context| {
            loop {
                if let Some(head) = self.inbox.head(limits.head_bytes_max)? {
                    return Poll::Ready(Ok(Some(head)));
                }
                if self.told.load(Ordering::Relaxed) && self.inbox.is_empty() {
                    return Poll::Ready(Ok(None));
                }
                match self.inbox.poll_more(&mut self.stream, context) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Ok(None)),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => break,
                }
            }
            // It is put off from one request to the next, and not at all for what is there already.
            if !std::mem::replace(&mut waits, true) {
                clock.as_mut().reset(Instant::now() + limits.head_time);
            }
            clock.as_mut().poll(context).map(|()| Ok(None))
        })
        .await
    }

    /// Has a request answered, and reads its body for that; nothing if the client leaves meanwhile.
    async fn attend(&mut self, front: &Front, request: Request<Sent>, body: &mut Reads) -> Option<Reply> {
        // Apart from the connection: most of them are without a request, and small.
        let mut work = Box::pin(serve(front, request));
        poll_fn(|context| {
            body.attend();
            loop {
                if let Poll::Ready(reply) = work.as_mut().poll(context) {
                    return Poll::Ready(Some(reply));
                }
                match self.poll_body(body, context) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(None),
                    Poll::Pending => break,
                }
            }
            body.leave(context);
            Poll::Pending
        })
        .await
    }

    /// Ready when there is something new of the body for its reader. An error is that the client has left.
    fn poll_body(&mut self, body: &mut Reads, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(coming) = body.open() else { return self.poll_left(context) };
        if !coming.has_room() {
            return self.poll_ahead(context);
        }
        if body.expects && coming.is_wanted() {
            body.expects = false;
            self.outbox.put(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if self.outbox.poll_written(&mut self.stream, context)?.is_pending() {
            return Poll::Pending;
        }
        loop {
            if body.take_in(&mut self.inbox) {
                return Poll::Ready(Ok(()));
            }
            match self.inbox.poll_more(&mut self.stream, context) {
                Poll::Ready(Ok(0) | Err(_)) => {
                    body.break_off();
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Ready when the client has left. What it says instead waits, and behind too much of that nobody would see it leave.
    fn poll_left(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.poll_ahead(context);
        let is_full = polled.is_pending() && self.inbox.len() >= AHEAD_BYTES_MAX;
        if is_full { Poll::Ready(Err(io::ErrorKind::FileTooLarge.into())) } else { polled }
    }

    /// The same while the rest of a body is to come, for which it may have to wait.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.inbox.len() < AHEAD_BYTES_MAX {
            if ready!(self.inbox.poll_more(&mut self.stream, context))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Poll::Pending
    }

    /// Answers; true if the connection may carry another request.
    async fn answer(&mut self, front: &Front, reply: Reply, how: Answer) -> io::Result<bool> {
        let unread = front.hub.limits.unread_time;
        let (head, body) = reply.into_parts();
        let keeps = how.keeps
            && !self.told.load(Ordering::Relaxed)
            && head.headers.get(CONNECTION).is_none_or(|value| value != "close");
        match body {
            Body::Whole(bytes) => {
                let bytes = bytes.unwrap_or_default();
                self.outbox.put_response(&head, Length::Bytes(bytes.len()), keeps);
                if how.whole {
                    self.outbox.put_body(&bytes);
                }
                self.write(unread).await?;
                Ok(keeps)
            }
            Body::Events(events) => {
                let length = if how.chunks { Length::Chunks } else { Length::UntilClose };
                let keeps = keeps && how.chunks;
                self.outbox.put_response(&head, length, keeps);
                if how.whole {
                    self.tell(events, how.chunks, unread).await?;
                }
                self.write(unread).await?;
                Ok(keeps)
            }
        }
    }

    /// Sends events as they come, until there are no more or the client leaves.
    async fn tell(
        &mut self,
        mut events: mpsc::Receiver<Bytes>,
        chunks: bool,
        unread: Duration,
    ) -> io::Result<()> {
        // The head goes out before the first of them.
        let mut next = events.try_recv().ok();
        loop {
            while let Some(event) = next.take() {
                match (chunks, event.is_empty()) {
                    (_, true) => {}
                    (true, false) => self.outbox.put_chunk(&event),
                    (false, false) => self.outbox.put(&event),
                }
                if self.outbox.len() < TOGETHER_BYTES {
                    next = events.try_recv().ok();
                }
            }
            self.write(unread).await?;
            next = poll_fn(|context| match events.poll_recv(context) {
                Poll::Ready(event) => Poll::Ready(Ok(event)),
                Poll::Pending => self.poll_left(context).map_ok(|()| None),
            })
            .await?;
            if next.is_none() {
                break;
            }
        }
        if chunks {
            self.outbox.put(b"0\r\n\r\n");
        }
        Ok(())
    }

    /// Writes all that is to go out; a client that reads nothing of it for long is let go.
    async fn write(&mut self, unread: Duration) -> io::Result<()> {
        let Line { stream, outbox, .. } = self;
        let at_once = poll_fn(|context| Poll::Ready(outbox.poll_written(stream, context))).await;
        if let Poll::Ready(written) = at_once {
            return written;
        }
        let mut clock = pin!(sleep(unread));
        let mut before = outbox.left();
        poll_fn(|context| {
            if let Poll::Ready(written) = outbox.poll_written(stream, context) {
                return Poll::Ready(written);
            }
            // Whoever reads slowly reads.
            if std::mem::replace(&mut before, outbox.left()) != outbox.left() {
                clock.as_mut().reset(Instant::now() + unread);
            }
            clock.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
        })
        .await
    }

    /// Says nothing more; over TLS it says so.
    async fn close(mut self, unread: Duration) {
        let _ = timeout(unread, self.stream.shutdown()).await;
    }

    /// The same, and hears what the client still says for a while.
    async fn linger(mut self) {
        let (within, bytes_max) = LINGER;
        let _ = timeout(within, self.stream.shutdown()).await;
        let mut heard = 0;
        let hear = poll_fn(|context| {
            while heard < bytes_max {
                self.inbox = Inbox::default();
                match self.inbox.poll_more(&mut self.stream, context) {
                    Poll::Ready(Ok(0) | Err(_)) => break,
                    Poll::Ready(Ok(bytes)) => heard += bytes,
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(())
        });
        let _ = timeout(within, hear).await;
    }
}
