//! The strict parser: what it accepts, serde_json accepts too, with the same values in the same places.
#![no_main]

use bailiwick_mcp::{Kind, Limits, Parser, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parser = Parser::default();
    let Ok(document) = parser.parse(bytes, &Limits::DEFAULT) else { return };
    let second: serde_json::Value = serde_json::from_slice(bytes).expect("serde_json refuses what we accept");
    same(document.root(), &second);
    for value in document.root().descendants() {
        let (start, end) = value.span();
        assert_eq!(document.source().get(start..end), Some(value.raw()), "the span is the value");
    }
});

fn same(ours: Value<'_>, theirs: &serde_json::Value) {
    match theirs {
        serde_json::Value::Null => assert!(ours.is_null()),
        serde_json::Value::Bool(truth) => assert_eq!(ours.boolean(), Some(*truth)),
        serde_json::Value::Number(number) => {
            assert_eq!(ours.kind(), Kind::Number);
            assert_eq!(ours.number(), number.as_f64(), "two doubles for `{}`", ours.raw());
        }
        serde_json::Value::String(text) => assert_eq!(ours.text().as_deref(), Some(text.as_str())),
        serde_json::Value::Array(elements) => {
            assert_eq!(ours.elements().count(), elements.len());
            for (ours, theirs) in ours.elements().zip(elements) {
                same(ours, theirs);
            }
        }
        serde_json::Value::Object(members) => {
            assert_eq!(ours.members().count(), members.len(), "a duplicate key got through");
            for (key, theirs) in members {
                same(ours.get(key).expect("a member that only serde_json sees"), theirs);
            }
        }
    }
}
