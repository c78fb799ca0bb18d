//! Just enough of HTTP/1.1: heads, and bodies with a length or in chunks.

use anyhow::{Result, ensure};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A connection with what was read of it and not taken yet.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    taken: usize,
    /// A body that came in chunks, in one piece.
    joined: Vec<u8>,
}

/// One request or answer: its head and its body.
pub(crate) struct Message<'w> {
    pub(crate) head: &'w [u8],
    pub(crate) body: &'w [u8],
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        let _ = stream.set_nodelay(true); // slower, and still right
        Wire { stream, buffer: Vec::with_capacity(16 << 10), taken: 0, joined: Vec::new() }
    }

    /// The next request or answer; `None` at the end of the connection.
    pub(crate) async fn next(&mut self) -> Result<Option<Message<'_>>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let mut searched = 0;
        let head = loop {
            if let Some(at) = find(&self.buffer[searched..], b"\r\n\r\n") {
                break searched + at + 4;
            }
            searched = self.buffer.len().saturating_sub(3);
            if !self.read().await? {
                ensure!(self.buffer.is_empty(), "half a head");
                return Ok(None);
            }
        };
        let length = match field(&self.buffer[..head], b"content-length:") {
            Some(length) => std::str::from_utf8(length)?.parse::<usize>()?,
            None if field(&self.buffer[..head], b"transfer-encoding:").is_some() => {
                self.taken = self.join(head).await?;
                return Ok(Some(Message { head: &self.buffer[..head], body: &self.joined }));
            }
            None => 0,
        };
        while self.buffer.len() < head + length {
            ensure!(self.read().await?, "half a body");
        }
        self.taken = head + length;
        let (head, body) = self.buffer[..self.taken].split_at(head);
        Ok(Some(Message { head, body }))
    }

    /// Reads the chunks that begin at `at`; where they end.
    async fn join(&mut self, mut at: usize) -> Result<usize> {
        self.joined.clear();
        loop {
            let line = loop {
                if let Some(end) = find(&self.buffer[at..], b"\r\n") {
                    break end;
                }
                ensure!(self.read().await?, "half a chunk");
            };
            let length = usize::from_str_radix(std::str::from_utf8(&self.buffer[at..at + line])?, 16)?;
            let (begin, end) = (at + line + 2, at + line + 2 + length);
            while self.buffer.len() < end + 2 {
                ensure!(self.read().await?, "half a chunk");
            }
            self.joined.extend_from_slice(&self.buffer[begin..end]);
            at = end + 2;
            if length == 0 {
                return Ok(at);
            }
        }
    }

    async fn read(&mut self) -> Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

/// The value of the header `name` (in lower case, with its colon), whatever case it has in `head`.
pub(crate) fn field<'h>(head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    let mut lines = head.split(|byte| *byte == b'\n');
    let line =
        lines.find(|line| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name))?;
    Some(line[name.len()..].trim_ascii())
}

/// The value after the first `key`: an id or a method, so it ends at the next comma or brace.
pub(crate) fn value<'a>(body: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let value = &body[find(body, key)? + key.len()..];
    let end = value.iter().position(|byte| [b',', b'}'].contains(byte))?;
    Some(&value[..end])
}

pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let first = part[0];
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(part) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
