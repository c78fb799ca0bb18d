//! A valid policy, compiled.

use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::args::KeyPattern;
use crate::guards::{Classifier, FloodPart, Floods, Guards, LogLevel, Requests, RequestsPart};
use crate::history::History;
use crate::index::Index;
use crate::labels::LabelBook;
use crate::layers::{Layers, gather};
use crate::links::{Follow, Follower};
use crate::model::{Discovery, Drift, Effect, Hide, Hit, Limit, Pins, Place, Principal, Rule, Verdict};
use crate::path::{Base, Needed, Scratch, Sieve};
use crate::problem::Problems;
use crate::read::FilePart;
use crate::recall::Desk;
use crate::roles::{RoleBook, RoleEntry};
use crate::schema::Catalog;
use crate::scope::Scope;
use crate::source::{Context, Load, Source};
use crate::target::Aim;
use crate::voices::{Defaults, LayerSet, Voices, bit};

/// More threads than these at once are rare.
const DESKS: usize = 4;

/// A policy that was understood to the last word. It never changes; to change it, compile another.
#[derive(Debug)]
pub struct Policy {
    name: String,
    digest: String,
    pub(crate) defaults: Defaults,
    rules: Vec<Rule>,
    limits: Vec<Limit>,
    guards: Guards,
    pins: Pins,
    pins_place: Option<Place>,
    discovery: Discovery,
    pub(crate) base: Base,
    /// Where evaluations work, one at a time at each; who finds none free makes one.
    pub(crate) desks: [Mutex<Desk>; DESKS],
    pub(crate) scopes: Vec<Scope>,
    /// For each rule the layers that it stands in.
    pub(crate) rule_layers: Vec<LayerSet>,
    pub(crate) limit_scopes: Vec<Scope>,
    pub(crate) sums: Vec<Option<KeyPattern>>,
    /// The words that the paths of its rules need.
    pub(crate) needed: Option<Sieve>,
    pub(crate) index: Index,
    pub(crate) limit_index: Index,
    pub(crate) labels: LabelBook,
    pub(crate) history: History,
    restricts_tasks: bool,
    roles: RoleBook,
    pub(crate) follower: Option<Follower>,
}

/// Compiles `sources`, each of which is a layer: the union of its rules and those of all that it extends.
///
/// Every layer is decided whole, its default included, and the strictest wins; limits of all layers are counted; of guards,
/// pins and discovery the strictest wins; order never matters.
///
/// # Errors
/// Every problem of every file at once.
pub fn compile(sources: Vec<Source>, load: &mut dyn Load, context: &Context) -> Result<Policy, Problems> {
    check(sources, load, context, None).policy
}

/// A policy that was looked at by all means.
#[derive(Debug)]
pub struct Checked {
    /// # Errors
    /// Every problem of every file, warnings included.
    pub policy: Result<Policy, Problems>,
    /// What may not do what it looks like; empty if there are errors, which have the warnings among them.
    pub warnings: Problems,
    /// Targets that name tools of servers which the catalog does not know.
    pub unchecked: usize,
}

/// Compiles as [`compile`] does, and reports what can never match. With a `catalog`, arguments and conditions are compared with
/// the schemas of the tools that they are about.
pub fn check(
    sources: Vec<Source>,
    load: &mut dyn Load,
    context: &Context,
    catalog: Option<&Catalog>,
) -> Checked {
    match gather(sources, load, context, catalog) {
        Ok(mut layers) => {
            let warnings = Problems::new(layers.sources.clone(), std::mem::take(&mut layers.warnings));
            let unchecked = layers.unchecked;
            Checked { policy: Ok(Policy::union(layers)), warnings, unchecked }
        }
        Err(problems) => {
            Checked { policy: Err(problems), warnings: Problems::new(Vec::new(), Vec::new()), unchecked: 0 }
        }
    }
}

impl Policy {
    fn union(layers: Layers) -> Policy {
        let Layers { sources, parts, base, given, sets, .. } = layers;
        let digest = digest(&sources);
        let defaults = defaults(&sources, &parts, &sets, given);
        let name = defaults.names.join(" + ");
        let requests = requests(&parts, &sets, &defaults);
        let floods = floods(&parts, &sets, &defaults);
        let (pins, pins_place) = pins(&parts);
        let discovery =
            Discovery { hide: parts.iter().filter_map(|part| part.hide).max().unwrap_or(Hide::Denied) };
        let mut roles: Vec<RoleEntry> = Vec::new();
        let (mut rules, mut scopes, mut limits, mut limit_scopes) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut labels, mut sequences, mut preconditions) = (Vec::new(), Vec::new(), Vec::new());
        let mut rule_layers = Vec::new();
        let (mut guarding, mut suppressions, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        let logs = logs(&parts);
        let classifiers = parts.iter().filter_map(|part| part.guards.classifier);
        let classifier = classifiers.reduce(Classifier::joined);
        for (part, layers) in parts.into_iter().zip(sets) {
            labels.extend(part.labels);
            sequences.extend(part.sequences);
            preconditions.extend(part.preconditions);
            roles.extend(part.roles);
            guarding.extend(part.guards.entries.into_iter().map(|entry| (entry, layers)));
            suppressions.extend(part.guards.suppressions.into_iter().map(|own| (own, layers)));
            patterns.extend(part.guards.patterns);
            for ruled in part.rules {
                rules.push(ruled.about);
                scopes.push(ruled.scope);
                rule_layers.push(layers);
            }
            for ruled in part.limits {
                limits.push(ruled.about);
                limit_scopes.push(ruled.scope);
            }
        }
        let history = History::new(sequences, preconditions);
        let mut all = scopes.iter().chain(&limit_scopes).chain(&history.scopes);
        let asked = all.any(Scope::asks_labels);
        let tasks =
            |(rule, scope): (&Rule, &Scope)| rule.effect != Effect::Allow && scope.is_about(Aim::Task);
        let mut others = limit_scopes.iter().chain(&history.scopes);
        let restricts_tasks =
            rules.iter().zip(&scopes).any(tasks) || others.any(|scope| scope.is_about(Aim::Task));
        let sum = |limit: &Limit| limit.sum.as_deref().and_then(|path| KeyPattern::new(path).ok());
        Policy {
            name,
            digest,
            defaults,
            rule_layers,
            sums: limits.iter().map(sum).collect(),
            needed: Needed::union(scopes.iter().flat_map(Scope::needed)),
            index: Index::new(scopes.iter()),
            limit_index: Index::new(limit_scopes.iter()),
            rules,
            limits,
            guards: Guards::new(guarding, suppressions, patterns, classifier, requests, (logs, floods)),
            pins,
            pins_place,
            discovery,
            base,
            desks: Default::default(),
            scopes,
            limit_scopes,
            labels: LabelBook::new(labels, asked),
            history,
            restricts_tasks,
            roles: RoleBook::new(roles.into_iter()),
            follower: None,
        }
    }

    /// The same policy, which from now on reads a path as what it leads to, too.
    #[must_use]
    pub fn following(self, links: Arc<dyn Follow>) -> Policy {
        Policy { follower: Some(links), ..self }
    }

    /// True if paths are followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follower.is_some()
    }

    pub(crate) fn scratch<'s>(&'s self, server: &'s str) -> Scratch<'s> {
        Scratch::new(&self.base, self.follower.as_deref(), server)
    }

    /// The names of the given sources, joined by ` + `.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over the texts of all sources, in lower-case hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All rules; [`crate::Hit::rule`] is an index into them.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// All limits; [`Policy::limits_for`] gives indices into them.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// What is decided where no rule of any layer speaks.
    #[must_use]
    pub fn default(&self) -> Verdict {
        Voices::default().verdict(&self.defaults)
    }

    /// The names of the layers, in the order in which they were given.
    #[must_use]
    pub fn layers(&self) -> &[String] {
        &self.defaults.names
    }

    /// The layer whose default decided, where the rules of `hits` alone say less.
    #[must_use]
    pub fn decided_by_default(&self, hits: &[Hit]) -> Option<&str> {
        let mut voices = Voices::default();
        for hit in hits {
            let index = hit.rule as usize;
            let (Some(rule), Some(layers)) = (self.rules.get(index), self.rule_layers.get(index)) else {
                continue;
            };
            voices.hear(rule.effect.verdict(), *layers);
        }
        let layer = voices.by_default(&self.defaults)?;
        self.defaults.names.get(layer).map(String::as_str)
    }

    /// Where the default of that layer stands, of the first without a name. `None`: nobody wrote one, and silence is deny.
    #[must_use]
    pub fn default_place(&self, layer: Option<&str>) -> Option<&Place> {
        let at =
            layer.and_then(|layer| self.defaults.names.iter().position(|name| name == layer)).unwrap_or(0);
        self.defaults.places.get(at)?.as_ref()
    }

    /// True if anything but an allow speaks of the target `task`: else nobody need ask about [`crate::Target::OwnTask`].
    #[must_use]
    pub fn restricts_tasks(&self) -> bool {
        self.restricts_tasks
    }

    #[must_use]
    pub fn guards(&self) -> &Guards {
        &self.guards
    }

    #[must_use]
    pub fn pins(&self) -> Pins {
        self.pins
    }

    /// Where it says how pins are enforced; `None`: nowhere, and what differs is denied.
    #[must_use]
    pub fn pins_place(&self) -> Option<&Place> {
        self.pins_place.as_ref()
    }

    #[must_use]
    pub fn discovery(&self) -> Discovery {
        self.discovery
    }

    /// True if the policy gives roles to nobody.
    pub(crate) fn gives_no_roles(&self) -> bool {
        self.roles.is_empty()
    }

    /// True if `principal` has one of these roles, or none is asked for.
    #[must_use]
    pub fn has_one_of(&self, principal: &Principal, roles: &[String]) -> bool {
        roles.is_empty() || self.roles_of(principal).iter().any(|own| roles.iter().any(|role| role == own))
    }

    /// The principal's own roles, those that the policy gives it, and all that follow from these.
    pub(crate) fn roles_of<'p>(&'p self, principal: &'p Principal) -> Vec<&'p str> {
        self.roles.of(principal)
    }
}

/// What each layer, a given file with those that it extends, is called and says by default.
fn defaults(sources: &[Source], parts: &[FilePart], sets: &[LayerSet], given: usize) -> Defaults {
    let mut out = Defaults::default();
    for (layer, (source, part)) in sources.iter().zip(parts).take(given).enumerate() {
        let own = parts.iter().zip(sets).filter(|(_, set)| **set & bit(layer) != 0).map(|(part, _)| part);
        let strictest = own.filter(|part| part.default.is_some()).max_by_key(|part| part.default);
        out.names.push(part.name.clone().unwrap_or_else(|| source.name.clone()));
        out.verdicts.push(strictest.and_then(|part| part.default).unwrap_or(Some(Verdict::Deny)));
        out.places.push(strictest.and_then(|part| part.default_place.clone()));
    }
    out
}

/// What each layer says of the requests of servers. One that passes over what it does not name and does not name them says
/// nothing; of any other silence is the default, so that no further layer loosens it.
fn requests(parts: &[FilePart], sets: &[LayerSet], defaults: &Defaults) -> Vec<Requests> {
    let mut out = Vec::new();
    for (layer, verdict) in defaults.verdicts.iter().enumerate() {
        let own = parts.iter().zip(sets).filter(|(_, set)| **set & bit(layer) != 0);
        let said = own.filter_map(|(part, _)| part.guards.requests.clone()).reduce(RequestsPart::joined);
        if said.is_some() || verdict.is_some() {
            out.push(Requests::new(said.unwrap_or_default()));
        }
    }
    if out.is_empty() {
        out.push(Requests::new(RequestsPart::default()));
    }
    out
}

/// The highest level that log lines must have, and where it is said first.
fn logs(parts: &[FilePart]) -> Option<(LogLevel, Place)> {
    let levels = parts.iter().filter_map(|part| part.guards.logs.clone());
    levels.reduce(|one, two| if two.0 > one.0 { two } else { one })
}

/// What holds floods back under all layers. One that passes over what it does not name is silent here too.
fn floods(parts: &[FilePart], sets: &[LayerSet], defaults: &Defaults) -> Floods {
    let of = |(layer, verdict): (usize, &Option<Verdict>)| {
        let own = parts.iter().zip(sets).filter(|(_, set)| **set & bit(layer) != 0);
        let said = own.filter_map(|(part, _)| part.guards.floods.clone()).reduce(FloodPart::joined);
        (said.is_some() || verdict.is_some()).then(|| Floods::new(said.unwrap_or_default()))
    };
    let layers = defaults.verdicts.iter().enumerate().filter_map(of);
    layers.reduce(Floods::and).unwrap_or_else(|| Floods::new(FloodPart::default()))
}

/// How pins are enforced, and where the strictest file says so.
fn pins(parts: &[FilePart]) -> (Pins, Option<Place>) {
    let strictest = parts.iter().filter(|part| part.drift.is_some()).max_by_key(|part| part.drift);
    let drift = strictest.and_then(|part| part.drift).unwrap_or(Drift::Deny);
    (Pins { drift }, strictest.and_then(|part| part.drift_place.clone()))
}

fn digest(sources: &[Source]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        let length = u64::try_from(source.text.len()).unwrap_or(u64::MAX);
        hash.update(length.to_le_bytes());
        hash.update(source.text.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
