//! The tamper-evident audit log: JSON lines, chained by SHA-256 and signed with Ed25519.
//!
//! Line 1 is a signed header; each line ends with a hash over the hash before it and its own bytes; every
//! [`CHECKPOINT_EVERY`]th record, and the last of a closed log, is a signed checkpoint; and a side file
//! `LOG.checkpoint` says, signed, how far the log reaches. [`verify_file`] finds a record that was changed, removed,
//! inserted, moved or cut off, and says where, also when whoever did it recomputed all the hashes.
//!
//! # The format, version 1.0
//!
//! UTF-8, one JSON object per line, of at most [`LINE_BYTES_MAX`] bytes. A line is `BODY,"hash":"HEX"}` and an LF.
//! BODY begins `{"seq":N,"time":"T","kind":"K"`, in this order and without spaces: N counts from 0, T is RFC 3339 in
//! UTC with six digits of fraction, K is a word of lower-case letters and `_`. HEX is the lower-case hexadecimal
//! SHA-256 of the 32 bytes of the hash before, followed by BODY. Before the header comes SHA-256 of `bailiwick.audit/1`,
//! where 1 is the major version.
//!
//! Record 0 has the kind `header` and the members `format`, `version`, `log` (32 hexadecimal digits) and `public_key` (a
//! C2SP verifier key). Every record whose N is a multiple of 1,024 has the kind `checkpoint`, as has the one that closes
//! the log, which says `"closed":true`; after that one only another checkpoint may follow. Headers and checkpoints are
//! signed: their BODY ends with `,"signature":"S"`, where S is base64 of an Ed25519 signature over the three lines
//!
//! ```text
//! bailiwick.audit/LOG signed record
//! N
//! base64 of SHA-256(hash before || BODY without the signature)
//! ```
//!
//! The side file is a C2SP signed note by the same key, under the name `bailiwick.audit`, of the three lines
//! `bailiwick.audit/LOG`, N, and base64 of the hash of record N. A reader takes any minor version and passes over
//! members and kinds that it does not know.
//!
//! In a [`Store`] of somebody else's the lines and the note are the same.
//!
//! # What it does not show
//!
//! * Whoever can read the signing key can write any history. A program with the same user id can: a log that must
//!   hold against those needs another user, or its checkpoint copied to another machine.
//! * Without a trusted public key only agreement with itself is shown: anybody can make a whole log with a key of
//!   their own.
//! * Removing log and side file together, or putting back an older copy of both, leaves nothing to compare with.
//!   Keep the side file elsewhere too (it is some 200 bytes) to see that.
//! * Records after the last signature (at most [`FLUSH_INTERVAL`] plus one disk flush of a log in use, or of one
//!   whose process was killed) are chained but not signed: they can be forged. The next start marks such a tail
//!   with a `repair` record before it signs it.
//! * A record says what Bailiwick decided and saw. Whether the effect took place is the server's word.

mod chain;
mod error;
mod file;
mod follow;
mod key;
mod lines;
mod log;
mod note;
mod open;
mod read;
mod render;
mod report;
mod shared;
mod source;
mod state;
mod store;
mod verify;
mod writer;

pub use bailiwick_engine::visible;
pub use chain::{CHECKPOINT_EVERY, ChainHash, FORMAT, LINE_BYTES_MAX, Position, VERSION};
pub use error::{AuditError, KeyFault};
pub use follow::{FOLLOW_INTERVAL, Follow};
pub use key::{KEY_FILE, PUBLIC_KEY_FILE, PublicKey};
pub use log::{AuditLog, Durability, FLUSH_INTERVAL, PENDING_BYTES_MAX};
pub use note::{NOTE_BYTES_MAX, note_path, read_note};
pub use open::{OpenOptions, Opened, StoreOptions};
pub use read::{ReadError, Reason, Record, Records};
pub use render::{Style, render_line};
pub use report::{FINDINGS_MAX, Fault, Finding, Report, Severity, Torn};
pub(crate) use source::{Sink, Source};
pub use store::{Held, Store};
pub use verify::{Checkpoint, VerifyOptions, verify, verify_file};
