//! Policies by their names, of the disk or of a program's own store.

use std::path::Path;
use std::sync::Arc;

use bailiwick_policy::{BUNDLED, Context, Follow, Load, Policy, Source, bundled, compile, meant};

use super::error::Error;
use crate::links::Links;

/// Policy files: where names lead unless a program brings a store of its own. A name is a path, and what a file extends is looked for beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

/// A policy file above this is refused, in bytes.
const FILE_BYTES_MAX: usize = 4 << 20;

impl Load for Files {
    fn load(&mut self, from: &str, reference: &str) -> Result<Source, String> {
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(reference);
        let name = path.to_string_lossy().into_owned();
        let bytes = bailiwick_disk::bounded(&path, FILE_BYTES_MAX)
            .map_err(|error| format!("cannot read the policy `{name}`: {error}"))?;
        Source::from_utf8(&name, bytes)
    }
}

/// The layers that decide, and where they come from.
pub(super) struct Policies {
    pub(super) names: Vec<String>,
    pub(super) load: Box<dyn Load + Send>,
    pub(super) context: Context,
    /// For a server on this machine.
    pub(super) links: Option<Arc<Links>>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Policies").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Policies {
    /// Reads and compiles all layers. An error anywhere loads nothing (law 4).
    pub(super) fn compile(&mut self) -> Result<Arc<Policy>, Error> {
        let load = &mut *self.load;
        let sources = self.names.iter().map(|name| source(load, name)).collect::<Result<_, _>>()?;
        let policy = compile(sources, load, &self.context)
            .map_err(|problems| Error::Policy(problems.render(false).trim_end().to_owned()))?;
        if policy.guards().classifier().is_some() {
            let why =
                format!("policy `{}` asks an external classifier, which only the command has", policy.name());
            return Err(Error::Policy(why));
        }
        Ok(Arc::new(match &self.links {
            Some(links) => policy.following(Arc::clone(links) as Arc<dyn Follow>),
            None => policy,
        }))
    }
}

fn source(load: &mut dyn Load, name: &str) -> Result<Source, Error> {
    if let Some(text) = bundled(name) {
        return Ok(Source { name: name.to_owned(), text: text.to_owned() });
    }
    load.load("", name).map_err(|cause| match meant(name) {
        Some(meant) => Error::Policy(format!("{cause}; {meant}")),
        None => Error::Policy(format!("{cause}; bundled are: {}", BUNDLED.join(", "))),
    })
}
