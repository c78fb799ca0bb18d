//! What is left out of a list, and why: the words of its record.

use bailiwick_mcp::Item;
use bailiwick_policy::Target;

use crate::decision::Reason;
use crate::engine::Engine;

/// Why an item is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It has no name.
    Nameless,
    /// One of this name stands before it.
    Again,
    /// No arguments could make it allowed.
    Rules,
    Pin,
    Guard,
}

/// What was left out so far.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    count: usize,
    words: String,
}

/// So many are named in a record; of the others it has the number.
const NAMED_MAX: usize = 16;

/// Longest part of a name that is recorded, in characters.
const NAME_CHARS_MAX: usize = 64;

impl Hidden {
    pub(super) fn has_room(&self) -> bool {
        self.count < NAMED_MAX
    }

    pub(super) fn add(&mut self, name: Option<&str>, why: Option<String>) {
        self.count += 1;
        let Some(why) = why else { return };
        self.words.push_str(if self.words.is_empty() { ": " } else { "; " });
        if let Some(name) = name {
            let shown = name.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect::<String>();
            self.words.push_str(&format!("`{shown}` by "));
        }
        self.words.push_str(&why);
    }

    /// `None`: everything is shown.
    pub(super) fn words(&self, of: usize) -> Option<String> {
        let more = if self.count > NAMED_MAX { ", and others" } else { "" };
        (self.count > 0).then(|| format!("{} of {of} hidden{}{more}", self.count, self.words))
    }
}

impl Engine {
    pub(super) fn hides_item(&self, item: Item, name: &str) -> bool {
        self.item_target(item, name, |engine, target| engine.hides(target))
            .unwrap_or_else(|| !self.run.tasks.contains_key(name))
    }

    /// Why an item is not shown: the rule that stands against it, with its place.
    pub(super) fn why_hidden(&self, item: Item, name: Option<&str>, why: Why) -> String {
        match (why, name) {
            (Why::Nameless, _) | (_, None) => "one without a name".to_owned(),
            (Why::Again, _) => "the one of its name before it".to_owned(),
            (Why::Guard, _) => "a guard".to_owned(),
            (Why::Pin, Some(name)) => {
                let pin = Reason::Pin { name: name.to_owned(), change: String::new() };
                self.named(&pin)
            }
            (Why::Rules, Some(name)) => self
                .item_target(item, name, |engine, target| {
                    let (_, reasons) = engine.rules_without_arguments(target);
                    reasons.iter().find(|reason| !engine.allows(reason)).map(|reason| engine.named(reason))
                })
                .flatten()
                .unwrap_or_else(|| "what is not of this run".to_owned()),
        }
    }

    /// Source, id and place of a reason, without its words.
    fn named(&self, reason: &Reason) -> String {
        let mut described = reason.describe(&self.policy);
        described.message = "".into();
        described.to_string()
    }

    /// What rules say of a listed item. `None`: a task, of which they say nothing.
    fn item_target<T>(
        &self,
        item: Item,
        name: &str,
        look: impl FnOnce(&Engine, &Target<'_>) -> T,
    ) -> Option<T> {
        let server = &self.settings.server;
        let target = match item {
            Item::Tool => Target::Tool { server, name },
            Item::Prompt => Target::Prompt { server, name },
            // A template stands for many URIs: it is hidden only where none of them could be read.
            Item::Resource | Item::Skill | Item::ResourceTemplate => Target::Resource { server, uri: name },
            Item::Task => return None,
        };
        Some(look(self, &target))
    }
}
