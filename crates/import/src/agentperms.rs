//! `mcp.policy.yaml` of agentperms: for each server what its tools may be, and where their paths may lie.
//!
//! It asks for approval first, then denies by tool and path, then allows. So in `exact` a denial has an exception for what is
//! approved; in `safe` denials win. Its path arguments are known by their keys, at the top of the arguments.

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section, Verdict};
use crate::expression::quote;
use crate::fnmatch::Pattern;
use crate::mcpfw::json;
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Reader, member};

const SERVER: [&str; 5] =
    ["allowed_tools", "denied_tools", "allowed_paths", "denied_paths", "denied_patterns"];

/// Keys that agentperms takes for paths.
const KEYS: &str = "{*path*,file,filename,dir,directory}";
/// Keys under which tools of all kinds take paths, at any depth.
const KEYS_SAFE: &str = "**.{*path*,*file,files,file_*,filename*,dir,*_dir,*directory,directories,*folder*,uri,*_uri,source,destination,src,dst,target,cwd,root}";

/// A list of texts with the line that it begins in.
#[derive(Debug, Default)]
struct Texts {
    line: u32,
    texts: Vec<String>,
}

#[derive(Debug, Default)]
struct Server {
    name: String,
    line: u32,
    allowed_tools: Texts,
    denied_tools: Texts,
    allowed_paths: Vec<Pattern>,
    allowed_paths_line: u32,
    denied: Vec<Pattern>,
    denied_line: u32,
}

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(root) = reader.root() else { return };
    let members = reader.map(&root, "the policy");
    reader.known(&members, &["version", "servers", "approvals", "redaction"], "the policy");
    if let Some(version) = member(&members, "version").filter(|node| node.scalar() != Some("1")) {
        reader.wrong(version, "a version that is not known", "write `version: 1`");
    }
    let mut servers = Vec::new();
    if let Some(node) = member(&members, "servers") {
        for (name, key, value) in reader.map(node, "`servers`") {
            servers.extend(server(reader, name, key, value));
        }
    }
    let approvals = member(&members, "approvals").map(|node| approvals(reader, node)).unwrap_or_default();
    if let Some(node) = member(&members, "redaction") {
        redaction(reader, draft, node);
    }
    draft.name = "agentperms".to_owned();
    if servers.is_empty() {
        draft.default = if draft.is_safe() { Verdict::Ask } else { Verdict::Allow };
        draft.default_comment = "no server is named".to_owned();
        if draft.is_safe() {
            let shown = show("srv", "some_tool", "{}".to_owned(), ("passes", "asks"), None);
            draft.differs(
                0,
                "no server is named, so everything asks; agentperms lets everything pass",
                Some(shown),
            );
        }
    } else {
        draft.default_comment = "servers and tools that are not named".to_owned();
    }
    ask(draft, &approvals);
    for server in &servers {
        write(draft, server, &approvals);
    }
    if draft.is_safe() {
        let text = "resources, prompts, completions and what servers ask for are decided by the default; agentperms lets all of them pass";
        let shown = Shown::resource(("passes", draft.by_default()));
        draft.differs(0, text, Some(shown));
    } else {
        let on = ["resource:*", "prompt:*", "completion:*", "sampling", "elicitation", "roots", "task"];
        let id = draft.id("not-looked-at");
        let fields = vec![("id", Out::text(id)), ("effect", Out::word("allow")), ("on", Out::texts(on))];
        draft.add(Section::Rules, "agentperms looks at calls of tools alone", fields);
    }
}

fn server(reader: &mut Reader<'_>, name: &str, key: &Node, node: &Node) -> Option<Server> {
    let members = reader.map(node, "a server");
    reader.known(&members, &SERVER, "a server");
    if name.is_empty() || name.contains('/') {
        reader.wrong(
            key,
            format!("`{name}` cannot be the name of a server"),
            "use the name that the client gives it",
        );
        return None;
    }
    let texts = |reader: &mut Reader<'_>, key: &str| {
        let Some(node) = member(&members, key) else { return Texts::default() };
        let words = reader.words(node, &format!("`{key}`"));
        Texts { line: reader.line(node), texts: words.into_iter().map(|(word, _)| word.to_owned()).collect() }
    };
    let paths = |reader: &mut Reader<'_>, key: &str| {
        let Some(node) = member(&members, key) else { return (0, Vec::new()) };
        let words = reader.words(node, &format!("`{key}`"));
        let read = words.into_iter().filter_map(|(word, node)| place(reader, word, node)).collect();
        (reader.line(node), read)
    };
    let (denied_line, mut denied): (u32, Vec<Pattern>) = paths(reader, "denied_paths");
    let (patterns_line, patterns) = paths(reader, "denied_patterns");
    denied.extend(patterns);
    let (allowed_paths_line, allowed_paths) = paths(reader, "allowed_paths");
    Some(Server {
        name: name.to_owned(),
        line: reader.line(key),
        allowed_tools: texts(reader, "allowed_tools"),
        denied_tools: texts(reader, "denied_tools"),
        allowed_paths,
        allowed_paths_line,
        denied,
        denied_line: if denied_line == 0 { patterns_line } else { denied_line },
    })
}

/// A path or pattern of theirs; what it leaves to the environment cannot be known here.
fn place(reader: &mut Reader<'_>, word: &str, node: &Node) -> Option<Pattern> {
    let home = ["$HOME", "${HOME}"].iter().find_map(|home| word.strip_prefix(home));
    let word = match home {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
        _ if word == "." => "./".to_owned(),
        _ => word.to_owned(),
    };
    let word = if word.len() > 1 { word.trim_end_matches('/').to_owned() } else { word };
    let word = if word == "." { "./**".to_owned() } else { word };
    let pattern = Pattern::new(&word);
    match &pattern {
        Ok(found) if found.path(true).is_some() => pattern.ok(),
        Ok(_) => {
            reader.wrong(
                node,
                format!("`{word}` cannot be said as a path here"),
                "write the path itself, without variables and `..`",
            );
            None
        }
        Err(cause) => {
            reader.wrong(node, cause.clone(), "write the patterns one by one");
            None
        }
    }
}

/// The place and all that lies below it.
fn below(pattern: &Pattern) -> Option<String> {
    let path = pattern.path(true)?;
    Some(if path.ends_with("**") { path } else { format!("{}/**", path.trim_end_matches('/')) })
}

/// The same to allow it: of what ends with a wildcard only what lies below.
fn inside(pattern: &Pattern) -> Option<String> {
    let lies_in = pattern.written.ends_with("/*") || pattern.written.ends_with("/**");
    let path = below(pattern)?;
    match path.strip_suffix("/**") {
        Some(place) if lies_in && pattern.written != "./**" => Some(format!("{place}/*/**")),
        Some(_) | None => Some(path),
    }
}

fn approvals(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, u32)> {
    let members = reader.map(node, "`approvals`");
    reader.known(&members, &["require_human_approval"], "`approvals`");
    let Some(list) = member(&members, "require_human_approval") else { return Vec::new() };
    let mut out = Vec::new();
    for (word, node) in reader.words(list, "`require_human_approval`") {
        if word.is_empty() || word.contains(['/', ':']) {
            reader.wrong(node, format!("`{word}` is no tool"), "write `server.tool` or `tool`");
            continue;
        }
        out.push((word.to_owned(), reader.line(node)));
    }
    out
}

fn redaction(reader: &mut Reader<'_>, draft: &mut Draft, node: &Node) {
    let members = reader.map(node, "`redaction`");
    reader.known(&members, &["secrets", "emails", "api_keys"], "`redaction`");
    let line = reader.line(node);
    if draft.is_safe() && members.iter().any(|(_, _, value)| value.scalar() == Some("true")) {
        draft.guards.push(("secrets".to_owned(), Out::word("redact")));
    }
    draft.left_out(line, "`redaction`, which agentperms never uses; records of Bailiwick are always masked");
}

/// The name of a tool or a server as a pattern.
fn literal(name: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | '{' | '\\');
    name.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

/// A server's name as the beginning of a target, which no kind of target begins with.
fn server_name(name: &str) -> String {
    let text = literal(name);
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if text.contains(':') && first.is_ascii_alphanumeric() => {
            format!("[{first}]{}", rest.as_str())
        }
        _ => text,
    }
}

fn ask(draft: &mut Draft, approvals: &[(String, u32)]) {
    for (entry, line) in approvals {
        let mut on = vec![format!("*/{}", literal(entry))];
        for (at, _) in entry.match_indices('.') {
            let (server, tool) = entry.split_at(at);
            let tool = tool.get(1..).unwrap_or_default();
            if !server.is_empty() && !tool.is_empty() {
                on.insert(0, format!("{}/{}", server_name(server), literal(tool)));
            }
        }
        let id = draft.id(&format!("approve-{entry}"));
        let fields = vec![
            ("id", Out::text(id)),
            ("effect", Out::word("ask")),
            ("on", Out::texts(on)),
            ("reason", Out::text(format!("{entry} requires human approval"))),
        ];
        draft.add(Section::Rules, format!("line {line}: require_human_approval"), fields);
    }
}

/// Tools of a server that are approved before anything else is looked at.
fn approved(server: &Server, approvals: &[(String, u32)]) -> Option<String> {
    let tool = |(entry, _): &(String, u32)| {
        let own = entry.strip_prefix(server.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
        own.or((!entry.contains('.')).then_some(entry.as_str())).map(quote)
    };
    let tools: Vec<String> = approvals.iter().filter_map(tool).collect();
    (!tools.is_empty()).then(|| format!("tool in [{}]", tools.join(", ")))
}

fn write(draft: &mut Draft, server: &Server, approvals: &[(String, u32)]) {
    let (safe, name) = (draft.is_safe(), &server.name);
    let first = approved(server, approvals).filter(|_| !safe);
    let targets = |tools: &[String]| {
        Out::texts(tools.iter().map(|tool| format!("{}/{}", server_name(name), literal(tool))))
    };
    let all = format!("{}/*", server_name(name));
    if !server.denied_tools.texts.is_empty() {
        let mut fields = vec![
            ("id", Out::Text(draft.id(&format!("{name}.denied_tools")))),
            ("effect", Out::word("deny")),
            ("on", targets(&server.denied_tools.texts)),
        ];
        fields.extend(first.as_ref().map(|first| ("if", Out::If(vec![format!("!({first})")]))));
        fields.push(("reason", Out::text("the tool is denied")));
        draft.add(Section::Rules, format!("line {}: denied_tools", server.denied_tools.line), fields);
    }
    deny_paths(draft, server, &all, first.as_deref());
    require_paths(draft, server, &all, first.as_deref());
    let (comment, effect, on) = if server.allowed_tools.texts.is_empty() {
        let effect = if safe { "ask" } else { "allow" };
        (format!("line {}: no allowed_tools, so any tool", server.line), effect, Out::text(all))
    } else {
        (
            format!("line {}: allowed_tools", server.allowed_tools.line),
            "allow",
            targets(&server.allowed_tools.texts),
        )
    };
    if effect == "ask" {
        let shown = show(
            name,
            "some_tool",
            "{}".to_owned(),
            ("passes", "asks"),
            Some((format!("{name}.tools"), true)),
        );
        draft.differs(
            server.line,
            format!("tools of `{name}` ask, since none are named; in agentperms any tool passes"),
            Some(shown),
        );
    }
    let fields = vec![
        ("id", Out::Text(draft.id(&format!("{name}.tools")))),
        ("effect", Out::word(effect)),
        ("on", on),
    ];
    draft.add(Section::Rules, comment, fields);
    if safe
        && approved(server, approvals).is_some()
        && !(server.denied_tools.texts.is_empty() && server.denied.is_empty())
    {
        draft.differs(
            server.line,
            format!("what `{name}` denies is denied; agentperms asks first for what needs approval"),
            Some(denied(server)),
        );
    }
}

/// A call that `server` denies, of a tool that somebody has to approve.
fn denied(server: &Server) -> Shown {
    let verdicts = ("asks, where the tool needs approval", "is denied, and nobody is asked");
    let (tool, arguments) = match (server.denied_tools.texts.first(), server.denied.first()) {
        (Some(tool), _) => (tool.replace('*', "x"), "{}".to_owned()),
        (None, path) => {
            let path = path.map(Pattern::sample).unwrap_or_default();
            ("some_tool".to_owned(), format!("{{\"path\": {}}}", json(&path)))
        }
    };
    show(&server.name, &tool, arguments, verdicts, None)
}

fn deny_paths(draft: &mut Draft, server: &Server, all: &str, first: Option<&str>) {
    if server.denied.is_empty() {
        return;
    }
    let safe = draft.is_safe();
    let mut paths: Vec<String> = server.denied.iter().filter_map(below).collect();
    if safe {
        paths.extend(server.denied.iter().filter_map(Pattern::copies));
    }
    let globs: Vec<String> = server.denied.iter().map(Pattern::glob).collect();
    let key = if safe { "**" } else { KEYS };
    let on = if safe {
        Out::texts([all.to_owned(), format!("resource:{}/*", server_name(&server.name))])
    } else {
        Out::text(all)
    };
    let comment = format!("line {}: denied_paths, denied_patterns", server.denied_line);
    for (matcher, values, key, on) in [("path", paths, key, on), ("glob", globs, KEYS, Out::text(all))] {
        let matchers = Out::map([(matcher, Out::texts(values))]);
        let mut fields = vec![
            ("id", Out::Text(draft.id(&format!("{}.denied_paths", server.name)))),
            ("effect", Out::word("deny")),
            ("on", on),
            ("args", Out::map([(key, matchers)])),
        ];
        fields.extend(first.map(|first| ("if", Out::If(vec![format!("!({first})")]))));
        fields.push(("reason", Out::text("the path is denied")));
        draft.add(Section::Rules, comment.clone(), fields);
    }
    let sample = server.denied.first().map(Pattern::sample).unwrap_or_default();
    let id = crate::draft::clean(&format!("{}.denied_paths", server.name));
    let (text, call) = if safe {
        (
            "paths are seen under every key, at any depth, and through links",
            format!("{{\"other\": {{\"key\": [{}]}}}}", json(&sample)),
        )
    } else {
        ("paths are seen in every spelling, and in lists", format!("{{\"path\": [{}]}}", json(&sample)))
    };
    let shown = show(&server.name, "some_tool", call, ("is no path argument", "denies"), Some((id, true)));
    draft.differs(server.denied_line, format!("`{}`: {text}", server.name), Some(shown));
}

fn require_paths(draft: &mut Draft, server: &Server, all: &str, first: Option<&str>) {
    if server.allowed_paths.is_empty() {
        return;
    }
    let paths: Vec<String> = server.allowed_paths.iter().filter_map(inside).collect();
    let key = if draft.is_safe() { KEYS_SAFE } else { KEYS };
    let mut fields = vec![
        ("id", Out::Text(draft.id(&format!("{}.allowed_paths", server.name)))),
        ("effect", Out::word("require")),
        ("on", Out::text(all)),
        ("args", Out::map([(key, Out::map([("path", Out::texts(paths))]))])),
    ];
    fields.extend(first.map(|first| ("unless", Out::map([("if", Out::If(vec![first.to_owned()]))]))));
    fields.push(("reason", Out::text("the path is outside of those that are allowed")));
    draft.add(Section::Rules, format!("line {}: allowed_paths", server.allowed_paths_line), fields);
    let id = crate::draft::clean(&format!("{}.allowed_paths", server.name));
    let call = r#"{"path": 5}"#.to_owned();
    let text = format!(
        "`{}`: what is no text under such a key is outside, and so is a path with `~`, which not every server expands",
        server.name
    );
    let shown = show(&server.name, "some_tool", call, ("is no path argument", "denies"), Some((id, true)));
    draft.differs(server.allowed_paths_line, text, Some(shown));
}

fn show(
    server: &str,
    tool: &str,
    arguments: String,
    (theirs, ours): (&str, &str),
    speaks: Option<(String, bool)>,
) -> Shown {
    Shown { speaks, ..Shown::tool(server, tool, &arguments, (theirs, ours)) }
}
