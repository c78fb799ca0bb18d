//! `bailiwick gateway`: MCP servers over HTTP, for many clients.

mod begin;
mod config;
mod plan;
pub(crate) mod queue;
mod reload;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use bailiwick::words_of;
use bailiwick_engine::Scanner;
use bailiwick_gateway::http::{Approver, Everybody, Http, Recording, bind};
use bailiwick_gateway::relay;
use bailiwick_record::entry::Entries;
use bailiwick_sandbox::signals;

use self::config::{At, Setup};
use self::plan::{Planned, plan};
use self::queue::Queue;
use self::reload::Reloads;
use super::run::{audit_alarm, mode, open_audit, record_stop, run_id, tracing};
use crate::args::{DurabilityArg, GatewayArgs, GatewayAsk, ModeArg};
use crate::consult::{self, OfGateway};
use crate::exit::{self, Failure};
use crate::say;

pub(crate) fn run(args: GatewayArgs) -> Result<i32, Failure> {
    // The guards' automata take longer than the policy: both are made at once.
    let scanner = std::thread::spawn(|| Arc::new(Scanner::new()));
    let setup = Setup::of(&args)?;
    for upstream in setup.upstreams.iter().filter(|upstream| upstream.mode != ModeArg::Enforce) {
        let mode = format!("{:?}", mode(upstream.mode)).to_lowercase();
        let name = &upstream.name;
        say::warning(&format!("mode `{mode}` for {name}: nothing is stopped, every message is forwarded"));
    }
    let scanner = scanner.join().map_err(|_| Failure::error("the guards could not be built"))?;
    if args.check {
        return check(&setup, &args, &scanner);
    }
    let planned = plan(&setup, &args, &scanner, None)?;
    let consultant = consult::open(&args.govern.classifier, policies(&planned))?;
    let principal = Arc::new(args.policy.principal());
    let admin = setup.admin.map(admin).transpose()?;
    let admin_address = admin.as_ref().and_then(|admin| admin.local_addr().ok());
    let run = run_id()?;
    let name = match setup.upstreams.as_slice() {
        [one] => one.name.clone(),
        _ => "gateway".to_owned(),
    };
    let log = open_audit(setup.audit.as_deref(), setup.durability, &name, &run)?;
    let entries = Entries::new(log, run, principal.id.clone(), name, Arc::clone(&scanner));
    record_start(&entries, &setup, &planned)?;
    let traces = tracing::shelf(setup.trace.as_deref(), &scanner)?;
    let signals = signals().map_err(|error| Failure::error(format!("cannot listen to signals: {error}")))?;
    let shown = shown(&setup, &planned);
    let Planned { plan, files, bound, .. } = planned;
    let approver = match args.ask {
        GatewayAsk::Approvals => approver(&scanner, args.approvals.as_deref())?,
        GatewayAsk::Never => None,
    };
    let approver: Arc<dyn Approver> = Arc::new(OfGateway { consultant, people: approver });
    let gateway = Http {
        plan,
        approver: Some(approver),
        admin,
        authenticate: Box::new(Everybody(principal)),
        limits: setup.limits,
        workers: begin::workers(args.http.threads),
        recording: Recording {
            entries,
            strict: setup.durability == DurabilityArg::Strict,
            observer: Box::new(words_of(Arc::clone(&scanner))),
            teller: Box::new(say::note),
            alarm: Box::new(audit_alarm),
            keeper: crate::quarantine::keeper()?,
            traces,
        },
    };
    let gateway =
        gateway.start().map_err(|error| Failure::error(format!("cannot start serving: {error}")))?;
    shown.iter().for_each(|line| say::note(line));
    if let Some(address) = admin_address {
        say::note(&format!("admin at http://{address}/"));
    }
    let mut reloads = Reloads::new(&args, scanner, setup.admin, (files, bound));
    let ended_by = gateway.wait(&signals, |gateway, forced| reloads.look(gateway, forced));
    say::note("ending: calls in hand may finish");
    let entries = gateway.stop();
    let why = ended_by.map_or_else(|| "the signals ended".to_owned(), |signal| format!("{signal:?}"));
    record_stop(&entries, "a signal", &why);
    Ok(0)
}

/// The listener for whoever runs the gateway, before anything is served.
fn admin(address: SocketAddr) -> Result<TcpListener, Failure> {
    if !address.ip().to_canonical().is_loopback() {
        say::warning(&format!("{address} (the admin listener) can be reached by others"));
    }
    bind(address).map_err(|error| Failure::refused(format!("cannot serve at {address} (admin): {error}")))
}

/// The queue for `bailiwick approvals`. Without one of its own, everything that would ask is denied, which is no reason not to
/// serve; one in a folder that somebody named has to be there.
fn approver(scanner: &Arc<Scanner>, shared: Option<&Path>) -> Result<Option<Arc<dyn Approver>>, Failure> {
    match Queue::open(scanner, shared) {
        Ok(queue) => Ok(Some(queue)),
        Err(failure) if shared.is_some() => Err(failure),
        Err(failure) => {
            say::warning(&format!("{}; what asks is denied", failure.message));
            Ok(None)
        }
    }
}

fn policies(planned: &Planned) -> impl Iterator<Item = &bailiwick_policy::Policy> {
    planned.plan.services.iter().map(|service| &*service.deciding.policy)
}

/// Everything is read and nothing is served: not even an address is taken.
fn check(setup: &Setup, args: &GatewayArgs, scanner: &Arc<Scanner>) -> Result<i32, Failure> {
    let bound: Vec<_> =
        setup.listeners.iter().map(|listening| (listening.name.clone(), listening.address)).collect();
    let planned = plan(setup, args, scanner, Some(&bound))?;
    consult::named(&args.govern.classifier, policies(&planned))?;
    for (name, policies, _) in &planned.policies {
        say::line(&format!("{name}: {}", policies.join(", ")));
    }
    shown(setup, &planned).iter().for_each(|line| say::line(line));
    Ok(exit::OK)
}

/// A line for each address and path that is served.
fn shown(setup: &Setup, planned: &Planned) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, address) in &planned.bound {
        let tls = setup.listeners.iter().any(|listening| listening.name == *name && listening.tls.is_some());
        let scheme = if tls { "https" } else { "http" };
        for route in &setup.routes {
            if route.listeners.is_empty() || route.listeners.contains(name) {
                let names = route.serving.names().join(", ");
                lines.push(format!("serving {scheme}://{address}{} for {names}", route.path));
            }
        }
    }
    lines
}

fn record_start(entries: &Entries, setup: &Setup, planned: &Planned) -> Result<(), Failure> {
    let note = entries.note(relay::now(), "start", |entry| {
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry.array("listen", |array| {
            for (_, address) in &planned.bound {
                array.string(&address.to_string());
            }
        });
        entry.array("upstreams", |array| {
            for (upstream, (name, policies, digest)) in setup.upstreams.iter().zip(&planned.policies) {
                let at = match &upstream.at {
                    At::Url(uri) | At::Events(uri) => uri.to_string(),
                    At::Command { words, .. } => {
                        bailiwick::masked_command(words, |text| entries.redacted(text)).join(" ")
                    }
                };
                let mode = format!("{:?}", mode(upstream.mode)).to_lowercase();
                let policies = policies.join(",");
                array.string(&entries.redacted(&format!("{name} {mode} {policies} {digest} {at}")));
            }
        });
    });
    note.and_then(|_| entries.commit())
        .map_err(|error| Failure { help: error.help().map(str::to_owned), ..Failure::refused(&error) })
}
