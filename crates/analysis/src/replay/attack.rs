//! Every attack of some packs against everything of a policy that it could be aimed at.

use std::collections::BTreeSet;
use std::sync::Arc;

use bailiwick_engine::Scanner;
use bailiwick_policy::{Effect, Mention, Policy, Principal, Target};

use super::kind;
use super::pack::{Deed, Pack, Planned, Step};
use super::report::{Attack, Standing};
use super::trial::{Form, Ground, Tried, play};

/// What a policy is put to the test with.
#[derive(Debug)]
pub struct Battery<'b> {
    pub policy: &'b Arc<Policy>,
    pub scanner: &'b Arc<Scanner>,
    pub principal: Principal,
    /// Servers by name, with the kind that they are said to be.
    pub servers: &'b [(String, String)],
}

/// Forms of one attack that are tried on one server; further ones are left out.
const FORMS_MAX: usize = 4_096;
/// Servers that one attack is tried on.
const SERVERS_MAX: usize = 64;

/// A server that attacks may be aimed at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Aim {
    name: String,
    /// None: it may be of any kind.
    kinds: Vec<String>,
    /// Somebody said of what kind it is, or it is of that kind by its name or its tools.
    is_known: bool,
    /// It is not the policy that names it.
    is_stock: bool,
}

/// Tries every attack.
#[must_use]
pub fn attack(battery: &Battery<'_>, packs: &[Pack]) -> Vec<Attack> {
    let mentions = battery.policy.mentions();
    let aims = aims(battery, &mentions);
    let principal = Arc::new(battery.principal.clone());
    let trials = Trials { battery, mentions, aims, principal };
    packs.iter().flat_map(|pack| pack.attacks.iter().map(|planned| trials.run(pack, planned))).collect()
}

/// The servers that the policy names and those that the caller does.
fn aims(battery: &Battery<'_>, mentions: &[Mention]) -> Vec<Aim> {
    let named: BTreeSet<&str> = mentions.iter().filter_map(|mention| mention.server.as_deref()).collect();
    let mut aims = Vec::new();
    for (name, kind) in battery.servers {
        aims.push(Aim { name: name.clone(), kinds: vec![kind.clone()], is_known: true, is_stock: false });
    }
    for name in named {
        if battery.servers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            continue;
        }
        let mut kinds = kind::of_name(name);
        if kinds.is_empty() {
            let of_it = |mention: &&Mention| mention.server.as_deref() == Some(name);
            kinds =
                kind::of_tools(mentions.iter().filter(of_it).filter_map(|mention| mention.tool.as_deref()));
        }
        let kinds: Vec<String> = kinds.into_iter().map(str::to_owned).collect();
        aims.push(Aim { name: name.to_owned(), is_known: !kinds.is_empty(), kinds, is_stock: false });
    }
    aims.truncate(SERVERS_MAX);
    aims
}

struct Trials<'t> {
    battery: &'t Battery<'t>,
    mentions: Vec<Mention>,
    aims: Vec<Aim>,
    principal: Arc<Principal>,
}

impl Trials<'_> {
    fn run(&self, pack: &Pack, planned: &Planned) -> Attack {
        let mut worst: Option<(Standing, String, Tried)> = None;
        let mut count = 0_usize;
        let any = planned.kind == kind::ANY;
        let fits = |aim: &&Aim| any || aim.kinds.is_empty() || aim.kinds.contains(&planned.kind);
        let stock_name = if any { "server" } else { planned.kind.as_str() };
        let stock = Aim { name: stock_name.to_owned(), kinds: Vec::new(), is_known: false, is_stock: true };
        let is_named = self.aims.iter().any(|aim| aim.name.eq_ignore_ascii_case(stock_name));
        let more = (!is_named).then_some(&stock);
        for aim in self.aims.iter().filter(fits).chain(more) {
            for tried in self.on(aim, planned) {
                count = count.saturating_add(1);
                let governed = !tried.is_silence || self.is_governed(aim, planned);
                let standing = match tried.standing {
                    Standing::Blocked | Standing::Asked if !governed => Standing::NotExercised,
                    standing => standing,
                };
                if worst.as_ref().is_none_or(|(known, ..)| rank(standing) > rank(*known)) {
                    worst = Some((standing, aim.name.clone(), tried));
                }
            }
        }
        let (standing, server, target, sent, causes) = match worst {
            Some((standing, server, tried)) => (standing, server, tried.target, tried.sent, tried.causes),
            None => (Standing::NotExercised, String::new(), String::new(), String::new(), Vec::new()),
        };
        Attack {
            pack: pack.id.clone(),
            id: planned.id.clone(),
            title: planned.title.clone(),
            kind: planned.kind.clone(),
            owasp: planned.owasp.clone(),
            nsa: planned.nsa.clone(),
            standing,
            server,
            target,
            sent,
            causes,
            tried: count,
        }
    }

    /// True if the policy was written with such a server in mind, so that its default is a decision about it too.
    fn is_governed(&self, aim: &Aim, planned: &Planned) -> bool {
        if planned.kind == kind::ANY {
            return !aim.is_stock;
        }
        if aim.is_known && aim.kinds.contains(&planned.kind) {
            return true;
        }
        let policy = self.battery.policy;
        planned.steps.iter().any(|step| match &step.deed {
            Deed::Call { tools, .. } => {
                tools.iter().any(|name| policy.speaks_of(&Target::Tool { server: &aim.name, name }))
            }
            Deed::Resource { uris } => {
                uris.iter().any(|uri| policy.speaks_of(&Target::Resource { server: &aim.name, uri }))
            }
            Deed::Prompt { .. }
            | Deed::Answer(_)
            | Deed::List(_)
            | Deed::ServerAsks { .. }
            | Deed::Raw(_) => false,
        })
    }

    fn on(&self, aim: &Aim, planned: &Planned) -> Vec<Tried> {
        let tool = self.usable_tool(aim);
        let ground = Ground {
            policy: self.battery.policy,
            scanner: self.battery.scanner,
            principal: &self.principal,
            server: &aim.name,
            tool: &tool,
        };
        let more = self.further_tools(aim, planned);
        let choices: Vec<Vec<Form<'_>>> = planned.steps.iter().map(|step| forms(step, &more)).collect();
        let product =
            choices.iter().fold(1_usize, |product, forms| product.saturating_mul(forms.len().max(1)));
        let mut tried = Vec::new();
        for number in 0..product.min(FORMS_MAX) {
            let mut rest = number;
            let mut steps: Vec<(&Step, Form<'_>)> = Vec::with_capacity(choices.len());
            for (step, forms) in planned.steps.iter().zip(&choices) {
                let length = forms.len().max(1);
                let at = rest.checked_rem(length).unwrap_or_default();
                rest = rest.checked_div(length).unwrap_or_default();
                steps.push((step, forms.get(at).copied().unwrap_or(EMPTY)));
            }
            tried.push(play(&ground, &steps));
        }
        tried
    }

    /// Tools that the policy opens on this server by name, and that do what the attack needs.
    fn further_tools(&self, aim: &Aim, planned: &Planned) -> Vec<String> {
        let Some(deed) = &planned.does else { return Vec::new() };
        // What is opened on every server says nothing of what this one has.
        let own = self.opened(aim).filter(|(server, _)| server.is_some());
        let mut tools: Vec<String> =
            own.filter(|(_, tool)| kind::does(tool, deed)).map(|(_, tool)| tool.to_owned()).collect();
        tools.dedup();
        tools
    }

    fn opened<'s>(&'s self, aim: &'s Aim) -> impl Iterator<Item = (Option<&'s str>, &'s str)> {
        self.mentions
            .iter()
            .filter(|mention| matches!(mention.effect, Effect::Allow | Effect::Ask))
            .filter(|mention| {
                mention.server.as_deref().is_none_or(|server| server.eq_ignore_ascii_case(&aim.name))
            })
            .filter_map(|mention| Some((mention.server.as_deref(), mention.tool.as_deref()?)))
    }

    fn usable_tool(&self, aim: &Aim) -> String {
        self.opened(aim).next().map_or("read_file", |(_, tool)| tool).to_owned()
    }
}

/// Worse is greater: what passes, then what a person might let pass, then what was not put to the test at all.
fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::NotExercised => 0,
        Standing::Blocked => 1,
        Standing::Asked => 2,
        Standing::Passed => 3,
    }
}

const EMPTY: Form<'static> = Form { tool: "", args: None, uri: "" };

fn forms<'f>(step: &'f Step, more: &'f [String]) -> Vec<Form<'f>> {
    match &step.deed {
        Deed::Call { tools, args } => {
            let further = more.iter().filter(|tool| !step.is_carrier && !tools.contains(tool));
            tools
                .iter()
                .chain(further)
                .flat_map(|tool| args.iter().map(move |args| Form { tool, args: Some(args), uri: "" }))
                .collect()
        }
        Deed::Resource { uris } => uris.iter().map(|uri| Form { tool: "", args: None, uri }).collect(),
        Deed::Prompt { .. } | Deed::Answer(_) | Deed::List(_) | Deed::ServerAsks { .. } | Deed::Raw(_) => {
            vec![EMPTY]
        }
    }
}
