//! `policies.yaml` of mcp-aegis: principals with roles, and the tools that each may read or execute.
//!
//! Its source is not public. A call reads where its tool is labelled `read`; it executes where the tool writes, deletes, runs
//! or sends. A principal is known by its name or by one of its roles.

use bailiwick_policy::tree::{Form, Node};

use crate::draft::{Draft, Section, Verdict};
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Reader, member};

/// Labels of what executes.
const EXECUTE: [&str; 5] = ["write", "delete", "exec", "destructive", "send"];

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(root) = reader.root() else { return };
    let members = reader.map(&root, "the policy");
    reader.known(&members, &["version", "defaults", "principals"], "the policy");
    draft.name = "mcp-aegis".to_owned();
    if let Some(version) = member(&members, "version").filter(|node| node.scalar() != Some("1")) {
        reader.wrong(version, "a version that is not known", "write `version: \"1\"`");
    }
    if let Some(node) = member(&members, "defaults") {
        default(reader, draft, node);
    }
    let principals =
        member(&members, "principals").map(|node| reader.map(node, "`principals`")).unwrap_or_default();
    for (name, key, node) in principals {
        principal(reader, draft, name, key, node);
    }
    sanitizer(draft);
    draft.differs(
        0,
        "a tool reads or executes as its labels say (`labels` of the policy, and the table of known servers); one without labels is \
         allowed only where both actions are",
        Some(Shown::tool("srv", "unheard_of_tool", "{}", ("is what its name says", "is both a read and an execution"))),
    );
    draft.differs(
        0,
        "resources, prompts, completions and what servers ask for are decided by the default",
        Some(Shown::resource(("passes", draft.by_default()))),
    );
}

fn default(reader: &mut Reader<'_>, draft: &mut Draft, node: &Node) {
    let members = reader.map(node, "`defaults`");
    reader.known(&members, &["effect"], "`defaults`");
    let Some(effect) = member(&members, "effect") else { return };
    let verdicts = [("deny", Verdict::Deny), ("allow", Verdict::Allow)];
    let Some(verdict) = reader.choice(effect, "effect", &verdicts) else { return };
    let line = reader.line(effect);
    draft.default = verdict;
    draft.default_comment = format!("line {line}: defaults.effect");
    if draft.is_safe() && verdict == Verdict::Allow {
        draft.default = Verdict::Ask;
        let shown = Shown::tool("srv", "some_tool", "{}", ("passes", "asks"));
        draft.differs(line, "what no principal names asks; in mcp-aegis it passes", Some(shown));
    }
}

fn principal(reader: &mut Reader<'_>, draft: &mut Draft, name: &str, key: &Node, node: &Node) {
    let members = reader.map(node, "a principal");
    reader.known(&members, &["roles", "tools"], "a principal");
    if name.is_empty() || name.contains(SPECIAL) {
        reader.wrong(
            key,
            format!("`{name}` cannot be the name of a principal"),
            "use letters, digits, `-`, `_`",
        );
        return;
    }
    let roles: Vec<String> = match member(&members, "roles") {
        Some(node) => reader.words(node, "`roles`").into_iter().map(|(word, _)| word.to_owned()).collect(),
        None => Vec::new(),
    };
    let tools = member(&members, "tools").map(|node| reader.list(node, "`tools`")).unwrap_or_default();
    for item in tools {
        let Some((on, labels)) = tool(reader, item) else { continue };
        let line = reader.line(item);
        let mut who = vec![("principals", Out::texts([name.to_owned()]))];
        if !roles.is_empty() {
            who.push(("roles", Out::texts(roles.clone())));
        }
        // By the name or by a role: two rules, since the keys of one `for` are joined by AND.
        for (key, value) in who {
            let mut fields = vec![
                ("id", Out::Text(draft.id(&format!("{name}-{}", key.trim_end_matches('s'))))),
                ("effect", Out::word("allow")),
                ("on", Out::texts(on.clone())),
            ];
            if let Some(labels) = &labels {
                fields.push(("labels", Out::texts(labels.iter().copied())));
            }
            fields.push(("for", Out::map([(key, Out::List(list(value)))])));
            draft.add(Section::Rules, format!("line {line}: principal `{name}`"), fields);
        }
    }
}

fn list(value: Out) -> Vec<Out> {
    match value {
        Out::List(items) => items,
        one => vec![one],
    }
}

type Tool = (Vec<String>, Option<Vec<&'static str>>);

/// Targets, and the labels where only one action is given.
fn tool(reader: &mut Reader<'_>, node: &Node) -> Option<Tool> {
    let members = reader.map(node, "a tool");
    reader.known(&members, &["pattern", "actions"], "a tool");
    let (Some(pattern), Some(actions)) = (member(&members, "pattern"), member(&members, "actions")) else {
        reader.wrong(
            node,
            "a tool without `pattern` and `actions`",
            "write `{ pattern: \"fs:*\", actions: [read] }`",
        );
        return None;
    };
    let word = reader.word(pattern, "`pattern`")?;
    let on = match (word, word.split_once(':')) {
        ("*", _) => vec!["*/*".to_owned()],
        (_, Some((space, name))) if plain(space) && (name == "*" || plain(name)) => {
            vec![format!("{space}/{name}"), format!("*/{space}:{name}")]
        }
        (name, None) if plain(name) => vec![format!("*/{name}")],
        _ => {
            reader.wrong(
                pattern,
                format!("`{word}` is no pattern that is known"),
                "write `*`, `db:read` or `fs:*`",
            );
            return None;
        }
    };
    let (mut reads, mut executes) = (false, false);
    let words = match &actions.form {
        Form::List(items) => items.as_slice(),
        Form::Scalar { .. } | Form::Map(_) => reader.list(actions, "`actions`"),
    };
    for item in words {
        match reader.choice(item, "action", &[("read", true), ("execute", false)]) {
            Some(true) => reads = true,
            Some(false) => executes = true,
            None => {}
        }
    }
    let labels = match (reads, executes) {
        (true, true) => None,
        (true, false) => Some(vec!["read"]),
        (false, true) => Some(EXECUTE.to_vec()),
        (false, false) => return None,
    };
    Some((on, labels))
}

/// Characters that patterns and targets give a meaning.
const SPECIAL: [char; 7] = ['*', '?', '[', '{', '\\', '/', ':'];

fn plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(SPECIAL)
}

/// What it looks for in arguments, as far as its description says.
fn sanitizer(draft: &mut Draft) {
    let expressions = [
        r"`[^`]*`",
        r"\$[({]",
        concat!(
            r"(?i)[;&|]\s*(?:rm|sh|bash|zsh|dash|curl|wget|nc|ncat|netcat|telnet|ssh|scp|cat|tac|head|tail|less|",
            r"chmod|chown|python[0-9.]*|perl|ruby|node|php|awk|sudo|su|mv|cp|dd|tee|touch|kill|id|whoami|uname|env|",
            r"printenv|ls|ping|nslookup|dig|base64|xargs|eval|exec|reboot|shutdown|mkfs)\b",
        ),
        r"[\n\r]\s*(?:rm|sh|bash|curl|wget|nc|sudo)\s",
        r">{1,2}\s*[/~]",
        r"(?i)(?:^|[/\\]|%2f|%5c)(?:\.|%2e){2}(?:[/\\]|%2f|%5c|$)",
    ];
    let matchers = Out::map([("regex", Out::texts(expressions))]);
    let fields = vec![
        ("id", Out::Text(draft.id("sanitizer"))),
        ("effect", Out::word("deny")),
        ("on", Out::text("*/*")),
        ("args", Out::map([("**", matchers)])),
        ("reason", Out::text("shell injection, command substitution or path traversal in an argument")),
    ];
    draft.add(Section::Rules, "the argument scan that every call goes through", fields);
    draft.differs(
        0,
        "the patterns of its argument scan are not published; these deny what its description names",
        Some(Shown::tool(
            "srv",
            "some_tool",
            "{\"note\": \"$(id)\"}",
            ("denies, if its patterns have it", "denies"),
        )),
    );
    draft.differs(
        0,
        "`;`, `&&`, `||` and `|` are denied before the names of programs that are known here; its patterns may deny them anywhere",
        Some(Shown {
            speaks: Some(("sanitizer".to_owned(), false)),
            ..Shown::tool("srv", "some_tool", "{\"note\": \"a || b\"}", ("may deny it", "this rule is silent"))
        }),
    );
}
