//! Launching a wrapped entry as its client would, and reading in the record who decided.

use std::ffi::OsString;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use bailiwick_analysis::counted;
use bailiwick_clients::config::Server;
use bailiwick_clients::wrap::Wrapper;
use bailiwick_disk::Found;
use bailiwick_record::audit::Records;

use crate::command::lock::client::Command;
use crate::command::run::run_id;
use crate::policies::Layers;
use crate::{launching, offer, places};

/// What the record of one launch shows.
///
/// # Errors
/// Why it does not show what the entry says.
pub(super) fn prove(found: &Found, server: &Server, wrapper: &Wrapper) -> Result<String, String> {
    let whole = launching::whole(found, server)?;
    let folder = places::state().map_err(|failure| failure.message)?.join("proof");
    let id = run_id().map_err(|failure| failure.message)?;
    let audit = folder.join(format!("{id}.jsonl"));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut environment = whole.asked.environment;
    // Of the entry's own run: the flag stands for everything that the entry says.
    environment.push((OsString::from("BAILIWICK_AUDIT"), audit.clone().into_os_string()));
    environment.push((OsString::from("BAILIWICK_ASK"), OsString::from("never")));
    let command =
        Command { words: &whole.asked.words, environment: &environment, timeout: TIMEOUT, alone: false };
    // No server has a tool of that name: who lets the call through does no harm by it.
    let offered = offer::ask_and_call(&command, &format!("bailiwick-proof-{id}"));
    let offered = offered.map_err(|failure| failure.message);
    let seen = seen(&audit);
    // Only this proof needs it; what cannot be removed does no harm.
    for file in [&audit, &bailiwick_record::audit::note_path(&audit)] {
        let _ = std::fs::remove_file(file);
    }
    let seen = seen.ok_or("no record of it was made, so nothing of ours stood before it")?;
    let tools = offered?.tools.len();
    let mode = if wrapper.is_enforced() { "enforce" } else { "observe" };
    if seen.mode != mode {
        return Err(format!("it ran in mode `{}`, not `{mode}`", seen.mode));
    }
    let expected = Layers::new(&wrapper.policies, None).and_then(|layers| layers.load(false));
    let expected = expected.map_err(|failure| failure.message)?;
    if wrapper.is_enforced() && seen.policy != expected.policy.digest() {
        return Err("another policy decided than the entry names".to_owned());
    }
    if seen.calls == 0 {
        return Err("no call was decided over".to_owned());
    }
    let short = seen.policy.get(..12).unwrap_or(&seen.policy);
    Ok(format!(
        "launched, a call and {} decided in mode {mode} by policy {short}…, {} offered",
        counted(seen.others, "other message"),
        counted(tools, "tool")
    ))
}

/// For each answer of a server, which may have to be fetched first.
const TIMEOUT: Duration = Duration::from_secs(60);

struct Seen {
    mode: String,
    policy: String,
    /// Decisions over calls, and over what else was sent.
    calls: usize,
    others: usize,
}

fn seen(audit: &Path) -> Option<Seen> {
    let records = Records::new(BufReader::new(File::open(audit).ok()?));
    let mut seen: Option<Seen> = None;
    for record in records.flatten() {
        match record.kind.as_str() {
            "start" => {
                let text = |key: &str| record.text(key).unwrap_or_default().to_owned();
                seen = Some(Seen { mode: text("mode"), policy: text("policy_sha256"), calls: 0, others: 0 });
            }
            "decision" => {
                if let Some(seen) = &mut seen {
                    let is_call = record.text("method") == Some("tools/call");
                    seen.calls += usize::from(is_call);
                    seen.others += usize::from(!is_call);
                }
            }
            _ => {}
        }
    }
    seen
}
