//! Putting ourselves before clients' servers, and taking ourselves away.

use std::path::Path;

use bailiwick_clients::config::Server;
use bailiwick_clients::table::Scope;
use bailiwick_clients::wrap::{State, Wrapper, editable, undoing};
use bailiwick_disk::{Plan, Records};
use bailiwick_record::audit::visible;
use similar::TextDiff;

use crate::args::wire::{EditArgs, ServerChoice};
use crate::exit::{self, Failure};
use crate::installed::{self, Installed, Survey, shown};
use crate::say::{self, BAD, DIM, GOOD, WARN};
use crate::{command::clients::state_word, places};

/// What is to become of a server: what stands before it, and from then on.
pub(crate) type Decide<'d> = &'d dyn Fn(&Server, Option<&Wrapper>) -> Option<Wrapper>;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Rewired {
    /// Servers that were changed.
    pub(crate) changed: usize,
    /// Servers that were meant and are as they should be, changed or not.
    pub(crate) covered: usize,
    /// Servers that were meant and could not be changed.
    pub(crate) refused: usize,
}

/// Changes every chosen server as `decide` says, and tells what was done.
pub(crate) fn rewire(which: &ServerChoice, edit: &EditArgs, decide: Decide<'_>) -> Result<Rewired, Failure> {
    let survey = chosen(which)?;
    let folder = places::state()?.join("clients");
    let records = Records::open(&folder)
        .map_err(|error| Failure::error(format!("cannot use `{}`: {error}", folder.display())))?;
    let mut rewired = Rewired::default();
    for installed in &survey.files {
        match installed.found.kind.scope {
            Scope::User | Scope::Project => file(installed, which, edit, &records, decide, &mut rewired)?,
            // An administrator's are not ours, and a plugin's come back with its next update.
            scope @ (Scope::Managed | Scope::Plugin) => {
                let path = shown(&installed.found.path);
                say::line(&format!("{WARN}left alone:{WARN:#} {path} is {}", whose(scope)));
            }
        }
    }
    Ok(rewired)
}

fn whose(scope: Scope) -> &'static str {
    match scope {
        Scope::Managed => "an administrator's",
        Scope::Plugin => "a plugin's",
        Scope::User | Scope::Project => "yours",
    }
}

/// The configurations that hold a chosen server; where none is named, all of them.
pub(crate) fn chosen(which: &ServerChoice) -> Result<Survey, Failure> {
    let mut survey = installed::survey(&which.choice)?;
    for unreadable in
        survey.files.iter().filter_map(|installed| Some((installed, installed.state.as_ref().err()?)))
    {
        let (installed, why) = unreadable;
        let place = why.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        say::warning(&format!(
            "{}{place} is left alone: {}",
            shown(&installed.found.path),
            visible(&why.why)
        ));
    }
    let is_chosen = |installed: &Installed| {
        installed
            .state
            .as_ref()
            .is_ok_and(|loaded| loaded.config.servers.iter().any(|server| is_meant(which, server)))
    };
    survey.files.retain(is_chosen);
    match survey.files.is_empty() {
        true => Err(Failure::new(exit::NOTHING, "no such server was found in any client's configuration")
            .help("`bailiwick clients` lists what is there")),
        false => Ok(survey),
    }
}

pub(crate) fn is_meant(which: &ServerChoice, server: &Server) -> bool {
    which.servers.is_empty() || which.servers.contains(&server.name)
}

fn file(
    installed: &Installed,
    which: &ServerChoice,
    edit: &EditArgs,
    records: &Records,
    decide: Decide<'_>,
    rewired: &mut Rewired,
) -> Result<(), Failure> {
    let Ok(loaded) = &installed.state else { return Ok(()) };
    let client = &installed.found.client;
    let mut wanted = Vec::new();
    for (at, server) in loaded.config.servers.iter().enumerate().filter(|(_, server)| is_meant(which, server))
    {
        let name = visible(&format!("{client}/{}", server.name));
        if let Err(why) = editable(server) {
            rewired.refused += usize::from(decide(server, None).is_some());
            say::line(&format!("{WARN}not covered:{WARN:#} {name}: {}", visible(&why.to_string())));
            continue;
        }
        let (now, wrapper) = match State::of_words(server) {
            State::Ours { wrapper, .. } => (true, Some(wrapper)),
            State::Bare | State::ByHand => (false, None),
        };
        let next = decide(server, wrapper.as_ref());
        rewired.covered += 1;
        let is_undone = next.is_some() && undoing(server).is_some();
        if !is_undone && next == wrapper || !now && next.is_none() {
            say::line(&format!("{DIM}as it is:{DIM:#} {name} ({})", state_word(server)));
        } else {
            wanted.push((at, next));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let reading = installed.found.kind.reading();
    let path = &installed.found.path;
    let plan = records.plan(path, loaded.content.clone(), &reading, &wanted).map_err(Failure::error)?;
    if edit.dry_run {
        tell(client, path, &plan, edit, rewired);
        say::line(&diff(path, &plan));
        return Ok(());
    }
    let done = records.carry_out(&plan, &reading);
    done.map_err(|error| {
        Failure::error(error).help("nothing was changed in that file; make it writable, or edit it by hand")
    })?;
    tell(client, path, &plan, edit, rewired);
    Ok(())
}

fn tell(client: &str, path: &Path, plan: &Plan, edit: &EditArgs, rewired: &mut Rewired) {
    let word = if edit.dry_run { "would change:" } else { "changed:" };
    for (server, drifted) in &plan.changed {
        rewired.changed += 1;
        let name = visible(&format!("{client}/{server}"));
        say::line(&format!("{GOOD}{word}{GOOD:#} {name}  {}", shown(path)));
        if *drifted {
            say::line(&format!(
                "  {WARN}the file was laid out anew meanwhile:{WARN:#} the command is what it was, the bytes around it may differ"
            ));
        }
    }
    for skipped in &plan.skipped {
        rewired.refused += 1;
        rewired.covered = rewired.covered.saturating_sub(1);
        let name = visible(&format!("{client}/{}", skipped.server));
        say::line(&format!("{BAD}not changed:{BAD:#} {name}: {}", visible(&skipped.why.to_string())));
    }
}

/// As `diff -u` prints it.
fn diff(path: &Path, plan: &Plan) -> String {
    let name = path.display().to_string();
    let diff = TextDiff::from_lines(&plan.before, &plan.after);
    diff.unified_diff().context_radius(3).header(&name, &name).to_string().trim_end().to_owned()
}

/// A name that rules can speak of, and that no command line takes for a flag.
pub(crate) fn rule_name(name: &str) -> String {
    let wrong = |c: char| {
        c.is_control() || c.is_whitespace() || matches!(c, '/' | '*' | '?' | '[' | ']' | '{' | '}')
            // One that nobody sees is one that nobody could write a rule about.
            || visible(c.encode_utf8(&mut [0; 4])).starts_with("<U+")
    };
    let plain: String = name.chars().map(|c| if wrong(c) { '-' } else { c }).collect();
    if plain.is_empty() || plain.starts_with('-') { format!("server{plain}") } else { plain }
}

/// Our own binary as clients must name it: they start with hardly any `PATH`.
pub(crate) fn binary() -> Result<String, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::error(format!("our own binary cannot be found: {error}")))?;
    let name = own.file_name().and_then(|name| name.to_str());
    if name != Some("bailiwick") {
        return Err(Failure::error(format!("our own binary is called `{}`", own.display()))
            .help("call it `bailiwick`, so that wrapped servers are known again"));
    }
    own.into_os_string().into_string().map_err(|_| Failure::error("the path of our own binary is not UTF-8"))
}

/// A path that holds from any folder.
pub(crate) fn absolute(path: &Path) -> Result<String, Failure> {
    let full = std::path::absolute(path)
        .map_err(|error| Failure::error(format!("`{}`: {error}", path.display())))?;
    full.into_os_string().into_string().map_err(|_| Failure::error("a path is not UTF-8"))
}

pub(crate) fn status_of(rewired: &Rewired) -> i32 {
    if rewired.refused > 0 { exit::ERROR } else { exit::OK }
}
