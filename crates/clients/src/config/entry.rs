//! One entry: what it launches or reaches, with what environment.

use super::{Launch, Setting, Shape, Stdio, Word, first};
use crate::table::Dialect;
use crate::tree::{Form, Layout, Member, Node};

pub(super) struct Entry {
    pub(super) is_enabled: bool,
    pub(super) launch: Launch,
    pub(super) environment: Vec<Setting>,
    pub(super) headers: Vec<Setting>,
}

/// Why an entry cannot be read, and where.
pub(super) type Trouble = (usize, String);

/// `None` is a thing of the client's own that is no server.
pub(super) fn read(node: &Node, dialect: &Dialect, is_flat: bool) -> Result<Option<Entry>, Trouble> {
    if !matches!(node.form, Form::Map(..)) {
        // A flat file has other things beside servers.
        return match is_flat {
            true => Ok(None),
            false => Err((node.span.start, format!("the entry must be a map, not {}", node.kind()))),
        };
    }
    let kind = node.get("type").or_else(|| node.get("transport")).and_then(|member| member.value.text());
    let foreign = |kind: &str| !dialect.only_types.iter().any(|only| only == kind);
    if !dialect.only_types.is_empty() && kind.is_some_and(foreign) {
        return Ok(None);
    }
    let launch = match (first(node, &dialect.command), first(node, &dialect.url)) {
        // One client would start the command, another go to the address, past whatever stands before the command.
        (Some(command), Some(url)) => {
            let why = format!(
                "the entry has both `{}` and `{}`: clients differ in what they take",
                command.key, url.key
            );
            return Err((url.key_span.start, why));
        }
        (Some(command), None) => Launch::Stdio(stdio(node, command, dialect)?),
        (None, Some(url)) => Launch::Remote { url: word(&url.value, &url.key)?, needs: needs(node, kind) },
        (None, None) if is_flat || is_toggle(node) => return Ok(None),
        (None, None) => {
            let key = dialect.command.first().map_or("command", String::as_str);
            return Err((node.span.start, format!("the entry has neither `{key}` nor `url`")));
        }
    };
    let on = |key: &str| node.get(key).and_then(|member| member.value.truth());
    let is_enabled = on("enabled") != Some(false) && on("disabled") != Some(true);
    // Zed's older form keeps everything below `command`.
    let inner = first(node, &dialect.command).map(|member| &member.value);
    let settings_of = |keys: &[String]| {
        let own = first(node, keys).or_else(|| inner.and_then(|inner| first(inner, keys)));
        own.map(settings).unwrap_or_default()
    };
    let (environment, headers) = (settings_of(&dialect.environment), settings_of(&dialect.headers));
    Ok(Some(Entry { is_enabled, launch, environment, headers }))
}

/// What of a remote entry only its client can do.
fn needs(node: &Node, kind: Option<&str>) -> Option<String> {
    const OWN: [&str; 8] = [
        "auth",
        "oauth",
        "authorization",
        "authProviderType",
        "bearer_token_env_var",
        "env_http_headers",
        "headersHelper",
        "requestInit",
    ];
    let own = OWN.iter().find(|key| node.get(key).is_some()).map(|key| (*key).to_owned());
    own.or_else(|| kind.filter(|kind| *kind == "ws").map(|kind| format!("type: {kind}")))
}

/// `{ "enabled": false }` switches off a server that stands elsewhere.
fn is_toggle(node: &Node) -> bool {
    let members = node.members();
    let switches = |member: &Member| matches!(member.key.as_str(), "enabled" | "disabled");
    !members.is_empty() && members.iter().all(switches)
}

fn stdio(node: &Node, command: &Member, dialect: &Dialect) -> Result<Stdio, Trouble> {
    let at = command.value.span.start;
    match &command.value.form {
        Form::List(layout, elements) => {
            let words = elements.iter().map(|element| word(element, &command.key));
            let mut words = words.collect::<Result<Vec<_>, _>>()?.into_iter();
            let program = words.next().ok_or((at, format!("`{}` is empty", command.key)))?;
            let shape = Shape::Joined { list: command.value.span.clone(), layout: *layout };
            Ok(Stdio { program, arguments: words.collect(), shape })
        }
        Form::Map(..) => {
            let path = command.value.get("path").ok_or((at, "the command has no `path`".to_owned()))?;
            apart(&command.value, path, "args")
        }
        Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing => {
            let present = dialect.arguments.iter().find(|key| node.get(key).is_some());
            let key = present.or(dialect.arguments.first());
            apart(node, command, key.map_or("args", String::as_str))
        }
    }
}

/// The command in `program`, its arguments beside it in `map`.
fn apart(map: &Node, program: &Member, arguments_key: &str) -> Result<Stdio, Trouble> {
    let around = match map.form {
        Form::Map(layout, _) => layout,
        Form::Text(_) | Form::Truth(_) | Form::Number(_) | Form::Nothing | Form::List(..) => Layout::Flow,
    };
    let (list, arguments) = match map.get(arguments_key).map(|member| &member.value) {
        None => (None, Vec::new()),
        Some(Node { span, form: Form::List(layout, elements) }) => {
            let words = elements.iter().map(|element| word(element, arguments_key));
            (Some((span.clone(), *layout)), words.collect::<Result<_, _>>()?)
        }
        Some(other) => {
            return Err((
                other.span.start,
                format!("`{arguments_key}` must be a list, not {}", other.kind()),
            ));
        }
    };
    let (key_span, arguments_key) = (program.key_span.clone(), arguments_key.to_owned());
    let shape = Shape::Apart { key_span, around, arguments_key, list };
    Ok(Stdio { program: word(&program.value, &program.key)?, arguments, shape })
}

fn word(node: &Node, key: &str) -> Result<Word, Trouble> {
    match &node.form {
        // A port without quotes is a word as well.
        Form::Text(text) | Form::Number(text) => Ok(Word { text: text.clone(), span: node.span.clone() }),
        Form::Truth(_) | Form::Nothing | Form::List(..) | Form::Map(..) => {
            Err((node.span.start, format!("`{key}` must hold texts, not {}", node.kind())))
        }
    }
}

/// The texts of a map; what is no text sets nothing that could be read here.
fn settings(member: &Member) -> Vec<Setting> {
    let texts = member.value.members().iter().filter_map(|member| match &member.value.form {
        Form::Text(text) | Form::Number(text) => {
            let value = Word { text: text.clone(), span: member.value.span.clone() };
            Some(Setting { name: member.key.clone(), value })
        }
        Form::Truth(_) | Form::Nothing | Form::List(..) | Form::Map(..) => None,
    });
    texts.collect()
}
