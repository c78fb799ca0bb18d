//! One whole file.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Reader;
use super::guards::GuardPart;
use super::rules::{Ruled, is_id};
use crate::history::{Part, Precondition, Sequence};
use crate::labels::LabelEntry;
use crate::model::{Drift, Hide, Limit, Place, Rule, Verdict};
use crate::roles::RoleEntry;
use crate::tree::{self, Form, Node};
use crate::words;

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct FilePart {
    pub(crate) name: Option<String>,
    /// `Some(None)`: it passes over what it does not name.
    pub(crate) default: Option<Option<Verdict>>,
    /// Where it says so.
    pub(crate) default_place: Option<Place>,
    pub(crate) extends: Vec<(String, Range<usize>)>,
    pub(crate) roles: Vec<RoleEntry>,
    /// The roles that `for` names, with their places.
    pub(crate) roles_named: Vec<(String, Range<usize>)>,
    pub(crate) labels: Vec<LabelEntry>,
    pub(crate) rules: Vec<Ruled<Rule>>,
    pub(crate) limits: Vec<Ruled<Limit>>,
    pub(crate) sequences: Vec<Part<Sequence>>,
    pub(crate) preconditions: Vec<Part<Precondition>>,
    /// The ids of what could not be read for another mistake: they are taken all the same.
    pub(crate) broken: Vec<(String, Range<usize>)>,
    pub(crate) guards: GuardPart,
    pub(crate) drift: Option<Drift>,
    pub(crate) drift_place: Option<Place>,
    pub(crate) hide: Option<Hide>,
}

impl FilePart {
    fn note_broken(&mut self, entry: &Node, is_broken: bool) {
        let Form::Map(pairs) = &entry.form else { return };
        let member =
            |key| pairs.iter().find(|(known, _)| known.scalar() == Some(key)).map(|(_, value)| value);
        let id = member("id").filter(|id| !id.is_null() && is_broken && member("override").is_none());
        let text = id.and_then(Node::scalar).filter(|text| is_id(text));
        self.broken.extend(id.zip(text).map(|(id, text)| (text.to_owned(), id.span.clone())));
    }

    /// The roles that its rules ask for; `None`: a condition asks for some.
    pub(crate) fn roles_asked(&self) -> Vec<Option<&str>> {
        let scopes =
            self.rules.iter().map(|rule| &rule.scope).chain(self.limits.iter().map(|limit| &limit.scope));
        let mut out: Vec<Option<&str>> = Vec::new();
        for scope in scopes {
            out.extend(scope.who.roles.iter().flatten().map(|role| Some(role.as_str())));
            out.extend(scope.asks_roles().then_some(None));
        }
        let approvers = self.rules.iter().flat_map(|rule| &rule.about.approval.from);
        out.extend(approvers.map(|role| Some(role.as_str())));
        out
    }
}

pub(crate) const DEFAULTS: [(&str, Option<Verdict>); 4] = [
    ("deny", Some(Verdict::Deny)),
    ("ask", Some(Verdict::Ask)),
    ("allow", Some(Verdict::Allow)),
    ("pass", None),
];

/// Reads the text of `reader`.
pub(crate) fn read(reader: &mut Reader<'_>) -> FilePart {
    let (root, faults) = tree::parse(reader.text);
    let broken = !faults.is_empty();
    for fault in faults {
        let star = fault.message.starts_with("not valid YAML")
            && line_at(reader.text, fault.span.start).contains('*');
        let help = fault.help.or(star.then(|| "quote a text that begins with `*`: `\"*/*\"`".to_owned()));
        reader.problem(&fault.span, fault.message, help);
    }
    let Some(root) = root.filter(|root| !root.is_null()) else {
        if !broken {
            reader.problem(
                &(0..0),
                "the policy is empty",
                Some("begin with `version: 1`; silence would deny everything".into()),
            );
        }
        return FilePart::default();
    };
    let Some(members) = reader.members(&root, &words::FILE, "a policy") else { return FilePart::default() };
    whole_file(reader, &root, &members)
}

fn whole_file(reader: &mut Reader<'_>, root: &Node, members: &BTreeMap<&str, &Node>) -> FilePart {
    let mut part = FilePart::default();
    version(reader, members.get("version").copied());
    part.name = members.get("name").and_then(|name| reader.word(name, "`name`")).map(str::to_owned);
    part.default = default(reader, members);
    part.default_place = members.get("default").map(|node| reader.place(node));
    if let Some(extends) = members.get("extends") {
        for item in reader.items(extends, "`extends`") {
            let reference = reader.word(item, "a policy to extend").map(str::to_owned);
            part.extends.extend(reference.map(|reference| (reference, item.span.clone())));
        }
    }
    if let Some(vars) = members.get("vars") {
        reader.read_vars(vars);
    }
    if let Some(roles) = members.get("roles") {
        part.roles = reader.read_roles(roles);
    }
    if let Some(labels) = members.get("labels") {
        part.labels = reader.read_labels(labels);
    }
    if let Some(rules) = members.get("rules") {
        for entry in reader.entries(rules, "rules") {
            let read = reader.rule(entry);
            part.note_broken(entry, read.is_none());
            part.rules.extend(read);
        }
    }
    if let Some(limits) = members.get("limits") {
        for entry in reader.entries(limits, "limits") {
            let read = reader.limit(entry);
            part.note_broken(entry, read.is_none());
            part.limits.extend(read);
        }
    }
    if let Some(sequences) = members.get("sequences") {
        for entry in reader.entries(sequences, "sequences") {
            let read = reader.sequence(entry);
            part.note_broken(entry, read.is_none());
            part.sequences.extend(read);
        }
    }
    if let Some(preconditions) = members.get("preconditions") {
        for entry in reader.entries(preconditions, "preconditions") {
            let read = reader.precondition(entry);
            part.note_broken(entry, read.is_none());
            part.preconditions.extend(read);
        }
    }
    part.roles_named = std::mem::take(&mut reader.roles_named);
    part.guards = members.get("guards").map(|node| reader.read_guards(node)).unwrap_or_default();
    part.drift = members.get("pins").and_then(|node| reader.read_pins(node));
    part.drift_place = members.get("pins").map(|node| reader.place(node));
    part.hide = members.get("discovery").and_then(|node| reader.read_discovery(node));
    let filled = |key: &&str| {
        members.get(*key).is_some_and(|node| !matches!(&node.form, Form::List(entries) if entries.is_empty()))
    };
    let speaks = ["default", "extends", "rules", "limits", "sequences", "preconditions", "guards", "pins"]
        .iter()
        .any(filled);
    if !speaks {
        reader.wrong(root, "the policy decides nothing", "add `default: deny` and `rules`");
    }
    part
}

fn version(reader: &mut Reader<'_>, node: Option<&Node>) {
    let help = "begin the file with `version: 1`";
    match node {
        None => reader.problem(&(0..0), "no `version`", Some(help.into())),
        Some(node) => {
            if reader.word(node, "`version`").is_some_and(|version| version != "1") {
                reader.wrong(
                    node,
                    format!("unknown version `{}` of the language", node.scalar().unwrap_or_default()),
                    help,
                );
            }
        }
    }
}

fn default(reader: &mut Reader<'_>, members: &BTreeMap<&str, &Node>) -> Option<Option<Verdict>> {
    let default = members.get("default").and_then(|node| reader.choice(node, "default", &DEFAULTS));
    let unsafe_default = members.get("unsafe-default").copied();
    if let Some(node) = unsafe_default {
        reader.choice(node, "value of `unsafe-default`", &[("allow", ())]);
        if default != Some(Some(Verdict::Allow)) {
            reader.wrong(node, "`unsafe-default` without `default: allow`", "remove it");
        }
    }
    if let (Some(Some(Verdict::Allow)), None, Some(node)) = (default, unsafe_default, members.get("default"))
    {
        let help = "what no rule names would pass; if that is meant, add `unsafe-default: allow`";
        reader.wrong(node, "`default: allow` is unsafe", help);
    }
    default
}

fn line_at(text: &str, offset: usize) -> &str {
    let start = text.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}
