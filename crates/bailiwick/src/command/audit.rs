//! `bailiwick audit`: show, follow, verify.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use bailiwick_analysis::counted;
use bailiwick_record::audit::{Follow, PublicKey, Records, Severity, Style, render_line, verify_file};

use crate::args::AuditCommand;
use crate::exit::{self, Failure};
use crate::places;
use crate::say::{self, BAD, GOOD, WARN};

pub(crate) fn run(command: &AuditCommand) -> Result<i32, Failure> {
    match command {
        AuditCommand::Show { file, denied } => show(file, *denied),
        AuditCommand::Follow { file } => follow(file),
        AuditCommand::Verify { file, key } => verify(file, key.as_deref()),
    }
}

/// The log, if it is a file.
fn opened(path: &Path) -> Result<File, Failure> {
    let cannot = |error| Failure::error(format!("cannot read `{}`: {error}", path.display()));
    bailiwick_disk::open(path).map_err(cannot)
}

fn style() -> Style {
    Style { colour: say::colour() }
}

fn show(path: &Path, denied: bool) -> Result<i32, Failure> {
    let file = opened(path)?;
    let (mut status, mut broken) = (exit::OK, 0_u64);
    for record in Records::new(BufReader::new(file)) {
        match record {
            Ok(record) if !denied || record.text("verdict").is_some_and(|verdict| verdict != "allow") => {
                say::line(&render_line(&record, style()));
            }
            Ok(_) => {}
            Err(error) => {
                broken += 1;
                if broken == 1 {
                    say::warning(&error.to_string());
                }
                status = exit::ERROR;
            }
        }
    }
    if broken > 1 {
        say::warning(&format!("{} without a record", counted(broken, "line")));
    }
    Ok(status)
}

fn follow(path: &Path) -> Result<i32, Failure> {
    opened(path)?;
    let mut follow = Follow::open(path).map_err(Failure::error)?;
    loop {
        match follow.next(Duration::from_secs(3600)) {
            Ok(Some(record)) => say::line(&render_line(&record, style())),
            Ok(None) => {}
            Err(error) => return Err(Failure::error(error)),
        }
    }
}

fn verify(path: &Path, key: Option<&str>) -> Result<i32, Failure> {
    let trusted = match key {
        Some(key) => Some(key.parse::<PublicKey>().map_err(|error| {
            Failure::new(exit::USAGE, format!("`--key` is not a public key: {error}"))
                .help("the file `audit.pub` beside the signing key holds it")
        })?),
        // Another machine's log can still be checked against itself; the report then says what that is worth.
        None => PublicKey::load(&places::key()?).ok(),
    };
    opened(path)?;
    let report = verify_file(path, trusted).map_err(Failure::error)?;
    for finding in &report.findings {
        let (word, style) = match finding.severity() {
            Severity::Error => ("error", BAD),
            Severity::Warning => ("warning", WARN),
        };
        let place = finding.line.map_or_else(String::new, |line| format!(":{line}"));
        say::line(&format!("{style}{word}{style:#}: {}{place}: {}", path.display(), finding.fault));
    }
    if report.findings_left_out > 0 {
        say::line(&format!("… and {} more", report.findings_left_out));
    }
    let signed = report.signed_up_to.map_or_else(|| "nothing".to_owned(), |seq| format!("record {seq}"));
    let between = match (&report.first_time, &report.last_time) {
        (Some(first), Some(last)) => format!(" from {first} to {last}"),
        _ => String::new(),
    };
    if report.is_ok() {
        say::line(&format!(
            "{GOOD}ok{GOOD:#}: {}{between}, signed up to {signed}",
            counted(report.records, "record")
        ));
        Ok(exit::OK)
    } else {
        say::line(&format!("{BAD}not verified{BAD:#}: {}{between}", counted(report.records, "record")));
        Ok(exit::NOT_VERIFIED)
    }
}
