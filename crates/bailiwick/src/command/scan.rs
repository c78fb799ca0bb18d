//! `bailiwick scan`: what is wrong with the servers that clients are configured to use.

mod exposed;
mod human;

use std::path::Path;
use std::time::Duration;

use bailiwick_analysis::render::{self, Inspected};
use bailiwick_analysis::scan::{self, Facts, File, Offer, Report, Severity, Subject, Tool};
use bailiwick_clients::config::Server;
use bailiwick_clients::place::Lines;
use bailiwick_engine::Scanner;
use bailiwick_record::audit::visible;
use bailiwick_record::lock::Lock;

use crate::args::scan::{FailOn, FindingsFormat, ScanArgs};
use crate::exit::{self, Failure};
use crate::installed::{self, Installed, Loaded, Survey};
use crate::offer::{self, Offered};
use crate::{consent, launching, say};

pub(crate) fn run(args: &ScanArgs) -> Result<i32, Failure> {
    let survey = installed::survey_or_trees(&args.choice, &args.paths)?;
    let (report, inspected) = look(args, &survey, &Scanner::new())?;
    let text = match args.format {
        FindingsFormat::Human => human::text(&report, &inspected),
        FindingsFormat::Json => render::json(&report, &inspected),
        FindingsFormat::Sarif => render::sarif(&report, env!("CARGO_PKG_VERSION"), &here()),
        FindingsFormat::Junit => render::junit(&report),
        FindingsFormat::Markdown => render::markdown(&report, &inspected),
        FindingsFormat::Github => render::github(&report),
    };
    say::line(text.trim_end());
    if survey.files.is_empty() {
        say::help(
            "`bailiwick clients --known` names the places of clients, `--path TREE` looks below a folder",
        );
        return Ok(exit::NOTHING);
    }
    let worst = report.findings.iter().map(|finding| finding.severity).max();
    // Whoever could make a configuration unreadable could hide a finding.
    let unread = survey.files.iter().any(is_unread) && args.fail_on != FailOn::Never;
    let found = worst.is_some_and(|worst| is_enough(worst, args.fail_on));
    let fails = args.format != FindingsFormat::Sarif && (found || unread);
    Ok(if fails { exit::FINDINGS } else { exit::OK })
}

/// True if a configuration, or one of its entries, could not be understood.
fn is_unread(installed: &Installed) -> bool {
    installed.state.as_ref().map_or(true, |loaded| !loaded.config.broken.is_empty())
}

/// What is wrong with the servers of a survey, and what was looked at for it.
pub(crate) fn look(
    args: &ScanArgs,
    survey: &Survey,
    scanner: &Scanner,
) -> Result<(Report, Inspected), Failure> {
    let mut inspected = Inspected { files: survey.files.len(), ..Inspected::default() };
    for (path, why) in &survey.not_inspected {
        inspected.not_inspected.push((path.display().to_string(), why.clone()));
    }
    let files = readable(survey, &mut inspected);
    let offers = offers(args, &files, scanner, &mut inspected)?;
    let paths: Vec<String> = files.iter().map(|(installed, _)| written(&installed.found.path)).collect();
    let mut subject = Subject { files: Vec::new(), home: crate::places::home().unwrap_or_default() };
    for (((installed, loaded), path), offers) in files.iter().zip(&paths).zip(offers) {
        let facts = loaded
            .config
            .servers
            .iter()
            .zip(offers)
            .map(|(server, offer)| Facts { exposed: exposed::program(server), offer });
        subject.files.push(File {
            path,
            client: &installed.found.client,
            scope: installed.found.kind.scope,
            text: &loaded.content.text,
            lines: Lines::new(&loaded.content.text),
            config: &loaded.config,
            dialect: &installed.found.kind.dialect,
            exposed: exposed::file(&installed.found.path),
            facts: facts.collect(),
        });
    }
    Ok((scan::scan(&subject, scanner), inspected))
}

pub(crate) fn is_enough(worst: Severity, fail_on: FailOn) -> bool {
    match fail_on {
        FailOn::Never => false,
        FailOn::Low => true,
        FailOn::Medium => worst >= Severity::Medium,
        FailOn::High => worst >= Severity::High,
    }
}

/// What could be read; the rest is said.
fn readable<'s>(survey: &'s Survey, inspected: &mut Inspected) -> Vec<(&'s Installed, &'s Loaded)> {
    let mut files = Vec::new();
    for installed in &survey.files {
        let path = written(&installed.found.path);
        match &installed.state {
            Err(unreadable) => {
                let place = unreadable.place.map(|place| format!(":{}:{}", place.line, place.column));
                let path = format!("{path}{}", place.unwrap_or_default());
                inspected.not_inspected.push((path, unreadable.why.clone()));
            }
            Ok(loaded) => {
                for broken in &loaded.config.broken {
                    let place = loaded.place(broken.at);
                    let path = format!("{path}:{}:{}", place.line, place.column);
                    inspected.not_inspected.push((path, format!("`{}`: {}", broken.name, broken.why)));
                }
                inspected.servers += loaded.config.servers.len();
                files.push((installed, loaded));
            }
        }
    }
    files
}

/// What each server of each file offers, as far as it is known.
fn offers(
    args: &ScanArgs,
    files: &[(&Installed, &Loaded)],
    scanner: &Scanner,
    inspected: &mut Inspected,
) -> Result<Vec<Vec<Option<Offer>>>, Failure> {
    let locked = args.lock.as_deref().map(locked).transpose()?;
    let of_lock = |server: &Server| locked.as_ref().and_then(|lock| offer_of_lock(lock, server));
    let mut offers: Vec<Vec<Option<Offer>>> =
        files.iter().map(|(_, loaded)| loaded.config.servers.iter().map(of_lock).collect()).collect();
    let mut asked = Vec::new();
    let mut silent = 0;
    for (file, (installed, loaded)) in files.iter().enumerate() {
        for (at, server) in loaded.config.servers.iter().enumerate().filter(|(_, server)| server.is_enabled) {
            if !args.tools {
                silent += 1;
                continue;
            }
            match launching::of(&installed.found, server) {
                Ok(launching) => asked.push((file, at, launching)),
                Err(why) => inspected.not_inspected.push((server.name.clone(), why)),
            }
        }
    }
    if silent > 0 {
        let what = format!("what {silent} of the servers offer");
        inspected.not_inspected.push((what, "not asked (--tools)".to_owned()));
    }
    if asked.is_empty() {
        return Ok(offers);
    }
    let servers: Vec<_> = asked.iter().map(|(_, _, launching)| launching.asked.clone()).collect();
    consent::to_launch(&servers, scanner, args.yes)?;
    let progress = launching::progress(servers.len());
    let answers = offer::ask_all(&servers, Duration::from_secs(args.timeout), &|server| {
        progress.set_message(visible(&server.name));
        progress.inc(1);
    });
    progress.finish_and_clear();
    for ((file, at, launching), answer) in asked.into_iter().zip(answers) {
        match answer {
            Ok(Offered { tools, instructions, .. }) => {
                if let Some(slot) = offers.get_mut(file).and_then(|servers| servers.get_mut(at)) {
                    *slot = Some(Offer { tools, instructions });
                }
            }
            Err(failure) => inspected.not_inspected.push((launching.asked.name, failure.message)),
        }
    }
    Ok(offers)
}

fn locked(path: &Path) -> Result<Lock, Failure> {
    let missing = || Failure::error(format!("there is no lock file `{}`", path.display()));
    Lock::load(path).map_err(Failure::error)?.ok_or_else(missing)
}

fn offer_of_lock(lock: &Lock, server: &Server) -> Option<Offer> {
    let tool = |name: &String| Tool { name: name.clone(), texts: Vec::new() };
    let locked = lock.servers.get(&server.name)?;
    Some(Offer { tools: locked.tools.keys().map(tool).collect(), instructions: None })
}

/// A path as programs need it: relative to the current folder where it lies below.
fn written(path: &Path) -> String {
    let relative =
        std::env::current_dir().ok().and_then(|here| Some(path.strip_prefix(here).ok()?.to_owned()));
    let path = relative.unwrap_or_else(|| path.strip_prefix("./").unwrap_or(path).to_owned());
    visible(&path.display().to_string())
}

pub(crate) fn here() -> String {
    std::env::current_dir().map(|here| here.display().to_string()).unwrap_or_default()
}
