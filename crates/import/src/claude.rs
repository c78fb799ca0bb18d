//! Permission settings of Claude Code: `deny`, `ask` and `allow`, of which the strictest wins, as here.
//!
//! `mcp__server__tool` names a tool of a server; the rest names the program's own tools, which another agent or `claude mcp
//! serve` offers by the same names. In `safe` what is denied to these is denied to all that do the same.

mod rule;
mod touch;

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section, Verdict};
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Members, Reader, member};
use rule::{About, Spec};

const KNOWN: [&str; 7] = [
    "allow",
    "ask",
    "deny",
    "additionalDirectories",
    "defaultMode",
    "disableBypassPermissionsMode",
    "disableAutoMode",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModeOfWork {
    Default,
    AcceptEdits,
    Plan,
    DontAsk,
    Bypass,
}

const MODES: [(&str, ModeOfWork); 5] = [
    ("default", ModeOfWork::Default),
    ("acceptEdits", ModeOfWork::AcceptEdits),
    ("plan", ModeOfWork::Plan),
    ("dontAsk", ModeOfWork::DontAsk),
    ("bypassPermissions", ModeOfWork::Bypass),
];

/// Tools that read, and their keys.
const READERS: &str = "*/{Read,Grep,Glob,LS,NotebookRead}";
const EDITORS: &str = "*/{Edit,Write,MultiEdit,NotebookEdit}";
const FILE_KEYS: &str = "{file_path,path,notebook_path}";

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(root) = reader.root() else { return };
    // The rest of the settings is about other things than permissions.
    let settings = reader.map(&root, "the settings");
    let Some(node) = member(&settings, "permissions") else {
        reader.wrong(&root, "settings without `permissions`", "give the file that has them");
        return;
    };
    let members = reader.map(node, "`permissions`");
    reader.known(&members, &KNOWN, "`permissions`");
    draft.name = "claude-code".to_owned();
    mode_of_work(reader, draft, &members);
    for (key, verdict) in [("deny", Verdict::Deny), ("ask", Verdict::Ask), ("allow", Verdict::Allow)] {
        let Some(list) = member(&members, key) else { continue };
        for (word, node) in reader.words(list, &format!("`{key}`")) {
            match rule::parse(word) {
                Ok(about) => write(reader, draft, (word, node), verdict, &about),
                Err((cause, help)) => reader.wrong(node, cause, help),
            }
        }
    }
    if draft.is_safe() {
        let text = "what no rule names is decided by the default, reading in the workspace too; resources, prompts and what \
                    servers ask for as well";
        let shown = Shown::resource(("passes", draft.by_default()));
        draft.differs(0, text, Some(shown));
    } else {
        let id = draft.id("reads");
        let fields = vec![("id", Out::text(id)), ("effect", Out::word("allow")), ("on", Out::text(READERS))];
        draft.add(Section::Rules, "reading needs no permission", fields);
        let on = ["resource:*", "prompt:*", "completion:*", "sampling", "elicitation", "roots", "task"];
        let id = draft.id("not-looked-at");
        let fields = vec![("id", Out::text(id)), ("effect", Out::word("allow")), ("on", Out::texts(on))];
        draft.add(Section::Rules, "permissions are about tools alone", fields);
    }
}

fn mode_of_work(reader: &mut Reader<'_>, draft: &mut Draft, members: &Members<'_>) {
    let node = member(members, "defaultMode");
    let mode = node.and_then(|node| reader.choice(node, "mode", &MODES)).unwrap_or(ModeOfWork::Default);
    let line = node.map_or(0, |node| reader.line(node));
    draft.default = match mode {
        ModeOfWork::Default | ModeOfWork::AcceptEdits => Verdict::Ask,
        ModeOfWork::Plan | ModeOfWork::DontAsk => Verdict::Deny,
        ModeOfWork::Bypass if draft.is_safe() => Verdict::Ask,
        ModeOfWork::Bypass => Verdict::Allow,
    };
    draft.default_comment =
        if line == 0 { "defaultMode is not said".to_owned() } else { format!("line {line}: defaultMode") };
    match mode {
        ModeOfWork::Bypass if draft.is_safe() => {
            let shown = rule::show("srv", "some_tool", "{}", ("passes", "asks"), None);
            draft.differs(line, "`bypassPermissions` asks", Some(shown));
        }
        ModeOfWork::AcceptEdits => {
            let id = draft.id("accept-edits");
            let paths = Out::map([("path", Out::text("./**"))]);
            let fields = vec![
                ("id", Out::text(id)),
                ("effect", Out::word("allow")),
                ("on", Out::text(EDITORS)),
                ("args", Out::map([(FILE_KEYS, paths)])),
            ];
            draft.add(Section::Rules, format!("line {line}: acceptEdits"), fields);
        }
        ModeOfWork::Plan => {
            let shown =
                rule::show("srv", "some_tool", "{}", ("asks, once the plan is accepted", "denies"), None);
            let text = "`plan` denies what no rule allows, from the beginning to the end";
            draft.differs(line, text, Some(shown));
        }
        ModeOfWork::Default | ModeOfWork::DontAsk | ModeOfWork::Bypass => {}
    }
}

fn write(
    reader: &Reader<'_>,
    draft: &mut Draft,
    (word, node): (&str, &Node),
    verdict: Verdict,
    about: &About,
) {
    let line = reader.line(node);
    let tightens = verdict != Verdict::Allow;
    // Where the default denies, a wider question would be a way out.
    let wide = draft.is_safe()
        && (verdict == Verdict::Deny || verdict == Verdict::Ask && draft.default != Verdict::Deny);
    let targets = targets(about, wide);
    let args = match &about.spec {
        Spec::Anything => Vec::new(),
        Spec::Command { entry, glob } => {
            let key = if wide { touch::COMMAND_KEYS } else { "command" };
            let mut args = Vec::new();
            args.extend(entry.as_ref().map(|entry| (key, "command", Out::text(entry.clone()))));
            // What cannot be said in words of a command is compared as text; an allow needs the words.
            args.extend(
                glob.as_ref().filter(|_| tightens).map(|glob| (key, "glob", Out::text(glob.clone()))),
            );
            args
        }
        Spec::Path(path) => {
            let key = if wide { "**" } else { FILE_KEYS };
            vec![(key, "path", Out::text(reach(path, tightens)))]
        }
        Spec::Domain(domain) => vec![domain_args(wide, domain)],
    };
    if args.is_empty() && about.spec != Spec::Anything {
        draft.left_out(line, format!("`{word}`, which cannot be said as words of a command"));
        return;
    }
    let all: Vec<Option<_>> = if args.is_empty() { vec![None] } else { args.into_iter().map(Some).collect() };
    for arg in all {
        let mut fields = vec![
            ("id", Out::Text(draft.id(word))),
            ("effect", Out::word(verdict.word())),
            ("on", targets.clone()),
        ];
        if about.writes && wide && about.spec != Spec::Anything {
            fields.push(("labels", Out::texts(["write", "delete", "destructive"])));
        }
        fields.extend(
            arg.map(|(key, matcher, value)| ("args", Out::map([(key, Out::map([(matcher, value)]))]))),
        );
        draft.add(Section::Rules, format!("line {line}: {} `{word}`", verdict.word()), fields);
    }
    rule::differences(draft, line, word, (verdict, wide), about);
    if let (Spec::Path(path), true) = (&about.spec, wide) {
        touch::write(draft, (line, word), (verdict, about.writes), &reach(path, tightens));
    }
}

/// What is denied is denied with what lies below it.
fn reach(path: &str, tightens: bool) -> String {
    if tightens && !path.ends_with("**") {
        return format!("{}/**", path.trim_end_matches('/'));
    }
    path.to_owned()
}

fn domain_args(wide: bool, domain: &str) -> (&'static str, &'static str, Out) {
    if wide {
        return ("**", "host", Out::texts([domain.to_owned(), format!("*.{domain}")]));
    }
    let parts = [("scheme", Out::texts(["http", "https"])), ("host", Out::text(domain))];
    ("url", "url", Out::map(parts))
}

/// What a rule is about; `wide`: all that does the same.
fn targets(about: &About, wide: bool) -> Out {
    match (&about.spec, wide) {
        (Spec::Path(_), true) if about.writes => Out::text("*/*"),
        (Spec::Path(_) | Spec::Domain(_), true) => Out::texts(["*/*", "resource:*", "completion:*"]),
        (Spec::Command { .. }, true) => Out::texts(touch::SHELLS),
        _ => Out::texts(about.targets.clone()),
    }
}
