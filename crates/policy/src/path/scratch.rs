//! The readings of one call's strings, worked out at most once each.

mod lead;

use self::lead::joined;
use super::Base;
use super::readings::{Expanded, Form, expand, is_plain, sentence};
use super::sieve::Sieve;
use super::within::{names_no_file, reads_within};
use crate::args::{Commands, Nets, Scripts};
use crate::links::{Follow, Link};

/// Working memory of one evaluation.
#[derive(Debug)]
pub(crate) struct Scratch<'b> {
    base: &'b Base,
    follower: Option<&'b dyn Follow>,
    /// How many texts were followed.
    followed: usize,
    /// The texts that lead elsewhere than they say.
    pub(crate) links: Vec<Link>,
    arena: String,
    ends: Vec<usize>,
    entries: Vec<Entry>,
    /// A look at strings, by their place.
    looks: Vec<(usize, Look)>,
    /// The places of keys that lead to no file, whatever they say.
    nowhere: Vec<usize>,
    /// The words of all paths of the policy that reach below the workspace.
    needed: Option<&'b Sieve>,
    /// The same strings as URLs and hosts.
    pub(crate) nets: Nets,
    /// The same strings as SQL.
    pub(crate) scripts: Scripts,
    /// The name of the server that the call is for.
    pub(crate) server: &'b str,
    /// The same strings as commands.
    pub(crate) commands: Commands,
}

/// Emptied room for the readings of the next call.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    arena: String,
    ends: Vec<usize>,
    entries: Vec<Entry>,
    looks: Vec<(usize, Look)>,
    nowhere: Vec<usize>,
}

/// What a look at a string tells, before any rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// All readings lie below the workspace, and there is no link to follow.
    pub(crate) inside: bool,
    /// It may hold a word that a path of the policy needs below the workspace.
    pub(crate) worded: bool,
}

/// Room that is kept, in bytes of text and in entries; a call that needed more was not a usual one.
const KEPT_BYTES_MAX: usize = 64 << 10;
const KEPT_ENTRIES_MAX: usize = 1_024;
/// Room for the readings of a usual call.
const ARENA_BYTES: usize = 512;
const ENTRIES: usize = 16;
/// Strings that are remembered so; further ones are looked at again.
const LOOKS_MAX: usize = 32;
/// Where the readings of one string lie.
#[derive(Debug, Clone, Copy)]
struct Entry {
    place: usize,
    form: Form,
    /// The text is its own only reading.
    itself: bool,
    first: usize,
    paths: usize,
    all: usize,
    unreadable: bool,
    foreign: bool,
}

/// The readings of one string.
#[derive(Debug)]
pub(crate) struct Texts<'s> {
    scratch: &'s Scratch<'s>,
    entry: Entry,
    text: &'s str,
}

impl<'b> Scratch<'b> {
    pub(crate) fn new(base: &'b Base, follower: Option<&'b dyn Follow>, server: &'b str) -> Scratch<'b> {
        Scratch::within(base, follower, server, Memory::default())
    }

    /// In memory that another evaluation left.
    pub(crate) fn within(
        base: &'b Base,
        follower: Option<&'b dyn Follow>,
        server: &'b str,
        memory: Memory,
    ) -> Scratch<'b> {
        let Memory { arena, ends, entries, looks, nowhere } = memory;
        Scratch {
            base,
            follower,
            followed: 0,
            links: Vec::new(),
            arena,
            ends,
            entries,
            looks,
            nowhere,
            needed: None,
            nets: Nets::default(),
            scripts: Scripts::default(),
            server,
            commands: Commands::default(),
        }
    }

    /// What the next evaluation can work in.
    pub(crate) fn memory(self) -> Memory {
        let Scratch { mut arena, mut ends, mut entries, mut looks, mut nowhere, .. } = self;
        if arena.capacity() > KEPT_BYTES_MAX || ends.capacity().max(entries.capacity()) > KEPT_ENTRIES_MAX {
            return Memory::default();
        }
        arena.clear();
        ends.clear();
        entries.clear();
        looks.clear();
        nowhere.clear();
        Memory { arena, ends, entries, looks, nowhere }
    }

    /// With `needed`, the words of all paths of the policy: looked for once, not for every rule.
    pub(crate) fn knowing(self, needed: Option<&'b Sieve>) -> Scratch<'b> {
        Scratch { needed, ..self }
    }

    pub(crate) fn base(&self) -> &'b Base {
        self.base
    }

    /// A look at the string at `place`, taken once for all rules.
    pub(crate) fn look(&mut self, place: usize, text: &str) -> Look {
        if let Some((_, look)) = self.looks.iter().find(|(known, _)| *known == place) {
            return *look;
        }
        // Where links are followed, no text is known to be harmless by its words, unless it names no file.
        let unfollowed = self.follower.is_none() || self.nowhere.contains(&place) || names_no_file(text);
        let inside = unfollowed && reads_within(text, self.base);
        let worded = inside && self.needed.is_none_or(|needed| needed.finds_in(text));
        let look = Look { inside, worded };
        if self.looks.len() < LOOKS_MAX {
            self.looks.push((place, look));
        }
        look
    }

    /// Reads `text` as a path. `place` identifies the string in its call: same place, same text.
    pub(crate) fn read<'s>(&'s mut self, place: usize, text: &'s str, form: Form) -> Texts<'s> {
        let entry = self.entry(place, form).unwrap_or_else(|| {
            let entry = self.fill(place, text, form);
            self.entries.push(entry);
            entry
        });
        Texts { scratch: self, entry, text }
    }

    /// The readings of a string that was read before, if they stand without it: unescaping it again would be for nothing.
    pub(crate) fn known(&self, place: usize, form: Form) -> Option<Texts<'_>> {
        let entry = self.entry(place, form).filter(|entry| !entry.itself)?;
        Some(Texts { scratch: self, entry, text: "" })
    }

    fn entry(&self, place: usize, form: Form) -> Option<Entry> {
        self.entries.iter().find(|entry| entry.place == place && entry.form == form).copied()
    }

    fn fill(&mut self, place: usize, text: &str, form: Form) -> Entry {
        let mut spelled: Vec<String> = Vec::new();
        let mut entry = self.spell(place, text, form, &mut spelled);
        // A name by itself that no file can have leads nowhere, and nothing can be made under it.
        let nameless = || self.nowhere.contains(&place) || !text.contains('/') && names_no_file(text);
        let Some(follower) = self.follower.filter(|_| !nameless()) else { return entry };
        let mut led: Vec<String> = Vec::new();
        // Where no spelling is told, the text is the only one.
        if spelled.is_empty() && form == Form::Text {
            self.follow_all(follower, [text], &mut led, &mut entry);
        } else {
            // The kernel goes through a link and then up; a server that joins the words first goes up and then through
            // another. What is too long for the kernel may be short once it is joined.
            let joined = spelled.iter().flat_map(|path| [joined(path, true), joined(path, false)]).flatten();
            let readings = (entry.first..entry.paths).map(|index| self.text(index).to_owned());
            for path in joined.chain(readings).collect::<Vec<String>>() {
                if !spelled.contains(&path) {
                    spelled.push(path);
                }
            }
            self.follow_all(follower, spelled.iter().map(String::as_str), &mut led, &mut entry);
        }
        if led.is_empty() || entry.unreadable {
            return entry;
        }
        // Where it leads stands among the readings, of which an allow wants every one.
        let old: Vec<String> = (entry.first..entry.all).map(|index| self.text(index).to_owned()).collect();
        let (paths, aliases) =
            old.split_at_checked(entry.paths.saturating_sub(entry.first)).unwrap_or((&old, &[]));
        let itself = entry.itself.then(|| text.to_owned());
        entry.itself = false;
        entry.first = self.ends.len();
        itself.iter().chain(paths).chain(&led).for_each(|path| self.push(path));
        entry.paths = self.ends.len();
        aliases.iter().for_each(|path| self.push(path));
        entry.all = self.ends.len();
        entry
    }

    /// The readings of a text by itself. `spelled`: what else it may be opened as.
    fn spell(&mut self, place: usize, text: &str, form: Form, spelled: &mut Vec<String>) -> Entry {
        if self.entries.is_empty() {
            // One allocation each for the calls that are usual.
            self.arena.reserve(ARENA_BYTES);
            self.ends.reserve(ENTRIES);
            self.entries.reserve(ENTRIES);
        }
        let first = self.ends.len();
        let plain = form == Form::Text && is_plain(text);
        let mut entry = Entry {
            place,
            form,
            itself: false,
            first,
            paths: first,
            all: first,
            unreadable: false,
            foreign: false,
        };
        if plain && text.starts_with('/') {
            entry.itself = true;
            return entry;
        }
        if plain {
            self.push_below(text);
        } else if let Some(stem) = sentence(text).filter(|_| form == Form::Text) {
            self.push_below(text);
            self.push_below(stem);
            if self.follower.is_some() {
                spelled.extend([text.to_owned(), stem.to_owned()]);
            }
        } else {
            let Expanded { paths, aliases, unreadable, foreign, spellings } = expand(text, form, self.base);
            *spelled = spellings;
            entry.unreadable = unreadable;
            entry.foreign = foreign;
            paths.iter().for_each(|path| self.push(path));
            entry.paths = self.ends.len();
            aliases.iter().for_each(|path| self.push(path));
            entry.all = self.ends.len();
            return entry;
        }
        entry.paths = self.ends.len();
        entry.all = self.ends.len();
        entry
    }

    fn push_below(&mut self, text: &str) {
        self.arena.push_str(&self.base.workspace);
        self.arena.push('/');
        self.arena.push_str(text);
        self.ends.push(self.arena.len());
    }

    fn push(&mut self, path: &str) {
        self.arena.push_str(path);
        self.ends.push(self.arena.len());
    }

    fn text(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.arena.get(start..end).unwrap_or_default()
    }
}

impl<'s> Texts<'s> {
    /// NUL, magic links and the like: a deny matches whatever its pattern.
    pub(crate) fn unreadable(&self) -> bool {
        self.entry.unreadable
    }

    /// A URL of another scheme than `file`, or too long for any file.
    pub(crate) fn foreign(&self) -> bool {
        self.entry.foreign
    }

    /// The readings that an allow must match, every one.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'s str> {
        self.range(self.entry.paths)
    }

    /// The readings of which one suffices for a deny.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'s str> {
        self.range(self.entry.all)
    }

    fn range(&self, end: usize) -> impl Iterator<Item = &'s str> {
        let scratch = self.scratch;
        let itself = self.entry.itself.then_some(self.text);
        itself.into_iter().chain((self.entry.first..end).map(move |index| scratch.text(index)))
    }
}
