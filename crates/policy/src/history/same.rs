//! `same`: the argument by which calls belong together.
//!
//! A tightening rule must not be got around by another spelling, so there `./a` and `a`, `1` and `"1"`, `ID` and `id` are the
//! same, and what cannot be told belongs to everything. A rule that loosens wants exactly one value, exactly the same.

use std::ops::ControlFlow;

use bailiwick_mcp::{Kind, Value};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::args::{Input, KeyPattern, Leaf, Sense, URI_PLACE, exact_number};
use crate::bounds::SAME_KEYS_MAX;
use crate::path::{Form, Scratch};

/// One value, as a digest: of any length, and nothing that an agent sends can be made to collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 16]);

/// The values by which a call belongs to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Same {
    /// The rule names no argument: all calls belong together.
    Whole,
    /// These; one that is shared suffices. Never empty.
    Keys(Vec<Key>),
    /// There is none, or it cannot be told which.
    Unknown,
}

/// Where the value is, and in which sense it is read.
#[derive(Debug)]
pub(crate) struct SameKey {
    pub(crate) key: KeyPattern,
    /// [`Sense::Any`] for rules that tighten.
    pub(crate) sense: Sense,
}

impl SameKey {
    pub(crate) fn of(&self, input: Input<'_>, scratch: &mut Scratch<'_>) -> Same {
        let mut keys: Vec<Key> = Vec::new();
        let mut doubt = false;
        let flow = self.key.places(input, self.sense, &mut |place| {
            let known = match place.leaf {
                Leaf::Value(value) => self.value(value, scratch, &mut keys),
                Leaf::Uri(uri) => self.text(uri, URI_PLACE, Form::Uri, scratch, &mut keys),
                Leaf::Broken(_) => false,
            };
            doubt |= !known || keys.len() > SAME_KEYS_MAX;
            if doubt { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        keys.sort_unstable();
        keys.dedup();
        let single = self.sense == Sense::Any || keys.len() == 1;
        if flow.is_break() || doubt || keys.is_empty() || !single { Same::Unknown } else { Same::Keys(keys) }
    }

    /// False if the value is nothing that calls could share.
    fn value(&self, value: Value<'_>, scratch: &mut Scratch<'_>, keys: &mut Vec<Key>) -> bool {
        let loose = self.sense == Sense::Any;
        match value.kind() {
            Kind::Text => {
                value.text().is_some_and(|text| self.text(&text, value.span().0, Form::Text, scratch, keys))
            }
            Kind::Number => match exact_number(value) {
                Some(number) => {
                    keys.push(key(NUMBER, &number.to_string()));
                    true
                }
                // Peers read it differently.
                None => false,
            },
            // A server may take the text for the truth value.
            Kind::True | Kind::False if loose => {
                self.text(value.raw(), value.span().0, Form::Text, scratch, keys)
            }
            Kind::True | Kind::False => {
                keys.push(key(BOOLEAN, value.raw()));
                true
            }
            Kind::Array if loose => {
                // Long lists are unknown: the bound is on the number of keys.
                value
                    .elements()
                    .take(SAME_KEYS_MAX.saturating_add(1))
                    .all(|element| !element.is_array() && self.value(element, scratch, keys))
                    && value.elements().count() > 0
            }
            Kind::Null | Kind::Array | Kind::Object => false,
        }
    }

    /// False if no path can be read from it and a server may still open one.
    fn text(
        &self,
        text: &str,
        place: usize,
        form: Form,
        scratch: &mut Scratch<'_>,
        keys: &mut Vec<Key>,
    ) -> bool {
        if self.sense != Sense::Any {
            keys.push(key(TEXT, text));
            return true;
        }
        let plain: String = text.nfkc().collect::<String>().trim().to_lowercase();
        if let Some(number) = plain.parse::<f64>().ok().filter(|number| number.is_finite()) {
            // A server may take a text for the number in it.
            keys.push(key(NUMBER, &number.to_string()));
            return true;
        }
        // Two spellings of one file share the path that they lead to, and so do two of any other name.
        let readings = scratch.read(place, text, form);
        let paths = readings.all().take(SAME_KEYS_MAX.saturating_add(1));
        let before = keys.len();
        keys.extend(paths.map(|path| key(PATH, &path.to_lowercase())));
        if keys.len() == before {
            keys.push(key(TEXT, &plain));
        }
        !readings.unreadable()
    }
}

const TEXT: u8 = b't';
const NUMBER: u8 = b'n';
const BOOLEAN: u8 = b'b';
const PATH: u8 = b'p';

fn key(kind: u8, text: &str) -> Key {
    let digest = Sha256::new().chain_update([kind]).chain_update(text.as_bytes()).finalize();
    let mut out = [0; 16];
    out.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    Key(out)
}
