//! Keeps AI agents inside their bailiwick.

fn main() {}
