//! Parts of our rules as parts of Cedar's.

use bailiwick_policy::tree::{Form, Node};

use crate::reader::Reader;

/// What a policy is about.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) action: &'static str,
    pub(super) resource: String,
    /// A test of the tool's name, where it has wildcards.
    pub(super) name: Option<String>,
}

/// What is said of one argument.
#[derive(Debug)]
pub(super) struct Test(String);

impl Test {
    pub(super) fn all(tests: &[Test]) -> String {
        tests.iter().map(|test| test.0.as_str()).collect::<Vec<_>>().join(" && ")
    }
}

#[derive(Debug)]
pub(super) enum Who {
    Anybody,
    Client(String),
    /// A test of a claim.
    Claim(String),
}

impl Who {
    pub(super) fn scope(&self) -> String {
        match self {
            Who::Client(id) => format!("principal == Client::{}", quoted(id)),
            Who::Anybody | Who::Claim(_) => "principal".to_owned(),
        }
    }

    pub(super) fn test(&self) -> Option<&String> {
        match self {
            Who::Claim(test) => Some(test),
            Who::Anybody | Who::Client(_) => None,
        }
    }
}

/// A text of Cedar.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
            .replace('\r', "\\r")
    )
}

/// # Errors
/// What does not fit. `None`: about another server.
pub(super) fn heads(target: &str, server: Option<&str>) -> Result<Option<Vec<Head>>, String> {
    if target.contains("${") {
        return Err("a variable".to_owned());
    }
    let (kind, rest) = match target.split_once(':') {
        Some((word, rest)) if !word.contains('/') => (word, rest),
        _ => ("tool", target),
    };
    let (action, entity) = match kind {
        "tool" => ("call_tool", "Tool"),
        "prompt" => ("get_prompt", "Prompt"),
        "resource" => ("read_resource", "Resource"),
        other => return Err(format!("targets of the kind `{other}` are not known there")),
    };
    let any = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'*');
    let (place, name) = match rest.split_once('/') {
        _ if any(rest) => ("*", "*"),
        Some((place, name)) if kind != "resource" || !place.contains(':') => (place, name),
        _ => ("*", rest),
    };
    if !any(place) && server != Some(place) {
        return match server {
            Some(_) if !place.contains(['*', '?', '[', '{']) => Ok(None),
            _ => Err("the name of a server (give it with `--server`)".to_owned()),
        };
    }
    let mut out = Vec::new();
    for name in alternatives(name)? {
        if name.contains(['?', '[', '\\']) {
            return Err("wildcards other than `*` and `{a,b}`".to_owned());
        }
        let head = if any(&name) {
            Head { action, resource: "resource".to_owned(), name: None }
        } else if name.contains('*') && kind == "tool" {
            let test = format!("resource.name like {}", quoted(&name));
            Head { action, resource: "resource".to_owned(), name: Some(test) }
        } else if name.contains('*') {
            return Err(format!("a wildcard in the name of a {kind}"));
        } else {
            Head { action, resource: format!("resource == {entity}::{}", quoted(&name)), name: None }
        };
        out.push(head);
    }
    Ok(Some(out))
}

/// `{a,b}` written out.
fn alternatives(text: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = text.split_once('{') else { return Ok(vec![text.to_owned()]) };
    let (inside, behind) = rest.split_once('}').ok_or("`{` without `}`")?;
    let mut out = Vec::new();
    for word in inside.split(',') {
        for tail in alternatives(behind)? {
            out.push(format!("{before}{word}{tail}"));
            if out.len() > ALTERNATIVES_MAX {
                return Err(format!("more than {ALTERNATIVES_MAX} names in one target"));
            }
        }
    }
    Ok(out)
}

/// # Errors
/// What does not fit.
pub(super) fn who(reader: &mut Reader<'_>, node: &Node) -> Result<Vec<Who>, String> {
    let members = reader.map(node, "`for`");
    let [(key, _, value)] = members.as_slice() else { return Err("several keys in `for`".to_owned()) };
    let words = |node: &Node| -> Vec<String> {
        match &node.form {
            Form::List(items) => items.iter().filter_map(Node::scalar).map(str::to_owned).collect(),
            Form::Scalar { text, .. } => vec![text.clone()],
            Form::Map(_) => Vec::new(),
        }
    };
    let plain = |word: &String| !word.contains(['*', '?', '[', '{', '\\']);
    let all = words(value);
    if !all.iter().all(plain) {
        return Err("wildcards in `for`".to_owned());
    }
    match *key {
        "principals" => Ok(all.into_iter().map(Who::Client).collect()),
        "roles" => {
            let test = |role: &String| {
                Who::Claim(format!(
                    "principal has claim_roles && principal.claim_roles.contains({})",
                    quoted(role)
                ))
            };
            Ok(all.iter().map(test).collect())
        }
        "claims" => {
            let claims = reader.map(value, "`claims`");
            let [(name, _, values)] = claims.as_slice() else {
                return Err("several claims in `for`".to_owned());
            };
            let fits = words(values);
            if !fits.iter().all(plain) || !is_name(name) {
                return Err("wildcards in `for`".to_owned());
            }
            let test = |value: &String| {
                Who::Claim(format!(
                    "principal has claim_{name} && principal.claim_{name} == {}",
                    quoted(value)
                ))
            };
            Ok(fits.iter().map(test).collect())
        }
        other => Err(format!("`{other}` in `for`")),
    }
}

/// The tests of `args`. `holds`: for a require, of which a missing argument is a breach.
///
/// # Errors
/// What does not fit.
pub(super) fn tests(reader: &mut Reader<'_>, node: &Node, holds: bool) -> Result<Vec<Test>, String> {
    let mut out = Vec::new();
    for (key, _, matchers) in reader.map(node, "`args`") {
        if !is_name(key) {
            return Err(format!("the key `{key}`: only names have a form in Cedar"));
        }
        let at = format!("context.arg_{key}");
        let mut parts = vec![format!("context has arg_{key}")];
        for (matcher, _, value) in reader.map(matchers, "the matchers") {
            parts.push(one(&at, matcher, value)?);
        }
        out.push(Test(parts.join(" && ")));
    }
    if out.is_empty() && holds {
        return Err("nothing that must hold".to_owned());
    }
    Ok(out)
}

fn one(at: &str, matcher: &str, value: &Node) -> Result<String, String> {
    let values: Vec<&Node> = match &value.form {
        Form::List(items) => items.iter().collect(),
        Form::Scalar { .. } | Form::Map(_) => vec![value],
    };
    let text = |node: &Node| match &node.form {
        Form::Scalar { text, .. } if !text.contains("${") => Ok(text.clone()),
        Form::Scalar { .. } | Form::List(_) | Form::Map(_) => Err("a variable, or no text".to_owned()),
    };
    match matcher {
        "in" => {
            let mut scalars = Vec::new();
            for node in values {
                scalars.push(scalar(node)?);
            }
            Ok(format!("[{}].contains({at})", scalars.join(", ")))
        }
        "prefix" | "glob" => {
            let mut tests = Vec::new();
            for node in values {
                let pattern = text(node)?;
                if matcher == "glob" && pattern.contains(['?', '[', '{', '\\']) {
                    return Err("wildcards other than `*`".to_owned());
                }
                let pattern =
                    if matcher == "prefix" { format!("{}*", pattern.replace('*', "\u{0}")) } else { pattern };
                tests.push(format!("{at} like {}", quoted(&pattern).replace('\u{0}', "\\*")));
            }
            Ok(if tests.len() == 1 { tests.remove(0) } else { format!("({})", tests.join(" || ")) })
        }
        "range" => range(at, &values),
        other => Err(format!("the matcher `{other}` has no form in Cedar")),
    }
}

fn scalar(node: &Node) -> Result<String, String> {
    match &node.form {
        Form::Scalar { text, plain: true } if text.parse::<i64>().is_ok() => Ok(text.clone()),
        Form::Scalar { text, plain: true } if text == "true" || text == "false" => Ok(text.clone()),
        Form::Scalar { text, plain: true } if text.parse::<f64>().is_ok() || node.is_null() => {
            Err(format!("the value `{text}`"))
        }
        Form::Scalar { text, .. } if !text.contains("${") => Ok(quoted(text)),
        Form::Scalar { .. } | Form::List(_) | Form::Map(_) => Err("a variable, or no plain value".to_owned()),
    }
}

fn range(at: &str, values: &[&Node]) -> Result<String, String> {
    let [low, high] = values else { return Err("a range".to_owned()) };
    let mut tests = Vec::new();
    for (node, sign) in [(low, ">="), (high, "<=")] {
        if node.is_null() {
            continue;
        }
        let bound = node.scalar().and_then(|text| text.parse::<i64>().ok());
        tests.push(format!("{at} {sign} {}", bound.ok_or("a range that does not end at whole numbers")?));
    }
    if tests.is_empty() { Err("a range without ends".to_owned()) } else { Ok(tests.join(" && ")) }
}

fn is_name(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Most names that one target is written out to.
const ALTERNATIVES_MAX: usize = 64;
