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
    /// The versions with the fault, as ranges: the first one, and the first behind it without the fault. `None`: all of them.
    versions: Option<&'static [(&'static str, &'static str)]>,
    pub(super) why: &'static str,
    /// Where this stands, as it was looked up on 2026-11-21.
    pub(super) source: &'static str,
}

impl Bad {
    /// True if that version has the fault, as far as it is a version that can be compared.
    pub(super) fn has(&self, version: &str) -> bool {
        let Some(ranges) = self.versions else { return true };
        let within = |(first, fixed): &(&str, &str)| {
            let (first, version, fixed) = (numbers(first), numbers(version), numbers(fixed));
            version.is_some() && first <= version && version < fixed
        };
        ranges.iter().any(within)
    }

    /// The version from which on it has no known fault, if there is one.
    pub(super) fn fixed(&self) -> Option<&'static str> {
        self.versions?.last().map(|(_, fixed)| *fixed)
    }
}

/// Each stands in an advisory or a report that names it. What could not be found again is not in it.
pub(super) const BAD: &[Bad] = &[
    Bad {
        name: "postmark-mcp",
        versions: None,
        why: "sent a copy of every mail to its author (September 2025)",
        source: "postmarkapp.com, security alert of September 2025",
    },
    Bad { name: "mcp-runcmd-server", versions: None, why: REVERSE_SHELL, source: JFROG },
    Bad { name: "mcp-runcommand-server", versions: None, why: REVERSE_SHELL, source: JFROG },
    Bad { name: "mcp-runcommand-server2", versions: None, why: REVERSE_SHELL, source: JFROG },
    Bad { name: "@lanyer640/mcp-runcommand-server", versions: None, why: REVERSE_SHELL, source: CHECKMARX },
    Bad {
        name: "mcp-remote",
        versions: Some(&[("0.0.5", "0.1.16")]),
        why: "a server can run commands on the client (CVE-2025-6514)",
        source: "GHSA-6xpm-ggf7-wc3p",
    },
    Bad {
        name: "@modelcontextprotocol/server-filesystem",
        // Its versions went from `0.6.2` to dates; the other numbers are in no advisory.
        versions: Some(&[("0.0.0", "0.6.4"), ("2025.0.0", "2025.7.1")]),
        why: "its folders can be left, by links and by names that begin alike (CVE-2025-53109, CVE-2025-53110)",
        source: "GHSA-q66q-fx2p-7w4m, GHSA-hc55-p739-j48w",
    },
    Bad {
        name: "mcp-server-git",
        versions: Some(&[("0.0.0", "2026.1.14")]),
        why: "its repository can be left, and arguments reach git as options (CVE-2025-68143, CVE-2025-68144, CVE-2025-68145, CVE-2026-27735)",
        source: "GHSA-5cgr-j3jf-jw3v, GHSA-9xwc-hfwc-8w59, GHSA-j22h-9j4x-23w5, GHSA-vjqx-cfc4-9h6v",
    },
    Bad {
        name: "mcp-server-kubernetes",
        versions: Some(&[("0.0.0", "3.9.0")]),
        why: "names of resources reach kubectl as options, and the cluster's token leaves (CVE-2026-61459)",
        source: "GHSA-wmg3-h8mf-wgvr",
    },
    Bad {
        name: "figma-developer-mcp",
        versions: Some(&[("0.0.0", "0.6.3")]),
        why: "arguments reach a shell (CVE-2025-53967)",
        source: "GHSA-gxw4-4fc5-9gr5",
    },
    Bad {
        name: "@cyanheads/git-mcp-server",
        versions: Some(&[("0.0.0", "2.1.5")]),
        why: "arguments reach a shell (CVE-2025-53107)",
        source: "GHSA-3q26-f695-pp76",
    },
    Bad {
        name: "@akoskm/create-mcp-server-stdio",
        versions: Some(&[("0.0.0", "0.0.13")]),
        why: "arguments reach a shell (CVE-2025-54994)",
        source: "GHSA-3ch2-jxxc-v4xf",
    },
];

const REVERSE_SHELL: &str = "opened a shell to its author's machine (October 2025)";
const JFROG: &str = "research.jfrog.com, three malicious servers on PyPI, October 2025";
const CHECKMARX: &str = "checkmarx.com, a malicious server on npm, October 2025";

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

/// The numbers of a version; none of other forms, as ranges and tags.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let text = version.strip_prefix('v').unwrap_or(version);
    let plain = text.split(['-', '+']).next().unwrap_or(text);
    plain.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BAD, KNOWN, numbers, of, plain};

    /// What the tests of this program launch themselves.
    const NPM: &str = include_str!("../../../../tests/peers/package.json");
    const PYPI: &str = include_str!("../../../../tests/peers/requirements.txt");

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
            let ranges = bad.versions.unwrap_or_default();
            let ends: Vec<&str> = ranges.iter().flat_map(|(first, fixed)| [*first, *fixed]).collect();
            assert!(ends.iter().all(|end| numbers(end).is_some_and(|end| end.len() == 3)), "{name}");
            assert!(ends.is_sorted_by(|one, next| numbers(one) < numbers(next)), "{name}");
            assert!(bad.versions.is_none_or(|ranges| !ranges.is_empty()), "{name}");
            // What is advised is not itself bad.
            assert!(bad.fixed().is_none_or(|fixed| !bad.has(fixed)), "{name}");
            let identified =
                ["GHSA-", "CVE-"].iter().any(|sign| bad.why.contains(sign) || bad.source.contains(sign));
            let dated =
                ["2025", "2026"].iter().any(|year| bad.why.contains(year) || bad.source.contains(year));
            assert!(identified || dated, "{name}: nobody can look that up");
            // Where advisories are the source, each CVE has one.
            let count = |sign: &str| bad.why.matches(sign).count() + bad.source.matches(sign).count();
            assert!(count("GHSA-") == 0 || count("GHSA-") == count("CVE-"), "{name}");
            // An npm scope is no name of PyPI.
            assert!(!(name.starts_with('@') && bad.source.contains("PyPI")), "{name}");
            for word in [bad.why, bad.source].iter().flat_map(|text| text.split([' ', '(', ')', ','])) {
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
            (files, "0.6.2", true),
            (files, "2025.3.28", true),
            (files, "2025.7.1", false),
            (files, "2026.8.31", false),
            (files, "2.0.1", false),
            (files, "latest", false),
            ("mcp-server-git", "2025.11.25", true),
            ("mcp-server-git", "2025.12.18", true),
            ("mcp-server-git", "2026.1.14", false),
            ("mcp-server-git", "2026.10.19", false),
            ("mcp-remote", "0.0.4", false),
            ("mcp-remote", "0.1.15", true),
            ("mcp-remote", "0.1.16", false),
            ("postmark-mcp", "9.9.9", true),
        ] {
            assert_eq!(has(name, version), wanted, "{name} {version}");
        }
    }
}
