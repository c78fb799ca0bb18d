//! The lock file: what each server offered when a person looked at it.
//!
//! JSON, sorted, one digest a line, so that a change is a readable diff. Version 2:
//!
//! ```json
//! { "version": 2,
//!   "servers": { "files": { "command": ["npx", "…"], "instructions": "sha256:…",
//!                           "tools": { "read_file": { "description": "sha256:…" } },
//!                           "inputSchemas": { "read_file": { "type": "object" } },
//!                           "prompts": {}, "resourceTemplates": {} } } }
//! ```
//!
//! Version 1 has no `inputSchemas`, and is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bailiwick_engine::Pins;
use bailiwick_engine::pins::Pin;
use bailiwick_mcp::{Limits, Parser};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version that is written; older ones are read.
pub const LOCK_VERSION: u32 = 2;
/// A schema above this is not kept, in bytes: policies are then not checked against it.
pub const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// A lock file above this is refused, in bytes.
pub const LOCK_BYTES_MAX: u64 = 16 << 20;

/// A lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    pub version: u32,
    pub servers: BTreeMap<String, LockedServer>,
}

/// What every version of a lock file has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// One server in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedServer {
    /// The launch command with its arguments.
    pub command: Vec<String>,
    /// Names of the variables that the client's entry sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// The package that the command fetches, where it is one that we know to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<LockedPackage>,
    pub instructions: String,
    pub tools: BTreeMap<String, Pin>,
    /// The schemas of the tools' arguments, for `policy check --lock`. What is compared with a server is their digests.
    #[serde(rename = "inputSchemas", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub input_schemas: BTreeMap<String, serde_json::Value>,
    pub prompts: BTreeMap<String, Pin>,
    #[serde(rename = "resourceTemplates")]
    pub resource_templates: BTreeMap<String, Pin>,
}

/// What a launcher fetches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// `npm`, `pypi`, `image`, `go` or `url`.
    pub registry: String,
    pub name: String,
    /// The version as the command says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The version that was on the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// A digest of its content: `sha512-…` of npm's archive, `sha256:…` of a wheel, `record:sha256:…` of the files that
    /// were installed, `yarn:…` of yarn's own archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrity: Option<String>,
}

/// Why a lock file cannot be used.
#[derive(Debug, Error)]
pub enum LockError {
    #[error("cannot read the lock file `{path}`: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{path}` is not a lock file: {source}")]
    Format { path: PathBuf, source: serde_json::Error },
    #[error("`{path}` has version {found}, and this program reads versions up to {LOCK_VERSION}")]
    Version { path: PathBuf, found: u32 },
    #[error("`{path}` is larger than {LOCK_BYTES_MAX} bytes")]
    TooLong { path: PathBuf },
}

impl Lock {
    /// A lock file without servers.
    #[must_use]
    pub fn empty() -> Lock {
        Lock { version: LOCK_VERSION, servers: BTreeMap::new() }
    }

    /// Reads a lock file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or is not one.
    pub fn load(path: &Path) -> Result<Option<Lock>, LockError> {
        let read = |source| LockError::Read { path: path.into(), source };
        let size = match fs::metadata(path) {
            // Neither a pipe, which would be waited for, nor a device.
            Ok(about) if !about.is_file() => return Err(read(std::io::Error::other("it is not a file"))),
            Ok(about) => about.len(),
            // A link that leads nowhere is a lock that was meant.
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && fs::symlink_metadata(path).is_ok() =>
            {
                return Err(read(error));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
        };
        if size > LOCK_BYTES_MAX {
            return Err(LockError::TooLong { path: path.into() });
        }
        let text = fs::read(path).map_err(read)?;
        let format = |source| LockError::Format { path: path.into(), source };
        // The version first: another one may have other members.
        match serde_json::from_slice::<Versioned>(&text).map_err(format)?.version {
            1..=LOCK_VERSION => {
                let lock: Lock = serde_json::from_slice(&text).map_err(format)?;
                Ok(Some(Lock { version: LOCK_VERSION, ..lock }))
            }
            found => Err(LockError::Version { path: path.into(), found }),
        }
    }

    /// The lock file's text.
    ///
    /// # Errors
    /// If a schema cannot be written as JSON.
    pub fn text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}

impl LockedServer {
    #[must_use]
    pub fn new(command: Vec<String>, pins: &Pins) -> LockedServer {
        let marked = |items: &BTreeMap<String, Pin>| {
            items.iter().map(|(name, pin)| (name.clone(), mark(pin))).collect()
        };
        LockedServer {
            command,
            environment: Vec::new(),
            package: None,
            instructions: mark_digest(pins.instructions.as_deref().unwrap_or_default()),
            tools: marked(&pins.tools),
            input_schemas: BTreeMap::new(),
            prompts: marked(&pins.prompts),
            resource_templates: marked(&pins.resource_templates),
        }
    }

    /// Keeps the schema of a tool's arguments, given as JSON.
    pub fn add_schema(&mut self, tool: &str, schema: &str) {
        if schema.len() <= SCHEMA_BYTES_MAX
            && let Ok(schema) = serde_json::from_str(schema)
        {
            self.input_schemas.insert(tool.to_owned(), schema);
        }
    }

    /// The schema of a tool's arguments, as JSON, if the lock file holds the one that was pinned.
    #[must_use]
    pub fn schema(&self, tool: &str) -> Option<String> {
        let schema = self.input_schemas.get(tool)?.to_string();
        let mut parser = Parser::default();
        let parsed = parser.parse(schema.as_bytes(), &Limits::DEFAULT).ok()?;
        let digest = mark_digest(&bailiwick_engine::pins::digest(parsed.root()));
        (self.tools.get(tool)?.get("inputSchema") == Some(&digest)).then_some(schema)
    }

    /// The pins that the engine compares with.
    #[must_use]
    pub fn pins(&self) -> Pins {
        let plain = |items: &BTreeMap<String, Pin>| {
            items.iter().map(|(name, pin)| (name.clone(), unmark(pin))).collect()
        };
        Pins {
            tools: plain(&self.tools),
            prompts: plain(&self.prompts),
            resource_templates: plain(&self.resource_templates),
            instructions: Some(self.instructions.trim_start_matches(ALGORITHM).to_owned()),
        }
    }

    /// What `now` has that this has not, the other way round, and what changed; a line each.
    #[must_use]
    pub fn differences(&self, now: &LockedServer) -> Vec<String> {
        let mut lines = Vec::new();
        if self.command != now.command {
            lines.push(format!("~ command: `{}` is now `{}`", self.command.join(" "), now.command.join(" ")));
        }
        if self.environment != now.environment {
            let names =
                |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let (was, is) = (names(&self.environment), names(&now.environment));
            lines.push(format!("~ variables: {was}; now {is}"));
        }
        if let (Some(was), Some(is)) = (&self.package, &now.package) {
            lines.extend(was.difference(is));
        }
        if self.instructions != now.instructions {
            lines.push("~ instructions changed".to_owned());
        }
        compare("tool", &self.tools, &now.tools, &mut lines);
        compare("prompt", &self.prompts, &now.prompts, &mut lines);
        compare("resource template", &self.resource_templates, &now.resource_templates, &mut lines);
        lines
    }
}

impl LockedPackage {
    fn difference(&self, now: &LockedPackage) -> Option<String> {
        // What is not known on one side, because it was not on the machine, is no difference.
        let differ = |was: &Option<String>, is: &Option<String>| matches!((was, is), (Some(was), Some(is)) if was != is);
        let text = |package: &LockedPackage| {
            let version = package.version.as_ref().or(package.asked.as_ref());
            version.map_or_else(|| package.name.clone(), |version| format!("{} {version}", package.name))
        };
        if differ(&self.version, &now.version) || self.name != now.name {
            return Some(format!("~ package: `{}` is now `{}`", text(self), text(now)));
        }
        // Digests of different things, as of an archive and of what was unpacked, cannot differ.
        let comparable =
            matches!((&self.integrity, &now.integrity), (Some(was), Some(is)) if sort(was) == sort(is));
        let same_bytes = !comparable || self.integrity == now.integrity;
        (!same_bytes).then(|| format!("~ package: `{}` has the same version and other content", text(now)))
    }
}

/// What a digest is of, and by which algorithm: all before the digest itself.
fn sort(integrity: &str) -> &str {
    integrity.rfind([':', '-']).and_then(|end| integrity.get(..end)).unwrap_or_default()
}

const ALGORITHM: &str = "sha256:";

fn mark_digest(digest: &str) -> String {
    format!("{ALGORITHM}{digest}")
}

fn mark(pin: &Pin) -> Pin {
    pin.iter().map(|(part, digest)| (part.clone(), mark_digest(digest))).collect()
}

fn unmark(pin: &Pin) -> Pin {
    pin.iter().map(|(part, digest)| (part.clone(), digest.trim_start_matches(ALGORITHM).to_owned())).collect()
}

fn compare(kind: &str, before: &BTreeMap<String, Pin>, now: &BTreeMap<String, Pin>, lines: &mut Vec<String>) {
    for (name, pin) in now {
        match before.get(name) {
            None => lines.push(format!("+ {kind} `{name}` is new")),
            Some(old) => lines.extend(
                bailiwick_engine::pins::change(old, pin).map(|change| format!("~ {kind} `{name}` {change}")),
            ),
        }
    }
    lines.extend(
        before
            .keys()
            .filter(|name| !now.contains_key(*name))
            .map(|name| format!("- {kind} `{name}` is gone")),
    );
}

#[cfg(test)]
mod tests;
