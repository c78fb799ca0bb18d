//! The smallest wrapper: runs a command below the supervisor and copies bytes. `wrapper [--adopt] GRACE-MS COMMAND…`
#![expect(clippy::print_stderr, reason = "an example is a binary of its own")]

use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bailiwick_sandbox::{
    Launch, SUPERVISE, Signal, StandardError, Supervised, launch, signals, supervise_main,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).peekable();
    if args.next_if(|arg| arg == SUPERVISE).is_some() {
        std::process::exit(supervise_main(args));
    }
    let adopt = args.next_if(|arg| arg == "--adopt").is_some();
    let grace = args.next().and_then(|arg| arg.to_str()?.parse().ok()).ok_or("no grace in milliseconds")?;
    let program = args.next().unwrap_or_default();
    let caught = signals()?;
    let order = Launch {
        environment: &[],
        program: &program,
        args: &args.collect::<Vec<OsString>>(),
        supervisor: std::env::current_exe()?,
        grace: Duration::from_millis(grace),
        standard_error: StandardError::Inherit,
        adopt,
    };
    let Supervised { mut stdin, mut stdout, process, .. } = match launch(&order) {
        Ok(supervised) => supervised,
        Err(error) => {
            eprintln!("error: {error}\nhelp: {}", error.help());
            std::process::exit(78);
        }
    };
    let process = Arc::new(process);
    // Standard input stays with its thread: a read cannot be called back, but the process ends all the same.
    thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut stdin));
    let output = thread::spawn(move || -> io::Result<()> {
        io::copy(&mut stdout, &mut io::stdout().lock())?;
        io::stdout().flush()?;
        // What the command has closed is closed for our reader, too.
        Ok(nix::unistd::dup2_stdout(File::open("/dev/null")?)?)
    });
    let forwarded = Arc::clone(&process);
    thread::spawn(move || {
        for signal in caught {
            match signal {
                Signal::Terminate => drop(forwarded.stop()),
                _ => {
                    forwarded.signal(signal);
                }
            }
        }
    });
    let exit = process.wait();
    let _ = output.join();
    std::process::exit(exit.status());
}
