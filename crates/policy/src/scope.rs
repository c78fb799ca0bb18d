//! Which calls a rule or a limit speaks about: target, principal, arguments, exceptions.

use bailiwick_mcp::json::fold_key;

use crate::args::URI_PLACE;
use crate::args::{Conditions, Matcher, Sense};
use crate::condition::Condition;
use crate::glob::{Name, UriPattern};
use crate::labels::{Labelled, Labels};
use crate::model::{Claim, Effect};
use crate::path::{Form, Needed, Scratch};
use crate::subject::Subject;
use crate::taint::Taints;
use crate::target::{Aim, Object, Target, TargetPattern};
use crate::uri;

/// The compiled conditions of one rule or limit.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) on: Vec<TargetPattern>,
    /// One of which the target must have; empty: any target.
    pub(crate) labels: Labels,
    /// The file that it stands in, which decides whose labels it believes.
    pub(crate) file: usize,
    pub(crate) senses: Senses,
    pub(crate) who: Who,
    pub(crate) args: Option<Conditions>,
    /// Marks of which the run must have one; empty: any run.
    pub(crate) tainted: Taints,
    /// `if`: joined with `args` by AND.
    pub(crate) condition: Option<Condition>,
    pub(crate) unless: Option<Unless>,
}

/// `unless`: what keeps a rule from speaking; the two are joined by AND, and there is at least one.
#[derive(Debug)]
pub(crate) struct Unless {
    pub(crate) args: Option<Conditions>,
    pub(crate) condition: Option<Condition>,
}

/// In which sense each part is matched, so that a doubt never opens a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Senses {
    /// Targets: `Any` folds names and takes any reading of a URI.
    pub(crate) on: Sense,
    pub(crate) args: Sense,
    pub(crate) unless: Sense,
}

impl Senses {
    pub(crate) fn of(effect: Effect) -> Senses {
        match effect {
            Effect::Allow => Senses { on: Sense::Every, args: Sense::Every, unless: Sense::Any },
            Effect::Ask | Effect::Deny => Senses { on: Sense::Any, args: Sense::Any, unless: Sense::Every },
            Effect::Require => Senses { on: Sense::Any, args: Sense::Holds, unless: Sense::Every },
        }
    }
}

/// `for`; the keys are joined by AND, each list by OR.
#[derive(Debug, Default)]
pub(crate) struct Who {
    pub(crate) principals: Option<Vec<Name>>,
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) scopes: Option<Vec<String>>,
    /// Each claim with its values; joined by AND.
    pub(crate) claims: Option<Vec<(String, Vec<Name>)>>,
}

impl Who {
    pub(crate) fn includes(&self, subject: &Subject<'_>) -> bool {
        let principal = subject.call.principal;
        let named =
            |names: &Vec<Name>| names.iter().any(|name| name.matches(&principal.id, &principal.id, false));
        let has_role = |wanted: &Vec<String>| wanted.iter().any(|role| subject.has_role(role));
        let has_scope = |wanted: &Vec<String>| wanted.iter().any(|scope| principal.scopes.contains(scope));
        let has_claims = |wanted: &Vec<(String, Vec<Name>)>| {
            wanted
                .iter()
                .all(|(name, values)| principal.claims.get(name).is_some_and(|claim| fits(claim, values)))
        };
        self.principals.as_ref().is_none_or(named)
            && self.roles.as_ref().is_none_or(has_role)
            && self.scopes.as_ref().is_none_or(has_scope)
            && self.claims.as_ref().is_none_or(has_claims)
    }

    pub(crate) fn is_everybody(&self) -> bool {
        self.principals.is_none() && self.roles.is_none() && self.scopes.is_none() && self.claims.is_none()
    }
}

/// One value of a claim suffices.
fn fits(claim: &Claim, values: &[Name]) -> bool {
    let is = |text: &str| values.iter().any(|value| value.matches(text, text, false));
    match claim {
        Claim::Text(text) => is(text),
        Claim::Integer(number) => is(&number.to_string()),
        Claim::Boolean(value) => is(if *value { "true" } else { "false" }),
        Claim::Texts(texts) => texts.iter().any(|text| is(text)),
    }
}

/// A target with what every pattern needs to know of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aimed<'a> {
    pub(crate) target: Target<'a>,
    /// Folded as keys are.
    pub(crate) server_folded: &'a str,
    pub(crate) object_folded: &'a str,
    /// What is known of it; `None` where no rule asks.
    pub(crate) labels: Option<&'a Labelled>,
}

impl Scope {
    pub(crate) fn covers(&self, aimed: Aimed<'_>, scratch: &mut Scratch<'_>) -> bool {
        self.has_labels(aimed)
            && self.on.iter().any(|pattern| pattern.matches(aimed, self.senses.on, scratch))
    }

    /// True if the rule is about a run with these marks.
    pub(crate) fn is_of(&self, taints: Taints) -> bool {
        self.tainted.is_empty() || self.tainted.meets(taints)
    }

    /// The words that its paths need, where they need any.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &Needed> {
        let unless = self.unless.as_ref().and_then(|unless| unless.args.as_ref());
        let keys = self.args.iter().chain(unless).flat_map(|args| &args.keys);
        keys.flat_map(|key| &key.matchers).filter_map(Matcher::needed)
    }

    /// True if a condition looks at the roles of the principal.
    pub(crate) fn asks_roles(&self) -> bool {
        let unless = self.unless.as_ref().and_then(|unless| unless.condition.as_ref());
        self.condition.iter().chain(unless).any(Condition::needs_roles)
    }

    /// True if the target does what the rule speaks of, or the rule speaks of no labels.
    pub(crate) fn has_labels(&self, aimed: Aimed<'_>) -> bool {
        self.labels.is_empty()
            || match aimed.labels {
                Some(known) => known.matches(self.labels, self.file, self.senses.on),
                // Nobody looked: a doubt.
                None => self.senses.on == Sense::Any,
            }
    }

    /// True if the target is known to do what the rule speaks of; no doubt counts.
    pub(crate) fn has_known_label(&self, aimed: Aimed<'_>) -> bool {
        aimed.labels.is_some_and(|known| known.is_known(self.labels))
    }

    /// True if the arguments are as the rule wants them: for a require, that it holds.
    pub(crate) fn args_match(&self, subject: &Subject<'_>, scratch: &mut Scratch<'_>) -> bool {
        let sense = self.senses.args;
        self.args.as_ref().is_none_or(|args| args.hold(subject.input(), sense, scratch))
            && self.holds(self.condition.as_ref(), subject, sense)
    }

    pub(crate) fn excepted(&self, subject: &Subject<'_>, scratch: &mut Scratch<'_>) -> bool {
        let sense = self.senses.unless;
        self.unless.as_ref().is_some_and(|unless| {
            unless.args.as_ref().is_none_or(|args| args.hold(subject.input(), sense, scratch))
                && self.holds(unless.condition.as_ref(), subject, sense)
        })
    }

    fn holds(&self, condition: Option<&Condition>, subject: &Subject<'_>, sense: Sense) -> bool {
        condition.is_none_or(|condition| condition.holds(&subject.facts(condition, self.file, sense), sense))
    }

    /// True if it may be about targets of this kind.
    pub(crate) fn is_about(&self, aim: Aim) -> bool {
        self.on.iter().any(|pattern| pattern.aim == aim)
    }

    /// True if it speaks of labels, or a condition looks at them.
    pub(crate) fn asks_labels(&self) -> bool {
        let unless = self.unless.as_ref().and_then(|unless| unless.condition.as_ref());
        !self.labels.is_empty() || self.condition.iter().chain(unless).any(Condition::needs_labels)
    }

    /// False only if no arguments could make the rule match. `if` may ask for nothing but who calls which tool.
    pub(crate) fn could_match(&self, listed: &Subject<'_>) -> bool {
        let known = |condition: &Condition| {
            condition.always(&listed.facts(condition, self.file, self.senses.args), self.senses.args)
        };
        self.condition.as_ref().and_then(known) != Some(false)
    }

    /// True only if the rule matches whatever the arguments are.
    pub(crate) fn always_matches(&self, listed: &Subject<'_>) -> bool {
        let known = |condition: &Condition| {
            condition.always(&listed.facts(condition, self.file, self.senses.args), self.senses.args)
        };
        self.args.is_none()
            && self.tainted.is_empty()
            && self.unless.is_none()
            && self.condition.as_ref().is_none_or(|condition| known(condition) == Some(true))
    }
}

impl TargetPattern {
    pub(crate) fn matches(&self, aimed: Aimed<'_>, sense: Sense, scratch: &mut Scratch<'_>) -> bool {
        let fold = sense == Sense::Any;
        let target = &aimed.target;
        self.aim == target.aim()
            && self.server.matches(target.server(), aimed.server_folded, fold)
            && match &self.object {
                Object::Name(name) => name.matches(target.object(), aimed.object_folded, fold),
                Object::Uri(pattern) => pattern.matches(target.object(), sense, scratch),
            }
    }
}

impl TargetPattern {
    /// False only if nothing that the URI template `aimed` stands for matches.
    pub(crate) fn may_expand(&self, aimed: Aimed<'_>, effect: Effect) -> bool {
        let fold = effect != Effect::Allow;
        if self.aim != aimed.target.aim()
            || !self.server.matches(aimed.target.server(), aimed.server_folded, fold)
        {
            return false;
        }
        let Object::Uri(pattern) = &self.object else { return true };
        // Whoever asks looks at every reading of a URI, so any start may do.
        effect != Effect::Allow || pattern.may_begin(uri::fixed_start(aimed.target.object()))
    }
}

impl UriPattern {
    /// False only if no URI that begins with `start` is allowed by this pattern. An allowed one matches as it is written.
    fn may_begin(&self, start: &str) -> bool {
        match self {
            UriPattern::Any => true,
            UriPattern::Text(set) => set.could_begin(start),
            // An expansion may climb with `..`, so the start of a path says nothing.
            UriPattern::File(_) => !uri::begins_elsewhere(start),
        }
    }

    fn matches(&self, uri: &str, sense: Sense, scratch: &mut Scratch<'_>) -> bool {
        match (self, sense) {
            (UriPattern::Any, _) => true,
            (UriPattern::Text(set), Sense::Any) => {
                uri::readings(uri).iter().any(|reading| set.is_match(reading))
            }
            (UriPattern::Text(set), Sense::Every | Sense::Holds) => {
                !uri.contains('\0') && uri::readings(uri).iter().all(|reading| set.is_match(reading))
            }
            (UriPattern::File(set), Sense::Any) => {
                let texts = scratch.read(URI_PLACE, uri, Form::Text);
                texts.unreadable() || texts.all().any(|path| set.is_match(path))
            }
            (UriPattern::File(set), Sense::Every | Sense::Holds) => {
                let texts = scratch.read(URI_PLACE, uri, Form::Uri);
                !texts.unreadable() && !texts.foreign() && texts.paths().all(|path| set.is_match(path))
            }
        }
    }
}

/// A name as keys are folded; most names are folded already.
pub(crate) fn folded(name: &str) -> std::borrow::Cow<'_, str> {
    fold_key(name)
}
