//! The public face of a policy: rules, limits and settings as the engine, reports and explanations see them.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What a rule says about the calls that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Allow,
    Ask,
    /// Must hold for every call in its scope, whoever allows it.
    Require,
    Deny,
}

impl Effect {
    /// What a rule with this effect decides when it speaks.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Effect::Allow => Verdict::Allow,
            Effect::Ask => Verdict::Ask,
            Effect::Require | Effect::Deny => Verdict::Deny,
        }
    }

    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Ask => "ask",
            Effect::Require => "require",
            Effect::Deny => "deny",
        }
    }
}

/// What a policy decides. The order is the lattice: the greatest verdict that anything speaks wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Allow,
    Ask,
    Deny,
}

impl Verdict {
    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Ask => "ask",
            Verdict::Deny => "deny",
        }
    }
}

/// One rule, for reports. How it matches is compiled beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub effect: Effect,
    /// Name of the source that the rule stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: Option<String>,
    /// It says with the id of a rule in another file that it adds to that rule.
    pub overrides: bool,
    /// What it takes to be approved, for an `ask`.
    pub approval: Consent,
}

/// What a rule that asks takes for a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// How long an approval may be used, in milliseconds. `None`: the engine's default.
    pub ttl_ms: Option<u64>,
    /// How many different people must approve, 1 to [`APPROVERS_MAX`](crate::bounds::APPROVERS_MAX).
    pub min: u8,
    /// Roles, of which each of them must have one; empty: whoever is asked.
    pub from: Vec<String>,
}

impl Default for Consent {
    fn default() -> Consent {
        Consent { ttl_ms: None, min: 1, from: Vec::new() }
    }
}

/// One limit. It counts calls, or sums an argument, and speaks `effect` when the count is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    pub id: String,
    /// Name of the source that the limit stands in.
    pub file: Arc<str>,
    /// Line of its id, counted from 1.
    pub line: u32,
    pub reason: Option<String>,
    /// [`Effect::Deny`] or [`Effect::Ask`].
    pub effect: Effect,
    pub per: Per,
    /// Whether servers, tools or calls are counted apart.
    pub each: Each,
    pub count: Counted,
    /// Most calls, or the greatest sum, in `window_ms` (without a window: ever). Finite, at least 0.
    pub max: Option<f64>,
    /// The window of `max`, in milliseconds.
    pub window_ms: Option<u64>,
    /// Most calls at once under a rate. `None`: as many as `max`.
    pub burst: Option<u64>,
    /// Most calls of any one tool, ever.
    pub max_per_tool: Option<u64>,
    /// The argument that is summed (`amount` of `args.amount`) in place of counting calls.
    pub sum: Option<String>,
}

/// What a limit counts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Each {
    /// All calls together.
    #[default]
    Nothing,
    Server,
    Tool,
    /// Calls with the same arguments, whatever their spelling.
    Call,
}

/// Which calls a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counted {
    /// Those that go on.
    #[default]
    Forwarded,
    /// Every one that is tried.
    Attempts,
    /// Those that are denied, by whatever it is.
    Denied,
}

/// What a limit counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Per {
    #[default]
    Run,
    Principal,
}

/// What happens to a pinned thing that changed. The order is from lenient to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    Warn,
    Ask,
    Deny,
}

/// Where something stands in the text of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the source.
    pub file: Arc<str>,
    /// Counted from 1.
    pub line: u32,
}

/// How pins are enforced; `Deny` when no source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    pub drift: Drift,
}

/// What discovery leaves out. The order is from lenient to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hide {
    Nothing,
    /// What no arguments could make allowed.
    Denied,
}

/// How discovery is filtered; `Denied` when no source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discovery {
    pub hide: Hide,
}

/// Who acts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Principal {
    pub id: String,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    /// What a token says beside them, by name.
    pub claims: BTreeMap<String, Claim>,
}

/// What a token says under one name. Other forms (objects, fractions) are not carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Texts(Vec<String>),
}

/// One rule that spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Index in [`crate::Policy::rules`].
    pub rule: u32,
    /// True for a `require` that does not hold; its verdict is deny.
    pub failed_require: bool,
}
