//! What content guards do with what they find: by guard, level, direction and target.
//!
//! Every entry that covers a message speaks, and the strictest action wins, so that neither order nor a further layer ever
//! loosens anything. A suppression silences an entry only where it stands in every layer that the entry stands in.

mod classifier;
mod logs;
mod name;
mod pace;
mod pattern;
mod requests;

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_mcp::Direction;

pub use self::classifier::{Classifier, Failing};
pub use self::logs::LogLevel;
pub(crate) use self::name::REQUEST_ACTIONS;
pub use self::name::{GuardAction, GuardDirections, GuardLevel, GuardName};
pub(crate) use self::pace::{FloodPart, Floods, Said};
pub use self::pace::{Longest, Paced, Rate};
pub use self::pattern::GuardPattern;
pub(crate) use self::pattern::Spotted;
pub(crate) use self::requests::RequestsPart;
pub use self::requests::{Fault, Requests};
use crate::args::Sense;
use crate::model::Place;
use crate::path::Scratch;
use crate::policy::Policy;
use crate::scope::{Aimed, folded};
use crate::set::Set;
use crate::target::{Target, TargetPattern};
use crate::voices::LayerSet;

/// One setting of one guard.
#[derive(Debug)]
pub(crate) struct GuardEntry {
    pub(crate) guard: GuardName,
    pub(crate) to: GuardDirections,
    /// The targets that it is about, without regard to case; `None`: all.
    pub(crate) on: Option<Vec<TargetPattern>>,
    /// The targets that it is not about, exactly.
    pub(crate) except: Vec<TargetPattern>,
    /// By level; a surer finding has at least the action of a less sure one.
    pub(crate) actions: [GuardAction; 3],
    /// In place of a change to text that the agent may write back.
    pub(crate) write_back: GuardAction,
    /// Texts that are no finding to this entry.
    pub(crate) allow: Option<Set>,
    /// The bound of `size`, in bytes.
    pub(crate) max_bytes: Option<u64>,
    pub(crate) said: Place,
}

/// A finding that is known, where it was seen and until when.
#[derive(Debug)]
pub struct Suppression {
    pub id: String,
    /// Name of the source that it stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: String,
    pub guard: GuardName,
    /// The finding; `None`: whatever the guard finds in a text that fits.
    pub code: Option<String>,
    /// The first moment at which it is over, in microseconds since 1970 (UTC).
    pub until_us: i64,
    pub(crate) on: Vec<TargetPattern>,
    pub(crate) text: Option<Spotted>,
}

/// All that a policy says of guards. A guard that no source names is off.
#[derive(Debug, Default)]
pub struct Guards {
    pub(crate) entries: Vec<(GuardEntry, LayerSet)>,
    /// By direction, the entries that are about every target.
    everywhere: [Applicable; 2],
    suppressions: Vec<(Suppression, LayerSet)>,
    patterns: Vec<GuardPattern>,
    classifier: Option<Classifier>,
    requests: Vec<Requests>,
    logs: Option<(LogLevel, Place)>,
    floods: Floods,
}

/// Indices of entries, and the lowest level from which on one of them acts, by guard.
#[derive(Debug, Clone, Default)]
struct Applicable {
    entries: Vec<u16>,
    from: [Option<GuardLevel>; GuardName::COUNT],
    scoped: bool,
}

/// What the policy says of one message.
#[derive(Debug)]
pub struct GuardView<'p> {
    policy: &'p Policy,
    applicable: Cow<'p, Applicable>,
    direction: Direction,
}

/// Something that a guard found, for [`GuardView::rule`].
#[derive(Debug, Clone, Copy)]
pub struct Found<'f> {
    pub guard: GuardName,
    pub code: &'f str,
    pub level: GuardLevel,
    /// The text that it is about; empty where there is none.
    pub text: &'f str,
}

/// What is to be done with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ruling {
    pub action: GuardAction,
    /// Index of the suppression without which more would be done.
    pub suppressed: Option<usize>,
    /// Index of the entry that says so; see [`GuardView::said`].
    entry: Option<u16>,
}

impl Guards {
    pub(crate) fn new(
        entries: Vec<(GuardEntry, LayerSet)>,
        suppressions: Vec<(Suppression, LayerSet)>,
        patterns: Vec<GuardPattern>,
        classifier: Option<Classifier>,
        requests: Vec<Requests>,
        (logs, floods): (Option<(LogLevel, Place)>, Floods),
    ) -> Guards {
        let everywhere = Default::default();
        let mut guards =
            Guards { entries, everywhere, suppressions, patterns, classifier, requests, logs, floods };
        guards.everywhere = [Direction::ToServer, Direction::ToClient].map(|direction| {
            let about = |entry: &GuardEntry| entry.on.is_none() && entry.except.is_empty();
            let mut all = guards.applicable(direction, about);
            let of_direction = |(entry, _): &(GuardEntry, LayerSet)| entry.to.include(direction);
            all.scoped =
                guards.entries.iter().filter(|entry| of_direction(entry)).any(|(entry, _)| !about(entry));
            all
        });
        guards
    }

    fn applicable(&self, direction: Direction, mut covers: impl FnMut(&GuardEntry) -> bool) -> Applicable {
        let mut out = Applicable::default();
        for (index, (entry, _)) in self.entries.iter().enumerate() {
            if !entry.to.include(direction) || !covers(entry) {
                continue;
            }
            out.entries.extend(u16::try_from(index));
            let from = GuardLevel::ALL.into_iter().find(|level| entry.action(*level) != GuardAction::Off);
            if let (Some(slot), Some(from)) = (out.from.get_mut(entry.guard.index()), from) {
                *slot = Some(slot.map_or(from, |before| before.min(from)));
            }
        }
        out
    }

    /// All suppressions; [`Ruling::suppressed`] is an index into them.
    pub fn suppressions(&self) -> impl ExactSizeIterator<Item = &Suppression> {
        self.suppressions.iter().map(|(suppression, _)| suppression)
    }

    /// Patterns of the operator, whose matches are findings.
    #[must_use]
    pub fn patterns(&self) -> &[GuardPattern] {
        &self.patterns
    }

    /// When an external classifier is asked; `None`: never.
    #[must_use]
    pub fn classifier(&self) -> Option<Classifier> {
        self.classifier
    }

    /// What servers may ask of the client, layer by layer: each must let it pass.
    #[must_use]
    pub fn requests(&self) -> &[Requests] {
        &self.requests
    }

    /// The level that log lines have at least, and where it is said; `None`: any.
    #[must_use]
    pub fn logs(&self) -> Option<&(LogLevel, Place)> {
        self.logs.as_ref()
    }

    /// How fast messages of that kind may come; `None`: as they like.
    #[must_use]
    pub fn pace(&self, paced: Paced) -> Option<&Rate> {
        self.floods.rates.get(paced as usize)?.as_ref()
    }

    /// How long the error of an answer may be; `None`: as long as a message.
    #[must_use]
    pub fn error_bytes(&self) -> Option<&Longest> {
        self.floods.error.as_ref()
    }

    /// The strictest action that any entry has for a finding of this guard and level.
    #[must_use]
    pub fn strictest(&self, guard: GuardName, level: GuardLevel) -> GuardAction {
        let own = self.entries.iter().filter(|(entry, _)| entry.guard == guard);
        own.map(|(entry, _)| entry.action(level)).max().unwrap_or_default()
    }
}

impl GuardEntry {
    pub(crate) fn action(&self, level: GuardLevel) -> GuardAction {
        self.actions.get(level as usize).copied().unwrap_or_default()
    }

    fn covers(&self, aim: Option<Aimed<'_>>, server: &str, scratch: &mut Scratch<'_>) -> bool {
        let Some(aimed) = aim else {
            // Of what has no target of its own nothing is excepted.
            let folded = folded(server);
            let of_server = |pattern: &TargetPattern| pattern.server.matches(server, &folded, true);
            return self.on.as_ref().is_none_or(|on| on.iter().any(of_server));
        };
        let mut any = |patterns: &[TargetPattern], sense| {
            patterns.iter().any(|pattern| pattern.matches(aimed, sense, scratch))
        };
        self.on.as_ref().is_none_or(|on| any(on, Sense::Any)) && !any(&self.except, Sense::Every)
    }
}

impl Policy {
    /// What the guards do with a message in `direction` that is about `target`; without one it is about the whole server.
    #[must_use]
    pub fn guard_view(
        &self,
        target: Option<&Target<'_>>,
        server: &str,
        direction: Direction,
    ) -> GuardView<'_> {
        let [to_server, to_client] = &self.guards().everywhere;
        let everywhere = match direction {
            Direction::ToServer => to_server,
            Direction::ToClient => to_client,
        };
        if !everywhere.scoped {
            return GuardView { policy: self, applicable: Cow::Borrowed(everywhere), direction };
        }
        let object = target.map_or("", Target::object);
        let (server_folded, object_folded) = (folded(server), folded(object));
        let aim = target.map(|target| Aimed {
            target: *target,
            server_folded: &server_folded,
            object_folded: &object_folded,
            labels: None,
        });
        let mut scratch = self.scratch(server);
        let applicable = self.guards().applicable(direction, |entry| entry.covers(aim, server, &mut scratch));
        GuardView { policy: self, applicable: Cow::Owned(applicable), direction }
    }
}

impl GuardView<'_> {
    /// The lowest level of findings that something is done with; `None`: the guard is off.
    #[must_use]
    pub fn from(&self, guard: GuardName) -> Option<GuardLevel> {
        self.applicable.from.get(guard.index()).copied().flatten()
    }

    /// True if no guard is on.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.applicable.from.iter().all(Option::is_none)
    }

    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The smallest bound of `size`, in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> Option<u64> {
        self.entries().filter_map(|(entry, _)| entry.max_bytes).min()
    }

    /// What would be done with an unsuppressed finding of this guard and level, whatever it is about.
    #[must_use]
    pub fn action(&self, guard: GuardName, level: GuardLevel) -> GuardAction {
        let own = self.entries().filter(|(entry, _)| entry.guard == guard);
        own.map(|(entry, _)| entry.action(level)).max().unwrap_or_default()
    }

    /// Where the policy says what is done with a finding.
    #[must_use]
    pub fn said(&self, ruling: &Ruling) -> Option<&Place> {
        self.policy.guards().entries.get(usize::from(ruling.entry?)).map(|(entry, _)| &entry.said)
    }

    /// Where the policy says the strictest that it says of this guard here.
    #[must_use]
    pub fn place(&self, guard: GuardName) -> Option<&Place> {
        let own = self.entries().map(|(entry, _)| entry).filter(|entry| entry.guard == guard);
        own.max_by_key(|entry| entry.actions).map(|entry| &entry.said)
    }

    fn entries(&self) -> impl Iterator<Item = &(GuardEntry, LayerSet)> {
        let all = &self.policy.guards().entries;
        self.applicable.entries.iter().filter_map(|index| all.get(usize::from(*index)))
    }

    /// What is to be done with a finding at this time. `written_back`: the text is such as an agent may write back, so that
    /// it is not changed unless an entry says so.
    #[must_use]
    pub fn rule(
        &self,
        found: &Found<'_>,
        target: Option<&Target<'_>>,
        at_us: i64,
        written_back: bool,
    ) -> Ruling {
        let mut ruling = Ruling { action: GuardAction::Off, suppressed: None, entry: None };
        let mut known: Option<Vec<(usize, LayerSet)>> = None;
        let numbered = self.applicable.entries.iter().zip(self.entries());
        for (index, (entry, layers)) in numbered.filter(|(_, (entry, _))| entry.guard == found.guard) {
            let mut action = entry.action(found.level);
            if action == GuardAction::Off || entry.allow.as_ref().is_some_and(|set| set.is_match(found.text))
            {
                continue;
            }
            if written_back && matches!(action, GuardAction::Strip | GuardAction::Redact) {
                action = entry.write_back;
            }
            let known = known.get_or_insert_with(|| self.suppressed(found, target, at_us));
            let silenced = known.iter().find(|(_, own)| layers & !own == 0);
            if let (Some((suppression, _)), true) = (silenced, action > GuardAction::Log) {
                ruling.suppressed = Some(*suppression);
                action = GuardAction::Log;
            }
            if action > ruling.action {
                (ruling.action, ruling.entry) = (action, Some(*index));
            }
        }
        // Where another entry acts all the same, nothing was suppressed.
        ruling.suppressed = ruling.suppressed.filter(|_| ruling.action <= GuardAction::Log);
        ruling
    }

    /// The suppressions that are about this finding.
    fn suppressed(
        &self,
        found: &Found<'_>,
        target: Option<&Target<'_>>,
        at_us: i64,
    ) -> Vec<(usize, LayerSet)> {
        let Some(target) = target else { return Vec::new() };
        let mut scratch = self.policy.scratch(target.server());
        let (server_folded, object_folded) = (folded(target.server()), folded(target.object()));
        let aimed = Aimed {
            target: *target,
            server_folded: &server_folded,
            object_folded: &object_folded,
            labels: None,
        };
        let mut out = Vec::new();
        for (index, (own, layers)) in self.policy.guards().suppressions.iter().enumerate() {
            let fits = own.guard == found.guard
                && at_us < own.until_us
                && own.code.as_deref().is_none_or(|code| code == found.code)
                && own.text.as_ref().is_none_or(|text| text.is_in(found.text))
                && own.on.iter().any(|pattern| pattern.matches(aimed, Sense::Every, &mut scratch));
            if fits {
                out.push((index, *layers));
            }
        }
        out
    }
}
