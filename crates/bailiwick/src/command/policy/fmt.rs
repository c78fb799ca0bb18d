//! `bailiwick policy fmt`: the canonical layout of policies and their tests.

use std::io::Read as _;
use std::path::Path;

use bailiwick_policy::{Source, bounds, format};

use crate::args::policy::FmtArgs;
use crate::exit::{self, Failure};
use crate::say;

pub(super) fn run(args: &FmtArgs) -> Result<i32, Failure> {
    let (mut different, mut broken) = (0_usize, false);
    for path in &args.files {
        match one(path, args.check) {
            Ok(true) => different += 1,
            Ok(false) => {}
            Err(failure) => {
                say::failure(&failure);
                broken = true;
            }
        }
    }
    Ok(match (broken, args.check && different > 0) {
        (true, _) => exit::REFUSED,
        (false, true) => exit::FINDINGS,
        (false, false) => exit::OK,
    })
}

/// True if the file is laid out otherwise.
fn one(path: &Path, check: bool) -> Result<bool, Failure> {
    let shown = path.display().to_string();
    let cannot = |error: std::io::Error| Failure::refused(format!("cannot read `{shown}`: {error}"));
    let piped = path == Path::new("-");
    let source = if piped {
        let mut text = String::new();
        let most = u64::try_from(bounds::TEXT_BYTES_MAX).unwrap_or(u64::MAX);
        std::io::stdin().take(most).read_to_string(&mut text).map_err(cannot)?;
        Source { name: shown.clone(), text }
    } else {
        let bytes = bailiwick_disk::bounded(path, bounds::TEXT_BYTES_MAX);
        let bytes = bytes.map_err(|error| cannot(error).help("`-` reads standard input"))?;
        Source::from_utf8(&shown, bytes).map_err(Failure::refused)?
    };
    let made = format::format(&source).map_err(|problems| {
        Failure::report(exit::REFUSED, problems.render(say::colour_on_stderr()).trim_end())
    })?;
    let different = made != source.text;
    match (check, piped) {
        (true, _) if different => say::line(&format!("{shown}: not formatted")),
        (true, _) => {}
        (false, true) => say::line(made.trim_end_matches('\n')),
        (false, false) if different => {
            // All or nothing: a crash leaves the old text or the new one.
            bailiwick_disk::replace(path, Some(source.text.as_bytes()), made.as_bytes())
                .map_err(|error| Failure::error(format!("cannot write `{shown}`: {error}")))?;
            say::line(&format!("{shown}: formatted"));
        }
        (false, false) => {}
    }
    Ok(different)
}
