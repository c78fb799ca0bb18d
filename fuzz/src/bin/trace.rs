//! Traces: any file is read or refused, line by line, and a torn end changes nothing of what comes before it.
#![no_main]

use bailiwick_record::trace::{Line, Reader, pins_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(reader) = Reader::new(bytes) else { return };
    let header = reader.header.clone();
    let _ = header.limits();
    assert_eq!(header.whereabouts().is_some(), header.workspace.is_some());
    if let Some(pins) = &header.pins {
        let _ = pins_of(pins.get());
    }
    let all = lines(reader);
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(all.len() < ends.max(1), "a line for each end of one, but the first");
    // What a crash left behind the last whole line.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let torn = [&bytes[..whole], b"{\"at\":1,\"to\":\"ser"].concat();
    let again = Reader::new(torn.as_slice()).expect("its first line is whole");
    assert_eq!(lines(again), all, "a torn end is passed over");
});

/// Every line as it is read, up to the first that cannot be.
fn lines(mut reader: Reader<&[u8]>) -> Vec<String> {
    let (mut all, mut last) = (Vec::new(), reader.line_number());
    while let Some(line) = reader.next() {
        assert!(reader.line_number() > last, "lines are counted on");
        last = reader.line_number();
        match line {
            Ok(line) => {
                assert!(line.at().is_some() || matches!(line, Line::Unknown));
                all.push(format!("{line:?}"));
            }
            Err(error) => {
                all.push(error.to_string());
                break;
            }
        }
    }
    all
}
