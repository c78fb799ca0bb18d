//! Key patterns, and the values that they name in the arguments of a call.

use std::borrow::Cow;
use std::ops::ControlFlow;

use bailiwick_mcp::json::fold_key;
use bailiwick_mcp::{Kind, Value};

use super::{Input, Sense};
use crate::glob::Name as Glob;

/// One step of a key pattern.
#[derive(Debug)]
pub(crate) enum Segment {
    Name {
        exact: Box<str>,
        folded: Box<str>,
    },
    /// Keys that a wildcard pattern fits.
    Like {
        exact: Glob,
        folded: Glob,
    },
    /// Any one key.
    Star,
    /// Any key at any depth; at most one in a pattern.
    DoubleStar,
}

/// A key of `args`: a name, a dotted path, with wildcards.
#[derive(Debug)]
pub(crate) struct KeyPattern {
    pub(crate) segments: Vec<Segment>,
    /// The whole pattern as one folded key, when it has dots and no wildcard: a peer may have such a key.
    flat: Option<Box<str>>,
    pub(crate) written: String,
}

/// A value that a key pattern names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) leaf: Leaf<'a>,
    pub(crate) reach: Reach,
    /// The object whose member it is, where the key was found by itself.
    pub(crate) holder: Option<Value<'a>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'a> {
    Value(Value<'a>),
    Uri(&'a str),
    /// The way there ends early: a scalar where an object should be, or a key that peers may take for another.
    Broken(Value<'a>),
}

/// How a pattern got to a value; wildcards skip values that a matcher is not about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Named,
    /// By `*`.
    Star,
    /// By `**`, which also names the elements of lists and the keys themselves.
    Deep,
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Place<'a>) -> ControlFlow<()>;

impl KeyPattern {
    /// # Errors
    /// The cause.
    pub(crate) fn new(written: &str) -> Result<KeyPattern, String> {
        let mut segments = Vec::new();
        for segment in written.split('.') {
            segments.push(match segment {
                "" => return Err("an empty name between the dots".into()),
                "*" => Segment::Star,
                "**" => Segment::DoubleStar,
                name if name.contains(['*', '{']) => {
                    Segment::Like { exact: Glob::new(name, false)?, folded: Glob::new(name, true)? }
                }
                name => Segment::Name { exact: name.into(), folded: fold_key(name).into() },
            });
        }
        if segments.iter().filter(|segment| matches!(segment, Segment::DoubleStar)).count() > 1 {
            return Err("more than one `**`".into());
        }
        let named = segments.iter().all(|segment| matches!(segment, Segment::Name { .. }));
        let flat = (named && segments.len() > 1).then(|| fold_key(written).into());
        Ok(KeyPattern { segments, flat, written: written.to_owned() })
    }

    /// True if the pattern may name any number of values, none included.
    pub(crate) fn is_wild(&self) -> bool {
        self.segments.iter().any(|segment| !matches!(segment, Segment::Name { .. }))
    }

    /// True for `**` alone.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.segments.as_slice(), [Segment::DoubleStar])
    }

    /// Visits every value that the pattern names, until `visit` breaks.
    pub(crate) fn places<'a>(&self, input: Input<'a>, sense: Sense, visit: Visit<'_, 'a>) -> ControlFlow<()> {
        if let Some(uri) = input.uri {
            let reach = match self.segments.as_slice() {
                [Segment::DoubleStar] => Some(Reach::Deep),
                [Segment::Star] => Some(Reach::Star),
                [Segment::Name { folded, .. }] | [Segment::DoubleStar, Segment::Name { folded, .. }] => {
                    (&**folded == "uri").then_some(Reach::Named)
                }
                [Segment::Like { folded, .. }] | [Segment::DoubleStar, Segment::Like { folded, .. }] => {
                    folded.matches("uri", "uri", true).then_some(Reach::Named)
                }
                _ => None,
            };
            if let Some(reach) = reach {
                visit(Place { leaf: Leaf::Uri(uri), reach, holder: None })?;
            }
        }
        let Some(arguments) = input.arguments else { return ControlFlow::Continue(()) };
        if !arguments.is_object() {
            return visit(Place { leaf: Leaf::Broken(arguments), reach: Reach::Named, holder: None });
        }
        if let (Sense::Any, Some(flat)) = (sense, &self.flat) {
            for (key, value) in arguments.members() {
                if key.text().is_some_and(|key| fold_key(&key) == **flat) {
                    visit(Place { leaf: Leaf::Value(value), reach: Reach::Named, holder: Some(arguments) })?;
                }
            }
        }
        walk(arguments, None, &self.segments, Reach::Named, sense, visit)
    }
}

fn walk<'a>(
    value: Value<'a>,
    holder: Option<Value<'a>>,
    rest: &[Segment],
    reach: Reach,
    sense: Sense,
    visit: Visit<'_, 'a>,
) -> ControlFlow<()> {
    let Some((first, behind)) = rest.split_first() else {
        return visit(Place { leaf: Leaf::Value(value), reach, holder });
    };
    match first {
        Segment::DoubleStar if behind.is_empty() => {
            for below in value.descendants().skip(1) {
                visit(Place { leaf: Leaf::Value(below), reach: Reach::Deep, holder: None })?;
            }
            ControlFlow::Continue(())
        }
        Segment::DoubleStar => {
            // Only objects: the elements of a list come by themselves.
            for below in value.descendants().filter(|below| below.is_object()) {
                walk(below, None, behind, reach, sense, visit)?;
            }
            ControlFlow::Continue(())
        }
        Segment::Star | Segment::Name { .. } | Segment::Like { .. } if value.is_array() => {
            for element in value.elements() {
                walk(element, None, rest, reach, sense, visit)?;
            }
            ControlFlow::Continue(())
        }
        Segment::Star => {
            for (_, member) in value.members() {
                let reach = if behind.is_empty() { Reach::Star } else { reach };
                walk(member, Some(value), behind, reach, sense, visit)?;
            }
            ControlFlow::Continue(())
        }
        Segment::Name { exact, folded } => named(value, (exact, folded), behind, sense, visit),
        Segment::Like { exact, folded } => {
            for (key, member) in value.members() {
                let key = key.text().unwrap_or_default();
                if !folded.matches(&key, &fold_key(&key), true) {
                    continue;
                }
                if sense == Sense::Any || exact.matches(&key, &key, false) {
                    walk(member, Some(value), behind, Reach::Named, sense, visit)?;
                } else {
                    // A peer that folds keys would take it for one of these.
                    visit(Place { leaf: Leaf::Broken(member), reach: Reach::Named, holder: None })?;
                }
            }
            ControlFlow::Continue(())
        }
    }
}

fn named<'a>(
    value: Value<'a>,
    (exact, folded): (&str, &str),
    behind: &[Segment],
    sense: Sense,
    visit: Visit<'_, 'a>,
) -> ControlFlow<()> {
    match value.kind() {
        Kind::Object => {}
        Kind::Null => return ControlFlow::Continue(()),
        Kind::False | Kind::True | Kind::Number | Kind::Text | Kind::Array => {
            return visit(Place { leaf: Leaf::Broken(value), reach: Reach::Named, holder: None });
        }
    }
    for (key, member) in value.members() {
        let key: Cow<'_, str> = key.text().unwrap_or_default();
        if fold_key(&key) != *folded {
            continue;
        }
        if sense == Sense::Any || key == *exact {
            walk(member, Some(value), behind, Reach::Named, sense, visit)?;
        } else {
            // `Path` beside or instead of `path`: lenient peers take the one for the other.
            visit(Place { leaf: Leaf::Broken(member), reach: Reach::Named, holder: None })?;
        }
    }
    ControlFlow::Continue(())
}
