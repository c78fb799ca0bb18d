//! Keeps AI agents inside their bailiwick: arguments, wiring, rendering and exit codes. The only crate that prints and exits.

mod args;
mod command;
mod consent;
mod consult;
mod environment;
mod exit;
mod installed;
mod launching;
mod meant;
mod offer;
mod people;
mod places;
mod policies;
mod quarantine;
mod recordings;
mod requested;
mod say;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    // The supervisor is not for people; it runs before the arguments are read, and as little else as can be.
    if let Some(status) = command::supervise::if_asked() {
        return exit::code(status);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Whoever does not read it has the exit code.
            let _ = error.print();
            if let Some(help) = args::mistakes::help(&error) {
                say::help(&help);
            }
            return exit::code(error.exit_code());
        }
    };
    if let Err(error) = bailiwick_sandbox::outlive_file_limit() {
        say::failure(&exit::Failure::error(format!("cannot listen to signals: {error}")));
        return exit::code(1);
    }
    if let Err(failure) = environment::check() {
        say::failure(&failure);
        return exit::code(failure.status);
    }
    let result = match args.command {
        Command::Demo(args) => command::demo::run(&args),
        Command::Run(args) => command::run::run(args),
        Command::Gateway(args) => command::gateway::run(*args),
        Command::Approvals(args) => command::approvals::run(&args),
        Command::Bridge(args) => command::bridge::run(&args),
        Command::Lock(args) => command::lock::run(&args),
        Command::Clients(args) => command::clients::run(&args),
        Command::Scan(args) => command::scan::run(&args),
        Command::Explain(args) => command::explain::run(&args),
        Command::Record(args) => command::record::run(&args),
        Command::Infer(args) => command::infer::run(&args),
        Command::Replay(args) => command::replay::run(&args),
        Command::Enforce(args) => command::enforce::run(&args),
        Command::Status(args) => command::status::run(&args),
        Command::Report(args) => command::report::run(&args),
        Command::Init(args) => command::init::run(&args),
        Command::Policy(args) => command::policy::run(&args.command),
        Command::Audit(args) => command::audit::run(&args.command),
        Command::Guards(args) => command::guards::run(&args.command),
        Command::Quarantine(args) => command::quarantine::run(args),
        Command::DemoServer => command::demo::server::run(),
    };
    match result {
        Ok(status) => exit::code(status),
        Err(failure) => {
            say::failure(&failure);
            exit::code(failure.status)
        }
    }
}
