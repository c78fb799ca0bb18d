//! `bailiwick run`: wraps one stdio server.

mod asker;
mod begin;
pub(crate) mod tracing;

use std::io::IsTerminal as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::words_of;
use bailiwick_approval::Screen;
use bailiwick_engine::{Engine, Mode, Pins, Scanner, Settings};
use bailiwick_gateway::consult::Consultant;
use bailiwick_gateway::stdio::Ended;
use bailiwick_gateway::{Stdio, relay};
use bailiwick_mcp::Limits;
use bailiwick_record::audit::{AuditLog, Durability, OpenOptions};
use bailiwick_record::entry::Entries;
use bailiwick_record::trace::Trace;
use bailiwick_sandbox::{Launch, StandardError, Supervised, launch, signals};

use crate::args::{AskArg, DurabilityArg, LimitArgs, ModeArg, RunArgs};
use crate::consult::{self, OfRun};
use crate::exit::{self, Failure};
use crate::policies::{Layers, Loaded, Watched};
use crate::{places, say};

use asker::OpenDesk;
pub(crate) use asker::asked;
pub(crate) use begin::{locked_pins, run_id, server_name, words};

pub(crate) fn run(args: RunArgs) -> Result<i32, Failure> {
    // The guards' automata take longer than the policy: both are made at once.
    let scanner = std::thread::spawn(|| Arc::new(Scanner::new()));
    let layers = Layers::of(&args.policy)?.following(&args.policy)?;
    let loaded = layers.load(say::colour_on_stderr())?;
    if args.govern.mode != ModeArg::Enforce {
        let mode = format!("{:?}", mode(args.govern.mode)).to_lowercase();
        say::warning(&format!("mode `{mode}`: nothing is stopped, every message is forwarded"));
    }
    if layers.names() == ["permissive"] {
        say::warning("policy `permissive`: it bounds the pace and records, and stops nothing else");
    }
    let consultant = consult::open(&args.govern.classifier, [&*loaded.policy])?;
    let name = server_name(args.policy.server.as_deref(), &args.server_command);
    check_names(&name, &args.policy.principal)?;
    let pins = begin::locked_pins(
        args.govern.lock.as_deref(),
        &name,
        &args.server_command,
        loaded.policy.pins().drift,
    )?;
    let run = begin::run_id()?;
    let log = open_audit(args.govern.audit.as_deref(), args.govern.audit_durability, &name, &run)?;
    let scanner = scanner.join().map_err(|_| Failure::error("the guards could not be built"))?;
    let entries =
        Entries::new(log, run.clone(), args.policy.principal.clone(), name.clone(), Arc::clone(&scanner));
    let settings = Settings {
        mode: mode(args.govern.mode),
        server: name.as_str().into(),
        principal: Arc::new(args.policy.principal()),
        limits: limits(&args.govern.limits),
        nonce: begin::run_id()?,
    };
    record_start(&entries, &args, &loaded.policy, &layers)?;
    let log = entries.clone();
    let laws = (&*loaded.policy, pins.as_ref());
    let whereabouts = tracing::whereabouts(layers.context(), !args.policy.no_follow);
    let folder = args.trace.as_deref().map(|folder| (folder, whereabouts));
    let trace = tracing::open(folder, &run, (&settings, &scanner), laws)
        .inspect_err(|failure| record_stop(&log, ERROR, &failure.message))?;
    let begun = Begun { entries, settings, scanner, pins, layers, loaded, trace: trace.clone(), consultant };
    match serve(&args, begun) {
        Ok(ended) => {
            tracing::end(trace.as_deref(), ended.why.words());
            record_stop(&log, ended.why.words(), &ended.exit.status().to_string());
            Ok(ended.exit.status())
        }
        Err(failure) => {
            tracing::end(trace.as_deref(), ERROR);
            record_stop(&log, ERROR, &failure.message);
            Err(failure)
        }
    }
}

/// A run whose start is recorded: whatever comes now, its stop is recorded too.
struct Begun {
    entries: Entries,
    settings: Settings,
    scanner: Arc<Scanner>,
    pins: Option<Pins>,
    layers: Layers,
    loaded: Loaded,
    trace: Option<Arc<Trace>>,
    consultant: Option<Consultant>,
}

const ERROR: &str = "an error of our own";

fn serve(args: &RunArgs, begun: Begun) -> Result<Ended, Failure> {
    let Begun { entries, settings, scanner, pins, layers, loaded, trace, consultant } = begun;
    // What read the policy is not needed again, and would stand beside what the server's start needs.
    bailiwick_sandbox::give_back();
    let signals = signals().map_err(|error| Failure::error(format!("cannot listen to signals: {error}")))?;
    let screen = Screen::new();
    let server = start(args, &screen)?;
    let keeper = server.process.terminal_keeper().ok();
    let engine = Engine::new(settings.clone(), Arc::clone(&loaded.policy), Arc::clone(&scanner), pins);
    let stdio = Stdio {
        engine,
        entries,
        server,
        signals,
        limits: settings.limits,
        strict: args.govern.audit_durability == DurabilityArg::Strict,
        grace: Duration::from_secs(args.grace),
        observer: tracing::observer(trace.clone(), words_of(Arc::clone(&scanner))),
        teller: Box::new(say::note),
        alarm: Box::new(audit_alarm),
        keeper: crate::quarantine::keeper()?,
        trace,
    };
    let connected = stdio
        .connect()
        .map_err(|error| Failure::error(format!("cannot use the standard streams: {error}")))?;
    bailiwick_sandbox::give_back();
    let relay = Arc::clone(&connected.relay);
    let desk = match args.ask {
        AskArg::Terminal => Some(asker::open(&relay, &settings, &scanner, (&screen, keeper))?),
        AskArg::Never => None,
    };
    relay.set_asker(Arc::new(OfRun {
        relay: Arc::downgrade(&relay),
        server: Arc::clone(&settings.server),
        consultant,
        people: desk.as_ref().map(OpenDesk::asker),
    }));
    let ended = connected.drive(Box::new(Watched::new(layers, &loaded)));
    if let Some(desk) = desk {
        desk.close();
    }
    begin::report_suppressions(&relay.engine());
    ended.map_err(|error| Failure::error(format!("cannot start a thread: {error}")))
}

/// Names that rules could not speak of, or would take for a pattern.
pub(crate) fn check_names(server: &str, principal: &str) -> Result<(), Failure> {
    let wrong =
        |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '*' | '?' | '[' | ']' | '{' | '}');
    if principal.trim().is_empty() {
        return Err(Failure::new(exit::USAGE, "`--principal` is empty")
            .help("name who the agent acts for, like user:ana"));
    }
    if server.contains(wrong) {
        let message = format!("the server's name `{server}` holds a blank, a `/` or a wildcard");
        return Err(Failure::new(exit::USAGE, message).help("give a plain one with --server NAME"));
    }
    Ok(())
}

/// The record failed, or works again.
pub(crate) fn audit_alarm(error: Option<&bailiwick_record::AuditError>) {
    match error {
        Some(error) => {
            let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
            say::warning(&format!(
                "the audit log cannot be written, so every message is refused: {error}{help}"
            ));
        }
        None => say::note("the audit log can be written again"),
    }
}

pub(crate) fn mode(mode: ModeArg) -> Mode {
    match mode {
        ModeArg::Enforce => Mode::Enforce,
        ModeArg::Shadow => Mode::Shadow,
        ModeArg::Observe => Mode::Observe,
    }
}

pub(crate) fn limits(args: &LimitArgs) -> Limits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Limits {
        message_bytes_max: size(args.max_message_bytes),
        depth_max: size(args.max_depth),
        values_max: size(args.max_values),
        batch_max: size(args.max_batch),
        pending_max: size(args.max_pending),
        ..Limits::DEFAULT
    }
}

fn start(args: &RunArgs, screen: &Screen) -> Result<Supervised, Failure> {
    let (program, arguments) = args
        .server_command
        .split_first()
        .ok_or_else(|| Failure::refused("no server command").help("put it behind `--`"))?;
    let supervisor = std::env::current_exe()
        .map_err(|error| Failure::refused(format!("our own binary cannot be found: {error}")))?;
    let terminal = std::io::stderr().is_terminal();
    let launched = launch(&Launch {
        program,
        args: arguments,
        environment: &[],
        supervisor,
        grace: Duration::from_secs(args.grace),
        standard_error: if terminal { StandardError::Pipe } else { StandardError::Inherit },
        adopt: true,
    });
    let mut server = launched.map_err(|error| {
        let help = error.help();
        Failure::refused(error).help(help)
    })?;
    if let Some(stderr) = server.stderr.take() {
        // It must not draw over a question on the same terminal.
        screen
            .relay(stderr, std::io::stderr())
            .map_err(|error| Failure::error(format!("cannot start a thread: {error}")))?;
    }
    Ok(server)
}

pub(crate) fn open_audit(
    given: Option<&Path>,
    durability: DurabilityArg,
    server: &str,
    run: &str,
) -> Result<AuditLog, Failure> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => default_audit(server, run)?,
    };
    let durability = match durability {
        DurabilityArg::Strict => Durability::Strict,
        DurabilityArg::Batched => Durability::Batched,
    };
    let options = OpenOptions { path: path.clone(), durability, key_directory: places::key()? };
    let (log, opened) = AuditLog::open(options, relay::now()).map_err(|error| {
        let help = error.help().map(str::to_owned);
        Failure { help, ..Failure::refused(error) }
    })?;
    if let Some(torn) = &opened.torn {
        say::warning(&format!("{}: a torn last record of {} bytes was repaired", path.display(), torn.bytes));
    }
    Ok(log)
}

/// One file per run: `STATE/audit/SERVER/RUN.jsonl`.
fn default_audit(server: &str, run: &str) -> Result<PathBuf, Failure> {
    let directory = places::state()?.join("audit").join(file_name(server));
    let private = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    private.map_err(|error| {
        Failure::refused(format!("cannot make the audit directory `{}`: {error}", directory.display()))
            .help("give a place with --audit FILE")
    })?;
    Ok(directory.join(format!("{run}.jsonl")))
}

/// A name without anything that a path could mean something by.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    name.chars().take(64).map(plain).collect()
}

fn record_start(
    entries: &Entries,
    args: &RunArgs,
    policy: &bailiwick_policy::Policy,
    layers: &Layers,
) -> Result<(), Failure> {
    let command = bailiwick::masked_command(&args.server_command, |text| entries.redacted(text));
    let note = entries.note(relay::now(), "start", |entry| {
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry.array("command", |array| {
            for word in &command {
                array.string(word);
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

pub(crate) fn record_stop(entries: &Entries, why: &str, exit: &str) {
    let at = relay::now();
    let noted = entries.note(at, "stop", |entry| {
        entry.string("why", why).string("exit", exit);
    });
    if let Err(error) = noted.and_then(|_| entries.close(at)) {
        say::warning(&format!("the audit log could not be closed: {error}"));
    }
}

/// Where a lock file is looked for without `--lock`.
pub(crate) fn default_lock() -> &'static Path {
    Path::new("bailiwick.lock")
}
