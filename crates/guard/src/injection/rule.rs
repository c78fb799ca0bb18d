//! The rules, as data: which concepts in which order and how near, and what each is worth.

use std::sync::OnceLock;

use super::phrases::Concept;
use super::phrases::Concept::{
    Action, Address, Addressee, Adversarial, Claim, Conceal, Danger, Destination, Dismissed, Everything,
    Hidden, Hint, Leak, Machine, Marker, Memory, Mode, Money, Negation, NewTask, NextTask, Object, Override,
    Persona, Precondition, Prior, Prompt, ReadsThis, Role, Send, Sensitive, Shell, Stealth, Tell, Told,
    ToolCall, ToolSwitch, Turn, Unbound, Urge, User, Verbatim, WeakObject, WordAction, WordConceal,
    WordObject, WordOverride, WordSecret,
};
use super::screen::{Window, bit};
use crate::limits::INJECTION_HITS_MAX;

/// A concept at a place of the normalised view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub concept: Concept,
    pub start: usize,
    pub end: usize,
}

impl Hit {
    /// Their order: by start, then by end.
    pub(super) fn key(&self) -> u64 {
        // One number is sorted faster than three: parts and phrases are short, and concepts few.
        let number = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
        number(self.start) << 32 | number(self.end - self.start) << 8 | self.concept as u64
    }
}

/// A rule at a place of the normalised view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    /// Index in [`RULES`].
    pub rule: usize,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug)]
pub(super) struct Rule {
    pub code: &'static str,
    pub message: &'static str,
    pub weight: u32,
    /// An order as people write them to people too: without another rule it is no attack.
    pub plain: bool,
    /// Its concepts stand in one sentence.
    sentence: bool,
    /// The first concept, then what follows it: any of these, starting at most so many bytes behind the one before.
    first: &'static [Concept],
    then: &'static [(&'static [Concept], usize)],
}

/// A window counts from this sum of the weights of its distinct rules on.
pub(super) const THRESHOLD: u32 = 3;
/// Taken off where the text speaks about attacks.
pub(super) const MENTION_DISCOUNT: u32 = 12;
/// Taken off where every match is a quotation.
pub(super) const QUOTE_DISCOUNT: u32 = 10;

/// The most that a text can weigh that holds these concepts and no others.
pub(super) fn weight_possible(concepts: u64) -> u32 {
    let possible = Plan::get().needs.iter().filter(|(_, needs)| needs.iter().all(|any| concepts & any != 0));
    possible.map(|(weight, _)| weight).sum()
}

/// Every rule in the hits, by start.
pub(super) fn matches(hits: &[Hit], text: &str) -> Vec<Match> {
    let plan = Plan::get();
    let mut found = Vec::new();
    // What stands behind a hit, as far as a rule can reach: most rules find that they cannot be completed without a search.
    let mut behind = Window::default();
    let mut reached = 0;
    for (index, first) in hits.iter().enumerate() {
        if reached > index {
            behind.leave(first);
        }
        reached = reached.max(index + 1);
        while let Some(next) = hits.get(reached).filter(|next| next.start <= first.end + REACH) {
            behind.enter(next);
            reached += 1;
        }
        let rest = hits.get(index + 1..).unwrap_or_default();
        for (rule, steps) in plan.by_first.get(first.concept as usize).into_iter().flatten() {
            if steps.iter().all(|(concepts, _)| behind.concepts & concepts != 0) {
                let end = complete(steps, first.end, rest).filter(|end| {
                    let one = RULES.get(*rule).is_some_and(|rule| rule.sentence);
                    !(one && ends_sentence(text.get(first.end..*end)))
                });
                found.extend(end.map(|end| Match { rule: *rule, start: first.start, end }));
            }
        }
    }
    found
}

/// No rule reaches further from the end of its first concept to the start of its last, in bytes: a test holds them to it.
const REACH: usize = 400;

/// The concepts of one step as a set, and how far it may stand from the one before.
type Step = (u64, usize);

/// The rules, prepared.
#[derive(Debug)]
struct Plan {
    /// By the concept that they begin with.
    by_first: Vec<Vec<(usize, Vec<Step>)>>,
    /// What each weighs, and of which sets it needs one concept each.
    needs: Vec<(u32, [u64; 3])>,
}

impl Plan {
    fn get() -> &'static Plan {
        static PLAN: OnceLock<Plan> = OnceLock::new();
        PLAN.get_or_init(|| {
            let set = |concepts: &[Concept]| concepts.iter().fold(0, |set, concept| set | bit(*concept));
            let mut by_first = vec![Vec::new(); 64];
            let mut needs = Vec::new();
            for (index, rule) in RULES.iter().enumerate() {
                let steps: Vec<Step> =
                    rule.then.iter().map(|(concepts, gap)| (set(concepts), *gap)).collect();
                let step = |at: usize| steps.get(at).map_or(u64::MAX, |step| step.0);
                needs.push((rule.weight, [set(rule.first), step(0), step(1)]));
                for first in rule.first {
                    if let Some(rules) = by_first.get_mut(*first as usize) {
                        rules.push((index, steps.clone()));
                    }
                }
            }
            Plan { by_first, needs }
        })
    }
}

/// True if a sentence ends in the text.
fn ends_sentence(text: Option<&str>) -> bool {
    let text = text.unwrap_or_default();
    let ends = |pair: &[u8]| matches!(pair, [b'.' | b'!' | b'?', b' ']);
    text.as_bytes().windows(2).any(ends) || text.contains('。')
}

/// Where the last of the steps ends, each taken at its nearest hit.
fn complete(steps: &[Step], from: usize, hits: &[Hit]) -> Option<usize> {
    let mut end = from;
    let mut rest = hits;
    for (concepts, gap) in steps {
        let near = rest.iter().take(INJECTION_HITS_MAX).take_while(|hit| hit.start <= end + gap);
        let (index, hit) =
            near.enumerate().find(|(_, hit)| hit.start >= end && concepts & bit(hit.concept) != 0)?;
        end = hit.end;
        rest = rest.get(index + 1..).unwrap_or_default();
    }
    Some(end)
}

const fn rule(
    code: &'static str,
    message: &'static str,
    weight: u32,
    first: &'static [Concept],
    then: &'static [(&'static [Concept], usize)],
) -> Rule {
    Rule { code, message, weight, plain: false, sentence: false, first, then }
}

const fn plain(rule: Rule) -> Rule {
    Rule { plain: true, sentence: true, ..rule }
}

const fn sentence(rule: Rule) -> Rule {
    Rule { sentence: true, ..rule }
}

/// A word that orders are made of; it weighs next to nothing and has the model look.
const fn sign(first: &'static [Concept]) -> Rule {
    rule("sign", "words that such orders are made of", 1, first, &[])
}

pub(super) static RULES: &[Rule] = &[
    rule("override", "order to disregard instructions", 20, &[Override], &[(&[Prior], 24), (&[Object], 40)]),
    rule(
        "override",
        "order to disregard the task or the rules",
        12,
        &[Override],
        &[(&[Prior], 24), (&[WeakObject], 30)],
    ),
    rule("override", "order to disregard everything so far", 16, &[Override], &[(&[Everything], 12)]),
    sentence(rule(
        "override",
        "order to disregard instructions, not in English",
        20,
        &[WordOverride],
        &[(&[WordObject], 60)],
    )),
    sentence(rule(
        "override",
        "order to disregard instructions, not in English",
        20,
        &[WordObject],
        &[(&[WordOverride], 40)],
    )),
    rule("new-task", "claim of a new task that replaces the user's", 14, &[NewTask], &[]),
    rule("new-task", "announcement of another task", 8, &[NextTask], &[]),
    rule("fake-turn", "claim that the user's task is over", 8, &[Turn], &[]),
    rule("role-marker", "chat template token inside data", 12, &[Marker], &[]),
    rule("role-marker", "tag or heading that imitates another role", 8, &[Role], &[]),
    rule("user-spoof", "text that claims to come from the user or an authority", 12, &[Claim], &[]),
    rule(
        "addressed",
        "instruction addressed to the model",
        4,
        &[Addressee],
        &[(&[Urge], 60), (&[Action, Send], 40)],
    ),
    rule(
        "addressed",
        "instruction addressed to the model",
        8,
        &[Addressee],
        &[(&[Urge, Hint], 60), (&[Action, Send], 40)],
    ),
    rule("addressed", "instruction addressed to the model", 12, &[Address], &[(&[Action, Send], 40)]),
    rule(
        "addressed",
        "instruction addressed to the model, not in English",
        14,
        &[Addressee, Address],
        &[(&[WordAction], 90)],
    ),
    rule(
        "conceal",
        "order to hide something from the user",
        14,
        &[Negation],
        &[(&[Tell], 12), (&[User], 24)],
    ),
    rule("conceal", "order to hide something from the user, not in English", 12, &[WordConceal], &[]),
    rule("conceal", "order to hide something from the user", 12, &[Conceal], &[]),
    rule("stealth", "order to act without being noticed", 8, &[Stealth], &[]),
    plain(rule(
        "sensitive-action",
        "order to do something with secrets or access",
        8,
        &[Action, Send],
        &[(&[Sensitive], 60)],
    )),
    plain(rule("sensitive-action", "order to do something that cannot be undone", 8, &[Danger], &[])),
    plain(rule("payment", "order to move money", 8, &[Action, Send], &[(&[Money], 50)])),
    rule(
        "exfiltration",
        "order to send secrets away",
        6,
        &[Send],
        &[(&[Sensitive], 60), (&[Destination], 120)],
    ),
    plain(rule(
        "exfiltration",
        "order to open or send to an address",
        2,
        &[Action, Send],
        &[(&[Destination], 90)],
    )),
    rule("exfiltration", "order to pass data through a tool call", 10, &[ToolCall], &[]),
    rule("precondition", "demand to be met before the task goes on", 6, &[Precondition], &[]),
    rule("persona", "order to become another persona", 10, &[Persona], &[]),
    rule("persona", "claim of a mode without rules", 8, &[Mode], &[]),
    rule("persona", "claim that restrictions are gone", 8, &[Unbound], &[]),
    rule("prompt-leak", "order to reveal the system prompt", 14, &[Leak, Send, Action], &[(&[Prompt], 30)]),
    rule("prompt-leak", "order to reveal text verbatim", 6, &[Verbatim], &[]),
    rule("memory", "order to remember an instruction for later", 12, &[Memory], &[]),
    rule(
        "hidden-markup",
        "order in markup that is not shown",
        12,
        &[Hidden],
        &[(&[Action, Send], 60), (&[Sensitive, Money, Danger], 60)],
    ),
    rule(
        "hidden-markup",
        "markup that is not shown speaks to the model",
        12,
        &[Hidden],
        &[(&[Addressee, Address], 40)],
    ),
    rule("shell", "order to pipe a download into a shell", 8, &[Addressee, Precondition], &[(&[Shell], 160)]),
    rule("adversarial", "wording known from attacks", 20, &[Adversarial], &[]),
    rule(
        "addressed",
        "instruction addressed to the model",
        6,
        &[Addressee, Address],
        &[(&[Sensitive, Money, Danger], 90)],
    ),
    rule(
        "role-marker",
        "instruction right behind a role marker",
        6,
        &[Marker, Role],
        &[(&[Action, Send], 40)],
    ),
    rule("hidden-markup", "order in markup that is not shown", 12, &[Hidden], &[(&[Danger], 60)]),
    rule("exfiltration", "order to pass data through another tool", 10, &[ToolSwitch], &[]),
    rule(
        "sensitive-action",
        "order to do something with secrets, not in English",
        8,
        &[WordAction],
        &[(&[WordSecret], 90)],
    ),
    rule(
        "sensitive-action",
        "order to do something with secrets, not in English",
        8,
        &[WordSecret],
        &[(&[WordAction, Send], 60)],
    ),
    rule(
        "override",
        "claim that what was asked before counts no more",
        16,
        &[Told],
        &[(&[Dismissed, Override], 60)],
    ),
    rule("override", "claim that what was asked before counts no more", 16, &[Dismissed], &[(&[Told], 30)]),
    rule("addressed", "text for the program that reads it", 10, &[Machine], &[(&[ReadsThis], 30)]),
    sign(&[Override]),
    sign(&[Object, Prompt]),
    sign(&[Everything, Turn]),
    sign(&[Addressee]),
    sign(&[Address]),
    sign(&[Sensitive]),
    sign(&[Money, Destination]),
    sign(&[Hidden]),
    sign(&[User]),
    sign(&[Leak, WordAction]),
    sign(&[WordOverride, WordObject, WordSecret]),
];

#[cfg(test)]
mod tests {
    use super::{REACH, RULES};
    use crate::injection::concept;

    #[test]
    fn no_rule_reaches_further_than_is_looked() {
        let longest = concept::phrases().iter().map(|phrase| phrase.text.len()).max().unwrap();
        for rule in RULES {
            assert!(rule.then.len() <= 2, "{}", rule.message);
            let gaps: usize = rule.then.iter().map(|(_, gap)| gap + longest).sum();
            assert!(gaps <= REACH, "{} reaches {gaps}", rule.message);
        }
    }

    #[test]
    fn every_code_is_documented() {
        let docs = include_str!("../../../../docs/reference/guards.md");
        for rule in RULES {
            assert!(docs.contains(&format!("`{}`", rule.code)), "{}", rule.code);
        }
    }
}
