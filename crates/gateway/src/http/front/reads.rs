//! The body of a request as its connection reads it.

use std::sync::Arc;
use std::task::Context;

use bailiwick_mcp::framing::http1::BodyReader;
use hyper::body::Bytes;

use super::sent::{BrokenOff, Coming, Sent};
use crate::http::wire::Inbox;

/// The reading of one request's body.
pub(super) struct Reads {
    reader: BodyReader,
    /// The client waits for a 100 before it sends it.
    pub(super) expects: bool,
    /// What came of it with its head, if that was all.
    whole: Option<Bytes>,
    coming: Option<Arc<Coming>>,
    broken: bool,
}

impl Reads {
    pub(super) fn begin(mut reader: BodyReader, expects: bool, inbox: &mut Inbox) -> Reads {
        let first = inbox.piece(&mut reader);
        let reads = Reads { reader, expects, whole: None, coming: None, broken: false };
        match first {
            Ok(whole) if reads.reader.is_over() => Reads { whole, ..reads },
            Ok(first) => {
                let coming = Coming::default();
                match first {
                    Some(piece) => coming.put(piece, reads.reader.left()),
                    None => coming.expect(reads.reader.left()),
                }
                Reads { coming: Some(Arc::new(coming)), ..reads }
            }
            Err(_) => {
                let coming = Coming::default();
                coming.end(Err(BrokenOff));
                Reads { coming: Some(Arc::new(coming)), broken: true, ..reads }
            }
        }
    }

    pub(super) fn sent(&mut self) -> Sent {
        match &self.coming {
            Some(coming) => Sent::Comes(Arc::clone(coming)),
            None => Sent::Whole(self.whole.take()),
        }
    }

    /// All of it came.
    pub(super) fn is_over(&self) -> bool {
        self.reader.is_over() && !self.broken
    }

    /// What is to be filled, if anything of it is to come.
    pub(super) fn open(&self) -> Option<Arc<Coming>> {
        if self.broken || self.reader.is_over() { None } else { self.coming.clone() }
    }

    pub(super) fn attend(&self) {
        if let Some(coming) = &self.coming {
            coming.attend();
        }
    }

    pub(super) fn leave(&self, context: &Context<'_>) {
        if let Some(coming) = &self.coming {
            coming.leave(context.waker());
        }
    }

    /// Hands over what came; true if there is something new for the reader.
    pub(super) fn take_in(&mut self, inbox: &mut Inbox) -> bool {
        let piece = inbox.piece(&mut self.reader);
        let Some(coming) = &self.coming else { return false };
        match piece {
            Ok(piece) => {
                let is_new = piece.is_some() || self.reader.is_over();
                if let Some(piece) = piece {
                    coming.put(piece, self.reader.left());
                }
                if self.reader.is_over() {
                    coming.end(Ok(()));
                }
                is_new
            }
            Err(_) => {
                self.break_off();
                true
            }
        }
    }

    /// Nothing more of it comes.
    pub(super) fn break_off(&mut self) {
        self.broken = true;
        if let Some(coming) = &self.coming {
            coming.end(Err(BrokenOff));
        }
    }
}
