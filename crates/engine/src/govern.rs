//! What governs each kind of request, a file each.

mod observed;
mod prompt;
mod requested;
mod resource;
mod server;
mod task;
mod tool;

pub(crate) use self::prompt::completed;
pub(crate) use self::requested::Asks;
