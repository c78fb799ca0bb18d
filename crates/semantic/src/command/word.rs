//! Words: quoting, and what a word becomes after its expansions.

use super::braces;
use super::calculate::number_of;
use super::cursor::ends_plain;
use super::grammar::Parser;
use super::state::State;
use super::{Doubt, GUESSES_MAX, Unknown, WORDS_MAX, Word};

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    /// Braces, wildcards and blanks in it mean nothing.
    Quoted(String),
    /// `*`, `?`, `[`
    Wild(char),
    /// `{`, `,`, `}` outside of quotes
    Open,
    Comma,
    Close,
    /// `$IFS`: blanks, which end the word; not `sure` where something is done with it (`${IFS%?}`).
    Split {
        sure: bool,
    },
    Expansion(Expansion),
}

/// A variable, a calculation, or the output of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expansion {
    /// As written, shortened.
    pub(super) source: String,
    /// Texts that it may stand for.
    pub(super) guesses: Vec<String>,
    /// `None`: `guesses` are all that it can be.
    pub(super) unknown: Option<Unknown>,
    pub(super) quoted: bool,
    /// Its wildcards stand for files, with quotes too: the shell expanded them before.
    pub(super) globs: bool,
    pub(super) substituted: bool,
    /// The variable whose value was taken as known.
    pub(super) uses: Option<String>,
    /// It is a number if these variables are. `None`: it may be something else.
    pub(super) number: Option<Vec<String>>,
}

impl Word {
    pub(super) fn unknown(source: &str) -> Word {
        Word { text: source.to_owned(), unknown: Some(Unknown::Variable), ..Word::default() }
    }

    /// What is known of an expansion is known of the word that it stands in.
    fn take(&mut self, expansion: &Expansion) {
        self.unknown = self.unknown.or(expansion.unknown);
        self.substituted |= expansion.substituted;
        self.uses.extend(expansion.uses.clone());
        self.guessed |= expansion.unknown.is_some() && !expansion.guesses.is_empty();
        let any = |test: fn(&str) -> bool| expansion.guesses.iter().any(|guess| test(guess));
        if !expansion.quoted || expansion.globs {
            self.glob |= any(|guess| guess.contains(['*', '?', '[']));
        }
        // Other patterns than these are not read, and what blanks cut off is a word of its own.
        if !expansion.quoted && any(is_extended) {
            self.unknown.get_or_insert(Unknown::Variable);
        }
        self.loose |= !expansion.quoted;
        self.splits |= !expansion.quoted && any(|guess| guess.contains(char::is_whitespace));
    }

    /// True if the script says what may stand for what in it is expanded.
    pub(super) fn is_told(&self) -> bool {
        self.guessed || self.substituted || !self.others.is_empty() || !self.uses.is_empty()
    }
}

impl Parser<'_, '_> {
    /// Reads one word and appends what it becomes. False: no word begins here.
    pub(super) fn words_into(&mut self, out: &mut Vec<Word>) -> bool {
        let start = self.at;
        let pieces = self.word();
        if self.at == start {
            return false;
        }
        let splits = pieces.iter().any(|piece| matches!(piece, Piece::Split { .. }));
        let unsure = pieces.contains(&Piece::Split { sure: false });
        let first = out.len();
        let expanded = braces::expand(pieces, self.state);
        let several = expanded.len() > 1;
        for pieces in expanded {
            for part in pieces.split(|piece| matches!(piece, Piece::Split { .. })) {
                // Nothing without quotes is no word.
                let nothing = part.iter().all(|piece| *piece == Piece::Plain(String::new()));
                if nothing && (several || pieces.len() > 1) {
                    continue;
                }
                if out.len() >= WORDS_MAX {
                    self.state.doubt(Doubt::TooLarge);
                    return true;
                }
                assemble(part, self.state, out);
            }
        }
        for word in out.get_mut(first..).unwrap_or_default().iter_mut().filter(|_| splits) {
            word.uses.push("IFS".to_owned());
            if unsure {
                word.unknown.get_or_insert(Unknown::Variable);
            }
        }
        true
    }

    /// The pieces of the word that begins here.
    pub(super) fn word(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' => break,
                b'<' | b'>' if self.byte(1) == Some(b'(') => pieces.push(self.process()),
                b'<' | b'>' => break,
                b'\\' if self.byte(1) == Some(b'\n') => self.skip(2),
                b'\\' => {
                    self.skip(1);
                    let start = self.at;
                    self.bump();
                    let escaped = self.since(start);
                    // A backslash at the end stands for itself.
                    pieces.push(Piece::Quoted(if escaped.is_empty() { "\\" } else { escaped }.to_owned()));
                }
                b'\'' => {
                    self.skip(1);
                    let text = self.until(|byte| byte == b'\'').to_owned();
                    pieces.push(Piece::Quoted(text));
                    self.close("'");
                }
                b'"' => self.double_quoted(&mut pieces),
                b'$' => self.dollar(false, &mut pieces),
                b'`' => pieces.push(self.backquoted(false)),
                b'*' | b'?' | b'[' => {
                    self.skip(1);
                    pieces.push(Piece::Wild(char::from(byte)));
                }
                b'{' | b'}' | b',' => {
                    self.skip(1);
                    pieces.push(match byte {
                        b'{' => Piece::Open,
                        b'}' => Piece::Close,
                        _ => Piece::Comma,
                    });
                }
                _ => pieces.push(Piece::Plain(self.until(ends_run).to_owned())),
            }
        }
        pieces
    }

    pub(super) fn close(&mut self, quote: &str) {
        if !self.eat(quote) {
            self.state.doubt(Doubt::Unfinished);
        }
    }

    pub(super) fn double_quoted(&mut self, pieces: &mut Vec<Piece>) {
        self.skip(1);
        pieces.push(Piece::Quoted(String::new()));
        self.quoted_until(Some(b'"'), pieces);
        self.close("\"");
    }

    /// What double quotes do: only `$`, backquotes and backslashes before these mean something.
    pub(super) fn quoted_until(&mut self, end: Option<u8>, pieces: &mut Vec<Piece>) {
        while let Some(byte) = self.peek() {
            match byte {
                byte if Some(byte) == end => return,
                b'$' => self.dollar(true, pieces),
                b'`' => pieces.push(self.backquoted(true)),
                b'\\' => {
                    self.skip(1);
                    let text = match self.peek() {
                        Some(b'\n') => "",
                        Some(b'$' | b'`' | b'\\') => {
                            self.text.get(self.at..self.at.saturating_add(1)).unwrap_or_default()
                        }
                        Some(b'"') if end == Some(b'"') => "\"",
                        _ => {
                            pieces.push(Piece::Quoted("\\".to_owned()));
                            continue;
                        }
                    };
                    pieces.push(Piece::Quoted(text.to_owned()));
                    self.skip(1);
                }
                _ => {
                    let text = self.until(|byte| matches!(byte, b'$' | b'`' | b'\\') || Some(byte) == end);
                    pieces.push(Piece::Quoted(text.to_owned()));
                }
            }
        }
    }

    /// Reads another text as in double quotes, for the substitutions in it.
    pub(super) fn walk_quoted(&mut self, text: &str) -> Word {
        let pieces = self.pieces_of(text);
        let mut words = Vec::new();
        assemble(&pieces, self.state, &mut words);
        words.pop().unwrap_or_default()
    }

    /// The pieces of another text, read as in double quotes. One that is too deep or too large leaves a doubt.
    pub(super) fn pieces_of(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if self.state.pay(text.len()) {
            let mut context = self.context.clone();
            context.depth = context.depth.saturating_add(1);
            if context.depth > super::DEPTH_MAX {
                self.state.doubt(Doubt::TooLarge);
                return vec![Piece::Quoted(text.to_owned())];
            }
            let mut inner = Parser { text, at: 0, state: self.state, context, pending: Vec::new() };
            inner.quoted_until(None, &mut pieces);
        }
        pieces
    }
}

/// What means something of its own inside of a word, or ends it.
fn ends_run(byte: u8) -> bool {
    ends_plain(byte) || matches!(byte, b'*' | b'?' | b'[' | b'{' | b'}' | b',')
}

/// Joins pieces to a word. An unquoted expansion that stands alone may be several words.
pub(super) fn assemble(pieces: &[Piece], state: &mut State, out: &mut Vec<Word>) {
    if let [Piece::Expansion(only)] = pieces
        && !only.quoted
        && only.guesses.iter().any(|guess| guess.contains(char::is_whitespace))
    {
        return fields(only, state, out);
    }
    let mut word = Word::default();
    let mut texts = vec![String::new()];
    let mut named = false;
    for piece in pieces {
        match piece {
            Piece::Plain(text) | Piece::Quoted(text) => {
                named |= text.contains('=');
                append(&mut texts, text);
            }
            Piece::Wild(wild) => {
                // `[` alone is a program.
                word.glob |= *wild != '[' || pieces.len() > 1;
                append(&mut texts, wild.encode_utf8(&mut [0; 4]));
            }
            Piece::Open => append(&mut texts, "{"),
            Piece::Comma => append(&mut texts, ","),
            Piece::Close => append(&mut texts, "}"),
            Piece::Split { .. } => {}
            Piece::Expansion(expansion) => {
                word.names_open |= !named;
                word.take(expansion);
                if !multiply(&mut texts, expansion, state) {
                    word.unknown.get_or_insert(Unknown::Variable);
                }
            }
        }
    }
    if let Some(Piece::Plain(start)) = pieces.first()
        && let Some(behind) = start.strip_prefix('~')
    {
        if behind.trim_start_matches(['+', '-']).starts_with(|first: char| first.is_ascii_digit()) {
            // A place in the directory stack.
            word.unknown.get_or_insert(Unknown::Variable);
        }
        let place = match behind.bytes().next() {
            Some(b'+') => "PWD",
            Some(b'-') => "OLDPWD",
            _ => "HOME",
        };
        word.uses.push(place.to_owned());
    }
    word.number = number_of(pieces);
    // Values without quotes that are empty are no word at all.
    let vanishes = |piece: &Piece| {
        matches!(piece, Piece::Expansion(one) if !one.quoted) || *piece == Piece::Plain(String::new())
    };
    if !pieces.is_empty() && pieces.iter().all(vanishes) && texts.iter().any(String::is_empty) {
        word.unknown.get_or_insert(Unknown::Variable);
    }
    let mut texts = texts.into_iter();
    word.text = texts.next().unwrap_or_default();
    word.others = texts.collect();
    if word.glob {
        upwards(&mut word);
    }
    out.push(word);
}

/// `@(a|b)` and its kin, which bash expands if it is told to.
fn is_extended(text: &str) -> bool {
    ["?(", "*(", "+(", "@(", "!("].iter().any(|sign| text.contains(sign))
}

/// To some shells `.*` and `.?` stand for `..` too.
fn upwards(word: &mut Word) {
    let is_up = |segment: &str| {
        let behind = segment.strip_prefix("..").or_else(|| segment.strip_prefix('.'));
        behind.is_some_and(|behind| behind.starts_with(['*', '?', '[']))
    };
    let more: Vec<String> = word
        .texts()
        .filter(|text| text.split('/').any(is_up))
        .map(|text| {
            let up = |segment| if is_up(segment) { ".." } else { segment };
            text.split('/').map(up).collect::<Vec<_>>().join("/")
        })
        .collect();
    if more.iter().any(|text| text.matches("..").count() > 1) {
        // Some of them may be something else.
        word.unknown.get_or_insert(Unknown::Variable);
    }
    let new = more.into_iter().filter(|text| !word.texts().any(|known| known == text)).collect::<Vec<_>>();
    word.others.extend(new);
}

fn append(texts: &mut [String], more: &str) {
    texts.iter_mut().for_each(|text| text.push_str(more));
}

/// Every text with every guess behind it. False: those are too many, and not all are there.
fn multiply(texts: &mut Vec<String>, expansion: &Expansion, state: &mut State) -> bool {
    let guesses = match expansion.guesses.as_slice() {
        [] => std::slice::from_ref(&expansion.source),
        guesses => guesses,
    };
    let [first, more @ ..] = guesses else { return true };
    let size = |texts: &[String]| texts.iter().fold(0usize, |sum, text| sum.saturating_add(text.len()));
    let bytes =
        size(texts).saturating_mul(guesses.len()).saturating_add(size(guesses).saturating_mul(texts.len()));
    if more.is_empty() {
        // The usual case copies only what is new.
        if !state.pay(first.len().saturating_mul(texts.len())) {
            return false;
        }
        append(texts, first);
        return true;
    }
    let fits = texts.len().saturating_mul(guesses.len()) <= GUESSES_MAX && state.pay(bytes);
    if !fits {
        append(texts, first);
        return false;
    }
    let before = texts.clone();
    append(texts, first);
    for guess in more {
        texts.extend(before.iter().map(|text| format!("{text}{guess}")));
    }
    true
}

/// The fields that blanks in the guesses make, place by place.
fn fields(expansion: &Expansion, state: &mut State, out: &mut Vec<Word>) {
    let first = out.len();
    let unknown = if expansion.guesses.len() > 1 { Some(Unknown::Variable) } else { None };
    if !state.pay(expansion.guesses.iter().map(String::len).sum()) {
        return out.push(Word::unknown(&expansion.source));
    }
    for guess in &expansion.guesses {
        for (at, field) in guess.split_whitespace().enumerate() {
            let room = out.len() < WORDS_MAX;
            match out.get_mut(first.saturating_add(at)) {
                Some(word) => word.others.push(field.to_owned()),
                None if !room => return,
                None => out.push(Word {
                    text: field.to_owned(),
                    unknown: expansion.unknown.or(unknown),
                    glob: field.contains(['*', '?', '[']),
                    substituted: expansion.substituted,
                    guessed: true,
                    uses: expansion.uses.iter().cloned().chain(["IFS".to_owned()]).collect(),
                    names_open: true,
                    number: expansion.number.clone(),
                    ..Word::default()
                }),
            }
        }
    }
    for word in out.get_mut(first..).unwrap_or_default() {
        if word.texts().any(is_extended) {
            word.unknown.get_or_insert(Unknown::Variable);
        }
        if word.glob {
            upwards(word);
        }
    }
}
