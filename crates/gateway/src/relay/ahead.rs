//! What a reader needs to do as much as it can before the engine is locked.

use std::sync::{Arc, MutexGuard, TryLockError};

use bailiwick_engine::{Engine, Foreseen, Foresight};
use bailiwick_mcp::framing::Frame;
use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Packet, Parser};

use super::Relay;
use super::words::Junk;
use crate::look::is_clear;

#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// One for each text that is read at once.
    pub(super) parsers: Vec<Parser>,
    /// Room for those texts; empty.
    pub(super) texts: Vec<Text<'static>>,
    /// What the rules look at besides a call, when the engine was locked last. For what a client sends.
    pub(super) foresight: Option<Arc<Foresight>>,
}

/// One text before it is decided.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are read, in a list whose memory is used again")]
pub(super) enum Text<'a> {
    Read {
        packet: Result<Packet<'a>, Malformed>,
        line: Option<&'a [u8]>,
        /// No guard finds anything in it.
        clear: bool,
        /// What the rules say of it.
        foreseen: Option<Foreseen>,
        junk: Option<Box<Junk>>,
    },
    TooLong {
        id: Option<Id<'static>>,
        request: bool,
    },
}

impl Relay {
    /// The engine. While the other side's thread decides, its decisions are made into lines here: it does not have to do that
    /// itself then, and this one need not sleep.
    pub(super) fn engine_or_records(&self) -> MutexGuard<'_, Engine> {
        loop {
            match self.engine.try_lock() {
                Ok(engine) => return engine,
                Err(TryLockError::WouldBlock) if self.entries.keep_up() => {}
                Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return self.engine(),
            }
        }
    }

    /// Reads one text, and what can be said of it without the engine.
    pub(super) fn read<'a>(
        &self,
        direction: Direction,
        frame: Frame<'a>,
        parser: &'a mut Parser,
        foresight: Option<&Arc<Foresight>>,
    ) -> Text<'a> {
        match frame {
            Frame::Line(line) => {
                let packet = Packet::parse(parser, line, &self.limits);
                let clear = direction == Direction::ToClient
                    && packet.as_ref().is_ok_and(|packet| is_clear(&self.scanner, packet));
                let foreseen =
                    foresight.zip(packet.as_ref().ok()).and_then(|(foresight, packet)| foresight.of(packet));
                let junk = packet.is_err().then(|| Box::new(Junk::of(direction, line, &self.scanner)));
                Text::Read { packet, line: Some(line), clear, foreseen, junk }
            }
            Frame::CarriageReturn(line) => {
                let junk = Some(Box::new(Junk::of(direction, line, &self.scanner)));
                let packet = Err(Malformed::new(Malformation::CarriageReturn));
                Text::Read { packet, line: None, clear: false, foreseen: None, junk }
            }
            Frame::TooLong { id, request, .. } => Text::TooLong { id, request },
        }
    }
}

/// The memory of a list for another that borrows from elsewhere: the library collects in place where both are of one layout.
pub(super) fn emptied<From, To>(list: Vec<From>) -> Vec<To> {
    list.into_iter().filter_map(|_| None).collect()
}
