//! Programs whose operands are a command.

mod table;

use table::RUNNERS;

use super::Inner;
use super::options::{Known, Others, read};
use crate::command::unwrap::assignment;
use crate::command::{Assignment, Doubt, Word};

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

    const fn assigns(self) -> Runner {
        Runner { assigns: true, ..self }
    }
}

/// What a runner of the table runs.
pub(super) fn inner(name: &str, words: &[Word], out: &mut Vec<Inner>) {
    for runner in RUNNERS.iter().filter(|runner| runner.names.contains(&name)) {
        run(runner, words, out);
    }
}

fn run(runner: &Runner, words: &[Word], out: &mut Vec<Inner>) {
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
    if let [option, script, ..] = skipped
        && option.text.strip_prefix('-').is_some_and(|letter| runner.scripts.contains(&letter))
    {
        return out.push(Inner::Script(script.clone()));
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
