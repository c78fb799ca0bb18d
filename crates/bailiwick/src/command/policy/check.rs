//! `bailiwick policy check`: every mistake of policy files, and with a lock file whether they fit the tools.

use std::path::Path;

use bailiwick_analysis::counted;
use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::Catalog;
use bailiwick_record::lock::Lock;

use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::say;

/// Each file is checked by itself, so that one's errors do not hide another's.
pub(super) fn run(
    policies: &[String],
    workspace: Option<&Path>,
    lock: Option<&Path>,
    strict: bool,
) -> Result<i32, Failure> {
    let tools = lock.map(tools).transpose()?;
    let mut status = exit::OK;
    for name in policies {
        let layers = Layers::new(std::slice::from_ref(name), workspace)?;
        let checked = match layers.check(tools.as_ref().map(|tools| &tools.catalog)) {
            Ok(checked) => checked,
            Err(failure) => {
                say::failure(&failure);
                status = failure.status;
                continue;
            }
        };
        match checked.policy {
            Ok(policy) => {
                let warnings = checked.warnings.warnings();
                if warnings > 0 {
                    say::report(&checked.warnings.render(say::colour_on_stderr()));
                    status = if strict && status == exit::OK { exit::FINDINGS } else { status };
                }
                let (rules, limits) = (policy.rules().len(), policy.limits().len());
                let mut parts = vec![counted(rules, "rule"), counted(limits, "limit")];
                let others = [
                    (policy.sequences().len(), "sequence"),
                    (policy.preconditions().len(), "precondition"),
                    (warnings, "warning"),
                ];
                parts.extend(
                    others.iter().filter(|(count, _)| *count > 0).map(|(count, one)| counted(count, one)),
                );
                say::line(&format!("{name}: ok, {}", parts.join(", ")));
                if let Some(tools) = &tools {
                    say::line(&tools.coverage(checked.unchecked));
                }
            }
            Err(problems) => {
                let report = problems.render(say::colour_on_stderr());
                say::failure(&Failure::report(exit::REFUSED, report.trim_end()));
                status = exit::REFUSED;
            }
        }
    }
    Ok(status)
}

/// What a lock file knows of tools.
struct Tools {
    catalog: Catalog,
    tools: usize,
    without_schema: usize,
}

impl Tools {
    /// What was looked at, and what was not.
    fn coverage(&self, unchecked: usize) -> String {
        let mut out = format!(
            "  compared with the schemas of {}",
            counted(self.tools.saturating_sub(self.without_schema), "tool")
        );
        if self.without_schema > 0 {
            out.push_str(&format!(
                "; {} locked without a schema (`bailiwick lock` adds it)",
                counted(self.without_schema, "tool")
            ));
        }
        if unchecked > 0 {
            let targets = counted(unchecked, "target");
            out.push_str(&format!("; {targets} of tools that no locked server has"));
        }
        out
    }
}

/// What a lock file knows of tools, for whoever needs nothing else.
pub(super) fn catalog(path: &Path) -> Result<Catalog, Failure> {
    tools(path).map(|tools| tools.catalog)
}

fn tools(path: &Path) -> Result<Tools, Failure> {
    let lock = Lock::load(path).map_err(Failure::error)?.ok_or_else(|| {
        Failure::error(format!("there is no lock file `{}`", path.display()))
            .help("make it with `bailiwick lock -- COMMAND`")
    })?;
    let mut found = Tools { catalog: Catalog::default(), tools: 0, without_schema: 0 };
    for (server, locked) in &lock.servers {
        found.catalog.add_server(server);
        for tool in locked.tools.keys() {
            let schema = locked.schema(tool);
            if schema.is_none() && locked.input_schemas.contains_key(tool) {
                let message = format!(
                    "`{}`: the schema of `{server}/{tool}` is not the one that was locked",
                    path.display()
                );
                return Err(Failure::error(message).help("somebody changed it; lock the server again"));
            }
            found.tools = found.tools.saturating_add(1);
            found.without_schema = found.without_schema.saturating_add(usize::from(schema.is_none()));
            let mut parser = Parser::default();
            let parsed =
                schema.as_deref().and_then(|schema| parser.parse(schema.as_bytes(), &Limits::DEFAULT).ok());
            found.catalog.add_tool(server, tool, parsed.map(|parsed| parsed.root()));
        }
    }
    Ok(found)
}
