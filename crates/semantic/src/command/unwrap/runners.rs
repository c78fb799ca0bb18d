//! Programs whose operands are a command.

mod table;
mod tools;

use table::RUNNERS;
use tools::TOOLS;

use super::options::{Known, Others, read};
use super::{Inner, Input, shells};
use crate::command::unwrap::assignment;
use crate::command::{Assignment, Doubt, Simple, Word};

/// A program that runs the command in its operands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runner {
    names: &'static [&'static str],
    /// The first operand must be one of these, if there are any.
    subcommands: &'static [&'static str],
    known: Known,
    /// Operands before the command.
    skip: usize,
    /// A shell reads the operands, joined by blanks.
    joined: bool,
    /// Options whose values are scripts.
    scripts: &'static [&'static str],
    /// With one of these nothing is run.
    asks: &'static [&'static str],
    /// `NAME=value` before the command is an assignment.
    assigns: bool,
    shell: Shell,
}

/// Whether a runner without a command starts a shell, which reads its input.
#[derive(Debug, Clone, Copy)]
enum Shell {
    Never,
    Always,
    /// With one of these options.
    With(&'static [&'static str]),
    /// Unless one of these options is given.
    Without(&'static [&'static str]),
    /// As `Without`, but by itself it is used at a terminal.
    Fed(&'static [&'static str]),
}

impl Runner {
    const fn new(
        names: &'static [&'static str],
        short: &'static str,
        long: &'static [&'static str],
    ) -> Runner {
        Runner {
            names,
            subcommands: &[],
            known: Known { short, long, others: Others::Doubt },
            skip: 0,
            joined: false,
            scripts: &[],
            asks: &[],
            assigns: false,
            shell: Shell::Never,
        }
    }

    const fn sub(self, subcommands: &'static [&'static str]) -> Runner {
        Runner { subcommands, ..self }
    }

    const fn skip(self, skip: usize) -> Runner {
        Runner { skip, ..self }
    }

    const fn others(self, others: Others) -> Runner {
        Runner { known: Known { others, ..self.known }, ..self }
    }

    const fn joined(self) -> Runner {
        Runner { joined: true, ..self }
    }

    const fn scripts(self, scripts: &'static [&'static str]) -> Runner {
        Runner { scripts, ..self }
    }

    const fn asks(self, asks: &'static [&'static str]) -> Runner {
        Runner { asks, ..self }
    }

    const fn shell(self, shell: Shell) -> Runner {
        Runner { shell, ..self }
    }

    const fn assigns(self) -> Runner {
        Runner { assigns: true, ..self }
    }
}

/// What a runner of the table runs.
pub(super) fn inner(name: &str, simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    for runner in RUNNERS.iter().chain(TOOLS).filter(|runner| runner.names.contains(&name)) {
        run(runner, simple, input, out);
    }
}

fn run(runner: &Runner, simple: &Simple, input: &Input, out: &mut Vec<Inner>) {
    let words = simple.words.as_slice();
    let mut from = 1;
    if !runner.subcommands.is_empty() {
        let globals = Known { short: "", long: &[], others: Others::Flags };
        let place = read(words, 1, globals).operands;
        let is_sub = |word: &Word| runner.subcommands.contains(&word.text.as_str());
        // Values of options before the subcommand are not told apart from it: it is looked for behind them too.
        let Some(found) = words.iter().skip(place).take(GLOBALS_MAX).position(is_sub) else { return };
        from = place.saturating_add(found).saturating_add(1);
    }
    let options = read(words, from, runner.known);
    for (option, value) in &options.given {
        if runner.asks.contains(option) {
            return;
        }
        if runner.scripts.contains(option) {
            out.extend(value.clone().map(Inner::Script));
        }
    }
    let given = |names: &[&str]| options.given.iter().any(|(option, _)| names.contains(option));
    let starts_shell = match runner.shell {
        Shell::Never => false,
        Shell::Always => !given(runner.scripts),
        Shell::With(names) => given(names),
        Shell::Without(names) => !given(names),
        Shell::Fed(names) => !given(names) && !matches!(input, Input::Own),
    };
    let mut rest = words.get(options.operands..).unwrap_or_default();
    let mut assignments = Vec::new();
    if runner.assigns {
        while let Some((name, value)) = rest.first().and_then(assignment) {
            assignments.push(Assignment { name, value });
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    let mut skipped = rest.get(runner.skip..).unwrap_or_default();
    // Options may stand behind the operands too: `flock file -c script`, `kubectl exec pod -n x -- command`.
    let behind = if skipped.first().is_some_and(|word| word.text.starts_with('-')) {
        read(words, words.len().saturating_sub(skipped.len()), runner.known).given
    } else {
        Vec::new()
    };
    let mut scripts = behind.into_iter().filter(|(option, _)| runner.scripts.contains(option));
    if let Some((_, Some(script))) = scripts.next() {
        return out.push(Inner::Script(script));
    }
    let is_end = |word: &Word| word.text == "--";
    if skipped.first().is_some_and(|word| word.text.starts_with('-'))
        && let Some(end) = skipped.iter().position(is_end)
    {
        skipped = skipped.get(end.saturating_add(1)..).unwrap_or_default();
    }
    if options.doubt {
        out.push(Inner::Doubt(Doubt::Options));
    }
    if skipped.is_empty() && starts_shell {
        shells::from_input(simple, input, out);
    }
    if skipped.is_empty() && assignments.is_empty() {
        return;
    }
    out.push(if runner.joined {
        Inner::Script(join(skipped))
    } else {
        Inner::With(assignments, skipped.to_vec())
    });
}

/// Words before a subcommand that may belong to options.
const GLOBALS_MAX: usize = 6;

/// Words as one text, as `eval` and `ssh` join them.
pub(super) fn join(words: &[Word]) -> Word {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let mut out = Word::known(texts.join(" "));
    out.unknown = words.iter().find_map(|word| word.unknown);
    // Values are put into the text one at a time; of several words with values all but one stay as they are.
    for (at, word) in words.iter().enumerate() {
        for other in &word.others {
            let mut texts = texts.clone();
            if let Some(place) = texts.get_mut(at) {
                *place = other;
            }
            out.others.push(texts.join(" "));
        }
    }
    out.others.truncate(crate::command::GUESSES_MAX);
    out
}
