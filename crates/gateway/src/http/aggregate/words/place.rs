//! Where a client resumes a stream that several servers speak on: one id that holds the place in each of theirs.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;

/// Longest such id, in bytes. Of a longer one nothing is said: the place before it holds.
const BYTES_MAX: usize = 2_048;

/// Which stream it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kept {
    /// What all servers say by themselves.
    All,
    /// One server's answer.
    One,
}

/// How far a client read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Place {
    pub(in super::super) kept: Kept,
    read: BTreeMap<String, Vec<u8>>,
}

impl Place {
    pub(in super::super) fn begin(kept: Kept) -> Place {
        Place { kept, read: BTreeMap::new() }
    }

    /// What a client sends back; nothing for what is none of ours.
    pub(in super::super) fn read(id: &[u8]) -> Option<Place> {
        let text = std::str::from_utf8(id).ok()?;
        let (kept, rest) = match text.split_at_checked(1)? {
            ("*", rest) => (Kept::All, rest),
            ("=", rest) => (Kept::One, rest),
            _ => return None,
        };
        let mut place = Place::begin(kept);
        for part in rest.split(',') {
            let (server, coded) = part.split_once(':')?;
            place.read.insert(server.to_owned(), BASE64URL_NOPAD.decode(coded.as_bytes()).ok()?);
        }
        (kept == Kept::All || place.read.len() == 1).then_some(place)
    }

    /// The server has come as far as `id`; the place in all of them now.
    pub(in super::super) fn at(&mut self, server: &str, id: Vec<u8>) -> Option<Vec<u8>> {
        self.read.insert(server.to_owned(), id);
        let all = self.read.iter();
        let parts: Vec<String> =
            all.map(|(server, id)| format!("{server}:{}", BASE64URL_NOPAD.encode(id))).collect();
        let mark = if self.kept == Kept::All { '*' } else { '=' };
        let id = format!("{mark}{}", parts.join(","));
        (id.len() <= BYTES_MAX).then(|| id.into_bytes())
    }

    /// How far the client read that server.
    pub(in super::super) fn of(&self, server: &str) -> Option<&[u8]> {
        self.read.get(server).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Place};

    #[test]
    fn a_place_holds_that_of_every_server() {
        let mut place = Place::begin(Kept::All);
        assert_eq!(place.at("git", b"7".to_vec()), Some(b"*git:Nw".to_vec()));
        let id = place.at("files", b"a,b:c".to_vec()).unwrap();
        let read = Place::read(&id).unwrap();
        assert_eq!(
            (read.of("git"), read.of("files"), read.of("web")),
            (Some(&b"7"[..]), Some(&b"a,b:c"[..]), None)
        );
        assert_eq!(read, place);
        let one = Place::begin(Kept::One).at("git", b"7".to_vec()).unwrap();
        assert_eq!(Place::read(&one).map(|place| place.kept), Some(Kept::One));
    }

    #[test]
    fn what_is_no_place_of_ours_is_none() {
        for id in [&b""[..], b"7", b"*", b"*git", b"*git:*", b"=git:Nw,files:Nw", b"\xff", "é".as_bytes()] {
            assert_eq!(Place::read(id), None, "{id:?}");
        }
        assert_eq!(Place::begin(Kept::All).at("git", vec![b'x'; 4_096]), None, "too long");
    }
}
