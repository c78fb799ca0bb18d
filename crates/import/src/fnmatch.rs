//! Wildcards as Python's `fnmatch` reads them: `*` crosses everything, `[…]` without an end is a bracket, nothing is normalised.

use std::fmt::Write as _;

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(char),
    /// `*`, and several of them.
    Any,
    /// `?`
    One,
    Class {
        negated: bool,
        members: String,
    },
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    pub(crate) written: String,
}

impl Pattern {
    /// # Errors
    /// A class that cannot be said in our wildcards.
    pub(crate) fn new(written: &str) -> Result<Pattern, String> {
        if written.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern longer than {PATTERN_BYTES_MAX} bytes"));
        }
        let mut pieces = Vec::new();
        let mut rest = written.chars();
        while let Some(character) = rest.next() {
            pieces.push(match character {
                '*' if pieces.last() == Some(&Piece::Any) => continue,
                '*' => Piece::Any,
                '?' => Piece::One,
                '[' => match class(rest.as_str())? {
                    Some((piece, behind)) => {
                        rest = behind.chars();
                        piece
                    }
                    None => Piece::Literal('['),
                },
                other => Piece::Literal(other),
            });
        }
        Ok(Pattern { pieces, written: written.to_owned() })
    }

    /// A pattern in which only `*` means more than itself.
    ///
    /// # Errors
    /// A pattern that is too long.
    pub(crate) fn of_stars(written: &str) -> Result<Pattern, String> {
        if written.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern longer than {PATTERN_BYTES_MAX} bytes"));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for character in written.chars() {
            match character {
                '*' if pieces.last() == Some(&Piece::Any) => {}
                '*' => pieces.push(Piece::Any),
                other => pieces.push(Piece::Literal(other)),
            }
        }
        Ok(Pattern { pieces, written: written.to_owned() })
    }

    /// True for a pattern that matches everything.
    pub(crate) fn is_any(&self) -> bool {
        self.pieces == [Piece::Any]
    }

    /// The text, if it is only one.
    pub(crate) fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(character) => Some(*character),
                Piece::Any | Piece::One | Piece::Class { .. } => None,
            })
            .collect()
    }

    /// True if one of these characters may have to take part in a match, other than by a `*`.
    pub(crate) fn sees_any_of(&self, characters: &str) -> bool {
        let sees = |piece: &Piece| match piece {
            Piece::Literal(character) => characters.contains(*character),
            Piece::Any => false,
            Piece::One | Piece::Class { negated: true, .. } => true,
            Piece::Class { negated: false, members } => {
                members.contains('-') || members.contains(|c| characters.contains(c))
            }
        };
        // A list begins with a bracket, and ends with one.
        let at_end = |piece: Option<&Piece>| piece.is_some_and(|piece| *piece == Piece::Any || sees(piece));
        at_end(self.pieces.first()) && at_end(self.pieces.last()) && self.pieces.iter().any(sees)
    }

    /// False if surely no text matches both: what they begin or end with differs.
    pub(crate) fn may_meet(&self, other: &Pattern) -> bool {
        let literal = |piece: &Piece| match piece {
            Piece::Literal(character) => Some(*character),
            Piece::Any | Piece::One | Piece::Class { .. } => None,
        };
        let differs = |(one, other): (&Piece, &Piece)| {
            let (one, other) = (literal(one)?, literal(other)?);
            (one != other).then_some(())
        };
        let known = |(one, other): &(&Piece, &Piece)| **one != Piece::Any && **other != Piece::Any;
        let ahead = self.pieces.iter().zip(&other.pieces).take_while(known);
        let behind = self.pieces.iter().rev().zip(other.pieces.iter().rev()).take_while(known);
        let lengths = self.literal().zip(other.literal());
        let unlike = lengths.is_some_and(|(one, other)| one != other);
        !unlike && ahead.chain(behind).find_map(differs).is_none()
    }

    /// The same pattern in our wildcards.
    pub(crate) fn glob(&self) -> String {
        let mut out = String::new();
        self.pieces.iter().for_each(|piece| piece.glob(&mut out));
        out
    }

    /// The same pattern as an expression over the whole text.
    pub(crate) fn expression(&self) -> String {
        let mut out = String::from("(?s:^");
        for piece in &self.pieces {
            match piece {
                Piece::Literal(character) => escape(*character, &mut out),
                Piece::Any => out.push_str(".*"),
                Piece::One => out.push('.'),
                Piece::Class { negated, members } => {
                    out.push_str(if *negated { "[^" } else { "[" });
                    members.chars().for_each(|c| if c == '-' { out.push('-') } else { escape(c, &mut out) });
                    out.push(']');
                }
            }
        }
        out.push_str("$)");
        out
    }

    /// A text that matches.
    pub(crate) fn sample(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(character) => Some(*character),
            Piece::Any => None,
            Piece::One => Some('x'),
            Piece::Class { negated: false, members } => members.chars().next(),
            Piece::Class { negated: true, .. } => Some('_'),
        };
        self.pieces.iter().filter_map(piece).collect()
    }

    /// Copies and backups of files that `*.ending` names: `server.pem.bak`.
    pub(crate) fn copies(&self) -> Option<String> {
        let ending = self.written.rsplit('/').next().unwrap_or_default().strip_prefix("*.")?;
        let plain = !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphanumeric());
        plain.then(|| format!("**/*.{ending}[-._~]*/**"))
    }

    /// What the pattern means as a path, in our path patterns; `None` where it means no path. `wide`: what may lie below
    /// counts too, as in a denial.
    pub(crate) fn path(&self, wide: bool) -> Option<String> {
        let literal_part: String = self.sample();
        let odd = |piece: &Piece| matches!(piece, Piece::Class { members, .. } if members.contains(['\\', '\0', '$', '%']));
        let unsayable = literal_part.contains(['\\', '\0', '$', '%'])
            || self.pieces.iter().any(odd)
            || literal_part.contains("://")
            || self.written.trim() != self.written;
        if self.pieces.is_empty() || unsayable {
            return None;
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in self.pieces.split(|piece| *piece == Piece::Literal('/')) {
            let mut text = String::new();
            segment.iter().for_each(|piece| piece.glob(&mut text));
            match text.as_str() {
                ".." => return None,
                "*" if segments.last().is_some_and(|last| last == "**") => {}
                // What lies in it, and not the place itself.
                "*" if !wide && segments.last().is_some_and(|last| !last.is_empty()) => {
                    segments.extend(["*".to_owned(), "**".to_owned()]);
                }
                "*" => segments.push("**".to_owned()),
                _ => segments.push(text),
            }
        }
        if let [only] = segments.as_slice()
            && only != "**"
            && !only.starts_with('~')
        {
            // Without a separator: a name, wherever it lies.
            let place = if wide || only.starts_with('*') { "**" } else { "." };
            segments.insert(0, place.to_owned());
        } else if segments.first().is_some_and(|first| first.starts_with('*') && first != "**") {
            segments.insert(0, "**".to_owned());
        }
        let last_is_wild = segments.last().is_some_and(|last| last.contains(['*', '?', '[']) && last != "**");
        if wide && last_is_wild {
            segments.push("**".to_owned());
        }
        Some(segments.join("/"))
    }
}

impl Piece {
    fn glob(&self, out: &mut String) {
        match self {
            // A class, because paths know no backslash.
            Piece::Literal(character @ ('{' | '[' | '?' | '\\')) => {
                let _ = write!(out, "[{character}]"); // a String takes everything
            }
            Piece::Literal(character) => out.push(*character),
            Piece::Any => out.push('*'),
            Piece::One => out.push('?'),
            Piece::Class { negated, members } => {
                out.push_str(if *negated { "[!" } else { "[" });
                // First it would negate.
                match members.strip_prefix('^') {
                    Some(rest) if !negated && !rest.is_empty() => {
                        out.push_str(rest);
                        out.push('^');
                    }
                    _ => out.push_str(members),
                }
                out.push(']');
            }
        }
    }
}

/// Reads a class whose bracket is already taken: the class and what is behind it, or nothing if it does not end.
fn class(rest: &str) -> Result<Option<(Piece, &str)>, String> {
    let (negated, inside) = match rest.strip_prefix('!') {
        Some(inside) => (true, inside),
        None => (false, rest),
    };
    // A bracket in first place belongs to the class.
    let skipped = usize::from(inside.starts_with(']'));
    let Some(end) = inside.get(skipped..).and_then(|from| from.find(']')) else { return Ok(None) };
    let (members, behind) = inside.split_at(end.saturating_add(skipped));
    let behind = behind.get(1..).unwrap_or_default();
    let strange = members.is_empty()
        || members.contains([']', '/'])
        || members.contains("--")
        || members == "^"
        || members.matches('-').count() > 1
        || members.starts_with("^-")
        || falls(members);
    if strange {
        return Err(format!(
            "the class `[{}]`, which cannot be said here",
            rest.get(..rest.len().saturating_sub(behind.len()).saturating_sub(1)).unwrap_or_default()
        ));
    }
    Ok(Some((Piece::Class { negated, members: members.to_owned() }, behind)))
}

/// True for `z-a`.
fn falls(members: &str) -> bool {
    let Some((before, behind)) = members.split_once('-') else { return false };
    matches!((before.chars().last(), behind.chars().next()), (Some(low), Some(high)) if low > high)
}

/// Appends a character that stands for itself in a regular expression.
pub(crate) fn escape(character: char, out: &mut String) {
    if character.is_ascii_punctuation() && !matches!(character, '/' | '_' | '<' | '>' | '"' | '\'') {
        out.push('\\');
    }
    out.push(character);
}

/// Longest pattern.
pub(crate) const PATTERN_BYTES_MAX: usize = 2_000;
