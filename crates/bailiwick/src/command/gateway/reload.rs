//! Loads everything again after SIGHUP or a change of a file. What was good last stays in force until then.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bailiwick_engine::Scanner;
use bailiwick_gateway::http::Gateway;
use bailiwick_gateway::relay;

use super::config::Setup;
use super::plan::{Planned, plan};
use crate::args::GatewayArgs;
use crate::exit::Failure;
use crate::policies::{Stamp, stamp};
use crate::say;

pub(super) struct Reloads<'r> {
    args: &'r GatewayArgs,
    scanner: Arc<Scanner>,
    files: Vec<(PathBuf, Stamp)>,
    bound: Vec<(String, SocketAddr)>,
    admin: Option<SocketAddr>,
    /// A plan waits that could not be recorded, and so not be served.
    unrecorded: bool,
}

impl<'r> Reloads<'r> {
    pub(super) fn new(
        args: &'r GatewayArgs,
        scanner: Arc<Scanner>,
        admin: Option<SocketAddr>,
        planned: (Vec<PathBuf>, Vec<(String, SocketAddr)>),
    ) -> Reloads<'r> {
        let (files, bound) = planned;
        Reloads { args, scanner, files: stamped(files, &[]), bound, admin, unrecorded: false }
    }

    /// Looks whether anything changed, and serves what it makes now.
    pub(super) fn look(&mut self, gateway: &Gateway, forced: bool) {
        let changed = self.files.iter().any(|(path, before)| stamp(path) != *before);
        if !forced && !self.unrecorded && !changed {
            return;
        }
        // Before it is read: a change during the reading is seen at the next look.
        let stamps: Vec<(PathBuf, Stamp)> =
            self.files.iter().map(|(path, _)| (path.clone(), stamp(path))).collect();
        self.files = stamps;
        let made = Setup::of(self.args)
            .and_then(|setup| Ok((plan(&setup, self.args, &self.scanner, Some(&self.bound))?, setup)));
        let at = relay::now();
        let entries = gateway.entries();
        let recorded = match &made {
            Ok((planned, _)) => entries.note(at, "reload", |entry| {
                entry.string("outcome", "succeeded");
                if let [(_, _, digest)] = planned.policies.as_slice() {
                    entry.string("policy_sha256", digest);
                } else {
                    entry.array("policies_sha256", |array| {
                        for (name, _, digest) in &planned.policies {
                            array.string(&format!("{name} {digest}"));
                        }
                    });
                }
            }),
            Err(failure) => entries.note(at, "reload", |entry| {
                entry.string("outcome", "failed").string("message", &failure.message);
            }),
        };
        // The record comes first here too: what cannot be recorded does not happen.
        let recorded = recorded.and_then(|_| entries.commit());
        match (made, recorded) {
            (Ok((planned, setup)), Ok(())) => self.apply(gateway, planned, &setup),
            (Ok(_), Err(error)) => {
                // Tried again at the next look; said once.
                if !std::mem::replace(&mut self.unrecorded, true) {
                    say::warning(&format!(
                        "nothing was loaded again, because that cannot be recorded yet: {error}"
                    ));
                }
            }
            (Err(failure), _) => self.failed(&failure),
        }
    }

    fn apply(&mut self, gateway: &Gateway, planned: Planned, setup: &Setup) {
        self.unrecorded = false;
        let Planned { plan, files, bound, .. } = planned;
        if let Err(error) = gateway.adopt(plan) {
            return self.failed(&Failure::error(error));
        }
        self.files = stamped(files, &self.files);
        self.bound = bound;
        if setup.admin.is_some() && setup.admin != self.admin {
            say::warning("the admin listener stays where it is until the gateway is started again");
        }
        say::note("the policy was loaded again, with the configuration");
    }

    fn failed(&mut self, failure: &Failure) {
        self.unrecorded = false;
        say::warning(&format!(
            "nothing was loaded again; what was good last stays in force\n{}",
            failure.message
        ));
    }
}

/// The files with what they were: as in `before` where they were known.
fn stamped(files: Vec<PathBuf>, before: &[(PathBuf, Stamp)]) -> Vec<(PathBuf, Stamp)> {
    let mut out: Vec<(PathBuf, Stamp)> = Vec::new();
    for path in files {
        if !out.iter().any(|(known, _)| *known == path) {
            let known = before.iter().find(|(known, _)| *known == path).map(|(_, stamp)| *stamp);
            let now = known.unwrap_or_else(|| stamp(&path));
            out.push((path, now));
        }
    }
    out
}
