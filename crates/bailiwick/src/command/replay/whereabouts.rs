//! The policy, once for each place where something was recorded: its paths lead there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bailiwick_analysis::replay::{LinksThen, Recalled};
use bailiwick_engine::Policy;
use bailiwick_policy::{Context, Follow};
use bailiwick_record::trace::Whereabouts;

use crate::args::replay::ReplayArgs;
use crate::exit::Failure;
use crate::policies::Layers;
use crate::{say, wire};

/// Different places of one replay; what was recorded elsewhere is left out.
const PLACES_MAX: usize = 256;

/// What decides over the runs of one place.
#[derive(Clone)]
pub(super) struct Deciding {
    /// Follows the links that were recorded.
    pub(super) policy: Arc<Policy>,
    /// Follows those of one decision, for runs that are decided again exactly.
    pub(super) own: (Arc<Policy>, Arc<LinksThen>),
}

pub(super) struct Places {
    layers: Layers,
    recalled: Arc<Recalled>,
    /// Of what names none; of everything, if it is given.
    own: Whereabouts,
    is_given: bool,
    known: BTreeMap<Whereabouts, Result<Deciding, String>>,
}

impl Places {
    pub(super) fn new(
        args: &ReplayArgs,
        layers: &Layers,
        recalled: &Arc<Recalled>,
    ) -> Result<Places, Failure> {
        let directory = wire::absolute(args.workspace.as_deref().unwrap_or(Path::new(".")))?;
        let Context { workspace, home } = layers.context().clone();
        Ok(Places {
            layers: layers.clone(),
            recalled: Arc::clone(recalled),
            own: Whereabouts { workspace, directory: Some(directory), home },
            is_given: args.workspace.is_some(),
            known: BTreeMap::new(),
        })
    }

    /// What decides over a run there.
    ///
    /// # Errors
    /// Why nothing does.
    pub(super) fn deciding(&mut self, there: Option<Whereabouts>) -> Result<Deciding, String> {
        let there = there.filter(|_| !self.is_given).unwrap_or_else(|| self.own.clone());
        if !self.known.contains_key(&there) && self.known.len() >= PLACES_MAX {
            return Err(format!("it was recorded in one of more than {PLACES_MAX} workspaces"));
        }
        let (layers, recalled) = (&self.layers, &self.recalled);
        let of = |there: &Whereabouts| load(layers, recalled, there);
        self.known.entry(there).or_insert_with_key(of).clone()
    }
}

fn load(layers: &Layers, recalled: &Recalled, there: &Whereabouts) -> Result<Deciding, String> {
    let context = Context { workspace: there.workspace.clone(), home: there.home.clone() };
    let layers = Layers::placed(layers.names().to_vec(), context);
    let following = |links: Arc<dyn Follow>| {
        let loaded = layers.load(say::colour_on_stderr()).map_err(|failure| failure.message)?.policy;
        let loaded = Arc::try_unwrap(loaded).map_err(|_| "the policy is in use".to_owned())?;
        Ok::<_, String>(Arc::new(loaded.following(links)))
    };
    let then = Arc::new(LinksThen::within(there.directory.clone()));
    let own = following(Arc::clone(&then) as Arc<dyn Follow>)?;
    let policy = following(Arc::new(recalled.within(there.directory.clone())))?;
    Ok(Deciding { policy, own: (own, then) })
}
