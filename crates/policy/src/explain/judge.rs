//! What the conditions of a rule came to, part by part.

use super::trace::shown;
use super::{Judgement, Part};
use crate::args::Sense;
use crate::condition::{Condition, Step};
use crate::scope::Scope;
use crate::subject::Subject;

pub(super) fn judgements(scope: &Scope, subject: &Subject<'_>) -> Vec<Judgement> {
    let judge = |condition: &Condition, sense: Sense, unless: bool| {
        let facts = subject.facts(condition, scope.file, sense);
        let parts = condition.trace(&facts).into_iter().map(part).collect();
        Judgement { unless, holds: condition.holds(&facts, sense), parts }
    };
    let own = scope.condition.as_ref().map(|condition| judge(condition, scope.senses.args, false));
    let unless = scope.unless.as_ref().and_then(|unless| unless.condition.as_ref());
    let unless = unless.map(|condition| judge(condition, scope.senses.unless, true));
    own.into_iter().chain(unless).collect()
}

fn part(step: Step) -> Part {
    Part {
        text: shown(&step.part),
        value: step.value.map(|value| shown(&value)).map_err(|blame| blame.to_string()),
        depth: step.depth,
    }
}
