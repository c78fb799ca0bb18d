//! SQL: any text is read without panic, deep stack or stall, and a script without a doubt has a reading.
#![no_main]

use bailiwick_semantic::sql::{DIALECTS, Sql, is_plausible};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let _ = is_plausible(text);
    for dialect in DIALECTS.iter().map(|(_, dialect)| Some(*dialect)).chain([None]) {
        let sql = Sql::read(text, dialect);
        assert_eq!(sql.unreadable, sql.readings.is_empty());
        assert_eq!(sql, Sql::read(text, dialect), "the same text, the same reading");
    }
});
