//! From the text of a test file to its tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ANSWERS, Before, ENDINGS, Ending, OwnedTarget, Suite, Test, WANTED, Wanted};
use crate::bounds::{TEST_CALLS_MAX, TESTS_MAX, TEXT_BYTES_MAX};
use crate::model::{Claim, Principal};
use crate::path::Base;
use crate::problem::{Pending, Problems};
use crate::read::Reader;
use crate::read::units::{number, whole};
use crate::source::Source;
use crate::tree::{self, Form, Node};
use crate::words;

type Members<'n> = BTreeMap<&'n str, &'n Node>;

/// Reads a test file.
///
/// # Errors
/// Every mistake at once, each with its place.
pub fn read(source: Source) -> Result<Suite, Problems> {
    let mut problems = Vec::new();
    let base = match Base::new(None, None) {
        Ok(base) => base,
        Err(cause) => {
            return Err(Problems::new(vec![source], vec![Pending::nowhere(cause, "say where it is")]));
        }
    };
    let (mut unchecked, mut patterns) = (0, 0);
    let mut reader = Reader {
        source: 0,
        file: Arc::from(source.name.as_str()),
        text: &source.text,
        line_ends: source.text.match_indices('\n').map(|(at, _)| at).collect(),
        base: &base,
        vars: BTreeMap::new(),
        roles_named: Vec::new(),
        problems: &mut problems,
        catalog: None,
        unchecked: &mut unchecked,
        patterns: &mut patterns,
    };
    let suite = reader.suite();
    match suite.filter(|_| problems.is_empty()) {
        Some(suite) => Ok(suite),
        None => Err(Problems::new(vec![source], problems)),
    }
}

impl Reader<'_> {
    fn suite(&mut self) -> Option<Suite> {
        if self.text.len() > TEXT_BYTES_MAX {
            self.problem(&(0..0), format!("the tests are longer than {TEXT_BYTES_MAX} bytes"), None);
            return None;
        }
        let (root, faults) = tree::parse(self.text);
        let broken = !faults.is_empty();
        for fault in faults {
            self.problem(&fault.span, fault.message, fault.help);
        }
        let Some(root) = root.filter(|root| !root.is_null()) else {
            if !broken {
                self.problem(&(0..0), "no tests", Some("begin with `version: 1` and `tests`".into()));
            }
            return None;
        };
        let members = self.members(&root, &words::SUITE, "a file of tests")?;
        self.version(members.get("version").copied());
        let policies = self.own_texts(&members, "policy");
        let workspace = self.directory(&members, "workspace", "/work/app");
        let home = self.directory(&members, "home", "/home/ana");
        let server = self.own_text(&members, "server");
        let links = members.get("links").map(|links| self.links(links));
        let defaults = Test {
            name: String::new(),
            line: 0,
            call: Wanted { target: OwnedTarget::parse("any/any", None).ok()?, arguments: String::new() },
            want: crate::model::Verdict::Deny,
            by: Vec::new(),
            because: None,
            before: Vec::new(),
            after_ms: 0,
            time_us: self.time(&members).unwrap_or(MONDAY_NOON_US),
            principal: self
                .principal(&members, &Principal { id: "user:local".into(), ..Principal::default() }),
        };
        let tests = self.tests(&root, members.get("tests").copied(), server.as_deref(), &defaults);
        Some(Suite { file: self.file.to_string(), policies, workspace, home, links, tests })
    }

    fn version(&mut self, node: Option<&Node>) {
        let help = "begin the file with `version: 1`";
        match node {
            None => self.problem(&(0..0), "no `version`", Some(help.into())),
            Some(node) if node.scalar() != Some("1") => {
                self.wrong(node, "unknown version of test files", help)
            }
            Some(_) => {}
        }
    }

    fn tests(
        &mut self,
        root: &Node,
        node: Option<&Node>,
        server: Option<&str>,
        defaults: &Test,
    ) -> Vec<Test> {
        let Some(node) = node else {
            self.wrong(root, "no `tests`", "add `tests: [{ call: server/tool, want: deny }]`");
            return Vec::new();
        };
        let entries = self.entries(node, "tests");
        if entries.is_empty() {
            self.wrong(node, "`tests` is an empty list", "a file without tests shows nothing");
        }
        if entries.len() > TESTS_MAX {
            self.wrong(node, format!("more than {TESTS_MAX} tests"), "split the file");
        }
        entries.iter().filter_map(|entry| self.test(entry, server, defaults)).collect()
    }

    fn test(&mut self, node: &Node, server: Option<&str>, defaults: &Test) -> Option<Test> {
        let members = self.members(node, &words::TEST, "a test")?;
        let call = self.call(node, &members, server);
        let want = match members.get("want") {
            Some(want) => self.choice(want, "decision", &WANTED),
            None => {
                self.wrong(node, "a test without `want`", "add `want: allow`, or ask, deny");
                None
            }
        };
        let by = self.own_texts(&members, "by");
        let because = self.own_text(&members, "because");
        let before: Vec<Before> = match members.get("before") {
            Some(list) => {
                let entries = self.entries(list, "before");
                entries.iter().filter_map(|entry| self.before(entry, server)).collect()
            }
            None => Vec::new(),
        };
        let calls = before.iter().fold(0_u32, |sum, step| sum.saturating_add(step.times));
        if calls > TEST_CALLS_MAX {
            self.wrong(node, format!("more than {TEST_CALLS_MAX} calls in one test"), "do with fewer");
        }
        let after_ms = members.get("after").and_then(|after| self.duration(after)).unwrap_or(0);
        let name = self.own_text(&members, "name");
        let time_us = self.time(&members).unwrap_or(defaults.time_us);
        let principal = self.principal(&members, &defaults.principal);
        let (call, want) = (call?, want?);
        let name = name.unwrap_or_else(|| format!("{} {}", call.target.view().written(), call.arguments));
        let line = self.line(node);
        Some(Test { name, line, call, want, by, because, before, after_ms, time_us, principal })
    }

    fn before(&mut self, node: &Node, server: Option<&str>) -> Option<Before> {
        let members = self.members(node, &words::BEFORE, "a call before")?;
        let call = self.call(node, &members, server);
        let times = match members.get("times") {
            Some(times) => self.times(times),
            None => Some(1),
        };
        let after_ms = members.get("after").and_then(|after| self.duration(after)).unwrap_or(0);
        let answer = members.get("answer").map(|answer| self.choice(answer, "answer", &ANSWERS));
        let ending = members.get("result").map(|result| self.choice(result, "result", &ENDINGS));
        let want = members.get("want").map(|want| self.choice(want, "decision", &WANTED));
        Some(Before {
            line: self.line(node),
            call: call?,
            times: times?,
            after_ms,
            approved: answer.unwrap_or(Some(true))?,
            ending: ending.unwrap_or(Some(Ending::Succeeded))?,
            want: match want {
                Some(want) => Some(want?),
                None => None,
            },
        })
    }

    fn times(&mut self, node: &Node) -> Option<u32> {
        let text = self.word(node, "`times`")?;
        let found = whole(text).and_then(|times| u32::try_from(times).ok()).filter(|times| *times > 0);
        if found.is_none() {
            self.wrong(node, format!("`times` must be a whole number above 0, not `{text}`"), "write `10`");
        }
        found
    }

    fn call(&mut self, node: &Node, members: &Members<'_>, server: Option<&str>) -> Option<Wanted> {
        let Some(call) = members.get("call") else {
            self.wrong(node, "no `call`", "name the target: `call: server/tool`");
            return None;
        };
        let mut arguments = String::from("{}");
        match members.get("args") {
            Some(args) if matches!(args.form, Form::Map(_)) => {
                arguments.clear();
                self.json(args, &mut arguments);
            }
            Some(args) => {
                self.wrong(
                    args,
                    format!("`args` must be a map, not {}", args.kind()),
                    "write `{ name: value }`",
                );
            }
            None => {}
        }
        match OwnedTarget::parse(self.word(call, "`call`")?, server) {
            Ok(target) => Some(Wanted { target, arguments }),
            Err(cause) => {
                self.wrong(call, cause, "write `server/tool`, or `server: NAME` for the whole file");
                None
            }
        }
    }

    fn principal(&mut self, members: &Members<'_>, defaults: &Principal) -> Principal {
        let list = |reader: &mut Self, key: &str, given: &Vec<String>| match members.get(key) {
            Some(_) => reader.own_texts(members, key),
            None => given.clone(),
        };
        Principal {
            id: self.own_text(members, "principal").unwrap_or_else(|| defaults.id.clone()),
            roles: list(self, "roles", &defaults.roles),
            scopes: list(self, "scopes", &defaults.scopes),
            claims: members
                .get("claims")
                .map_or_else(|| defaults.claims.clone(), |claims| self.given(claims)),
        }
    }

    /// Claims as a token has them.
    fn given(&mut self, node: &Node) -> BTreeMap<String, Claim> {
        let Form::Map(pairs) = &node.form else {
            self.wrong(
                node,
                format!("`claims` must be a map, not {}", node.kind()),
                "write `{ team: core }`",
            );
            return BTreeMap::new();
        };
        let mut out = BTreeMap::new();
        for (key, value) in pairs {
            let claim = match &value.form {
                Form::List(_) => Some(Claim::Texts(self.plain_texts(value, "a claim"))),
                Form::Scalar { text, plain } => Some(match text.as_str() {
                    "true" if *plain => Claim::Boolean(true),
                    "false" if *plain => Claim::Boolean(false),
                    word => match (plain, number(word).and_then(|_| word.parse().ok())) {
                        (true, Some(integer)) => Claim::Integer(integer),
                        _ => Claim::Text(word.to_owned()),
                    },
                }),
                Form::Map(_) => {
                    self.wrong(value, "a claim must be a value or a list of texts", "write `{ team: core }`");
                    None
                }
            };
            out.extend(key.scalar().map(str::to_owned).zip(claim));
        }
        out
    }

    fn links(&mut self, node: &Node) -> BTreeMap<String, String> {
        let Form::Map(pairs) = &node.form else {
            self.wrong(
                node,
                format!("`links` must be a map, not {}", node.kind()),
                "write `{ /work/app/x: /etc }`",
            );
            return BTreeMap::new();
        };
        let mut out = BTreeMap::new();
        for (key, value) in pairs {
            for end in [key, value] {
                if !end.scalar().is_some_and(|path| path.starts_with('/')) {
                    self.wrong(end, "an end of a link must be an absolute path", "begin it with `/`");
                }
            }
            out.extend(key.scalar().map(str::to_owned).zip(value.scalar().map(str::to_owned)));
        }
        out
    }

    fn directory(&mut self, members: &Members<'_>, key: &str, default: &str) -> String {
        let Some(node) = members.get(key) else { return default.to_owned() };
        let path = self.word(node, key).unwrap_or_default();
        if !path.starts_with('/') {
            self.wrong(node, format!("`{key}` must be an absolute path"), format!("for example `{default}`"));
        }
        path.to_owned()
    }

    fn time(&mut self, members: &Members<'_>) -> Option<i64> {
        let node = members.get("time")?;
        let text = self.word(node, "`time`")?;
        match text.parse::<jiff::Timestamp>() {
            Ok(time) => Some(time.as_microsecond()),
            Err(_) => {
                self.wrong(
                    node,
                    format!("`{text}` is not a time"),
                    "write `2026-11-20T10:00:00Z`, or with an offset",
                );
                None
            }
        }
    }

    fn own_text(&mut self, members: &Members<'_>, key: &str) -> Option<String> {
        let node = members.get(key)?;
        self.word(node, &format!("`{key}`")).map(str::to_owned)
    }

    fn own_texts(&mut self, members: &Members<'_>, key: &str) -> Vec<String> {
        members.get(key).map(|node| self.plain_texts(node, &format!("`{key}`"))).unwrap_or_default()
    }

    /// A list of texts as they stand: a test file has no variables.
    fn plain_texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        let items = self.items(node, what);
        items.into_iter().filter_map(|item| self.word(item, what).map(str::to_owned)).collect()
    }
}

/// 2026-01-05T12:00:00Z.
const MONDAY_NOON_US: i64 = 1_767_614_400_000_000;
