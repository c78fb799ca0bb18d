//! Resource templates: which of them a URI may come from, and whether those are as they were pinned.

use bailiwick_mcp::Item;
use bailiwick_policy::UriReadings;

use super::{ITEMS_MAX, Offer, TOO_MANY};

/// A template that is not remembered may stand for any URI.
const OVERLONG: &str = "a template longer than 4096 bytes was listed, which may stand for any URI";

impl Offer {
    /// True if a pinned template may expand to `uri`.
    pub(crate) fn may_expand_to(&self, uri: &str) -> bool {
        let templates = &self.pinned.resource_templates;
        if templates.is_empty() {
            return false;
        }
        let uri = UriReadings::of(uri);
        templates.keys().any(|template| uri.expanded_from(template).is_some())
    }

    /// Of the templates that `uri` may come from, by what their expansions begin with, one of those that begin longest that is
    /// not what was pinned, and how; `failed` says why they could not be listed. Where more differ than are remembered, any
    /// URI may come from one of them.
    pub(crate) fn template_change(&self, uri: &str, failed: Option<&str>) -> Option<(&str, String)> {
        let item = Item::ResourceTemplate;
        let uri = UriReadings::of(uri);
        let seen = self.seen.get(&item).into_iter().flatten();
        let drifted = self.drifted.keys().filter(|(of, _)| *of == item).map(|(_, template)| template);
        let known = self.pinned.resource_templates.keys().chain(seen).chain(drifted);
        let own: Vec<_> =
            known.filter_map(|template| Some((uri.expanded_from(template)?, template))).collect();
        let Some(longest) = own.iter().map(|(length, _)| *length).max() else {
            let why = match self.overlong_template {
                true => OVERLONG,
                false if self.drifted.len() >= ITEMS_MAX => TOO_MANY,
                false => return None,
            };
            return Some((item.member(), why.to_owned()));
        };
        let mut nearest =
            own.into_iter().filter(|(length, _)| *length == longest).map(|(_, template)| template);
        let change = |template: &str| match (self.drift_of(item, template), failed) {
            (Some(change), _) => Some(change.to_owned()),
            (None, Some(failed)) if self.locked => Some(failed.to_owned()),
            (None, _) if self.is_complete(item) && !self.was_seen(item, template) => {
                Some("not in the server's list".to_owned())
            }
            (None, _) => None,
        };
        nearest.find_map(|template| change(template).map(|change| (template.as_str(), change)))
    }
}
