//! The suite as a server, and a real client behind the gateway.

use super::checks::Checks;
use super::{WAYS, Ways, binary, emptied, node, script, state};
use crate::shell::{self, Progress};
use anyhow::Result;
use std::process::Command;

/// The scenarios of the protocol, at each set of requirements.
const PROTOCOL: [(&str, &[&str]); 2] = [
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
/// Those of authorization that are in both sets.
const AUTHORIZATION: [&str; 12] = [
    "auth/metadata-default",
    "auth/metadata-var3",
    "auth/basic-cimd",
    "auth/scope-from-www-authenticate",
    "auth/scope-from-scopes-supported",
    "auth/scope-omitted-when-undefined",
    "auth/scope-step-up",
    "auth/scope-retry-limit",
    "auth/token-endpoint-auth-basic",
    "auth/token-endpoint-auth-post",
    "auth/token-endpoint-auth-none",
    "auth/pre-registration",
];
/// Those that are in the newer one alone.
const AUTHORIZATION_SINCE: [&str; 10] = [
    "auth/offline-access-scope",
    "auth/offline-access-not-supported",
    "auth/authorization-server-migration",
    "auth/iss-supported",
    "auth/iss-not-advertised",
    "auth/iss-supported-missing",
    "auth/iss-wrong-issuer",
    "auth/iss-unexpected",
    "auth/iss-normalized",
    "auth/metadata-issuer-mismatch",
];
/// Those that rest on what a gateway at an address of its own is not: the server's own.
pub(super) const LEFT_OUT: [(&str, &str); 3] = [
    ("auth/metadata-var1", "its client finds the metadata at the address that it speaks to"),
    ("auth/metadata-var2", "the same"),
    ("auth/resource-mismatch", "its client must refuse metadata that name another address"),
];

/// All that are run, by set of requirements.
pub(super) fn all() -> Vec<(&'static str, Vec<&'static str>)> {
    let of = |(requirements, names): (&'static str, &'static [&'static str])| {
        let since = if requirements == "2025-11-25" { &[][..] } else { &AUTHORIZATION_SINCE[..] };
        (requirements, names.iter().chain(&AUTHORIZATION).chain(since).copied().collect())
    };
    PROTOCOL.map(of).into()
}

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
    all().into_iter().map(|(requirements, names)| scenarios(way, flags, requirements, &names)).collect()
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
            let binary = binary().display().to_string();
            let own =
                [binary.as_str(), "gateway", "--server", "reference", "--forward-header", "Authorization"];
            let words: Vec<&str> = own.into_iter().chain(flags.iter().copied()).collect();
            command.env("GATEWAY_UNDER_TEST", words.join("\n")).env("BAILIWICK_STATE_DIR", state());
        }
        // What failed is in the results.
        let _ = shell::logged(&mut command, &format!("conformance-client-{way}-{requirements}"));
    }
    Checks::read(&out)
}
