//! How fast messages may come that no rule is about, and how long an error may be: the defaults hold under any policy that does
//! not change them.

use crate::model::Place;

/// A kind of message whose pace is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paced {
    Ping,
    Progress,
    Log,
    /// News that a list changed.
    ListChanged,
}

impl Paced {
    /// All kinds, with the words of the language.
    pub const ALL: [(&'static str, Paced); 4] = [
        ("ping", Paced::Ping),
        ("progress", Paced::Progress),
        ("log", Paced::Log),
        ("list-changed", Paced::ListChanged),
    ];

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        Paced::ALL.iter().find(|(_, paced)| *paced == self).map_or("", |(word, _)| word)
    }

    /// How many in a second where the policy does not say.
    fn by_default(self) -> Rate {
        let max = match self {
            Paced::Ping => 1_000,
            Paced::Progress | Paced::Log => 10_000,
            Paced::ListChanged => 10,
        };
        Rate { burst: max, max, window_ms: 1_000, place: None }
    }
}

/// A bucket: so many at once, and `max` more over each window.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    pub burst: u64,
    pub max: u64,
    pub window_ms: u64,
    /// Where the policy says so; `None`: it is the default.
    pub place: Option<Place>,
}

/// The most bytes that something may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Longest {
    pub bytes: u64,
    /// Where the policy says so; `None`: it is the default.
    pub place: Option<Place>,
}

/// Bytes of an error where the policy does not say.
const ERROR_BYTES_MAX: u64 = 64 << 10;

/// What a file says of one bound: nothing, that it is off, or what it is.
pub(crate) type Said<T> = Option<Option<T>>;

/// What one file says of floods.
#[derive(Debug, Clone, Default)]
pub(crate) struct FloodPart {
    /// In the order of [`Paced`].
    pub(crate) rates: [Said<Rate>; 4],
    pub(crate) error: Said<Longest>,
}

/// What holds floods back; a bound that is `None` is off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Floods {
    /// In the order of [`Paced`].
    pub(crate) rates: [Option<Rate>; 4],
    pub(crate) error: Option<Longest>,
}

impl FloodPart {
    /// What holds where two files of a layer speak: the stricter of each.
    pub(crate) fn joined(self, other: FloodPart) -> FloodPart {
        let mut others = other.rates.into_iter();
        FloodPart {
            rates: self.rates.map(|own| said(own, others.next().flatten(), Rate::stricter)),
            error: said(self.error, other.error, Longest::stricter),
        }
    }
}

impl Floods {
    /// What is said, and the defaults for the rest.
    pub(crate) fn new(part: FloodPart) -> Floods {
        let mut kinds = Paced::ALL.into_iter();
        let default = || Longest { bytes: ERROR_BYTES_MAX, place: None };
        Floods {
            rates: part.rates.map(|own| {
                let kind = kinds.next();
                own.unwrap_or_else(|| kind.map(|(_, paced)| paced.by_default()))
            }),
            error: part.error.unwrap_or_else(|| Some(default())),
        }
    }

    /// What holds under two layers: the stricter of each.
    pub(crate) fn and(self, other: Floods) -> Floods {
        let mut others = other.rates.into_iter();
        Floods {
            rates: self.rates.map(|own| strictest(own, others.next().flatten(), Rate::stricter)),
            error: strictest(self.error, other.error, Longest::stricter),
        }
    }
}

impl Rate {
    /// A bucket that lets nothing through that one of the two would not: the smaller one, filled as slowly as the slower one.
    fn stricter(self, other: Rate) -> Rate {
        let burst = self.burst.min(other.burst);
        let speed = |own: &Rate, other: &Rate| u128::from(own.max).saturating_mul(other.window_ms.into());
        let slower = if speed(&other, &self) < speed(&self, &other) { other } else { self };
        Rate { burst, ..slower }
    }
}

impl Longest {
    fn stricter(self, other: Longest) -> Longest {
        if other.bytes < self.bytes { other } else { self }
    }
}

/// What is said by one of them, else the stricter of both.
fn said<T>(one: Said<T>, two: Said<T>, stricter: fn(T, T) -> T) -> Said<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(strictest(one, two, stricter)),
        (one, two) => one.or(two),
    }
}

/// The stricter of two bounds, each of which may be off.
fn strictest<T>(one: Option<T>, two: Option<T>, stricter: fn(T, T) -> T) -> Option<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(stricter(one, two)),
        (one, two) => one.or(two),
    }
}

#[cfg(test)]
mod tests {
    use super::{Paced, Rate};
    use crate::{Context, Load, Policy, Source, compile};

    struct Folder;

    impl Load for Folder {
        fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
            let text = "version: 1\nguards: { pace: { ping: 7/1s, log: off }, error-bytes: 2KiB }".to_owned();
            Ok(Source { name: reference.to_owned(), text })
        }
    }

    fn of(layers: &[&str]) -> Policy {
        let sources = layers.iter().enumerate();
        let sources = sources.map(|(index, text)| Source {
            name: format!("{index}.yaml"),
            text: format!("version: 1\n{text}\n"),
        });
        let compiled = compile(sources.collect(), &mut Folder, &Context::default());
        compiled.unwrap_or_else(|problems| panic!("{}", problems.render(false)))
    }

    /// Burst, number and milliseconds by kind, and the bytes of an error; 0 where there is no bound.
    fn bounds(policy: &Policy) -> ([(u64, u64, u64); 4], u64) {
        let shown = |rate: &Rate| (rate.burst, rate.max, rate.window_ms);
        let rates = Paced::ALL.map(|(_, paced)| policy.guards().pace(paced).map_or((0, 0, 0), shown));
        (rates, policy.guards().error_bytes().map_or(0, |own| own.bytes))
    }

    const ALLOW: &str = "rules: [{ id: ID, effect: allow, on: sampling }]";

    fn layer(id: &str, more: &str) -> String {
        format!("{}\n{more}", ALLOW.replace("ID", id))
    }

    const DEFAULT: [(u64, u64, u64); 4] =
        [(1_000, 1_000, 1_000), (10_000, 10_000, 1_000), (10_000, 10_000, 1_000), (10, 10, 1_000)];

    #[test]
    fn what_no_policy_names_has_its_defaults() {
        assert_eq!(bounds(&of(&[&layer("a", "")])), (DEFAULT, 65_536));
        let passing = "default: pass\nrules: [{ id: a, effect: deny, on: roots }]";
        assert_eq!(bounds(&of(&[passing])).1, 65_536, "though nobody speaks");
    }

    #[test]
    fn a_word_changes_one_bound_and_off_all_of_them() {
        let one = of(&[&layer("a", "guards: { pace: { log: 5000/10s } }")]);
        let [ping, progress, _, changed] = DEFAULT;
        assert_eq!(bounds(&one), ([ping, progress, (5_000, 5_000, 10_000), changed], 65_536));
        let place = one.guards().pace(Paced::Log).and_then(|rate| rate.place.clone());
        assert_eq!(place.map(|place| (place.file.to_string(), place.line)), Some(("0.yaml".to_owned(), 3)));
        let off = of(&[&layer("a", "guards: { pace: off, error-bytes: off }")]);
        assert_eq!(bounds(&off), ([(0, 0, 0); 4], 0));
    }

    #[test]
    fn no_layer_loosens_what_another_holds() {
        let off = layer("a", "guards: { pace: off, error-bytes: off }");
        let silent = layer("b", "");
        assert_eq!(bounds(&of(&[&off, &silent])), (DEFAULT, 65_536));
        let passing = "default: pass\nrules: [{ id: b, effect: deny, on: roots }]";
        assert_eq!(bounds(&of(&[&off, passing])), ([(0, 0, 0); 4], 0), "it says nothing");
        // 100 a minute is slower than 10 a second, whose bucket is smaller.
        let slow = layer("a", "guards: { pace: { ping: 100/1m }, error-bytes: 1KiB }");
        let small = layer("b", "guards: { pace: { ping: 10/1s }, error-bytes: 1MiB }");
        for layers in [[&*slow, &*small], [&*small, &*slow]] {
            let (rates, bytes) = bounds(&of(&layers));
            assert_eq!((rates[0], bytes), ((10, 100, 60_000), 1_024));
        }
    }

    #[test]
    fn files_of_one_layer_join() {
        let joined = layer("a", "extends: base.yaml\nguards: { pace: { ping: 9/1s }, error-bytes: 4KiB }");
        let (rates, bytes) = bounds(&of(&[&joined]));
        assert_eq!(rates, [(7, 7, 1_000), DEFAULT[1], (0, 0, 0), DEFAULT[3]]);
        assert_eq!(bytes, 2_048);
    }
}
