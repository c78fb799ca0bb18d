//! `bailiwick status`: which servers are bare, recorded or enforced; with `--prove`, seen in the record of a launch.

mod proof;

use bailiwick_clients::config::{Launch, Server};
use bailiwick_clients::table::Scope;
use bailiwick_clients::wrap::{State, Wrapper};
use bailiwick_engine::Scanner;
use bailiwick_record::audit::visible;
use serde_json::{Value, json};

use crate::args::clients::TextFormat;
use crate::args::wire::{Agreed, ServerChoice, StatusArgs};
use crate::command::clients::state_word;
use crate::exit::{self, Failure};
use crate::installed::{Installed, shown};
use crate::policies::Layers;
use crate::say::{self, BAD, DIM, GOOD, WARN};
use crate::{consent, launching, wire};

/// A server as `status` shows it.
struct Row<'r> {
    installed: &'r Installed,
    server: &'r Server,
    wrapper: Option<Wrapper>,
    /// What is wrong with what stands before it.
    trouble: Option<String>,
    proof: Option<Result<String, String>>,
}

pub(crate) fn run(args: &StatusArgs) -> Result<i32, Failure> {
    let survey = wire::chosen(&args.which)?;
    let mut rows = rows(&survey.files, &args.which);
    if args.prove {
        prove(&mut rows, args.agreed);
    }
    match args.format {
        TextFormat::Json => {
            let rows: Vec<Value> = rows.iter().map(row_json).collect();
            say::line(&json!({ "version": 1, "servers": rows }).to_string());
        }
        TextFormat::Human => rows.iter().for_each(row_human),
    }
    let broken = |row: &Row<'_>| row.trouble.is_some() || matches!(row.proof, Some(Err(_)));
    Ok(if rows.iter().any(broken) { exit::ERROR } else { exit::OK })
}

/// Proves every wrapped server of the choice; tells each, and whether all are proven.
pub(crate) fn prove_all(which: &ServerChoice, agreed: Agreed) -> Result<bool, Failure> {
    let survey = wire::chosen(which)?;
    let mut rows = rows(&survey.files, which);
    rows.retain(|row| row.wrapper.as_ref().is_some_and(Wrapper::is_enforced));
    prove(&mut rows, agreed);
    rows.iter().for_each(row_human);
    Ok(rows.iter().all(|row| matches!(row.proof, Some(Ok(_)))))
}

fn rows<'r>(files: &'r [Installed], which: &ServerChoice) -> Vec<Row<'r>> {
    let mut rows = Vec::new();
    for installed in files {
        let Ok(loaded) = &installed.state else { continue };
        for server in loaded.config.servers.iter().filter(|server| wire::is_meant(which, server)) {
            let wrapper = match State::of(server) {
                State::Ours { wrapper, .. } => Some(wrapper),
                State::Bare | State::ByHand => None,
            };
            let trouble = wrapper.as_ref().and_then(trouble);
            rows.push(Row { installed, server, wrapper, trouble, proof: None });
        }
    }
    rows
}

/// What would keep a wrapped server from starting.
fn trouble(wrapper: &Wrapper) -> Option<String> {
    if !std::path::Path::new(&wrapper.binary).is_file() {
        return Some(format!("`{}` is not there", wrapper.binary));
    }
    if let Some(lock) = wrapper.lock.as_ref().filter(|lock| !std::path::Path::new(lock).is_file()) {
        return Some(format!("the lock file `{lock}` is not there"));
    }
    let layers = Layers::new(&wrapper.policies, None).ok()?;
    layers.load(false).err().map(|failure| failure.message)
}

/// Launches the wrapped entries, several at once; those that came with a project only if a person agrees.
fn prove(rows: &mut [Row<'_>], agreed: Agreed) {
    let of_project =
        |row: &Row<'_>| row.wrapper.is_some() && row.installed.found.kind.scope == Scope::Project;
    let foreign = rows.iter().filter(|row| of_project(row));
    // What cannot be started says so below.
    let asked: Vec<_> = foreign
        .filter_map(|row| launching::whole(&row.installed.found, row.server).ok())
        .map(|launching| launching.asked)
        .collect();
    if !asked.is_empty()
        && let Err(refused) = consent::to_launch(&asked, &Scanner::new(), agreed.yes)
    {
        let why = format!("a project's file names its command; {} (--yes agrees to it)", refused.message);
        for row in rows.iter_mut().filter(|row| of_project(row)) {
            row.proof = Some(Err(why.clone()));
        }
    }
    let due = |row: &&mut Row<'_>| row.wrapper.is_some() && row.proof.is_none();
    let mut due: Vec<&mut Row<'_>> = rows.iter_mut().filter(due).collect();
    for chunk in due.chunks_mut(AT_ONCE_MAX) {
        std::thread::scope(|scope| {
            for row in chunk.iter_mut() {
                scope.spawn(move || {
                    let Some(wrapper) = &row.wrapper else { return };
                    row.proof = Some(proof::prove(&row.installed.found, row.server, wrapper));
                });
            }
        });
    }
}

const AT_ONCE_MAX: usize = 8;

fn row_human(row: &Row<'_>) {
    let state = state_word(row.server);
    let style = if row.wrapper.is_some() { GOOD } else { WARN };
    let name = visible(&format!("{}/{}", row.installed.found.client, row.server.name));
    let detail = match &row.wrapper {
        Some(wrapper) if wrapper.is_enforced() => format!("policy {}", wrapper.policies.join(", ")),
        Some(wrapper) => format!("traces in {}", wrapper.trace.as_deref().unwrap_or_default()),
        None if matches!(row.server.launch, Launch::Remote { .. }) => "reached over the network".to_owned(),
        None => String::new(),
    };
    let path = shown(&row.installed.found.path);
    say::line(&format!("{style}{state:10}{style:#} {name}  {}  {DIM}{path}{DIM:#}", visible(&detail)));
    if let Some(trouble) = &row.trouble {
        say::line(&format!("  {BAD}it will not start:{BAD:#} {}", visible(trouble.trim())));
    }
    match &row.proof {
        Some(Ok(proof)) => say::line(&format!("  {GOOD}proven:{GOOD:#} {}", visible(proof))),
        Some(Err(why)) => say::line(&format!("  {BAD}not proven:{BAD:#} {}", visible(why))),
        None => {}
    }
}

fn row_json(row: &Row<'_>) -> Value {
    let (proof, error) = match &row.proof {
        Some(Ok(proof)) => (Some(proof), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    json!({
        "client": row.installed.found.client, "server": row.server.name,
        "path": row.installed.found.path.to_string_lossy(), "state": state_word(row.server),
        "policies": row.wrapper.as_ref().map(|wrapper| &wrapper.policies),
        "lock": row.wrapper.as_ref().and_then(|wrapper| wrapper.lock.as_ref()),
        "traces": row.wrapper.as_ref().and_then(|wrapper| wrapper.trace.as_ref()),
        "trouble": row.trouble, "proof": proof, "notProven": error,
    })
}
