//! Named limits of the guards. What lies beyond one is reported as not inspected, never as clean.

/// Longest text that one scan reads, in bytes; the rest is not inspected. As long as the longest message.
pub const SCAN_BYTES_MAX: usize = 16 << 20;

/// Most findings of one guard in one text; further ones are counted as omitted. Redaction and stripping have no such
/// bound: they change everything that they find.
pub const FINDINGS_MAX: usize = 64;

/// How much of a blob of text is decoded, in bytes of base64; what is longer is named as not inspected.
pub const BLOB_BYTES_MAX: usize = 4 << 20;

/// Injection is searched in parts of this many bytes, so that memory does not grow with the text.
pub const INJECTION_PART_BYTES: usize = 256 << 10;

/// Parts overlap by so many bytes, so that nothing is cut in two.
pub const INJECTION_OVERLAP_BYTES: usize = 4 << 10;

/// Widest stretch of normalised text that one injection is pieced together from, in bytes.
pub const INJECTION_WINDOW_BYTES: usize = 600;

/// Most concept hits looked at to complete one injection rule.
pub const INJECTION_HITS_MAX: usize = 48;

/// How much of a candidate is judged for being a placeholder or random, in bytes.
pub const SECRET_JUDGED_BYTES: usize = 128;

/// How much of a value without quotes is read before it is judged, in bytes; what is a secret is redacted to its end.
pub const SECRET_WORD_BYTES_MAX: usize = 256;

/// How much of a quoted value is read before it is judged, in bytes; what is a secret is redacted to its end.
pub const SECRET_VALUE_BYTES_MAX: usize = 4_096;

/// Longest private key block, in bytes; an unterminated one is taken as far as its base64 goes.
pub const SECRET_PEM_BYTES_MAX: usize = 32 << 10;

/// How much of one argument is looked at, in bytes; content and code are not looked at at all.
pub const ARGUMENT_BYTES_MAX: usize = 256 << 10;

/// Longest form of a server that is looked at, in bytes; a longer one is not inspected.
pub const FORM_BYTES_MAX: usize = 64 << 10;

/// Longest stretch that is decoded as one, in bytes.
pub const CANDIDATE_BYTES_MAX: usize = 16 << 10;

/// Most stretches of encoding letters of one part that are tried.
pub const CANDIDATES_MAX: usize = 64;

/// Most decoded pieces of one part that are judged; further ones are named as not inspected.
pub const DECODED_VIEWS_MAX: usize = 32;

/// Most bytes of decoded pieces of one part.
pub const DECODED_BYTES_MAX: usize = 256 << 10;

/// What a compressed piece may grow to, in bytes.
pub const INFLATED_BYTES_MAX: usize = 64 << 10;

/// Most windows of one part that the linear model judges.
pub const MODEL_WINDOWS_MAX: usize = 96;

/// Longest `inputSchema` that is read, in bytes; of a longer one nothing is held against calls.
pub const SCHEMA_SOURCE_BYTES_MAX: usize = 256 << 10;

/// Most schemas inside of one, and the deepest; further ones let everything pass.
pub const SCHEMA_NODES_MAX: usize = 512;
pub const SCHEMA_DEPTH_MAX: usize = 16;

/// Most names, alternatives and values of one schema that are kept, and their text in bytes.
pub const SCHEMA_WORDS_MAX: usize = 2_048;
pub const SCHEMA_TEXT_BYTES_MAX: usize = 64 << 10;

/// Most different `$ref` of one schema that are followed.
pub const SCHEMA_REFERENCES_MAX: usize = 64;

/// Steps of holding one call against a schema, besides two for every byte of its arguments.
pub const SCHEMA_STEPS_MAX: u64 = 50_000;

/// Deepest that a value and its schemas are followed together.
pub const SCHEMA_LOOK_DEPTH_MAX: usize = 256;
