//! A report with something in every section. `name` is what a stranger chose.

use bailiwick_analysis::scan::{Finding, Report, Severity};
use bailiwick_clients::place::Place;
use bailiwick_report::page::{
    Approval, Attack, Drift, Log, Pack, Page, Policy, Server, Slice, Standing, Tool, Trust,
};

/// What a server would call itself to write into the page.
pub(crate) const HOSTILE: &str = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"alert(3)\" x='` \u{202e}gnp.exe\u{200b}\u{0}&lt;b&gt; javascript:alert(4) ]]> --> {{7*7}} </td></table></main>";

pub(crate) fn page(name: &str) -> Page {
    Page {
        made: "2026-11-21T09:00:00Z".to_owned(),
        program: "bailiwick 0.1.0".to_owned(),
        files: 3,
        servers: servers(name),
        findings: findings(name),
        policy: Some(Policy {
            layers: vec!["standard".to_owned(), format!("{name}.yaml")],
            digest: "3a91f0c2d4e5".repeat(5),
            rules: 41,
        }),
        tools: tools(name),
        timeline: timeline(),
        attacks: Some(packs(name)),
        drift: Some(vec![
            Drift { server: name.to_owned(), what: format!("tool `read_file` of `{name}` has another description"), at: Some("2026-11-20T16:02:11Z".to_owned()) },
            Drift { server: "git".to_owned(), what: "its command is not the locked one: `uvx mcp-server-git` was `uvx mcp-server-git==2026.1.14`".to_owned(), at: None },
        ]),
        approvals: vec![
            Approval { at: "2026-11-20T10:12:00Z".to_owned(), server: "git".to_owned(), tool: "git_push".to_owned(), is_approved: true, why: "approved at the terminal".to_owned() },
            Approval { at: "2026-11-20T11:40:31Z".to_owned(), server: name.to_owned(), tool: name.to_owned(), is_approved: false, why: "nobody answered within 60 s".to_owned() },
        ],
        logs: vec![
            Log { path: format!("~/.local/state/bailiwick/audit/{name}/5f21.jsonl"), trust: Trust::Verified, records: 1_204, from: Some("2026-11-20T08:00:01Z".to_owned()), to: Some("2026-11-20T17:31:12Z".to_owned()), signed_up_to: Some(1_203), findings: Vec::new() },
            Log { path: "~/.local/state/bailiwick/audit/git/77aa.jsonl".to_owned(), trust: Trust::Broken, records: 210, from: Some("2026-11-20T08:00:02Z".to_owned()), to: Some("2026-11-20T12:00:40Z".to_owned()), signed_up_to: Some(98), findings: vec![format!("line 100: record 99 was changed, or does not follow the one before it ({name})")] },
        ],
        not_inspected: vec![
            ("what 2 of the servers offer".to_owned(), "not asked (--tools)".to_owned()),
            (format!("{name}.jsonl"), format!("not a trace: {name}")),
        ],
    }
}

fn servers(name: &str) -> Vec<Server> {
    let server = |client: &str, name: &str, standing, policies: &[&str]| Server {
        client: client.to_owned(),
        name: name.to_owned(),
        standing,
        policies: policies.iter().map(|policy| (*policy).to_owned()).collect(),
    };
    vec![
        server("cursor", name, Standing::Enforced, &["standard", "/home/ana/team.yaml"]),
        server("claude-code", "git", Standing::Recorded, &[]),
        server("vscode", "postgres", Standing::Bare, &[]),
        server("zed", "time", Standing::Enforced, &["standard"]),
        server("", "memory", Standing::Unlisted, &[]),
    ]
}

fn findings(name: &str) -> Report {
    let finding =
        |severity, code, client: &str, server: &str, line, message: &str, fix: Option<&str>| Finding {
            code,
            severity,
            file: 0,
            path: format!("/home/ana/.{client}/mcp.json"),
            client: client.to_owned(),
            server: Some(server.to_owned()),
            place: Place { line, column: 17 },
            message: message.to_owned(),
            fix: fix.map(str::to_owned),
        };
    let findings = vec![
        finding(
            Severity::High,
            "plain-secret",
            "vscode",
            "postgres",
            12,
            "a database URL with its password stands in the file",
            Some("put it into the environment and refer to it as `${env:DATABASE_URL}`"),
        ),
        finding(
            Severity::High,
            "broad-root",
            "cursor",
            name,
            5,
            &format!("`{name}` may read all of `/`"),
            Some("name the folder that it works in"),
        ),
        finding(
            Severity::Medium,
            "unpinned-package",
            "claude-code",
            "git",
            9,
            "`mcp-server-git` has no version: the next start may run another program",
            Some("`mcp-server-git==2026.1.14`"),
        ),
        finding(
            Severity::Medium,
            "bare-server",
            "vscode",
            "postgres",
            10,
            "no policy stands before it",
            None,
        ),
        finding(Severity::Low, "dangerous-tool", "claude-code", "git", 9, "`git_reset` destroys work", None),
    ];
    Report { findings, omitted: 0 }
}

fn tools(name: &str) -> Vec<Tool> {
    let tool = |server: &str, tool: &str, [allowed, asked, denied, failed]: [u64; 4], is_locked| Tool {
        server: server.to_owned(),
        name: tool.to_owned(),
        allowed,
        asked,
        denied,
        failed,
        is_locked,
    };
    vec![
        tool(name, "read_text_file", [812, 0, 14, 3], true),
        tool(name, "write_file", [96, 4, 9, 0], true),
        tool(name, "move_file", [0, 0, 0, 0], true),
        tool("git", "git_status", [204, 0, 0, 0], true),
        tool("git", "git_push", [0, 6, 0, 1], true),
        tool("git", name, [0, 0, 31, 0], false),
    ]
}

fn timeline() -> Vec<Slice> {
    (0..40_u64)
        .map(|at| Slice {
            from: format!("2026-11-20 {:02}:{:02}", 8 + at / 4, at % 4 * 15),
            allowed: (at * 37) % 61 + if at % 9 == 4 { 0 } else { 12 },
            asked: if at % 7 == 3 { 6 } else { 0 },
            denied: if at > 24 && at < 31 { 28 - at / 2 } else { at % 5 / 4 * 3 },
        })
        .collect()
}

fn packs(name: &str) -> Vec<Pack> {
    let pack = |name: &str, denied, asked, not_exercised, passing| Pack {
        name: name.to_owned(),
        denied,
        asked,
        not_exercised,
        passing,
    };
    let passing = Attack {
        name: "read through a link".to_owned(),
        call: format!("{name}/read_text_file {{\"path\":\"/work/link/id_rsa\"}}"),
        why: format!("rule `src-reads` of {name}.yaml:12 allows it"),
    };
    vec![
        pack("filesystem", 22, 2, 0, vec![passing]),
        pack("git and GitHub", 14, 3, 0, Vec::new()),
        pack("payments", 0, 0, 9, Vec::new()),
    ]
}
