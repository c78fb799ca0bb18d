//! `bailiwick explain`: what a finding means and what to do.

use bailiwick_analysis::render::lint::grade;
use bailiwick_analysis::scan::beyond::BEYOND;
use bailiwick_analysis::scan::{AUDITS, audit};
use bailiwick_policy::lint::LINTS;

use crate::args::scan::ExplainArgs;
use crate::exit::{self, Failure};
use crate::meant::nearest;
use crate::say::{self, BOLD, DIM};

pub(crate) fn run(args: &ExplainArgs) -> Result<i32, Failure> {
    let Some(code) = &args.code else {
        for audit in AUDITS.into_iter().chain(BEYOND) {
            say::line(&format!(
                "{BOLD}{:22}{BOLD:#} {:6} {}",
                audit.code,
                audit.severity.as_str(),
                audit.title
            ));
        }
        for lint in LINTS {
            say::line(&format!("{BOLD}{:22}{BOLD:#} {:6} {}", lint.code, grade(lint.grade), lint.title));
        }
        return Ok(exit::OK);
    };
    if let Some(lint) = LINTS.iter().find(|lint| lint.code == code) {
        say::line(&format!("{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", lint.code, grade(lint.grade)));
        say::line(lint.title);
        say::line("");
        say::line(lint.page);
        return Ok(exit::OK);
    }
    let Some(audit) = audit(code) else {
        let known = AUDITS.into_iter().chain(BEYOND).map(|audit| audit.code);
        let meant = nearest(code, known.chain(LINTS.iter().map(|lint| lint.code)));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`? `bailiwick explain` names all of them"),
            None => "`bailiwick explain` names all of them".to_owned(),
        };
        return Err(Failure::new(exit::USAGE, format!("there is no finding `{code}`")).help(help));
    };
    say::line(&format!("{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}", audit.code, audit.severity.as_str()));
    say::line(audit.title);
    say::line("");
    say::line(audit.page);
    Ok(exit::OK)
}
