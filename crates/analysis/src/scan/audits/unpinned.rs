//! Packages without a version.

use super::{Audit, Look, Severity, Sink, every_command, said};
use crate::scan::package::{Firmness, packages};

pub(in crate::scan) const AUDIT: Audit = Audit {
    code: "unpinned-package",
    severity: Severity::Medium,
    title: "A launcher fetches whatever version is newest",
    page: "`npx`, `bunx`, `pnpm dlx`, `uvx`, `pipx`, `docker run`, `deno run` and `go run` fetch a package when the client starts. Without an
exact version, what runs tomorrow is what its owner, or whoever took over the owner's account, published this night.

Write the version: `name@1.2.3` for npm, `name==1.2.3` for PyPI, `image@sha256:…` for containers, a commit hash for repositories. A range
(`^1.2`), `latest`, a branch or an image's tag is no version: its owner moves it. `bailiwick lock` then holds the server to what it
offered when you looked at it.",
    run,
};

fn run(look: &Look<'_>, sink: &mut Sink<'_>) {
    for (seat, command) in every_command(look) {
        for package in packages(&command) {
            let (launcher, name) = (&package.launcher, &package.name);
            let message = match package.firmness() {
                Firmness::Pinned => continue,
                Firmness::Newest => {
                    format!("{launcher} runs whatever `{name}` is newest when the client starts")
                }
                Firmness::Movable => {
                    let version = package.version.clone().unwrap_or_default();
                    format!("{launcher} runs what `{name}` calls `{version}`, which its owner can move")
                }
            };
            let severity = match package.firmness() {
                Firmness::Movable => Severity::Low,
                Firmness::Newest | Firmness::Pinned => AUDIT.severity,
            };
            let form = package.pinned_form();
            sink.add_as(
                severity,
                said(
                    seat,
                    package.at,
                    message,
                    format!("write `{form}`, with the version that you looked at"),
                ),
            );
        }
    }
}
