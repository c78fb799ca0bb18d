//! Packs of attacks: data, built in or from files. `docs/reference/attack-packs.md` is their form.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::kind;

/// Attacks that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    pub id: String,
    pub title: String,
    pub attacks: Vec<Planned>,
}

/// One attack, before it is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    pub id: String,
    pub title: String,
    /// The kind of server, or `any`.
    pub kind: String,
    /// What a tool must do to be used for it beside those that it names.
    pub does: Option<String>,
    pub owasp: Vec<String>,
    pub nsa: Vec<u8>,
    pub steps: Vec<Step>,
}

/// One message of an attack.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub deed: Deed,
    /// It only leads to the attack: what is decided over it says nothing.
    pub is_carrier: bool,
    /// What it needs to be an attack at all: where this does not get through, nothing is put to the test.
    pub is_premise: bool,
    /// How often it is sent, 10 ms apart.
    pub times: u32,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// A call of one of the tools, with one of the arguments.
    Call {
        tools: Vec<String>,
        args: Vec<Map<String, Value>>,
    },
    Resource {
        uris: Vec<String>,
    },
    Prompt {
        name: String,
    },
    /// The server's answer to the request before: its `result`.
    Answer(Value),
    /// The tools that the server lists.
    List(Value),
    /// A request of the server.
    ServerAsks {
        method: String,
        params: Value,
    },
    /// A line as it is, from the client.
    Raw(String),
}

/// Why a pack cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("line {line}: {why}")]
pub struct PackError {
    pub line: usize,
    pub why: String,
}

/// A pack's text above this is refused, in bytes.
pub const PACK_BYTES_MAX: usize = 1 << 20;
/// Attacks of one pack.
const ATTACKS_MAX: usize = 1_000;
/// Forms of one step: its tools times its arguments.
const FORMS_MAX: usize = 256;
/// Messages of one attack.
const STEPS_MAX: usize = 64;
/// How often one step is sent.
const TIMES_MAX: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    pack: u32,
    id: String,
    title: String,
    attack: Vec<RawAttack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttack {
    id: String,
    title: String,
    kind: String,
    does: Option<String>,
    #[serde(default)]
    owasp: Vec<u8>,
    #[serde(default)]
    nsa: Vec<u8>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    args: Vec<Map<String, Value>>,
    #[serde(default)]
    uris: Vec<String>,
    #[serde(default)]
    step: Vec<RawStep>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    args: Vec<Map<String, Value>>,
    #[serde(default)]
    uris: Vec<String>,
    prompt: Option<String>,
    /// The text of a tool's answer.
    result: Option<String>,
    /// An answer as JSON.
    answer: Option<String>,
    /// Tools as JSON.
    list: Option<String>,
    ask: Option<String>,
    params: Option<String>,
    raw: Option<String>,
    #[serde(default)]
    carrier: bool,
    #[serde(default)]
    premise: bool,
    times: Option<u32>,
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    /// What is wrong with it first, with its line.
    pub fn read(text: &str) -> Result<Pack, PackError> {
        if text.len() > PACK_BYTES_MAX {
            return Err(PackError { line: 1, why: format!("longer than {PACK_BYTES_MAX} bytes") });
        }
        let raw: RawPack = toml_edit::de::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let why = error.message().lines().next().unwrap_or_default().to_owned();
            PackError { line: line_of(text, at), why }
        })?;
        let wrong = |line: usize, why: String| Err(PackError { line, why });
        if raw.pack != 1 {
            return wrong(1, format!("`pack` is {}, and this program reads 1", raw.pack));
        }
        if raw.attack.is_empty() || raw.attack.len() > ATTACKS_MAX {
            return wrong(1, format!("a pack has 1 to {ATTACKS_MAX} attacks"));
        }
        let mut seen = BTreeSet::new();
        let mut attacks = Vec::new();
        for (number, attack) in raw.attack.into_iter().enumerate() {
            let line = line_of_attack(text, number);
            if !seen.insert(attack.id.clone()) {
                return wrong(line, format!("there is another attack `{}`", attack.id));
            }
            attacks.push(planned(attack).map_err(|why| PackError { line, why })?);
        }
        Ok(Pack { id: raw.id, title: raw.title, attacks })
    }
}

fn planned(raw: RawAttack) -> Result<Planned, String> {
    let RawAttack { id, title, kind, does, owasp, nsa, tools, args, uris, step } = raw;
    if kind != kind::ANY && !kind::kinds().contains(&kind.as_str()) {
        return Err(format!("unknown kind `{kind}`; one of {}, any", kind::kinds().join(", ")));
    }
    if let Some(deed) = does.as_deref().filter(|deed| !kind::is_deed(deed)) {
        return Err(format!("unknown `does` `{deed}`; one of {}", kind::deeds()));
    }
    if owasp.iter().any(|risk| !(1..=10).contains(risk))
        || nsa.iter().any(|control| !(1..=9).contains(control))
    {
        return Err("`owasp` counts from 1 to 10, `nsa` from 1 to 9".to_owned());
    }
    let is_short = !tools.is_empty() || !args.is_empty() || !uris.is_empty();
    let steps = match (is_short, step.is_empty()) {
        (true, true) => {
            let first = RawStep { tools, args, uris, ..RawStep::default() };
            vec![first]
        }
        (false, false) if step.len() <= STEPS_MAX => step,
        (false, false) => return Err(format!("more than {STEPS_MAX} steps")),
        (true, false) => return Err("either `tools`, `args`, `uris`, or steps".to_owned()),
        (false, true) => return Err("it sends nothing: give `tools` and `args`, `uris`, or steps".to_owned()),
    };
    let steps = steps.into_iter().map(planned_step).collect::<Result<Vec<_>, _>>()?;
    if steps.iter().all(|step| step.is_carrier || step.is_premise) {
        return Err("every step is a carrier, so nothing is put to the test".to_owned());
    }
    let owasp = owasp.iter().map(|risk| format!("MCP{risk:02}")).collect();
    Ok(Planned { id, title, kind, does, owasp, nsa, steps })
}

fn planned_step(raw: RawStep) -> Result<Step, String> {
    let RawStep {
        tools,
        args,
        uris,
        prompt,
        result,
        answer,
        list,
        ask,
        params,
        raw,
        carrier,
        premise,
        times,
    } = raw;
    let json = |what: &str, text: &str| {
        serde_json::from_str::<Value>(text).map_err(|error| format!("`{what}` is no JSON: {error}"))
    };
    let mut deeds = Vec::new();
    match (tools.is_empty(), args.is_empty()) {
        (true, true) => {}
        (false, _) => {
            let args = if args.is_empty() { vec![Map::new()] } else { args };
            deeds.push(Deed::Call { tools, args });
        }
        (true, false) => return Err("`args` without `tools`".to_owned()),
    }
    if !uris.is_empty() {
        deeds.push(Deed::Resource { uris });
    }
    deeds.extend(prompt.map(|name| Deed::Prompt { name }));
    if let Some(text) = result {
        deeds.push(Deed::Answer(serde_json::json!({ "content": [{ "type": "text", "text": text }] })));
    }
    if let Some(text) = answer {
        deeds.push(Deed::Answer(json("answer", &text)?));
    }
    if let Some(text) = list {
        deeds.push(Deed::List(json("list", &text)?));
    }
    match (ask, params) {
        (Some(method), params) => {
            let params = json("params", params.as_deref().unwrap_or("{}"))?;
            deeds.push(Deed::ServerAsks { method, params });
        }
        (None, Some(_)) => return Err("`params` without `ask`".to_owned()),
        (None, None) => {}
    }
    deeds.extend(raw.map(Deed::Raw));
    let mut deeds = deeds.into_iter();
    let (Some(deed), None) = (deeds.next(), deeds.next()) else {
        return Err(
            "a step sends one thing: tools, uris, prompt, result, answer, list, ask or raw".to_owned()
        );
    };
    let forms = match &deed {
        Deed::Call { tools, args } => tools.len().saturating_mul(args.len()),
        Deed::Resource { uris } => uris.len(),
        Deed::Prompt { .. } | Deed::Answer(_) | Deed::List(_) | Deed::ServerAsks { .. } | Deed::Raw(_) => 1,
    };
    let times = times.unwrap_or(1);
    if forms > FORMS_MAX || !(1..=TIMES_MAX).contains(&times) {
        return Err(format!("a step has at most {FORMS_MAX} forms, and is sent 1 to {TIMES_MAX} times"));
    }
    Ok(Step { deed, is_carrier: carrier, is_premise: premise, times })
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at.min(text.len())).unwrap_or_default();
    before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1)
}

fn line_of_attack(text: &str, number: usize) -> usize {
    let starts = |(_, line): &(usize, &str)| line.trim_start().starts_with("[[attack]]");
    text.lines().enumerate().filter(starts).nth(number).map_or(1, |(at, _)| at.saturating_add(1))
}

/// The packs that come with the program.
const BUILT_IN: [&str; 11] = [
    include_str!("../../packs/basics.toml"),
    include_str!("../../packs/filesystem.toml"),
    include_str!("../../packs/shell.toml"),
    include_str!("../../packs/git.toml"),
    include_str!("../../packs/data.toml"),
    include_str!("../../packs/mail.toml"),
    include_str!("../../packs/web.toml"),
    include_str!("../../packs/cloud.toml"),
    include_str!("../../packs/payments.toml"),
    include_str!("../../packs/bypasses.toml"),
    include_str!("../../packs/servers.toml"),
];

/// The built-in packs.
///
/// # Errors
/// Never, which a test shows.
pub fn built_in() -> Result<Vec<Pack>, PackError> {
    BUILT_IN.iter().map(|text| Pack::read(text)).collect()
}
