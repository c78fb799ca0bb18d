//! Where texts lead on the disk.

use bailiwick_mcp::Value;

use super::{Entry, Scratch};
use crate::links::{FOLLOWED_MAX, Follow, Followed, Link};
use crate::path::is_magic;

/// Keys of one call that are known as names of parameters; further ones are followed like any text.
const PARAMETERS_MAX: usize = 64;

impl Scratch<'_> {
    /// Keys of `arguments` that are names of the tool's own parameters are not asked about on the disk.
    pub(crate) fn lead_nowhere(&mut self, arguments: Option<Value<'_>>, parameters: &[Box<str>]) {
        if self.follower.is_none() || parameters.is_empty() {
            return;
        }
        let is_own =
            |key: &Value<'_>| key.text().is_some_and(|key| parameters.iter().any(|own| **own == *key));
        let keys = arguments.into_iter().flat_map(Value::members).map(|(key, _)| key);
        self.nowhere.extend(keys.filter(is_own).take(PARAMETERS_MAX).map(|key| key.span().0));
    }

    /// Adds where these lead, if they lead elsewhere than all that is known of the text.
    pub(super) fn follow_all<'p>(
        &mut self,
        follower: &dyn Follow,
        spelled: impl IntoIterator<Item = &'p str>,
        led: &mut Vec<String>,
        entry: &mut Entry,
    ) {
        let base = self.base;
        let elsewhere = base.workspace_known && !follower.starts_in(&base.workspace);
        for path in spelled {
            // The server's own directory may be another than the workspace.
            self.follow(follower, path, led, entry);
            if !path.starts_with('/') && elsewhere {
                self.follow(follower, &format!("{}/{path}", base.workspace), led, entry);
            }
        }
    }

    /// Adds where `path` leads, if it leads elsewhere than all that is known of the text.
    fn follow(&mut self, follower: &dyn Follow, path: &str, led: &mut Vec<String>, entry: &mut Entry) {
        self.followed = self.followed.saturating_add(1);
        let (to, plain) = match follower.follow(path) {
            _ if self.followed > FOLLOWED_MAX => (None, false),
            Followed::Nowhere => return,
            Followed::Plain(to) => (Some(to), true),
            Followed::To(to) => (Some(to), false),
            Followed::Unknown => (None, false),
        };
        if let Some(to) = &to {
            let known = (entry.itself && to == path)
                || led.contains(to)
                || (entry.first..entry.paths).any(|index| self.text(index) == to);
            if known {
                return;
            }
            entry.unreadable |= is_magic(to);
            led.push(to.clone());
        } else {
            entry.unreadable = true;
        }
        if !plain {
            self.links.push(Link { text: path.to_owned(), to });
        }
    }
}

/// The path as it is opened by whoever joins its words first: without what every system passes over and, with `up`, what `..`
/// takes back. `None`: the kernel would come to the same by itself.
pub(super) fn joined(path: &str, up: bool) -> Option<String> {
    // Without `up` only what is too long for the kernel as it stands.
    if !(if up { path.contains("..") } else { path.len() > OPENED_BYTES_MAX }) {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
        let goes_up = up && name == ".." && names.last().is_some_and(|last| *last != "..");
        if goes_up {
            names.pop();
        } else if name != ".." || !up || !path.starts_with('/') {
            names.push(name);
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    Some(format!("{root}{}", names.join("/"))).filter(|joined| !joined.is_empty())
}

/// No system opens a longer path.
const OPENED_BYTES_MAX: usize = 4_096;
