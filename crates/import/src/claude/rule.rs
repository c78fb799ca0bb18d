//! One rule of the settings: `Tool`, `Tool(what)`, `mcp__server__tool`.

use crate::draft::{Draft, Verdict, clean};
use crate::mcpfw::json;
use crate::note::Shown;

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) targets: Vec<String>,
    /// The tools change files.
    pub(super) writes: bool,
    pub(super) spec: Spec,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spec {
    Anything,
    /// As words of a command, and as a text with wildcards.
    Command {
        entry: Option<String>,
        glob: Option<String>,
    },
    Path(String),
    Domain(String),
}

type Fault = (String, String);

/// # Errors
/// The cause and the help.
pub(super) fn parse(word: &str) -> Result<About, Fault> {
    if word.len() > RULE_BYTES_MAX {
        return Err((format!("a rule longer than {RULE_BYTES_MAX} bytes"), "shorten it".to_owned()));
    }
    let (name, spec) = match word.split_once('(') {
        Some((name, rest)) => {
            let inside = rest.strip_suffix(')');
            let help = "write `Tool` or `Tool(what)`".to_owned();
            (name, Some(inside.ok_or_else(|| (format!("`{word}` does not end with a bracket"), help))?))
        }
        None => (word, None),
    };
    if let Some(rest) = name.strip_prefix("mcp__") {
        return mcp(word, rest, spec);
    }
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err((
            format!("`{name}` is no tool"),
            "write `Bash(git status)`, `Read(./src/**)` or `mcp__server__tool`".to_owned(),
        ));
    }
    let one = |spec| About { targets: vec![format!("*/{name}")], writes: false, spec };
    let file = |targets: &str, writes, spec| About { targets: vec![targets.to_owned()], writes, spec };
    Ok(match (name, spec.filter(|spec| !matches!(*spec, "*" | ""))) {
        ("Bash", None) => one(Spec::Anything),
        ("Bash", Some(spec)) => one(command(spec)),
        ("Read" | "Grep" | "Glob" | "LS" | "NotebookRead", spec) => {
            file(super::READERS, false, places(spec)?)
        }
        ("Edit" | "Write" | "MultiEdit" | "NotebookEdit", spec) => file(super::EDITORS, true, places(spec)?),
        ("WebFetch", Some(spec)) => one(domain(spec)?),
        (_, None) => one(Spec::Anything),
        (_, Some(_)) => {
            return Err((
                format!("what `{name}` may be about is not known"),
                format!("write `{name}` alone"),
            ));
        }
    })
}

/// `server`, `server__tool`, `server__*`.
fn mcp(word: &str, rest: &str, spec: Option<&str>) -> Result<About, Fault> {
    let help = "write `mcp__server__tool`, or `mcp__server` for all of its tools".to_owned();
    let (server, tool) = rest.split_once("__").unwrap_or((rest, "*"));
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', ':', '[', '{', '\\', '?']);
    if spec.is_some() || !plain(server) || !plain(tool) {
        return Err((format!("`{word}` names no tool of a server"), help));
    }
    Ok(About { targets: vec![format!("{server}/{tool}")], writes: false, spec: Spec::Anything })
}

fn command(spec: &str) -> Spec {
    // `npm run test:*` is `npm run test *`: these words, then any.
    let text = spec.strip_suffix(":*").map_or_else(|| spec.to_owned(), |start| format!("{start} *"));
    let body = text.strip_suffix(" *").unwrap_or(&text);
    let word = |word: &str| {
        let fine = |c: char| {
            c.is_ascii_alphanumeric()
                || matches!(c, '-' | '_' | '.' | '/' | '=' | '@' | ':' | '+' | ',' | '*')
        };
        word.chars().all(fine)
    };
    let words: Vec<&str> = body.split_ascii_whitespace().collect();
    let program = words.first().is_some_and(|program| !program.contains('*'));
    let entry = (program && words.iter().all(|found| word(found))).then(|| {
        let open = if text.ends_with(" *") { " *" } else { "" };
        format!("{}{open}", words.join(" "))
    });
    let special = |c: char| match c {
        '[' | '{' | '\\' | '?' => format!("[{c}]"),
        other => other.to_string(),
    };
    let written: String = text.chars().map(special).collect();
    let inner = body.contains('*') || entry.is_none();
    Spec::Command { entry, glob: inner.then_some(written) }
}

/// A pattern as `gitignore` has them, relative to the working directory.
fn places(spec: Option<&str>) -> Result<Spec, Fault> {
    let Some(spec) = spec else { return Ok(Spec::Anything) };
    let help = || {
        "write `//absolute/path/**`, `~/path`, `./path`, or `/path` below the settings' project".to_owned()
    };
    if spec.contains(['\\', '\0', '$'])
        || spec.split('/').any(|segment| segment == "..")
        || spec.trim() != spec
    {
        return Err((format!("the path `{spec}` cannot be said here"), help()));
    }
    let path = if let Some(absolute) = spec.strip_prefix("//") {
        format!("/{absolute}")
    } else if spec.starts_with("~/") || spec.starts_with("./") || spec.starts_with("**/") {
        spec.to_owned()
    } else if let Some(project) = spec.strip_prefix('/') {
        format!("./{project}")
    } else if spec.trim_end_matches('/').contains('/') {
        format!("./{spec}")
    } else {
        format!("**/{spec}")
    };
    let path = path.replace('{', "[{]");
    let mixed = path.split('/').any(|segment| segment.contains("**") && segment != "**");
    if mixed || unbalanced(&path) {
        return Err((format!("the path `{spec}` cannot be said here"), help()));
    }
    Ok(Spec::Path(path))
}

/// True if a class has no end.
fn unbalanced(path: &str) -> bool {
    path.match_indices('[').any(|(at, _)| {
        let inside = path.get(at.saturating_add(2)..).unwrap_or_default();
        let segment = inside.split('/').next().unwrap_or_default();
        !segment.contains(']')
    })
}

fn domain(spec: &str) -> Result<Spec, Fault> {
    let domain = spec.strip_prefix("domain:").unwrap_or_default();
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let labels =
        domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    if domain.is_empty() || !domain.chars().all(fine) || !labels {
        return Err((format!("`{spec}` names no domain"), "write `WebFetch(domain:example.com)`".to_owned()));
    }
    Ok(Spec::Domain(domain.to_ascii_lowercase()))
}

/// What differs, with a call.
pub(super) fn differences(
    draft: &mut Draft,
    line: u32,
    word: &str,
    (verdict, wide): (Verdict, bool),
    about: &About,
) {
    let speaks = |speaks: bool| Some((clean(word), speaks));
    let tightens = verdict != Verdict::Allow;
    match &about.spec {
        Spec::Command { entry: Some(entry), .. } if tightens => {
            let command = entry.trim_end_matches(" *");
            let (program, rest) = command.split_once(' ').unwrap_or((command, ""));
            let wrapped = format!("env X=1 /usr/bin/{program} {rest}");
            let tool = if wide { "run_command" } else { "Bash" };
            let call = format!("{{\"command\": {}}}", json(wrapped.trim_end()));
            if !command.contains(['/', '*', '=']) {
                let shown = show(
                    "srv",
                    tool,
                    &call,
                    ("may pass: the text begins otherwise", "this rule speaks"),
                    speaks(true),
                );
                draft.differs(line, format!("`{word}` sees the command however it is wrapped"), Some(shown));
            }
        }
        Spec::Path(path) if wide && !path.contains(['?', '[']) => {
            let text = format!(
                "`{word}` is about every tool that {}, and every argument",
                if about.writes { "may write" } else { "names the file" }
            );
            let shown = show(
                "srv",
                "some_tool",
                &format!("{{\"other\": [{}]}}", json(&sample(path))),
                ("is about other tools", "this rule speaks"),
                speaks(true),
            );
            draft.differs(line, text, Some(shown));
        }
        Spec::Domain(domain) if wide => {
            let call = format!("{{\"other\": {}}}", json(&format!("http://www.{domain}/")));
            let shown = show(
                "srv",
                "some_tool",
                &call,
                ("is about WebFetch alone", "this rule speaks"),
                speaks(true),
            );
            draft.differs(
                line,
                format!("`{word}` is about every tool, every argument, and names below the domain"),
                Some(shown),
            );
        }
        Spec::Command { .. } | Spec::Path(_) | Spec::Domain(_) | Spec::Anything => {}
    }
}

/// A path that the pattern matches.
fn sample(path: &str) -> String {
    path.replace("**", "a").replace('*', "a")
}

pub(super) fn show(
    server: &str,
    tool: &str,
    arguments: &str,
    (theirs, ours): (&str, &str),
    speaks: Option<(String, bool)>,
) -> Shown {
    Shown { speaks, ..Shown::tool(server, tool, arguments, (theirs, ours)) }
}

/// Longest rule.
const RULE_BYTES_MAX: usize = 1_000;
