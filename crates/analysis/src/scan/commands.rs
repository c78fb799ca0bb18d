//! Command lines taken apart: what is really started behind `env`, `sudo` and shells.

use super::subject::Seat;

/// A word with its place in the configuration's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) at: usize,
}

/// One program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) words: Vec<Piece>,
    /// It stands in a text that a shell reads.
    pub(super) in_shell: bool,
}

/// Shells inside shells that are looked into.
const DEPTH_MAX: usize = 4;
/// Words that are looked at.
const WORDS_MAX: usize = 4_096;

/// Every program that the entry starts, in order.
pub(super) fn commands(seat: Seat<'_>) -> Vec<Command> {
    let words = seat.words().into_iter().take(WORDS_MAX);
    let words = words.map(|word| Piece { text: word.text.clone(), at: word.span.start }).collect();
    let mut found = Vec::new();
    collect(words, false, 0, &mut found);
    found
}

/// The same of a command that stands in no configuration.
pub(super) fn of_words(words: &[String]) -> Vec<Command> {
    let words = words.iter().take(WORDS_MAX).map(|word| Piece { text: word.clone(), at: 0 });
    let mut found = Vec::new();
    collect(words.collect(), false, 0, &mut found);
    found
}

fn collect(words: Vec<Piece>, in_shell: bool, depth: usize, found: &mut Vec<Command>) {
    let words = without_prefixes(words);
    if words.is_empty() || found.len() >= WORDS_MAX {
        return;
    }
    let script = if depth < DEPTH_MAX { script(&words).cloned() } else { None };
    found.push(Command { words, in_shell });
    let Some(script) = script else { return };
    for part in script.text.split(['|', ';', '&', '\n', '(', ')', '`']) {
        let words = part
            .split_whitespace()
            .map(|word| Piece { text: word.trim_matches(['"', '\'']).to_owned(), at: script.at });
        collect(words.take(WORDS_MAX).collect(), true, depth.saturating_add(1), found);
    }
}

/// The text that a shell is given to read.
pub(super) fn script(words: &[Piece]) -> Option<&Piece> {
    let (program, rest) = words.split_first()?;
    let name = program_name(&program.text);
    let flags: &[&str] = match name.as_str() {
        "sh" | "bash" | "zsh" | "dash" | "ash" | "fish" | "ksh" => {
            &["-c", "-lc", "-ic", "-lic", "-cl", "-ec"]
        }
        "powershell" | "pwsh" => &["-c", "-command", "-Command"],
        _ => return None,
    };
    let flag = rest.iter().position(|word| flags.contains(&word.text.as_str()))?;
    rest.get(flag.saturating_add(1))
}

/// Without programs that only start others.
fn without_prefixes(mut words: Vec<Piece>) -> Vec<Piece> {
    for _ in 0..DEPTH_MAX {
        let Some(first) = words.first() else { break };
        let skip = match program_name(&first.text).as_str() {
            "env" | "sudo" | "nice" | "nohup" | "exec" | "command" | "time" | "stdbuf" => {
                let option = |word: &&Piece| word.text.starts_with('-') || word.text.contains('=');
                1_usize.saturating_add(words.iter().skip(1).take_while(option).count())
            }
            "timeout" => 2,
            "cmd" => {
                let slash = words.iter().position(|word| word.text.eq_ignore_ascii_case("/c"));
                slash.map_or(0, |at| at.saturating_add(1))
            }
            // `A=b program` in a shell's text.
            name if name.contains('=') && !name.starts_with('-') => 1,
            _ => 0,
        };
        if skip == 0 {
            break;
        }
        words.drain(..skip.min(words.len()));
    }
    words
}

/// The last part of a path, without what Windows adds, in small letters.
pub(super) fn program_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    let ends = [".exe", ".cmd", ".bat", ".ps1"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}

impl Command {
    pub(super) fn program(&self) -> String {
        self.words.first().map(|word| program_name(&word.text)).unwrap_or_default()
    }

    /// The words behind the program.
    pub(super) fn arguments(&self) -> &[Piece] {
        self.words.get(1..).unwrap_or_default()
    }

    pub(super) fn at(&self) -> usize {
        self.words.first().map_or(0, |word| word.at)
    }
}
