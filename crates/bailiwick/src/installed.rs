//! The configurations of this machine: found, read, with the servers in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bailiwick_clients::config::{Config, read};
use bailiwick_clients::paths::Surroundings;
use bailiwick_clients::place::{Lines, Place};
use bailiwick_clients::table::{System, Table};
use bailiwick_disk::{Content, Found, discover, walk};

use crate::args::clients::ClientChoice;
use crate::exit::{self, Failure};
use crate::meant::nearest;

/// One configuration.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) found: Found,
    pub(crate) state: Result<Loaded, Unreadable>,
}

/// A configuration that could be read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) content: Content,
    pub(crate) config: Config,
    lines: Lines,
}

/// Why one could not.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) place: Option<Place>,
    pub(crate) why: String,
}

/// All that was looked at.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) table: Table,
    pub(crate) files: Vec<Installed>,
    /// What was not looked into, and why.
    pub(crate) not_inspected: Vec<(PathBuf, String)>,
}

impl Loaded {
    pub(crate) fn place(&self, at: usize) -> Place {
        self.lines.place(&self.content.text, at)
    }
}

/// Looks for the chosen clients and reads what they have.
pub(crate) fn survey(choice: &ClientChoice) -> Result<Survey, Failure> {
    let table = table(choice)?;
    let discovery = discover(&table, &choice.clients, &surroundings()?, System::own());
    let files = discovery.files.into_iter().map(load).collect();
    Ok(Survey { table, files, not_inspected: discovery.not_inspected })
}

/// Those of the trees that are named; the machine's where none is.
pub(crate) fn survey_or_trees(choice: &ClientChoice, paths: &[PathBuf]) -> Result<Survey, Failure> {
    if paths.is_empty() {
        return survey(choice);
    }
    let table = table(choice)?;
    let mut survey = Survey { files: Vec::new(), not_inspected: Vec::new(), table };
    for root in paths {
        if !root.exists() {
            return Err(Failure::error(format!("there is no `{}`", root.display())));
        }
        let walk = walk(&survey.table, root, System::own());
        let chosen = |client: &String| choice.clients.is_empty() || choice.clients.contains(client);
        let found = walk.found.into_iter().filter(|found| chosen(&found.client));
        survey.files.extend(found.map(load));
        survey.not_inspected.extend(walk.not_inspected);
    }
    // A file that only has a likely name, and no server in it, was never one of a client's.
    survey.files.retain(|installed| {
        installed.found.client != "other"
            || installed.state.as_ref().is_ok_and(|loaded| !loaded.config.servers.is_empty())
    });
    Ok(survey)
}

/// Reads one file as its client would.
pub(crate) fn load(found: Found) -> Installed {
    let state = open(&found);
    Installed { found, state }
}

fn open(found: &Found) -> Result<Loaded, Unreadable> {
    if found.kind.is_script {
        return Err(Unreadable { place: None, why: "a script, which is not read".to_owned() });
    }
    let content = Content::load(&found.path).map_err(|error| Unreadable { place: None, why: error.why })?;
    let lines = Lines::new(&content.text);
    let config = read(&content.text, &found.kind.reading()).map_err(|fault| {
        let place = lines.place(&content.text, fault.at);
        Unreadable { place: Some(place), why: fault.message }
    })?;
    Ok(Loaded { content, config, lines })
}

/// The table of clients, with what the user adds.
pub(crate) fn table(choice: &ClientChoice) -> Result<Table, Failure> {
    let table = Table::bundled().map_err(Failure::error)?;
    let table = match &choice.table {
        None => table,
        Some(path) => {
            let content = Content::load(path).map_err(Failure::refused)?;
            table.with(&content.text).map_err(|fault| {
                let place = Lines::new(&content.text).place(&content.text, fault.at);
                let (line, column) = (place.line, place.column);
                Failure::refused(format!("{}:{line}:{column}: {}", path.display(), fault.message))
            })?
        }
    };
    if let Some(unknown) = choice.clients.iter().find(|id| !table.clients.contains_key(*id)) {
        let known: Vec<&str> = table.clients.keys().map(String::as_str).collect();
        let meant = nearest(unknown, known.iter().copied());
        let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        return Err(Failure::new(exit::USAGE, format!("there is no client `{unknown}`"))
            .help(format!("{meant}known are {}", known.join(", "))));
    }
    Ok(table)
}

pub(crate) fn surroundings() -> Result<Surroundings, Failure> {
    let home = crate::places::home().ok_or_else(|| {
        Failure::error("the home directory is not known").help("set HOME to an absolute path")
    })?;
    let folder = std::env::current_dir()
        .map_err(|error| Failure::error(format!("the current directory is gone: {error}")))?;
    // What is not UTF-8 cannot be a path that a table names.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let variables: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    Ok(Surroundings { home: PathBuf::from(home), folder, variables })
}

/// A path as people write it: `~` for the home folder, and nothing that a terminal could take for an order.
pub(crate) fn shown(path: &Path) -> String {
    let home = crate::places::home().unwrap_or_default();
    let text = match path.strip_prefix(&home) {
        Ok(rest) if !home.is_empty() => format!("~/{}", rest.display()),
        Ok(_) | Err(_) => path.display().to_string(),
    };
    bailiwick_record::audit::visible(&text)
}
