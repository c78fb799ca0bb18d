//! `guards list` and `guards explain`.

use bailiwick_guard::{Guard, Level, codes};

use super::scan::points;
use crate::exit::{self, Failure};
use crate::say::{self, BOLD, DIM};

pub(super) fn run() -> i32 {
    for guard in Guard::ALL {
        say::line(&format!("{BOLD}{:<15}{BOLD:#} {}", guard.as_str(), guard.describe()));
        let codes: Vec<&str> = codes().filter(|code| code.guard == guard).map(|code| code.code).collect();
        if !codes.is_empty() {
            say::line(&format!("{:<15} {DIM}{}{DIM:#}", "", codes.join(" ")));
        }
    }
    let levels = Level::ALL.map(|level| format!("{} from {}", level.as_str(), points(level.result_points())));
    say::line(&format!("levels of results: {}", levels.join(", ")));
    exit::OK
}

pub(super) fn explain(code: &str) -> Result<i32, Failure> {
    let fits = |known: &bailiwick_guard::Code| match code.split_once('/') {
        Some((guard, code)) => known.guard.as_str() == guard && known.code == code,
        None => known.code == code || known.guard.as_str() == code,
    };
    let found: Vec<_> = codes().filter(fits).collect();
    if found.is_empty() {
        return Err(Failure::error(format!("no guard has a code `{code}`"))
            .help("`bailiwick guards list` shows all; the codes of services' tokens stand in docs/reference/guards.md"));
    }
    for known in found {
        say::line(&format!("{BOLD}{}/{}{BOLD:#}: {}", known.guard.as_str(), known.code, known.message));
        say::line(&format!("  {}: {}", known.guard.as_str(), known.guard.describe()));
    }
    Ok(exit::OK)
}
