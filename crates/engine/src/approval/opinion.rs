//! Answers about which an external classifier is asked: what it is shown, and what its opinion does. It can only withhold:
//! what the guards themselves stop is not put to it.

use bailiwick_mcp::{Body, Direction, Message, Packet, Parser, Timestamp};
use bailiwick_policy::{Classifier, Failing, GuardAction, Taint, Taints, Verdict};

use super::denied;
use crate::decision::{
    Action, Consult, Decision, Effect, Event, Opinion, Outcome, Quarantined, Question, Reason,
};
use crate::engine::{Engine, Judgement, send};
use crate::inspect::Shown;
use crate::permit::Permitted;
use crate::reply::Refusal;
use crate::run::{Held, Pending, Wanted};

/// An answer that the guards let pass and see something in.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) classifier: Classifier,
    /// What the guards see something in.
    pub(crate) shown: Shown,
    /// How whoever asked is answered if it is withheld.
    pub(crate) refusal: Refusal,
    pub(crate) kept: Option<Box<Quarantined>>,
}

/// A question more is waited for in the shell's own time; this is when it is given up in any case, in seconds.
const SPARE_S: u32 = 5;

impl Engine {
    /// Keeps a judged answer until the classifier has spoken. Without room it has not: what the policy says of that holds.
    pub(crate) fn doubted(
        &mut self,
        (at, direction): (Timestamp, Direction),
        message: &Message<'_>,
        pending: &Pending,
        (judgement, doubt): (&mut Judgement<'_>, Doubt),
    ) -> Option<Question> {
        let Doubt { classifier, shown, refusal, kept } = doubt;
        let mut full = Judgement { verdict: Verdict::Ask, ..Judgement::allow() };
        self.deny_if_full(&mut full);
        if full.verdict == Verdict::Deny {
            judgement.reasons.push(unheard("too many questions are open", classifier.fails));
            if classifier.fails == Failing::Closed {
                judgement.verdict = Verdict::Deny;
                judgement.refusal = refusal;
            }
            return None;
        }
        judgement.verdict = Verdict::Ask;
        judgement.refusal = refusal;
        let mut question = self.hold(at, message, direction, pending, judgement);
        if let Some(held) = self.run.held.get_mut(&question.id) {
            held.wanted = Some(Wanted { classifier, is_partial: shown.is_partial, kept });
        }
        let seconds = u32::try_from(classifier.within_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
        question.ttl_s = seconds.saturating_add(SPARE_S);
        question.consult = Some(Consult { text: shown.text, within_ms: classifier.within_ms });
        Some(question)
    }

    /// True while answers wait for the classifier's opinion.
    #[must_use]
    pub fn awaits_opinions(&self) -> bool {
        self.run.held.values().any(|held| held.wanted.is_some())
    }

    /// What an answer that goes on after all asks back may be answered from now on.
    fn open_questions(&mut self, held: &Held) {
        let mut parser = Parser::default();
        let limits = self.settings.limits;
        if let Ok(Packet::One(message)) = Packet::parse(&mut parser, &held.bytes, &limits) {
            self.note_elicited(&message);
            if let Body::Result { result, .. } = &message.body {
                self.note_questions(*result, held.target.as_deref().unwrap_or_default());
            }
        }
    }

    /// The classifier's opinion of an answer that waits for it, or the lack of one.
    pub(super) fn heard(
        &mut self,
        at: Timestamp,
        mut held: Held,
        opinion: &Result<Opinion, String>,
        out: &mut Vec<Outcome<'static>>,
    ) {
        let Some(Wanted { classifier, is_partial, kept }) = held.wanted.take() else { return };
        let mut decision = self.decision_about(at, Event::Opinion, &held);
        held.note_end(&mut decision);
        let is_attack = opinion.as_ref().is_ok_and(|opinion| opinion.score >= classifier.score);
        let (said, mut action) = match opinion {
            Ok(opinion) => judged(opinion, &classifier),
            Err(why) => (unheard(why, classifier.fails), missing(classifier.fails)),
        };
        decision.reasons.push(said);
        // Of what it was not shown it has no opinion: harmless signs in plenty must not buy a yes for the rest.
        if is_partial {
            let done = missing(classifier.fails);
            action = action.max(done);
            let words = "more is suspect than an external classifier is shown".to_owned();
            decision.reasons.push(reason("not-inspected", words, done, done.word().to_owned()));
        }
        if held.policy != self.policy.digest() {
            decision.reasons.push(Reason::Approval("the policy changed while it waited".to_owned()));
            action = GuardAction::Block;
        }
        let mut effects = Vec::new();
        if action < GuardAction::Quarantine {
            if is_attack {
                let met = Taints::NONE.with(Taint::Untrusted).with(Taint::Injected);
                self.run.taints = self.run.taints.union(met);
            }
            self.open_questions(&held);
            decision.verdict = Verdict::Allow;
            decision.action = Action::Forwarded;
            effects.push(Effect::Send { to: held.direction, message: Permitted::new(held.bytes) });
        } else {
            decision.verdict = Verdict::Deny;
            let why = match opinion {
                Ok(_) if is_attack => "an external classifier takes part of it for an attack",
                Ok(_) => "an external classifier can be shown a part of it only",
                Err(_) => "an external classifier was to be asked and gave no opinion",
            };
            let bytes = denied(&held.refusal, why).to_bytes(held.id.as_ref());
            decision.action = if bytes.is_some() { Action::Refused } else { Action::Dropped };
            effects.extend(send(held.direction, bytes));
            effects.extend(kept.filter(|_| action == GuardAction::Quarantine).map(Effect::Quarantine));
        }
        out.push(Outcome { decision, effects });
    }
}

impl Held {
    /// What is told of an answer when it no longer waits says how its request ended, too.
    pub(super) fn note_end(&self, decision: &mut Decision<'_>) {
        if self.completion.is_some() {
            decision.completion = self.completion;
            decision.latency_us = Some(decision.at.micros_since(self.since));
        }
    }
}

/// What an opinion comes to.
fn judged(opinion: &Opinion, classifier: &Classifier) -> (Reason, GuardAction) {
    let is_attack = opinion.score >= classifier.score;
    let action = if is_attack { classifier.then } else { GuardAction::Log };
    let message = match is_attack {
        true => "an external classifier takes it for an attack",
        false => "an external classifier does not take it for an attack",
    };
    let score = |thousandths: u16| format!("{:.3}", f64::from(thousandths) / 1_000.0);
    let by = if opinion.by.is_empty() { String::new() } else { format!(" of `{}`", opinion.by) };
    let detail = format!(
        "score {}{by}, an attack from {} on; {}",
        score(opinion.score),
        score(classifier.score),
        action.word()
    );
    (reason(EXTERNAL, message.to_owned(), action, detail), action)
}

fn missing(fails: Failing) -> GuardAction {
    match fails {
        Failing::Open => GuardAction::Log,
        Failing::Closed => GuardAction::Block,
    }
}

fn unheard(why: &str, fails: Failing) -> Reason {
    let action = missing(fails);
    reason(
        EXTERNAL,
        format!("an external classifier gave no opinion: {why}"),
        action,
        action.word().to_owned(),
    )
}

const EXTERNAL: &str = "external";

fn reason(code: &'static str, message: String, action: GuardAction, detail: String) -> Reason {
    let place = "the message".to_owned();
    let (guard, said) = ("injection", None);
    Reason::Guard { guard, code: code.into(), place, message: message.into(), action, detail, said }
}
