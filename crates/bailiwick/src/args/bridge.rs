//! Arguments of `bridge`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

pub(crate) const EXAMPLES: &str = "\
Example:
  TOKEN=… bailiwick run --policy team.yaml -- bailiwick bridge --header X-Token=TOKEN https://mcp.example.com/mcp

`bailiwick enforce` and `record` put it into the entries of remote servers. It decides nothing: the run before it does.";

#[derive(Debug, ClapArgs)]
pub(crate) struct BridgeArgs {
    /// A header to show the server, with its value from the variable of the same name, or from another: NAME=VARIABLE
    #[arg(long = "header", value_name = "NAME[=VARIABLE]")]
    pub(crate) headers: Vec<String>,
    /// Believe the certificates in this file alone [default: those of the system]
    #[arg(long, value_name = "PEM", env = "BAILIWICK_BRIDGE_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// The server's address
    #[arg(value_name = "URL")]
    pub(crate) url: String,
}
