//! What configurations say now against what was locked; and what runs saw. Nothing is launched for it.

use std::path::PathBuf;

use bailiwick_engine::Scanner;
use bailiwick_record::lock::{Lock, LockedServer};
use bailiwick_report::history::History;
use bailiwick_report::page::{Drift, Page};

use super::logs::Seen;
use crate::args::report::ReportArgs;
use crate::command::run::default_lock;
use crate::exit::Failure;
use crate::installed::{Installed, Survey};
use crate::{launching, wire};

/// The lock file that is meant, if one is.
pub(super) fn lock_file(args: &ReportArgs) -> Option<PathBuf> {
    args.lock.clone().or_else(|| Some(default_lock().to_owned()).filter(|path| path.is_file()))
}

pub(super) fn compare(
    args: &ReportArgs,
    survey: &Survey,
    scanner: &Scanner,
    seen: &Seen,
    history: &mut History,
    page: &mut Page,
) -> Result<(), Failure> {
    let mut drift = seen.drift();
    let Some(path) = lock_file(args) else {
        page.drift = Some(drift).filter(|drift| !drift.is_empty());
        return Ok(());
    };
    let missing = || Failure::error(format!("there is no lock file `{}`", path.display()));
    let lock = Lock::load(&path).map_err(Failure::error)?.ok_or_else(missing)?;
    for (server, locked) in &lock.servers {
        locked.tools.keys().for_each(|tool| history.locked(server, tool));
    }
    for installed in &survey.files {
        file(installed, &lock, scanner, &mut drift, page);
    }
    let what = "what the locked servers offer now".to_owned();
    let why = "nothing is launched for a report; `bailiwick lock --check` asks them".to_owned();
    page.not_inspected.push((what, why));
    page.drift = Some(drift);
    Ok(())
}

fn file(installed: &Installed, lock: &Lock, scanner: &Scanner, drift: &mut Vec<Drift>, page: &mut Page) {
    let Ok(loaded) = &installed.state else { return };
    for server in &loaded.config.servers {
        let mut add = |what: String| drift.push(Drift { server: server.name.clone(), what, at: None });
        let Some(locked) = lock.servers.get(&wire::rule_name(&server.name)) else {
            add(format!("it is configured in `{}` and not locked", installed.found.path.display()));
            continue;
        };
        let launching = match launching::of(&installed.found, server) {
            Ok(launching) => launching,
            Err(why) => {
                page.not_inspected.push((format!("whether `{}` is as locked", server.name), why));
                continue;
            }
        };
        let words = launching.asked.words.iter().map(|word| word.to_string_lossy().into_owned());
        let words = launching::lockable(&words.collect::<Vec<_>>(), scanner);
        let environment =
            launching.asked.environment.iter().map(|(name, _)| name.to_string_lossy().into_owned());
        let was = launching::masked(&locked.command, scanner);
        differences(locked, (&words, &was), environment.collect(), &mut add);
    }
}

fn differences(
    locked: &LockedServer,
    (words, was): (&[String], &[String]),
    mut names: Vec<String>,
    add: &mut impl FnMut(String),
) {
    if was != words {
        add(format!("its command is `{}` and was `{}`", words.join(" "), was.join(" ")));
    }
    names.sort();
    if locked.environment != names {
        let said = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        add(format!("its entry sets the variables {} and set {}", said(&names), said(&locked.environment)));
    }
}
