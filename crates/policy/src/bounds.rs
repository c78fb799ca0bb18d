//! Named limits of a policy. A policy comes from the operator, but a mistake in one must not cost unbounded work.

/// Longest policy text, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of lists and maps in a policy text.
pub const TREE_DEPTH_MAX: usize = 24;
/// Longest chain of `extends`.
pub const EXTENDS_DEPTH_MAX: usize = 16;
/// Most texts in one policy.
pub const SOURCES_MAX: usize = 64;
/// Most rules, and most limits, in one policy.
pub const RULES_MAX: usize = 10_000;
/// Most patterns in one policy, over all matchers and targets.
pub const PATTERNS_MAX: usize = 100_000;
/// Longest pattern after its variables are filled in, in bytes.
pub const PATTERN_BYTES_MAX: usize = 4_096;
/// Largest compiled program of one matcher's patterns, in bytes.
pub const REGEX_BYTES_MAX: usize = 4 << 20;
/// Most problems that are reported at once.
pub const PROBLEMS_MAX: usize = 100;
/// Longest condition (`if`), in bytes.
pub const CONDITION_BYTES_MAX: usize = 8_192;
/// Deepest nesting of a condition.
pub const CONDITION_DEPTH_MAX: usize = 32;
/// Most parts of a condition.
pub const CONDITION_NODES_MAX: usize = 1_024;
/// Most `all` and `exists` in each other.
pub const CONDITION_VARIABLES_MAX: usize = 4;
/// Work that one evaluation of a condition may do, in steps of a few nanoseconds.
pub const CONDITION_STEPS: usize = 100_000;
/// Further steps for each byte of the arguments.
pub const CONDITION_STEPS_PER_BYTE: usize = 8;
/// Deepest nesting of a schema, references included; what is deeper says nothing.
pub const SCHEMA_DEPTH_MAX: usize = 32;
/// Most parts of one schema, references included; what is beyond says nothing.
pub const SCHEMA_NODES_MAX: usize = 4_096;
/// Most ways in which one string is read as a path; a string with more is unreadable.
pub const READINGS_MAX: usize = 64;
/// Most people that one approval may take.
pub const APPROVERS_MAX: u8 = 16;
/// Most tests in one test file.
pub const TESTS_MAX: usize = 10_000;
/// Most calls before the one of a test.
pub const TEST_CALLS_MAX: u32 = 100_000;
/// Most steps of a sequence.
pub const STEPS_MAX: usize = 16;
/// Most sequences and preconditions with `same` in one policy: each remembers values.
pub const SAME_RULES_MAX: usize = 256;
/// Most values of one call under `same`; a call with more belongs to everything.
pub const SAME_KEYS_MAX: usize = 64;
/// Most entries of guards in one file.
pub const GUARD_ENTRIES_MAX: usize = 256;
/// Most suppressions of findings in one file.
pub const SUPPRESSIONS_MAX: usize = 256;
/// Most patterns that guards look for besides, in one file.
pub const GUARD_PATTERNS_MAX: usize = 64;
