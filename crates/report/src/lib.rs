//! One page about the MCP servers of a machine or a repository: what was found, used, decided, attacked, changed,
//! approved, and what was not looked at. As HTML without scripts, and in the formats of other programs.
//!
//! Pure: [`page`] is what is known, [`history`] makes it of records, the rest writes it down.

mod attacks;
pub mod history;
pub mod html;
mod issues;
mod json;
mod markdown;
pub mod page;
mod text;

pub use attacks::packs;
pub use html::html;
pub use issues::issues;
pub use json::json;
pub use markdown::markdown;
