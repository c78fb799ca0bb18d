//! The table's text, checked: a misspelt key is an error at its place.

use std::collections::BTreeMap;

use super::{Client, Dialect, FileKind, Scope, System, Table};
use crate::tree::{Fault, Format, Member, Node, parse};

/// Reads a table, on top of `base` if there is one.
pub(super) fn table(text: &str, base: Option<Table>) -> Result<Table, Fault> {
    let root = parse(text, Format::Toml)?;
    known(&root, &["version", "roots", "dialects", "clients"])?;
    let version = root.get("version").map(|member| &member.value.form);
    if !matches!(version, Some(crate::tree::Form::Number(number)) if number == "1") {
        return Err(Fault { at: 0, message: "the table's `version` must be 1".to_owned() });
    }
    let is_base = base.is_none();
    let mut table = base.unwrap_or_else(|| Table { clients: BTreeMap::new(), roots: BTreeMap::new() });
    for root in members(&root, "roots") {
        known(&root.value, &["macos", "linux", "windows"])?;
        let mut folders = BTreeMap::new();
        for system in System::ALL {
            folders.insert(system, texts(&root.value, system.as_str())?.unwrap_or_default());
        }
        table.roots.insert(root.key.clone(), folders);
    }
    let dialects = dialects(&root, is_base)?;
    for client in members(&root, "clients") {
        let read = client_of(client, &dialects, &table)?;
        table.clients.insert(client.key.clone(), read);
    }
    Ok(table)
}

/// The dialects of this text, above the bundled ones where it is not itself the bundled one.
fn dialects(root: &Node, is_base: bool) -> Result<BTreeMap<String, Dialect>, Fault> {
    let mut dialects = match is_base {
        true => BTreeMap::new(),
        false => self::dialects(&parse(super::BUNDLED, Format::Toml)?, true)?,
    };
    for member in members(root, "dialects") {
        let node = &member.value;
        known(
            node,
            &["like", "command", "arguments", "environment", "url", "headers", "references", "only-types"],
        )?;
        let base = match text(node, "like")? {
            None => Dialect::default(),
            Some(like) => named(&dialects, like, node)?,
        };
        let or = |key: &str, base: Vec<String>| Ok::<_, Fault>(texts(node, key)?.unwrap_or(base));
        let dialect = Dialect {
            command: or("command", base.command)?,
            arguments: or("arguments", base.arguments)?,
            environment: or("environment", base.environment)?,
            url: or("url", base.url)?,
            headers: or("headers", base.headers)?,
            references: or("references", base.references)?,
            only_types: or("only-types", base.only_types)?,
        };
        dialects.insert(member.key.clone(), dialect);
    }
    Ok(dialects)
}

fn named(dialects: &BTreeMap<String, Dialect>, name: &str, at: &Node) -> Result<Dialect, Fault> {
    dialects
        .get(name)
        .cloned()
        .ok_or_else(|| Fault { at: at.span.start, message: format!("unknown dialect `{name}`") })
}

fn client_of(member: &Member, dialects: &BTreeMap<String, Dialect>, table: &Table) -> Result<Client, Fault> {
    let node = &member.value;
    known(node, &["name", "dialect", "files"])?;
    let missing = |key: &str| Fault {
        at: member.key_span.start,
        message: format!("the client `{}` has no `{key}`", member.key),
    };
    let name = text(node, "name")?.ok_or_else(|| missing("name"))?.to_owned();
    let dialect = text(node, "dialect")?.unwrap_or("common").to_owned();
    // Even a client without files names a dialect that exists.
    named(dialects, &dialect, node)?;
    let files = node.get("files").and_then(|files| files.value.elements()).ok_or_else(|| missing("files"))?;
    let files = files.iter().map(|file| file_of(file, &dialect, dialects, table));
    Ok(Client { id: member.key.clone(), name, files: files.collect::<Result<_, _>>()? })
}

fn file_of(
    node: &Node,
    dialect: &str,
    dialects: &BTreeMap<String, Dialect>,
    table: &Table,
) -> Result<FileKind, Fault> {
    known(
        node,
        &["scope", "path", "macos", "linux", "windows", "keys", "flat", "script", "dialect", "format"],
    )?;
    let fault = |message: String| Fault { at: node.span.start, message };
    let scope = match text(node, "scope")? {
        Some("user") => Scope::User,
        Some("project") => Scope::Project,
        Some("managed") => Scope::Managed,
        Some("plugin") => Scope::Plugin,
        _ => return Err(fault("`scope` must be user, project, managed or plugin".to_owned())),
    };
    let mut paths = BTreeMap::new();
    for system in System::ALL {
        if let Some(path) = text(node, system.as_str())?.or(text(node, "path")?) {
            let root = path.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            if let Some((root, _)) = root.filter(|(root, _)| !table.roots.contains_key(*root)) {
                return Err(fault(format!("unknown root `{root}`")));
            }
            paths.insert(system, path.to_owned());
        }
    }
    let Some(path) = paths.values().next() else {
        return Err(fault("a file has no `path`".to_owned()));
    };
    let format = match text(node, "format")? {
        None => Format::of_name(path),
        Some(name) => Format::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| fault(format!("unknown format `{name}`")))?,
    };
    Ok(FileKind {
        scope,
        format,
        keys: ways(node)?,
        is_flat: truth(node, "flat")?,
        is_script: truth(node, "script")?,
        dialect: named(dialects, text(node, "dialect")?.unwrap_or(dialect), node)?,
        paths,
    })
}

/// Where the servers stand; `mcpServers` where nothing is said.
fn ways(node: &Node) -> Result<Vec<Vec<String>>, Fault> {
    let Some(keys) = node.get("keys") else { return Ok(vec![vec!["mcpServers".to_owned()]]) };
    let fault =
        || Fault { at: keys.key_span.start, message: "`keys` must be a list of lists of texts".to_owned() };
    let way = |way: &Node| -> Option<Vec<String>> {
        way.elements()?.iter().map(|step| step.text().map(str::to_owned)).collect()
    };
    keys.value.elements().ok_or_else(fault)?.iter().map(|node| way(node).ok_or_else(fault)).collect()
}

fn members<'n>(root: &'n Node, key: &str) -> &'n [Member] {
    root.get(key).map(|member| member.value.members()).unwrap_or_default()
}

fn known(node: &Node, keys: &[&str]) -> Result<(), Fault> {
    match node.members().iter().find(|member| !keys.contains(&member.key.as_str())) {
        None => Ok(()),
        Some(member) => Err(Fault {
            at: member.key_span.start,
            message: format!("unknown key `{}`; known are {}", member.key, keys.join(", ")),
        }),
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Result<Option<&'n str>, Fault> {
    let Some(member) = node.get(key) else { return Ok(None) };
    let fault = || Fault { at: member.value.span.start, message: format!("`{key}` must be a text") };
    member.value.text().map(Some).ok_or_else(fault)
}

fn truth(node: &Node, key: &str) -> Result<bool, Fault> {
    let Some(member) = node.get(key) else { return Ok(false) };
    let fault = || Fault { at: member.value.span.start, message: format!("`{key}` must be true or false") };
    member.value.truth().ok_or_else(fault)
}

fn texts(node: &Node, key: &str) -> Result<Option<Vec<String>>, Fault> {
    let Some(member) = node.get(key) else { return Ok(None) };
    let fault = || Fault { at: member.value.span.start, message: format!("`{key}` must be a list of texts") };
    let texts = member.value.elements().ok_or_else(fault)?.iter().map(|text| text.text().map(str::to_owned));
    texts.collect::<Option<Vec<_>>>().map(Some).ok_or_else(fault)
}
