//! Answers over HTTP/2 that a client reads slowly: the connection takes a body as a whole, however little of it the client takes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::http::reply::Body;

/// Longer answers go out in pieces of so many bytes: of one that is given up, no more is kept.
const PIECE_BYTES: usize = 64 << 10;

/// The body of an answer over HTTP/2.
#[derive(Debug)]
pub(super) enum Paced {
    AtOnce(Body),
    /// Pieces as the client takes them, and how many bytes are still to come.
    Slowly(mpsc::Receiver<Bytes>, usize),
}

impl Paced {
    /// A long answer is let go when the client takes nothing of it for `unread_time`.
    pub(super) fn new(body: Body, unread_time: Duration) -> Paced {
        let bytes = match body {
            Body::Whole(Some(bytes)) if bytes.len() > PIECE_BYTES => bytes,
            body => return Paced::AtOnce(body),
        };
        let (pieces, receiver) = mpsc::channel(1);
        let length = bytes.len();
        tokio::spawn(async move {
            for piece in bytes.chunks(PIECE_BYTES) {
                // A copy: a part of it would keep all of it.
                let sent = timeout(unread_time, pieces.send(Bytes::copy_from_slice(piece)));
                if !matches!(sent.await, Ok(Ok(()))) {
                    return;
                }
            }
        });
        Paced::Slowly(receiver, length)
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Paced>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Paced::AtOnce(body) => match ready!(Pin::new(body).poll_frame(context)) {
                Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
                Some(Err(never)) => match never {},
                None => Poll::Ready(None),
            },
            Paced::Slowly(pieces, left) => Poll::Ready(match ready!(pieces.poll_recv(context)) {
                Some(piece) => {
                    *left = left.saturating_sub(piece.len());
                    Some(Ok(Frame::data(piece)))
                }
                None if *left == 0 => None,
                // The client is told that this was not all.
                None => Some(Err(io::ErrorKind::TimedOut.into())),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Paced::AtOnce(body) => body.is_end_stream(),
            Paced::Slowly(_, left) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Paced::AtOnce(body) => body.size_hint(),
            Paced::Slowly(_, left) => SizeHint::with_exact(*left as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use hyper::body::{Body as _, Bytes};
    use tokio::time::sleep;

    use super::{PIECE_BYTES, Paced};
    use crate::http::reply::Body;
    use crate::http::simulated::on_a_still_clock;

    const UNREAD: Duration = Duration::from_secs(120);
    const LENGTH: usize = 10 * PIECE_BYTES + 1;

    /// The bytes of an answer, of which it is told when nobody has them any more.
    struct Kept(Vec<u8>, Arc<AtomicBool>);

    impl AsRef<[u8]> for Kept {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Kept {
        fn drop(&mut self) {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn answer() -> (Vec<u8>, Paced, Arc<AtomicBool>) {
        let bytes: Vec<u8> = (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let gone = Arc::<AtomicBool>::default();
        let kept = Bytes::from_owner(Kept(bytes.clone(), Arc::clone(&gone)));
        (bytes, Paced::new(Body::Whole(Some(kept)), UNREAD), gone)
    }

    #[test]
    fn who_reads_slowly_gets_all_of_a_long_answer() {
        on_a_still_clock(async {
            let (bytes, mut body, gone) = answer();
            let mut read = Vec::new();
            assert_eq!(body.size_hint().exact(), Some(LENGTH as u64));
            while !body.is_end_stream() {
                sleep(UNREAD - Duration::from_secs(1)).await;
                read.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
            }
            assert_eq!(read, bytes);
            assert!(body.frame().await.is_none() && gone.load(Ordering::Relaxed));
        });
    }

    #[test]
    fn a_long_answer_that_is_left_unread_is_let_go() {
        on_a_still_clock(async {
            let (_, mut body, gone) = answer();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first.len(), PIECE_BYTES);
            sleep(UNREAD / 2).await;
            assert!(!gone.load(Ordering::Relaxed), "it is waited for");
            sleep(UNREAD).await;
            assert!(gone.load(Ordering::Relaxed), "the piece that was read keeps nothing of it");
            let ends = loop {
                match body.frame().await {
                    Some(Ok(_)) => {}
                    ends => break ends,
                }
            };
            assert!(matches!(ends, Some(Err(_))), "not as if that were all");
        });
    }

    #[test]
    fn a_short_answer_is_sent_as_it_is() {
        for bytes in [None, Some(Bytes::from(vec![0; PIECE_BYTES]))] {
            let body = Paced::new(Body::Whole(bytes), UNREAD);
            assert!(matches!(body, Paced::AtOnce(_)), "outside of any runtime");
        }
    }
}
