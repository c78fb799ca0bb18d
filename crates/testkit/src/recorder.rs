//! The recording server of `tests/peers`, and what it wrote down.

use crate::script::ServerCommand;
use crate::tools;
use crate::workplace::Workplace;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

/// One line that reached the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Its bytes, without the newline.
    pub line: Vec<u8>,
    /// Why it should never have come, in the judgement of `strict.py`.
    pub fault: Option<String>,
    /// What the server makes of it: each method, with the `name` in its parameters.
    pub calls: Vec<(String, Option<String>)>,
}

/// The command line of the recorder in these modes (a comma list, see its head); it writes into the workplace.
pub fn command(place: &Workplace, modes: &str) -> ServerCommand {
    ServerCommand {
        command: vec![tools::python(), tools::peer_file("recording_server.py")],
        environment: vec![
            ("RECORDER_LOG".to_owned(), place.at("recorder.log")),
            ("RECORDER_MODE".to_owned(), modes.to_owned()),
        ],
    }
}

/// Everything that reached the recorder so far.
pub fn arrivals(place: &Workplace) -> Vec<Arrival> {
    let log = std::fs::read_to_string(place.at("recorder.log")).unwrap_or_default();
    // The last line may be on its way.
    log.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(arrival).collect()
}

/// What `strict.py` says of each line: `None` where it may pass. A batch of messages may pass as well.
pub fn faults(lines: &[Vec<u8>]) -> Vec<Option<String>> {
    let mut judge = Command::new(tools::python())
        .args(["-B", &tools::peer_file("strict.py"), "--batches"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut input = judge.stdin.take().expect("piped");
    let text: Vec<u8> = lines.iter().flat_map(|line| line.iter().chain(b"\n")).copied().collect();
    let writer = std::thread::spawn(move || input.write_all(&text));
    let output = judge.wait_with_output().expect("the judge ends");
    writer.join().expect("the writer does not panic").expect("the judge reads all");
    assert!(output.status.success(), "strict.py failed");
    let verdicts = String::from_utf8(output.stdout).expect("UTF-8");
    let faults: Vec<_> =
        verdicts.split_terminator('\n').map(|v| (!v.is_empty()).then(|| v.to_owned())).collect();
    assert_eq!(faults.len(), lines.len(), "one verdict for each line");
    faults
}

fn arrival(line: &str) -> Arrival {
    let entry: Value = serde_json::from_str(line).expect("the recorder writes JSON");
    // Latin-1: every byte is the character of the same number.
    let bytes = entry["line"]
        .as_str()
        .expect("a line")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).expect("latin-1"))
        .collect();
    let calls = entry["calls"].as_array().expect("calls").iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Arrival {
        line: bytes,
        fault: text(&entry["fault"]),
        calls: calls.map(|call| (text(&call[0]).unwrap_or_default(), text(&call[1]))).collect(),
    }
}
