//! The steps of a transcript: what is done, and what must come of it.

use super::Way;
use super::fields::Fields;
use serde_json::Value;

/// One line of a transcript.
#[derive(Debug)]
pub struct Step {
    /// Case and line, for complaints.
    pub place: String,
    /// Simulated time since the start, in milliseconds.
    pub at_ms: i64,
    pub deed: Deed,
    pub wanted: Wanted,
}

/// What is done in a step.
#[derive(Debug, PartialEq, Eq)]
pub enum Deed {
    /// One party writes this line.
    Say { way: Way, line: Vec<u8> },
    /// A person answers the oldest open question.
    Answer(Answer),
    /// The policy file is replaced by this one of the folder, and loaded.
    Reload(String),
    /// Time passes.
    Tick,
    /// The server is gone.
    ServerEnds,
    /// From here on the binary cannot follow, for this reason.
    EngineOnly(String),
}

/// What a person says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Approve,
    Deny(String),
    /// There is nobody to ask.
    Nobody,
    /// The external classifier gives this score, in thousandths, or none, and says why.
    Opinion(Result<u16, String>),
}

/// What must come of a step. An empty one (of the opening) demands nothing.
#[derive(Debug, Default)]
pub struct Wanted {
    /// `None`: not looked at.
    pub lines: Option<[Vec<Line>; 2]>,
    /// Each as `event verdict effect`, with the ids of its reasons if they are stated.
    pub decisions: Option<Vec<(String, Option<Vec<String>>)>>,
    /// Texts that must stand in a refusal or in the reasons.
    pub says: Vec<String>,
}

/// A line that must reach a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Exactly these bytes.
    Exactly(Vec<u8>),
    /// An answer of ours to this id (JSON), whose text names these reasons.
    Refusal { id: String, refusal: Refusal, names: Vec<String> },
}

/// The shape of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A JSON-RPC error with this code.
    Code(i64),
    /// A tool result that says `isError`.
    Tool,
    /// This result, as it is written.
    Result(String),
}

impl Step {
    pub(super) fn read(line: &str, place: &str, before_ms: i64) -> Step {
        let mut fields = Fields::parse(line, place);
        let at_ms = fields.number("at").unwrap_or(before_ms);
        assert!(at_ms >= before_ms, "{place}: time goes back");
        let deed = deed(&mut fields);
        let wanted =
            if matches!(deed, Deed::EngineOnly(_)) { Wanted::default() } else { wanted(&mut fields, &deed) };
        fields.finish();
        Step { place: place.to_owned(), at_ms, deed, wanted }
    }
}

fn deed(fields: &mut Fields) -> Deed {
    for (party, way) in [("client", Way::ToServer), ("server", Way::ToClient)] {
        let line = fields.raw(party).map(String::into_bytes);
        let line = line.or_else(|| fields.text(&format!("{party}_text")).map(String::into_bytes));
        let line =
            line.or_else(|| fields.text(&format!("{party}_hex")).map(|hex| unhex(&hex, fields.place())));
        let line = line
            .or_else(|| Some(long(&fields.raws(&format!("{party}_long")))).filter(|line| !line.is_empty()));
        if let Some(line) = line {
            return Deed::Say { way, line };
        }
    }
    if let Some(answer) = fields.text("answer") {
        let why = fields.text("why").unwrap_or_default();
        return Deed::Answer(match answer.as_str() {
            "approve" => Answer::Approve,
            "deny" => Answer::Deny(why),
            "nobody" => Answer::Nobody,
            other => panic!("{}: no answer `{other}`", fields.place()),
        });
    }
    if let Some(score) = fields.number("opinion") {
        return Deed::Answer(Answer::Opinion(Ok(u16::try_from(score).expect("a score is from 0 to 1000"))));
    }
    if let Some(why) = fields.text("no_opinion") {
        return Deed::Answer(Answer::Opinion(Err(why)));
    }
    if let Some(reason) = fields.text("engine_only") {
        return Deed::EngineOnly(reason);
    }
    if let Some(file) = fields.text("reload") {
        return Deed::Reload(file);
    }
    match fields.text("event").as_deref() {
        Some("tick") => Deed::Tick,
        Some("server ends") => Deed::ServerEnds,
        other => panic!("{}: nothing is done ({other:?})", fields.place()),
    }
}

fn wanted(fields: &mut Fields, deed: &Deed) -> Wanted {
    let mut wanted = Wanted { says: fields.texts("says"), ..Wanted::default() };
    let because = fields
        .raw("because")
        .map(|raw| serde_json::from_str::<Vec<String>>(&raw).expect("`because` is a list"));
    let mut lines: [Vec<Line>; 2] = Default::default();
    let mut main = None;
    let exactly = |raw: String| Line::Exactly(raw.into_bytes());
    if let Deed::Say { way, line } = deed {
        let (there, back) = (*way as usize, way.reverse() as usize);
        let event = event_of(line);
        // Rules that allow are reasons too, but no refusal names them; and the protocol's own reasons have no names.
        let named = |id: &&String| !id.starts_with("may-") && *id != "protocol";
        let names: Vec<String> = because.iter().flatten().filter(named).cloned().collect();
        let id = fields.raw("to").unwrap_or_else(|| id_of(line));
        let refusal = |raw: String, names: &[String]| Line::Refusal {
            id: id.clone(),
            refusal: shape(&raw),
            names: names.to_vec(),
        };
        for word in ["forwarded", "changed", "refused", "withheld", "dropped", "held", "broken", "junk"] {
            let Some(raw) = fields.raw(word) else { continue };
            assert!(main.is_none(), "{}: two outcomes", fields.place());
            let outcome = match word {
                "forwarded" => (lines[there].push(Line::Exactly(line.clone())), "allow forwarded").1,
                "changed" => (lines[there].push(exactly(raw)), "allow changed").1,
                "refused" => (lines[back].push(refusal(raw, &names)), "deny refused").1,
                "withheld" => (lines[there].push(refusal(raw, &names)), "deny refused").1,
                "held" => "ask held",
                "broken" => (lines[back].push(refusal(raw, &names)), "deny refused").1,
                _ => "deny dropped",
            };
            let event = if matches!(word, "broken" | "junk") { "malformed" } else { event };
            main = Some(format!("{event} {outcome}"));
        }
    }
    if let Some(raw) = fields.raw("denied") {
        let id = fields.raw("to").unwrap_or_else(|| panic!("{}: `denied` needs `to`", fields.place()));
        let way =
            if fields.text("party").as_deref() == Some("server") { Way::ToServer } else { Way::ToClient };
        let names = because.clone().unwrap_or_default();
        lines[way as usize].push(Line::Refusal { id, refusal: shape(&raw), names });
        wanted.decisions = Some(vec![("approval deny refused".to_owned(), None)]);
    }
    if let Some(sends) = fields.raw("sends") {
        let mut sends = Fields::parse(&sends, fields.place());
        lines[Way::ToServer as usize].extend(sends.raws("to_server").into_iter().map(exactly));
        lines[Way::ToClient as usize].extend(sends.raws("to_client").into_iter().map(exactly));
        sends.finish();
    }
    let stated: Vec<String> = fields.texts("decisions");
    wanted.decisions = Some(match (main, stated.is_empty()) {
        (Some(main), true) => vec![(main, because)],
        (_, false) => stated.iter().map(|text| decision(text)).collect(),
        (None, true) => wanted.decisions.take().unwrap_or_default(),
    });
    wanted.lines = Some(lines);
    wanted
}

/// `event verdict effect`, and the ids of all reasons behind it, joined by commas (`-` for none).
fn decision(text: &str) -> (String, Option<Vec<String>>) {
    let mut words = text.splitn(4, ' ');
    let head: Vec<&str> = words.by_ref().take(3).collect();
    let ids = words.next().map(|ids| match ids {
        "-" => Vec::new(),
        ids => ids.split(',').map(str::to_owned).collect(),
    });
    (head.join(" "), ids)
}

/// What the record calls a line, where the transcript does not say otherwise.
fn event_of(line: &[u8]) -> &'static str {
    let message: Value = serde_json::from_slice(line).unwrap_or_default();
    match message.get("method") {
        Some(_) => "decision",
        _ => "outcome",
    }
}

fn id_of(line: &[u8]) -> String {
    let message: Value = serde_json::from_slice(line).unwrap_or_default();
    message.get("id").map_or_else(|| "null".to_owned(), Value::to_string)
}

fn shape(raw: &str) -> Refusal {
    match raw.parse() {
        Ok(code) => Refusal::Code(code),
        Err(_) if raw == "\"tool\"" => Refusal::Tool,
        Err(_) => Refusal::Result(raw.to_owned()),
    }
}

fn unhex(hex: &str, place: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    assert!(digits.len().is_multiple_of(2), "{place}: half a byte");
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

/// Texts, and `[text, times]` for one that is repeated.
fn long(parts: &[String]) -> Vec<u8> {
    let mut line = Vec::new();
    for part in parts {
        match serde_json::from_str::<Value>(part).expect("a part is JSON") {
            Value::String(text) => line.extend_from_slice(text.as_bytes()),
            Value::Array(pair) => {
                let (text, times) = (pair[0].as_str().expect("a text"), pair[1].as_u64().expect("a number"));
                line.extend(text.repeat(usize::try_from(times).expect("it fits")).into_bytes());
            }
            other => panic!("a part of a long line is no {other}"),
        }
    }
    line
}
