//! `bailiwick enforce`: puts a policy before clients' servers, proves it, and takes it away.

use bailiwick_clients::config::Server;
use bailiwick_clients::wrap::Wrapper;
use bailiwick_policy::bundled;
use bailiwick_record::lock::Lock;

use crate::args::wire::EnforceArgs;
use crate::command::status;
use crate::exit::{self, Failure};
use crate::policies::Layers;
use crate::{say, wire};

pub(crate) fn run(args: &EnforceArgs) -> Result<i32, Failure> {
    if args.stop {
        let rewired = wire::rewire(&args.which, &args.edit, &|_, _| None)?;
        return Ok(wire::status_of(&rewired));
    }
    // Before anything is touched: a policy that does not load would keep every server from starting.
    Layers::new(&args.policies, None)?.load(say::colour_on_stderr())?;
    let policies = args.policies.iter().map(|name| lasting(name)).collect::<Result<Vec<_>, _>>()?;
    let lock = match &args.lock {
        None => None,
        Some(path) => {
            let missing = || {
                Failure::refused(format!("there is no lock file `{}`", path.display()))
                    .help("make it with `bailiwick lock --client ID`; nothing was changed")
            };
            Lock::load(path).map_err(Failure::refused)?.ok_or_else(missing)?;
            Some(wire::absolute(path)?)
        }
    };
    let binary = wire::binary()?;
    // What was recorded is decided over from now on; the recording ends.
    let decide = |server: &Server, now: Option<&Wrapper>| {
        let server = now.map_or_else(|| wire::rule_name(&server.name), |wrapper| wrapper.server.clone());
        let (binary, policies, lock) = (binary.clone(), policies.clone(), lock.clone());
        Some(Wrapper { binary, server, policies, lock, trace: None })
    };
    let rewired = wire::rewire(&args.which, &args.edit, &decide)?;
    if args.edit.dry_run {
        return Ok(wire::status_of(&rewired));
    }
    if rewired.changed > 0 {
        say::line("restart the client, so that it takes up the change");
    }
    let proven = args.no_proof || status::prove_all(&args.which, args.agreed)?;
    Ok(if proven { wire::status_of(&rewired) } else { exit::ERROR })
}

/// Bundled names stay names; a file is named so that any folder leads to it.
fn lasting(name: &str) -> Result<String, Failure> {
    match bundled(name) {
        Some(_) => Ok(name.to_owned()),
        None => wire::absolute(name.as_ref()),
    }
}
