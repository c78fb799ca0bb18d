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
    pub(super) why: &'static str,
}

pub(super) const BAD: &[Bad] = &[
    Bad {
        name: "postmark-mcp",
        fixed: None,
        why: "sent a copy of every mail to its author (September 2025)",
    },
    Bad {
        name: "mcp-remote",
        fixed: Some("0.1.16"),
        why: "a server can run commands on the client (CVE-2025-6514)",
    },
    Bad {
        name: "@modelcontextprotocol/server-filesystem",
        fixed: Some("2025.7.1"),
        why: "its folders can be left (CVE-2025-53109, CVE-2025-53110)",
    },
    Bad {
        name: "figma-developer-mcp",
        fixed: Some("0.6.3"),
        why: "arguments reach a shell (CVE-2025-53967)",
    },
    Bad {
        name: "mcp-server-kubernetes",
        fixed: Some("2.5.0"),
        why: "arguments reach a shell (CVE-2025-53355)",
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
pub(super) fn is_before(version: &str, fixed: &str) -> bool {
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
