//! Guards over messages: every string, keys included, and what comes of the findings.

mod about;
mod annotate;
mod arguments;
mod edited;
mod finding;
mod fits;
mod item;
mod joined;
mod schema;
mod suspects;

use bailiwick_guard::{Blob, Finding, Guard, Scanner, blob, blob_of, size};
use bailiwick_mcp::json::escape_into;
use bailiwick_mcp::{Direction, Kind, Message, Splice, Timestamp, Value};
use bailiwick_policy::{GuardAction, GuardName, GuardView, Taints, Verdict};

pub(crate) use self::about::About;
pub(crate) use self::annotate::{annotate, mark};
pub(crate) use self::arguments::is_harmless;
use self::edited::Edited;
use self::finding::Place;
pub(crate) use self::item::Neighbours;
pub(crate) use self::suspects::{Shown, Suspects};
use crate::decision::Reason;
use crate::engine::Engine;

/// What the guards say of one message.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    pub(crate) reasons: Vec<Reason>,
    /// The strictest that is to be done.
    pub(crate) action: GuardAction,
    /// Replacements that `strip` and `redact` ask for.
    pub(crate) splice: Splice,
    /// What the reader is told: `guard/code`, each once.
    pub(crate) notes: Vec<String>,
    /// What the agent has met if the message goes on.
    pub(crate) taints: Taints,
    /// Suppressions without which more would be done.
    pub(crate) suppressed: Vec<usize>,
    /// Findings that are not among the reasons.
    omitted: usize,
    /// The surest level at which an injection was found in a single text.
    injected: Option<bailiwick_guard::Level>,
    pub(crate) suspects: Suspects,
}

/// Reasons kept of one message; of further findings their number.
const REASONS_MAX: usize = 16;

/// A replacement can expose a neighbour; what is still found after so many rounds is withheld.
const PASSES_MAX: usize = 4;

/// A text may grow by so much when it is changed, in bytes; one that would grow more is withheld.
const GROWTH_BYTES_MAX: usize = 1 << 20;

/// Orders first, which are read through hidden characters: stripping those must not hide what they said. What they split is
/// whole for the guards behind.
const TEXT_GUARDS: [(GuardName, Guard); 4] = [
    (GuardName::Injection, Guard::Injection),
    (GuardName::HiddenText, Guard::HiddenText),
    (GuardName::Secrets, Guard::Secrets),
    (GuardName::Pii, Guard::Pii),
];

/// Looks at one message.
#[derive(Debug)]
pub(crate) struct Inspector<'e> {
    scanner: &'e Scanner,
    view: GuardView<'e>,
    about: About<'e>,
    at: Timestamp,
    /// No text guard but `pii` and the operator's patterns finds anything in single strings.
    clear: bool,
    has_patterns: bool,
    /// Texts are looked through for orders and hidden characters, so that one cheap look for all is worth it.
    reads_orders: bool,
    /// What is looked at holds no secret, shown, disguised, or by the names of its keys.
    nameless: bool,
    patterns: &'e [bailiwick_policy::GuardPattern],
    bytes: usize,
    longest: usize,
    /// By the place of a string, the secret that its key makes of it; in their order.
    named: Vec<(usize, Finding)>,
    pub(crate) out: Inspection,
}

impl Engine {
    /// Looks at something in `direction`; `None`: no guard is on.
    pub(crate) fn inspector<'s>(&'s self, about: About<'s>, direction: Direction) -> Option<Inspector<'s>> {
        let view = self.policy.guard_view(about.target.as_ref(), &self.settings.server, direction);
        if view.is_off() {
            return None;
        }
        let patterns = self.policy.guards().patterns();
        Some(Inspector {
            scanner: &self.scanner,
            has_patterns: patterns.iter().any(|pattern| view.from(pattern.guard).is_some()),
            reads_orders: [GuardName::Injection, GuardName::HiddenText]
                .iter()
                .any(|name| view.from(*name).is_some()),
            nameless: false,
            patterns,
            view,
            about,
            at: self.now,
            clear: self.clear && direction == Direction::ToClient,
            bytes: 0,
            longest: 0,
            named: Vec::new(),
            out: Inspection::default(),
        })
    }

    /// Runs the guards over everything in a message but what names it (`jsonrpc`, `id`, `method`) and the members of its
    /// result that `except` names: those are looked at one by one.
    pub(crate) fn inspect_message(
        &self,
        message: &Message<'_>,
        about: About<'_>,
        direction: Direction,
        except: Option<&str>,
    ) -> Inspection {
        let Some(mut inspector) = self.inspector(about, direction) else { return Inspection::default() };
        if except.is_none() && inspector.has_seen(message) {
            inspector.blocks_of(message);
            return inspector.finish();
        }
        for (key, value) in message.value().members() {
            let name = key.text().unwrap_or_default();
            if matches!(&*name, "jsonrpc" | "id" | "method") {
                continue;
            }
            inspector.leaf(key);
            // Entries of lists are definitions: what stands under `token` there speaks of one.
            if except.is_none() {
                inspector.name_secrets(value);
            }
            match except {
                Some(except) if name == "result" => {
                    for (key, value) in value.members() {
                        // A cursor is the server's own, opaque, and useless when it is changed.
                        if !key.is_text(except) && !key.is_text("nextCursor") {
                            inspector.leaf(key);
                            inspector.value(value);
                        }
                    }
                }
                Some(_) | None => inspector.value(value),
            }
        }
        if except.is_none() {
            inspector.blocks_of(message);
        }
        inspector.finish()
    }

    /// What comes of an inspection besides its verdict.
    pub(crate) fn take_in(&mut self, inspection: &Inspection) {
        if inspection.action < GuardAction::Quarantine {
            self.run.taints = self.run.taints.union(inspection.taints);
        }
        for index in &inspection.suppressed {
            if !self.suppressed.contains(index) {
                self.suppressed.push(*index);
            }
        }
    }
}

impl Inspection {
    pub(crate) fn blocks(&self) -> bool {
        self.action >= GuardAction::Quarantine
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self.action {
            GuardAction::Ask => Verdict::Ask,
            GuardAction::Quarantine | GuardAction::Block => Verdict::Deny,
            GuardAction::Off
            | GuardAction::Log
            | GuardAction::Annotate
            | GuardAction::Strip
            | GuardAction::Redact => Verdict::Allow,
        }
    }

    pub(crate) fn asks(&self) -> bool {
        self.action == GuardAction::Ask
    }
}

impl<'e> Inspector<'e> {
    /// Notes every string below `value` that its key makes a secret.
    pub(crate) fn name_secrets(&mut self, value: Value<'_>) {
        let looks = !self.clear && !self.nameless && self.view.from(GuardName::Secrets).is_some();
        if !looks || !self.scanner.may_name_secret(value.raw()) {
            return;
        }
        let named = &mut self.named;
        self.scanner.each_named_secret(value, &mut |leaf, finding, _| named.push((leaf.span().0, finding)));
    }

    /// True if there is nothing in the message, string by string, that another look would tell.
    fn has_seen(&self, message: &Message<'_>) -> bool {
        let bound = self.view.max_bytes().and_then(|bytes| usize::try_from(bytes).ok());
        let short = bound.is_none_or(|bound| size(message.raw().len(), 0, bound).is_none());
        let encoded = |value: Value<'_>| {
            value.raw().len() <= ENCODED_KEY_BYTES_MAX && (value.is_text("blob") || value.is_text("data"))
        };
        self.clear
            && !self.has_patterns
            && self.view.from(GuardName::Pii).is_none()
            && short
            && !message.value().descendants().any(encoded)
    }

    /// Every string below `value`.
    pub(crate) fn value(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Null | Kind::True | Kind::False | Kind::Number => {}
            Kind::Text => self.leaf(value),
            Kind::Array => value.elements().for_each(|element| self.value(element)),
            Kind::Object => {
                let kind = value.get("mimeType").and_then(Value::text);
                for (name, member) in value.members() {
                    self.leaf(name);
                    let Some(text) = name.text() else { continue };
                    let encoded = text == "blob" || (text == "data" && kind.is_some());
                    if !(encoded && self.blob(kind.as_deref(), member)) {
                        self.value(member);
                    }
                }
            }
        }
    }

    /// True if the text was base64, and all that can be said of it is said.
    fn blob(&mut self, kind: Option<&str>, value: Value<'_>) -> bool {
        let Some(data) = value.text() else { return false };
        if self.clear && data.len() < BLOB_BYTES_MIN {
            return false;
        }
        match blob(kind, &data) {
            Blob::Plain => false,
            Blob::Unread(what) => {
                self.count(data.len());
                self.out.unread(None, &Place::of(value), what);
                true
            }
            Blob::Text(text) => {
                self.count(text.len());
                let place = Place::of(value).within("base64");
                if let Some(changed) = self.text(&text, &place, None) {
                    self.replace(value, &blob_of(&changed));
                }
                true
            }
        }
    }

    pub(crate) fn leaf(&mut self, leaf: Value<'_>) {
        let Some(text) = leaf.text() else { return };
        self.count(text.len());
        let named = self.named.binary_search_by_key(&leaf.span().0, |(at, _)| *at).ok();
        let named = named.and_then(|at| self.named.get(at)).map(|(_, finding)| finding.clone());
        let clear =
            self.clear || if self.reads_orders { self.scanner.is_clear(&text) } else { self.nameless };
        if clear && named.is_none() && !self.has_patterns && self.view.from(GuardName::Pii).is_none() {
            return;
        }
        let before = std::mem::replace(&mut self.clear, clear);
        if let Some(changed) = self.text(&text, &Place::of(leaf), named.as_ref()) {
            self.replace(leaf, &changed);
        }
        self.clear = before;
    }

    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.longest = self.longest.max(bytes);
    }

    /// Puts another text in the place of a string; where the output schema does not let it, the message is withheld.
    fn replace(&mut self, leaf: Value<'_>, text: &str) {
        let admitted = match (self.about.structured, self.about.schema) {
            (Some(structured), Some(schema)) => schema::admits(schema, structured, leaf, text),
            (_, None) | (None, _) => true,
        };
        if !admitted {
            self.out.action = self.out.action.max(GuardAction::Block);
            self.out.unread(None, &Place::of(leaf), "the output schema allows no placeholder there");
            return;
        }
        let mut quoted = Vec::with_capacity(text.len().saturating_add(2));
        escape_into(text, &mut quoted);
        self.out.splice.replace(leaf.span(), quoted);
    }

    /// Runs every guard over one text; the text that takes its place, if it is changed.
    fn text(&mut self, text: &str, place: &Place, named: Option<&Finding>) -> Option<String> {
        let mut edited = Edited::new(text);
        for (name, guard) in TEXT_GUARDS {
            if self.view.from(name).is_some() {
                self.guard(name, guard, &mut edited, place, named);
            }
        }
        if edited.now().len() > text.len().saturating_add(GROWTH_BYTES_MAX) {
            self.out.action = GuardAction::Block;
        }
        edited.changed()
    }

    fn guard(
        &mut self,
        name: GuardName,
        guard: Guard,
        edited: &mut Edited<'_>,
        place: &Place,
        named: Option<&Finding>,
    ) {
        let scans = !self.clear || guard == Guard::Pii;
        for pass in 0..=PASSES_MAX {
            let mut edits = Vec::new();
            let now = edited.now();
            let mut case = finding::Case {
                view: &self.view,
                about: &self.about,
                at: self.at,
                name,
                text: now,
                place,
                edited,
                silent: pass > 0,
                out: &mut self.out,
                edits: &mut edits,
            };
            // What its key makes a secret is one as a whole.
            if scans && !(guard == Guard::Secrets && named.is_some()) {
                let coverage = self.scanner.each(guard, now, &mut |finding| case.take(&finding));
                case.cover(coverage);
            }
            if let (Guard::Secrets, Some(named), 0) = (guard, named, pass) {
                case.take(&Finding { span: 0..now.len(), ..named.clone() });
            }
            for pattern in self.patterns.iter().filter(|pattern| pattern.guard == name) {
                pattern.find(now).for_each(|span| case.take_pattern(pattern, span));
            }
            if edits.is_empty() {
                return;
            }
            if pass == PASSES_MAX {
                self.out.action = GuardAction::Block;
                return;
            }
            edited.apply(edits);
        }
    }

    /// What is left when everything was seen.
    pub(crate) fn finish(mut self) -> Inspection {
        let bound = self.view.max_bytes().and_then(|bytes| usize::try_from(bytes).ok());
        if let Some(found) = bound.and_then(|bound| size(self.bytes, self.longest, bound)) {
            let (edited, mut edits) = (Edited::new(""), Vec::new());
            let mut case = finding::Case {
                view: &self.view,
                about: &self.about,
                at: self.at,
                name: GuardName::Size,
                text: "",
                place: &Place::message(),
                edited: &edited,
                silent: false,
                out: &mut self.out,
                edits: &mut edits,
            };
            case.take(&found);
        }
        if self.out.omitted > 0 {
            self.out.reasons.push(Reason::Guard {
                guard: "guards",
                code: "more".into(),
                place: "the message".to_owned(),
                message: format!("{} further findings", self.out.omitted).into(),
                action: GuardAction::Log,
                detail: String::new(),
                said: None,
            });
        }
        self.out
    }
}

/// The longest spelling of a key under which base64 stands, quotes and escapes included.
const ENCODED_KEY_BYTES_MAX: usize = 26;

/// A string of fewer letters holds no sentence.
const BLOB_BYTES_MIN: usize = 24;
