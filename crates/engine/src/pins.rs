//! Pins: the recorded identity of what a server offers, and how an offer differs from it.

mod digests;
mod names;
mod parameters;
mod schemas;
mod templates;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bailiwick_mcp::headers::{Argument, arguments};
use bailiwick_mcp::{Item, Value};
use bailiwick_policy::Target;
use sha2::{Digest as _, Sha256};

pub(crate) use self::digests::digest_of_arguments;
use self::digests::hex;
pub use self::digests::{absent, digest};
use self::names::{NAME_BYTES_MAX, TOO_LONG, reads_text, writes_text};
pub(crate) use self::parameters::Parameters;
pub(crate) use self::schemas::{Known, Schemas};
use crate::decision::Reason;

/// SHA-256 of a value's RFC 8785 form, as lower-case hex.
pub type Digest = String;

/// The identity of one item: a digest for each part that a reader would want named when it changes.
pub type Pin = BTreeMap<String, Digest>;

/// The parts of an item that are pinned one by one; everything else in it is pinned together as `other`.
pub const PARTS: [&str; 8] = [
    "title",
    "description",
    "inputSchema",
    "outputSchema",
    "annotations",
    "arguments",
    "uriTemplate",
    "mimeType",
];

/// What is pinned of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    pub tools: BTreeMap<String, Pin>,
    pub prompts: BTreeMap<String, Pin>,
    pub resource_templates: BTreeMap<String, Pin>,
    /// Digest of the instructions; `None` while they were not seen. A server without any has the digest of `null`.
    pub instructions: Option<Digest>,
}

impl Pins {
    /// The pins of one kind of item; `None` where the kind is not pinned (resources come and go by nature).
    #[must_use]
    pub fn of(&self, item: Item) -> Option<&BTreeMap<String, Pin>> {
        match item {
            Item::Tool => Some(&self.tools),
            Item::Prompt => Some(&self.prompts),
            Item::ResourceTemplate => Some(&self.resource_templates),
            Item::Resource | Item::Task | Item::Skill => None,
        }
    }

    fn of_mut(&mut self, item: Item) -> Option<&mut BTreeMap<String, Pin>> {
        match item {
            Item::Tool => Some(&mut self.tools),
            Item::Prompt => Some(&mut self.prompts),
            Item::ResourceTemplate => Some(&mut self.resource_templates),
            Item::Resource | Item::Task | Item::Skill => None,
        }
    }

    /// Adds the pin of `value` under `name`.
    pub fn add(&mut self, item: Item, name: &str, value: Value<'_>) {
        if let Some(pins) = self.of_mut(item) {
            pins.insert(name.to_owned(), pin(value));
        }
    }
}

/// The pin of one listed item.
#[must_use]
pub fn pin(item: Value<'_>) -> Pin {
    let mut parts = Pin::new();
    let mut rest = BTreeMap::new();
    for (key, value) in item.members() {
        let key = key.text().unwrap_or_default().into_owned();
        if PARTS.contains(&key.as_str()) {
            parts.insert(key, digest(value));
        } else {
            rest.insert(key, digest(value));
        }
    }
    let mut other = Sha256::new();
    for (key, digest) in rest {
        // A key cannot hold a raw line end, nor can a digest: the text is unambiguous.
        other.update(format!("{key:?}\n{digest}\n"));
    }
    parts.insert("other".to_owned(), hex(other));
    parts
}

/// How `now` differs from `before`, in words; `None` if it does not.
#[must_use]
pub fn change(before: &Pin, now: &Pin) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for name in before.keys().chain(now.keys()) {
        if before.get(name) != now.get(name) && !parts.contains(&name.as_str()) {
            parts.push(name);
        }
    }
    parts.sort_unstable();
    if parts.is_empty() { None } else { Some(format!("changed since it was pinned: {}", parts.join(", "))) }
}

/// What is known of the server's offer in a run. Runs of one server mostly know the same, so it is shared until it changes.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Offer {
    /// From the lock file, or from the first lists of this run.
    pub(crate) pinned: Arc<Pins>,
    /// A lock file was given: nothing is pinned at first sight.
    pub(crate) locked: bool,
    /// The kinds whose first list was seen to its end, and whether the server has not said since that it changed.
    complete: BTreeMap<Item, bool>,
    /// Items that were listed otherwise than they are pinned, with the last difference, and how many requests there had been.
    drifted: BTreeMap<(Item, String), (String, u64)>,
    /// Names seen in this run.
    seen: BTreeMap<Item, BTreeSet<String>>,
    /// A template was listed whose name is too long to remember.
    overlong_template: bool,
    /// A guard cut something out of a list whose name is too long to remember.
    overlong_withheld: bool,
    /// Items that a guard cut out of the last list.
    withheld: BTreeSet<(Item, String)>,
    /// Tools whose definition a person should see before they are called, with the reason.
    suspects: BTreeMap<String, Reason>,
    /// Output schemas as JSON text; an empty one was too long to keep, and allows nothing.
    schemas: BTreeMap<String, String>,
    schema_bytes: usize,
    /// Arguments of tools that are headers too, of those that have any.
    headers: BTreeMap<String, Vec<Argument>>,
    /// What the tools that are as they were pinned call their parameters.
    pub(crate) parameters: Parameters,
    /// What the tools that are as they were pinned take.
    pub(crate) inputs: Schemas,
    /// Arguments are followed as paths: somebody wants to know the parameters.
    pub(crate) follows: bool,
}

/// Items of one kind that are pinned at first sight, and names, differences and withheld items that are remembered. Beyond
/// it new ones count as drift, and from then on everything as withheld or different: no server gains by filling a table.
const ITEMS_MAX: usize = 10_000;

/// How something differs of which nothing is remembered any more.
const TOO_MANY: &str = "one of too many differences";

/// Longest output schema that is kept, and all of them together, in bytes.
const SCHEMA_BYTES_MAX: usize = 64 << 10;
const SCHEMAS_BYTES_MAX: usize = 4 << 20;

impl Offer {
    /// What is pinned of the server so far.
    #[must_use]
    pub fn pins(&self) -> &Arc<Pins> {
        &self.pinned
    }

    pub(crate) fn is_complete(&self, item: Item) -> bool {
        self.complete.contains_key(&item)
    }

    pub(crate) fn set_complete(&mut self, item: Item) {
        self.complete.insert(item, true);
    }

    /// True if its list was seen to its end, and is the server's last word.
    pub(crate) fn is_fresh(&self, item: Item) -> bool {
        self.complete.get(&item) == Some(&true)
    }

    /// The server says that its list is another one.
    pub(crate) fn set_stale(&mut self, item: Item) {
        if let Some(fresh) = self.complete.get_mut(&item) {
            *fresh = false;
        }
    }

    pub(crate) fn was_seen(&self, item: Item, name: &str) -> bool {
        self.seen.get(&item).is_some_and(|seen| seen.contains(name))
    }

    /// Notes whether a guard cut it out of the last list.
    pub(crate) fn set_withheld(&mut self, item: Item, name: &str, withheld: bool) {
        if name.len() > NAME_BYTES_MAX {
            self.overlong_withheld |= withheld;
            return;
        }
        if self.withheld.len() >= ITEMS_MAX {
            return;
        }
        let key = (item, name.to_owned());
        if withheld {
            self.withheld.insert(key);
        } else {
            self.withheld.remove(&key);
        }
    }

    pub(crate) fn is_withheld(&self, item: Item, name: &str) -> bool {
        let names = &self.withheld;
        if name.len() > NAME_BYTES_MAX {
            return self.overlong_withheld;
        }
        !names.is_empty() && (names.len() >= ITEMS_MAX || names.contains(&(item, name.to_owned())))
    }

    /// Notes why a person should see the tool's definition before it is called, or that nobody need.
    pub(crate) fn set_suspect(&mut self, name: &str, why: Option<Reason>) {
        match why {
            Some(why) if self.suspects.len() < ITEMS_MAX && name.len() <= NAME_BYTES_MAX => {
                self.suspects.insert(name.to_owned(), why);
            }
            // Of more nothing is remembered, so they are not shown.
            Some(_) => self.set_withheld(Item::Tool, name, true),
            None => drop(self.suspects.remove(name)),
        }
    }

    pub(crate) fn suspect(&self, name: &str) -> Option<&Reason> {
        self.suspects.get(name)
    }

    /// The output schema of a tool, where it has one.
    pub(crate) fn schema_of(&self, name: &str) -> Option<&str> {
        self.schemas.get(name).map(String::as_str)
    }

    /// The arguments of a tool that are headers too.
    pub(crate) fn headers_of(&self, name: &str) -> &[Argument] {
        self.headers.get(name).map_or(&[], Vec::as_slice)
    }

    fn keep_headers(&mut self, name: &str, tool: Value<'_>) {
        let found = tool.get("inputSchema").map(arguments).unwrap_or_default();
        if found.is_empty() {
            self.headers.remove(name);
        } else if self.headers.len() < ITEMS_MAX {
            self.headers.insert(name.to_owned(), found);
        }
    }

    fn keep_schema(&mut self, name: &str, tool: Value<'_>) {
        let before = self.schemas.remove(name).map_or(0, |schema| schema.len());
        self.schema_bytes = self.schema_bytes.saturating_sub(before);
        let Some(schema) = tool.get("outputSchema").map(Value::raw) else { return };
        if self.schemas.len() >= ITEMS_MAX {
            return;
        }
        let fits = schema.len() <= SCHEMA_BYTES_MAX
            && self.schema_bytes.saturating_add(schema.len()) <= SCHEMAS_BYTES_MAX;
        let kept = if fits { schema } else { "" };
        self.schema_bytes = self.schema_bytes.saturating_add(kept.len());
        self.schemas.insert(name.to_owned(), kept.to_owned());
    }

    /// True if what is read there may be written back by the agent: it reads a file or the like, and the server has a tool
    /// that writes.
    pub(crate) fn may_be_written_back(&self, target: &Target<'_>) -> bool {
        let reads = match target {
            Target::Tool { name, .. } => reads_text(name),
            Target::Resource { uri, .. } => uri.starts_with("file:"),
            Target::Prompt { .. }
            | Target::Completion { .. }
            | Target::Sampling { .. }
            | Target::Elicitation { .. }
            | Target::Roots { .. }
            | Target::Task { .. }
            | Target::OwnTask { .. } => false,
        };
        reads && self.seen.get(&Item::Tool).is_some_and(|seen| seen.iter().any(|name| writes_text(name)))
    }

    /// True if the client may know it: it is pinned, and the server lists it. What appeared later was cut from the lists.
    pub(crate) fn was_offered(&self, item: Item, name: &str) -> bool {
        self.was_seen(item, name) && self.pinned.of(item).is_some_and(|pins| pins.contains_key(name))
    }

    pub(crate) fn drift_of(&self, item: Item, name: &str) -> Option<&str> {
        if name.len() > NAME_BYTES_MAX && self.pinned.of(item).is_some() {
            return Some(TOO_LONG);
        }
        if self.drifted.is_empty() {
            return None;
        }
        let full = (self.drifted.len() >= ITEMS_MAX).then_some(TOO_MANY);
        self.drifted.get(&(item, name.to_owned())).map(|(change, _)| change.as_str()).or(full)
    }

    /// Compares a listed item with its pin, or pins it at first sight. Returns the difference, which stays until [`Offer::forgive`]:
    /// another copy that is as pinned clears nothing. `requests` were made until now.
    pub(crate) fn observe(
        &mut self,
        item: Item,
        name: &str,
        value: Value<'_>,
        requests: u64,
    ) -> Option<String> {
        if name.len() > NAME_BYTES_MAX {
            self.overlong_template |= item == Item::ResourceTemplate;
            return self.pinned.of(item).map(|_| TOO_LONG.to_owned());
        }
        if item == Item::Tool {
            self.keep_schema(name, value);
            self.keep_headers(name, value);
        }
        let first_sight = !self.locked && !self.is_complete(item);
        let pinned = self.pinned.of(item)?;
        let key = (item, name.to_owned());
        let difference = match pinned.get(name) {
            Some(before) => change(before, &pin(value)),
            None if first_sight && pinned.len() < ITEMS_MAX => {
                Arc::make_mut(&mut self.pinned).add(item, name, value);
                None
            }
            None if self.locked => Some("not in the lock file".to_owned()),
            None => Some("appeared after the first list".to_owned()),
        };
        if self.seen.values().map(BTreeSet::len).sum::<usize>() < ITEMS_MAX {
            self.seen.entry(item).or_default().insert(name.to_owned());
        }
        if item == Item::Tool && difference.is_none() {
            self.inputs.keep(name, value);
        }
        if item == Item::Tool && self.follows {
            match difference {
                None => self.parameters.keep(name, value),
                Some(_) => self.parameters.forget(name),
            }
        }
        if let Some(difference) = &difference
            && (self.drifted.len() < ITEMS_MAX || self.drifted.contains_key(&key))
        {
            self.drifted.insert(key, (difference.clone(), requests));
        }
        difference
    }

    /// What stands in a whole list that was asked for (as request number `request`) after it differed last, and did not differ
    /// in it, is as it was pinned again.
    pub(crate) fn forgive(&mut self, item: Item, listed: &BTreeSet<String>, request: u64) {
        self.drifted
            .retain(|(of, name), (_, seen)| *of != item || *seen >= request || !listed.contains(name));
    }

    /// Compares or pins the instructions.
    pub(crate) fn observe_instructions(&mut self, instructions: Option<Value<'_>>) -> Option<String> {
        let now = instructions.map_or_else(absent, digest);
        match &self.pinned.instructions {
            Some(before) if *before != now => Some("instructions changed since they were pinned".to_owned()),
            Some(_) => None,
            None => {
                Arc::make_mut(&mut self.pinned).instructions = Some(now);
                None
            }
        }
    }

    pub(crate) fn with_lock(pins: Option<Pins>, follows: bool) -> Offer {
        let locked = pins.is_some();
        Offer { pinned: Arc::new(pins.unwrap_or_default()), locked, follows, ..Offer::default() }
    }
}
