//! `bailiwick report`: one page of what was found, used, decided, attacked, changed and approved.

mod drift;
mod files;
mod logs;

use std::sync::Arc;

use bailiwick_analysis::counted;
use bailiwick_analysis::render;
use bailiwick_analysis::replay::{self, Battery, attack, built_in};
use bailiwick_clients::wrap::{State, undoing};
use bailiwick_engine::{Principal, Scanner};
use bailiwick_gateway::relay;
use bailiwick_record::time::TimeText;
use bailiwick_report::history::History;
use bailiwick_report::page::{Page, Policy, Server, Standing};

use crate::args::report::{ReportArgs, ReportFormat};
use crate::args::scan::{FindingsFormat, ScanArgs};
use crate::exit::{self, Failure};
use crate::installed::{self, Survey};
use crate::policies::Layers;
use crate::{command::scan, say};

pub(crate) fn run(args: &ReportArgs) -> Result<i32, Failure> {
    let scanner = Scanner::new();
    let survey = installed::survey_or_trees(&args.choice, &args.paths)?;
    let (findings, inspected) = scan::look(&scan_args(args), &survey, &scanner)?;
    let mut page = Page {
        made: TimeText::new().format(relay::now()).to_owned(),
        program: concat!("bailiwick ", env!("CARGO_PKG_VERSION")).to_owned(),
        files: survey.files.len(),
        servers: servers(&survey, &scanner),
        findings,
        not_inspected: inspected.not_inspected,
        ..Page::default()
    };
    let mut history = History::default();
    let seen = logs::read(args, &mut history, &mut page)?;
    drift::compare(args, &survey, &scanner, &seen, &mut history, &mut page)?;
    if !args.policies.is_empty() {
        attacked(args, scanner, &mut page)?;
    }
    page.tools = history.tools();
    page.timeline = history.timeline();
    page.approvals = history.approvals();
    unlisted(&mut page);
    if history.left_out > 0 {
        let what = counted(history.left_out, "record");
        page.not_inspected.push((what, "more tools, minutes or approvals than are counted".to_owned()));
    }
    write(args, &page)?;
    let worst = bailiwick_report::issues(&page).findings.iter().map(|finding| finding.severity).max();
    let fails = worst.is_some_and(|worst| scan::is_enough(worst, args.fail_on));
    Ok(if fails { exit::FINDINGS } else { exit::OK })
}

fn scan_args(args: &ReportArgs) -> ScanArgs {
    ScanArgs {
        choice: args.choice.clone(),
        paths: args.paths.clone(),
        tools: false,
        yes: false,
        timeout: 1,
        lock: drift::lock_file(args),
        format: FindingsFormat::Human,
        fail_on: args.fail_on,
    }
}

fn servers(survey: &Survey, scanner: &Scanner) -> Vec<Server> {
    let mut servers = Vec::new();
    for installed in &survey.files {
        let Ok(loaded) = &installed.state else { continue };
        for server in &loaded.config.servers {
            let (standing, policies) = match State::of(server) {
                State::Ours { wrapper, .. } if wrapper.is_enforced() => {
                    (Standing::Enforced, wrapper.policies)
                }
                State::Ours { .. } => (Standing::Recorded, Vec::new()),
                // What a person wrote may be in any mode; that it is ours is all that is known.
                State::ByHand if undoing(server).is_some() => (Standing::Bare, Vec::new()),
                State::ByHand => (Standing::Enforced, vec!["wrapped by hand".to_owned()]),
                State::Bare => (Standing::Bare, Vec::new()),
            };
            // As findings name it, so that they are counted to it.
            let name = scanner.redact_secrets(&server.name).into_owned();
            servers.push(Server { client: installed.found.client.clone(), name, standing, policies });
        }
    }
    servers
}

/// Servers that only records know.
fn unlisted(page: &mut Page) {
    for tool in &page.tools {
        let known = |server: &Server| {
            crate::wire::rule_name(&server.name) == tool.server || server.name == tool.server
        };
        if !page.servers.iter().any(known) {
            page.servers.push(Server {
                client: String::new(),
                name: tool.server.clone(),
                standing: Standing::Unlisted,
                policies: Vec::new(),
            });
        }
    }
}

/// Replays the built-in packs against the policy.
fn attacked(args: &ReportArgs, scanner: Scanner, page: &mut Page) -> Result<(), Failure> {
    let policy = Layers::new(&args.policies, None)?.load(say::colour_on_stderr())?.policy;
    let packs = built_in().map_err(|error| Failure::error(format!("a built-in pack is broken: {error}")))?;
    let scanner = Arc::new(scanner);
    let principal = Principal { id: "user:local".to_owned(), ..Principal::default() };
    let battery = Battery { policy: &policy, scanner: &scanner, principal, servers: &[] };
    let report = replay::Report { attacks: attack(&battery, &packs), ..replay::Report::default() };
    page.attacks = Some(bailiwick_report::packs(&report));
    let layers = args.policies.clone();
    page.policy = Some(Policy { layers, digest: policy.digest().to_owned(), rules: policy.rules().len() });
    Ok(())
}

fn write(args: &ReportArgs, page: &Page) -> Result<(), Failure> {
    let issues = || bailiwick_report::issues(page);
    let text = match args.format {
        ReportFormat::Html => bailiwick_report::html(page),
        ReportFormat::Json => bailiwick_report::json(page),
        ReportFormat::Markdown => bailiwick_report::markdown(page),
        ReportFormat::Sarif => render::sarif(&issues(), env!("CARGO_PKG_VERSION"), &scan::here()),
        ReportFormat::Junit => render::junit_of(&issues(), "bailiwick report"),
        ReportFormat::Github => render::github(&issues()),
    };
    match &args.output {
        None => say::line(text.trim_end()),
        Some(path) => {
            bailiwick_disk::put(path, text.as_bytes(), true).map_err(Failure::error)?;
            say::note(&format!("written to {}", path.display()));
        }
    }
    Ok(())
}
