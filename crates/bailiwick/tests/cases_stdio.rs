//! Every case of `cases/` through the real binary, with a server whose bytes the test writes. The lines that reach either
//! side, and the decisions in the audit log, must be those of the engine.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by a panic when it fails"
)]

#[path = "../../engine/tests/cases/drive.rs"]
mod drive;
#[path = "cases/log.rs"]
mod log;
#[path = "cases/puppet.rs"]
mod puppet;

use bailiwick_testkit::cases::{self, Answer, Case, Deed, Observed, Step};
use bailiwick_testkit::process::{Signal, Watched};
use bailiwick_testkit::route::Route;
use bailiwick_testkit::script::ServerCommand;
use bailiwick_testkit::terminal::Terminal;
use bailiwick_testkit::wire::{Wire, shown};
use bailiwick_testkit::workplace::Workplace;
use drive::Places;
use puppet::Puppet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

const BUILT: &str = env!("CARGO_BIN_EXE_bailiwick");

/// Runs at a time. Most of a run is waiting for processes to start and end.
const AT_ONCE: usize = 6;

#[test]
fn every_case_holds_over_stdio() {
    let cases = cases::all();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = std::panic::catch_unwind(|| play(case));
                    results.lock().expect("no worker panics here").push((case, result));
                }
            });
        }
    });
    let mut problems = Vec::new();
    let (mut steps, mut left_out) = (0, Vec::new());
    for (case, result) in results.into_inner().expect("no worker panics here") {
        match result {
            Ok(Played { steps: played, left_out: reason }) => {
                steps += played;
                left_out.extend(reason.map(|reason| format!("{}: {reason}", case.name)));
            }
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let words = panic.downcast_ref::<String>().cloned().or(text);
                problems.push(format!("{}: {}", case.name, words.unwrap_or_else(|| "panicked".to_owned())));
            }
        }
    }
    problems.sort();
    assert!(
        problems.is_empty(),
        "{} of {} cases fail:\n{}",
        problems.len(),
        cases.len(),
        problems.join("\n\n")
    );
    totals(cases.len(), steps, left_out);
}

#[expect(clippy::print_stdout, reason = "a test says what it did not look at")]
fn totals(cases: usize, steps: usize, mut left_out: Vec<String>) {
    println!("stdio: {cases} cases, {steps} steps");
    left_out.sort();
    for reason in left_out {
        println!("  only in the engine: {reason}");
    }
}

/// How far a case was played.
struct Played {
    steps: usize,
    /// Why the rest was not.
    left_out: Option<String>,
}

fn play(case: &Case) -> Played {
    if let Some(reason) = &case.engine_only {
        return Played { steps: 0, left_out: Some(reason.clone()) };
    }
    let place = Workplace::new();
    for entry in fs::read_dir(&case.folder).expect("the case's folder can be read") {
        let path = entry.expect("the case's folder can be read").path();
        fs::copy(&path, place.path().join(path.file_name().expect("a name"))).expect("a file can be copied");
    }
    let puppet = Puppet::new(&place);
    let route = route(case, &place, &puppet);
    let terminal = case.person.then(Terminal::new);
    let mut wire = match &terminal {
        Some(terminal) => {
            let command = terminal.command(route.command(&puppet.command().command));
            Wire::start(&place, &Route::Direct, &ServerCommand { command, environment: Vec::new() })
        }
        None => Wire::start(&place, &route, &puppet.command()),
    };
    if let Some(parts) = &case.refuses {
        refused(&mut wire, parts);
        return Played { steps: 0, left_out: None };
    }
    let workspace = fs::canonicalize(place.path()).expect("the workplace exists").display().to_string();
    let expected = drive::play(case, &Places { workspace, home: place.at("home") });
    let mut stage = Stage { place, wire, puppet, terminal, nonce: None, recorded: 0 };
    let mut played = Played { steps: 0, left_out: None };
    for (step, expected) in case.steps.iter().zip(&expected) {
        if let Deed::EngineOnly(reason) = &step.deed {
            played.left_out = Some(reason.clone());
            break;
        }
        stage.step(step, expected);
        played.steps += 1;
    }
    stage.end(&expected[..played.steps]);
    played
}

/// The command line of a case. The lock file, if there is one, is written first.
fn route(case: &Case, place: &Workplace, puppet: &Puppet) -> Route {
    let mut flags: Vec<String> = Vec::new();
    let mut flag = |name: &str, value: &str| flags.extend([format!("--{name}"), value.to_owned()]);
    case.policies.iter().for_each(|policy| flag("policy", policy));
    flag("server", &case.server);
    flag("principal", &case.principal);
    if !case.roles.is_empty() {
        flag("roles", &case.roles.join(","));
    }
    flag("mode", &case.mode);
    flag("ask", if case.person { "terminal" } else { "never" });
    flag("audit", "audit.jsonl");
    case.limits.iter().for_each(|(name, value)| flag(name, &value.to_string()));
    if let Some(pins) = drive::pins(case) {
        puppet::lock(place, &case.server, puppet.command().command, &pins);
        flag("lock", "case.lock");
    }
    let Route::Bailiwick { binary, .. } = Route::bailiwick(BUILT, []) else { unreachable_route() };
    Route::Bailiwick { binary, flags }
}

fn unreachable_route() -> ! {
    panic!("`Route::bailiwick` makes a route through bailiwick")
}

fn refused(wire: &mut Wire, parts: &[String]) {
    let status = wire.wait();
    assert_eq!(status.code(), Some(78), "it did not refuse to start; stderr: {}", wire.stderr());
    assert_eq!(wire.rest(), Vec::<Vec<u8>>::new(), "nothing is written to the client");
    for part in parts {
        wire.await_stderr(part);
    }
}

/// A running case.
struct Stage {
    place: Workplace,
    wire: Wire,
    puppet: Puppet,
    terminal: Option<Terminal>,
    /// What stands for [`drive::NONCE`] in this run.
    nonce: Option<String>,
    /// Decisions that the log must hold by now.
    recorded: usize,
}

impl Stage {
    fn step(&mut self, step: &Step, expected: &Observed) {
        match &step.deed {
            Deed::Say { way: cases::Way::ToServer, line } => self.wire.send(line),
            Deed::Say { way: cases::Way::ToClient, line } => self.puppet.say(&self.named(line)),
            Deed::Answer(Answer::Nobody) => {}
            Deed::Answer(answer) => match &mut self.terminal {
                Some(terminal) => terminal.answer(*answer == Answer::Approve),
                None => panic!("{}: a person's answer needs `person` or `engine_only`", step.place),
            },
            Deed::Reload(file) => self.reload(file),
            Deed::ServerEnds => self.puppet.end(),
            Deed::Tick => panic!("{}: passing time needs `engine_only`", step.place),
            Deed::EngineOnly(_) => {}
        }
        self.recorded += expected.decisions.len();
        for line in &expected.lines[0] {
            let got = self.puppet.next_line();
            self.learn_nonce(&got);
            self.compare(step, "the server", line, &got);
        }
        for line in &expected.lines[1] {
            let got = self
                .wire
                .next_line()
                .unwrap_or_else(|| panic!("{}: the client gets nothing more", step.place));
            self.compare(step, "the client", line, &got);
        }
        if expected.lines.iter().all(Vec::is_empty) {
            // Nothing tells that it is done but the record, which comes before every effect.
            log::await_decisions(&self.place, self.recorded);
        }
    }

    fn compare(&self, step: &Step, party: &str, expected: &[u8], got: &[u8]) {
        let expected = self.named(expected);
        let plain = |line: &[u8]| log::unrandom(&String::from_utf8_lossy(line));
        assert!(
            expected == got || plain(&expected) == plain(got),
            "{}: {party} gets\n   {}\nand not\n   {}",
            step.place,
            shown(got),
            shown(&expected)
        );
    }

    /// Our own requests have ids that a server cannot guess, nor can a transcript.
    fn learn_nonce(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        if self.nonce.is_none()
            && let Some((_, rest)) = text.split_once(r#""id":"bailiwick-"#)
        {
            self.nonce = rest.split_once('-').map(|(nonce, _)| nonce.to_owned());
        }
    }

    fn named(&self, line: &[u8]) -> Vec<u8> {
        match (&self.nonce, std::str::from_utf8(line)) {
            (Some(nonce), Ok(text)) => text.replace(drive::NONCE, nonce).into_bytes(),
            _ => line.to_vec(),
        }
    }

    fn reload(&self, file: &str) {
        let text = fs::read_to_string(self.place.path().join(file)).expect("the other policy can be read");
        self.place.replace("policy.yaml", &text);
        // On a terminal our child is the session's leader; there the change of the file is noticed by itself.
        if self.terminal.is_none() {
            Watched::new(self.wire.pid()).signal(Signal::HUP);
        }
        log::await_kind(&self.place, "reload");
        // Recorded first, then done, then said.
        self.wire.await_stderr("loaded again");
    }

    /// Both parties leave; what is still said then may only be that the server ended.
    fn end(mut self, expected: &[Observed]) {
        self.wire.close();
        self.puppet.end();
        self.wire.wait();
        for line in self.wire.rest() {
            let text = shown(&line);
            assert!(text.contains(" ended"), "one line too many reaches the client: {text}");
        }
        let extra = self.puppet.rest();
        assert!(extra.is_empty(), "one line too many reaches the server: {}", shown(&extra[0]));
        let seen = log::decisions(&self.place);
        let wanted: Vec<_> = expected.iter().flat_map(|observed| &observed.decisions).collect();
        for (index, wanted) in wanted.iter().enumerate() {
            let seen = seen.get(index).unwrap_or_else(|| panic!("the log ends before {wanted:?}"));
            assert!(seen == *wanted, "the log says\n   {seen:?}\nand the engine\n   {wanted:?}");
        }
        for seen in seen.iter().skip(wanted.len()) {
            let ended = seen.reasons.iter().any(|(_, message)| message.contains(" ended"));
            assert!(ended, "one decision too many: {seen:?}");
        }
    }
}
