//! Packages that did harm, or have a known fault.

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::known::{BAD, plain};
use crate::scan::package::packages;

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "known-bad-package",
    severity: Severity::High,
    title: "A package that is known to be harmful or broken",
    page: "The package, or this version of it, is on the list of known-bad servers in this program: it stole data, or it has a
published fault that lets a server or a document run commands or leave its folders. Where no version is said, the newest
one is fetched at the next start; then only packages without any good version are reported.

Remove it, or pin a version that has the fault mended. The list is short and as old as this program; a package that is not on it
is not thereby good.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look) {
        for package in packages(&command) {
            let name = plain(&package.name);
            for bad in BAD.iter().filter(|bad| bad.name == name) {
                let version = package.version.as_deref();
                let is_hit = bad.fixed().is_none() || version.is_some_and(|version| bad.has(version));
                if is_hit {
                    let fix = match bad.fixed() {
                        None => format!("remove `{name}`"),
                        Some(fixed) => format!("take version {fixed} or later"),
                    };
                    let message = format!("`{name}` {} [{}]", bad.why, bad.source);
                    sink.add(said(seat, package.at, message, fix));
                }
            }
        }
    }
}
