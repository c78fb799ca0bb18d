//! Writing in the dialect here.

use super::tree::{Class, Flags, Item, Kind, Node};

/// On which side of Python's a translation stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Least,
    /// Over texts of ASCII.
    Most,
}

/// Where a node stands: with nothing of the expression before or behind it.
#[derive(Debug, Clone, Copy)]
struct Place {
    head: bool,
    tail: bool,
}

/// What surely stands at a side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// A letter, digit or `_` of ASCII.
    Ascii,
    Word,
    Other,
    Unknown,
}

#[derive(Debug)]
pub(super) struct Writer {
    bound: Bound,
    /// What the translation is not exact about.
    pub(super) inexact: Vec<&'static str>,
}

impl Writer {
    pub(super) fn new(bound: Bound) -> Writer {
        Writer { bound, inexact: Vec::new() }
    }

    /// `None`: nothing stays within the bound.
    pub(super) fn whole(&mut self, tree: &Node) -> Option<String> {
        self.node(tree, Place { head: true, tail: true })
    }

    fn loose(&mut self, cause: &'static str) {
        if !self.inexact.contains(&cause) {
            self.inexact.push(cause);
        }
    }

    fn node(&mut self, node: &Node, place: Place) -> Option<String> {
        Some(match node {
            Node::Char(character, flags) => character_of(*character, *flags),
            Node::Class(class, flags) => match class_of(class, *flags) {
                Some(text) => text,
                None => {
                    self.loose("letter case in a class of other alphabets");
                    (self.bound == Bound::Least).then(|| "(?s:.)".to_owned())?
                }
            },
            Node::Dot(true) => "(?s:.)".to_owned(),
            Node::Dot(false) => ".".to_owned(),
            Node::Start(true) => "(?m:^)".to_owned(),
            Node::Start(false) => "^".to_owned(),
            Node::End(true) => "(?m:$)".to_owned(),
            Node::TextEnd => "\\z".to_owned(),
            // At the end, or before the line end that is there.
            Node::End(false) if place.tail => "(?:\\n?\\z)".to_owned(),
            Node::End(false) => {
                self.loose("`$` before something else");
                if self.bound == Bound::Least { String::new() } else { "\\z".to_owned() }
            }
            Node::Edge { .. } => self.concatenated(std::slice::from_ref(node), place)?,
            Node::Cat(nodes) => self.concatenated(nodes, place)?,
            Node::Alt(branches) => {
                let all: Option<Vec<String>> =
                    branches.iter().map(|branch| self.node(branch, place)).collect();
                format!("(?:{})", all?.join("|"))
            }
            Node::Repeat(inner, low, high) => {
                let text = self.node(inner, Place { head: false, tail: false })?;
                let count = match (low, high) {
                    (0, None) => "*".to_owned(),
                    (1, None) => "+".to_owned(),
                    (0, Some(1)) => "?".to_owned(),
                    (low, None) => format!("{{{low},}}"),
                    (low, Some(high)) if low == high => format!("{{{low}}}"),
                    (low, Some(high)) => format!("{{{low},{high}}}"),
                };
                let is_one =
                    matches!(**inner, Node::Char(..) | Node::Class(..) | Node::Dot(_) | Node::Alt(_));
                if is_one { text + &count } else { format!("(?:{text}){count}") }
            }
            Node::Wide(cause, inner) => {
                self.loose(cause);
                let text = (self.bound == Bound::Least).then(|| self.node(inner, place)).flatten()?;
                if matches!(**inner, Node::Cat(_)) { text } else { format!("(?:{text})") }
            }
        })
    }

    fn concatenated(&mut self, nodes: &[Node], place: Place) -> Option<String> {
        let mut out = String::new();
        let last = nodes.len().saturating_sub(1);
        for (index, node) in nodes.iter().enumerate() {
            let here = Place { head: place.head && index == 0, tail: place.tail && index == last };
            let Node::Edge { negated, ascii } = node else {
                let text = self.node(node, here)?;
                append(&mut out, &text);
                continue;
            };
            let before = index.checked_sub(1).and_then(|before| nodes.get(before));
            let behind = nodes.get(index.saturating_add(1));
            out.push_str(self.edge((*negated, *ascii), (before, behind), here));
        }
        Some(out)
    }

    /// `\b` and `\B`. There is no look-around here, and the edges that the dialect has are those of other words.
    fn edge(
        &mut self,
        (negated, ascii): (bool, bool),
        (before, behind): (Option<&Node>, Option<&Node>),
        place: Place,
    ) -> &'static str {
        if ascii && !negated {
            return "(?-u:\\b)";
        }
        // Over ASCII both know the same words.
        if self.bound == Bound::Most {
            return if negated { "\\B" } else { "\\b" };
        }
        let left = before.map_or(Side::Unknown, |node| side(node, false));
        let right = behind.map_or(Side::Unknown, |node| side(node, true));
        let is_word = |side: Side| matches!(side, Side::Ascii | Side::Word);
        let at_start = matches!(before, Some(Node::Start(false)));
        let at_end = matches!(behind, Some(Node::End(false) | Node::TextEnd));
        match (negated, left, right) {
            (false, _, right) if is_word(right) && place.head => "(?:^|[^\\p{L}\\p{N}_])",
            (false, left, _) if is_word(left) && place.tail => "(?:[^\\p{L}\\p{N}_]|\\z)",
            (false, _, right) if is_word(right) && (left == Side::Other || at_start) => "",
            (false, left, _) if is_word(left) && (right == Side::Other || at_end) => "",
            (true, left, right) if is_word(left) && is_word(right) => "",
            (false, left, right) if left == Side::Ascii || right == Side::Ascii => {
                self.loose(EDGES);
                "(?-u:\\b)"
            }
            _ => {
                self.loose(EDGES);
                ""
            }
        }
    }
}

/// Letters side by side share one group for their case.
fn append(out: &mut String, text: &str) {
    let is_letter =
        |text: &str| text.strip_suffix(')').is_some_and(|text| text.chars().all(char::is_alphanumeric));
    let joins = |out: &str| out.rsplit_once(CASES).is_some_and(|(_, letters)| is_letter(letters));
    match text.strip_prefix(CASES).filter(|letter| is_letter(letter)) {
        Some(letter) if joins(out) => {
            out.pop();
            out.push_str(letter);
        }
        _ => out.push_str(text),
    }
}

/// What a match of the node begins with, or ends with.
fn side(node: &Node, first: bool) -> Side {
    let all = |nodes: &[Node]| {
        let sides: Vec<Side> = nodes.iter().map(|node| side(node, first)).collect();
        match sides.split_first() {
            Some((one, rest)) if rest.iter().all(|other| other == one) => *one,
            Some(_) if sides.iter().all(|side| matches!(side, Side::Ascii | Side::Word)) => Side::Word,
            _ => Side::Unknown,
        }
    };
    match node {
        Node::Char(character, flags) => {
            let folds = flags.ignore_case && !flags.ascii;
            match character {
                c if is_word(*c) && !(folds && "iksIKS".contains(*c)) => Side::Ascii,
                c if is_word(*c) => Side::Word,
                c if c.is_ascii() => Side::Other,
                _ => Side::Unknown,
            }
        }
        Node::Class(class, flags) => class_side(class, *flags),
        Node::Cat(nodes) => {
            let node = if first { nodes.first() } else { nodes.last() };
            node.map_or(Side::Unknown, |node| side(node, first))
        }
        Node::Alt(nodes) => all(nodes),
        Node::Repeat(inner, 1.., _) => side(inner, first),
        Node::Repeat(..)
        | Node::Dot(_)
        | Node::Start(_)
        | Node::End(_)
        | Node::TextEnd
        | Node::Edge { .. }
        | Node::Wide(..) => Side::Unknown,
    }
}

fn class_side(class: &Class, flags: Flags) -> Side {
    if class.negated || class.items.is_empty() {
        return Side::Unknown;
    }
    let within = |test: fn(char) -> bool, low: char, high: char| high.is_ascii() && (low..=high).all(test);
    let words = |item: &Item| match item {
        Item::Range(low, high) => within(is_word, *low, *high),
        Item::Kind(Kind::Word | Kind::Digit, negated) => !negated,
        Item::Kind(Kind::Space, _) => false,
    };
    let others = |item: &Item| match item {
        Item::Range(low, high) => within(|c| !is_word(c), *low, *high),
        Item::Kind(Kind::Word, negated) => *negated,
        Item::Kind(Kind::Digit, _) => false,
        Item::Kind(Kind::Space, negated) => !negated,
    };
    let ranges = class.items.iter().all(|item| matches!(item, Item::Range(..)));
    if class.items.iter().all(words) {
        return if flags.ascii || (ranges && !flags.ignore_case) { Side::Ascii } else { Side::Word };
    }
    // With flag `a`, `\W` holds letters of other alphabets, and an edge is one of ASCII anyway.
    if class.items.iter().all(others) && !flags.ascii { Side::Other } else { Side::Unknown }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn character_of(character: char, flags: Flags) -> String {
    let mut text = String::new();
    if !flags.ignore_case {
        escape(character, &mut text);
        return text;
    }
    if flags.ascii {
        if !character.is_ascii_alphabetic() {
            escape(character, &mut text);
            return text;
        }
        return format!("[{}{}]", character.to_ascii_lowercase(), character.to_ascii_uppercase());
    }
    match character {
        // Python takes the four for one letter.
        'i' | 'I' | '\u{130}' | '\u{131}' => format!("[{FOUR}]"),
        c if c.is_ascii() && !c.is_ascii_alphabetic() => {
            escape(c, &mut text);
            text
        }
        c => {
            escape(c, &mut text);
            format!("(?i:{text})")
        }
    }
}

/// `None`: it cannot be said.
fn class_of(class: &Class, flags: Flags) -> Option<String> {
    let mut text = String::from(if class.negated { "[^" } else { "[" });
    let mut folds = false;
    for item in &class.items {
        match item {
            Item::Kind(kind, negated) => text.push_str(kind_of(*kind, *negated, flags.ascii)),
            Item::Range(low, high) => {
                range(*low, *high, &mut text);
                if flags.ignore_case {
                    cases(*low, *high, flags.ascii, &mut text);
                    folds |= !high.is_ascii() && !flags.ascii;
                }
            }
        }
    }
    text.push(']');
    let plain = class.items.iter().all(|item| matches!(item, Item::Range(..)));
    match (folds, plain) {
        (false, _) => Some(text),
        (true, true) => Some(format!("(?i:{text})")),
        (true, false) => None,
    }
}

fn kind_of(kind: Kind, negated: bool, ascii: bool) -> &'static str {
    match (kind, negated, ascii) {
        (Kind::Word, false, false) => "\\p{L}\\p{N}_",
        (Kind::Word, true, false) => "[^\\p{L}\\p{N}_]",
        (Kind::Digit, false, false) => "\\d",
        (Kind::Digit, true, false) => "\\D",
        // Python's blanks have four separators of ASCII more.
        (Kind::Space, false, false) => "\\s\\x1c-\\x1f",
        (Kind::Space, true, false) => "[^\\s\\x1c-\\x1f]",
        (Kind::Word, false, true) => "0-9A-Za-z_",
        (Kind::Word, true, true) => "[^0-9A-Za-z_]",
        (Kind::Digit, false, true) => "0-9",
        (Kind::Digit, true, true) => "[^0-9]",
        (Kind::Space, false, true) => "\\x09-\\x0d\\x20",
        (Kind::Space, true, true) => "[^\\x09-\\x0d\\x20]",
    }
}

fn range(low: char, high: char, text: &mut String) {
    escape(low, text);
    if low != high {
        text.push('-');
        escape(high, text);
    }
}

/// The other cases of the letters of ASCII in a range, and the four letters that are none of ASCII but fold to one.
fn cases(low: char, high: char, ascii: bool, text: &mut String) {
    let within = |c: char| low <= c && c <= high;
    for (first, last, other) in [('a', 'z', 'A'), ('A', 'Z', 'a')] {
        let letters: Vec<char> = (first..=last).filter(|c| within(*c)).collect();
        let shift = |c: char| {
            let upper = other == 'A';
            if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        };
        if let (Some(first), Some(last)) = (letters.first(), letters.last()) {
            range(shift(*first), shift(*last), text);
        }
    }
    if ascii {
        return;
    }
    for (letters, all) in
        [("iI\u{130}\u{131}", FOUR), ("kK\u{212a}", "kK\\x{212a}"), ("sS\u{17f}", "sS\\x{17f}")]
    {
        if letters.chars().any(within) {
            text.push_str(all);
        }
    }
}

/// A character that stands for itself, wherever it stands.
fn escape(character: char, text: &mut String) {
    let plain = character.is_alphanumeric() || matches!(character, ' ' | '/' | '_' | '<' | '>' | '"' | '\'');
    let soft = matches!(character, ',' | ':' | ';' | '=' | '@' | '!' | '%' | '`');
    if plain || soft {
        text.push(character);
    } else if character.is_ascii_punctuation() {
        text.push('\\');
        text.push(character);
    } else {
        text.push_str(&format!("\\x{{{:x}}}", u32::from(character)));
    }
}

/// How a group begins whose letters stand for both cases.
const CASES: &str = "(?i:";
const FOUR: &str = "iI\\x{130}\\x{131}";
/// Why an edge is not exact.
pub(super) const EDGES: &str = "`\\b` and `\\B` beside letters, digits and marks that are not ASCII";
