//! Our policies in Cedar, as ToolHive reads it, for what fits; what does not is named with its line.
//!
//! Nothing gets wider on the way but what the notes name: a question becomes a `forbid`, and an `allow` of which a part does not
//! fit is left out. A denial that does not fit is missing there, and that is said first.

mod parts;

use std::fmt::Write as _;

use bailiwick_policy::tree::{Form, Node};

use crate::draft::clean;
use crate::note::{Kind, Note};
use crate::reader::{Members, Reader, member};
use parts::{Test, Who};

/// An export.
#[derive(Debug, Clone)]
pub struct Exported {
    /// Policies of Cedar.
    pub text: String,
    /// What does not fit, or changes.
    pub notes: Vec<Note>,
    /// Policies in it.
    pub policies: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Ask,
    Deny,
    Require,
}

const EFFECTS: [(&str, Effect); 4] =
    [("allow", Effect::Allow), ("ask", Effect::Ask), ("deny", Effect::Deny), ("require", Effect::Require)];

/// Sections and keys that have no place in Cedar.
const ELSEWHERE: [(&str, &str); 8] = [
    ("limits", "limits: Cedar does not count"),
    ("sequences", "sequences: Cedar does not remember"),
    ("preconditions", "preconditions: Cedar does not remember"),
    ("guards", "guards: Cedar sees no contents"),
    ("pins", "pins"),
    ("discovery", "discovery: lists show what may be called"),
    ("extends", "what `extends` names: export those files as well"),
    ("roles", "who has which role: roles come with the token, as the claim `roles`"),
];

struct Export<'s> {
    server: Option<&'s str>,
    out: Exported,
}

/// Writes one of our policies, which compiles, in Cedar. `server`: the name of the server that it will stand before; rules about
/// others are left out. Without it only rules about any server fit.
#[must_use]
pub fn export(text: &str, server: Option<&str>) -> Exported {
    let mut reader = Reader::new(text);
    let mut export = Export { server, out: Exported { text: String::new(), notes: Vec::new(), policies: 0 } };
    let Some(root) = reader.root() else { return export.out };
    let members = reader.map(&root, "the policy");
    for (key, text) in ELSEWHERE {
        if let Some(node) = member(&members, key) {
            export.left_out(reader.line(node), text);
        }
    }
    export.default(&reader, &members);
    let rules = member(&members, "rules").map(|node| reader.list(node, "`rules`")).unwrap_or_default();
    for rule in rules {
        export.rule(&mut reader, rule);
    }
    if export.out.text.contains("forbid(") {
        export.differs(0, "a `forbid` there compares names of tools letter by letter, looks into no list, and is silent over a value of another type");
    }
    export.out
}

impl Export<'_> {
    fn left_out(&mut self, line: u32, text: impl Into<String>) {
        self.out.notes.push(Note { line, kind: Kind::LeftOut, text: text.into(), shown: None });
    }

    fn differs(&mut self, line: u32, text: impl Into<String>) {
        self.out.notes.push(Note { line, kind: Kind::Differs, text: text.into(), shown: None });
    }

    fn default(&mut self, reader: &Reader<'_>, members: &Members<'_>) {
        let Some(node) = member(members, "default") else { return };
        match node.scalar() {
            Some("allow") => self.add("default", "permit(principal, action, resource)", &[]),
            Some("ask") => self.differs(reader.line(node), "`default: ask` denies there"),
            Some("pass") => self.differs(reader.line(node), "`default: pass` denies there"),
            _ => {}
        }
    }

    fn add(&mut self, id: &str, head: &str, conditions: &[String]) {
        // Text in annotations is quoted as in ours; ids have nothing that needs it.
        let _ = write!(self.out.text, "@id(\"{}\")\n{head}", clean(id)); // a String takes everything
        conditions.iter().for_each(|condition| {
            let _ = write!(self.out.text, "\n{condition}");
        });
        self.out.text.push_str(";\n\n");
        self.out.policies = self.out.policies.saturating_add(1);
    }

    fn rule(&mut self, reader: &mut Reader<'_>, rule: &Node) {
        let members = reader.map(rule, "a rule");
        let line = reader.line(rule);
        let id = member(&members, "id").and_then(Node::scalar).unwrap_or("rule").to_owned();
        let effect = member(&members, "effect").and_then(|node| reader.choice(node, "effect", &EFFECTS));
        let Some(effect) = effect else { return };
        match self.policies(reader, &members, effect, (&id, line)) {
            Ok(()) if effect == Effect::Ask => {
                self.differs(line, format!("`{id}` asks; there it denies"));
            }
            Ok(()) => {}
            Err(cause) => {
                let what = match effect {
                    Effect::Allow => "what it allows is denied there",
                    Effect::Ask | Effect::Deny | Effect::Require => "what it keeps back may pass there",
                };
                self.left_out(line, format!("`{id}`: {cause}; {what}"));
            }
        }
    }

    /// # Errors
    /// What does not fit.
    fn policies(
        &mut self,
        reader: &mut Reader<'_>,
        members: &Members<'_>,
        effect: Effect,
        (id, line): (&str, u32),
    ) -> Result<(), String> {
        for key in ["if", "labels", "approval"] {
            if member(members, key).is_some() && !(key == "approval" && effect == Effect::Ask) {
                return Err(format!("`{key}` has no form in Cedar"));
            }
        }
        let holds = effect == Effect::Require;
        let args = member(members, "args")
            .map(|node| parts::tests(reader, node, holds))
            .transpose()?
            .unwrap_or_default();
        let unless = match member(members, "unless") {
            Some(node) => {
                let inner = reader.map(node, "`unless`");
                if member(&inner, "if").is_some() {
                    return Err("`if` has no form in Cedar".to_owned());
                }
                member(&inner, "args")
                    .map(|node| parts::tests(reader, node, false))
                    .transpose()?
                    .unwrap_or_default()
            }
            None => Vec::new(),
        };
        let whom = member(members, "for")
            .map(|node| parts::who(reader, node))
            .transpose()?
            .unwrap_or(vec![Who::Anybody]);
        let heads = self.heads(reader, members, effect, line)?;
        let word = if effect == Effect::Allow { "permit" } else { "forbid" };
        for head in &heads {
            for who in &whom {
                let mut conditions: Vec<String> = Vec::new();
                let mut when: Vec<String> = head.name.iter().chain(who.test()).cloned().collect();
                if holds {
                    when.push(format!("!({})", Test::all(&args)));
                } else if !args.is_empty() {
                    when.push(Test::all(&args));
                }
                if !when.is_empty() {
                    conditions.push(format!("when {{ {} }}", when.join(" && ")));
                }
                if !unless.is_empty() {
                    conditions.push(format!("unless {{ {} }}", Test::all(&unless)));
                }
                let text = format!(
                    "{word}({}, action == Action::\"{}\", {})",
                    who.scope(),
                    head.action,
                    head.resource
                );
                self.add(id, &text, &conditions);
            }
        }
        Ok(())
    }

    /// # Errors
    /// What does not fit; nothing of a rule is written then.
    fn heads(
        &mut self,
        reader: &mut Reader<'_>,
        members: &Members<'_>,
        effect: Effect,
        line: u32,
    ) -> Result<Vec<parts::Head>, String> {
        let Some(on) = member(members, "on") else { return Err("no `on`".to_owned()) };
        let targets: Vec<&Node> = match &on.form {
            Form::List(items) => items.iter().collect(),
            Form::Scalar { .. } | Form::Map(_) => vec![on],
        };
        let mut heads = Vec::new();
        for node in targets {
            let Some(target) = reader.word(node, "a target") else { continue };
            match parts::heads(target, self.server) {
                Ok(Some(found)) => heads.extend(found),
                Ok(None) => {}
                // A part of what is allowed may be left out, a part of a denial not unsaid.
                Err(cause) => {
                    let passes = if effect == Effect::Allow { "is denied there" } else { "may pass there" };
                    self.left_out(line, format!("{cause}: `{target}` {passes}"));
                }
            }
        }
        Ok(heads)
    }
}
