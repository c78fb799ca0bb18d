//! Why a text was no message, as words of the trace: the text itself is not in it.

use bailiwick_mcp::Malformation;
use bailiwick_mcp::json::{Fault, ParseError};

const CAUSES: [(&str, Malformation); 14] = [
    ("version", Malformation::Version),
    ("id", Malformation::Id),
    ("method", Malformation::Method),
    ("params", Malformation::Params),
    ("shape", Malformation::Shape),
    ("key-case", Malformation::KeyCase),
    ("param-case", Malformation::ParamCase),
    ("batch", Malformation::Batch),
    ("batch-size", Malformation::BatchSize),
    ("batch-initialize", Malformation::BatchInitialize),
    ("too-long", Malformation::TooLong),
    ("header", Malformation::Header),
    ("meta", Malformation::Meta),
    ("carriage-return", Malformation::CarriageReturn),
];

const FAULTS: [(&str, Fault); 14] = [
    ("json-too-long", Fault::TooLong),
    ("json-utf8", Fault::Utf8),
    ("json-byte-order-mark", Fault::ByteOrderMark),
    ("json-truncated", Fault::Truncated),
    ("json-unexpected", Fault::Unexpected),
    ("json-trailing", Fault::Trailing),
    ("json-control", Fault::Control),
    ("json-escape", Fault::Escape),
    ("json-surrogate", Fault::Surrogate),
    ("json-number", Fault::Number),
    ("json-number-range", Fault::NumberRange),
    ("json-duplicate-key", Fault::DuplicateKey),
    ("json-too-deep", Fault::TooDeep),
    ("json-too-many", Fault::TooMany),
];

/// The word, and of what is no JSON the offending byte.
pub(super) fn word(cause: Malformation) -> (&'static str, usize) {
    match cause {
        Malformation::Json(error) => {
            let word = FAULTS.iter().find(|(_, fault)| *fault == error.fault).map_or("", |(word, _)| word);
            (word, error.offset)
        }
        cause => (CAUSES.iter().find(|(_, known)| *known == cause).map_or("", |(word, _)| word), 0),
    }
}

/// What the word stands for.
pub(super) fn cause(word: &str, offset: usize) -> Option<Malformation> {
    let fault = FAULTS.iter().find(|(known, _)| *known == word);
    let json = fault.map(|(_, fault)| Malformation::Json(ParseError { fault: *fault, offset }));
    json.or_else(|| CAUSES.iter().find(|(known, _)| *known == word).map(|(_, cause)| *cause))
}
