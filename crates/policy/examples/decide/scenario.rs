//! Policies of any size and calls, as a platform team has them: a few rules about everything, the rest about one tool each.
//!
//! Shared with `bench/peers`, which writes the same rules in other languages. What can be said in all of them: tools by name and
//! by wildcard, paths below a folder, amounts in a range.

use std::fmt::Write as _;

/// One rule, in no language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) effect: &'static str,
    pub(crate) tools: Tools,
    pub(crate) wants: Wants,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tools {
    /// `*/*`.
    Every,
    /// `server/tool`.
    One(String, String),
    /// `*/prefix*`.
    Prefix(String),
}

/// What a rule wants of the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wants {
    Nothing,
    /// `path` is below this folder.
    Below(String),
    /// `amount` is at most this.
    AtMost(u32),
}

/// A call with what is to be decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) server: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) path: Option<&'static str>,
    pub(crate) amount: Option<u32>,
    pub(crate) allowed: bool,
}

/// `count` rules, at least 10.
pub(crate) fn rules(count: usize) -> Vec<Rule> {
    let rule = |id: &str, effect, tools, wants| Rule { id: id.to_owned(), effect, tools, wants };
    let one = |server: &str, tool: &str| Tools::One(server.to_owned(), tool.to_owned());
    let prefix = |text: &str| Tools::Prefix(text.to_owned());
    let below = |folder: &str| Wants::Below(folder.to_owned());
    let mut out = vec![
        rule("no-keys", "deny", Tools::Every, below("/home/ana/.ssh")),
        rule("no-cloud-keys", "deny", Tools::Every, below("/home/ana/.aws")),
        rule("no-deletes", "deny", prefix("delete_"), Wants::Nothing),
        rule("no-drops", "deny", prefix("drop_"), Wants::Nothing),
        rule("reads", "allow", prefix("read_"), below("/work/app")),
        rule("writes", "allow", one("fs", "write_file"), below("/work/app/src")),
        rule("small-refunds", "allow", one("pay", "refund"), Wants::AtMost(50)),
        rule("search", "allow", one("web", "search"), Wants::Nothing),
    ];
    for number in out.len()..count {
        let server = format!("server{}", number % 97);
        out.push(match number % 5 {
            0 => {
                rule(&format!("r{number}"), "deny", Tools::Prefix(format!("purge{number}_")), Wants::Nothing)
            }
            1 => rule(
                &format!("r{number}"),
                "allow",
                Tools::One(server, format!("pay{number}")),
                Wants::AtMost(number as u32),
            ),
            2 => rule(
                &format!("r{number}"),
                "allow",
                Tools::Prefix(format!("list{number}_")),
                below(&format!("/srv/{number}")),
            ),
            _ => rule(
                &format!("r{number}"),
                "allow",
                Tools::One(server, format!("tool{number}")),
                below(&format!("/work/app/part{number}")),
            ),
        });
    }
    out
}

/// Calls as agents make them: most are allowed, some are not, one is about a tool that no rule names.
pub(crate) const CALLS: [Asked; 7] = [
    Asked {
        name: "read",
        server: "fs",
        tool: "read_file",
        path: Some("/work/app/src/main.rs"),
        amount: None,
        allowed: true,
    },
    Asked {
        name: "write",
        server: "fs",
        tool: "write_file",
        path: Some("/work/app/src/lib.rs"),
        amount: None,
        allowed: true,
    },
    Asked {
        name: "write elsewhere",
        server: "fs",
        tool: "write_file",
        path: Some("/etc/cron.d/x"),
        amount: None,
        allowed: false,
    },
    Asked {
        name: "read a key",
        server: "fs",
        tool: "read_file",
        path: Some("/home/ana/.ssh/id_rsa"),
        amount: None,
        allowed: false,
    },
    Asked { name: "refund", server: "pay", tool: "refund", path: None, amount: Some(20), allowed: true },
    Asked { name: "delete", server: "db", tool: "delete_rows", path: None, amount: None, allowed: false },
    Asked {
        name: "unknown",
        server: "x",
        tool: "no_such_tool",
        path: Some("/work/app/a"),
        amount: None,
        allowed: false,
    },
];

/// The rules as a policy of Bailiwick.
pub(crate) fn policy(rules: &[Rule]) -> String {
    let mut text = String::from("version: 1\ndefault: deny\nrules:\n");
    for Rule { id, effect, tools, wants } in rules {
        let on = match tools {
            Tools::Every => "*/*".to_owned(),
            Tools::One(server, tool) => format!("{server}/{tool}"),
            Tools::Prefix(prefix) => format!("*/{prefix}*"),
        };
        let wants = match wants {
            Wants::Nothing => String::new(),
            Wants::Below(folder) => format!(", args: {{ path: {{ path: \"{folder}/**\" }} }}"),
            Wants::AtMost(most) => format!(", if: \"args.amount <= {most}\""),
        };
        let _ = writeln!(text, "- {{ id: {id}, effect: {effect}, on: \"{on}\"{wants} }}"); // a String takes everything
    }
    text
}

/// The arguments of a call as JSON.
pub(crate) fn arguments(asked: &Asked) -> String {
    let path = asked.path.map(|path| format!("\"path\":\"{path}\""));
    let amount = asked.amount.map(|amount| format!("\"amount\":{amount}"));
    let members: Vec<String> = path.into_iter().chain(amount).collect();
    format!("{{{}}}", members.join(","))
}
