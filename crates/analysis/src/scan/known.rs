//! The bundled list: well-known servers, what they can do, and names that are known to be bad.

/// A well-known package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) can: &'static [Can],
}

/// What a server can do with what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Can {
    /// Read what is not public.
    Private,
    /// Bring in texts that anybody may have written.
    Untrusted,
    /// Send something out.
    Send,
}

use Can::{Private, Send, Untrusted};

/// Names are those of npm and PyPI; images by what follows the registry.
pub(super) const KNOWN: &[Known] = &[
    known("@modelcontextprotocol/server-filesystem", &[Private]),
    known("@modelcontextprotocol/server-memory", &[Private]),
    known("@modelcontextprotocol/server-everything", &[]),
    known("@modelcontextprotocol/server-sequential-thinking", &[]),
    known("@modelcontextprotocol/server-github", &[Private, Untrusted, Send]),
    known("@modelcontextprotocol/server-gitlab", &[Private, Untrusted, Send]),
    known("@modelcontextprotocol/server-slack", &[Private, Untrusted, Send]),
    known("@modelcontextprotocol/server-postgres", &[Private]),
    known("@modelcontextprotocol/server-redis", &[Private]),
    known("@modelcontextprotocol/server-puppeteer", &[Untrusted, Send]),
    known("@modelcontextprotocol/server-brave-search", &[Untrusted, Send]),
    known("@modelcontextprotocol/server-google-maps", &[Send]),
    known("@modelcontextprotocol/server-gdrive", &[Private, Untrusted]),
    known("@modelcontextprotocol/server-everart", &[Send]),
    known("mcp-server-git", &[Private]),
    known("mcp-server-fetch", &[Untrusted, Send]),
    known("mcp-server-time", &[]),
    known("mcp-server-sqlite", &[Private]),
    known("mcp-server-sentry", &[Private, Untrusted]),
    known("ghcr.io/github/github-mcp-server", &[Private, Untrusted, Send]),
    known("@playwright/mcp", &[Untrusted, Send]),
    known("@upstash/context7-mcp", &[Untrusted]),
    known("@notionhq/notion-mcp-server", &[Private, Untrusted, Send]),
    known("@supabase/mcp-server-supabase", &[Private, Send]),
    known("@sentry/mcp-server", &[Private, Untrusted]),
    known("@stripe/mcp", &[Private, Send]),
    known("@heroku/mcp-server", &[Private, Send]),
    known("@azure/mcp", &[Private, Send]),
    known("@browserbasehq/mcp", &[Untrusted, Send]),
    known("@executeautomation/playwright-mcp-server", &[Untrusted, Send]),
    known("firecrawl-mcp", &[Untrusted, Send]),
    known("exa-mcp-server", &[Untrusted, Send]),
    known("tavily-mcp", &[Untrusted, Send]),
    known("figma-developer-mcp", &[Private]),
    known("chrome-devtools-mcp", &[Untrusted, Send]),
    known("mcp-remote", &[]),
    known("mcp-server-kubernetes", &[Private, Send]),
    known("mcp-atlassian", &[Private, Untrusted, Send]),
    known("mcp-obsidian", &[Private]),
    known("awslabs.core-mcp-server", &[]),
    known("awslabs.aws-documentation-mcp-server", &[Untrusted]),
    known("blender-mcp", &[]),
    known("serena-agent", &[Private]),
    known("duckduckgo-mcp-server", &[Untrusted, Send]),
    known("markitdown-mcp", &[Private, Untrusted]),
    known("workspace-mcp", &[Private, Untrusted, Send]),
];

/// A package that must not run, or not in these versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bad {
    pub(super) name: &'static str,
    /// The first version without the fault; none if no version is known to be good.
    pub(super) fixed: Option<&'static str>,
    /// The last bad one of those that are named by dates (`2026.8.31`), where others (`2.0.1`) follow them.
    pub(super) dated: Option<&'static str>,
    pub(super) why: &'static str,
    /// Where this stands, as it was looked up on 2026-11-21.
    pub(super) source: &'static str,
}

impl Bad {
    /// True if that version has the fault.
    pub(super) fn has(&self, version: &str) -> bool {
        let is_dated = |version: &str| {
            let year = version.split('.').next().and_then(|year| year.parse::<u32>().ok());
            year.is_some_and(|year| year >= 2_000)
        };
        match (self.fixed, self.dated) {
            (None, _) => true,
            (Some(_), Some(last)) if is_dated(version) => !is_before(last, version),
            (Some(fixed), _) => is_before(version, fixed),
        }
    }
}

/// Entries whose source could not be found again are not in it.
pub(super) const BAD: &[Bad] = &[
    Bad {
        name: "postmark-mcp",
        fixed: None,
        dated: None,
        why: "sent a copy of every mail to its author (September 2025)",
        source: "postmarkapp.com, security alert of September 2025",
    },
    Bad {
        name: "mcp-remote",
        fixed: Some("0.1.16"),
        dated: None,
        why: "a server can run commands on the client (CVE-2025-6514)",
        source: "GHSA-6xpm-ggf7-wc3p",
    },
    Bad {
        name: "@modelcontextprotocol/server-filesystem",
        fixed: Some("2.0.1"),
        dated: Some("2026.8.31"),
        why: "its folders can be left (GHSA-53mr-w429-c597, GHSA-7rgq-gccq-qphx)",
        source: "github.com/modelcontextprotocol/servers, release v2.1.0",
    },
    Bad {
        name: "mcp-server-fetch",
        fixed: Some("2026.10.24"),
        dated: None,
        why: "has faults that its authors mended in October 2026",
        source: "github.com/modelcontextprotocol/servers, release v2.1.0",
    },
    Bad {
        name: "mcp-server-kubernetes",
        fixed: Some("3.9.0"),
        dated: None,
        why: "names of resources reach kubectl as options, and the cluster's token leaves (CVE-2026-61459)",
        source: "GHSA-wmg3-h8mf-wgvr",
    },
    Bad {
        name: "@akoskm/create-mcp-server-stdio",
        fixed: Some("0.0.13"),
        dated: None,
        why: "arguments reach a shell (CVE-2025-54994)",
        source: "GHSA-3ch2-jxxc-v4xf",
    },
];

const fn known(name: &'static str, can: &'static [Can]) -> Known {
    Known { name, can }
}

/// What is known of a package of that name.
pub(super) fn of(name: &str) -> Option<&'static Known> {
    let plain = plain(name);
    KNOWN.iter().find(|known| known.name == plain)
}

/// PyPI takes `_`, `.` and capitals for the same name.
pub(super) fn plain(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name.starts_with('@') || name.contains('/') { name } else { name.replace('_', "-") }
}

/// True if `version` comes before `fixed`; unknown forms do not.
fn is_before(version: &str, fixed: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let plain = text.split(['-', '+']).next().unwrap_or(text);
        plain.split('.').map(|part| part.parse().ok()).collect()
    };
    match (numbers(version), numbers(fixed)) {
        (Some(version), Some(fixed)) => version < fixed,
        (None, _) | (_, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BAD, KNOWN, is_before, of, plain};

    /// What the tests of this program launch themselves.
    const NPM: &str = include_str!("../../../../tests/peers/package.json");
    const PYPI: &str = include_str!("../../../../tests/peers/requirements.txt");

    fn numbers(version: &str) -> bool {
        let parts: Vec<&str> = version.split('.').collect();
        parts.len() == 3 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    }

    #[test]
    fn each_entry_has_the_name_that_is_looked_up_and_stands_once() {
        let names: BTreeSet<&str> = KNOWN.iter().map(|known| known.name).collect();
        assert_eq!(names.len(), KNOWN.len());
        for known in KNOWN {
            assert_eq!(of(known.name), Some(known), "{}", known.name);
            assert_eq!(plain(known.name), known.name);
            let can: BTreeSet<_> = known.can.iter().collect();
            assert_eq!(can.len(), known.can.len(), "{}", known.name);
            assert!(known.can.is_sorted(), "{}", known.name);
        }
        let bad: BTreeSet<&str> = BAD.iter().map(|bad| bad.name).collect();
        assert_eq!(bad.len(), BAD.len());
        assert!(BAD.iter().all(|bad| plain(bad.name) == bad.name));
    }

    #[test]
    fn each_bad_entry_says_why_since_when_and_where_it_stands() {
        for bad in BAD {
            let name = bad.name;
            assert!(bad.fixed.is_none_or(numbers) && bad.dated.is_none_or(numbers), "{name}");
            assert!(bad.dated.is_none() || bad.fixed.is_some(), "{name}");
            assert!(
                bad.dated.is_none_or(|dated| is_before("2024.11.1", dated) && is_before(dated, "2026.11.21")),
                "{name}"
            );
            // The version that is advised, and whatever has no known fault, is not itself bad.
            assert!(bad.fixed.is_none_or(|fixed| !bad.has(fixed)), "{name}");
            let identified =
                ["GHSA-", "CVE-"].iter().any(|sign| bad.why.contains(sign) || bad.source.contains(sign));
            let dated =
                ["2025", "2026"].iter().any(|year| bad.why.contains(year) || bad.source.contains(year));
            assert!(identified || dated, "{name}: nobody can look that up");
            for word in bad.why.split([' ', '(', ')', ',']).chain(bad.source.split(' ')) {
                if let Some(id) = word.strip_prefix("GHSA-") {
                    let groups: Vec<&str> = id.split('-').collect();
                    let is_group =
                        |group: &&str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_alphanumeric());
                    assert!(groups.len() == 3 && groups.iter().all(is_group), "{name}: {word}");
                }
                if let Some(id) = word.strip_prefix("CVE-") {
                    let (year, number) = id.split_once('-').unwrap();
                    let number = number.len() >= 4 && number.parse::<u32>().is_ok();
                    assert!(
                        (2024..=2026).contains(&year.parse::<u32>().unwrap()) && number,
                        "{name}: {word}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_server_that_our_own_tests_launch_is_bad() {
        let npm: serde_json::Value = serde_json::from_str(NPM).unwrap();
        let npm = npm["dependencies"].as_object().unwrap().clone();
        let npm = npm.iter().map(|(name, version)| (name.clone(), version.as_str().unwrap().to_owned()));
        let pypi = PYPI.lines().filter_map(|line| line.split_once("=="));
        let pypi = pypi.map(|(name, version)| {
            (plain(name), version.split([' ', ';', '\\']).next().unwrap_or_default().to_owned())
        });
        let mut servers = 0;
        for (name, version) in npm.chain(pypi) {
            servers += usize::from(of(&name).is_some());
            assert!(!BAD.iter().any(|bad| bad.name == name && bad.has(&version)), "{name} {version}");
        }
        assert!(servers >= 5, "{servers} of them are servers");
    }

    #[test]
    fn versions_by_date_and_by_number_are_told_apart() {
        let has = |name: &str, version: &str| BAD.iter().find(|bad| bad.name == name).unwrap().has(version);
        let files = "@modelcontextprotocol/server-filesystem";
        for (name, version, wanted) in [
            (files, "2025.7.1", true),
            (files, "2026.8.31", true),
            (files, "2026.9.1", false),
            (files, "2.0.0", true),
            (files, "0.6.2", true),
            (files, "2.0.1", false),
            ("mcp-server-fetch", "2025.4.7", true),
            ("mcp-server-fetch", "2026.10.24", false),
            ("mcp-remote", "0.1.15", true),
            ("mcp-remote", "0.1.16", false),
            ("postmark-mcp", "9.9.9", true),
        ] {
            assert_eq!(has(name, version), wanted, "{name} {version}");
        }
    }
}
