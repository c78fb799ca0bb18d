//! `bailiwick policy lint`: what is valid in policies and most likely not meant.

use bailiwick_analysis::counted;
use bailiwick_analysis::render::lint as render;
use bailiwick_policy::lint::{Grade, Remark};

use super::check::catalog;
use crate::args::policy::{LintArgs, LintFail, LintFormat};
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

pub(super) fn run(args: &LintArgs) -> Result<i32, Failure> {
    let catalog = args.lock.as_deref().map(catalog).transpose()?;
    let (mut remarks, mut valid): (Vec<Remark>, bool) = (Vec::new(), true);
    for name in &args.policies {
        let layers = Layers::new(std::slice::from_ref(name), args.workspace.as_deref())?;
        let found = layers.lint(catalog.as_ref())?;
        valid &= found.valid;
        remarks.extend(found.remarks);
    }
    // A file that two policies extend is looked at twice.
    let mut seen: Vec<Remark> = Vec::new();
    for remark in remarks {
        if !seen.contains(&remark) {
            seen.push(remark);
        }
    }
    print(&seen, args.format)?;
    let enough = |remark: &Remark| match args.fail_on {
        LintFail::Never => false,
        LintFail::Low => true,
        LintFail::Medium => remark.lint.grade >= Grade::Medium,
        LintFail::High => remark.lint.grade >= Grade::High,
    };
    Ok(match (valid, seen.iter().any(enough)) {
        (false, _) => exit::REFUSED,
        // Whoever reads SARIF decides.
        (true, true) if args.format != LintFormat::Sarif => exit::FINDINGS,
        (true, _) => exit::OK,
    })
}

fn print(remarks: &[Remark], format: LintFormat) -> Result<(), Failure> {
    let text = match format {
        LintFormat::Human if remarks.is_empty() => "nothing found".to_owned(),
        LintFormat::Human => {
            let count = remarks.len();
            format!(
                "{}\n{}; `bailiwick explain CODE` says more",
                render::human(remarks),
                counted(count, "finding")
            )
        }
        LintFormat::Json => render::json(remarks),
        LintFormat::Github => render::github(remarks),
        LintFormat::Sarif => {
            let root = std::env::current_dir()
                .map_err(|error| Failure::error(format!("the current directory is not known: {error}")))?;
            render::sarif(remarks, env!("CARGO_PKG_VERSION"), &root.to_string_lossy())
        }
    };
    if !text.is_empty() {
        say::line(&text);
    }
    Ok(())
}
