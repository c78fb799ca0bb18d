//! What a gateway and a bridge have in common: by what they decide, in whose name, and where it is recorded.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_engine::{Mode, Pins, Policy, Principal, Quarantined, Scanner};
use bailiwick_gateway::relay::{Alarm, Keeper, Teller, now};
use bailiwick_mcp::Limits;
use bailiwick_policy::{Context, Load};
use bailiwick_record::AuditError;
use bailiwick_record::entry::Entries;
use bailiwick_record::json::Object;
use etcetera::BaseStrategy as _;

use super::approver::Approver;
use super::audit::Audit;
use super::error::Error;
use super::policies::{Files, Policies};
use crate::links::Links;

/// By what is decided, in whose name, who is asked, and where it is recorded.
///
/// ```
/// use bailiwick::{Audit, Principal, Setup};
///
/// let setup = Setup::new(Audit::file("audit.jsonl"))
///     .server("files")
///     .policy("standard")
///     .policy("/etc/agents/files.yaml")
///     .principal(Principal { id: "user:ana".to_owned(), ..Principal::default() })
///     .told(|line| eprintln!("{line}"));
/// ```
pub struct Setup {
    pub(super) audit: Audit,
    pub(super) server: String,
    policies: Vec<String>,
    load: Box<dyn Load + Send>,
    workspace: Option<PathBuf>,
    home: Option<PathBuf>,
    pub(super) principal: Arc<Principal>,
    pub(super) approver: Option<Arc<dyn Approver>>,
    pub(super) mode: Mode,
    pub(super) limits: Limits,
    pub(super) pins: Option<Pins>,
    pub(super) teller: Teller,
    pub(super) alarm: Alarm,
    pub(super) keeper: Keeper,
}

impl fmt::Debug for Setup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Setup");
        shown.field("audit", &self.audit).field("server", &self.server).field("policies", &self.policies);
        shown.finish_non_exhaustive()
    }
}

impl Setup {
    /// Recorded in `audit`; for the rest, every method says what holds without it.
    #[must_use]
    pub fn new(audit: Audit) -> Setup {
        let principal = Arc::new(Principal { id: "user:local".to_owned(), ..Principal::default() });
        Setup {
            audit,
            server: "server".to_owned(),
            policies: Vec::new(),
            load: Box::new(Files),
            workspace: None,
            home: None,
            principal,
            approver: None,
            mode: Mode::Enforce,
            limits: Limits::DEFAULT,
            pins: None,
            teller: Box::new(|_| {}),
            alarm: Box::new(|_| {}),
            keeper: Box::new(|_| {}),
        }
    }

    /// The server's name in rules: `files` in `files/read`. Otherwise `server`.
    #[must_use]
    pub fn server(self, name: impl Into<String>) -> Setup {
        Setup { server: name.into(), ..self }
    }

    /// One more layer: the name of a bundled policy, else what [`Setup::policies`] knows by that name. No layer widens another. Without any:
    /// `standard`.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>) -> Setup {
        self.policies.push(name.into());
        self
    }

    /// Where names of policies lead that are not bundled, and what those extend. Of a layer `from` is empty. Otherwise [`Files`].
    #[must_use]
    pub fn policies(self, store: impl Load + Send + 'static) -> Setup {
        Setup { load: Box::new(store), ..self }
    }

    /// Where relative paths of calls start, and what `${workspace}` means. Otherwise the current directory.
    #[must_use]
    pub fn workspace(self, directory: impl Into<PathBuf>) -> Setup {
        Setup { workspace: Some(directory.into()), ..self }
    }

    /// What `~` means. Otherwise the home directory of this process.
    #[must_use]
    pub fn home(self, directory: impl Into<PathBuf>) -> Setup {
        Setup { home: Some(directory.into()), ..self }
    }

    /// Whose calls they are, where nobody says who calls. Otherwise `user:local`.
    #[must_use]
    pub fn principal(self, principal: Principal) -> Setup {
        Setup { principal: Arc::new(principal), ..self }
    }

    /// Who is asked. Otherwise what would ask is denied.
    #[must_use]
    pub fn approver(self, approver: impl Approver + 'static) -> Setup {
        Setup { approver: Some(Arc::new(approver)), ..self }
    }

    /// Otherwise [`Mode::Enforce`]; in the others nothing is stopped.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Setup {
        Setup { mode, ..self }
    }

    /// Bounds on messages. Otherwise [`Limits::DEFAULT`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Setup {
        Setup { limits, ..self }
    }

    /// What the server is held against from the start. Otherwise what it says first is.
    #[must_use]
    pub fn pins(self, pins: Pins) -> Setup {
        Setup { pins: Some(pins), ..self }
    }

    /// Is told a line for every message that was not let through, secrets masked, after it was recorded. Called where messages go by: it
    /// must not wait.
    #[must_use]
    pub fn told(self, teller: impl Fn(&str) + Send + Sync + 'static) -> Setup {
        Setup { teller: Box::new(teller), ..self }
    }

    /// Is told once when the audit log cannot be written, so that every message is refused, and once (`None`) when it can be again.
    #[must_use]
    pub fn alarm(self, alarm: impl Fn(Option<&AuditError>) + Send + Sync + 'static) -> Setup {
        Setup { alarm: Box::new(alarm), ..self }
    }

    /// Gets answers that a guard withheld for a person to look at. Otherwise they are gone.
    #[must_use]
    pub fn keeper(self, keeper: impl Fn(&Quarantined) + Send + Sync + 'static) -> Setup {
        Setup { keeper: Box::new(keeper), ..self }
    }

    /// Takes out the policies; `here`: of a server on this machine, whose links are followed from the current directory.
    pub(super) fn take_policies(&mut self, here: bool) -> Result<Policies, Error> {
        check_names(&self.server, &self.principal.id)?;
        let current = std::env::current_dir().map_err(Error::system("the current directory is not known"))?;
        let workspace = match &self.workspace {
            Some(given) => real(given)?,
            None => text(&current)?,
        };
        let home = match &self.home {
            Some(given) => Some(real(given)?),
            None => etcetera::base_strategy::Xdg::new().ok().and_then(|base| {
                let home = base.home_dir();
                // A home behind a link is named by where it leads, as all paths are from here on.
                let home = if here { home.canonicalize().unwrap_or(home.into()) } else { home.into() };
                home.to_str().map(str::to_owned)
            }),
        };
        let mut names = std::mem::take(&mut self.policies);
        if names.is_empty() {
            names.push("standard".to_owned());
        }
        Ok(Policies {
            names,
            load: std::mem::replace(&mut self.load, Box::new(Files)),
            context: Context { workspace: Some(workspace), home },
            links: here.then(|| Arc::new(Links::new(current))),
        })
    }
}

/// Opens the log, for a run that is called `run`.
pub(super) fn entries(
    audit: Audit,
    (run, principal, server): (String, &str, &str),
    scanner: &Arc<Scanner>,
) -> Result<Entries, Error> {
    Ok(Entries::new(audit.open()?, run, principal.to_owned(), server.to_owned(), Arc::clone(scanner)))
}

/// Records something about the run itself, for certain.
pub(super) fn note(
    entries: &Entries,
    kind: &'static str,
    write: impl FnOnce(&mut Object<'_>),
) -> Result<(), AuditError> {
    entries.note(now(), kind, write)?;
    entries.commit()
}

/// The last words of a run that did not come about.
pub(super) fn stop(entries: &Entries, why: &str) {
    // What ended it is what the caller hears.
    let _ = note(entries, "stop", |entry| {
        entry.string("why", "an error of our own").string("exit", why);
    });
    let _ = entries.close(now());
}

/// The mode's name in the record.
pub(super) fn mode_name(mode: Mode) -> String {
    format!("{mode:?}").to_lowercase()
}

/// What a reload comes to, recorded before it holds.
pub(super) fn reloaded(entries: &Entries, made: Result<Arc<Policy>, Error>) -> Result<Arc<Policy>, Error> {
    let noted = note(entries, "reload", |entry| match &made {
        Ok(policy) => {
            entry.string("outcome", "succeeded").string("policy_sha256", policy.digest());
        }
        Err(error) => {
            entry.string("outcome", "failed").string("message", &error.to_string());
        }
    });
    let policy = made?;
    noted?;
    Ok(policy)
}

/// 128 random bits as hex.
pub(super) fn random_id() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Setup(format!("no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Names that rules could not speak of, or would take for a pattern.
fn check_names(server: &str, principal: &str) -> Result<(), Error> {
    let wrong =
        |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '*' | '?' | '[' | ']' | '{' | '}');
    if principal.trim().is_empty() {
        return Err(Error::Setup(
            "the principal has no id: name who the agent acts for, like user:ana".to_owned(),
        ));
    }
    if server.is_empty() || server.contains(wrong) {
        return Err(Error::Setup(format!(
            "the server's name `{server}` is empty, or holds a blank, a `/` or a wildcard"
        )));
    }
    Ok(())
}

fn real(path: &Path) -> Result<String, Error> {
    let real = path.canonicalize();
    text(&real.map_err(|error| Error::Setup(format!("cannot use `{}`: {error}", path.display())))?)
}

fn text(path: &Path) -> Result<String, Error> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::Setup(format!("no rule can name `{}`, which is not UTF-8", path.display())))
}
