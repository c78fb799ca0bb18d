//! Commands: every simple command that a shell would run, given its text or a list of words.
//!
//! The grammar is that of POSIX `sh` with the forms of bash that matter. Commands inside of others are found too: in
//! substitutions and here-documents, behind `sh -c`, `env`, `xargs`, `find -exec` and the rest of a reviewed table. What
//! the text alone does not say is marked as not known; nothing is ever run or looked up. Work is bounded by
//! [`TEXT_BYTES_MAX`] and its siblings, whatever the text.

mod braces;
mod builtins;
mod calculate;
mod compound;
mod cursor;
mod dollar;
mod facts;
mod grammar;
mod heredoc;
mod printed;
mod simple;
mod state;
mod unwrap;
mod variables;
mod windows;
mod word;

use std::fmt;

pub use facts::{Directories, HostFact, PathFact, is_relative};
use grammar::Parser;
use state::State;

/// Longest text that is read, in bytes; a longer one leaves a doubt.
pub const TEXT_BYTES_MAX: usize = 256 << 10;
/// Most work for one text besides reading it once, in bytes read or copied: for the texts inside it, and what they stand for.
pub const WORK_BYTES_MAX: usize = 96 << 10;
/// Most simple commands of one text.
pub const COMMANDS_MAX: usize = 4_096;
/// Deepest nesting of lists, substitutions and commands that run commands.
pub const DEPTH_MAX: u16 = 24;
/// Most words that one word with braces, or one list of words, stands for.
pub const WORDS_MAX: usize = 4_096;
/// Most values of one variable, and most texts of one word, that are followed.
pub const GUESSES_MAX: usize = 16;

/// All that one text runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command. One that stands inside of another comes behind it.
    pub commands: Vec<Simple>,
    /// Why more may run than `commands` says.
    pub doubt: Option<Doubt>,
    /// What reading it took, in bytes read or copied.
    pub work: usize,
}

/// One program with its words, or assignments or redirections that stand alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simple {
    /// The program and its arguments, unquoted and expanded as far as the text says.
    pub words: Vec<Word>,
    pub assignments: Vec<Assignment>,
    pub redirects: Vec<Redirect>,
    /// It reads what another command writes.
    pub reads_pipe: bool,
    /// Another command reads what it writes.
    pub feeds_pipe: bool,
    /// It stands in a substitution.
    pub substituted: bool,
    /// The program that runs it, if that is not the shell itself: `sudo`, `xargs`, `sh`.
    pub via: Option<String>,
    /// What of this command is not known.
    pub doubt: Option<Doubt>,
    /// Index of the command whose output it reads, if that is one simple command.
    source: Option<usize>,
    depth: u16,
}

/// One word after quoting and expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The text; parts that are not known stand as written (`$x`).
    pub text: String,
    /// Further texts that it may be: values that the script gives to its variables.
    pub others: Vec<String>,
    /// What in it is not known. `None`: `text` and `others` are all that it can be.
    pub unknown: Option<Unknown>,
    /// It has a wildcard that a shell would expand.
    pub glob: bool,
    /// It holds the output of commands.
    pub substituted: bool,
    /// A guess stands in `text` for a part that is not known.
    guessed: bool,
    /// Variables whose values were taken as known.
    uses: Vec<String>,
    /// An expansion stands before the first `=`, or there is none: the name in `export NAME=value` may be any.
    names_open: bool,
    /// An expansion without quotes has blanks in it: it is several words, unless it is the value of an assignment.
    splits: bool,
    /// An expansion without quotes stands in it, so what is not known may be several words.
    loose: bool,
    /// It is a number if these variables are; `None`: it may be something else, unless its texts say otherwise.
    number: Option<Vec<String>>,
}

/// A part of a word that the text does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// A variable that the text does not set, or a calculation.
    Variable,
    /// The output of a command.
    Output,
}

/// `NAME=value` before a command or alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub name: String,
    pub value: Word,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    pub kind: Redirection,
    /// The file, the descriptor, or the delimiter of a here-document.
    pub target: Word,
    /// What a here-document or here-string gives to the command.
    pub body: Option<Word>,
    /// It is of another descriptor than the command's input.
    elsewhere: bool,
}

/// What a redirection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirection {
    /// `<`
    Read,
    /// `>`, `>|`, `>>`, `&>`
    Write,
    /// `<>`
    ReadWrite,
    /// `2>&1`, `<&3`: another name of a descriptor that is open.
    Duplicate,
    /// `<<`, `<<-`, `<<<`: a text of the script.
    Here,
}

impl Redirection {
    /// The usual way to write it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Redirection::Read => "<",
            Redirection::Write => ">",
            Redirection::ReadWrite => "<>",
            Redirection::Duplicate => ">&",
            Redirection::Here => "<<",
        }
    }
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A quote, bracket, here-document or block without its end.
    Unfinished,
    /// What the grammar does not have there.
    Unexpected,
    /// Control characters, which terminals and shells act on.
    Control,
    /// It looks like a text for `cmd` or PowerShell, which read it in another way.
    Windows,
    /// Over a bound: too long, too deep, too many commands or words.
    TooLarge,
    /// The program is not known.
    Program,
    /// A program is given code that is not read here: of another language, or not in the text.
    Code,
    /// Which of its words begin the command that it runs is not known.
    Options,
}

impl fmt::Display for Doubt {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Doubt::Unfinished => "not a whole command",
            Doubt::Unexpected => "not a command that can be parsed",
            Doubt::Control => "control characters",
            Doubt::Windows => "looks like another shell's",
            Doubt::TooLarge => "too large to be read",
            Doubt::Program => "a program that is not known",
            Doubt::Code => "code that is not read",
            Doubt::Options => "options that are not known",
        })
    }
}

/// Reads a text as a shell does.
#[must_use]
pub fn read(text: &str) -> Script {
    let mut state = State::new(text.len());
    if text.len() > TEXT_BYTES_MAX {
        return Script::too_large();
    }
    if windows::is_control(text) {
        state.doubt(Doubt::Control);
    }
    Parser::new(text, &mut state).script();
    if windows::is_likely(text) {
        state.doubt(Doubt::Windows);
        windows::read(text, &mut state);
    }
    unwrap::all(&mut state);
    state.finish()
}

/// Reads a list of words that is given to the system as it is: nothing in it is quoted or expanded.
#[must_use]
pub fn read_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Script {
    let mut state = State::new(0);
    let mut bytes = 0usize;
    let mut simple = Simple::default();
    for word in words {
        bytes = bytes.saturating_add(word.len());
        if bytes > TEXT_BYTES_MAX || simple.words.len() >= WORDS_MAX {
            state.doubt(Doubt::TooLarge);
            return state.finish();
        }
        if windows::is_control(word) {
            state.doubt(Doubt::Control);
        }
        simple.words.push(Word::known(word));
    }
    if !simple.words.is_empty() {
        state.commands.push(simple);
    }
    unwrap::all(&mut state);
    state.finish()
}

impl Script {
    /// What stands for a text that is not read, for it would take too long.
    #[must_use]
    pub fn too_large() -> Script {
        Script { doubt: Some(Doubt::TooLarge), ..Script::default() }
    }
}

impl Word {
    /// A word that is known to be this text.
    #[must_use]
    pub fn known(text: impl Into<String>) -> Word {
        Word { text: text.into(), ..Word::default() }
    }

    /// True if it may be an option, although it does not look like one.
    #[must_use]
    pub fn may_be_option(&self) -> bool {
        let open = self.text.starts_with(['$', '`']) || self.guessed || self.text.is_empty();
        (self.unknown.is_some() && open) || (self.glob && self.text.starts_with(['*', '?', '[']))
    }

    /// True if it is one word, whatever is expanded in it: all of that is quoted, and no list.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.unknown.is_none() || !(self.loose || self.guessed || self.text.contains('@'))
    }

    /// Everything that it is known to possibly be.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.text.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

impl Simple {
    /// The program's word.
    #[must_use]
    pub fn program(&self) -> Option<&Word> {
        self.words.first()
    }

    /// The words behind the program.
    #[must_use]
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The names by which the program is called: without directories, in lower case, without the endings of Windows.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.program().into_iter().flat_map(|word| word.texts().map(program_name))
    }
}

/// The last segment of a program's path, in lower case, without `.exe` and its like.
#[must_use]
pub fn program_name(word: &str) -> String {
    let first = word.split_whitespace().next().unwrap_or_default();
    let last = first.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    let stem = [".exe", ".com", ".bat", ".cmd", ".ps1"].iter().find_map(|ending| last.strip_suffix(ending));
    match stem {
        Some(stem) if !stem.is_empty() => stem.to_owned(),
        Some(_) | None => last,
    }
}
