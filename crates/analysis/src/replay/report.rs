//! What a replay found, as data. Written as JSON it is the form that other programs read: members are added, never changed.

use serde::Serialize;

/// The version of the JSON form.
pub const REPORT_VERSION: u32 = 1;
/// Differences that are told one by one, of each kind; the others are counted.
pub const DIFFERENCES_MAX: usize = 1_000;

/// What a policy made of all that was replayed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The policy's name.
    pub policy: String,
    pub policy_sha256: String,
    /// In the order of the packs.
    pub attacks: Vec<Attack>,
    /// Present if something recorded was replayed.
    pub traffic: Option<Traffic>,
    /// What was not looked at, and why.
    pub not_inspected: Vec<LeftOut>,
}

/// What became of one attack. Every server of its kind that the policy speaks of was tried, with every form of the attack;
/// the worst outcome is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attack {
    pub pack: String,
    pub id: String,
    pub title: String,
    /// The kind of server that it is aimed at; `any` is every server.
    pub kind: String,
    /// The risks of the OWASP MCP Top 10 that it stands for: `MCP01` to `MCP10`.
    pub owasp: Vec<String>,
    /// The controls of the NSA's guidance of May 2026 that it puts to the test: 1 to 9.
    pub nsa: Vec<u8>,
    pub standing: Standing,
    /// What the trial that is told was: the server's name in the policy, and the tool, prompt or URI.
    pub server: String,
    pub target: String,
    /// Its arguments as JSON, or the text that was sent.
    pub sent: String,
    /// Why, the most telling first.
    pub causes: Vec<Cause>,
    /// How many trials there were.
    pub tried: usize,
}

/// How a policy stands to an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The policy says nothing of servers of that kind: that it would deny is by silence.
    NotExercised,
    Blocked,
    /// A person is asked.
    Asked,
    /// It is let through.
    Passed,
}

impl Standing {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::NotExercised => "not exercised",
            Standing::Blocked => "blocked",
            Standing::Asked => "asked",
            Standing::Passed => "passed",
        }
    }
}

/// One reason of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// `rule`, `require`, `limit`, `sequence`, `precondition`, `default`, `link`, `guard`, `pin`, `protocol` or `approval`.
    pub source: String,
    pub id: String,
    pub file: Option<String>,
    pub line: Option<u32>,
    pub message: String,
}

/// What the policy makes of recorded traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub files: u64,
    pub lines: u64,
    pub runs: u64,
    /// Requests that were decided when they were recorded, and are decided again. Answers are looked at too, by guards; they
    /// are told where they would not have been let through.
    pub calls: u64,
    /// Those over which the policy says what was said then.
    pub same: u64,
    /// Let through or asked about then, and now denied.
    pub now_denied: u64,
    /// Let through or denied then, and now a person is asked.
    pub now_asked: u64,
    /// Not let through then, and allowed now.
    pub now_allowed: u64,
    /// `server/tool` and the like, by name.
    pub targets: Vec<Tally>,
    pub principals: Vec<Tally>,
    /// Up to [`DIFFERENCES_MAX`], in the order of the recording.
    pub differences: Vec<Difference>,
    /// Differences that are not told.
    pub omitted: u64,
    /// Present if there are runs that this very policy decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<Exact>,
}

/// Runs that this very policy decided, decided again in their own mode with all that came from outside: the same input gives
/// the same decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exact {
    pub runs: u64,
    /// All of them: over calls, answers, lists, malformed texts, people's answers, pins.
    pub decisions: u64,
    /// Those that are the same to the word, with the same reasons.
    pub same: u64,
    /// Up to [`DIFFERENCES_MAX`], in the order of the recording.
    pub differences: Vec<Otherwise>,
    pub omitted: u64,
}

/// One decision of a run that did not follow again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Otherwise {
    pub file: String,
    pub line: u64,
    pub run: String,
    pub principal: String,
    pub target: String,
    pub then: String,
    pub now: String,
    /// The recording holds a mask where a secret was.
    pub is_masked: bool,
}

/// Calls of one tool, or of one principal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub name: String,
    pub calls: u64,
    /// What the policy decides now.
    pub allowed: u64,
    pub asked: u64,
    pub denied: u64,
    pub now_denied: u64,
    pub now_asked: u64,
    pub now_allowed: u64,
}

/// One call that is decided otherwise than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Where it is recorded.
    pub file: String,
    pub line: u64,
    pub run: String,
    pub principal: String,
    pub method: String,
    /// `server/tool` and the like.
    pub target: String,
    pub then: Happened,
    /// `allow`, `ask` or `deny`.
    pub now: String,
    /// Why it is decided so now.
    pub causes: Vec<Cause>,
}

/// What is recorded of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    /// `allow`, `ask` or `deny`.
    pub verdict: String,
    /// `forwarded`, `changed`, `refused`, `dropped` or `held`.
    pub effect: String,
}

/// What was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    pub what: String,
    pub why: String,
}

impl Report {
    /// How many attacks stand so.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.attacks.iter().filter(|attack| attack.standing == standing).count()
    }
}
