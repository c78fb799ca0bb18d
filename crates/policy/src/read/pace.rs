//! `guards: { pace: …, error-bytes: … }`: what holds floods back.

use super::Reader;
use super::units::{duration_ms, size, whole};
use crate::guards::{FloodPart, Longest, Paced, Rate, Said};
use crate::tree::Node;
use crate::words;

/// The word by which a bound is none.
pub(crate) const OFF: [(&str, ()); 1] = [("off", ())];

impl Reader<'_> {
    pub(super) fn floods(&mut self, pace: Option<&Node>, error: Option<&Node>) -> FloodPart {
        FloodPart {
            rates: pace.map(|own| self.rates(own)).unwrap_or_default(),
            error: error.and_then(|own| self.longest(own)),
        }
    }

    /// A map, or `off` for all kinds.
    fn rates(&mut self, node: &Node) -> [Said<Rate>; 4] {
        if node.scalar().is_some() {
            let off = self.choice(node, "value of `pace`", &OFF);
            return std::array::from_fn(|_| off.map(|()| None));
        }
        let members = self.members(node, &words::PACE, "`pace`").unwrap_or_default();
        Paced::ALL.map(|(word, _)| members.get(word).and_then(|own| self.rate(own, word)))
    }

    /// `100/1s`, or `off`.
    fn rate(&mut self, node: &Node, what: &str) -> Said<Rate> {
        let text = self.word(node, &format!("`{what}`"))?;
        if text == "off" {
            return Some(None);
        }
        let parts = text.split_once('/');
        let read = parts.and_then(|(max, window)| Some((whole(max)?, duration_ms(window)?)));
        let Some((max, window_ms)) = read.filter(|(max, _)| *max <= MAX) else {
            let help = format!("write a whole number up to {MAX} and how long it is for, `100/1s`, or `off`");
            self.wrong(node, format!("`{text}` is no pace"), help);
            return None;
        };
        Some(Some(Rate { burst: max, max, window_ms, place: Some(self.place(node)) }))
    }

    fn longest(&mut self, node: &Node) -> Said<Longest> {
        let text = self.word(node, "`error-bytes`")?;
        if text == "off" {
            return Some(None);
        }
        let Some(bytes) = size(text).filter(|bytes| *bytes >= 1_024) else {
            let help = "write bytes, at least 1KiB: `64KiB`, `1MiB`, or `off`";
            self.wrong(node, format!("`{text}` is not a size"), help);
            return None;
        };
        Some(Some(Longest { bytes, place: Some(self.place(node)) }))
    }
}

/// More than any peer can send.
const MAX: u64 = 1_000_000_000;
