//! Which policies decide, and who the agent acts for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bailiwick_policy::{BUNDLED, Claim, Principal};
use clap::Args as ClapArgs;

use super::value::name;

/// The policy options that several commands share.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct PolicyChoice {
    #[arg(
        long = "policy",
        help = policies_help(),
        short = 'p',
        value_name = "NAME|FILE",
        env = "BAILIWICK_POLICY",
        value_delimiter = ','
    )]
    pub(crate) policies: Vec<String>,
    /// The server's name in rules [default: made from the command; `server` where there is none]
    #[arg(long, value_name = "NAME", env = "BAILIWICK_SERVER", value_parser = name)]
    pub(crate) server: Option<String>,
    /// Who the agent acts for
    #[arg(long, value_name = "ID", env = "BAILIWICK_PRINCIPAL", default_value = "user:local")]
    pub(crate) principal: String,
    /// Roles of the principal
    #[arg(long, value_name = "A,B", env = "BAILIWICK_ROLES", value_delimiter = ',')]
    pub(crate) roles: Vec<String>,
    /// Scopes of the principal
    #[arg(long, value_name = "A,B", env = "BAILIWICK_SCOPES", value_delimiter = ',')]
    pub(crate) scopes: Vec<String>,
    /// A claim about the principal, for `for: { claims: … }`; the same name again adds a value
    #[arg(long = "claim", value_name = "NAME=VALUE", env = "BAILIWICK_CLAIMS", value_delimiter = ',', value_parser = claim)]
    pub(crate) claims: Vec<(String, String)>,
    /// The directory that relative paths in rules start from [default: the current one]
    #[arg(long, value_name = "DIR", env = "BAILIWICK_WORKSPACE")]
    pub(crate) workspace: Option<PathBuf>,
    /// Take paths as text: the server's files are not on this machine
    #[arg(long, env = "BAILIWICK_NO_FOLLOW")]
    pub(crate) no_follow: bool,
}

impl PolicyChoice {
    /// Who the agent acts for, as the flags say.
    pub(crate) fn principal(&self) -> Principal {
        let mut claims: BTreeMap<String, Claim> = BTreeMap::new();
        for (name, value) in &self.claims {
            let claim = match claims.remove(name) {
                None => Claim::Text(value.clone()),
                Some(Claim::Texts(mut values)) => {
                    values.push(value.clone());
                    Claim::Texts(values)
                }
                Some(Claim::Text(first)) => Claim::Texts(vec![first, value.clone()]),
                Some(other @ (Claim::Integer(_) | Claim::Boolean(_))) => other,
            };
            claims.insert(name.clone(), claim);
        }
        Principal {
            id: self.principal.clone(),
            roles: self.roles.clone(),
            scopes: self.scopes.clone(),
            claims,
        }
    }
}

fn policies_help() -> String {
    format!(
        "A policy file, or a bundled policy by name ({}). Repeat it for more layers: their rules are united, the strictest default holds, and no layer undoes another's deny or require [default: standard]",
        BUNDLED.join(", ")
    )
}

fn claim(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
