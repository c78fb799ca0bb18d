//! `bailiwick quarantine`: what guards withheld, for a person.

use serde_json::Value as Json;

use crate::args::{QuarantineArgs, QuarantineCommand};
use crate::exit::{self, Failure};
use crate::quarantine as store;
use crate::say::{self, BOLD, DIM};

pub(crate) fn run(args: QuarantineArgs) -> Result<i32, Failure> {
    let folder = store::folder()?;
    let fails = |error: std::io::Error| Failure::error(format!("the quarantine cannot be read: {error}"));
    match args.command {
        QuarantineCommand::List => {
            let ids = store::ids(&folder).map_err(fails)?;
            for id in &ids {
                let kept = store::read(&folder, id).map_err(fails)?;
                let text = |key: &str| shown(kept.get(key).and_then(Json::as_str).unwrap_or_default());
                let findings = kept.get("findings").and_then(Json::as_array);
                let first = findings.and_then(|all| all.first()).and_then(Json::as_str).unwrap_or_default();
                let (server, target) = (text("server"), text("target"));
                say::line(&format!("{BOLD}{id}{BOLD:#} {server}/{target} {DIM}{}{DIM:#}", shown(first)));
            }
            Ok(if ids.is_empty() { exit::NOTHING } else { exit::OK })
        }
        QuarantineCommand::Show { id } => {
            let kept = store::read(&folder, &id).map_err(|_| unknown(&id))?;
            for finding in kept.get("findings").and_then(Json::as_array).into_iter().flatten() {
                say::line(&shown(finding.as_str().unwrap_or_default()));
            }
            say::line(&shown(kept.get("message").and_then(Json::as_str).unwrap_or_default()));
            Ok(exit::OK)
        }
        QuarantineCommand::Release { id } => {
            let kept = store::release(&folder, &id).map_err(|_| unknown(&id))?;
            // A person asked for the original: byte for byte, but for masked secrets.
            say::line(kept.get("message").and_then(Json::as_str).unwrap_or_default());
            Ok(exit::OK)
        }
    }
}

/// Nothing that was withheld may draw on the terminal of whoever looks at it.
fn shown(text: &str) -> String {
    bailiwick_record::audit::visible(text)
}

fn unknown(id: &str) -> Failure {
    Failure::error(format!("nothing is kept as `{}`", shown(id))).help("see `bailiwick quarantine list`")
}
