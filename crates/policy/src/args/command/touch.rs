//! The paths and hosts of a command against those of an entry.

use bailiwick_semantic::command::{Directories, PathFact, Script, Simple, Word, is_relative};

use crate::args::net::Net;
use crate::args::{Answer, HostList, Patterns, Reach, Sense};
use crate::glob::Name;
use crate::path::{Base, Form, Overlap, expand};

/// Path patterns, also in the form that wildcards of a command are compared with.
#[derive(Debug)]
pub(crate) struct Paths {
    pub(crate) patterns: Patterns,
    /// For deny and ask.
    pub(crate) overlap: Overlap,
}

/// One command and where it runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'c> {
    pub(super) simple: &'c Simple,
    pub(super) script: &'c Script,
    pub(super) directories: &'c Directories,
    pub(super) base: &'c Base,
}

impl About<'_> {
    /// What another command of the script sets may be set for this one too: `export X=1; git fetch`, `X=1 sh -c 'git fetch'`.
    pub(super) fn may_set(&self, names: &[Name], certain: bool) -> bool {
        let sets = |simple: &Simple| {
            let mut set = simple.assignments.iter().map(|one| one.name.as_str());
            set.any(|set| names.iter().any(|name| name.matches(set, set, false)))
        };
        sets(self.simple) || (!certain && self.script.commands.iter().any(sets))
    }

    pub(super) fn may_touch(&self, paths: &Paths, certain: bool) -> bool {
        let facts = self.simple.paths();
        facts.iter().any(|fact| self.may(fact, paths, certain)) || self.may_redirect(paths, certain)
    }

    pub(super) fn may_redirect(&self, paths: &Paths, certain: bool) -> bool {
        self.simple.redirected().any(|fact| self.may(&fact, paths, certain))
    }

    fn may(&self, fact: &PathFact, paths: &Paths, certain: bool) -> bool {
        let lost = fact.unknown || (self.directories.unknown && is_relative(&fact.text));
        if lost && !certain && fact.sure {
            return true;
        }
        self.directories.places(&fact.text).any(|place| {
            let read = expand(&place, Form::Text, self.base);
            let matches = |path: &String| {
                paths.patterns.set.is_match(path) || (fact.glob && paths.overlap.with(path, certain))
            };
            (read.unreadable && !certain) || read.paths.iter().chain(&read.aliases).any(matches)
        })
    }

    pub(super) fn must_touch(&self, paths: &Paths) -> bool {
        self.simple.paths().iter().filter(|fact| fact.sure).all(|fact| self.must(fact, paths))
    }

    pub(super) fn must_redirect(&self, paths: &Paths, target: &Word) -> bool {
        target.texts().all(|text| {
            let fact = PathFact { text: text.to_owned(), unknown: false, glob: false, sure: true };
            self.must(&fact, paths)
        })
    }

    fn must(&self, fact: &PathFact, paths: &Paths) -> bool {
        if fact.unknown || (self.directories.unknown && is_relative(&fact.text)) {
            return false;
        }
        self.directories.places(&fact.text).all(|place| {
            // Of a wildcard what stands before it is known; what the shell makes of it lies below that directory.
            let (known, open) = if fact.glob { below(&place) } else { (place.as_str(), false) };
            if open
                && place
                    .split('/')
                    .any(|segment| segment.starts_with('.') && segment.contains(['*', '?', '[']))
            {
                return false;
            }
            let read = expand(known, Form::Text, self.base);
            let all_below = |path: &String| {
                let found = paths.patterns.set.matches(path);
                let covers = |index: usize| {
                    paths.patterns.written.get(index).is_some_and(|written| written.ends_with("**"))
                };
                found.iter().any(|index| covers(index.as_usize()))
            };
            let matches =
                |path: &String| if open { all_below(path) } else { paths.patterns.set.is_match(path) };
            !read.unreadable && !read.foreign && !read.paths.is_empty() && read.paths.iter().all(matches)
        })
    }

    pub(super) fn may_reach(&self, hosts: &HostList, certain: bool) -> bool {
        self.simple.hosts().iter().any(|fact| {
            if fact.unknown {
                return !certain;
            }
            let named = fact.named && !certain && !fact.text.contains(char::is_whitespace);
            let reach = if named { Reach::Named } else { Reach::Deep };
            let net = Net::read(&fact.text, fact.named);
            hosts.answer(&net, reach, Sense::Any) == Answer::Yes
        })
    }

    pub(super) fn must_reach(&self, hosts: &HostList) -> bool {
        self.simple.hosts_are_known()
            && self.simple.hosts().iter().all(|fact| {
                let reach = if fact.named { Reach::Named } else { Reach::Deep };
                let answer = hosts.answer(&Net::read(&fact.text, fact.named), reach, Sense::Every);
                // Where no host needs to stand, a text without one leads nowhere.
                !fact.unknown && (answer == Answer::Yes || (!fact.named && answer == Answer::Skip))
            })
    }
}

/// The directory before the first segment with a wildcard, and whether something follows it.
fn below(path: &str) -> (&str, bool) {
    let Some(wild) = path.find(['*', '?', '[']) else { return (path, false) };
    let before = path.get(..wild).unwrap_or_default();
    if path.get(wild..).is_some_and(|rest| rest.contains("..")) {
        // A way back up: nothing is known of where it leads.
        return ("/", true);
    }
    match before.rfind('/') {
        Some(0) => ("/", true),
        Some(slash) => (before.get(..slash).unwrap_or_default(), true),
        None => (".", true),
    }
}
