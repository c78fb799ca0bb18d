//! Legacy sessions over HTTP as a state machine: to which one a message belongs, whose it is, and when it is over. Time comes in
//! as an argument; what a session holds is the caller's.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// What is known of a message before it belongs anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked<'a> {
    /// The id that its head names.
    pub id: Option<&'a [u8]>,
    /// It names its own version (2026-07-28), and knows no session.
    pub modern: bool,
    /// It is `initialize`.
    pub initialize: bool,
    /// It cannot be read, or says two things: it is refused, and belongs to no session.
    pub broken: bool,
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs<'a> {
    /// To the session of this id, if there is one.
    To(&'a [u8]),
    /// To a session that begins with it.
    Begins,
    /// To nothing but its sender.
    Alone,
    /// Nowhere: a session begins with `initialize`.
    Nowhere,
}

impl<'a> Asked<'a> {
    /// Where it belongs.
    #[must_use]
    pub fn belongs(self) -> Belongs<'a> {
        match self.id {
            // 2026-07-28 ignores the header.
            Some(id) if !self.modern => Belongs::To(id),
            None if self.initialize && !self.broken && !self.modern => Belongs::Begins,
            Some(_) | None if self.modern || self.broken => Belongs::Alone,
            Some(_) | None => Belongs::Nowhere,
        }
    }
}

/// Open sessions by their ids, each with whoever began it.
#[derive(Debug)]
pub struct Sessions<O, S> {
    open: BTreeMap<Vec<u8>, Entry<O, S>>,
}

#[derive(Debug)]
struct Entry<O, S> {
    owner: O,
    session: S,
}

impl<O, S> Default for Sessions<O, S> {
    fn default() -> Sessions<O, S> {
        Sessions { open: BTreeMap::new() }
    }
}

impl<O, S> Sessions<O, S> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A session has begun. False if there are `sessions_max` already, or one of that id: it is not opened then.
    pub fn open(&mut self, id: Vec<u8>, owner: O, session: S, sessions_max: usize) -> bool {
        if self.open.len() >= sessions_max || self.open.contains_key(&id) {
            return false;
        }
        self.open.insert(id, Entry { owner, session });
        true
    }

    /// The session of that id, if it is its own: another's is as none.
    #[must_use]
    pub fn find(&self, id: &[u8], owner: impl FnOnce(&O) -> bool) -> Option<&S> {
        let entry = self.open.get(id)?;
        owner(&entry.owner).then_some(&entry.session)
    }

    /// The session is over; it, if it was open.
    pub fn close(&mut self, id: &[u8]) -> Option<S> {
        self.open.remove(id).map(|entry| entry.session)
    }

    /// Takes out what was not in use for longer than `idle_us`. `used` says when it was last, and nothing of what is in use
    /// now.
    pub fn expire(&mut self, now: Timestamp, idle_us: u64, used: impl Fn(&S) -> Option<Timestamp>) -> Vec<S> {
        let idle = |_: &Vec<u8>, entry: &mut Entry<O, S>| {
            used(&entry.session).is_some_and(|used| now.micros_since(used) > idle_us)
        };
        self.open.extract_if(.., idle).map(|(_, entry)| entry.session).collect()
    }

    /// Takes all out.
    pub fn drain(&mut self) -> Vec<S> {
        std::mem::take(&mut self.open).into_values().map(|entry| entry.session).collect()
    }

    /// All that are open.
    pub fn iter(&self) -> impl Iterator<Item = &S> {
        self.open.values().map(|entry| &entry.session)
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Belongs, Sessions};
    use crate::time::Timestamp;

    #[test]
    fn a_message_belongs_to_the_session_that_its_head_names_unless_it_knows_none() {
        let id = Some(&b"s"[..]);
        let plain = Asked::default();
        for (asked, belongs) in [
            (Asked { id, ..plain }, Belongs::To(b"s")),
            (Asked { id, initialize: true, ..plain }, Belongs::To(b"s")),
            (Asked { id, broken: true, ..plain }, Belongs::To(b"s")),
            (Asked { id, modern: true, ..plain }, Belongs::Alone),
            (Asked { id, modern: true, broken: true, ..plain }, Belongs::Alone),
            (Asked { initialize: true, ..plain }, Belongs::Begins),
            (Asked { initialize: true, broken: true, ..plain }, Belongs::Alone),
            (Asked { modern: true, ..plain }, Belongs::Alone),
            (Asked { modern: true, initialize: true, ..plain }, Belongs::Alone),
            (Asked { broken: true, ..plain }, Belongs::Alone),
            (plain, Belongs::Nowhere),
        ] {
            assert_eq!(asked.belongs(), belongs, "{asked:?}");
        }
    }

    #[test]
    fn nobody_finds_the_session_of_another() {
        let mut sessions = Sessions::default();
        assert!(sessions.open(b"1".to_vec(), "ana", 7, 2));
        assert!(!sessions.open(b"1".to_vec(), "eve", 8, 2), "an id is given once");
        assert_eq!(sessions.find(b"1", |owner| *owner == "ana"), Some(&7));
        assert_eq!(sessions.find(b"1", |owner| *owner == "eve"), None);
        assert!(sessions.open(b"2".to_vec(), "eve", 8, 2));
        assert!(!sessions.open(b"3".to_vec(), "eve", 9, 2), "there are as many as there may be");
        assert_eq!(sessions.close(b"1"), Some(7));
        assert_eq!(sessions.close(b"1"), None);
    }

    #[test]
    fn what_is_in_use_does_not_expire() {
        let mut sessions = Sessions::default();
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        for (name, used) in [("a", Some(at(0))), ("b", Some(at(9))), ("c", None)] {
            assert!(sessions.open(name.into(), (), (name, used), 9));
        }
        let gone = sessions.expire(at(10), 5_000_000, |(_, used)| *used);
        assert_eq!(gone.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a"]);
        assert_eq!(sessions.len(), 2);
    }
}
