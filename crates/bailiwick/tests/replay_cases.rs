//! Law 6: every case of `cases/`, recorded as a trace and replayed from it, is decided as it was.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "../../engine/tests/cases/drive.rs"]
mod drive;

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use bailiwick_analysis::replay::{Again, Decided, Input};
use bailiwick_engine::{Answer, Lane, Mode, Outcome, Pins, QuestionId, Scanner, Settings};
use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Timestamp};
use bailiwick_policy::{Context, Follow, Followed, Load, Policy, Principal, Source, compile};
use bailiwick_record::trace::{
    About, Given, Happening, Header, Line, Reader, Trace, TracedDecision, pins_of, pins_text,
};
use bailiwick_testkit::cases::{self, Case, Deed};
use drive::{Places, Watch};

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));

fn places() -> Places {
    Places { workspace: "/work/app".to_owned(), home: "/home/ana".to_owned() }
}

/// Writes down what a case is, as the relay does.
struct Recorder<'f> {
    folder: &'f Path,
    trace: Option<Trace>,
}

fn about(settings: &Settings, policy: &Policy, pins: Option<&Pins>) -> About {
    About {
        run: "run".to_owned(),
        server: "case".to_owned(),
        principal: settings.principal.id.clone(),
        roles: settings.principal.roles.clone(),
        mode: format!("{:?}", settings.mode).to_lowercase(),
        policy: policy.digest().to_owned(),
        nonce: settings.nonce.clone(),
        limits: settings.limits,
        pins: pins.map(pins_text),
    }
}

impl Recorder<'_> {
    fn trace(&self) -> &Trace {
        self.trace.as_ref().expect("it began")
    }
}

fn way(at: Timestamp, to: Direction) -> (Timestamp, Direction, Lane) {
    (at, to, Lane::default())
}

impl Watch for Recorder<'_> {
    fn begin(&mut self, settings: &Settings, policy: &Policy, pins: Option<&Pins>) {
        let alarm = Box::new(|error: &std::io::Error| panic!("{error}"));
        let about = about(settings, policy, pins);
        let trace = Trace::open(self.folder, about, Timestamp(0), Arc::clone(&SCANNER), alarm);
        self.trace = Some(trace.expect("it can be written"));
    }

    fn text(&mut self, at: Timestamp, to: Direction, line: &[u8], malformed: Option<&Malformed>) {
        self.trace().line(way(at, to), line, malformed);
    }

    fn lost(&mut self, at: Timestamp, to: Direction, cause: Malformation, id: (Option<&Id<'_>>, bool)) {
        self.trace().lost(way(at, to), cause, id);
    }

    fn answer(&mut self, at: Timestamp, question: QuestionId, answer: &Answer) {
        self.trace().happening(at, &Happening::Answer(question, answer));
    }

    fn tick(&mut self, at: Timestamp) {
        self.trace().happening(at, &Happening::Tick);
    }

    fn server_ended(&mut self, at: Timestamp, why: &str) {
        self.trace().happening(at, &Happening::ServerEnded(why));
    }

    fn reload(&mut self, at: Timestamp, policy: &Policy) {
        self.trace().happening(at, &Happening::Reload(policy.digest()));
    }

    fn outcome(&mut self, outcome: &Outcome<'_>) {
        self.trace().outcome(outcome);
    }
}

/// One input with the decisions that were recorded of it.
struct Group {
    line: Line,
    decisions: Vec<TracedDecision>,
}

fn groups(folder: &Path) -> (Header, Vec<Group>) {
    let path = folder.join("case-run.jsonl");
    let file = fs::File::open(&path).expect("a trace");
    let reader = Reader::new(BufReader::new(file)).expect("a trace");
    let header = reader.header.clone();
    let mut groups: Vec<Group> = Vec::new();
    for line in reader {
        match line.expect("a line") {
            Line::Decision { decision, .. } => {
                groups.last_mut().expect("an input comes first").decisions.push(decision);
            }
            line => groups.push(Group { line, decisions: Vec::new() }),
        }
    }
    (header, groups)
}

/// What is decided over each input now.
fn replay(
    header: &Header,
    server: &str,
    groups: &[Group],
    policies: &mut BTreeMap<String, Policy>,
) -> Vec<Vec<Decided>> {
    let mode = match header.mode.as_str() {
        "enforce" => Mode::Enforce,
        "shadow" => Mode::Shadow,
        _ => Mode::Observe,
    };
    let principal =
        Principal { id: header.principal.clone(), roles: header.roles.clone(), ..Principal::default() };
    let settings = Settings {
        mode,
        server: server.into(),
        principal: Arc::new(principal),
        limits: header.limits(),
        nonce: header.nonce.clone().expect("it is recorded"),
    };
    let mut take = |digest: &str| policies.remove(digest).expect("the policy is there");
    let pins = header.pins.as_ref().map(|pins| pins_of(pins.get()).expect("pins"));
    let mut again = Again::new(settings, take(&header.policy), Arc::clone(&SCANNER), pins);
    let mut out = Vec::new();
    for group in groups {
        let reasons = group.decisions.iter().flat_map(|decision| &decision.reasons);
        let links: Vec<(String, Option<String>)> =
            reasons.filter_map(|reason| Some((reason.text.clone()?, reason.to.clone()))).collect();
        let (at, input) = match &group.line {
            Line::Message { at, to, lane, message, .. } => {
                (*at, Input::Text { to: *to, lane: Lane(*lane), text: message.get() })
            }
            Line::Absent(absent) => {
                let Some(cause) = absent.cause else {
                    // Left out for its length.
                    out.push(Vec::new());
                    continue;
                };
                let id = absent.id.as_ref().map(|id| id_of(id.get()));
                let (to, lane) = (absent.to, Lane(absent.lane));
                let input = match cause {
                    Malformation::TooLong => Input::TooLong { to, lane, id, is_request: absent.is_request },
                    cause => Input::Broken { to, lane, malformed: Malformed { cause, id } },
                };
                (absent.at, input)
            }
            Line::Given { at, given } => match given {
                Given::Answer(question, answer) => (*at, Input::Answer(*question, answer)),
                Given::Tick => (*at, Input::Tick),
                Given::ServerEnded(why) => (*at, Input::ServerEnded(why)),
                Given::Reload(digest) => (*at, Input::Reload(Box::new(take(digest)))),
            },
            Line::Decision { .. } | Line::End { .. } | Line::Unknown => {
                out.push(Vec::new());
                continue;
            }
        };
        out.push(again.decide(at, input, links));
    }
    out
}

fn id_of(json: &str) -> Id<'static> {
    match serde_json::from_str(json).expect("an id") {
        serde_json::Value::String(text) => Id::Text(text.into()),
        serde_json::Value::Number(number) => Id::Number(number.as_i64().expect("an integer")),
        other => panic!("{other} is no id"),
    }
}

/// A recorded decision in the form of one that is made now.
fn same(then: &TracedDecision, now: &Decided) -> bool {
    let reasons: Vec<(String, String)> =
        then.reasons.iter().map(|reason| (reason.source.clone(), reason.id.clone())).collect();
    (then.event.as_str(), then.call, Direction::from(then.to), then.method.as_str())
        == (now.event, now.call, now.to, now.method.as_str())
        && then.target == now.target
        && (then.verdict.as_str(), then.effect.as_str()) == (now.verdict, now.effect)
        && reasons == now.reasons
}

fn problems(case: &Case) -> Result<usize, Vec<String>> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorder = Recorder { folder: folder.path(), trace: None };
    drive::play_watched(case, &places(), &mut recorder);
    drop(recorder);
    let played: usize = drive::play(case, &places()).iter().map(|step| step.decisions.len()).sum();
    let mut policies = BTreeMap::new();
    let reloads = case.steps.iter().filter_map(|step| match &step.deed {
        Deed::Reload(file) => Some(vec![file.clone()]),
        _ => None,
    });
    for layers in std::iter::once(case.policies.clone()).chain(reloads) {
        let policy = drive::policy(case, &layers, &places()).expect("it loads");
        policies.insert(policy.digest().to_owned(), policy);
    }
    let (header, groups) = groups(folder.path());
    let again = replay(&header, &case.server, &groups, &mut policies);
    let recorded: usize = groups.iter().map(|group| group.decisions.len()).sum();
    assert_eq!(recorded, played, "{}: the trace holds every decision", case.name);
    let mut problems = Vec::new();
    for (group, now) in groups.iter().zip(&again) {
        let equal = group.decisions.len() == now.len()
            && group.decisions.iter().zip(now).all(|(then, now)| same(then, now));
        if !equal {
            let then = &group.decisions;
            problems.push(format!("{}: {:?}\n  then {then:?}\n  now  {now:?}", case.name, group.line));
        }
    }
    if problems.is_empty() {
        Ok(groups.iter().map(|group| group.decisions.len()).sum())
    } else {
        Err(problems)
    }
}

/// Cases whose decision rests on what the trace does not hold: a masked secret, a message that is left out for its length.
const NOT_IN_A_TRACE: [&str; 11] = [
    "answer-big",
    "guard-large-answer",
    "guard-per-tool",
    "guard-redaction-keeps-the-schema",
    "guard-secrets-by-their-key",
    "guard-secrets-of-every-kind",
    "guard-secrets-redacted",
    "guard-secrets-to-the-server",
    "guard-taints-the-run",
    "guard-text-that-is-written-back",
    "guard-write-back-redacted",
];

#[test]
fn every_case_is_decided_as_it_was_when_its_trace_is_replayed() {
    let all = cases::all();
    let here: Vec<&Case> = all
        .iter()
        .filter(|case| case.stdio_only.is_none() && case.refuses.is_none() && case.not_yet.is_none())
        .collect();
    let (mut wrong, mut decisions) = (Vec::new(), 0);
    let mut differ = Vec::new();
    for case in &here {
        match problems(case) {
            Ok(count) => decisions += count,
            Err(problems) => {
                differ.push(case.name.as_str());
                if !NOT_IN_A_TRACE.contains(&case.name.as_str()) {
                    wrong.extend(problems);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{differ:?}", wrong.join("\n"));
    assert_eq!(differ, NOT_IN_A_TRACE, "these are decided again as they were");
    assert!(decisions > 1_000 || here.len() < 50, "{decisions} decisions of {} cases", here.len());
}

/// A link that leads out of the workspace.
#[derive(Debug)]
struct Out;

impl Follow for Out {
    fn follow(&self, path: &str) -> Followed {
        match path.ends_with("src/out") {
            true => Followed::To("/etc/shadow".to_owned()),
            false => Followed::Plain(format!("/work/app/{}", path.trim_start_matches("/work/app/"))),
        }
    }
}

struct Alone;

impl Load for Alone {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

#[test]
fn where_a_link_led_is_part_of_the_trace() {
    let text = "version: 1\ndefault: deny\nrules:\n  - { id: a, effect: allow, on: \"fs/*\", args: { path: { path: \"./src/**\" } } }\n";
    let policy = || {
        let source = Source { name: "p".to_owned(), text: text.to_owned() };
        let context = Context { workspace: Some("/work/app".to_owned()), home: Some("/home/ana".to_owned()) };
        compile(vec![source], &mut Alone, &context).expect("it loads")
    };
    let settings = Settings {
        mode: Mode::Shadow,
        server: "fs".into(),
        principal: Arc::new(Principal { id: "user:ana".to_owned(), ..Principal::default() }),
        limits: bailiwick_mcp::Limits::DEFAULT,
        nonce: "n".to_owned(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut recorder = Recorder { folder: folder.path(), trace: None };
    recorder.begin(&settings, &policy(), None);
    let following = Arc::new(policy().following(Arc::new(Out)));
    let mut engine = bailiwick_engine::Engine::new(settings, following, Arc::clone(&SCANNER), None);
    for (id, path) in [(1, "src/out"), (2, "src/in")] {
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\",\"arguments\":{{\"path\":\"{path}\"}}}}}}"
        );
        recorder.text(Timestamp(id), Direction::ToServer, line.as_bytes(), None);
        let mut parser = bailiwick_mcp::Parser::default();
        let packet =
            bailiwick_mcp::Packet::parse(&mut parser, line.as_bytes(), &bailiwick_mcp::Limits::DEFAULT);
        let mut out = Vec::new();
        engine.receive(Timestamp(id), Direction::ToServer, packet, &mut out);
        out.iter().for_each(|outcome| recorder.outcome(outcome));
    }
    let (header, groups) = groups(folder.path());
    assert_eq!(groups[0].decisions[0].verdict, "deny");
    assert_eq!(groups[1].decisions[0].verdict, "allow");
    let mut policies = BTreeMap::from([(policy().digest().to_owned(), policy())]);
    let again = replay(&header, "fs", &groups, &mut policies);
    for (group, now) in groups.iter().zip(&again) {
        assert!(same(&group.decisions[0], &now[0]), "{:?}\n{now:?}", group.decisions);
    }
}
