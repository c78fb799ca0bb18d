//! Words for people: on standard error while a protocol runs, on standard output where the command's result is text.

use anstyle::{AnsiColor, Style};

use crate::exit::Failure;

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const BOLD: Style = Style::new().bold();

/// One line of the program itself, on standard error.
pub(crate) fn note(message: &str) {
    anstream::eprintln!("{DIM}bailiwick:{DIM:#} {message}");
}

pub(crate) fn warning(message: &str) {
    anstream::eprintln!("{DIM}bailiwick:{DIM:#} {WARN}warning:{WARN:#} {message}");
}

/// A report with its own headings, on standard error.
pub(crate) fn report(text: &str) {
    anstream::eprintln!("{}", text.trim_end());
}

pub(crate) fn failure(failure: &Failure) {
    if failure.is_report {
        report(&failure.message);
    } else {
        anstream::eprintln!("{BAD}error:{BAD:#} {}", failure.message);
    }
    if let Some(text) = &failure.help {
        help(text);
    }
}

/// What to do next, on standard error.
pub(crate) fn help(text: &str) {
    anstream::eprintln!("{GOOD}help:{GOOD:#} {text}");
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
