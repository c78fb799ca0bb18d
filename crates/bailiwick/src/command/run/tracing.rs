//! The trace of a run, where one is wanted.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bailiwick_engine::{Outcome, Pins, Scanner, Settings};
use bailiwick_gateway::relay::{self, Observer};
use bailiwick_policy::{Context, Policy};
use bailiwick_record::trace::{About, Shelf, Trace, Whereabouts, pins_text};

use crate::exit::Failure;
use crate::say;

pub(super) fn open(
    place: Option<(&Path, Whereabouts)>,
    run: &str,
    (settings, scanner): (&Settings, &Arc<Scanner>),
    (policy, pins): (&Policy, Option<&Pins>),
) -> Result<Option<Arc<Trace>>, Failure> {
    let Some((folder, whereabouts)) = place else { return Ok(None) };
    let about = About {
        run: run.to_owned(),
        server: settings.server.to_string(),
        principal: settings.principal.id.clone(),
        roles: settings.principal.roles.clone(),
        mode: format!("{:?}", settings.mode).to_lowercase(),
        policy: policy.digest().to_owned(),
        nonce: settings.nonce.clone(),
        limits: settings.limits,
        pins: pins.map(pins_text),
        whereabouts,
    };
    let trace = Trace::open(folder, about, relay::now(), Arc::clone(scanner), alarm());
    trace.map(|trace| Some(Arc::new(trace))).map_err(|error| no_trace(folder, &error))
}

/// Where paths of a server's runs lead; links of one on this machine are followed from this folder.
pub(crate) fn whereabouts(context: &Context, follows: bool) -> Whereabouts {
    let here = std::env::current_dir().ok().and_then(|here| here.into_os_string().into_string().ok());
    let (workspace, home) = (context.workspace.clone(), context.home.clone());
    Whereabouts { workspace, directory: here.filter(|_| follows), home }
}

/// Where the runs of a gateway are written, if they are.
pub(crate) fn shelf(folder: Option<&Path>, scanner: &Arc<Scanner>) -> Result<Option<Arc<Shelf>>, Failure> {
    let Some(folder) = folder else { return Ok(None) };
    let shelf = Shelf::open(folder, Arc::clone(scanner), alarm());
    shelf.map(|shelf| Some(Arc::new(shelf))).map_err(|error| no_trace(folder, &error))
}

fn alarm() -> Box<dyn Fn(&io::Error) + Send + Sync> {
    Box::new(|error| say::warning(&format!("the trace cannot be written, and goes no further: {error}")))
}

fn no_trace(folder: &Path, error: &io::Error) -> Failure {
    Failure::refused(format!("cannot write a trace in `{}`: {error}", folder.display()))
        .help("give another place with --trace DIR")
}

pub(super) fn end(trace: Option<&Trace>, why: &str) {
    if let Some(trace) = trace {
        trace.end(relay::now(), why);
    }
}

/// Whoever watches sees every outcome; the trace, if there is one, takes it down first.
pub(super) fn observer(
    trace: Option<Arc<Trace>>,
    words_of: impl Fn(&Outcome<'_>) -> Option<String> + Send + Sync + 'static,
) -> Observer {
    match trace {
        None => Box::new(words_of),
        Some(trace) => Box::new(move |outcome| {
            trace.take_down(outcome);
            words_of(outcome)
        }),
    }
}
