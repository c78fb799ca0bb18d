//! Floods: what is held to a pace, what is lost by it, and what is not.
#![expect(clippy::panic, reason = "a test says so by a panic when it fails")]

#[path = "stage/talk.rs"]
mod talk;

use bailiwick_engine::{Lane, Mode};
use bailiwick_mcp::{Direction, Timestamp};
use proptest::prelude::*;
use talk::{ALLOW, CALL, Stage};

impl Stage {
    /// How many of `count` such texts, `every` so many milliseconds, go on as they are.
    fn pass(&mut self, direction: Direction, count: u32, every: i64, text: impl Fn(u32) -> String) -> u32 {
        let arrow = if direction == Direction::ToServer { '>' } else { '<' };
        let mut passed = 0;
        for number in 0..count {
            self.at += every;
            let text = text(number);
            let (sent, _) = self.take(direction, &text);
            passed += u32::from(sent == [format!("{arrow} {text}")]);
            // Whoever is asked answers, so that nothing waits.
            if text.contains("\"id\"") {
                let answer = format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{{}}}}"#);
                self.take(direction.reverse(), &answer);
            }
        }
        passed
    }
}

fn ping(number: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{number},"method":"ping"}}"#)
}

fn line(number: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":{number}}}}}"#
    )
}

fn progress(number: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"t","progress":{number}}}}}"#
    )
}

fn changed(list: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/{list}/list_changed"}}"#)
}

const DONE: &str = r#"{"jsonrpc":"2.0","id":"c","result":{"content":[]}}"#;

#[test]
fn pings_above_their_pace_are_answered_by_us() {
    for direction in [Direction::ToServer, Direction::ToClient] {
        let mut stage = Stage::open(ALLOW);
        assert_eq!(stage.pass(direction, 5_000, 0, ping), 1_000, "{direction:?}");
        let (sent, reasons) = stage.take(direction, &ping(7));
        let back = if direction == Direction::ToServer { '<' } else { '>' };
        let words = "guard `pace/ping`: more than 1000 in 1s in the run (default)";
        assert_eq!(
            sent,
            [format!(
                r#"{back} {{"jsonrpc":"2.0","id":7,"error":{{"code":4030,"message":"Denied by bailiwick; {words}"}}}}"#
            )]
        );
        assert_eq!(reasons, [words]);
        // The other party has a bucket of its own, and calls have nothing to do with it.
        assert_eq!(stage.pass(direction.reverse(), 100, 0, ping), 100);
        assert_eq!(stage.client(CALL).0, [format!("> {CALL}")]);
        stage.at += 10;
        assert_eq!(stage.pass(direction, 100, 0, ping), 10, "one for each thousandth of a second");
        stage.at += 60_000;
        assert_eq!(stage.pass(direction, 5_000, 0, ping), 1_000, "no more are saved up");
    }
}

#[test]
fn what_keeps_its_pace_passes_for_ever() {
    let mut stage = Stage::open(ALLOW);
    assert_eq!(stage.pass(Direction::ToServer, 20_000, 10, ping), 20_000);
    assert_eq!(stage.pass(Direction::ToClient, 20_000, 1, line), 20_000);
    stage.client(CALL);
    assert_eq!(stage.pass(Direction::ToClient, 20_000, 1, progress), 20_000);
    assert_eq!(stage.pass(Direction::ToClient, 20_000, 100, |_| changed("tools")), 20_000);
}

#[test]
fn log_lines_and_progress_above_their_pace_are_dropped() {
    let mut stage = Stage::open(ALLOW);
    assert_eq!(stage.pass(Direction::ToClient, 50_000, 0, line), 10_000);
    assert_eq!(
        stage.server(&line(1)),
        (vec![], vec!["guard `pace/log`: more than 10000 in 1s in the run (default)".to_owned()])
    );
    stage.client(CALL);
    assert_eq!(stage.pass(Direction::ToClient, 50_000, 0, progress), 10_000);
    assert_eq!(
        stage.server(&progress(1)).1,
        ["guard `pace/progress`: more than 10000 in 1s in the run (default)"]
    );
    assert_eq!(stage.server(DONE).0, [format!("< {DONE}")], "the answer is none of it");
    // Of the client's, too.
    let asks = r#"{"jsonrpc":"2.0","id":1,"method":"roots/list","params":{"_meta":{"progressToken":"t"}}}"#;
    assert_eq!(stage.server(asks).0, [format!("< {asks}")]);
    assert_eq!(stage.pass(Direction::ToServer, 50_000, 0, progress), 10_000);
    stage.at += 500;
    assert_eq!(stage.pass(Direction::ToClient, 50_000, 0, line), 5_000);
}

#[test]
fn what_goes_nowhere_anyway_uses_up_nothing() {
    let mut stage = Stage::open(&format!("{ALLOW}guards: {{ logs: warning }}\n"));
    assert_eq!(stage.pass(Direction::ToClient, 5_000, 0, line), 0, "too slight");
    assert_eq!(stage.pass(Direction::ToClient, 5_000, 0, progress), 0, "nobody asked for it");
    let warning = |number| line(number).replace("info", "warning");
    assert_eq!(stage.pass(Direction::ToClient, 50_000, 0, warning), 10_000);
    stage.client(CALL);
    assert_eq!(stage.pass(Direction::ToClient, 50_000, 0, progress), 10_000);
}

#[test]
fn a_policy_sets_its_own_pace_or_none() {
    let own = format!("{ALLOW}guards: {{ pace: {{ ping: 6/1m, log: off }} }}\n");
    let mut stage = Stage::open(&own);
    assert_eq!(stage.pass(Direction::ToServer, 100, 0, ping), 6);
    let reason = &stage.client(&ping(1)).1[0];
    assert_eq!(reason, "guard `pace/ping` (0.yaml:6): more than 6 in 60s in the run");
    assert_eq!(stage.pass(Direction::ToServer, 100, 1_000, ping), 10);
    assert_eq!(stage.pass(Direction::ToClient, 5_000, 0, line), 5_000);
}

#[test]
fn only_what_the_client_knows_already_is_dropped() {
    let mut stage = Stage::open(ALLOW);
    for list in ["tools", "prompts", "resources"] {
        assert_eq!(stage.pass(Direction::ToClient, 1_000, 0, |_| changed(list)), 10, "{list}");
    }
    let news = changed("tools");
    assert_eq!(stage.server(&news).1, ["guard `pace/list-changed`: more than 10 in 1s in the run (default)"]);
    for round in 0..100 {
        stage.list();
        assert_eq!(stage.pass(Direction::ToClient, 50, 0, |_| news.clone()), 1, "{round}: it listed anew");
        assert_eq!(stage.server(&changed("prompts")).0, [] as [&str; 0], "another list is another matter");
    }
    for asked in ["resources/list", "resources/templates/list"] {
        stage.client(&format!(r#"{{"jsonrpc":"2.0","id":"{asked}","method":"{asked}"}}"#));
        assert_eq!(stage.pass(Direction::ToClient, 50, 0, |_| changed("resources")), 1, "{asked}");
    }
}

#[test]
fn a_change_that_is_not_told_is_listed_anew_all_the_same() {
    let mut stage = Stage::open(ALLOW);
    stage.pass(Direction::ToClient, 100, 0, |_| changed("tools"));
    for round in 0..3 {
        let (sent, _) = stage.client(CALL);
        assert!(sent[0].contains("tools/list"), "{round}: {sent:?}");
        let list = format!(
            r#"{{"jsonrpc":"2.0","id":"bailiwick-n-{round}","result":{{"tools":[{{"name":"t","inputSchema":{{"type":"object"}}}}]}}}}"#
        );
        assert_eq!(stage.server(&list).0, [format!("> {CALL}")]);
        stage.server(DONE);
        assert_eq!(stage.server(&changed("tools")).0, [] as [&str; 0]);
    }
}

#[test]
fn every_subscription_is_told_by_itself() {
    let mut stage = Stage::of(Mode::Enforce, ALLOW);
    let meta = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}"#;
    let listen = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{"notifications":{{"toolsListChanged":true}},"_meta":{{{meta}}}}}}}"#
    );
    let news = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#;
    let told = |stage: &mut Stage, lane: u64| {
        stage.engine.enter(Lane(lane));
        stage.pass(Direction::ToClient, 100, 0, |_| news.to_owned())
    };
    for lane in 1..=20 {
        stage.engine.enter(Lane(lane));
        assert_eq!(stage.client(&listen).0, [format!("> {listen}")]);
    }
    assert_eq!(told(&mut stage, 1), 10);
    for lane in 2..=20 {
        assert_eq!(told(&mut stage, lane), 1, "{lane}: another client may be there");
        assert_eq!(told(&mut stage, lane), 0);
    }
    // A list of anybody's: who of them has it now is not known.
    stage.engine.enter(Lane(99));
    stage.client(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{{{meta}}}}}}}"#
    ));
    assert_eq!([told(&mut stage, 1), told(&mut stage, 7), told(&mut stage, 7)], [1, 1, 0]);
    // A stream that opens anew knows nothing.
    stage.engine.lane_ended(Timestamp(stage.at * 1_000), "gone", &mut Vec::new());
    stage.engine.enter(Lane(7));
    stage.server(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#);
    stage.client(&listen);
    assert_eq!([told(&mut stage, 7), told(&mut stage, 7)], [1, 0]);
}

#[test]
fn shadow_says_what_would_have_been_and_observe_says_nothing() {
    for (mode, said) in [(Mode::Shadow, true), (Mode::Observe, false)] {
        let mut stage = Stage::of(mode, ALLOW);
        stage.handshake();
        assert_eq!(stage.pass(Direction::ToServer, 1_000, 0, ping), 1_000);
        assert_eq!(stage.pass(Direction::ToClient, 30_000, 0, line), 30_000);
        assert_eq!(stage.pass(Direction::ToClient, 1_000, 0, |_| changed("tools")), 1_000);
        let all = [stage.client(&ping(1)), stage.server(&line(1)), stage.server(&changed("tools"))];
        for (sent, reasons) in all {
            assert_eq!(sent.len(), 1);
            assert_eq!(reasons.iter().any(|own| own.starts_with("guard `")), said, "{mode:?} {reasons:?}");
        }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The server changes its list, and says so.
    Changes,
    /// The client, which heard of a change, asks for the list.
    Asks,
    /// The server answers with the list that it has now.
    Answers,
}

/// A client and a server, and how many changes of its list each knows of.
struct Peers {
    stage: Stage,
    current: u32,
    known: u32,
    heard: bool,
    under_way: bool,
}

impl Peers {
    fn step(&mut self, step: Step) {
        match step {
            Step::Changes => {
                self.current += 1;
                self.heard |= !self.stage.server(&changed("tools")).0.is_empty();
            }
            Step::Asks if self.heard && !self.under_way => {
                (self.heard, self.under_way) = (false, true);
                self.stage.client(r#"{"jsonrpc":"2.0","id":"l","method":"tools/list"}"#);
            }
            Step::Answers if self.under_way => {
                (self.known, self.under_way) = (self.current, false);
                self.stage.server(r#"{"jsonrpc":"2.0","id":"l","result":{"tools":[]}}"#);
            }
            Step::Asks | Step::Answers => {}
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![4 => Just(Step::Changes), 1 => Just(Step::Asks), 1 => Just(Step::Answers)]
}

proptest! {
    /// However fast a server changes: a client that lists whenever it hears of a change ends up with the last list.
    #[test]
    fn a_client_that_lists_after_each_change_hears_of_each(
        steps in prop::collection::vec((step(), 0_i64..40), 1..400),
    ) {
        let stage = Stage::open(ALLOW);
        let mut peers = Peers { stage, current: 0, known: 0, heard: false, under_way: false };
        for (step, passes) in steps {
            peers.stage.at += passes;
            peers.step(step);
        }
        for step in [Step::Answers, Step::Asks, Step::Answers] {
            peers.step(step);
        }
        prop_assert_eq!(peers.known, peers.current);
    }
}
