//! Prints a report with everything in it, for looking at: `cargo xtask screens` takes pictures of it.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example talks to the person who runs it"
)]

mod page;

fn main() {
    let name = if std::env::args().any(|argument| argument == "--hostile") { page::HOSTILE } else { "files" };
    println!("{}", bailiwick_report::html(&page::page(name)));
}
