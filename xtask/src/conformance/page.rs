//! The page of the docs that says what came out.

use super::client;
use super::{REQUIREMENTS, SERVERS, WAYS, Ways, differences};
use crate::shell;
use std::fmt::Write as _;
use std::fs;

pub(super) fn page(servers: &[Ways], clients: &Ways, worse: &[String]) -> String {
    let read = |path: &str| fs::read_to_string(shell::root().join(path)).unwrap_or_default();
    let (suite, peers, testkit) = (
        read("tests/conformance/package.json"),
        read("tests/peers/package.json"),
        read("crates/testkit/Cargo.toml"),
    );
    let mut page = String::from(HEAD);
    let _ = writeln!(
        page,
        "Suite: `@modelcontextprotocol/conformance@{}`. Servers:\n",
        pinned(&suite, "\"@modelcontextprotocol/conformance\"")
    );
    let versions = [pinned(&suite, "\"@modelcontextprotocol/server\""), pinned(&testkit, "rmcp = { version")];
    for ((name, what), version) in SERVERS.iter().zip(versions) {
        let _ = writeln!(page, "- **{name}**: {what} `{version}`");
    }
    page.push_str("\nWays:\n\n");
    for (name, words, _) in WAYS {
        let _ = writeln!(page, "- **{name}**: {words}");
    }
    page.push_str("\n## The gateway before a server\n\n");
    for ((name, _), ways) in SERVERS.iter().zip(servers) {
        table(&mut page, name, ways);
    }
    let names: Vec<String> = client::all()
        .iter()
        .map(|(requirements, names)| format!("{} at {requirements}", names.len()))
        .collect();
    let _ = writeln!(
        page,
        "## The gateway before a client\n\nThe suite is the server, and [`tests/conformance/client.mjs`](../../tests/conformance/client.mjs) on the\n\
         TypeScript SDK `{}` the client: {} scenarios. In those of authorization the gateway forwards\n\
         `Authorization`, and [whoever consents](../../tests/conformance/owner.mjs) accepts that the server's metadata name the server and not the gateway.\n\n\
         Left out are the six of extensions (`auth/client-credentials-jwt`, `auth/client-credentials-basic`, `auth/enterprise-managed-authorization`,\n\
         `auth/dpop`, `auth/dpop-nonce`, `auth/wif-jwt-bearer`), which this client has not, and what rests on the client speaking to the\n\
         server's own address:\n",
        pinned(&peers, "\"@modelcontextprotocol/client\""),
        names.join(", ")
    );
    for (name, why) in client::LEFT_OUT {
        let _ = writeln!(page, "- `{name}`: {why}");
    }
    page.push('\n');
    table(&mut page, "client", clients);
    if !worse.is_empty() {
        page.push_str("## Worse\n\n");
        worse.iter().for_each(|line| page.push_str(&format!("- {line}\n")));
        page.push('\n');
    }
    page.push_str(FOOT);
    page
}

fn table(page: &mut String, who: &str, ways: &Ways) {
    let _ = writeln!(
        page,
        "| {who} | requirements | scenarios | checks passed | failed | worse than directly |\n|---|---|---|---|---|---|"
    );
    let differences = differences(ways);
    let names = ["directly"].into_iter().chain(WAYS.map(|(name, ..)| name));
    for (name, all) in names.zip(ways) {
        for (index, (checks, requirements)) in all.iter().zip(REQUIREMENTS).enumerate() {
            let (passed, failed) = checks.totals();
            let own = differences.iter().find(|(way, at, _)| *way == name && *at == index);
            let worse = own.map_or(0, |(.., lines)| lines.len());
            let scenarios = checks.scenarios();
            let _ =
                writeln!(page, "| {name} | {requirements} | {scenarios} | {passed} | {failed} | {worse} |");
        }
    }
    page.push('\n');
}

/// The version behind `name` in a manifest.
fn pinned(manifest: &str, name: &str) -> String {
    let line = manifest.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
    let mut quoted = line.split('"').skip(1).step_by(2);
    quoted.find(|text| text.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default().to_owned()
}

const HEAD: &str = "\
# Conformance

Made by `cargo xtask conformance`: the official suite of the protocol against two servers and a client, directly and through
`bailiwick gateway`. A check counts as worse if it passes directly and not through the gateway. `tests/conformance.rs` runs a part of it
with every `cargo xtask test`.

";
const FOOT: &str = "\
The checks that `typescript` fails directly are those of the tasks extension, which its SDK does not have. The suite has no scenarios for
stdio, batches, or HTTP+SSE.
";
