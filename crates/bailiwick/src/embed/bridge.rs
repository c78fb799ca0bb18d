//! One server over standard streams, wrapped inside of a program.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use bailiwick_engine::{Engine, Scanner, Settings};
use bailiwick_gateway::relay::now;
use bailiwick_gateway::{Ended, Relay, Reload, Stdio};
use bailiwick_record::entry::Entries;
use bailiwick_sandbox::{Exit, Launch, SUPERVISE, StandardError, Supervised, launch, supervise_main};

use super::approver::OfBridge;
use super::error::Error;
use super::setup::{Setup, entries, mode_name, note, random_id, stop};
use super::told::words_of;
use crate::masked::masked_command;

/// Starts an MCP server and stands between it and a client over standard streams, as `bailiwick run` does.
///
/// ```standalone_crate
/// use std::process::ExitCode;
///
/// use bailiwick::{Audit, Bridge, Setup, Supervisor};
///
/// fn main() -> ExitCode {
///     let supervisor = match Supervisor::this_program() {
///         Ok(supervisor) => supervisor,
///         Err(status) => return status,
///     };
///     # let folder = std::env::temp_dir().join(format!("bailiwick-bridge-{}", std::process::id()));
///     # std::fs::create_dir(&folder).unwrap();
///     let audit = Audit::file(folder.join("audit.jsonl")).key_directory(folder.join("key"));
///     let setup = Setup::new(audit).server("files").policy("standard");
///     let server = ["npx", "-y", "@modelcontextprotocol/server-filesystem", "."];
///     # let server = ["true"]; // which ends at once
///     let ended = Bridge::to(server, &supervisor, setup).run(std::io::stdin(), std::io::stdout());
///     # std::fs::remove_dir_all(folder).unwrap();
///     ended.map_or(ExitCode::FAILURE, |exit| u8::try_from(exit.status()).map_or(ExitCode::FAILURE, ExitCode::from))
/// }
/// ```
#[derive(Debug)]
pub struct Bridge {
    command: Vec<OsString>,
    supervisor: PathBuf,
    grace: Duration,
    setup: Setup,
}

/// What stands between this program and a server that it starts, so that no process is left over, whoever is killed first.
#[derive(Debug, Clone)]
pub struct Supervisor(PathBuf);

impl Supervisor {
    /// This program itself, started once more for each server. To be called first thing in `main`.
    ///
    /// # Errors
    /// In a copy that was started to supervise: its work is done then, and it is to exit with that status.
    pub fn this_program() -> Result<Supervisor, ExitCode> {
        let mut arguments = std::env::args_os().skip(1);
        if arguments.next().as_deref() == Some(OsStr::new(SUPERVISE)) {
            let status = supervise_main(arguments);
            return Err(u8::try_from(status).map_or(ExitCode::FAILURE, ExitCode::from));
        }
        Ok(Supervisor(std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into())))
    }

    /// The command `bailiwick`, of the same version, at this path.
    pub fn at(path: impl Into<PathBuf>) -> Supervisor {
        Supervisor(path.into())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.clone()
    }
}

impl Bridge {
    /// In front of the server that this command is: its name, looked up on the `PATH`, and its arguments.
    pub fn to(
        command: impl IntoIterator<Item = impl Into<OsString>>,
        supervisor: &Supervisor,
        setup: Setup,
    ) -> Bridge {
        let command = command.into_iter().map(Into::into).collect();
        Bridge { command, supervisor: supervisor.path(), grace: Duration::from_secs(5), setup }
    }

    /// How long the server may take to end once its client has gone. Otherwise 5 s.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Bridge {
        Bridge { grace, ..self }
    }

    /// Runs until the client closes `input`, which is what it says, or the server ends. By then every process is gone, the log is closed, and
    /// so is our end of `output`. The server's standard error is this program's.
    ///
    /// A thread that reads `input` ends only when a client that outlived the server says something or closes it.
    ///
    /// # Errors
    /// If it cannot be started, or the log cannot be closed. What cannot be recorded is refused meanwhile, and no error here.
    pub fn run(self, input: impl AsFd, output: impl AsFd) -> Result<Exit, Error> {
        let Bridge { command, supervisor, grace, mut setup } = self;
        let streams = (input.as_fd().try_clone_to_owned(), output.as_fd().try_clone_to_owned());
        drop((input, output));
        let input = streams.0.map_err(Error::system("cannot use the client's stream"))?;
        let output = streams.1.map_err(Error::system("cannot use the stream to the client"))?;
        let mut policies = setup.take_policies(true)?;
        let policy = policies.compile()?;
        let scanner = Arc::new(Scanner::new());
        let settings = Settings {
            mode: setup.mode,
            server: setup.server.as_str().into(),
            principal: Arc::clone(&setup.principal),
            limits: setup.limits,
            nonce: random_id()?,
        };
        let strict = setup.audit.is_strict();
        let run = (random_id()?, setup.principal.id.as_str(), setup.server.as_str());
        let entries = entries(setup.audit, run, &scanner)?;
        record_start(&entries, &command, (&mode_name(setup.mode), &policies.names, policy.digest()))?;
        let server =
            start(&command, supervisor, grace).inspect_err(|error| stop(&entries, &error.to_string()))?;
        let stdio = Stdio {
            engine: Engine::new(settings.clone(), policy, Arc::clone(&scanner), setup.pins),
            entries: entries.clone(),
            server,
            // They are the program's: nobody catches any here.
            signals: mpsc::channel().1,
            limits: setup.limits,
            strict,
            grace,
            observer: Box::new(words_of(scanner)),
            teller: setup.teller,
            alarm: setup.alarm,
            keeper: setup.keeper,
            trace: None,
        };
        let connected = stdio.connect_to(input, output).map_err(Error::system("cannot use the streams"))?;
        if let Some(approver) = setup.approver {
            connected.relay.set_asker(Arc::new(OfBridge {
                relay: Arc::downgrade(&connected.relay),
                principal: setup.principal.id.clone(),
                server: settings.server,
                approver,
            }));
        }
        let ended = connected.drive(Box::new(AsItBegan)).map_err(Error::system("cannot start a thread"));
        finish(&entries, ended)
    }
}

fn record_start(
    entries: &Entries,
    command: &[OsString],
    (mode, policies, digest): (&str, &[String], &str),
) -> Result<(), Error> {
    Ok(note(entries, "start", |entry| {
        entry.string("version", env!("CARGO_PKG_VERSION"));
        entry.array("command", |array| {
            for word in masked_command(command, |text| entries.redacted(text)) {
                array.string(&word);
            }
        });
        entry.string("mode", mode);
        entry.array("policies", |array| {
            for name in policies {
                array.string(name);
            }
        });
        entry.string("policy_sha256", digest);
    })?)
}

/// The policy of a bridge stays.
struct AsItBegan;

impl Reload for AsItBegan {
    fn poll(&mut self, _relay: &Relay, _forced: bool) {}
}

fn start(command: &[OsString], supervisor: PathBuf, grace: Duration) -> Result<Supervised, Error> {
    let (program, args) =
        command.split_first().ok_or_else(|| Error::Setup("the server's command is empty".to_owned()))?;
    let standard_error = StandardError::Inherit;
    // This program may have other children, whose parent it stays.
    let adopt = false;
    Ok(launch(&Launch { program, args, environment: &[], supervisor, grace, standard_error, adopt })?)
}

fn finish(entries: &Entries, ended: Result<Ended, Error>) -> Result<Exit, Error> {
    let ended = ended.inspect_err(|error| stop(entries, &error.to_string()))?;
    note(entries, "stop", |entry| {
        entry.string("why", ended.why.words()).string("exit", &ended.exit.status().to_string());
    })?;
    entries.close(now())?;
    Ok(ended.exit)
}
