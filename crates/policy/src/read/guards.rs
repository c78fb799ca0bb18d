//! `guards`: what each does, what is suppressed, and what is looked for besides.

use std::sync::Arc;

use jiff::civil::Date;

use super::Reader;
use super::units::size;
use crate::bounds::{GUARD_ENTRIES_MAX, GUARD_PATTERNS_MAX, SUPPRESSIONS_MAX};
use crate::glob::text_expression;
use crate::guards::{
    Classifier, FloodPart, GuardAction, GuardDirections, GuardEntry, GuardLevel, GuardName, GuardPattern,
    LogLevel, RequestsPart, Spotted, Suppression,
};
use crate::model::Place;
use crate::set::{Set, Syntax};
use crate::tree::Node;
use crate::words;

/// What one file says about the guards.
#[derive(Debug, Default)]
pub(crate) struct GuardPart {
    pub(crate) entries: Vec<GuardEntry>,
    pub(crate) suppressions: Vec<Suppression>,
    pub(crate) patterns: Vec<GuardPattern>,
    pub(crate) classifier: Option<Classifier>,
    pub(crate) requests: Option<RequestsPart>,
    pub(crate) logs: Option<(LogLevel, Place)>,
    /// `None`: it says nothing of floods.
    pub(crate) floods: Option<FloodPart>,
}

pub(crate) const LEVELS: [(&str, GuardLevel); 3] =
    [("possible", GuardLevel::Possible), ("likely", GuardLevel::Likely), ("certain", GuardLevel::Certain)];

/// What a result may hold before `size` is certain, where the policy does not say, in bytes.
const SIZE_MAX: u64 = 1 << 20;

impl Reader<'_> {
    pub(super) fn read_guards(&mut self, node: &Node) -> GuardPart {
        let mut part = GuardPart::default();
        let Some(members) = self.members(node, &words::GUARDS, "`guards`") else { return part };
        for (word, guard) in GuardName::ALL {
            let Some(own) = members.get(word) else { continue };
            for item in self.items(own, &format!("`{word}`")) {
                part.entries.extend(self.guard_entry(item, guard));
            }
        }
        if part.entries.len() > GUARD_ENTRIES_MAX {
            self.wrong(
                node,
                format!("more than {GUARD_ENTRIES_MAX} entries of guards"),
                "use wildcards in `on`",
            );
        }
        if let Some(list) = members.get("suppress") {
            let entries = self.entries(list, "suppress");
            if entries.len() > SUPPRESSIONS_MAX {
                self.wrong(
                    list,
                    format!("more than {SUPPRESSIONS_MAX} suppressions"),
                    "turn the guard off there",
                );
            }
            part.suppressions = entries.iter().filter_map(|entry| self.suppression(entry)).collect();
        }
        if let Some(list) = members.get("patterns") {
            let entries = self.entries(list, "patterns");
            if entries.len() > GUARD_PATTERNS_MAX {
                self.wrong(list, format!("more than {GUARD_PATTERNS_MAX} patterns"), "join some with `|`");
            }
            part.patterns = entries.iter().filter_map(|entry| self.guard_pattern(entry)).collect();
        }
        part.classifier = members.get("classifier").and_then(|own| self.classifier(own));
        part.logs = members.get("logs").and_then(|own| {
            let level = self.choice(own, "level of log lines", &LogLevel::ALL)?;
            Some((level, self.place(own)))
        });
        part.requests = members.get("requests").and_then(|own| self.requests(own));
        let (pace, error) = (members.get("pace").copied(), members.get("error-bytes").copied());
        part.floods = (pace.is_some() || error.is_some()).then(|| self.floods(pace, error));
        part
    }

    /// A word, which is the action from `likely` on, or a map.
    fn guard_entry(&mut self, node: &Node, guard: GuardName) -> Option<GuardEntry> {
        let (to, _) = guard.directions();
        let mut entry = GuardEntry {
            guard,
            to,
            on: None,
            except: Vec::new(),
            actions: [GuardAction::Off; 3],
            write_back: GuardAction::Annotate,
            allow: None,
            max_bytes: (guard == GuardName::Size).then_some(SIZE_MAX),
            said: self.place(node),
        };
        if node.scalar().is_some() {
            let action = self.guard_action(node, guard, to)?;
            entry.actions = [GuardAction::Off, action, action];
            return Some(entry);
        }
        let members = self.members(node, &words::GUARD, &format!("`{}`", guard.word()))?;
        if let Some(to) = members.get("to") {
            entry.to = self.guard_directions(to, guard)?;
        }
        let mut least = GuardAction::Off;
        let mut said = false;
        for (place, (word, _)) in entry.actions.iter_mut().zip(LEVELS) {
            if let Some(own) = members.get(word) {
                said = true;
                least = least.max(self.guard_action(own, guard, entry.to)?);
            }
            *place = least;
        }
        if !said {
            self.wrong(
                node,
                "no level has an action",
                "write `certain: block, likely: annotate`, or one of them",
            );
        }
        entry.on = members.get("on").map(|on| self.targets(on, true));
        entry.except = members.get("except").map(|except| self.targets(except, false)).unwrap_or_default();
        entry.allow = members.get("allow").and_then(|allow| self.allowed(allow));
        if let Some(own) = members.get("write-back") {
            let changes =
                entry.actions.iter().any(|action| matches!(action, GuardAction::Strip | GuardAction::Redact));
            if !changes {
                self.wrong(own, "`write-back` where nothing is changed", "it goes with `redact` and `strip`");
            }
            entry.write_back = self.guard_action(own, guard, GuardDirections::TO_CLIENT)?;
        }
        if let Some(max) = members.get("max") {
            entry.max_bytes = self.guard_size(max, guard);
        }
        Some(entry)
    }

    fn guard_action(&mut self, node: &Node, guard: GuardName, to: GuardDirections) -> Option<GuardAction> {
        let word = self.word(node, "an action")?.to_owned();
        for direction in to.all() {
            let valid = guard.actions(direction);
            if GuardAction::ALL.iter().any(|(known, _)| *known == word)
                && !valid.iter().any(|(known, _)| *known == word)
            {
                let names: Vec<&str> = valid.iter().map(|(name, _)| *name).collect();
                let help = format!("valid here: {}", names.join(", "));
                self.wrong(node, format!("`{}` does not {word} what goes there", guard.word()), help);
                return None;
            }
        }
        let valid = to.all().next().map(|direction| guard.actions(direction)).unwrap_or_default();
        self.choice(node, &format!("action of `{}`", guard.word()), valid)
    }

    fn guard_directions(&mut self, node: &Node, guard: GuardName) -> Option<GuardDirections> {
        let mut out = GuardDirections { to_server: false, to_client: false };
        let (_, possible) = guard.directions();
        for item in self.items(node, "`to`") {
            let to_server = self.choice(item, "value of `to`", &[("server", true), ("client", false)])?;
            if (to_server && !possible.to_server) || (!to_server && !possible.to_client) {
                let help = "guards of arguments look at what goes to the server, `tool-poisoning` at lists";
                self.wrong(item, format!("`{}` does not look there", guard.word()), help);
                return None;
            }
            out.to_server |= to_server;
            out.to_client |= !to_server;
        }
        Some(out)
    }

    fn guard_size(&mut self, node: &Node, guard: GuardName) -> Option<u64> {
        if guard != GuardName::Size {
            self.wrong(node, "`max` belongs to `size`", "leave it out");
            return None;
        }
        let text = self.word(node, "`max`")?;
        let found = size(text).filter(|bytes| *bytes >= 1_024);
        if found.is_none() {
            self.wrong(
                node,
                format!("`{text}` is not a size"),
                "write bytes, at least 1KiB: `256KiB`, `1MiB`",
            );
        }
        found
    }

    /// Globs of texts that are no finding.
    fn allowed(&mut self, node: &Node) -> Option<Set> {
        let mut expressions = Vec::new();
        for item in self.items(node, "`allow`") {
            let Some(glob) = self.pattern(item, "an allowed text") else { continue };
            if glob.iter().all(|symbol| symbol.is('*')) {
                self.wrong(item, "`*` would allow every text", "name the texts, or turn the guard off");
                continue;
            }
            match text_expression(&glob) {
                Ok(expression) => expressions.push(expression),
                Err(cause) => self.wrong(item, format!("{cause} in an allowed text"), "`*` is any text"),
            }
        }
        match Set::new(&expressions, Syntax::Glob { fold: false }) {
            Ok(set) if !expressions.is_empty() => Some(set),
            Ok(_) => None,
            Err(cause) => {
                self.wrong(node, cause, "shorten the patterns");
                None
            }
        }
    }

    fn suppression(&mut self, node: &Node) -> Option<Suppression> {
        let members = self.members(node, &words::SUPPRESSION, "a suppression")?;
        let id = self.id(node, members.get("id").copied(), "suppression");
        let guard = match members.get("guard") {
            Some(guard) => self.choice(guard, "guard", &GuardName::ALL),
            None => {
                self.wrong(node, "no `guard`", "name the guard whose finding is known");
                None
            }
        };
        let on = members.get("on").map(|on| self.targets(on, false));
        if on.is_none() {
            self.wrong(node, "no `on`", "name the tool or resource that it was seen in");
        }
        let code = members.get("code").and_then(|code| self.word(code, "`code`")).map(str::to_owned);
        let text = members.get("pattern").and_then(|pattern| self.spotted(pattern));
        if !members.contains_key("code") && !members.contains_key("pattern") {
            let help =
                "add `code`, as the record names it, or `pattern`; to do without the guard use `except`";
            self.wrong(node, "neither `code` nor `pattern`", help);
        }
        let until_us = match members.get("until") {
            Some(until) => self.day_after(until),
            None => {
                self.wrong(node, "no `until`", "add the last day on which it holds: `until: 2027-01-31`");
                None
            }
        };
        let reason = match members.get("reason") {
            Some(_) => self.reason(&members),
            None => {
                self.wrong(node, "no `reason`", "say why this is no finding");
                None
            }
        };
        let (id, id_node) = id?;
        Some(Suppression {
            id,
            file: Arc::clone(&self.file),
            line: self.line(id_node),
            reason: reason?,
            guard: guard?,
            code,
            until_us: until_us?,
            on: on?,
            text,
        })
    }

    fn spotted(&mut self, node: &Node) -> Option<Spotted> {
        let pattern = self.pattern(node, "a pattern")?;
        let text: String = pattern.iter().map(|symbol| symbol.character).collect();
        match Spotted::new(&text) {
            Ok(spotted) if spotted.is_in("") => {
                self.wrong(node, "the pattern matches the empty text", "it would match everywhere");
                None
            }
            Ok(spotted) => Some(spotted),
            Err(cause) => {
                self.wrong(node, format!("not a regular expression: {cause}"), "as in `regex`, see the docs");
                None
            }
        }
    }

    /// The end of a day, in microseconds since 1970 (UTC).
    fn day_after(&mut self, node: &Node) -> Option<i64> {
        let text = self.word(node, "`until`")?;
        let end = |date: Date| {
            let zoned = date.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(zoned.timestamp().as_microsecond())
        };
        let found = text.parse::<Date>().ok().and_then(end);
        if found.is_none() {
            self.wrong(node, format!("`{text}` is not a day"), "write it as `2027-01-31`");
        }
        found
    }

    fn guard_pattern(&mut self, node: &Node) -> Option<GuardPattern> {
        let members = self.members(node, &words::GUARD_PATTERN, "a pattern")?;
        let id = self.id(node, members.get("id").copied(), "pattern");
        let guard = match members.get("guard") {
            Some(guard) => self.choice(guard, "guard that takes patterns", &TAKES_PATTERNS),
            None => {
                self.wrong(node, "no `guard`", "name the guard that shall find it: `guard: secrets`");
                None
            }
        };
        let text = match members.get("regex") {
            Some(regex) => self.spotted(regex),
            None => {
                self.wrong(node, "no `regex`", "write what is to be found");
                None
            }
        };
        let level = members.get("level").map(|level| self.choice(level, "level", &LEVELS));
        let message = self.reason(&members).unwrap_or_else(|| "a pattern of the policy".to_owned());
        let (id, id_node) = id?;
        Some(GuardPattern {
            id: Arc::from(id.as_str()),
            file: Arc::clone(&self.file),
            line: self.line(id_node),
            guard: guard?,
            level: level.unwrap_or(Some(GuardLevel::Certain))?,
            message: Arc::from(message.as_str()),
            text: text?,
        })
    }
}

/// Guards that read whole texts.
pub(crate) const TAKES_PATTERNS: [(&str, GuardName); 4] = [
    ("injection", GuardName::Injection),
    ("hidden-text", GuardName::HiddenText),
    ("secrets", GuardName::Secrets),
    ("pii", GuardName::Pii),
];

#[cfg(test)]
mod tests {
    use crate::guards::GuardName;

    #[test]
    fn every_guard_is_a_word_of_the_language() {
        for (word, guard) in GuardName::ALL {
            assert_eq!(guard.word(), word);
            assert!(crate::words::GUARDS.words.valid.contains(&word), "{word}");
        }
    }
}
