//! What is written is what is read, without secrets, whatever happens to the file.

use std::fs;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use bailiwick_engine::{Answer, ApprovedBy, Lane, Opinion, QuestionId, Scanner};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Id, Timestamp};

use super::shelf::{OPEN_MAX, Shelf};
use super::{
    About, Absent, Given, Happening, Line, MESSAGE_BYTES_MAX, Reader, Trace, TraceError, Whereabouts,
};

const KEY: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

fn about(run: &str) -> About {
    let text = str::to_owned;
    About {
        run: text(run),
        server: text("a/b c"),
        principal: text("user:ana"),
        roles: vec![text("dev")],
        mode: text("observe"),
        policy: text("00"),
        nonce: text("n"),
        limits: bailiwick_mcp::Limits::DEFAULT,
        pins: None,
        whereabouts: whereabouts(),
    }
}

fn whereabouts() -> Whereabouts {
    let place = |path: &str| Some(path.to_owned());
    Whereabouts { workspace: place("/work/app"), directory: place("/work/app/src"), home: place("/home/ana") }
}

fn way(at: i64, to: Direction) -> (Timestamp, Direction, Lane) {
    (Timestamp(at), to, Lane::default())
}

fn open(folder: &Path, run: &str) -> Trace {
    let alarm = Box::new(|error: &io::Error| panic!("{error}"));
    Trace::open(folder, about(run), Timestamp(7), Arc::new(Scanner::new()), alarm).unwrap()
}

fn lines(path: &Path) -> (super::Header, Vec<Line>) {
    let reader = Reader::new(BufReader::new(fs::File::open(path).unwrap())).unwrap();
    (reader.header.clone(), reader.map(Result::unwrap).collect())
}

#[test]
fn messages_come_back_in_order_and_masked() {
    let folder = tempfile::tempdir().unwrap();
    let trace = open(folder.path(), "r1");
    let call =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{{\"token\":\"{KEY}\"}}}}");
    trace.line(way(8, Direction::ToServer), call.as_bytes(), None);
    trace.line(way(9, Direction::ToClient), b"{ not json", None);
    trace.line(way(10, Direction::ToClient), &vec![b' '; MESSAGE_BYTES_MAX + 1], None);
    trace.end(Timestamp(11), "over");
    let path = folder.path().join("a_b_c-r1.jsonl");
    assert!(!fs::read_to_string(&path).unwrap().contains(KEY));
    let (header, lines) = lines(&path);
    assert_eq!(
        (header.run.as_str(), header.server.as_str(), header.roles.as_slice()),
        ("r1", "a/b c", &["dev".to_owned()][..])
    );
    let [Line::Message { at, to, message, is_masked: true, .. }, malformed, long, Line::End { why, .. }] =
        lines.as_slice()
    else {
        panic!("{lines:?}");
    };
    assert_eq!((*at, *to, why.as_str()), (Timestamp(8), Direction::ToServer, "over"));
    assert!(message.get().contains("[redacted:"), "{message}");
    assert!(matches!(malformed, Line::Absent(Absent { bytes: 10, is_malformed: true, .. })), "{malformed:?}");
    assert!(matches!(long, Line::Absent(Absent { is_malformed: false, .. })), "{long:?}");
}

#[test]
fn a_torn_last_line_is_passed_over_and_others_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let trace = open(folder.path(), "r1");
    trace.end(Timestamp(8), "over");
    let path = folder.path().join("a_b_c-r1.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, whole.get(..cut).unwrap()).unwrap();
        match Reader::new(BufReader::new(fs::File::open(&path).unwrap())) {
            Ok(reader) => assert!(reader.map(Result::unwrap).count() == 0),
            Err(error) => assert!(matches!(error, TraceError::NoHeader)),
        }
    }
    let (header, _) = whole.split_once('\n').unwrap();
    fs::write(&path, format!("{header}\nbroken\n")).unwrap();
    let mut reader = Reader::new(BufReader::new(fs::File::open(&path).unwrap())).unwrap();
    assert!(matches!(reader.next(), Some(Err(TraceError::Line { line: 2, .. }))));
    fs::write(&path, format!("{}\n{{\"at\":1,\"new\":2}}\n", header.replace("\"1.3\"", "\"1.7\""))).unwrap();
    assert!(matches!(lines(&path).1.as_slice(), [Line::Unknown]), "a later minor version is read");
    fs::write(&path, header.replace("\"1.3\"", "\"2.0\"") + "\n").unwrap();
    assert!(matches!(
        Reader::new(BufReader::new(fs::File::open(&path).unwrap())),
        Err(TraceError::Version { .. })
    ));
}

#[test]
fn what_comes_from_outside_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let trace = open(folder.path(), "r1");
    let (yes, no) =
        (Answer::Approve(ApprovedBy::new("user:ana", "at the terminal")), Answer::Deny("no".to_owned()));
    let id = Id::Text("a".into());
    let others = ["send_email".to_owned(), "a\"b".to_owned()];
    let heard = Answer::Opinion(Ok(Opinion { score: 813, by: "judge".to_owned() }));
    let unheard = Answer::Opinion(Err("late".to_owned()));
    let all = [
        Happening::Answer(QuestionId(1), &yes),
        Happening::Answer(QuestionId(2), &no),
        Happening::Tick,
        Happening::ServerEnded("gone"),
        Happening::Reload("00"),
        Happening::Others(&others),
        Happening::Answer(QuestionId(3), &heard),
        Happening::Answer(QuestionId(4), &unheard),
        Happening::Unanswered(Lane(7), &id, "late"),
        Happening::LaneEnded(Lane(7), "left"),
    ];
    for happening in &all {
        trace.happening(Timestamp(8), happening);
    }
    trace.end(Timestamp(9), "over");
    let (header, lines) = lines(&folder.path().join("a_b_c-r1.jsonl"));
    assert_eq!((header.nonce.as_deref(), header.limits()), (Some("n"), bailiwick_mcp::Limits::DEFAULT));
    let given: Vec<Given> = lines
        .into_iter()
        .filter_map(|line| match line {
            Line::Given { given, .. } => Some(given),
            _ => None,
        })
        .collect();
    let wanted = [
        Given::Answer(QuestionId(1), yes.clone()),
        Given::Answer(QuestionId(2), no.clone()),
        Given::Tick,
        Given::ServerEnded("gone".to_owned()),
        Given::Reload("00".to_owned()),
        Given::Others(others.to_vec()),
        Given::Answer(QuestionId(3), heard.clone()),
        Given::Answer(QuestionId(4), unheard.clone()),
        Given::Unanswered(7, "\"a\"".to_owned(), "late".to_owned()),
        Given::LaneEnded(7, "left".to_owned()),
    ];
    assert_eq!(given, wanted);
}

#[test]
fn a_trace_names_where_its_paths_led_and_an_older_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), "r1").end(Timestamp(8), "over");
    let path = folder.path().join("a_b_c-r1.jsonl");
    assert_eq!(lines(&path).0.whereabouts(), Some(whereabouts()));
    let text = fs::read_to_string(&path).unwrap();
    let named = r#""workspace":"/work/app","directory":"/work/app/src","home":"/home/ana","#;
    assert!(text.contains(named), "{text}");
    fs::write(&path, text.replace(named, "").replace("\"1.3\"", "\"1.2\"")).unwrap();
    assert_eq!(lines(&path).0.whereabouts(), None);
}

#[test]
fn several_runs_use_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path(), "r1"), open(folder.path(), "r2"));
    one.end(Timestamp(1), "one");
    two.end(Timestamp(2), "two");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn many_runs_take_few_open_files_and_lose_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let alarm = Box::new(|error: &io::Error| panic!("{error}"));
    let shelf = Arc::new(Shelf::open(folder.path(), Arc::new(Scanner::new()), alarm).unwrap());
    let runs = 2 * OPEN_MAX;
    let traces: Vec<Trace> =
        (0..runs).map(|run| shelf.begin(about(&run.to_string()), Timestamp(0)).unwrap()).collect();
    for number in 1..3 {
        for trace in &traces {
            trace.end(Timestamp(number), "so far");
        }
    }
    let open = traces.iter().filter(|trace| trace.out.lock().unwrap().file.is_some()).count();
    assert_eq!(open, OPEN_MAX);
    for run in 0..runs {
        assert_eq!(lines(&folder.path().join(format!("a_b_c-{run}.jsonl"))).1.len(), 2);
    }
    drop(traces);
    assert!(shelf.has_room());
}

#[test]
fn of_runs_that_are_over_the_oldest_go_and_none_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let alarm = Box::new(|error: &io::Error| panic!("{error}"));
    let shelf = Shelf::open(folder.path(), Arc::new(Scanner::new()), alarm);
    let shelf = Arc::new(shelf.unwrap().keeping((1 << 20, 3)));
    let open = |run: &str| shelf.begin(about(run), Timestamp(0)).unwrap();
    let left = || {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names.join(" ")
    };
    let first = open("first");
    let over: Vec<Trace> = (0..5).map(|run| open(&run.to_string())).collect();
    over.iter().for_each(|trace| trace.end(Timestamp(1), "over"));
    assert_eq!(left(), "a_b_c-2.jsonl a_b_c-3.jsonl a_b_c-4.jsonl a_b_c-first.jsonl");
    over.iter().for_each(|trace| trace.end(Timestamp(2), "somebody was late"));
    first.end(Timestamp(3), "over");
    assert_eq!(left(), "a_b_c-3.jsonl a_b_c-4.jsonl a_b_c-first.jsonl");
    // One that holds more than all may is kept until the next is over.
    shelf.over(Vec::new(), 2 << 20);
    assert_eq!(left(), "");
}

#[test]
fn what_is_written_behind_the_end_of_a_run_counts_too() {
    let folder = tempfile::tempdir().unwrap();
    let alarm = Box::new(|error: &io::Error| panic!("{error}"));
    let shelf = Shelf::open(folder.path(), Arc::new(Scanner::new()), alarm);
    let shelf = Arc::new(shelf.unwrap().keeping((100 << 10, 100)));
    let open = |run: &str| shelf.begin(about(run), Timestamp(0)).unwrap();
    let is_there = |run: &str| folder.path().join(format!("a_b_c-{run}.jsonl")).exists();
    let (late, next) = (open("late"), open("next"));
    let text = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{{\"a\":\"{}\"}}}}",
        "a ".repeat(80 << 10)
    );
    late.end(Timestamp(1), "over");
    late.line(way(2, Direction::ToServer), text.as_bytes(), None);
    late.end(Timestamp(2), "late");
    assert!(is_there("late"), "one that is alone stays, whatever it holds");
    next.end(Timestamp(3), "over");
    assert!(!is_there("late") && is_there("next"));
    // What is gone does not come back, and takes nobody else along.
    late.out.lock().unwrap().written = super::PART_BYTES_MAX + 1;
    late.end(Timestamp(4), "later still");
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert!(is_there("next") && left == 1, "{left}");
}

#[test]
fn headers_beside_a_message_come_back_and_hide_what_the_message_hides() {
    let folder = tempfile::tempdir().unwrap();
    let trace = open(folder.path(), "r1");
    let call = |text: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":{text}}}");
    let beside = |values: &[(&str, &[u8])]| {
        Repeated(values.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect())
    };
    let key = KEY.as_bytes();
    let hostile = beside(&[("odd", b"\xff\""), ("region", b"eu"), ("token", key)]);
    for (text, beside) in [
        ("{}".to_owned(), Some(&hostile)),
        (format!("{{\"a\":\"{KEY}\"}}"), Some(&beside(&[("a", b"x")]))),
        ("{}".to_owned(), Some(&beside(&[]))),
        ("{}".to_owned(), None),
    ] {
        trace.line_beside(way(8, Direction::ToServer), call(&text).as_bytes(), None, beside);
    }
    trace.end(Timestamp(9), "over");
    let path = folder.path().join("a_b_c-r1.jsonl");
    assert!(!fs::read_to_string(&path).unwrap().contains(KEY));
    let came: Vec<Option<Repeated>> = lines(&path)
        .1
        .into_iter()
        .filter_map(|line| match line {
            Line::Message { beside, .. } => Some(beside),
            _ => None,
        })
        .collect();
    let [Some(first), Some(hidden), Some(none), None] = came.as_slice() else { panic!("{came:?}") };
    let value = |name: &str| first.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(value("region"), Some(b"eu".to_vec()));
    assert_eq!(value("odd"), Some(b"=?base64?/yI=?=".to_vec()));
    assert!(value("token").is_some_and(|value| value.starts_with(b"[redacted")));
    assert_eq!(*hidden, beside(&[("a", b"[redacted]")]));
    assert_eq!(*none, beside(&[]));
}

#[test]
fn a_trace_that_cannot_be_written_is_given_up_and_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let said = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = Arc::clone(&said);
    let alarm = Box::new(move |_: &io::Error| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let trace =
        Trace::open(folder.path(), about("r"), Timestamp(0), Arc::new(Scanner::new()), alarm).unwrap();
    let full = trace.shelf.kept(fs::File::open("/dev/full").unwrap());
    trace.out.lock().unwrap().file = Some(full);
    trace.end(Timestamp(1), "a");
    trace.end(Timestamp(2), "b");
    assert_eq!(said.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[test]
fn a_long_run_goes_on_in_a_new_file_and_drops_the_oldest_but_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let trace = open(folder.path(), "r1");
    for part in 2..=u64::from(super::PARTS_KEPT) + 3 {
        trace.out.lock().unwrap().written = super::PART_BYTES_MAX + 1;
        trace.end(Timestamp(i64::try_from(part).unwrap()), "again");
    }
    let count = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(count, super::PARTS_KEPT as usize, "the newest and the first");
    assert!(
        folder.path().join("a_b_c-r1.jsonl").exists() && !folder.path().join("a_b_c-r1.2.jsonl").exists()
    );
    assert_eq!(lines(&folder.path().join("a_b_c-r1.19.jsonl")).0.part, 19);
}
