//! `guards: { requests: … }`: what servers may ask of the client.

use std::sync::Arc;

use super::Reader;
use super::units::whole;
use crate::args::HostList;
use crate::guards::{GuardAction, REQUEST_ACTIONS, RequestsPart};
use crate::tree::Node;
use crate::words;

impl Reader<'_> {
    /// A word, which is the action for all that they ask, or a map.
    pub(super) fn requests(&mut self, node: &Node) -> Option<RequestsPart> {
        if node.scalar().is_some() {
            let (action, said) = (self.request_action(node), Some(self.place(node)));
            return Some(RequestsPart {
                sampling: action,
                form: action,
                url: action,
                said,
                ..Default::default()
            });
        }
        let members = self.members(node, &words::REQUESTS, "`requests`")?;
        let hosts = members.get("hosts").map(|own| {
            let (patterns, written) = self.host_patterns(own);
            Arc::new(HostList { patterns, written })
        });
        Some(RequestsPart {
            sampling: members.get("sampling").and_then(|own| self.request_action(own)),
            form: members.get("form").and_then(|own| self.request_action(own)),
            url: members.get("url").and_then(|own| self.request_action(own)),
            tokens_max: members.get("tokens").and_then(|own| self.at_most(own, "`tokens`")),
            calls_max: members.get("calls").and_then(|own| self.at_most(own, "`calls`")),
            hosts: hosts.into_iter().collect(),
            said: Some(self.place(node)),
        })
    }

    fn request_action(&mut self, node: &Node) -> Option<GuardAction> {
        self.choice(node, "action of `requests`", &REQUEST_ACTIONS)
    }

    fn at_most(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.word(node, what)?;
        let found = whole(text).filter(|number| *number <= COUNT_MAX);
        if found.is_none() {
            let help = format!("write a whole number from 0 to {COUNT_MAX}");
            self.wrong(node, format!("`{text}` is no number of {}", what.trim_matches('`')), help);
        }
        found
    }
}

/// Far more than any model writes.
const COUNT_MAX: u64 = 1_000_000_000;
