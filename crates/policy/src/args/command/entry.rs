//! One entry of the matcher `command`: what it wants of a single command, in both senses.

use bailiwick_mcp::json::fold_key;
use bailiwick_semantic::command::{Doubt, Redirection, Simple, Word, program_name};

use super::deciding::{Place, place};
use super::flags::{Flags, all_flags, is_flag, may_hold_flag, stands};
use super::touch::{About, Paths};
use crate::args::HostList;
use crate::glob::Name;

/// What an entry wants; what is `None` or empty is not looked at.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) programs: Vec<Name>,
    /// The words behind the program, from the short form.
    pub(crate) words: Vec<Name>,
    /// The same as text, without those of wildcards: flags are compared by their letters.
    pub(crate) written: Vec<String>,
    /// Written as words: then an allow wants exactly these.
    pub(crate) short: bool,
    /// Any words may follow.
    pub(crate) open: bool,
    pub(crate) subcommands: Vec<Name>,
    pub(crate) flags: Flags,
    /// Words that are no flags.
    pub(crate) operands: Vec<Name>,
    pub(crate) paths: Option<Paths>,
    pub(crate) hosts: Option<HostList>,
    pub(crate) redirects: Option<Paths>,
    pub(crate) assignments: Option<Vec<Name>>,
    pub(crate) pipes: Option<bool>,
    pub(crate) substitutions: Option<bool>,
    pub(crate) code: Option<bool>,
    /// `unknown: skip`: only what is certain counts.
    pub(crate) certain: bool,
}

impl Entry {
    /// True if the command may be what the entry is about. `wild`: what is not known is no reason.
    pub(super) fn may(&self, about: &About<'_>, wild: bool) -> bool {
        let simple = about.simple;
        let certain = self.certain || wild;
        if !self.shape(simple, certain) {
            return false;
        }
        if simple.doubt.is_some() && !certain && self.code.is_none() {
            return true;
        }
        let open = |word: &Word| word.unknown.is_some() || word.may_be_option();
        let unknown = !certain && simple.arguments().iter().any(open);
        let unknown_flag = !certain && simple.arguments().iter().any(may_hold_flag);
        (self.programs.is_empty() || simple.names().any(|name| self.is_program(&name)))
            && self.may_follow(simple, certain)
            && (self.subcommands.is_empty() || place(&self.subcommands, simple, certain) != Place::Nowhere)
            && (self.flags.any.is_empty()
                || unknown_flag
                || self.flags.any.iter().any(|flag| flag.stands_in(simple)))
            && !self.flags.none.iter().any(|flag| flag.stands_in(simple))
            && self.flags.only.as_ref().is_none_or(|only| unknown_flag || all_flags(simple, only))
            && (self.operands.is_empty()
                || unknown
                || operands(simple).any(|word| named(&self.operands, word, true)))
            && self.paths.as_ref().is_none_or(|paths| about.may_touch(paths, certain))
            && self.redirects.as_ref().is_none_or(|paths| about.may_redirect(paths, certain))
            && self.hosts.as_ref().is_none_or(|hosts| about.may_reach(hosts, certain))
            && self.assignments.as_ref().is_none_or(|names| about.may_set(names, certain))
    }

    /// What only the form of the command says.
    fn shape(&self, simple: &Simple, certain: bool) -> bool {
        self.pipes.is_none_or(|wanted| wanted == (simple.reads_pipe || simple.feeds_pipe))
            && self.substitutions.is_none_or(|wanted| wanted == (simple.substituted || holds_output(simple)))
            && self.code.is_none_or(|wanted| {
                wanted == (simple.doubt == Some(Doubt::Code))
                    || (!certain && matches!(simple.doubt, Some(Doubt::Program | Doubt::Options)))
            })
    }

    fn is_program(&self, name: &str) -> bool {
        let folded = fold_key(name);
        self.programs.iter().any(|program| program.matches(name, &folded, true))
    }

    /// The words of the short form: flags anywhere, the first other word as the subcommand, further ones behind it.
    fn may_follow(&self, simple: &Simple, certain: bool) -> bool {
        let words = || self.words.iter().zip(&self.written);
        let unknown_flag = !certain && simple.arguments().iter().any(may_hold_flag);
        let mut flags = words().filter(|(_, written)| written.starts_with('-'));
        if !flags.all(|(name, written)| unknown_flag || stands(name, written, simple)) {
            return false;
        }
        let mut others = words().filter(|(_, written)| !written.starts_with('-')).map(|(word, _)| word);
        let Some(first) = others.next() else { return true };
        let from = match place(std::slice::from_ref(first), simple, certain) {
            Place::Nowhere => return false,
            Place::Anywhere => return true,
            Place::Before(from) => from,
        };
        let behind = simple.arguments().get(from..).unwrap_or_default();
        if !certain && behind.iter().any(|word| word.unknown.is_some() && !word.is_one()) {
            return true;
        }
        let mut behind = behind.iter().filter(|word| !is_flag(word));
        others.all(|name| {
            behind.any(|word| {
                (!certain && word.unknown.is_some()) || named(std::slice::from_ref(name), word, true)
            })
        })
    }

    /// True if the command is certainly one that the entry allows.
    pub(super) fn must(&self, about: &About<'_>) -> bool {
        self.is_for(about.simple) && self.lacks(about).is_none()
    }

    /// True if the program, and in the short form its words, are those of the entry. Assignments and redirections that stand
    /// alone run no program.
    fn is_for(&self, simple: &Simple) -> bool {
        let Some(program) = simple.program() else { return true };
        let plain = |text: &str| {
            let name =
                SYSTEM_DIRECTORIES.iter().find_map(|directory| text.strip_prefix(directory)).unwrap_or(text);
            self.programs
                .iter()
                .any(|program| program.matches(name, name, false) || program.matches(text, text, false))
        };
        let known = program.unknown.is_none() && !program.glob && program.texts().all(plain);
        (self.programs.is_empty() || known)
            && (!self.short || self.follows(simple))
            && self.is_subcommand(simple)
    }

    fn follows(&self, simple: &Simple) -> bool {
        let arguments = simple.arguments();
        let enough =
            if self.open { arguments.len() >= self.words.len() } else { arguments.len() == self.words.len() };
        enough
            && self
                .words
                .iter()
                .zip(arguments)
                .all(|(name, word)| named(std::slice::from_ref(name), word, false))
    }

    /// Directly behind the program; behind flags only if `flags: only` says which.
    fn is_subcommand(&self, simple: &Simple) -> bool {
        if self.subcommands.is_empty() {
            return true;
        }
        let skips = |word: &&Word| self.flags.only.is_some() && is_flag(word);
        simple
            .arguments()
            .iter()
            .find(|word| !skips(word))
            .is_some_and(|word| named(&self.subcommands, word, false))
    }

    /// Why a command of the entry's program is not allowed by it.
    pub(super) fn lacks(&self, about: &About<'_>) -> Option<&'static str> {
        let simple = about.simple;
        if !self.is_for(simple) {
            return None;
        }
        let doubtful = match simple.doubt {
            Some(Doubt::Code) => self.code != Some(true),
            Some(_) => true,
            None => false,
        };
        let piped = simple.reads_pipe || simple.feeds_pipe;
        let open = |word: &&Word| word.may_be_option();
        let strict = self.flags.only.is_some() || !self.flags.none.is_empty();
        let listed = || operands(simple).all(|word| named(&self.operands, word, false));
        let checks: [(bool, &'static str); 10] = [
            (!self.operands.is_empty() && !listed(), "a word that the entry does not allow"),
            (doubtful, "what it runs is not known"),
            (self.pipes.is_some_and(|wanted| wanted != piped), "in a pipe, or not"),
            (
                self.substitutions != Some(true) && holds_output(simple),
                "it holds the output of another command",
            ),
            (strict && simple.arguments().iter().any(|word| open(&word)), "a word that may be a flag"),
            (
                self.flags.none.iter().any(|flag| flag.stands_in(simple))
                    || self.flags.only.as_ref().is_some_and(|only| !all_flags(simple, only))
                    || (!self.flags.any.is_empty()
                        && !self.flags.any.iter().any(|flag| flag.is_written_in(simple))),
                "a flag that the entry does not allow",
            ),
            (!self.sets(simple), "it sets a variable"),
            (!self.redirects_fit(about), "it redirects to a file"),
            (self.paths.as_ref().is_some_and(|paths| !about.must_touch(paths)), "a path outside"),
            (self.hosts.as_ref().is_some_and(|hosts| !about.must_reach(hosts)), "a host outside"),
        ];
        checks.iter().find(|(lacks, _)| *lacks).map(|(_, why)| *why)
    }

    fn sets(&self, simple: &Simple) -> bool {
        simple.assignments.iter().all(|one| {
            self.assignments
                .as_ref()
                .is_some_and(|names| names.iter().any(|name| name.matches(&one.name, &one.name, false)))
        })
    }

    fn redirects_fit(&self, about: &About<'_>) -> bool {
        about.simple.redirects.iter().all(|redirect| match redirect.kind {
            Redirection::Here => true,
            Redirection::Duplicate => redirect.target.unknown.is_none(),
            Redirection::Read | Redirection::Write | Redirection::ReadWrite => {
                let target = &redirect.target;
                if target.unknown.is_some() || target.glob {
                    return false;
                }
                let harmless = target.others.is_empty() && target.text == "/dev/null";
                let device =
                    target.texts().any(|text| text.starts_with("/dev/tcp/") || text.starts_with("/dev/udp/"));
                harmless
                    || (!device || self.hosts.is_some())
                        && self.redirects.as_ref().is_some_and(|paths| about.must_redirect(paths, target))
            }
        })
    }
}

/// Where the system's own programs lie; elsewhere a program of the same name may be anything.
const SYSTEM_DIRECTORIES: &[&str] = &[
    "/bin/",
    "/usr/bin/",
    "/usr/local/bin/",
    "/sbin/",
    "/usr/sbin/",
    "/usr/local/sbin/",
    "/opt/homebrew/bin/",
];

fn operands(simple: &Simple) -> impl Iterator<Item = &Word> {
    simple.arguments().iter().filter(|word| !is_flag(word))
}

pub(super) fn named(names: &[Name], word: &Word, loose: bool) -> bool {
    let one = |text: &str| {
        let folded = if loose { fold_key(text) } else { text.into() };
        names.iter().any(|name| name.matches(text, &folded, loose))
    };
    if loose { word.texts().any(one) } else { word.unknown.is_none() && !word.glob && word.texts().all(one) }
}

/// True if a word, value or here-document holds the output of a command.
fn holds_output(simple: &Simple) -> bool {
    let values = simple.assignments.iter().map(|one| &one.value);
    let bodies =
        simple.redirects.iter().flat_map(|redirect| std::iter::once(&redirect.target).chain(&redirect.body));
    simple.words.iter().chain(values).chain(bodies).any(|word| word.substituted)
}

/// The name under which a rule that denies knows a program.
pub(crate) fn plain_program(written: &str) -> String {
    if written.contains('*') { written.to_ascii_lowercase() } else { program_name(written) }
}
