//! Brace expansion: `{a,b}` makes words.

use super::state::{State, WORD_WORK};
use super::word::{Expansion, Piece};
use super::{Doubt, GUESSES_MAX, Unknown};

/// Most words that the braces of one word make.
const BRACES_MAX: usize = 256;

/// The words of one word with braces; braces without a comma or `..` stand for themselves.
pub(super) fn expand(pieces: Vec<Piece>, state: &mut State) -> Vec<Vec<Piece>> {
    if !pieces.contains(&Piece::Open) {
        return vec![pieces];
    }
    let mut done = Vec::new();
    let mut waiting = vec![pieces];
    while let Some(word) = waiting.pop() {
        if done.len().saturating_add(waiting.len()) > BRACES_MAX
            || !state.pay(word.len().saturating_mul(WORD_WORK))
        {
            state.doubt(Doubt::TooLarge);
            done.push(word);
            return done;
        }
        match first_group(&word) {
            None => done.push(word),
            Some(Group::Alternatives { open, commas, close }) => {
                let mut starts = vec![open];
                starts.extend(commas.iter().copied());
                let ends = commas.iter().copied().chain([close]);
                let pairs: Vec<(usize, usize)> = starts.into_iter().zip(ends).collect();
                // The last first, because the pile gives them back in reverse.
                for (start, end) in pairs.into_iter().rev() {
                    let part =
                        |from: usize, to: usize| word.get(from..to).unwrap_or_default().iter().cloned();
                    let mut one: Vec<Piece> = part(0, open).collect();
                    one.extend(part(start.saturating_add(1), end));
                    one.extend(part(close.saturating_add(1), word.len()));
                    waiting.push(one);
                }
            }
            Some(Group::Range { open, close }) => {
                let written = |piece: &Piece| match piece {
                    Piece::Plain(text) | Piece::Quoted(text) => text.clone(),
                    _ => String::new(),
                };
                let inside: String =
                    word.get(open.saturating_add(1)..close).unwrap_or_default().iter().map(written).collect();
                let mut one = word.get(..open).unwrap_or_default().to_vec();
                one.push(range(&inside));
                one.extend(word.get(close.saturating_add(1)..).unwrap_or_default().iter().cloned());
                waiting.push(one);
            }
        }
    }
    done
}

enum Group {
    Alternatives { open: usize, commas: Vec<usize>, close: usize },
    Range { open: usize, close: usize },
}

/// The first group that expands.
fn first_group(word: &[Piece]) -> Option<Group> {
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut found: Option<(usize, Vec<usize>, usize)> = None;
    for (at, piece) in word.iter().enumerate() {
        match piece {
            Piece::Open => open.push((at, Vec::new())),
            Piece::Comma => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(at);
                }
            }
            Piece::Close => {
                let Some((start, commas)) = open.pop() else { continue };
                let between = word.get(start.saturating_add(1)..at).unwrap_or_default();
                if !commas.is_empty() {
                    // An outer group around it comes first; without one it is the first.
                    if found.as_ref().is_none_or(|(earlier, ..)| start < *earlier) {
                        found = Some((start, commas, at));
                    }
                } else if let [Piece::Plain(text)] = between
                    && text.contains("..")
                    && found.is_none()
                {
                    return Some(Group::Range { open: start, close: at });
                }
            }
            Piece::Plain(_)
            | Piece::Quoted(_)
            | Piece::Wild(_)
            | Piece::Split { .. }
            | Piece::Expansion(_) => {}
        }
    }
    found.map(|(open, commas, close)| Group::Alternatives { open, commas, close })
}

/// A range of few numbers is all of them; another one is not known.
fn range(inside: &str) -> Piece {
    let mut ends = inside.split("..").map(str::parse::<i64>);
    let numbers = match (ends.next(), ends.next(), ends.next()) {
        (Some(Ok(from)), Some(Ok(to)), None) if from.abs_diff(to) < GUESSES_MAX as u64 => {
            (from.min(to)..=from.max(to)).map(|number| number.to_string()).collect()
        }
        _ => Vec::new(),
    };
    let unknown = numbers.is_empty().then_some(Unknown::Variable);
    let guesses = if numbers.is_empty() { inside.split("..").map(str::to_owned).collect() } else { numbers };
    let source = format!("{{{inside}}}");
    Piece::Expansion(Expansion {
        source,
        guesses,
        unknown,
        quoted: false,
        globs: false,
        substituted: false,
        uses: None,
        number: None,
    })
}
