//! Words for people: on standard error while a protocol runs, on standard output where the command's result is text.

use std::borrow::Cow;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use bailiwick_record::audit::visible;

use crate::exit::Failure;

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();

/// Writes a line to standard error at once, so that what a server says there does not come in between.
fn at_once(text: &str) {
    let mut whole = match anstream::AutoStream::choice(&std::io::stderr()) {
        anstream::ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
        _ => text.to_owned(),
    };
    whole.push('\n');
    // Nobody is left to be told.
    let _ = std::io::stderr().write_all(whole.as_bytes());
}

/// One line of the program itself, on standard error.
pub(crate) fn note(message: &str) {
    at_once(&format!("{DIM}bailiwick:{DIM:#} {}", safe(message)));
}

pub(crate) fn warning(message: &str) {
    at_once(&format!("{DIM}bailiwick:{DIM:#} {WARN}warning:{WARN:#} {}", safe(message)));
}

/// A report with its own headings, on standard error.
pub(crate) fn report(text: &str) {
    at_once(&safe(text.trim_end()));
}

pub(crate) fn failure(failure: &Failure) {
    if failure.is_report {
        report(&failure.message);
    } else {
        at_once(&format!("{BAD}error:{BAD:#} {}", safe(&failure.message)));
    }
    if let Some(text) = &failure.help {
        help(text);
    }
}

/// What to do next, on standard error.
pub(crate) fn help(text: &str) {
    at_once(&format!("{GOOD}help:{GOOD:#} {}", safe(text)));
}

/// What others wrote (names of files, lines of policies, arguments) may stand in what is said: nothing of it moves the cursor or
/// is invisible. Line ends, tabs and our own colours stay.
fn safe(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\t', '\u{1b}']) {
        let (before, behind) = rest.split_at(at);
        out.push_str(&visible(before));
        let kept = if behind.starts_with('\u{1b}') { colour_at(behind) } else { 1 };
        let (kept, behind) = behind.split_at(kept.max(1));
        out.push_str(if kept == "\u{1b}" { "⟨U+001B⟩" } else { kept });
        rest = behind;
    }
    out.push_str(&visible(rest));
    Cow::Owned(out)
}

/// The length of one of our own colours at the start of `text`; no other sequence is one.
fn colour_at(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let Some((parameters, _)) = parameters.split_once('m') else { return 0 };
    // Reset, bold, dimmed and colours of the foreground: nothing that hides.
    let ours = |code: &str| matches!(code, "" | "0" | "1" | "2" | "22" | "39" | "4") || is_colour(code);
    if parameters.split(';').all(ours) { parameters.len() + 3 } else { 0 }
}

fn is_colour(code: &str) -> bool {
    code.parse::<u8>().is_ok_and(|code| matches!(code, 31..=36 | 90..=96))
}

/// One line of a command's result, on standard output. A reader that stopped reading is no error of ours.
pub(crate) fn line(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// True if standard output is a terminal that wants colour.
pub(crate) fn colour() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// The same for standard error.
pub(crate) fn colour_on_stderr() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}
