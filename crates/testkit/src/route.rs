//! What stands between a client and its server: nothing, a byte relay, or `bailiwick run`.

use crate::tools;
use std::path::{Path, PathBuf};

/// The way from the client to the server.
#[derive(Debug, Clone)]
pub enum Route {
    /// The client starts the server itself.
    Direct,
    /// A relay that copies lines.
    Relay,
    /// A relay that parses and prints anew, so that no byte comparison may pass.
    Reformat,
    /// `bailiwick run` with these flags.
    Bailiwick { binary: PathBuf, flags: Vec<String> },
}

impl Route {
    /// `bailiwick run FLAGS`, see [`binary`].
    pub fn bailiwick<const N: usize>(built: &str, flags: [&str; N]) -> Route {
        let binary = binary(built);
        Route::Bailiwick { binary, flags: flags.map(str::to_owned).to_vec() }
    }

    /// The command line that starts `server` behind this route.
    pub fn command(&self, server: &[String]) -> Vec<String> {
        let mut command: Vec<String> = match self {
            Route::Direct => Vec::new(),
            Route::Relay => vec![tools::python(), tools::peer_file("relay.py")],
            Route::Reformat => vec![tools::python(), tools::peer_file("relay.py"), "--reformat".to_owned()],
            Route::Bailiwick { binary, flags } => {
                let run = [binary.display().to_string(), "run".to_owned()];
                run.into_iter().chain(flags.iter().cloned()).chain(["--".to_owned()]).collect()
            }
        };
        command.extend(server.iter().cloned());
        command
    }
}

/// The binary under test: `$BAILIWICK_BIN`, or else the one that cargo `built` for the test.
pub fn binary(built: &str) -> PathBuf {
    let binary = std::env::var_os("BAILIWICK_BIN").map_or_else(|| PathBuf::from(built), PathBuf::from);
    assert!(binary.exists(), "no binary `{}`", binary.display());
    binary
}

/// The text of a path, for a flag.
pub fn flag(path: &Path) -> &str {
    path.to_str().expect("a path that is UTF-8")
}
