//! The audit log's readers: any file is verified or refused, and what a person sees of it obeys no escape sequence.
#![no_main]

use bailiwick_record::audit::{Checkpoint, Record, Records, Style, VerifyOptions, render_line, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let report =
        verify(bytes, VerifyOptions { trusted: None, checkpoint: Checkpoint::Content(bytes.to_vec()) });
    assert!(!report.is_ok(), "a log that vouches for itself");
    for record in Records::new(bytes).flatten() {
        shown(&record);
    }
    if let Ok(record) = Record::parse(bytes) {
        shown(&record);
    }
});

fn shown(record: &Record) {
    let line = render_line(record, Style { colour: false });
    assert!(!line.chars().any(char::is_control), "a terminal would obey `{line:?}`");
}
