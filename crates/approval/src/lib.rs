//! Channels that bring a human's answer: today the terminal.
//!
//! A [`Desk`] takes [`Question`]s, shows one after the other on `/dev/tty` (never on standard input, which is the
//! protocol) and delivers exactly one [`Answer`] for each. Silence, a closed terminal, a key that was not asked for
//! and every failure is a denial.
//!
//! How an agent could try to answer, and why it fails:
//!
//! | attempt | answer |
//! |---|---|
//! | keys typed before the question was read | input is flushed when it appears, and not heard for [`SETTLE`] |
//! | a long argument that pushes the harmful part off the screen | no approval before the last row was shown |
//! | invisible, bidirectional or control characters, terminal escapes | shown as `⟨U+202E⟩` |
//! | look-alike letters in a name | named in the warnings, which come last |
//! | text that imitates the prompt | foreign text is always indented; our own line starts at the left edge |
//! | keys pushed into the terminal by another process (`TIOCSTI`) | a random code must be typed where the kernel allows that |
//! | bytes on our standard input | never read here |
//! | a server that draws over the question through its standard error | [`Screen`] holds that text back, and cleans it |
//!
//! Not prevented here: a process of the same user that opens the terminal's device by its path and draws over the
//! question, or reads the keys in our place. The wrapped server itself is started without a terminal.

mod arguments;
mod desk;
mod prompt;
mod question;
mod screen;
mod sheet;
mod terminal;
mod visible;

pub use desk::{Desk, DeskOptions, WAITING_MAX};
pub use prompt::{Confirm, SETTLE};
pub use question::{Answer, DenyCause, NoTerminal, Question, Reason};
pub use screen::Screen;
pub use sheet::page;
pub use terminal::{Gesture, Keeper};
pub use visible::visible;
