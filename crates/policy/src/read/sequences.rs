//! `sequences`, and the steps that preconditions share with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Reader;
use super::limits::{EFFECTS, PER};
use crate::args::{KeyPattern, Sense};
use crate::bounds::STEPS_MAX;
use crate::history::{Count, Part, SameKey, Sequence, Step, StepPart};
use crate::model::{Effect, Per};
use crate::scope::Senses;
use crate::tree::{Form, Node};
use crate::words::{self, Map};

pub(crate) const COUNTS: [(&str, Count); 2] =
    [("forwarded", Count::Forwarded), ("attempts", Count::Attempts)];

/// Whether a step is taken only by a call that succeeded.
pub(crate) const RESULTS: [(&str, bool); 2] = [("succeeded", true), ("any", false)];

/// What a step is for, which decides in which sense it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Its match tightens.
    Tighten,
    /// Its match loosens: the call that a precondition needs.
    Loosen,
}

impl Use {
    fn senses(self) -> Senses {
        Senses::of(if self == Use::Tighten { Effect::Deny } else { Effect::Allow })
    }

    fn sense(self) -> Sense {
        if self == Use::Tighten { Sense::Any } else { Sense::Every }
    }
}

impl Reader<'_> {
    pub(super) fn sequence(&mut self, node: &Node) -> Option<Part<Sequence>> {
        let members = self.members(node, &words::SEQUENCE, "a sequence")?;
        let id = self.id(node, members.get("id").copied(), "sequence");
        // A mistake in it is said once, not for every step.
        let same = members.get("same").copied().filter(|same| self.same(same, Sense::Any).is_some());
        let count = members.get("count").map(|count| self.choice(count, "value of `count`", &COUNTS));
        let steps = self.steps(node, members.get("steps").copied(), same);
        let attempts = count == Some(Some(Count::Attempts));
        if let (true, Some(count), true) =
            (attempts, members.get("count"), steps.iter().any(|part| part.step.succeeded))
        {
            self.wrong(
                count,
                "`count: attempts` beside `result: succeeded`",
                "a denied call never succeeds; drop one",
            );
        }
        let within_ms = members.get("within").and_then(|within| self.duration(within));
        let per = members.get("per").and_then(|per| self.choice(per, "value of `per`", &PER));
        let effect =
            members.get("effect").map(|effect| self.choice(effect, "effect of a sequence", &EFFECTS));
        let reason = self.reason(&members);
        let who = members.get("for").map(|who| self.who(who)).unwrap_or_default();
        let (id, id_node) = id?;
        Some(Part {
            about: Sequence {
                id,
                file: Arc::clone(&self.file),
                line: self.line(id_node),
                reason,
                effect: effect.unwrap_or(Some(Effect::Deny))?,
                per: per.unwrap_or(Per::Run),
                within_ms,
                count: count.unwrap_or(Some(Count::Forwarded))?,
                steps: steps.iter().map(|part| part.step.clone()).collect(),
            },
            who: Arc::new(who),
            steps,
            source: self.source,
            id_span: id_node.span.clone(),
            approval_span: 0..0,
        })
    }

    pub(super) fn reason(&mut self, members: &BTreeMap<&str, &Node>) -> Option<String> {
        members.get("reason").and_then(|reason| self.word(reason, "`reason`")).map(str::to_owned)
    }

    fn steps(&mut self, node: &Node, steps: Option<&Node>, same: Option<&Node>) -> Vec<StepPart> {
        let Some(list) = steps else {
            self.wrong(node, "a sequence without `steps`", "add `steps: [{ on: … }, { on: … }]`");
            return Vec::new();
        };
        let Form::List(items) = &list.form else {
            self.wrong(
                list,
                format!("`steps` must be a list, not {}", list.kind()),
                "write `[{ on: … }, { on: … }]`",
            );
            return Vec::new();
        };
        if items.len() < 2 {
            self.wrong(list, "a sequence of fewer than two steps", "one call alone is a rule");
        }
        if items.len() > STEPS_MAX {
            self.wrong(list, format!("more than {STEPS_MAX} steps"), "write several sequences");
        }
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let part = self.step(item, same, Use::Tighten, "a step");
            if let (Some(part), true) = (&part, index.saturating_add(1) == items.len())
                && part.step.succeeded
            {
                let help = "the last step is the call that is decided, before it has a result";
                self.wrong(item, "`result` in the last step", help);
            }
            out.extend(part);
        }
        out
    }

    /// A target, a list of targets, or a map with `on`, `labels`, `args`, `unless`, `result` and `same`.
    pub(super) fn step(
        &mut self,
        node: &Node,
        same: Option<&Node>,
        purpose: Use,
        what: &str,
    ) -> Option<StepPart> {
        let members = match &node.form {
            Form::Map(_) => self.members(node, step_words(purpose), what)?,
            Form::Scalar { .. } | Form::List(_) => BTreeMap::from([("on", node)]),
        };
        let succeeded =
            members.get("result").and_then(|result| self.choice(result, "value of `result`", &RESULTS));
        let same = members.get("same").copied().or(same);
        let scope = self.scope(node, &members, purpose.senses());
        let key = same.and_then(|same| self.same(same, purpose.sense()));
        let mut digest = Sha256::new();
        absorb(node, &mut digest);
        if let Some(same) = same {
            absorb(same, &mut digest);
        }
        let digest = digest.finalize();
        let step = Step {
            written: written(&members),
            succeeded: succeeded.unwrap_or(purpose == Use::Loosen),
            digest: digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        Some(StepPart { scope: scope?, same: key, step })
    }

    /// `args.id`: the path of a named argument.
    pub(super) fn same(&mut self, node: &Node, sense: Sense) -> Option<SameKey> {
        let path = self.argument(node, "`same`")?;
        KeyPattern::new(&path).ok().map(|key| SameKey { key, sense })
    }
}

fn step_words(purpose: Use) -> &'static Map {
    if purpose == Use::Tighten { &words::STEP } else { &words::NEEDED }
}

/// Targets and labels in the words of the policy.
pub(super) fn written(members: &BTreeMap<&str, &Node>) -> String {
    let words = |key: &str| {
        let node = members.get(key)?;
        let items: Vec<String> = match &node.form {
            Form::List(items) => {
                items.iter().filter_map(Node::scalar).map(|word| format!("`{word}`")).collect()
            }
            Form::Scalar { text, .. } => vec![format!("`{text}`")],
            Form::Map(_) => Vec::new(),
        };
        Some(items.join(" or "))
    };
    match (words("on"), words("labels")) {
        (Some(on), Some(labels)) => format!("{on} labelled {labels}"),
        (None, Some(labels)) => format!("anything labelled {labels}"),
        (Some(on), None) => on,
        (None, None) => String::new(),
    }
}

/// Hashes what a node says, not how it is laid out.
fn absorb(node: &Node, digest: &mut Sha256) {
    let mut text = |tag: u8, length: usize, text: &str| {
        digest.update([tag]);
        digest.update(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(text.as_bytes());
    };
    match &node.form {
        Form::Scalar { text: scalar, plain } => text(if *plain { 1 } else { 2 }, scalar.len(), scalar),
        Form::List(items) => {
            text(3, items.len(), "");
            items.iter().for_each(|item| absorb(item, digest));
        }
        Form::Map(pairs) => {
            text(4, pairs.len(), "");
            for (key, value) in pairs {
                absorb(key, digest);
                absorb(value, digest);
            }
        }
    }
}
