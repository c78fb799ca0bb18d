//! Law 6: every case of `cases/`, recorded as a trace and replayed from it, is decided as it was.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "cases/again.rs"]
mod again;
#[path = "../../engine/tests/cases/drive.rs"]
mod drive;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use bailiwick_engine::{Answer, Lane, Mode, Outcome, Pins, QuestionId, Scanner, Settings};
use bailiwick_mcp::{Direction, Id, Malformation, Malformed, Timestamp};
use bailiwick_policy::{Context, Follow, Followed, Load, Policy, Principal, Source, compile};
use bailiwick_record::trace::{About, Happening, Trace, Whereabouts, pins_text};
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
        whereabouts: Whereabouts::default(),
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
    let (header, groups) = again::groups(&folder.path().join("case-run.jsonl"));
    let take = |digest: &str| policies.remove(digest).expect("the policy is there");
    let again = again::replay(&header, &case.server, &SCANNER, &groups, take);
    let recorded: usize = groups.iter().map(|group| group.decisions.len()).sum();
    assert_eq!(recorded, played, "{}: the trace holds every decision", case.name);
    let mut problems = Vec::new();
    for (group, now) in groups.iter().zip(&again) {
        let equal = group.decisions.len() == now.len()
            && group.decisions.iter().zip(now).all(|(then, now)| again::same(then, now));
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
                if !again::NOT_IN_A_TRACE.contains(&case.name.as_str()) {
                    wrong.extend(problems);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{differ:?}", wrong.join("\n"));
    assert_eq!(differ, again::NOT_IN_A_TRACE, "these are decided again as they were");
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
    let call = |id: i64, path: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\",\"arguments\":{{\"path\":\"{path}\"}}}}}}"
        )
    };
    let list = "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\"}".to_owned();
    let tools =
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"tools\":[{\"name\":\"read\",\"inputSchema\":{}}]}}"
            .to_owned();
    let lines = [
        (Direction::ToServer, list),
        (Direction::ToClient, tools),
        (Direction::ToServer, call(1, "src/out")),
        (Direction::ToServer, call(2, "src/in")),
    ];
    for (at, (direction, line)) in (1..).zip(lines) {
        recorder.text(Timestamp(at), direction, line.as_bytes(), None);
        let mut parser = bailiwick_mcp::Parser::default();
        let packet =
            bailiwick_mcp::Packet::parse(&mut parser, line.as_bytes(), &bailiwick_mcp::Limits::DEFAULT);
        let mut out = Vec::new();
        engine.receive(Timestamp(at), direction, packet, &mut out);
        out.iter().for_each(|outcome| recorder.outcome(outcome));
    }
    let (header, groups) = again::groups(&folder.path().join("case-run.jsonl"));
    assert_eq!(groups[2].decisions[0].verdict, "deny");
    assert_eq!(groups[3].decisions[0].verdict, "allow");
    let again = again::replay(&header, "fs", &SCANNER, &groups, |_| policy());
    for (group, now) in groups.iter().zip(&again) {
        assert!(again::same(&group.decisions[0], &now[0]), "{:?}\n{now:?}", group.decisions);
    }
}
