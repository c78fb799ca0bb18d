//! What the guards say of one text, tool or call as a whole.

use crate::guard::{Coverage, Finding, Guard, Level};

/// The findings, and one number to compare with a threshold.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// In hundredths of a point; the more, the surer. Below zero where signs speak against an attack.
    pub points: i32,
    /// How the points of an injection come about.
    pub parts: Option<Parts>,
    pub findings: Vec<Finding>,
    not_inspected: Vec<&'static str>,
}

/// The parts of a score, in hundredths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Rules over concepts, discounts taken off.
    pub pattern: i32,
    /// The linear model.
    pub model: i32,
    /// What was hidden, encoded or disguised, and where it stood.
    pub structure: i32,
}

impl Parts {
    /// The sum.
    #[must_use]
    pub fn points(self) -> i32 {
        self.pattern + self.model + self.structure
    }
}

impl Verdict {
    /// The level of the surest finding; none if there is no finding.
    #[must_use]
    pub fn level(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }

    /// True if everything was looked at.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.not_inspected.is_empty()
    }

    /// True if everything was looked at and nothing found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.is_complete()
    }

    /// What was not looked at, in words.
    pub fn not_inspected(&self) -> impl Iterator<Item = &'static str> {
        self.not_inspected.iter().copied()
    }

    /// Notes that something was not looked at.
    pub(crate) fn leave_out(&mut self, what: &'static str) {
        if !self.not_inspected.contains(&what) {
            self.not_inspected.push(what);
        }
    }

    pub(crate) fn cover(&mut self, coverage: Coverage) {
        if coverage.inspected_bytes < coverage.text_bytes {
            self.leave_out("text beyond the guard's limit");
        }
        if coverage.omitted_findings > 0 {
            self.leave_out("findings beyond the limit are not listed");
        }
        if let Some(what) = coverage.left_out {
            self.leave_out(what);
        }
    }

    pub(crate) fn raise(&mut self, points: i32, parts: Option<Parts>) {
        if points > self.points {
            self.points = points;
            self.parts = parts.or(self.parts);
        }
    }

    /// Joins what was said of another part of the same thing.
    pub(crate) fn join(&mut self, other: Verdict) {
        self.raise(other.points, other.parts);
        for what in other.not_inspected {
            self.leave_out(what);
        }
        for finding in other.findings {
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }

    /// Takes in findings of a guard whose findings need no weighing.
    pub(crate) fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.raise(finding.points, None);
            self.findings.push(finding);
        }
    }

    /// True if `guard` found something of at least this level.
    #[must_use]
    pub fn has(&self, guard: Guard, level: Level) -> bool {
        self.findings.iter().any(|finding| finding.guard == guard && finding.level >= level)
    }
}
