//! The reviewed table of well-known servers and their tools, kept as a text that people can read and correct.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Label, Labels};

/// One section of the table.
#[derive(Debug, Default)]
struct Server {
    /// The names under which the server is usually run.
    names: Vec<&'static str>,
    tools: BTreeMap<&'static str, Labels>,
}

static SERVERS: LazyLock<Vec<Server>> = LazyLock::new(|| parse(TEXT).0);

const TEXT: &str = include_str!("../../labels/well-known.txt");

/// `[name name …]` begins a server; `labels…: tool tool …` is a line of it. Lines that are neither are given back.
fn parse(text: &'static str) -> (Vec<Server>, Vec<&'static str>) {
    let (mut servers, mut wrong): (Vec<Server>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(names) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            servers.push(Server { names: names.split_whitespace().collect(), tools: BTreeMap::new() });
            continue;
        }
        let read = line.split_once(':').and_then(|(labels, tools)| {
            let labels: Option<Vec<Label>> = labels.split_whitespace().map(Label::from_word).collect();
            Some((labels?.into_iter().collect::<Labels>(), tools))
        });
        let (Some((labels, tools)), Some(server)) = (read, servers.last_mut()) else {
            wrong.push(line);
            continue;
        };
        for tool in tools.split_whitespace() {
            let known = server.tools.entry(tool).or_default();
            *known = known.union(labels);
        }
    }
    (servers, wrong)
}

/// What the tools of this name have in common, whoever serves them, and the labels of the tool of this very server, if the
/// table knows it. Both names folded.
pub(super) fn tool(server: &str, tool: &str) -> (Labels, Option<Labels>) {
    let mut named: Option<Labels> = None;
    let mut known: Option<Labels> = None;
    let bare = bare(server);
    for entry in SERVERS.iter() {
        let Some(labels) = entry.tools.get(tool) else { continue };
        named = Some(named.map_or(*labels, |named| named.common(*labels)));
        if entry.names.contains(&bare) {
            known = Some(known.unwrap_or_default().union(*labels));
        }
    }
    (named.unwrap_or_default().union(known.unwrap_or_default()), known)
}

/// A server's name without what packages add to it: `mcp-server-git` is `git`.
fn bare(server: &str) -> &str {
    let mut name = server;
    for prefix in ["mcp-server-", "server-", "mcp-"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    for suffix in ["-mcp-server", "-server", "-mcp"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    name
}

/// What reading a resource does, where its scheme says so.
pub(super) fn resource(uri: &str) -> Option<Labels> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("file") => Some([Label::Read, Label::Private].into_iter().collect()),
        Some("http" | "https" | "ftp" | "ws" | "wss") => {
            Some([Label::Read, Label::Network, Label::Egress, Label::Untrusted].into_iter().collect())
        }
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Labels, TEXT, bare, parse, resource, tool};

    #[test]
    fn every_line_of_the_table_is_understood_and_in_order() {
        let (servers, wrong) = parse(TEXT);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(servers.len() >= 12, "{}", servers.len());
        assert!(servers.iter().all(|server| !server.names.is_empty() && !server.tools.is_empty()));
        for server in &servers {
            // Folded names are looked up.
            let folded = |name: &&str| **name == name.to_ascii_lowercase();
            assert!(
                server.names.iter().all(|name| folded(name) && bare(name) == *name),
                "{:?}",
                server.names
            );
            assert!(server.tools.keys().all(folded), "{:?}", server.names);
        }
    }

    #[test]
    fn a_tool_is_known_where_its_server_is() {
        let both: Labels = [Label::Read, Label::Private].into_iter().collect();
        assert_eq!(tool("filesystem", "read_file"), (both, Some(both)));
        assert_eq!(tool("mcp-server-filesystem", "read_file").1, Some(both));
        assert_eq!(tool("evil", "read_file"), (both, None), "the name alone is no knowledge, but a hint");
        assert!(
            tool("desktop-commander", "read_file").1.is_some_and(|labels| labels.contains(Label::Network))
        );
        assert_eq!(tool("filesystem", "send_file"), (Labels::NONE, None));
    }

    #[test]
    fn a_scheme_says_what_reading_does() {
        assert!(resource("FILE:///etc/passwd").is_some_and(|labels| labels.contains(Label::Private)));
        assert!(resource("https://example.com").is_some_and(|labels| labels.contains(Label::Egress)));
        assert_eq!(resource("notes://1"), None);
        assert_eq!(resource("no scheme"), None);
    }
}
