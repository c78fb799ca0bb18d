//! `bailiwick record`: puts the recorder before clients' servers, and takes it away.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;

use bailiwick_clients::config::Server;
use bailiwick_clients::wrap::Wrapper;

use crate::args::wire::RecordArgs;
use crate::exit::Failure;
use crate::wire::{self, Rewired};
use crate::{places, say};

pub(crate) fn run(args: &RecordArgs) -> Result<i32, Failure> {
    let binary = wire::binary()?;
    let traces = match &args.traces {
        Some(folder) => wire::absolute(folder)?,
        None => wire::absolute(&places::state()?.join("traces"))?,
    };
    // A server under a policy stays under it: it is only recorded as well.
    let start = |server: &Server, now: Option<&Wrapper>| {
        let base = now.cloned().unwrap_or_else(|| Wrapper {
            binary: binary.clone(),
            server: wire::rule_name(&server.name),
            policies: Vec::new(),
            lock: None,
            trace: None,
        });
        Some(Wrapper { binary: binary.clone(), trace: Some(traces.clone()), ..base })
    };
    let stop = |_: &Server, now: Option<&Wrapper>| {
        let wrapper = now.filter(|wrapper| wrapper.is_enforced())?;
        Some(Wrapper { trace: None, ..wrapper.clone() })
    };
    if !args.stop && !args.edit.dry_run {
        // A server whose trace cannot be written would not start.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&traces);
        made.map_err(|error| {
            Failure::error(format!("cannot make the folder of traces `{traces}`: {error}"))
                .help("name another one with --traces DIR; nothing was changed")
        })?;
    }
    let rewired = match args.stop {
        true => wire::rewire(&args.which, &args.edit, &stop)?,
        false => wire::rewire(&args.which, &args.edit, &start)?,
    };
    if !args.edit.dry_run {
        said(&rewired, args.stop, &traces);
    }
    Ok(wire::status_of(&rewired))
}

fn said(rewired: &Rewired, stop: bool, traces: &str) {
    if rewired.changed > 0 {
        say::line("restart the client, so that it takes up the change");
    }
    if rewired.covered > 0 && !stop {
        say::line(&format!("traces go to {traces}; nothing is stopped while a server is only recorded"));
    }
}
