//! What governs each kind of request, a file each.

mod prompt;
mod requested;
mod resource;
mod server;
mod tool;

pub(crate) use self::requested::Asks;
