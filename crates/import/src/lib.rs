//! Policies of other products, read as policies of ours.
//!
//! [`recognise`] tells whose a text is, [`import`] translates it: the text of a policy in our language, with comments that
//! name the lines it comes from, and notes on what differs, each with a call that shows it. Bytes in, text out; no IO.
//! [`export`] goes the other way, for what fits.

mod aegis;
mod agentperms;
mod cedar;
mod claude;
mod draft;
mod envelope;
mod export;
mod expression;
mod fnmatch;
mod mcpfw;
mod note;
mod out;
mod python;
mod reader;
mod recognise;

use bailiwick_policy::{Problems, Source};

pub use export::{Exported, export};
pub use note::{Kind, Note, Shown};
pub use recognise::recognise;

use draft::Draft;
use reader::Reader;

/// Longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most rules, limits, sequences and preconditions in a translation.
pub const ENTRIES_MAX: usize = 10_000;
/// Most notes on one translation.
pub const NOTES_MAX: usize = 1_000;

/// Whose policy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Mcpfw,
    Agentperms,
    Aegis,
    Envelope,
    Claude,
    /// As text, or in a configuration of ToolHive.
    Cedar,
}

impl Format {
    /// All of them with their names.
    pub const ALL: [(&'static str, Format); 6] = [
        ("mcpfw", Format::Mcpfw),
        ("agentperms", Format::Agentperms),
        ("mcp-aegis", Format::Aegis),
        ("agent-envelope", Format::Envelope),
        ("claude-code", Format::Claude),
        ("cedar", Format::Cedar),
    ];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Format::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}

/// What a translation keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The original's order and meaning, with its holes.
    Exact,
    /// The original's intention, in our meaning: normalised values, every key, deny wins, silence never allows.
    Safe,
}

impl Mode {
    /// The word of the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Mode::Exact => "exact",
            Mode::Safe => "safe",
        }
    }
}

/// A translation.
#[derive(Debug, Clone)]
pub struct Imported {
    /// A policy in our language.
    pub text: String,
    pub notes: Vec<Note>,
    /// Rules, limits and the like in it.
    pub entries: usize,
}

/// Translates `source`.
///
/// # Errors
/// Everything in the text that is not of the format, or cannot be said here, each with its place.
pub fn import(source: &Source, format: Format, mode: Mode) -> Result<Imported, Problems> {
    let mut reader = Reader::new(&source.text);
    let mut draft = Draft::new(&source.name, format, mode);
    if source.text.len() > TEXT_BYTES_MAX {
        reader.fault(0..0, format!("longer than {TEXT_BYTES_MAX} bytes"), "split it");
    } else {
        match format {
            Format::Mcpfw => mcpfw::translate(&mut reader, &mut draft),
            Format::Agentperms => agentperms::translate(&mut reader, &mut draft),
            Format::Aegis => aegis::translate(&mut reader, &mut draft),
            Format::Envelope => envelope::translate(&mut reader, &mut draft),
            Format::Claude => claude::translate(&mut reader, &mut draft),
            Format::Cedar => cedar::translate(&mut reader, &mut draft),
        }
    }
    if draft.entries() > ENTRIES_MAX {
        reader.fault(0..0, format!("more than {ENTRIES_MAX} rules"), "split it");
    }
    if reader.faults.is_empty() {
        Ok(draft.finish())
    } else {
        Err(Problems::of(source.clone(), reader.faults))
    }
}
