//! One HTML file that needs nothing else: no script, no font, no image, no address that is fetched.
//!
//! Threat: names of tools, servers and files are chosen by whoever wrote the server or the repository. Every text goes
//! through [`shown`] and the template's escaping; the page's own content policy forbids scripts and every fetch, so
//! that a hole in the escaping would still run nothing.

mod charts;
mod findings;
mod history;
mod servers;
mod summary;

use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use sha2::{Digest as _, Sha256};

use crate::page::Page;
use crate::text::{shown, when};

/// Rows of one table that are shown; of further ones their number.
const ROWS_MAX: usize = 500;

const STYLE: &str = include_str!("html/style.css");

/// The page as one HTML document.
#[must_use]
pub fn html(page: &Page) -> String {
    // The digest names the one style that may take effect.
    let digest = BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
    let content_policy =
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    let document = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(content_policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { "Bailiwick report, " (shown(&page.made)) }
                // Ours, and without a single `<`.
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (head(page))
                main #main {
                    (summary::tiles(page))
                    (servers::section(page))
                    (findings::section(page))
                    (history::timeline(page))
                    (history::tools(page))
                    (findings::attacks(page))
                    (servers::drift(page))
                    (history::approvals(page))
                    (history::logs(page))
                    (summary::not_inspected(page))
                }
                footer {
                    p { "Made by " (shown(&page.program)) " at " (when(&page.made))
                        ". This file holds no script and fetches nothing; names in it are those that servers and files gave themselves." }
                }
            }
        }
    };
    document.into_string()
}

fn head(page: &Page) -> Markup {
    const SECTIONS: [(&str, &str); 9] = [
        ("servers", "Servers"),
        ("findings", "Findings"),
        ("timeline", "Decisions"),
        ("tools", "Tools"),
        ("attacks", "Attacks"),
        ("drift", "Drift"),
        ("approvals", "Approvals"),
        ("audit", "Audit logs"),
        ("not-inspected", "Not looked at"),
    ];
    markup! {
        header {
            h1 { "What agents may do here, and did" }
            p.soft { (crate::text::count(page.servers.len(), "MCP server")) " in "
                (crate::text::count(page.files, "configuration")) ", "
                (when(&page.made)) }
            @if let Some(policy) = &page.policy {
                p { "Policy: " @for (at, layer) in policy.layers.iter().enumerate() {
                        @if at > 0 { ", " } code { (shown(layer)) } }
                    " (" (crate::text::count(policy.rules, "rule")) ", digest "
                    code { (shown(policy.digest.get(..12).unwrap_or(&policy.digest))) } ")" }
            }
            nav aria-label="Sections" { ul { @for (id, name) in SECTIONS { li { a href={ "#" (id) } { (name) } } } } }
        }
    }
}

/// A section with its heading.
fn titled(id: &str, title: &str, content: &Markup) -> Markup {
    markup! { section #(id) aria-labelledby={ (id) "-title" } { h2 #{ (id) "-title" } { (title) } (content) } }
}

/// What a table had no room for.
fn more(all: usize, what: &str) -> Markup {
    let more = all.saturating_sub(ROWS_MAX);
    markup! { @if more > 0 { p.soft { (crate::text::count(more, &format!("more {what}"))) " not shown here; --format json lists all of them." } } }
}

/// A word with the colour and the frame of its meaning.
fn tag(kind: &'static str, word: &str) -> Markup {
    markup! { span class={ "tag " (kind) } { (word) } }
}
