//! What governs each kind of request, a file each.

mod prompt;
mod resource;
mod server;
mod task;
mod tool;
