//! `bailiwick policy schema`: the JSON Schema of policies, for editors.

use bailiwick_analysis::schema::{Root, schema};

use super::check::catalog;
use crate::args::policy::SchemaArgs;
use crate::exit::{self, Failure};
use crate::say;

pub(super) fn run(args: &SchemaArgs) -> Result<i32, Failure> {
    let catalog = args.lock.as_deref().map(catalog).transpose()?;
    let root = if args.tests { Root::Tests } else { Root::Policy };
    let text = serde_json::to_string_pretty(&schema(root, catalog.as_ref()))
        .map_err(|error| Failure::error(format!("the schema cannot be written: {error}")))?;
    say::line(&text);
    Ok(exit::OK)
}
