//! All servers of clients or of a tree: launched after consent, several at once, and locked or compared together.

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick_analysis::counted;
use bailiwick_analysis::scan::danger;
use bailiwick_clients::config::{Launch, Server};
use bailiwick_disk::Found;
use bailiwick_engine::Scanner;
use bailiwick_guard::imitates;
use bailiwick_record::audit::visible;
use bailiwick_record::lock::{Lock, LockedServer};

use super::{Mode, contents, lock_of};
use crate::args::lock::LockArgs;
use crate::exit::{self, Failure};
use crate::installed;
use crate::offer::{self, Asked, Offered};
use crate::say::{self, BOLD, WARN};
use crate::{consent, launching, wire};

/// A server that is to be locked, by the name that rules know it by.
struct Due {
    name: String,
    asked: Asked,
    /// Reached over the network, without a bridge of ours in the entry: its client may sign in to it in a way that we cannot.
    is_bare_remote: bool,
    /// Names of variables that the entry sets.
    environment: Vec<String>,
}

/// One over the network that is not asked, or does not answer.
struct Silent {
    name: String,
    /// For people: the client's id and the server's name.
    shown: String,
    why: String,
}

pub(super) fn run(args: &LockArgs) -> Result<i32, Failure> {
    let mode = Mode::of(args);
    let before = super::load(args, mode)?;
    let (mut due, mut silent) = meant(args)?;
    if let Some(only) = &args.update {
        due.retain(|due| due.name == *only);
        silent.retain(|silent| silent.name == *only);
    }
    if due.is_empty() && silent.is_empty() {
        return Err(Failure::new(exit::NOTHING, "no such server was found in any client's configuration")
            .help("`bailiwick clients` lists what is there"));
    }
    let scanner = Scanner::new();
    let answers = answers(args, &due, &scanner)?;
    let now = locked(due, answers, &mut silent, before.as_ref(), &scanner)?;
    for Silent { shown, why, .. } in &silent {
        say::line(&format!("{WARN}not locked:{WARN:#} {}: {}", visible(shown), visible(why)));
    }
    match mode {
        Mode::Write | Mode::Update if now.is_empty() => {
            Err(Failure::error("none of these servers can be asked from here, and nothing was written"))
        }
        // Nobody looked at what is not in the file and cannot be asked, so it is no more as it was locked than a new tool is.
        Mode::Check if !silent.is_empty() => conclude(args, mode, before, now).map(|_| exit::DRIFT),
        Mode::Write | Mode::Update | Mode::Check | Mode::Diff => conclude(args, mode, before, now),
    }
}

/// What they say, after a person agreed.
fn answers(
    args: &LockArgs,
    due: &[Due],
    scanner: &Scanner,
) -> Result<Vec<Result<Offered, Failure>>, Failure> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<Asked> = due.iter().map(|due| due.asked.clone()).collect();
    consent::to_launch(&asked, scanner, args.yes)?;
    let progress = launching::progress(asked.len());
    let answers = offer::ask_all(&asked, Duration::from_secs(args.timeout), &|server| {
        progress.set_message(visible(&server.name));
        progress.inc(1);
    });
    progress.finish_and_clear();
    Ok(answers)
}

/// The servers that are meant. Two different ones of one name cannot stand in one lock file.
fn meant(args: &LockArgs) -> Result<(Vec<Due>, Vec<Silent>), Failure> {
    let survey = installed::survey_or_trees(&args.choice, &args.paths)?;
    let mut due: BTreeMap<String, Due> = BTreeMap::new();
    let mut silent = Vec::new();
    for installed in &survey.files {
        let loaded = installed.state.as_ref().map_err(|unreadable| {
            let path = installed::shown(&installed.found.path);
            let place = unreadable.place.map(|place| format!(":{}:{}", place.line, place.column));
            let (place, why) = (place.unwrap_or_default(), visible(&unreadable.why));
            Failure::error(format!("the servers of {path}{place} cannot be locked: {why}"))
                .help("mend it, or lock the others by --client ID")
        })?;
        for server in loaded.config.servers.iter().filter(|server| is_meant(args, server)) {
            let new = match one(&installed.found, server)? {
                Ok(new) => new,
                Err(none) => {
                    silent.push(none);
                    continue;
                }
            };
            match due.get(&new.name) {
                Some(other) if other.asked.words != new.asked.words => {
                    let message = format!(
                        "`{}` and `{}` are different servers of one name",
                        other.asked.name, new.asked.name
                    );
                    return Err(Failure::error(message)
                        .help("lock each client in a file of its own: --client ID --lock FILE"));
                }
                Some(_) => {}
                None => drop(due.insert(new.name.clone(), new)),
            }
        }
    }
    Ok((due.into_values().collect(), silent))
}

fn is_meant(args: &LockArgs, server: &Server) -> bool {
    server.is_enabled && args.server.as_ref().is_none_or(|name| *name == server.name)
}

/// A remote server that only its client can reach is none to be asked.
fn one(found: &Found, server: &Server) -> Result<Result<Due, Silent>, Failure> {
    let shown = format!("{}/{}", found.client, server.name);
    let launching = match (launching::of(found, server), &server.launch) {
        (Ok(launching), _) => launching,
        (Err(why), Launch::Remote { .. }) => {
            return Ok(Err(Silent { name: wire::rule_name(&server.name), shown, why }));
        }
        (Err(why), Launch::Stdio(_)) => {
            return Err(Failure::error(format!("`{shown}` cannot be launched: {why}")));
        }
    };
    let set = launching.asked.environment.iter();
    let mut environment: Vec<String> = set.map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    environment.sort();
    let is_bare_remote = matches!(server.launch, Launch::Remote { .. });
    Ok(Ok(Due { is_bare_remote, name: wire::rule_name(&server.name), asked: launching.asked, environment }))
}

/// What all of them offer. One that does not answer is an error: an empty lock would pass every check.
fn locked(
    due: Vec<Due>,
    answers: Vec<Result<Offered, Failure>>,
    silent: &mut Vec<Silent>,
    before: Option<&Lock>,
    scanner: &Scanner,
) -> Result<BTreeMap<String, LockedServer>, Failure> {
    let mut now = BTreeMap::new();
    let mut failed = Vec::new();
    for (due, answer) in due.into_iter().zip(answers) {
        match answer {
            Err(failure) if due.is_bare_remote => {
                silent.push(Silent { name: due.name, shown: due.asked.name, why: failure.message });
            }
            Err(failure) => failed.push(format!("{}: {}", due.asked.name, failure.message)),
            Ok(offered) => {
                // The lock file is committed: an argument that is a secret is not.
                let words: Vec<String> =
                    due.asked.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
                let mut server = lock_of(launching::lockable(&words, scanner), &offered);
                server.environment = due.environment;
                server.package = super::resolved::package(&words);
                now.insert(due.name, server);
            }
        }
    }
    // What was locked once has to answer.
    let is_locked = |silent: &mut Silent| before.is_some_and(|lock| lock.servers.contains_key(&silent.name));
    failed.extend(silent.extract_if(.., is_locked).map(|silent| format!("{}: {}", silent.shown, silent.why)));
    match failed.is_empty() {
        true => Ok(now),
        false => Err(Failure::error(format!("some servers did not answer:\n  {}", failed.join("\n  ")))
            .help("nothing was written; mend them, switch them off, or lock the others one by one with --server NAME")),
    }
}

fn conclude(
    args: &LockArgs,
    mode: Mode,
    before: Option<Lock>,
    now: BTreeMap<String, LockedServer>,
) -> Result<i32, Failure> {
    let mut lock = before.unwrap_or_else(Lock::empty);
    let mut drift = false;
    for (name, server) in &now {
        let old = lock.servers.get(name);
        let differences = super::differences(name, old, server);
        drift |= !differences.is_empty();
        let state = if differences.is_empty() { "as locked, " } else { "" };
        say::line(&format!("{BOLD}{}{BOLD:#}: {state}{}", visible(name), contents(server)));
        for difference in differences {
            say::line(&format!("  {}", visible(&difference)));
        }
        for new in introduced(old, server) {
            say::line(&format!("  {WARN}introduces:{WARN:#} {}", visible(&new)));
        }
        for alike in alike(name, server, lock.servers.iter().chain(&now)) {
            say::line(&format!("  {WARN}looks alike:{WARN:#} {}", visible(&alike)));
        }
    }
    match mode {
        Mode::Check => Ok(if drift { exit::DRIFT } else { exit::OK }),
        Mode::Diff => Ok(exit::OK),
        Mode::Update | Mode::Write => {
            if mode == Mode::Update && drift {
                consent::ask("accept this?", args.yes, "nothing was written")?;
            }
            lock.servers.extend(now);
            super::save(&lock, args)?;
            say::line(&format!(
                "{} locked in {}",
                counted(lock.servers.len(), "server"),
                args.lock.display()
            ));
            Ok(exit::OK)
        }
    }
}

/// What an agent could not do before, told by the names of new tools.
fn introduced(old: Option<&LockedServer>, now: &LockedServer) -> Vec<String> {
    let is_new = |tool: &&String| old.is_none_or(|old| !old.tools.contains_key(*tool));
    let new = now.tools.keys().filter(is_new);
    new.filter_map(|tool| danger(tool).map(|what| format!("`{tool}` {what}"))).collect()
}

/// Tools whose names are drawn like those of another server's tools, told with what they look like.
fn alike<'s>(
    name: &str,
    now: &LockedServer,
    all: impl Iterator<Item = (&'s String, &'s LockedServer)>,
) -> Vec<String> {
    let others: Vec<(&String, &LockedServer)> = all.filter(|(other, _)| *other != name).collect();
    let like = |tool: &String| {
        let of = |(server, other): &(&String, &LockedServer)| {
            let known = other.tools.keys().find(|known| imitates(tool, &[known]))?;
            Some(format!("`{tool}` and `{known}` of {server}"))
        };
        others.iter().find_map(of)
    };
    now.tools.keys().filter_map(like).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bailiwick_record::lock::LockedServer;

    use super::alike;

    #[test]
    fn a_name_drawn_like_that_of_another_server_is_told() {
        let server = |tool: &str| {
            let text = format!(
                r#"{{"command":[],"instructions":"","tools":{{"{tool}":{{}}}},"prompts":{{}},"resourceTemplates":{{}}}}"#
            );
            serde_json::from_str::<LockedServer>(&text).unwrap()
        };
        let servers: BTreeMap<String, LockedServer> =
            [("files".to_owned(), server("read_file")), ("evil".to_owned(), server("read_fi1e"))].into();
        assert_eq!(
            alike("evil", &server("read_fi1e"), servers.iter()),
            ["`read_fi1e` and `read_file` of files"]
        );
        assert!(
            alike("other", &server("readFile"), servers.iter().take(1).filter(|(name, _)| *name == "files"))
                .is_empty()
        );
    }
}
