//! `bailiwick gateway`: one MCP server over HTTP, for many clients.

mod begin;

use std::ffi::OsString;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_engine::Scanner;
use bailiwick_gateway::http::{Deciding, Everybody, Http, HttpLimits};
use bailiwick_gateway::relay;
use bailiwick_policy::Policy;
use bailiwick_record::entry::Entries;
use bailiwick_sandbox::signals;

use super::run::{
    audit_alarm, check_names, limits, locked_pins, mode, open_audit, record_stop, run_id, words, words_of,
};
use crate::args::{DurabilityArg, GatewayArgs, ModeArg};
use crate::exit::Failure;
use crate::policies::{Layers, Watched};
use crate::say;

pub(crate) fn run(args: GatewayArgs) -> Result<i32, Failure> {
    // The guards' automata take longer than the policy: both are made at once.
    let scanner = std::thread::spawn(|| Arc::new(Scanner::new()));
    let layers = Layers::of(&args.policy)?;
    let loaded = layers.load(say::colour_on_stderr())?;
    let target = begin::target(&args)?;
    let names = begin::names(&args)?;
    let name = begin::server_name(args.policy.server.as_deref(), &target);
    check_names(&name, &args.policy.principal)?;
    if args.govern.mode != ModeArg::Enforce {
        let mode = format!("{:?}", mode(args.govern.mode)).to_lowercase();
        say::warning(&format!("mode `{mode}`: nothing is stopped, every message is forwarded"));
    }
    let command = match args.server_command.is_empty() {
        true => vec![args.target.clone().into()],
        false => args.server_command.clone(),
    };
    let pins = locked_pins(args.govern.lock.as_deref(), &name, &command, loaded.policy.pins().drift)?;
    let principal = Arc::new(args.policy.principal());
    let listener = listen(args.listen, "--listen")?;
    let admin = args.admin.map(|address| listen(address, "--admin")).transpose()?;
    let run = run_id()?;
    let log = open_audit(args.govern.audit.as_deref(), args.govern.audit_durability, &name, &run)?;
    let scanner = scanner.join().map_err(|_| Failure::error("the guards could not be built"))?;
    let entries = Entries::new(log, run, principal.id.clone(), name.clone(), Arc::clone(&scanner));
    record_start(&entries, &args, &command, (&loaded.policy, &layers))?;
    let signals = signals().map_err(|error| Failure::error(format!("cannot listen to signals: {error}")))?;
    let address = listener.local_addr().map_err(Failure::error)?;
    let shown = format!("http://{address}{}", args.path);
    let gateway = Http {
        listener,
        admin,
        path: args.path.clone(),
        target,
        names,
        forward: begin::header_names(&args.forward_header)?,
        authenticate: Box::new(Everybody(principal)),
        limits: http_limits(&args),
        workers: begin::workers(args.http.threads),
        deciding: Deciding {
            mode: mode(args.govern.mode),
            server: name.as_str().into(),
            policy: Arc::clone(&loaded.policy),
            scanner,
            pins,
            limits: limits(&args.govern.limits),
            entries,
            strict: args.govern.audit_durability == DurabilityArg::Strict,
            observer: Box::new(words_of),
            teller: Box::new(say::note),
            alarm: Box::new(audit_alarm),
        },
    };
    let gateway =
        gateway.start().map_err(|error| Failure::error(format!("cannot start serving: {error}")))?;
    say::note(&format!("serving {shown} for {}", name));
    let mut watched = Watched::new(layers, &loaded);
    let ended_by = gateway.wait(&signals, |gateway, forced| {
        watched.look(gateway.entries(), forced, |policy| gateway.replace_policy(policy));
    });
    say::note("ending: calls in hand may finish");
    let entries = gateway.stop();
    let why = ended_by.map_or_else(|| "the signals ended".to_owned(), |signal| format!("{signal:?}"));
    record_stop(&entries, "a signal", &why);
    Ok(0)
}

fn listen(address: std::net::SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .map_err(|error| Failure::refused(format!("cannot serve at {address} ({flag}): {error}")))
}

fn http_limits(args: &GatewayArgs) -> HttpLimits {
    let (http, seconds) = (&args.http, Duration::from_secs);
    let count = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    HttpLimits {
        connections_max: count(http.max_connections),
        sessions_max: count(http.max_sessions),
        session_idle: seconds(http.session_idle),
        head_time: seconds(http.request_timeout),
        body_time: seconds(http.request_timeout),
        answer_time: seconds(http.answer_timeout),
        stream_idle: seconds(http.stream_idle),
        grace: seconds(http.grace),
        ..HttpLimits::DEFAULT
    }
}

fn record_start(
    entries: &Entries,
    args: &GatewayArgs,
    command: &[OsString],
    (policy, layers): (&Policy, &Layers),
) -> Result<(), Failure> {
    let note = entries.note(relay::now(), "start", |entry| {
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry.string("listen", &args.listen.to_string());
        entry.array("command", |array| {
            for word in words(command) {
                array.string(&entries.redacted(&word));
            }
        });
        entry.string("mode", &format!("{:?}", mode(args.govern.mode)).to_lowercase());
        entry.array("policies", |array| {
            for name in layers.names() {
                array.string(name);
            }
        });
        entry.string("policy_sha256", policy.digest());
    });
    note.and_then(|_| entries.commit())
        .map_err(|error| Failure { help: error.help().map(str::to_owned), ..Failure::refused(&error) })
}
