//! Recorded traffic, decided again: what the policy would have said, and where that differs from what happened.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bailiwick_engine::{Counters, Engine, Event, Lane, Mode, Outcome, Pins, Reason, Scanner, Settings};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::message::Packet;
use bailiwick_mcp::{Direction, Limits, Parser, Timestamp};
use bailiwick_policy::{Policy, Principal, Verdict};
use serde_json::{Value, json};

use super::exact::{Exactly, target};
use super::report::{DIFFERENCES_MAX, Difference, Happened, Tally, Traffic};
use super::tally::{changes, tally};
use super::trial::causes;
use crate::count::counted;

/// Who acts in a run, and on what server.
#[derive(Debug, Clone)]
pub struct RunAbout {
    pub run: String,
    pub server: String,
    pub principal: Principal,
    /// By which our own requests are told from everybody else's.
    pub nonce: String,
    /// Runs of which this is the same count together where a limit is `per: principal`: those of one process.
    pub counted: String,
    pub limits: Limits,
    /// What a lock file pins of the server.
    pub pins: Option<Pins>,
}

/// A decision as it was recorded.
#[derive(Debug, Clone, Default)]
pub struct Recorded<'r> {
    /// `decision`, `outcome` or another word of the record.
    pub event: &'r str,
    pub call: u64,
    pub method: &'r str,
    pub target: Option<&'r str>,
    /// As JSON.
    pub arguments: Option<&'r str>,
    pub verdict: &'r str,
    pub effect: &'r str,
    /// Of an outcome: `succeeded`, `failed` or `unknown`.
    pub outcome: Option<&'r str>,
    /// A check of the protocol refused it, before any rule: what it says of arguments is all of `params`.
    pub unruled: bool,
}

/// Where something is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    pub file: &'p str,
    pub line: u64,
}

/// Decides over recorded traffic, one line after the other.
///
/// The engine shadows: what would be denied now did go on then, so that what followed is decided as it came.
#[derive(Debug)]
pub struct Replayer {
    scanner: Arc<Scanner>,
    runs: BTreeMap<String, Run>,
    /// Those of limits `per: principal`, which all runs of one share.
    counters: BTreeMap<(String, String), Counters>,
    traffic: Traffic,
    targets: BTreeMap<String, Tally>,
    principals: BTreeMap<String, Tally>,
    touched: u64,
    /// Decisions whose message is not recorded, by method.
    unread: BTreeMap<String, u64>,
    forgotten: u64,
}

#[derive(Debug)]
struct Run {
    about: RunAbout,
    engine: Engine,
    /// What was decided now and is not yet compared.
    waiting: VecDeque<Now>,
    touched: u64,
}

/// What is decided now.
#[derive(Debug)]
struct Now {
    event: Event,
    method: String,
    target: Option<String>,
    verdict: Verdict,
    reasons: Vec<Reason>,
    policy: Arc<Policy>,
    /// The request's id as JSON, and where it was going.
    id: Option<String>,
    direction: Direction,
}

/// Runs that are remembered at once; the one that was quiet for longest is forgotten.
const RUNS_MAX: usize = 4_096;
/// Decisions of one run that wait for their record.
const WAITING_MAX: usize = 1_024;

impl Replayer {
    #[must_use]
    pub fn new(scanner: Arc<Scanner>) -> Replayer {
        Replayer {
            scanner,
            runs: BTreeMap::new(),
            counters: BTreeMap::new(),
            traffic: Traffic::default(),
            targets: BTreeMap::new(),
            principals: BTreeMap::new(),
            touched: 0,
            unread: BTreeMap::new(),
            forgotten: 0,
        }
    }

    /// Another file is read.
    pub fn file(&mut self) {
        self.traffic.files = self.traffic.files.saturating_add(1);
    }

    /// Another line is read.
    pub fn line(&mut self) {
        self.traffic.lines = self.traffic.lines.saturating_add(1);
    }

    /// A run begins, or goes on in another file; `policy` decides over it.
    pub fn begin(&mut self, about: &RunAbout, policy: &Arc<Policy>) {
        if self.runs.contains_key(&about.run) {
            return;
        }
        if self.runs.len() >= RUNS_MAX {
            let quiet = self.runs.iter().min_by_key(|(_, run)| run.touched).map(|(key, _)| key.clone());
            quiet.map(|key| self.runs.remove(&key));
            self.forgotten = self.forgotten.saturating_add(1);
        }
        self.traffic.runs = self.traffic.runs.saturating_add(1);
        let settings = Settings {
            mode: Mode::Shadow,
            server: about.server.as_str().into(),
            principal: Arc::new(about.principal.clone()),
            limits: about.limits,
            nonce: about.nonce.clone(),
        };
        let pins = about.pins.clone();
        let mut engine = Engine::new(settings, Arc::clone(policy), Arc::clone(&self.scanner), pins);
        engine.fetch_nothing();
        let run = Run { about: about.clone(), engine, waiting: VecDeque::new(), touched: 0 };
        self.runs.insert(about.run.clone(), run);
    }

    /// A run is over.
    pub fn end(&mut self, run: &str) {
        let Some(run) = self.runs.remove(run) else { return };
        // Nobody counts together with a run that counted alone.
        if run.about.counted == run.about.run {
            self.counters.remove(&(run.about.counted, run.about.principal.id));
        }
    }

    /// A message of a trace; over HTTP its exchange is a lane, and a client's has the headers beside it that repeat arguments.
    pub fn message(
        &mut self,
        run: &str,
        at: Timestamp,
        (direction, lane): (Direction, Lane),
        text: (&str, Option<&Repeated>),
    ) {
        if let Some(run) = self.runs.get_mut(run) {
            run.engine.enter(lane);
        }
        self.receive(run, at, direction, text, false);
    }

    /// Nobody waits any more for anything of this exchange.
    pub fn lane_ended(&mut self, run: &str, at: Timestamp, lane: Lane, why: &str) {
        if let Some(run) = self.runs.get_mut(run) {
            run.engine.enter(lane);
            // What that means for its calls is no decision over them.
            run.engine.lane_ended(at, why, &mut Vec::new());
        }
    }

    fn receive(
        &mut self,
        run: &str,
        at: Timestamp,
        direction: Direction,
        (message, beside): (&str, Option<&Repeated>),
        explain: bool,
    ) {
        self.touched = self.touched.saturating_add(1);
        let Some(run) = self.runs.get_mut(run) else { return };
        run.touched = self.touched;
        let mut parser = Parser::default();
        let packet = Packet::parse(&mut parser, message.as_bytes(), &run.about.limits);
        if let (Ok(Packet::One(message)), true) = (&packet, explain) {
            run.engine.offer_for_explanation(message);
        }
        let counters = self.counters.entry((run.about.counted.clone(), run.about.principal.id.clone()));
        let counters = counters.or_default();
        run.engine.trade_principal_counters(counters);
        let mut outcomes = Vec::new();
        match beside.filter(|_| direction == Direction::ToServer) {
            Some(beside) => run.engine.receive_with(at, beside.clone(), packet, &mut outcomes),
            None => run.engine.receive(at, direction, packet, &mut outcomes),
        }
        run.engine.trade_principal_counters(counters);
        run.waiting.extend(outcomes.iter().filter_map(now));
        let beyond = run.waiting.len().saturating_sub(WAITING_MAX);
        run.waiting.drain(..beyond);
    }

    /// What was decided then over a message of a trace that was handed over before.
    pub fn decision(&mut self, run: &str, at: Timestamp, place: Place<'_>, recorded: &Recorded<'_>) {
        let Some(of) = self.runs.get_mut(run) else { return };
        let event = match recorded.event {
            "decision" => Event::Decision,
            "outcome" => Event::Completion,
            _ => return,
        };
        // A run that only observed looked into nothing, and names no target.
        let same = |now: &Now| {
            now.event == event
                && now.method == recorded.method
                && (recorded.target.is_none() || now.target.as_deref() == recorded.target)
        };
        let Some(now) = of.waiting.iter().position(same).and_then(|index| of.waiting.remove(index)) else {
            return;
        };
        // What was not let through then has no answer in the trace.
        let unanswered = matches!(recorded.effect, "refused" | "dropped") && event == Event::Decision;
        if let (true, Some(id)) = (unanswered, &now.id) {
            let answer =
                format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":0,\"message\":\"\"}}}}");
            self.receive(run, at, now.direction.reverse(), (&answer, None), false);
            if let Some(of) = self.runs.get_mut(run) {
                of.waiting.pop_back();
            }
        }
        self.compare(run, place, recorded, &now);
    }

    /// A decision of an audit log, whose message is made again from what it says.
    pub fn audited(&mut self, run: &str, at: Timestamp, place: Place<'_>, recorded: &Recorded<'_>) {
        if recorded.event == "outcome" {
            let result = match recorded.outcome {
                Some("succeeded") => "\"result\":{\"content\":[]}",
                _ => "\"error\":{\"code\":0,\"message\":\"\"}",
            };
            let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},{result}}}", recorded.call);
            self.receive(run, at, Direction::ToClient, (&answer, None), false);
            if let Some(of) = self.runs.get_mut(run) {
                of.waiting.clear();
            }
            return;
        }
        if recorded.event != "decision" {
            return;
        }
        match request(recorded) {
            Ok(Some(request)) => {
                self.receive(run, at, Direction::ToServer, (&request, None), true);
                self.decision(run, at, place, recorded);
            }
            Ok(None) => {}
            // Of this one the record says nothing but that it was there.
            Err(()) => {
                let count = self.unread.entry(recorded.method.to_owned()).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    fn compare(&mut self, run: &str, place: Place<'_>, recorded: &Recorded<'_>, now: &Now) {
        let Some(of) = self.runs.get(run) else { return };
        let then = match recorded.effect {
            "forwarded" | "changed" => Verdict::Allow,
            "held" => Verdict::Ask,
            _ => Verdict::Deny,
        };
        let is_call = now.event == Event::Decision && now.id.is_some();
        let target = target(&of.about, &now.method, now.target.as_deref());
        let (about, differs) = (of.about.clone(), then != now.verdict);
        self.count((&target, &about.principal.id), is_call, (then, now.verdict));
        if !differs {
            return;
        }
        if self.traffic.differences.len() >= DIFFERENCES_MAX {
            self.traffic.omitted = self.traffic.omitted.saturating_add(1);
            return;
        }
        self.traffic.differences.push(Difference {
            file: place.file.to_owned(),
            line: place.line,
            run: about.run,
            principal: about.principal.id,
            method: now.method.clone(),
            target,
            then: Happened { verdict: recorded.verdict.to_owned(), effect: recorded.effect.to_owned() },
            now: now.verdict.word().to_owned(),
            causes: causes(&now.policy, now.reasons.iter()),
        });
    }

    /// Counts one decision, of a tool and of a principal.
    fn count(&mut self, (target, principal): (&str, &str), is_call: bool, (then, now): (Verdict, Verdict)) {
        let differs = then != now;
        let add = |number: &mut u64, more: u64| *number = number.saturating_add(more);
        add(&mut self.traffic.calls, u64::from(is_call));
        add(&mut self.traffic.same, u64::from(is_call && !differs));
        if is_call || differs {
            tally(&mut self.targets, target).count(is_call, then, now);
            tally(&mut self.principals, principal).count(is_call, then, now);
        }
        let (denied, asked, allowed) = changes(then, now);
        add(&mut self.traffic.now_denied, denied);
        add(&mut self.traffic.now_asked, asked);
        add(&mut self.traffic.now_allowed, allowed);
    }

    /// Counts the calls of runs that are decided again exactly.
    pub fn take_in(&mut self, exactly: &mut Exactly) {
        for call in exactly.calls() {
            self.count((&call.target, &call.principal), true, (call.then, call.now));
        }
    }

    /// Everything that was found, and what was not looked at, with its reason.
    #[must_use]
    pub fn finish(mut self, mut exactly: Exactly) -> (Traffic, Vec<(String, String)>) {
        self.take_in(&mut exactly);
        let mut traffic = self.traffic;
        traffic.exact = exactly.found();
        traffic.runs = traffic.runs.saturating_add(traffic.exact.as_ref().map_or(0, |exact| exact.runs));
        traffic.targets = self.targets.into_values().collect();
        traffic.principals = self.principals.into_values().collect();
        let unread = self.unread.into_iter().map(|(method, count)| {
            (
                format!("{count} decisions over `{method}`"),
                "the record does not hold their message".to_owned(),
            )
        });
        let mut left: Vec<(String, String)> = unread.collect();
        if self.forgotten > 0 {
            let why = format!("more than {RUNS_MAX} were open at once");
            left.push((format!("what {} did before falling silent", counted(self.forgotten, "run")), why));
        }
        (traffic, left)
    }
}

/// What is worth to be compared.
fn now(outcome: &Outcome<'_>) -> Option<Now> {
    let decision = &outcome.decision;
    if !matches!(decision.event, Event::Decision | Event::Completion) {
        return None;
    }
    let id = decision.id.as_ref().map(|id| {
        let mut text = Vec::new();
        id.write(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    Some(Now {
        event: decision.event,
        method: decision.method.to_string(),
        target: decision.target.as_deref().map(str::to_owned),
        verdict: decision.verdict,
        reasons: if decision.verdict == Verdict::Allow { Vec::new() } else { decision.reasons.clone() },
        policy: Arc::clone(&decision.policy),
        id,
        direction: decision.direction,
    })
}

/// The request that a record of an audit log tells; none where rules do not look at it.
fn request(recorded: &Recorded<'_>) -> Result<Option<String>, ()> {
    let target = recorded.target.filter(|_| !recorded.unruled).ok_or(());
    let arguments =
        || recorded.arguments.map_or(Ok(json!({})), |text| serde_json::from_str::<Value>(text).map_err(drop));
    let params = match recorded.method {
        "tools/call" => json!({ "name": target?, "arguments": arguments()? }),
        "prompts/get" => json!({ "name": target?, "arguments": arguments()? }),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => json!({ "uri": target? }),
        "completion/complete" | "sampling/createMessage" | "elicitation/create" | "roots/list" => {
            return Err(());
        }
        _ => return Ok(None),
    };
    let (id, method) = (recorded.call, recorded.method);
    Ok(Some(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()))
}

#[cfg(test)]
mod tests;
