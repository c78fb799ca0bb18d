//! What came on a connection.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bailiwick_mcp::framing::http1::{BodyError, BodyReader, HeadEnd, HeadError};
use hyper::body::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

/// So much is read at once.
const ROOM: usize = 64 << 10;

thread_local! {
    /// What is read comes here first, and is copied out in its own length: connections without work hold no memory.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; ROOM].into());
    /// Memory of messages that are over, for the next ones.
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// What came on a connection and was not taken yet.
#[derive(Debug, Default)]
pub(in crate::http) struct Inbox {
    /// What grows comes before what is cut into pieces: one of both is empty.
    grows: Vec<u8>,
    came: Bytes,
    end: HeadEnd,
    /// An empty line came before the head: one is let pass (RFC 9112, section 2.2).
    began_empty: bool,
}

impl Inbox {
    pub(in crate::http) fn len(&self) -> usize {
        self.grows.len() + self.came.len()
    }

    pub(in crate::http) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads more, and says how much: nothing at the end.
    pub(in crate::http) fn poll_more<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        READ.with_borrow_mut(|room| {
            let mut buffer = ReadBuf::new(room);
            ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
            let read = buffer.filled();
            self.extend(read);
            Poll::Ready(Ok(read.len()))
        })
    }

    fn extend(&mut self, read: &[u8]) {
        if self.grows.is_empty() && !read.is_empty() {
            self.grows = spare();
            self.grows.extend_from_slice(&std::mem::take(&mut self.came));
        }
        self.grows.extend_from_slice(read);
    }

    /// All that came, to be cut into pieces.
    fn settle(&mut self) {
        if !self.grows.is_empty() {
            self.came = Bytes::from_owner(Lent(std::mem::take(&mut self.grows)));
        }
    }

    /// The next head, if all of it came.
    pub(in crate::http) fn head(&mut self, bytes_max: usize) -> Result<Option<Bytes>, HeadError> {
        loop {
            let came = if self.grows.is_empty() { &self.came[..] } else { &self.grows[..] };
            let Some(length) = self.end.find(came, bytes_max)? else { return Ok(None) };
            self.end = HeadEnd::default();
            self.settle();
            let head = self.take(length);
            if head.len() > EMPTY_LINE {
                self.began_empty = false;
                return Ok(Some(head));
            }
            if std::mem::replace(&mut self.began_empty, true) {
                return Err(HeadError::Malformed);
            }
        }
    }

    /// What came of a body, in one piece; nothing if it came to nothing yet.
    pub(in crate::http) fn piece(&mut self, body: &mut BodyReader) -> Result<Option<Bytes>, BodyError> {
        self.settle();
        let Some(first) = self.next_piece(body)? else { return Ok(None) };
        if self.came.is_empty() || body.is_over() {
            return Ok(Some(first));
        }
        // Many small chunks are no more work for those who read them than a large one.
        let mut rest = Vec::new();
        while !self.came.is_empty() && !body.is_over() {
            rest.extend_from_slice(&self.next_piece(body)?.unwrap_or_default());
        }
        Ok(Some(if rest.is_empty() { first } else { [&first[..], &rest[..]].concat().into() }))
    }

    fn next_piece(&mut self, body: &mut BodyReader) -> Result<Option<Bytes>, BodyError> {
        let (left_out, data) = body.next(&self.came)?;
        drop(self.take(left_out));
        Ok(if data > 0 { Some(self.take(data)) } else { None })
    }

    fn take(&mut self, bytes: usize) -> Bytes {
        if bytes == self.came.len() { std::mem::take(&mut self.came) } else { self.came.split_to(bytes) }
    }
}

const EMPTY_LINE: usize = 2;

/// Memory that is used again when nobody holds a piece of it any more.
struct Lent(Vec<u8>);

/// So many are kept, none of which is longer: most messages are not.
const SPARE_MAX: usize = 64;
const SPARE_BYTES_MAX: usize = 4 << 10;

/// Empty memory that was of use before, if there is some.
pub(super) fn spare() -> Vec<u8> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps memory for the next message, whosever that is.
pub(super) fn give_back(mut bytes: Vec<u8>) {
    if bytes.capacity() == 0 || bytes.capacity() > SPARE_BYTES_MAX {
        return;
    }
    bytes.clear();
    // The last ones of a thread are dropped with it.
    let _ = SPARE.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < SPARE_MAX
        {
            spare.push(bytes);
        }
    });
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_mcp::framing::http1::{BodyReader, Extent};

    use super::Inbox;

    #[test]
    fn chunks_that_came_together_are_one_piece_and_what_is_behind_them_stays() {
        let text = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\nGET";
        for cut in 0..text.len() {
            let (mut inbox, mut body) = (Inbox::default(), BodyReader::new(Extent::Chunks));
            let mut pieces = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                inbox.extend(part);
                pieces.extend(inbox.piece(&mut body).unwrap());
            }
            assert_eq!(
                (pieces.concat(), &inbox.came[..], body.is_over()),
                (b"abc".to_vec(), &b"GET"[..], true)
            );
            assert!(pieces.len() <= 2, "{pieces:?}");
        }
    }
}
