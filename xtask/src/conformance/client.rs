//! The suite as a server, and a real client behind the gateway.

use super::checks::Checks;
use super::{WAYS, Ways, binary, emptied, node, script, state};
use crate::shell::{self, Progress};
use anyhow::Result;
use std::process::Command;

/// The scenarios of each set of requirements that are about the protocol. Those of authorization want the token to be made out
/// to the very address that the client speaks to, which a gateway at an address of its own is not.
pub(super) const SCENARIOS: [(&str, &[&str]); 2] = [
    (
        "2025-11-25",
        &[
            "initialize",
            "tools_call",
            "elicitation-sep1034-client-defaults",
            "sse-retry",
            "json-schema-2020-12-preservation",
        ],
    ),
    (
        "2026-07-28",
        &[
            "tools_call",
            "request-metadata",
            "sep-2322-client-request-state",
            "http-standard-headers",
            "http-custom-headers",
            "http-invalid-tool-headers",
            "json-schema-ref-no-deref",
            "json-schema-2020-12-preservation",
        ],
    ),
];

/// The client by every way.
pub(super) fn ways(progress: &mut Progress) -> Result<Ways> {
    let mut ways = vec![progress.step("the client, directly", || both("direct", None))?];
    for (way, _, flags) in WAYS {
        let step = format!("the client through the gateway: {way}");
        ways.push(progress.step(&step, || both(way, Some(flags)))?);
    }
    Ok(ways)
}

fn both(way: &str, flags: Option<&[&str]>) -> Result<Vec<Checks>> {
    SCENARIOS.iter().map(|(requirements, names)| scenarios(way, flags, requirements, names)).collect()
}

fn scenarios(way: &str, flags: Option<&[&str]>, requirements: &str, names: &[&str]) -> Result<Checks> {
    let out = emptied(&format!("client-{way}-{requirements}"))?;
    let tests = shell::root().join("tests");
    let (resolve, client) = (tests.join("peers/resolve.mjs"), tests.join("conformance/client.mjs"));
    // The suite cuts this at its blanks.
    let under_test = format!("{} --import {} {}", node().display(), resolve.display(), client.display());
    for name in names {
        let mut command = Command::new(node());
        command.arg(script()).args(["client", "--command", &under_test, "--scenario", name]);
        command.args(["--spec-version", requirements, "--timeout", "60000", "-o"]).arg(&out);
        command.current_dir(shell::root()).env("BAILIWICK_TEST_TOOLS", shell::tools());
        if let Some(flags) = flags {
            let words = [&binary().display().to_string(), "gateway", "--server", "reference"];
            let words: Vec<&str> = words.into_iter().chain(flags.iter().copied()).collect();
            command.env("GATEWAY_UNDER_TEST", words.join("\n")).env("BAILIWICK_STATE_DIR", state());
        }
        // What failed is in the results.
        let _ = shell::logged(&mut command, &format!("conformance-client-{way}-{requirements}"));
    }
    Checks::read(&out)
}
