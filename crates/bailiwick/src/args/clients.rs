//! Arguments of the commands that look at MCP clients' configurations.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For people
    Human,
    /// One JSON document, versioned
    Json,
}

/// Which clients are looked at.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ClientChoice {
    /// Only this client, by its id; may be repeated [default: every one that is known]
    #[arg(long = "client", value_name = "ID", env = "BAILIWICK_CLIENT", value_delimiter = ',')]
    pub(crate) clients: Vec<String>,
    /// A table of clients that adds to the one in this program
    #[arg(long = "clients", value_name = "FILE", env = "BAILIWICK_CLIENTS")]
    pub(crate) table: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ClientsArgs {
    #[command(flatten)]
    pub(crate) choice: ClientChoice,
    /// Name every client that is known, found or not, with the places that are looked at
    #[arg(long)]
    pub(crate) known: bool,
    #[arg(long, value_enum, env = "BAILIWICK_FORMAT", default_value = "human")]
    pub(crate) format: TextFormat,
}
