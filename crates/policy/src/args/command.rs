//! The matcher `command`: what a value would make a shell, or the system, run.

mod deciding;
mod entry;
mod flags;
mod told;
mod touch;

use std::borrow::Cow;
use std::rc::Rc;

use bailiwick_mcp::json::fold_key;
use bailiwick_mcp::{Kind, Value};
use bailiwick_semantic::command::{Directories, Doubt, Script, Simple, TEXT_BYTES_MAX, read, read_words};

pub(crate) use entry::{Entry, plain_program};
pub(crate) use flags::{Flag, Flags};
pub(crate) use told::commanded;
pub(crate) use touch::Paths;

use super::{Answer, Leaf, Place, Reach, Sense, joined};
use crate::path::{Base, Scratch, lookalike};

/// `command`: entries that are joined by OR.
#[derive(Debug)]
pub(crate) struct CommandList {
    pub(crate) entries: Vec<Entry>,
    /// As the policy writes them, variables filled in.
    pub(crate) written: Vec<String>,
}

/// One way to run a value.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) script: Script,
    pub(crate) directories: Directories,
    /// False: it counts for a deny only.
    sure: bool,
    /// It was not read, for the call had taken too much work.
    skipped: bool,
}

impl Reading {
    fn about<'r>(&'r self, simple: &'r Simple, base: &'r Base) -> touch::About<'r> {
        touch::About { simple, script: &self.script, directories: &self.directories, base }
    }
}

/// Where a value lies, and whether the arguments beside it belong to it.
type Key = (usize, bool);

/// The values of one call that were read before.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    known: Vec<(Key, Rc<Vec<Reading>>)>,
    /// What reading them took, in bytes.
    work: usize,
}

/// Most work for the commands of one call, in bytes read or copied; what comes behind it is not read, and leaves a doubt.
const CALL_WORK_MAX: usize = 1 << 20;
/// What a text costs besides its own bytes.
const TEXT_WORK: usize = 256;

/// Why a value matches or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    pub(crate) matches: bool,
    /// The command that decided, in one line.
    pub(crate) command: Option<String>,
    /// Index of the entry that matched.
    pub(crate) entry: Option<usize>,
    pub(crate) remark: Option<&'static str>,
}

impl CommandList {
    pub(crate) fn answer(&self, place: Place<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> Answer {
        match self.judge(place, sense, scratch, false) {
            Some(judged) if judged.matches => Answer::Yes,
            Some(_) => Answer::No,
            None => Answer::Skip,
        }
    }

    /// What this list says of a value. `None`: a wildcard key met something that runs nothing.
    ///
    /// `told`: with the command in words, for explanations.
    pub(crate) fn judge(
        &self,
        place: Place<'_>,
        sense: Sense,
        scratch: &mut Scratch<'_>,
        told: bool,
    ) -> Option<Judged> {
        let any = sense == Sense::Any;
        let odd = |remark| Judged { matches: any, remark: Some(remark), ..Judged::default() };
        let value = match place.leaf {
            Leaf::Broken(_) => return Some(odd("in the place of another value")),
            Leaf::Uri(_) => return (place.reach == Reach::Named).then(|| odd("of the wrong type")),
            Leaf::Value(value) => value,
        };
        let Some(readings) = scratch.commands.read(value, place) else {
            // `*` does not look into objects, so what is in one is a doubt, which allows nothing.
            let closed = place.reach == Reach::Star && value.is_object() && !any;
            return (place.reach == Reach::Named || closed).then(|| odd("of the wrong type"));
        };
        let base = scratch.base();
        Some(if any {
            self.any(&readings, place.reach, base, told)
        } else {
            self.every(&readings, base, told)
        })
    }

    /// One command in one reading suffices. Where a wildcard found the text, nobody said that it is a command: then only what
    /// is certain counts.
    fn any(&self, readings: &[Reading], reach: Reach, base: &Base, told: bool) -> Judged {
        let wild = reach != Reach::Named;
        for reading in readings {
            for simple in &reading.script.commands {
                let about = reading.about(simple, base);
                if let Some(at) = self.entries.iter().position(|entry| entry.may(&about, wild)) {
                    let remark = simple.doubt.map(said);
                    return Judged { matches: true, entry: Some(at), remark, command: line(simple, told) };
                }
            }
        }
        let doubt = readings.iter().find_map(|reading| reading.script.doubt);
        // Nothing hides behind a flood of other texts, wherever it stands.
        let counts = readings.iter().any(|reading| reading.skipped)
            || (!wild && self.entries.iter().any(|entry| !entry.certain));
        match doubt {
            Some(doubt) if counts => Judged { matches: true, remark: Some(said(doubt)), ..Judged::default() },
            Some(_) | None => {
                let simple = readings.iter().flat_map(|reading| &reading.script.commands).next();
                Judged { command: simple.and_then(|simple| line(simple, told)), ..Judged::default() }
            }
        }
    }

    /// Every command in every reading must be one of the list.
    fn every(&self, readings: &[Reading], base: &Base, told: bool) -> Judged {
        let mut shown = None;
        for reading in readings.iter().filter(|reading| reading.sure) {
            if let Some(doubt) = reading.script.doubt {
                return Judged { remark: Some(said(doubt)), ..Judged::default() };
            }
            if reading.script.commands.is_empty() {
                return Judged { remark: Some("no command"), ..Judged::default() };
            }
            for simple in &reading.script.commands {
                let about = reading.about(simple, base);
                if !self.entries.iter().any(|entry| entry.must(&about)) {
                    let why = self.entries.iter().find_map(|entry| entry.lacks(&about));
                    let remark = simple.doubt.map(said).or(why).or(Some("not in the list"));
                    return Judged { remark, command: line(simple, told), ..Judged::default() };
                }
                shown = shown.or_else(|| line(simple, told));
            }
        }
        Judged { matches: true, command: shown, ..Judged::default() }
    }
}

impl Commands {
    /// The ways to run a value; `None`: it is nothing to run.
    fn read(&mut self, value: Value<'_>, place: Place<'_>) -> Option<Rc<Vec<Reading>>> {
        // Of two that may be the arguments nobody knows which one the server takes.
        let holder = if value.is_object() {
            Some(value)
        } else {
            place.holder.filter(|_| place.reach == Reach::Named)
        };
        if holder.is_some_and(|holder| named(holder, ARGUMENT_KEYS).nth(1).is_some()) {
            return None;
        }
        let beside = place.holder.filter(|_| place.reach == Reach::Named).and_then(beside);
        let key = (value.span().0, beside.is_some());
        if let Some((_, readings)) = self.known.iter().find(|(known, _)| *known == key) {
            return Some(Rc::clone(readings));
        }
        let mut readings = Readings { all: Vec::new(), work: self.work };
        match (value.kind(), beside) {
            (Kind::Text, None) => add_text(&value.text()?, true, &mut readings),
            (Kind::Text, Some(arguments)) => {
                let program = value.text()?;
                add_text(&program, false, &mut readings);
                add_pair(&program, arguments, &mut readings)?;
            }
            (Kind::Array, _) => add_list(value, &mut readings)?,
            (Kind::Object, _) => add_object(value, &mut readings)?,
            (Kind::Null | Kind::False | Kind::True | Kind::Number, _) => return None,
        }
        self.work = readings.work;
        let readings = Rc::new(readings.all);
        self.known.push((key, Rc::clone(&readings)));
        Some(readings)
    }
}

/// The ways to run one value, and the work for all values of the call so far.
struct Readings {
    all: Vec<Reading>,
    work: usize,
}

impl Readings {
    /// What `read` makes of `bytes`, unless the call took too much work already.
    fn add(&mut self, bytes: usize, sure: bool, read: impl FnOnce() -> Script) {
        let begun = self.work.saturating_add(bytes).saturating_add(TEXT_WORK);
        let skipped = bytes <= TEXT_BYTES_MAX && begun > CALL_WORK_MAX;
        let script = if skipped { Script::too_large() } else { read() };
        self.work = self.work.saturating_add(TEXT_WORK).saturating_add(script.work);
        let directories = script.directories();
        self.all.push(Reading { script, directories, sure, skipped });
    }
}

/// A text, and what it looks like: some programs fold look-alikes before they run it.
fn add_text(text: &str, sure: bool, out: &mut Readings) {
    out.add(text.len(), sure, || read(text));
    if !text.is_ascii()
        && let Some(folded) = lookalike(text)
    {
        out.add(folded.len(), false, || read(&folded));
    }
}

/// A list of words as one command.
fn add_words<'w>(words: impl Iterator<Item = &'w str> + Clone, out: &mut Readings) {
    let bytes = words.clone().map(|word| word.len().saturating_add(1)).sum();
    out.add(bytes, true, || read_words(words));
}

/// A list is the words of one command; a program that joins them gives them to a shell. To a rule that denies its elements may
/// be commands too.
fn add_list(list: Value<'_>, out: &mut Readings) -> Option<()> {
    let text = joined(list)?;
    let words: Vec<Cow<'_, str>> = list.elements().map(word).collect();
    add_words(words.iter().map(AsRef::as_ref), out);
    add_text(&text, true, out);
    // Some servers leave out what is no text.
    let texts: Vec<Cow<'_, str>> = list.elements().filter_map(|element| element.text()).collect();
    let rest = texts.get(texts.iter().take_while(|text| text.is_empty()).count()..).unwrap_or_default();
    if rest.len() < words.len() {
        add_pieces(rest, out);
    }
    if words.iter().any(|word| word.contains(char::is_whitespace)) || words.len() == 1 {
        words.iter().take(ELEMENTS_MAX).for_each(|word| add_text(word, false, out));
    }
    Some(())
}

/// The words of a command that may be run.
fn add_pieces(words: &[Cow<'_, str>], out: &mut Readings) {
    let bytes = words.iter().map(|word| word.len().saturating_add(1)).sum();
    out.add(bytes, false, || read_words(words.iter().map(AsRef::as_ref)));
}

/// Most elements of a list that are read as commands of their own.
const ELEMENTS_MAX: usize = 64;

fn word(value: Value<'_>) -> Cow<'_, str> {
    value.text().unwrap_or(Cow::Borrowed(value.raw()))
}

/// A program and the arguments that stand beside it.
fn add_pair(program: &str, arguments: Value<'_>, out: &mut Readings) -> Option<()> {
    let words: Vec<Cow<'_, str>> = match arguments.kind() {
        Kind::Array if arguments.elements().next().is_none() => Vec::new(),
        Kind::Array => {
            joined(arguments)?;
            arguments.elements().map(word).collect()
        }
        Kind::Null => Vec::new(),
        Kind::Text | Kind::Number => vec![word(arguments)],
        Kind::Object | Kind::False | Kind::True => return None,
    };
    if words.is_empty() {
        add_text(program, true, out);
        return Some(());
    }
    if !program.contains(char::is_whitespace) && arguments.is_array() {
        let all = std::iter::once(program).chain(words.iter().map(AsRef::as_ref));
        add_words(all, out);
    }
    add_text(&format!("{program} {}", words.join(" ")), true, out);
    Some(())
}

/// A program and its arguments as members of an object. Of several programs nobody knows which one the server takes.
fn add_object(object: Value<'_>, out: &mut Readings) -> Option<()> {
    let mut programs = named(object, PROGRAM_KEYS).filter(|program| !program.is_null()).peekable();
    programs.peek()?;
    for program in programs {
        let program = program.text()?;
        match beside(object) {
            Some(arguments) => add_pair(&program, arguments, out)?,
            None => add_text(&program, true, out),
        }
    }
    Some(())
}

/// The member of an object that holds the arguments of the command beside it.
fn beside(object: Value<'_>) -> Option<Value<'_>> {
    // An object of settings is none; one in the place of the words is not known to be harmless.
    member(object, ARGUMENT_KEYS)
        .or_else(|| member(object, SETTING_KEYS).filter(|settings| !settings.is_object()))
}

fn member<'a>(object: Value<'a>, keys: &'static [&'static str]) -> Option<Value<'a>> {
    named(object, keys).next()
}

fn named<'a>(object: Value<'a>, keys: &'static [&'static str]) -> impl Iterator<Item = Value<'a>> {
    let is_named = move |key: Value<'_>| key.text().is_some_and(|key| keys.contains(&&*fold_key(&key)));
    object.members().filter(move |(key, _)| is_named(*key)).map(|(_, member)| member)
}

/// What servers call the program.
const PROGRAM_KEYS: &[&str] = &[
    "command",
    "cmd",
    "program",
    "executable",
    "exec",
    "binary",
    "shell_command",
    "command_line",
    "commandline",
    "script",
];
/// What servers call the words behind it.
const ARGUMENT_KEYS: &[&str] =
    &["args", "arguments", "argv", "arg", "command_args", "cmd_args", "extra_args"];
/// What may hold them, or settings of the server.
const SETTING_KEYS: &[&str] = &["params", "parameters", "flags", "options"];

/// A doubt in words.
fn said(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Unfinished => "not a whole command",
        Doubt::Unexpected => "not a command that can be parsed",
        Doubt::Control => "control characters in it",
        Doubt::Windows => "looks like another shell's",
        Doubt::TooLarge => "too large to be read",
        Doubt::Program => "a program that is not known",
        Doubt::Code => "code that is not read",
        Doubt::Options => "options that are not known",
    }
}

/// A command in one line.
fn line(simple: &Simple, told: bool) -> Option<String> {
    if !told {
        return None;
    }
    let quoted = |text: &str| {
        if text.is_empty() || text.contains(char::is_whitespace) {
            format!("'{text}'")
        } else {
            text.to_owned()
        }
    };
    let mut parts: Vec<String> =
        simple.assignments.iter().map(|one| format!("{}={}", one.name, quoted(&one.value.text))).collect();
    parts.extend(simple.words.iter().map(|word| quoted(&word.text)));
    parts.extend(
        simple
            .redirects
            .iter()
            .map(|redirect| format!("{} {}", redirect.kind.sign(), quoted(&redirect.target.text))),
    );
    if let Some(via) = &simple.via {
        parts.push(format!("(run by {via})"));
    }
    Some(parts.join(" "))
}
