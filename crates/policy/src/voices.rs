//! Layers: each is decided whole, and the strictest of them wins.

use crate::model::{Place, Verdict};

/// A set of layers, bit by bit in the order in which they were given.
pub(crate) type LayerSet = u64;

/// Most layers in one policy: the bits of [`LayerSet`].
pub(crate) const LAYERS_MAX: usize = 64;

/// The layers of a policy, and what each says about that of which its rules are silent.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    /// What reports call each layer.
    pub(crate) names: Vec<String>,
    /// `None`: the layer passes over what its rules do not name.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// Where each says so, if it does.
    pub(crate) places: Vec<Option<Place>>,
}

/// What the rules of each layer have said about one call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Voices {
    verdict: Option<Verdict>,
    spoke: LayerSet,
}

impl Voices {
    /// A rule of all of `layers` says `verdict`.
    pub(crate) fn hear(&mut self, verdict: Verdict, layers: LayerSet) {
        self.verdict = self.verdict.max(Some(verdict));
        self.spoke |= layers;
    }

    /// The greatest verdict that a rule gave.
    pub(crate) fn spoken(self) -> Option<Verdict> {
        self.verdict
    }

    /// The greatest verdict of all layers: of those that spoke, and of the defaults of those that did not.
    ///
    /// A layer can only make it greater, since no layer's verdict depends on another layer.
    pub(crate) fn verdict(self, defaults: &Defaults) -> Verdict {
        let silent = defaults.silent(self.spoke).filter_map(|(_, verdict)| verdict).max();
        self.verdict.max(silent).unwrap_or(Verdict::Deny)
    }

    /// The first layer whose default decides, where no rule says as much.
    pub(crate) fn by_default(self, defaults: &Defaults) -> Option<usize> {
        let verdict = self.verdict(defaults);
        if self.verdict == Some(verdict) {
            return None;
        }
        defaults
            .silent(self.spoke)
            .find(|(_, default)| *default == Some(verdict))
            .map(|(layer, _)| layer)
            .or(Some(0))
    }
}

impl Defaults {
    /// The layers that are not in `spoke`, with their defaults.
    fn silent(&self, spoke: LayerSet) -> impl Iterator<Item = (usize, Option<Verdict>)> {
        self.verdicts.iter().copied().enumerate().filter(move |(layer, _)| spoke & bit(*layer) == 0)
    }

    /// True if every layer that is not in `opened`, and does not pass, has a default that lets calls through.
    pub(crate) fn open_without(&self, opened: LayerSet) -> bool {
        let mut decides = opened != 0;
        for (_, default) in self.silent(opened) {
            decides |= default.is_some();
            if default == Some(Verdict::Deny) {
                return false;
            }
        }
        decides
    }
}

/// The set that holds one layer.
pub(crate) fn bit(layer: usize) -> LayerSet {
    u32::try_from(layer).ok().and_then(|layer| 1_u64.checked_shl(layer)).unwrap_or(0)
}
