//! `bailiwick guards`: scan, bench, explain, list.

mod bench;
mod cost;
mod curve;
mod hostile;
mod judge;
mod list;
mod page;
mod rows;
mod sarif;
mod scan;

use crate::args::GuardsCommand;
use crate::exit::Failure;

pub(crate) fn run(command: &GuardsCommand) -> Result<i32, Failure> {
    match command {
        GuardsCommand::Scan { files, kind, format, fail_on } => scan::run(files, *kind, *format, fail_on),
        GuardsCommand::Bench { paths, format, rows, speed, write_docs } => {
            bench::run(paths, *format, (*rows, *speed), write_docs.as_deref())
        }
        GuardsCommand::Explain { code } => list::explain(code),
        GuardsCommand::List => Ok(list::run()),
    }
}
