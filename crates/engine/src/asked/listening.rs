//! The resources that a client watches, and the news of a server that it is told.

use std::collections::BTreeSet;

use bailiwick_mcp::{Id, Message, Splice, Value, message};
use bailiwick_policy::LogLevel;

use crate::engine::Engine;
use crate::pace::Told;
use crate::run::Pending;

/// What one subscription may tell.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    /// The kinds that were asked for, by the names of their members.
    kinds: BTreeSet<String>,
    uris: BTreeSet<String>,
    tasks: BTreeSet<String>,
    pub(crate) told: Told,
    /// Their length together.
    bytes: usize,
}

/// URIs that were subscribed to before 2026-07-28, by `resources/subscribe`.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    uris: BTreeSet<String>,
    bytes: usize,
}

/// URIs watched per run, and their length together, in bytes, once for `resources/subscribe` and once for what is listened to;
/// news of a further one is dropped.
const WATCHED_MAX: usize = 4_096;
const WATCHED_BYTES_MAX: usize = 1 << 20;
/// What a name costs besides its text.
const NAME_BYTES: usize = 32;
impl Watched {
    pub(crate) fn add(&mut self, uri: &str) {
        let bytes = self.bytes.saturating_add(uri.len());
        if self.uris.len() < WATCHED_MAX && bytes <= WATCHED_BYTES_MAX && self.uris.insert(uri.to_owned()) {
            self.bytes = bytes;
        }
    }

    pub(crate) fn remove(&mut self, uri: &str) {
        if self.uris.remove(uri) {
            self.bytes = self.bytes.saturating_sub(uri.len());
        }
    }
}

impl Listening {
    /// Notes a member of the filter: its kind, and the names that are left of its list; all of it in `room` bytes.
    pub(crate) fn note(&mut self, kind: &str, names: impl Iterator<Item = String>, room: usize) {
        self.keep(kind.len(), room).then(|| self.kinds.insert(kind.to_owned()));
        for name in names {
            if (kind == URIS || kind == TASK_IDS) && self.keep(name.len(), room) {
                let known = if kind == URIS { &mut self.uris } else { &mut self.tasks };
                known.insert(name);
            }
        }
    }

    /// True if there is room for a name of so many bytes.
    fn keep(&mut self, bytes: usize, room: usize) -> bool {
        let all = self.bytes.saturating_add(bytes).saturating_add(NAME_BYTES);
        let fits = all <= room;
        self.bytes = if fits { all } else { self.bytes };
        fits
    }

    /// True if a server may say that it grants `kind`: saying no is always allowed.
    fn may_grant(&self, kind: &str, value: Value<'_>) -> bool {
        self.kinds.contains(kind) || value.boolean() == Some(false)
    }

    /// True if a notification of this name, with these parameters, is one that was asked for.
    fn may_tell(&self, method: &str, params: Option<Value<'_>>) -> bool {
        let kind = match method {
            "notifications/tools/list_changed" => "toolsListChanged",
            "notifications/prompts/list_changed" => "promptsListChanged",
            "notifications/resources/list_changed" => "resourcesListChanged",
            "notifications/resources/updated" => {
                let uri = params.and_then(|params| params.get("uri")).and_then(Value::text);
                return uri.is_some_and(|uri| covers(&self.uris, &uri));
            }
            "notifications/tasks" => {
                let id = params.and_then(|params| params.get("taskId")).and_then(Value::text);
                return id.is_some_and(|id| self.tasks.contains(&*id));
            }
            // Progress and log lines belong to requests of their own; what is unknown is not there at all.
            _ => return false,
        };
        self.kinds.contains(kind)
    }
}

/// True if `uri` is one of `watched`, or lies in one.
fn covers(watched: &BTreeSet<String>, uri: &str) -> bool {
    watched.contains(uri)
        || watched.iter().any(|whole| {
            uri.strip_prefix(whole.as_str())
                .is_some_and(|rest| whole.ends_with('/') || rest.starts_with(['/', '?', '#']))
        })
}

impl Engine {
    /// The subscription that news of a server name (2026-07-28).
    pub(crate) fn subscription(&self, message: &Message<'_>) -> Option<Id<'static>> {
        let params = message.params().filter(|_| self.run.modern_seen)?;
        let named = params.get("_meta")?.get(SUBSCRIPTION)?;
        message::read_id(named, &self.settings.limits).map(Id::into_owned)
    }

    /// What stands against news of a server's to the client: nobody asked for them.
    pub(crate) fn unasked_notice(&self, message: &Message<'_>, splice: &mut Splice) -> Option<&'static str> {
        let method = message.method()?;
        let params = message.params();
        let modern = self.run.modern_seen && self.run.version.is_none();
        if method == "notifications/message" {
            return self.unasked_log(message, modern);
        }
        let named = params.and_then(|params| params.get("_meta")?.get(SUBSCRIPTION));
        let Some(subscription) = named.filter(|_| self.run.modern_seen) else {
            return match method {
                ACKNOWLEDGED => Some("a subscription that nobody made"),
                "notifications/resources/updated" => {
                    let uri = params.and_then(|params| params.get("uri")).and_then(Value::text);
                    let watched = uri.is_some_and(|uri| self.watches(&uri));
                    (!watched).then_some("a resource that nobody subscribed to")
                }
                _ => None,
            };
        };
        let id = message::read_id(subscription, &self.settings.limits);
        let pending = id.as_ref().and_then(|id: &Id<'_>| self.run.to_server.get(id));
        let Some(listening) = pending.and_then(|pending| pending.asked.listening.as_deref()) else {
            return Some("a subscription that nobody made");
        };
        if method == ACKNOWLEDGED {
            cut_surplus(listening, params, splice);
            return None;
        }
        (!listening.may_tell(method, params)).then_some("not what the subscription is about")
    }

    /// Remembers what news a request that goes on asks for: of a URI, of a level, or of a list.
    pub(crate) fn note_wish(&mut self, method: &str, target: Option<&str>) {
        self.run.paces.note_request(method);
        match (method, target) {
            ("resources/subscribe", Some(uri)) => self.run.watched.add(uri),
            ("resources/unsubscribe", Some(uri)) => self.run.watched.remove(uri),
            ("logging/setLevel", level) => self.run.log_level = level.and_then(LogLevel::of),
            _ => {}
        }
    }

    /// Room for the names of one more subscription, in bytes.
    pub(crate) fn room_to_listen(&self) -> usize {
        let kept =
            |pending: &Pending| pending.asked.listening.as_ref().map_or(0, |listening| listening.bytes);
        WATCHED_BYTES_MAX.saturating_sub(self.run.to_server.all().map(kept).sum())
    }

    fn watches(&self, uri: &str) -> bool {
        let listened = |pending: &Pending| {
            pending.asked.listening.as_ref().is_some_and(|listening| covers(&listening.uris, uri))
        };
        covers(&self.run.watched.uris, uri) || self.run.to_server.here().any(listened)
    }
}

/// Cuts out of a consent what was not asked for.
fn cut_surplus(listening: &Listening, params: Option<Value<'_>>, splice: &mut Splice) {
    let granted = params.and_then(|params| params.get("notifications"));
    let mut kinds = Vec::new();
    for (key, value) in granted.into_iter().flat_map(Value::members) {
        let kind = key.text().unwrap_or_default();
        let keep = listening.may_grant(&kind, value);
        kinds.push(((key.span().0, value.span().1), keep));
        let names = match &*kind {
            URIS => &listening.uris,
            TASK_IDS => &listening.tasks,
            _ => continue,
        };
        if keep {
            let asked = |name: Value<'_>| name.text().is_some_and(|name| names.contains(&*name));
            let elements: Vec<_> = value.elements().map(|name| (name.span(), asked(name))).collect();
            splice.retain(&elements);
        }
    }
    splice.retain(&kinds);
}

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
pub(crate) const URIS: &str = "resourceSubscriptions";
pub(crate) const TASK_IDS: &str = "taskIds";

#[cfg(test)]
mod tests {
    use super::{Listening, TASK_IDS, URIS, WATCHED_BYTES_MAX, WATCHED_MAX, Watched, covers};

    #[test]
    fn what_is_watched_is_bounded_and_given_back() {
        let mut watched = Watched::default();
        (0..WATCHED_MAX + 10).for_each(|number| watched.add(&format!("a:{number}")));
        assert_eq!(watched.uris.len(), WATCHED_MAX);
        (0..WATCHED_MAX + 10).for_each(|number| watched.remove(&format!("a:{number}")));
        assert_eq!((watched.uris.len(), watched.bytes), (0, 0));
        let long = "x".repeat(WATCHED_BYTES_MAX / 2);
        ["a:", "b:", "c:"].iter().for_each(|start| watched.add(&format!("{start}{long}")));
        assert_eq!(watched.uris.len(), 1);
        watched.add("a:short");
        watched.add("a:short");
        assert_eq!(watched.uris.len(), 2);
    }

    #[test]
    fn what_is_listened_to_fits_its_room() {
        let mut listening = Listening::default();
        let names = || (0..1_000).map(|number| format!("a:{number}"));
        listening.note(URIS, names(), 1_000);
        listening.note(TASK_IDS, names(), 1_000);
        assert!(listening.bytes <= 1_000 && listening.uris.len() < 30 && listening.tasks.len() < 30);
        assert!(listening.uris.len() > 10);
    }

    #[test]
    fn what_lies_in_a_watched_resource_is_watched() {
        let watched = ["file:///docs/a", "file:///src/", "a:b"].map(str::to_owned).into();
        for own in [
            "file:///docs/a",
            "file:///docs/a/b",
            "file:///docs/a?q",
            "file:///docs/a#f",
            "file:///src/x",
            "a:b",
        ] {
            assert!(covers(&watched, own), "{own}");
        }
        for other in ["file:///docs/ab", "file:///docs", "file:///docs/A", "file:///src", "a:bc", ""] {
            assert!(!covers(&watched, other), "{other}");
        }
    }
}
