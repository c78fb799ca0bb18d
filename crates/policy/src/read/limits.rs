//! `limits`.

use std::sync::Arc;

use super::Reader;
use super::rules::Ruled;
use super::units::{duration_ms, number, whole};
use crate::model::{Counted, Each, Effect, Limit, Per};
use crate::scope::Senses;
use crate::tree::Node;
use crate::words;

pub(crate) const PER: [(&str, Per); 2] = [("run", Per::Run), ("principal", Per::Principal)];
pub(crate) const EFFECTS: [(&str, Effect); 2] = [("deny", Effect::Deny), ("ask", Effect::Ask)];

/// One word of a limit's `per`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    Whose(Per),
    Each(Each),
}

pub(crate) const PARTS: [(&str, Part); 5] = [
    ("run", Part::Whose(Per::Run)),
    ("principal", Part::Whose(Per::Principal)),
    ("server", Part::Each(Each::Server)),
    ("tool", Part::Each(Each::Tool)),
    ("call", Part::Each(Each::Call)),
];

pub(crate) const COUNTED: [(&str, Counted); 3] =
    [("forwarded", Counted::Forwarded), ("attempts", Counted::Attempts), ("denied", Counted::Denied)];

impl Reader<'_> {
    pub(super) fn limit(&mut self, node: &Node) -> Option<Ruled<Limit>> {
        let members = self.members(node, &words::LIMIT, "a limit")?;
        let id = self.id(node, members.get("id").copied(), "limit");
        let scope = self.scope(node, &members, Senses::of(Effect::Deny));
        let sum = members.get("sum").and_then(|sum| self.argument(sum, "`sum`"));
        let max = members.get("max").and_then(|max| self.most(max, members.contains_key("sum")));
        let burst = members.get("burst").and_then(|burst| self.count(burst, "`burst`"));
        let max_per_tool = members.get("max-per-tool").and_then(|most| self.count(most, "`max-per-tool`"));
        let (per, each) = members.get("per").map(|per| self.per(per)).unwrap_or_default();
        let count =
            members.get("count").map(|count| self.choice(count, "value of `count` of a limit", &COUNTED));
        let effect = members.get("effect").map(|effect| self.choice(effect, "effect of a limit", &EFFECTS));
        let reason =
            members.get("reason").and_then(|reason| self.word(reason, "`reason`")).map(str::to_owned);
        if !members.contains_key("max") && !members.contains_key("max-per-tool") {
            self.wrong(node, "a limit without `max` or `max-per-tool`", "add `max: 200` or `max: 60/1m`");
        }
        if let (Some(burst), Some((_, None))) = (members.get("burst"), max) {
            self.wrong(burst, "`burst` without a rate", "it belongs to a `max` with a window, as `60/1m`");
        }
        if let (Some(sum), None) = (members.get("sum"), members.get("max")) {
            self.wrong(sum, "`sum` without `max`", "add the greatest sum");
        }
        if let (Some(sum), Some(_)) =
            (members.get("sum"), members.get("burst").or(members.get("max-per-tool")))
        {
            self.wrong(sum, "`sum` together with a count of calls", "write two limits");
        }
        let (id, id_node) = id?;
        Some(Ruled {
            about: Limit {
                id,
                file: Arc::clone(&self.file),
                line: self.line(id_node),
                reason,
                effect: effect.unwrap_or(Some(Effect::Deny))?,
                per,
                each,
                count: count.unwrap_or(Some(Counted::Forwarded))?,
                max: max.map(|(most, _)| most),
                window_ms: max.and_then(|(_, window)| window),
                burst,
                max_per_tool,
                sum,
            },
            scope: scope?,
            source: self.source,
            id_span: id_node.span.clone(),
        })
    }

    /// `200`, `60/1m`; with `sum` decimal numbers too.
    fn most(&mut self, node: &Node, sum: bool) -> Option<(f64, Option<u64>)> {
        let text = self.word(node, "`max`")?;
        let (most, window) = match text.split_once('/') {
            Some((most, window)) => (most, Some(window)),
            None => (text, None),
        };
        let found = number(most).filter(|most| *most >= 0.0 && (sum || most.fract() == 0.0) && *most <= MAX);
        let Some(found) = found else {
            let kind = if sum { "number" } else { "whole number" };
            let help = format!("write a {kind}, or a rate as `60/1m`");
            self.wrong(node, format!("`{text}` is not a limit"), help);
            return None;
        };
        let Some(window) = window else { return Some((found, None)) };
        let Some(window_ms) = duration_ms(window) else {
            let help = "write a number with s, m, h or d: `60/1m`".to_owned();
            self.wrong(node, format!("`{window}` is not a duration"), help);
            return None;
        };
        Some((found, Some(window_ms)))
    }

    fn count(&mut self, node: &Node, what: &str) -> Option<u64> {
        let text = self.word(node, what)?;
        let found = whole(text).filter(|count| *count > 0);
        if found.is_none() {
            self.wrong(node, format!("{what} must be a whole number above 0, not `{text}`"), "write `10`");
        }
        found
    }

    /// `args.amount`: the path of a named argument.
    /// `per: principal`, `per: tool`, or one of each kind.
    fn per(&mut self, node: &Node) -> (Per, Each) {
        let (mut whose, mut each) = (None, None);
        for item in self.items(node, "`per`") {
            let Some(part) = self.choice(item, "value of `per`", &PARTS) else { continue };
            let twice = match part {
                Part::Whose(per) => whose.replace(per).is_some(),
                Part::Each(part) => each.replace(part).is_some(),
            };
            if twice {
                let help = "name one of `run` and `principal`, and one of `server`, `tool` and `call`";
                self.wrong(item, "two of a kind in `per`", help);
            }
        }
        (whose.unwrap_or(Per::Run), each.unwrap_or(Each::Nothing))
    }

    pub(super) fn argument(&mut self, node: &Node, key: &str) -> Option<String> {
        let text = self.word(node, key)?;
        let path = text.strip_prefix("args.");
        let named = |path: &&str| {
            !path.is_empty() && path.split('.').all(|name| !name.is_empty() && !name.contains('*'))
        };
        let found = path.filter(named);
        if found.is_none() {
            self.wrong(
                node,
                format!("`{text}` does not name an argument"),
                format!("write {key} as `args.NAME`, without wildcards"),
            );
        }
        found.map(str::to_owned)
    }
}

/// 2^53, above which counting in doubles has holes.
const MAX: f64 = 9_007_199_254_740_992.0;
