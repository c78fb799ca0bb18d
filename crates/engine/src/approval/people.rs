//! Who approved what is held, and whether that is enough.

use std::fmt;

use bailiwick_policy::{Consent, Policy, Principal};

use crate::decision::{Question, Reason};

/// Whoever says yes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovedBy {
    /// The person. All without an id count as one and the same.
    pub who: Principal,
    /// Through which channel: `at the terminal`.
    pub how: String,
}

impl ApprovedBy {
    #[must_use]
    pub fn new(id: &str, how: &str) -> ApprovedBy {
        ApprovedBy { who: Principal { id: id.to_owned(), ..Principal::default() }, how: how.to_owned() }
    }
}

impl fmt::Display for ApprovedBy {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who.id.as_str() {
            "" => to.write_str(&self.how),
            id => write!(to, "{} by {id}", self.how),
        }
    }
}

/// What the rules that ask take for a yes, and who has said it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Consents {
    wanted: Vec<Consent>,
    given: Vec<ApprovedBy>,
}

/// What comes of one approval.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The last that was needed; all who approved, in words.
    Enough(String),
    /// It counts, and others are needed.
    More(String),
    /// It does not count.
    Not(String),
}

impl Consents {
    pub(crate) fn of(policy: &Policy, reasons: &[Reason]) -> Consents {
        let asked = |reason: &Reason| {
            let Reason::Rule { index, .. } = reason else { return None };
            policy.rules().get(*index as usize).map(|rule| rule.approval.clone())
        };
        Consents { wanted: reasons.iter().filter_map(asked).collect(), given: Vec::new() }
    }

    /// The shortest time that a rule gives, in milliseconds.
    pub(crate) fn ttl_ms(&self) -> Option<u64> {
        self.wanted.iter().filter_map(|consent| consent.ttl_ms).min()
    }

    pub(crate) fn wanted(&self) -> &[Consent] {
        &self.wanted
    }

    /// Counts one approval. Every rule wants its number of different people, each with one of its roles.
    pub(crate) fn hear(&mut self, by: &ApprovedBy, policy: &Policy) -> Heard {
        if self.given.iter().any(|given| given.who.id == by.who.id) {
            return Heard::Not(format!("approved {by}, who had approved already"));
        }
        let fits = |consent: &Consent, by: &ApprovedBy| policy.has_one_of(&by.who, &consent.from);
        if let Some(first) = self.wanted.first()
            && !self.wanted.iter().any(|consent| fits(consent, by))
        {
            return Heard::Not(format!("approved {by}, who has none of the roles {}", first.from.join(", ")));
        }
        self.given.push(by.clone());
        let lacks = self.wanted.iter().find_map(|consent| {
            let given = self.given.iter().filter(|by| fits(consent, by)).count();
            (given < usize::from(consent.min)).then(|| format!("{given} of {}", needs(consent)))
        });
        match lacks {
            Some(lacks) => Heard::More(format!("approved {by}: {lacks}")),
            None => {
                let all: Vec<String> = self.given.iter().map(ApprovedBy::to_string).collect();
                Heard::Enough(format!("approved: {}", all.join(", ")))
            }
        }
    }
}

/// `2 people with the role lead`; nothing for what any one person can give.
pub(crate) fn needs(consent: &Consent) -> String {
    let people = match consent.min {
        1 => "1 person".to_owned(),
        min => format!("{min} people"),
    };
    match consent.from.as_slice() {
        [] => people,
        [role] => format!("{people} with the role {role}"),
        roles => format!("{people} with one of the roles {}", roles.join(", ")),
    }
}

impl Question {
    /// What it takes, in words, where one person who is asked is not enough by itself.
    #[must_use]
    pub fn needs(&self) -> Option<String> {
        let special = self.consents.iter().filter(|consent| consent.min > 1 || !consent.from.is_empty());
        let words: Vec<String> = special.map(needs).collect();
        (!words.is_empty()).then(|| words.join(" and "))
    }

    /// # Errors
    /// Why the word of this one person is not enough.
    pub fn may_settle(&self, by: &ApprovedBy) -> Result<(), String> {
        let mut consents = Consents { wanted: self.consents.clone(), given: Vec::new() };
        match consents.hear(by, &self.policy) {
            Heard::Enough(_) => Ok(()),
            Heard::More(_) | Heard::Not(_) => Err(format!("it takes {}", self.needs().unwrap_or_default())),
        }
    }

    /// People that do not exist and would be enough, to try out what follows when all approve.
    #[must_use]
    pub fn whoever_it_takes(&self, how: &str) -> Vec<ApprovedBy> {
        let count = self.consents.iter().map(|consent| consent.min).max().unwrap_or(1);
        let roles: Vec<String> = self.consents.iter().flat_map(|consent| consent.from.clone()).collect();
        let person = |number: u8| {
            let id = if count == 1 { String::new() } else { format!("person {}", number.saturating_add(1)) };
            ApprovedBy {
                who: Principal { id, roles: roles.clone(), ..Principal::default() },
                how: how.to_owned(),
            }
        };
        (0..count).map(person).collect()
    }
}
