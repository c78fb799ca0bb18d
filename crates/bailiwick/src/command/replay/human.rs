//! A replay for people: what passed first, then counts, then where the policy and the past differ.

use std::fmt::Write as _;

use bailiwick_analysis::counted;
use bailiwick_analysis::replay::{Attack, Cause, Exact, Report, Standing, Tally, Traffic};
use bailiwick_record::audit::visible;

use crate::say::{BAD, BOLD, DIM, GOOD, WARN};

/// Differences that are shown; the other formats have more.
const SHOWN_MAX: usize = 40;

pub(super) fn text(report: &Report, accepted: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(report, accepted, &mut out);
    out
}

fn write(report: &Report, accepted: &[String], out: &mut String) -> std::fmt::Result {
    writeln!(out, "policy {BOLD}{}{BOLD:#}", visible(&report.policy))?;
    if !report.attacks.is_empty() {
        attacks(report, accepted, out)?;
    }
    if let Some(traffic) = &report.traffic {
        self::traffic(traffic, out)?;
    }
    for left in &report.not_inspected {
        writeln!(out, "{WARN}not inspected:{WARN:#} {}: {}", visible(&left.what), visible(&left.why))?;
    }
    Ok(())
}

fn attacks(report: &Report, accepted: &[String], out: &mut String) -> std::fmt::Result {
    let mut pack = "";
    for attack in &report.attacks {
        if attack.pack != pack {
            pack = &attack.pack;
            let of: Vec<&Attack> = report.attacks.iter().filter(|one| one.pack == pack).collect();
            let count = |standing| of.iter().filter(|one| one.standing == standing).count();
            writeln!(
                out,
                "{BOLD}{pack}{BOLD:#}: {} blocked, {} asked, {} passed, {} not exercised",
                count(Standing::Blocked),
                count(Standing::Asked),
                count(Standing::Passed),
                count(Standing::NotExercised)
            )?;
        }
        if attack.standing != Standing::Passed {
            continue;
        }
        let is_accepted = accepted.contains(&format!("{}/{}", attack.pack, attack.id));
        let (style, word) = if is_accepted { (WARN, "accepted") } else { (BAD, "passed") };
        writeln!(out, "  {style}{word}{style:#} {}/{}: {}", attack.pack, attack.id, attack.title)?;
        let sent = visible(&attack.sent);
        writeln!(out, "         {} {} {DIM}{sent}{DIM:#}", visible(&attack.server), visible(&attack.target))?;
        for cause in attack.causes.iter().take(3) {
            writeln!(out, "         {}", told(cause))?;
        }
    }
    let count = |standing| report.count(standing);
    let passed = count(Standing::Passed);
    let style = if passed == 0 { GOOD } else { BAD };
    writeln!(
        out,
        "{}: {} blocked, {} asked about, {style}{passed} passed{style:#}, {} not exercised",
        counted(report.attacks.len(), "attack"),
        count(Standing::Blocked),
        count(Standing::Asked),
        count(Standing::NotExercised)
    )?;
    if count(Standing::NotExercised) > 0 {
        writeln!(
            out,
            "{DIM}not exercised: the policy says nothing of such a server, or a server's name does not tell its kind (--server NAME=KIND){DIM:#}"
        )?;
    }
    Ok(())
}

fn traffic(traffic: &Traffic, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "{} in {} ({}, {}): {GOOD}{} as they were{GOOD:#}",
        counted(traffic.calls, "call"),
        counted(traffic.runs, "run"),
        counted(traffic.files, "file"),
        counted(traffic.lines, "line"),
        traffic.same
    )?;
    let (denied, asked, allowed) = (traffic.now_denied, traffic.now_asked, traffic.now_allowed);
    writeln!(out, "now denied {denied}, now asked about {asked}, now allowed {allowed}")?;
    if let Some(exact) = &traffic.exact {
        self::exact(exact, out)?;
    }
    tallies("tool", &traffic.targets, out)?;
    tallies("principal", &traffic.principals, out)?;
    for difference in traffic.differences.iter().take(SHOWN_MAX) {
        let (place, target) = (visible(&difference.file), visible(&difference.target));
        let style = if difference.now == "deny" { BAD } else { WARN };
        writeln!(
            out,
            "{place}:{} {target}: was {}, now {style}{}{style:#}",
            difference.line, difference.then.effect, difference.now
        )?;
        for cause in difference.causes.iter().take(2) {
            writeln!(out, "    {}", told(cause))?;
        }
    }
    let more = traffic.differences.len().saturating_sub(SHOWN_MAX) as u64 + traffic.omitted;
    if more > 0 {
        writeln!(out, "{} (--format json lists up to 1,000)", counted(more, "more difference"))?;
    }
    Ok(())
}

/// Runs that this policy decided.
fn exact(exact: &Exact, out: &mut String) -> std::fmt::Result {
    let style = if exact.same == exact.decisions { GOOD } else { BAD };
    writeln!(
        out,
        "{} decided by this very policy: {style}{} of {} decisions follow again, with their reasons{style:#}",
        counted(exact.runs, "run"),
        exact.same,
        exact.decisions
    )?;
    for other in exact.differences.iter().take(SHOWN_MAX) {
        let (place, target) = (visible(&other.file), visible(&other.target));
        let masked = if other.is_masked { " (a secret is masked there)" } else { "" };
        writeln!(out, "{place}:{} {target}{masked}", other.line)?;
        writeln!(out, "    then {}", visible(&other.then))?;
        writeln!(out, "    now  {style}{}{style:#}", visible(&other.now))?;
    }
    let more = exact.differences.len().saturating_sub(SHOWN_MAX) as u64 + exact.omitted;
    if more > 0 { writeln!(out, "{more} more (--format json lists up to 1,000)") } else { Ok(()) }
}

fn tallies(what: &str, tallies: &[Tally], out: &mut String) -> std::fmt::Result {
    writeln!(out, "{BOLD}{:>8} {:>8} {:>8} {:>8}  {what}{BOLD:#}", "calls", "allowed", "asked", "denied")?;
    for tally in tallies.iter().take(SHOWN_MAX) {
        let changed = tally.now_denied + tally.now_asked + tally.now_allowed;
        let note = if changed > 0 { format!("  {WARN}{changed} otherwise{WARN:#}") } else { String::new() };
        writeln!(
            out,
            "{:>8} {:>8} {:>8} {:>8}  {}{note}",
            tally.calls,
            tally.allowed,
            tally.asked,
            tally.denied,
            visible(&tally.name)
        )?;
    }
    let more = tallies.len().saturating_sub(SHOWN_MAX);
    if more > 0 { writeln!(out, "and {more} more") } else { Ok(()) }
}

fn told(cause: &Cause) -> String {
    let place = match (&cause.file, cause.line) {
        (Some(file), Some(line)) => format!(" ({}:{line})", visible(file)),
        _ => String::new(),
    };
    let message = if cause.message.is_empty() { String::new() } else { format!(": {}", cause.message) };
    visible(&format!("{} `{}`{place}{message}", cause.source, cause.id))
}
