//! An expression as Python reads it.

/// What is switched on where a node stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) ascii: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) verbose: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Char(char, Flags),
    Class(Class, Flags),
    /// True: line ends, too.
    Dot(bool),
    /// `^`; true: of every line.
    Start(bool),
    /// `$`; true: of every line.
    End(bool),
    /// `\Z`
    TextEnd,
    /// `\b`, and negated `\B`.
    Edge {
        negated: bool,
        ascii: bool,
    },
    Cat(Vec<Node>),
    Alt(Vec<Node>),
    /// `None`: without end.
    Repeat(Box<Node>, u32, Option<u32>),
    /// What is not in the dialect here, why, and what matches at least as much.
    Wide(&'static str, Box<Node>),
}

impl Node {
    /// Every text.
    pub(super) fn anything() -> Node {
        Node::Repeat(Box::new(Node::Dot(true)), 0, None)
    }

    /// Appends a text that may well match.
    pub(super) fn sample(&self, out: &mut String) {
        match self {
            Node::Char(character, _) => out.push(*character),
            Node::Class(class, _) => out.push(class.sample()),
            Node::Dot(_) => out.push('x'),
            Node::Cat(nodes) => nodes.iter().for_each(|node| node.sample(out)),
            Node::Alt(nodes) => nodes.iter().take(1).for_each(|node| node.sample(out)),
            Node::Repeat(node, low, _) => (0..*low).take(SAMPLE_TIMES_MAX).for_each(|_| {
                if out.len() < SAMPLE_BYTES_MAX {
                    node.sample(out);
                }
            }),
            Node::Wide(_, node) => node.sample(out),
            Node::Start(_) | Node::End(_) | Node::TextEnd | Node::Edge { .. } => {}
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    pub(super) negated: bool,
    pub(super) items: Vec<Item>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Item {
    Range(char, char),
    Kind(Kind, bool),
}

/// `\w`, `\d`, `\s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Digit,
    Space,
}

impl Class {
    fn sample(&self) -> char {
        match self.items.first() {
            Some(Item::Range(low, _)) if !self.negated => *low,
            Some(Item::Kind(Kind::Word, negated)) if *negated == self.negated => 'a',
            Some(Item::Kind(Kind::Digit, negated)) if *negated == self.negated => '1',
            Some(Item::Kind(Kind::Space, negated)) if *negated == self.negated => ' ',
            Some(Item::Kind(Kind::Word | Kind::Digit, _)) => '-',
            _ => '_',
        }
    }

    pub(super) fn has_any_of(&self, characters: &str) -> bool {
        self.items.iter().any(|item| match item {
            Item::Range(low, high) => characters.chars().any(|c| *low <= c && c <= *high),
            Item::Kind(_, negated) => *negated,
        })
    }
}

/// Most repetitions in a sample.
const SAMPLE_TIMES_MAX: usize = 64;
/// Longest sample that still grows.
const SAMPLE_BYTES_MAX: usize = 256;
