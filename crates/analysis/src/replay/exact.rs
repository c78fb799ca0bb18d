//! Runs that this very policy decided, once more: every decision has to be the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_engine::{Counters, Mode, Scanner, Settings};
use bailiwick_mcp::{Direction, Timestamp};
use bailiwick_policy::{Policy, Verdict};

use super::again::{Again, Decided, Input, LinksThen};
use super::report::{DIFFERENCES_MAX, Exact, Otherwise};
use super::traffic::{Place, RunAbout};

/// A decision as a trace recorded it.
#[derive(Debug, Clone, Default)]
pub struct Then {
    pub line: u64,
    pub event: String,
    pub call: u64,
    pub to_server: bool,
    pub method: String,
    pub target: Option<String>,
    pub verdict: String,
    pub effect: String,
    pub reasons: Vec<(String, String)>,
    /// Where links led.
    pub links: Vec<(String, Option<String>)>,
}

/// The runs that this policy decided.
#[derive(Debug)]
pub struct Exactly {
    scanner: Arc<Scanner>,
    runs: BTreeMap<String, Run>,
    /// By principal, within what shares them.
    counters: BTreeMap<(String, String), Counters>,
    found: Exact,
    /// A call for each tally: who, what, then, now.
    told: Vec<Call>,
}

#[derive(Debug)]
struct Run {
    again: Again,
    about: RunAbout,
    part: u32,
}

/// One call that was decided again.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) principal: String,
    pub(super) target: String,
    pub(super) then: Verdict,
    pub(super) now: Verdict,
}

/// Runs that are open at once.
const RUNS_MAX: usize = 4_096;

impl Exactly {
    #[must_use]
    pub fn new(scanner: Arc<Scanner>) -> Exactly {
        Exactly {
            scanner,
            runs: BTreeMap::new(),
            counters: BTreeMap::new(),
            found: Exact::default(),
            told: Vec::new(),
        }
    }

    /// A run that this policy decided begins, or goes on in another file; the policy follows the links. False if it cannot be
    /// followed: what came before is not there, or too many are open.
    pub fn begin(
        &mut self,
        about: &RunAbout,
        deciding: &(Arc<Policy>, Arc<LinksThen>),
        (mode, part): (Mode, u32),
    ) -> bool {
        if let Some(run) = self.runs.get_mut(&about.run) {
            let follows = run.part.checked_add(1) == Some(part);
            run.part = part;
            if !follows {
                self.end(&about.run);
            }
            return follows;
        }
        if part > 1 || self.runs.len() >= RUNS_MAX {
            return false;
        }
        let settings = Settings {
            mode,
            server: about.server.as_str().into(),
            principal: Arc::new(about.principal.clone()),
            limits: about.limits,
            nonce: about.nonce.clone(),
        };
        let again = Again::sharing(settings, deciding.clone(), Arc::clone(&self.scanner), about.pins.clone());
        self.found.runs = self.found.runs.saturating_add(1);
        self.runs.insert(about.run.clone(), Run { again, about: about.clone(), part });
        true
    }

    /// True if the run is followed.
    #[must_use]
    pub fn has(&self, run: &str) -> bool {
        self.runs.contains_key(run)
    }

    /// A run is over, or cannot be followed further.
    pub fn end(&mut self, run: &str) {
        let Some(run) = self.runs.remove(run) else { return };
        if run.about.counted == run.about.run {
            self.counters.remove(&(run.about.counted, run.about.principal.id));
        }
    }

    /// The policy was taken up again.
    pub fn reload(&mut self, run: &str) {
        if let Some(run) = self.runs.get_mut(run) {
            run.again.reload();
        }
    }

    /// One input, and all that was decided over it then. `is_masked`: it is not what came, to the byte.
    pub fn decide(
        &mut self,
        run: &str,
        at: Timestamp,
        input: Input<'_>,
        (file, then, is_masked): (&str, &[Then], bool),
    ) {
        let Some(of) = self.runs.get_mut(run) else { return };
        let links = then.iter().flat_map(|then| then.links.iter().cloned());
        let key = (of.about.counted.clone(), of.about.principal.id.clone());
        let counters = self.counters.entry(key).or_default();
        of.again.trade(counters);
        let now = of.again.decide(at, input, links);
        of.again.trade(counters);
        let about = of.about.clone();
        for (index, then) in then.iter().enumerate() {
            let place = Place { file, line: then.line };
            self.compare(&about, place, (Some(then), now.get(index)), is_masked);
        }
        let last = then.last().map_or(0, |then| then.line);
        for beyond in now.iter().skip(then.len()) {
            self.compare(&about, Place { file, line: last }, (None, Some(beyond)), is_masked);
        }
    }

    fn compare(
        &mut self,
        about: &RunAbout,
        place: Place<'_>,
        (then, now): (Option<&Then>, Option<&Decided>),
        is_masked: bool,
    ) {
        self.found.decisions = self.found.decisions.saturating_add(1);
        if let (Some(then), Some(now)) = (then, now)
            && now.is_request
            && now.event == "decision"
        {
            let target = target(about, &now.method, now.target.as_deref());
            let principal = about.principal.id.clone();
            self.told.push(Call {
                principal,
                target,
                then: verdict(&then.verdict),
                now: verdict(now.verdict),
            });
        }
        if then.zip(now).is_some_and(|(then, now)| same(then, now)) {
            self.found.same = self.found.same.saturating_add(1);
            return;
        }
        if self.found.differences.len() >= DIFFERENCES_MAX {
            self.found.omitted = self.found.omitted.saturating_add(1);
            return;
        }
        let (method, own) = match (then, now) {
            (Some(then), _) => (then.method.as_str(), then.target.as_deref()),
            (None, Some(now)) => (now.method.as_str(), now.target.as_deref()),
            (None, None) => ("", None),
        };
        self.found.differences.push(Otherwise {
            file: place.file.to_owned(),
            line: place.line,
            run: about.run.clone(),
            principal: about.principal.id.clone(),
            target: target(about, method, own),
            then: then.map_or_else(
                || "not decided".to_owned(),
                |then| told((&then.event, &then.verdict, &then.effect), &then.reasons),
            ),
            now: now.map_or_else(
                || "not decided".to_owned(),
                |now| told((now.event, now.verdict, now.effect), &now.reasons),
            ),
            is_masked,
        });
    }

    /// The calls that were decided since the last time.
    pub(super) fn calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn found(&self) -> Option<Exact> {
        (self.found.runs > 0).then(|| self.found.clone())
    }
}

/// `server/tool`, or the method before it where it is no tool.
pub(super) fn target(about: &RunAbout, method: &str, target: Option<&str>) -> String {
    match target {
        Some(target) if method == "tools/call" => format!("{}/{target}", about.server),
        Some(target) => format!("{method} {}/{target}", about.server),
        None => format!("{method} {}", about.server),
    }
}

fn verdict(word: &str) -> Verdict {
    match word {
        "allow" => Verdict::Allow,
        "ask" => Verdict::Ask,
        _ => Verdict::Deny,
    }
}

fn same(then: &Then, now: &Decided) -> bool {
    (then.event.as_str(), then.call, then.to_server, then.method.as_str())
        == (now.event, now.call, now.to == Direction::ToServer, now.method.as_str())
        && then.target == now.target
        && (then.verdict.as_str(), then.effect.as_str()) == (now.verdict, now.effect)
        && then.reasons == now.reasons
}

/// Reasons of one decision that are told.
const REASONS_TOLD_MAX: usize = 4;

fn told((event, verdict, effect): (&str, &str, &str), reasons: &[(String, String)]) -> String {
    let reasons: Vec<String> =
        reasons.iter().take(REASONS_TOLD_MAX).map(|(source, id)| format!("{source} `{id}`")).collect();
    let because = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{event} {verdict}, {effect}{because}")
}
