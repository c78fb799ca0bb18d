//! Operating system enforcement: today the supervisor that leaves no orphan.
//!
//! The command runs below a supervisor, a second copy of our own binary that does nothing but watch:
//!
//! ```text
//! bailiwick run ──control socket──► bailiwick __supervise ──► COMMAND ──► whatever it starts
//!   own session, the terminal        session leader, reaper     own process group, no terminal
//! ```
//!
//! Standard input, output and error go from us straight to the command; the supervisor never touches a byte. Whoever
//! dies first, by whatever signal, the others follow:
//!
//! | killed | what happens |
//! |---|---|
//! | the command | the supervisor ends what it left behind, and reports its status |
//! | us, even by SIGKILL | the control socket closes: TERM to the command, KILL to every descendant after the grace; a terminal in single-key mode is put back |
//! | the supervisor | the kernel kills the command; what else is left comes to us (Linux) and is killed there |
//!
//! The supervisor leads a new session, so neither the command nor anything below it has our controlling terminal:
//! `/dev/tty` does not open, a push of fake keys into our terminal (`TIOCSTI`) is refused, and a Ctrl-C reaches
//! only us, who forward it once. The command is not the leader of that session and so cannot pick up a terminal by
//! opening one. What this breaks: a command that asks a password on `/dev/tty` gets an error instead of a prompt,
//! which is the point, since answers to prompts of governed programs would be indistinguishable from approvals.
//!
//! What it does not stop (see `docs/limits`): a process of the same user that opens the terminal's device by its path
//! can still write to the screen and read from it, and one that kills us and the supervisor in the same instant can
//! leave a daemon of its own behind. Both need the namespaces of a grant.

mod control;
mod launch;
mod memory;
mod signals;
mod supervise;
mod terminal;

pub use launch::{Exit, Launch, LaunchError, Process, StandardError, Supervised, launch};
pub use memory::give_back;
pub use signals::{Signal, outlive_file_limit, signals, suspend};
pub use supervise::{SUPERVISE, supervise_main};
pub use terminal::TerminalKeeper;
