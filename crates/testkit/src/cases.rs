//! The cases of `cases/`: a policy, a transcript, and what must happen. `cases/README.md` says how they are written.
//!
//! This module reads them, fills in the opening of a conversation, and compares what happened with what must. The engine
//! is driven in `crates/engine/tests`, the binary in `crates/bailiwick/tests`; both hand over an [`Observed`] per step.

mod check;
mod delivery;
mod fields;
mod opening;
mod transcript;

use crate::tools::repository;
use std::fs;
use std::path::PathBuf;

pub use check::{Observed, Seen, problems};
pub use delivery::Delivery;
pub use fields::Fields;
pub use transcript::{Answer, Deed, Line, Refusal, Step, Wanted};

/// Which way a message travels, and by that who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToServer,
    ToClient,
}

impl Way {
    pub fn reverse(self) -> Way {
        match self {
            Way::ToServer => Way::ToClient,
            Way::ToClient => Way::ToServer,
        }
    }
}

/// One folder of `cases/`.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub folder: PathBuf,
    /// What it shows, in one sentence.
    pub claim: String,
    pub server: String,
    pub principal: String,
    pub roles: Vec<String>,
    /// `enforce`, `shadow` or `observe`.
    pub mode: String,
    /// Policy files of the folder, or names of bundled policies.
    pub policies: Vec<String>,
    /// What the lock file pins, as results of the lists.
    pub lock: Option<Locked>,
    /// Limits of the wire by the name of their flag, without `--`.
    pub limits: Vec<(String, u64)>,
    /// It must refuse to start, and its error must hold all of these.
    pub refuses: Option<Vec<String>>,
    /// Why one of the ways cannot show it: the engine has no files, the binary has no simulated time.
    pub engine_only: Option<String>,
    pub stdio_only: Option<String>,
    /// How the answers of its server come over HTTP, where that is part of the claim.
    pub deliveries: Option<Vec<Delivery>>,
    /// A person sits at a terminal; without one, asking is denying.
    pub person: bool,
    /// What is still missing in the product: such a case must fail, so that it is noticed when it holds.
    pub not_yet: Option<String>,
    pub steps: Vec<Step>,
}

/// The pinned things, each as the JSON of its list.
#[derive(Debug, Clone, Default)]
pub struct Locked {
    pub tools: Vec<String>,
    pub prompts: Vec<String>,
    pub resource_templates: Vec<String>,
    pub instructions: Option<String>,
}

/// All cases, by name; `$BAILIWICK_CASES` selects those whose name contains it.
pub fn all() -> Vec<Case> {
    let folder = repository().join("cases");
    let wanted = std::env::var("BAILIWICK_CASES").unwrap_or_default();
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut cases: Vec<Case> = entries
        .map(|entry| entry.expect("a folder can be listed").path())
        .filter(|path| path.is_dir() && path.to_string_lossy().contains(&wanted))
        .map(Case::read)
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!cases.is_empty(), "no case in {} matches `{wanted}`", folder.display());
    cases
}

impl Case {
    fn read(folder: PathBuf) -> Case {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let path = folder.join("transcript.jsonl");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines.next().unwrap_or_else(|| panic!("{name}: the transcript is empty"));
        let mut head = Fields::parse(first, &format!("{name}:1"));
        let mut steps = opening::steps(&mut head);
        let mut at_ms = 0;
        for (index, line) in lines {
            let step = Step::read(line, &format!("{name}:{}", index + 1), at_ms);
            at_ms = step.at_ms;
            steps.push(step);
        }
        let case = Case {
            claim: head.text("claim").unwrap_or_else(|| panic!("{name}: no claim")),
            server: head.text("server").unwrap_or_else(|| "srv".to_owned()),
            principal: head.text("principal").unwrap_or_else(|| "user:ana".to_owned()),
            roles: head.texts("roles"),
            mode: head.text("mode").unwrap_or_else(|| "enforce".to_owned()),
            policies: match head.texts("policies") {
                given if given.is_empty() => vec!["policy.yaml".to_owned()],
                given => given,
            },
            lock: head.raw("lock").map(|lock| Locked::read(&lock, &name)),
            limits: head
                .raw("limits")
                .map(|limits| Fields::parse(&limits, &name).numbers())
                .unwrap_or_default(),
            refuses: Some(head.texts("refuses")).filter(|parts| !parts.is_empty()),
            engine_only: head.text("engine_only"),
            stdio_only: head.text("stdio_only"),
            deliveries: Some(head.texts("deliveries"))
                .filter(|names| !names.is_empty())
                .map(|names| names.iter().map(|word| Delivery::named(word, &name)).collect()),
            person: head.raw("person").is_some_and(|word| word == "true"),
            not_yet: head.text("not_yet"),
            steps,
            name,
            folder,
        };
        head.finish();
        case
    }

    /// The text of a policy file of this case.
    pub fn policy_text(&self, file: &str) -> std::io::Result<String> {
        fs::read_to_string(self.folder.join(file))
    }
}

impl Locked {
    fn read(json: &str, name: &str) -> Locked {
        let mut fields = Fields::parse(json, name);
        let locked = Locked {
            tools: fields.raws("tools").into_iter().map(|tool| opening::tool(&tool)).collect(),
            prompts: fields.raws("prompts"),
            resource_templates: fields.raws("resourceTemplates"),
            instructions: fields.raw("instructions"),
        };
        fields.finish();
        locked
    }
}
