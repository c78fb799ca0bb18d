//! A bridge over standard streams inside of a program of one's own: it starts the server and stands between that and its own client. Policies,
//! questions and the audit log are in places of its own.
//!
//! `cargo run -p bailiwick --example bridged` starts a server in a shell and says a few lines to it.

#[path = "shared/own.rs"]
mod own;

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use bailiwick::{Audit, Bridge, Principal, Setup, Supervisor};
use own::{Failure, Ledger, Office, Pages, Policies};

/// Two tools, and an answer for everything.
const SERVER: &str = r#"
while read -r line; do
  id=${line#*\"id\":}; id=${id%%,*}
  case $line in
    *initialize\"*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *tools/list*) result='{"tools":[{"name":"read","inputSchema":{"type":"object"}},{"name":"write","inputSchema":{"type":"object"}}]}' ;;
    *) result='{"content":[{"type":"text","text":"done"}]}' ;;
  esac
  case $line in *\"id\":*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$result}" ;; esac
done
"#;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// The answer to each call.
    pub(crate) came: Vec<String>,
    /// The server's exit status.
    pub(crate) status: i32,
    /// What the office answered.
    pub(crate) answered: Vec<String>,
    /// The audit log.
    pub(crate) pages: Pages,
}

/// The bridge with everything of the program's own; its signing key is in `folder`.
pub(crate) fn show(folder: &Path, supervisor: &Supervisor) -> Result<Shown, Failure> {
    let (office, ledger) = (Office::default(), Ledger::default());
    let setup = Setup::new(Audit::store(ledger.clone()).strict().key_directory(folder.join("key")))
        .server("notes")
        .policies(Policies)
        .policy("notes")
        .home("/")
        .principal(Principal { id: "user:ana".to_owned(), ..Principal::default() })
        .approver(office.clone());
    let bridge = Bridge::to(["sh", "-c", SERVER], supervisor, setup);
    let ((input, to_bridge), (from_bridge, output)) = (std::io::pipe()?, std::io::pipe()?);
    let running = thread::spawn(move || bridge.run(input, output));

    office.opens_for(2);
    let came = converse(to_bridge, from_bridge)?;
    let exit = running.join().map_err(|_| "the bridge panicked")??;
    Ok(Shown { came, status: exit.status(), answered: office.answered(), pages: ledger.pages() })
}

/// What a client says, and the answers to its calls.
fn converse(mut to: PipeWriter, from: PipeReader) -> Result<Vec<String>, Failure> {
    let mut answers = BufReader::new(from).lines();
    writeln!(
        to,
        r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"2025-11-25","capabilities":{{}},"clientInfo":{{"name":"c","version":"1"}}}}}}"#
    )?;
    answers.next().ok_or("no introduction")??;
    writeln!(to, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#)?;
    let long = "a text that nobody in the office would ever read to its end";
    let mut came = Vec::new();
    for (id, tool, text) in [(1, "read", "x"), (2, "erase", "x"), (3, "write", "x"), (4, "write", long)] {
        writeln!(
            to,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":"{text}"}}}}}}"#
        )?;
        came.push(answers.next().ok_or("no answer")??);
    }
    Ok(came)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]
fn main() -> ExitCode {
    // First: a copy of this program watches over the server.
    let supervisor = match Supervisor::this_program() {
        Ok(supervisor) => supervisor,
        Err(status) => return status,
    };
    let folder = std::env::temp_dir().join(format!("bailiwick-bridged-{}", std::process::id()));
    let shown = show(&folder, &supervisor);
    let _ = std::fs::remove_dir_all(&folder);
    match shown {
        Ok(shown) => {
            shown.came.iter().for_each(|answer| println!("{answer}"));
            shown.answered.iter().for_each(|line| println!("the office: {line}"));
            println!("the server ended with {}", shown.status);
            println!("the ledger ends:\n{}", shown.pages.checkpoint);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
