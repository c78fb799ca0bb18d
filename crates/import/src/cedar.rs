//! Cedar as ToolHive writes it: `permit` and `forbid` over callers, actions and tools, with conditions over arguments (`arg_…`)
//! and claims (`claim_…`). Forbid wins and silence denies, as here; what else Cedar can say is refused by name.

mod lex;
mod parse;
mod print;
mod tree;

use bailiwick_policy::tree::Node;

use crate::draft::{Draft, Section, Verdict};
use crate::note::Shown;
use crate::out::Out;
use crate::reader::{Reader, member};
use tree::{Entity, Policy, Who};

/// A mistake at an offset of the text of a policy.
#[derive(Debug)]
pub(crate) struct Wrong {
    at: usize,
    length: usize,
    message: String,
    help: String,
}

/// True if the text begins as a Cedar policy does.
pub(crate) fn is_text(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("//") {
        rest = comment.split_once('\n').map_or("", |(_, behind)| behind).trim_start();
    }
    let begins =
        |word: &str| rest.strip_prefix(word).is_some_and(|behind| behind.trim_start().starts_with('('));
    begins("permit") || begins("forbid") || rest.starts_with('@')
}

pub(crate) fn translate(reader: &mut Reader<'_>, draft: &mut Draft) {
    draft.name = "cedar".to_owned();
    draft.default = Verdict::Deny;
    if is_text(reader.text) {
        let text = reader.text;
        match parse::policies(text) {
            Ok(policies) => {
                for policy in &policies {
                    let line = reader.line_at(policy.at);
                    if let Err(wrong) = write(draft, policy, line) {
                        reader.fault(
                            wrong.at..wrong.at.saturating_add(wrong.length),
                            wrong.message,
                            wrong.help,
                        );
                    }
                }
            }
            Err(wrong) => {
                reader.fault(wrong.at..wrong.at.saturating_add(wrong.length), wrong.message, wrong.help)
            }
        }
    } else {
        configuration(reader, draft);
    }
}

/// How a `forbid` about these targets holds more often than in Cedar.
fn differences(draft: &mut Draft, policy: &Policy, line: u32, on: &[String]) {
    let Some(tool) = on.iter().find(|target| is_tool(target)) else { return };
    let tool = tool.rsplit('/').next().unwrap_or_default().replace('*', "some_tool");
    let denies = match policy.who {
        Who::Anybody => "denies",
        Who::Is(_) | Who::In(_) => "denies it to them",
    };
    if !policy.conditions.is_empty() {
        let text = "a condition that cannot be evaluated makes a `forbid` hold; Cedar leaves the policy out";
        let verdicts = ("is silent, where the condition needs an argument", "speaks then");
        draft.differs(line, text, Some(Shown::tool("srv", &tool, "{}", verdicts)));
    } else if tool.bytes().any(|byte| byte.is_ascii_lowercase()) && tool != "some_tool" {
        let shown = Shown::tool("srv", &tool.to_ascii_uppercase(), "{}", ("is silent", denies));
        draft.differs(line, "names of denied tools are compared in any letter case", Some(shown));
    }
}

/// `type: cedarv1` with the policies as texts.
fn configuration(reader: &mut Reader<'_>, draft: &mut Draft) {
    let Some(root) = reader.root() else { return };
    let members = reader.map(&root, "the configuration");
    reader.known(&members, &["version", "type", "cedar"], "the configuration");
    let Some(cedar) = member(&members, "cedar") else {
        reader.wrong(
            &root,
            "a configuration without `cedar`",
            "write `cedar: { policies: [\"permit(…);\"] }`",
        );
        return;
    };
    let cedar = reader.map(cedar, "`cedar`");
    reader.known(
        &cedar,
        &["policies", "entities_json", "group_claim_name", "role_claim_name", "primary_upstream_provider"],
        "`cedar`",
    );
    if let Some(node) = member(&cedar, "entities_json")
        && !matches!(node.scalar().map(str::trim), Some("[]" | ""))
    {
        draft.left_out(
            reader.line(node),
            "`entities_json`: who belongs to whom is said by `roles` and tokens here",
        );
    }
    let Some(list) = member(&cedar, "policies") else {
        reader.wrong(&root, "`cedar` without `policies`", "add `policies: [\"permit(…);\"]`");
        return;
    };
    let texts: Vec<(&str, &Node)> = reader.words(list, "`policies`");
    for (text, node) in texts {
        let line = reader.line(node);
        let written = parse::policies(text)
            .and_then(|policies| policies.iter().try_for_each(|policy| write(draft, policy, line)));
        if let Err(wrong) = written {
            let before = text.get(..wrong.at).unwrap_or(text);
            let inner = before.matches('\n').count().saturating_add(1);
            let column = before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1);
            reader.wrong(
                node,
                format!("line {inner}, column {column} of this policy: {}", wrong.message),
                wrong.help,
            );
        }
    }
}

fn wrong(policy: &Policy, message: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { at: policy.at, length: 6, message: message.into(), help: help.into() }
}

fn write(draft: &mut Draft, policy: &Policy, line: u32) -> Result<(), Wrong> {
    let word = if policy.permits { "permit" } else { "forbid" };
    let (on, listed) = targets(policy)?;
    if listed {
        draft.left_out(line, "actions that list: a list shows what may be called, as in ToolHive");
    }
    if on.is_empty() {
        if !listed {
            draft.left_out(line, format!("a `{word}` whose action has no such resource never holds"));
        }
        return Ok(());
    }
    let (parts, uses_tool) = print::conditions(policy)?;
    if uses_tool && on.iter().any(|target| !is_tool(target)) {
        return Err(wrong(
            policy,
            "a condition about the tool's name beside other actions",
            "write `action == Action::\"call_tool\"`",
        ));
    }
    let effect = if policy.permits { "allow" } else { "deny" };
    let id = draft.id(policy.id.as_deref().unwrap_or(&format!("{word}-{line}")));
    let mut fields =
        vec![("id", Out::text(id)), ("effect", Out::word(effect)), ("on", Out::texts(on.clone()))];
    if !parts.is_empty() {
        fields.push(("if", Out::If(parts)));
    }
    match &policy.who {
        Who::Anybody => {}
        Who::Is(entity) => fields.push(("for", names("principals", policy, entity)?)),
        Who::In(entity) => fields.push(("for", names("roles", policy, entity)?)),
    }
    draft.add(Section::Rules, format!("line {line}: {word}"), fields);
    if !policy.permits {
        differences(draft, policy, line, &on);
    }
    Ok(())
}

fn names(key: &'static str, policy: &Policy, entity: &Entity) -> Result<Out, Wrong> {
    if entity.id.is_empty() || (key == "principals" && entity.id.contains(['*', '?', '[', '{', '\\'])) {
        return Err(wrong(
            policy,
            format!("`{}` cannot be the name of a principal here", entity.id),
            "use another name",
        ));
    }
    Ok(Out::map([(key, Out::List(vec![Out::text(entity.id.clone())]))]))
}

fn is_tool(target: &str) -> bool {
    !target.starts_with("resource:") && !target.starts_with("prompt:")
}

/// Targets, and whether actions that list are among the actions.
fn targets(policy: &Policy) -> Result<(Vec<String>, bool), Wrong> {
    let every = ["call_tool", "get_prompt", "read_resource"].map(str::to_owned).to_vec();
    let actions = policy.actions.clone().unwrap_or(every);
    let (mut on, mut listed) = (Vec::new(), false);
    for action in &actions {
        let (kind, all) = match action.as_str() {
            "call_tool" => ("Tool", "*/*"),
            "get_prompt" => ("Prompt", "prompt:*"),
            "read_resource" => ("Resource", "resource:*"),
            "list_tools" | "list_prompts" | "list_resources" => {
                listed = true;
                continue;
            }
            other => return Err(wrong(policy, format!("the action `{other}` is not known"), ACTIONS)),
        };
        match (&policy.resource_type, &policy.resource) {
            (None, None) => on.push(all.to_owned()),
            (Some(named), None) if named == kind => on.push(all.to_owned()),
            (_, Some(entity)) if entity.kind == kind => on.push(target(policy, entity)?),
            (_, Some(entity)) if !["Tool", "Prompt", "Resource"].contains(&entity.kind.as_str()) => {
                return Err(wrong(
                    policy,
                    format!("resources of the kind `{}` are not known", entity.kind),
                    KINDS,
                ));
            }
            _ => {}
        }
    }
    Ok((on, listed))
}

fn target(policy: &Policy, entity: &Entity) -> Result<String, Wrong> {
    let special = |c: char| matches!(c, '*' | '?' | '[' | '{' | '\\' | '$');
    let id: String =
        entity.id.chars().map(|c| if special(c) { format!("[{c}]") } else { c.to_string() }).collect();
    if id.is_empty() {
        return Err(wrong(policy, "a resource without a name", KINDS));
    }
    match entity.kind.as_str() {
        "Tool" => Ok(format!("*/{id}")),
        "Prompt" => Ok(format!("prompt:*/{id}")),
        _ if entity.id.contains(':') && entity.id.contains('/') => Ok(format!("resource:*/{id}")),
        _ => Err(wrong(
            policy,
            format!("the resource `{}` is no URI", entity.id),
            "write the whole URI: `Resource::\"file:///data\"`",
        )),
    }
}

const ACTIONS: &str = "call_tool, get_prompt, read_resource, list_tools, list_prompts, list_resources";
const KINDS: &str = "Tool, Prompt or Resource, with a name";
