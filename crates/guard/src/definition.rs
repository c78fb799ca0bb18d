//! The `tool-poisoning` guard: what the definition of a tool asks of the agent that reads it.
//!
//! Imperatives are normal here, so the weights are other than those of results. Each sign counts once; no single one
//! suffices but those that no honest definition has.

mod look_alike;
mod pretexts;
mod signs;
mod words;

use bailiwick_mcp::Value;

use self::pretexts::PRETEXTS;
use self::signs::SIGNS;
use crate::guard::{Finding, Guard, Level, Via};
use crate::injection::{Injection, model};
use crate::verdict::{Parts, Verdict};

/// A sign: the phrases that are it, and what it weighs in hundredths of a point.
#[derive(Debug)]
struct Sign {
    code: &'static str,
    message: &'static str,
    points: i32,
    phrases: &'static [&'static str],
}

/// The names of tools that a definition stands beside.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'n> {
    /// Those that its own server lists, itself among them.
    pub own: &'n [&'n str],
    /// Those of the other servers that the same agent has.
    pub others: &'n [&'n str],
}

/// True if `name` looks like one of the names of other servers' tools, without being spelled as people spell it.
#[must_use]
pub fn imitates(name: &str, others: &[&str]) -> bool {
    look_alike::is_disguised(name, others)
}

/// A name as it looks: a name that imitates another has its outline.
#[must_use]
pub fn outline(name: &str) -> String {
    look_alike::shape(name)
}

/// Judges the name, the descriptions and every text of the schemas of one tool.
pub(crate) fn judge(injection: &Injection, tool: Value<'_>, beside: Beside<'_>) -> Verdict {
    let names = beside.own;
    let name = tool.get("name").and_then(Value::text).unwrap_or_default();
    let described = tool.get("description").map_or((0, 0), Value::span);
    let mut found = Found(Vec::new());
    let mut best = Parts::default();
    for (text, value) in texts(tool) {
        found.read(&text, value.span(), value.span() == described, (&name, names));
        if governs_another(&text, beside) {
            found.note(value.span(), "other-tool", OTHER_TOOL, 80);
            found.note(value.span(), "other-server", OTHER_SERVER, 60);
        }
        let (parts, _) = injection.judge(&text, &mut |_| {});
        if parts.points() > best.points() {
            best = parts;
        }
    }
    if look_alike::is_one(&name, names) {
        found.note(tool.span(), "look-alike", LOOK_ALIKE, 120);
    }
    if look_alike::is_disguised(&name, beside.others) {
        found.note(tool.span(), "look-alike", LOOK_ALIKE, 120);
    }
    if beside.others.contains(&&*name) {
        found.note(tool.span(), "same-name", SAME_NAME, 30);
    }
    if names_attack(tool) {
        found.note(tool.span(), "attack", ATTACK, 130);
    }
    let signs: i32 = found.0.iter().map(|finding| finding.points).sum();
    let injected = best.points().clamp(0, 300) * 7 / 10;
    let points = signs + injected;
    if injected >= 60 {
        found.note(tool.span(), "orders", ORDERS, injected);
    }
    let mut verdict = Verdict::default();
    verdict.raise(points, Some(Parts { pattern: signs, model: injected, structure: 0 }));
    if let Some(level) = Level::of_definition(points) {
        verdict.findings = found.0;
        verdict.findings.iter_mut().for_each(|finding| finding.level = level);
    }
    verdict
}

/// A short description of nothing but an attack, of a tool without a single argument: what it does about it needs no
/// more, and what works against attacks takes something to work on.
fn names_attack(tool: Value<'_>) -> bool {
    let takes = tool.get("inputSchema").and_then(|schema| schema.get("properties"));
    let description = tool.get("description").and_then(Value::text).unwrap_or_default();
    if takes.is_some_and(|takes| takes.members().next().is_some()) || description.len() > ATTACK_BYTES_MAX {
        return false;
    }
    let plain = model::normalise(&description);
    words::ATTACKS.iter().any(|attack| plain.contains(attack))
}

/// Longer descriptions say what the tool does, in bytes.
const ATTACK_BYTES_MAX: usize = 160;

/// The signs found so far; each counts once.
struct Found(Vec<Finding>);

impl Found {
    fn note(&mut self, span: (usize, usize), code: &'static str, message: &'static str, points: i32) {
        if !self.0.iter().any(|finding| finding.code == code) {
            let (via, level) = (Via::default(), Level::Possible);
            let span = span.0..span.1;
            let (guard, parts) = (Guard::ToolPoisoning, None);
            self.0.push(Finding { guard, code, span, message, level, points, via, parts });
        }
    }

    fn read(
        &mut self,
        text: &str,
        span: (usize, usize),
        is_description: bool,
        (name, names): (&str, &[&str]),
    ) {
        let plain = model::normalise(text);
        let other = speaks_of_another(&plain, name);
        for sign in SIGNS.iter().chain(PRETEXTS) {
            if sign.phrases.iter().any(|phrase| holds(&plain, phrase)) {
                self.note(span, sign.code, sign.message, sign.points);
            }
        }
        let others = [
            (names_file(&plain), "secret-file", SECRET_FILE, 120),
            (is_padded(text), "padding", PADDING, 140),
            (switches_script(text), "other-script", OTHER_SCRIPT, 70),
            (hides(text), "hidden-characters", HIDDEN, 250),
            (addresses(&plain) && sends(&plain), "sends-away", SENDS_AWAY, 110),
            (other.is_some_and(|other| !is_own(other, names)), "other-tool", OTHER_TOOL, 80),
            // Of its own server's tools a definition may speak; of those of others it knows nothing.
            (other.is_some_and(|other| is_foreign(other, names)), "other-server", OTHER_SERVER, 60),
        ];
        for (holds, code, message, points) in others {
            if holds {
                self.note(span, code, message, points);
            }
        }
        // A parameter is described by what it is, not by what the reader shall do.
        let asks = self.0.iter().any(|finding| matches!(finding.code, "conversation" | "secret-file"));
        if !is_description && asks && ASKING.iter().any(|word| plain.contains(word)) {
            self.note(span, "parameter", PARAMETER, 100);
        }
    }
}

/// How a parameter asks for contents.
const ASKING: [&str; 7] =
    ["look it up", "needed for", "content", "summary of", "everything", "full ", "contents of"];

const SECRET_FILE: &str = "the definition names a file of credentials";
const PADDING: &str = "many empty lines, and text behind them";
const OTHER_SCRIPT: &str = "another script than that of the rest begins in the middle";
const HIDDEN: &str = "characters that a person does not see";
const SENDS_AWAY: &str = "something is to be sent to an address";
const OTHER_TOOL: &str = "the definition says how another tool is to be used";
const OTHER_SERVER: &str = "the definition governs a tool that its server does not have";
const SAME_NAME: &str = "a tool of another server has the same name";
const LOOK_ALIKE: &str = "the name looks like that of another tool";
const PARAMETER: &str = "a parameter asks for secrets or for the conversation";
const ATTACK: &str = "the definition is little but the name of an attack";
const ORDERS: &str = "the definition reads like an injected order";

impl Level {
    /// From how many points on a definition reaches this level, in hundredths.
    #[must_use]
    pub fn definition_points(self) -> i32 {
        match self {
            Level::Possible => 80,
            Level::Likely => 120,
            Level::Certain => 200,
        }
    }

    fn of_definition(points: i32) -> Option<Level> {
        Level::ALL.into_iter().rev().find(|level| points >= level.definition_points())
    }
}

/// Most texts of one definition that are read.
const TEXTS_MAX: usize = 2_000;

/// The texts of a definition; long names of properties are texts too.
fn texts(tool: Value<'_>) -> Vec<(String, Value<'_>)> {
    let mut out = Vec::new();
    gather(tool, 0, &mut out);
    out
}

fn gather<'a>(value: Value<'a>, depth: usize, out: &mut Vec<(String, Value<'a>)>) {
    if depth > 64 || out.len() >= TEXTS_MAX {
        return;
    }
    if let Some(text) = value.text() {
        out.push((text.into_owned(), value));
    }
    for element in value.elements() {
        gather(element, depth + 1, out);
    }
    for (name, member) in value.members() {
        let Some(key) = name.text() else { continue };
        if depth == 0 && LABELS.contains(&&*key) {
            continue;
        }
        if depth > 1 && key.len() > 12 {
            out.push((key.replace(['_', '-'], " "), name));
        }
        gather(member, depth + 1, out);
    }
}

/// Members of a labelled row that are not of the definition.
const LABELS: [&str; 10] =
    ["id", "label", "source", "licence", "kind", "group", "split", "imperative", "redistributable", "tier"];

/// `a … b` asks for both in this order within a sentence's length.
fn holds(text: &str, phrase: &str) -> bool {
    match phrase.split_once(" … ") {
        None => text.contains(phrase),
        Some((first, second)) => text.match_indices(first).any(|(at, _)| {
            let from = at + first.len();
            let to = text.floor_char_boundary(from + GAP);
            text.get(from..to).is_some_and(|rest| rest.contains(second))
        }),
    }
}

const GAP: usize = 70;

fn names_file(text: &str) -> bool {
    signs::FILES.iter().any(|file| text.contains(file))
}

/// Ten or more line ends, and text behind them.
fn is_padded(text: &str) -> bool {
    let blank = |c: char| c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == '\u{a0}';
    let mut ends = 0;
    for character in text.chars() {
        if character == '\n' {
            ends += 1;
        } else if !blank(character) {
            if ends >= 8 {
                return true;
            }
            ends = 0;
        }
    }
    false
}

/// Sixteen letters or more of the Latin alphabet, and then a sentence in another script; or the other way round.
fn switches_script(text: &str) -> bool {
    let latin = text.chars().filter(char::is_ascii_alphabetic).count();
    let other = text.chars().filter(|c| c.is_alphabetic() && *c > '\u{370}').count();
    latin >= 24 && other >= 8 && other * 4 < latin * 3
}

fn hides(text: &str) -> bool {
    let invisible = |c: &char| matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}' | '\u{202e}' | '\u{ad}');
    !text.is_ascii() && text.chars().filter(invisible).count() >= 6
}

/// True if an e-mail address or a URL stands in the text.
fn addresses(text: &str) -> bool {
    let mail = text.match_indices('@').any(|(at, _)| {
        let before = text
            .get(..at)
            .and_then(|head| head.chars().next_back())
            .is_some_and(|c| c.is_ascii_alphanumeric());
        let domain = text
            .get(at + 1..)
            .unwrap_or_default()
            .split([' ', ',', ')', '`', '\'', '"'])
            .next()
            .unwrap_or_default();
        before && domain.contains('.')
    });
    mail || text.contains("http://") || text.contains("https://") || text.contains("webhook")
}

fn sends(text: &str) -> bool {
    signs::SENDING.iter().any(|word| holds(text, word))
}

/// Another tool by name (in backticks, with an underscore) in a sentence that governs its use.
fn speaks_of_another<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let own = name.to_ascii_lowercase();
    let quoted = text.split('`').skip(1).step_by(2).take(32).find(|quoted| {
        **quoted != *own
            && quoted.len() > 3
            && quoted.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    });
    quoted.filter(|_| signs::GOVERNING.iter().any(|word| holds(text, word)))
}

/// True if the text says how a tool of another server is to be used.
fn governs_another(text: &str, beside: Beside<'_>) -> bool {
    if beside.others.is_empty() {
        return false;
    }
    let plain = model::normalise(text);
    let is_theirs = |name: &&&str| {
        // Names of one plain word stand in any sentence.
        name.len() >= NAME_BYTES_MIN && name.contains(['_', '-']) && !beside.own.contains(*name)
    };
    let stands = |name: &&&str| {
        let lower = name.to_ascii_lowercase();
        plain.match_indices(&lower).any(|(at, found)| {
            let side =
                |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            let bytes = plain.as_bytes();
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            !side(before) && !side(bytes.get(at + found.len()))
        })
    };
    beside.others.iter().filter(is_theirs).any(|name| stands(&name))
        && signs::GOVERNING.iter().chain(words::CHANGING).any(|word| holds(&plain, word))
}

/// Shorter names are words.
const NAME_BYTES_MIN: usize = 6;

fn is_own(other: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(other))
}

/// True if the names of the server's tools are known, and this is none of them.
fn is_foreign(other: &str, names: &[&str]) -> bool {
    other.contains(['_', '-']) && !names.is_empty() && !is_own(other, names)
}

/// What the guard can find.
pub(crate) fn codes() -> impl Iterator<Item = ((Guard, &'static str), &'static str)> {
    let others = [
        ("secret-file", SECRET_FILE),
        ("padding", PADDING),
        ("other-script", OTHER_SCRIPT),
        ("hidden-characters", HIDDEN),
        ("sends-away", SENDS_AWAY),
        ("other-tool", OTHER_TOOL),
        ("other-server", OTHER_SERVER),
        ("look-alike", LOOK_ALIKE),
        ("same-name", SAME_NAME),
        ("parameter", PARAMETER),
        ("attack", ATTACK),
        ("orders", ORDERS),
    ];
    let signs = SIGNS.iter().chain(PRETEXTS).map(|sign| (sign.code, sign.message));
    signs.chain(others).map(|(code, message)| ((Guard::ToolPoisoning, code), message))
}
