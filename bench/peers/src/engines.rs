//! Each engine with its rules loaded and one call ready.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr as _;

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Hit, Load, Policy, Principal, Source, Target, Verdict, compile};
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;

use crate::scenario::{self, Asked, Rule, Tools, Wants};

pub trait Decide {
    fn allows(&mut self) -> bool;
}

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

struct Bailiwick {
    policy: Policy,
    /// The arguments live as long as the program: a document borrows its parser and its text.
    call: Call<'static>,
    hits: Vec<Hit>,
}

pub fn bailiwick(rules: &[Rule], asked: &Asked) -> Box<dyn Decide> {
    let source = Source { name: "bench".into(), text: scenario::policy(rules) };
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let policy = compile(vec![source], &mut Nothing, &context).expect("the scenario is a policy");
    let text: &'static str = scenario::arguments(asked).leak();
    let parser: &'static mut Parser = Box::leak(Box::default());
    let document = parser.parse(text.as_bytes(), &Limits::DEFAULT).expect("JSON");
    let principal: &'static Principal =
        Box::leak(Box::new(Principal { id: "local".into(), ..Principal::default() }));
    let target = Target::Tool { server: asked.server, name: asked.tool };
    let call = Call { target, arguments: Some(document.root()), principal };
    Box::new(Bailiwick { policy, call, hits: Vec::new() })
}

impl Decide for Bailiwick {
    fn allows(&mut self) -> bool {
        self.policy.evaluate(&self.call, &mut self.hits) == Verdict::Allow
    }
}

struct Cel {
    denies: Vec<cel::Program>,
    allows: Vec<cel::Program>,
    context: cel::Context<'static, 'static>,
}

pub fn cel(rules: &[Rule], asked: &Asked) -> Option<Box<dyn Decide>> {
    let programs = |effect: &str| {
        let rules = rules.iter().filter(|rule| rule.effect == effect);
        rules.map(|rule| cel::Program::compile(&cel_text(rule)).expect("CEL")).collect()
    };
    let mut context = cel::Context::default();
    let mut args: HashMap<String, cel::Value> = HashMap::new();
    args.extend(asked.path.map(|path| ("path".to_owned(), path.into())));
    args.extend(asked.amount.map(|amount| ("amount".to_owned(), i64::from(amount).into())));
    context.add_variable_from_value("server", asked.server);
    context.add_variable_from_value("tool", asked.tool);
    context.add_variable_from_value("args", args);
    Some(Box::new(Cel { denies: programs("deny"), allows: programs("allow"), context }))
}

fn cel_text(rule: &Rule) -> String {
    let tools = match &rule.tools {
        Tools::Every => "true".to_owned(),
        Tools::One(server, tool) => format!("tool == '{tool}' && server == '{server}'"),
        Tools::Prefix(prefix) => format!("tool.startsWith('{prefix}')"),
    };
    let wants = match &rule.wants {
        Wants::Nothing => "true".to_owned(),
        Wants::Below(folder) => format!("has(args.path) && args.path.startsWith('{folder}/')"),
        Wants::AtMost(most) => format!("has(args.amount) && args.amount <= {most}"),
    };
    format!("{tools} && {wants}")
}

impl Decide for Cel {
    fn allows(&mut self) -> bool {
        let holds = |program: &cel::Program| program.execute(&self.context) == Ok(cel::Value::Bool(true));
        !self.denies.iter().any(holds) && self.allows.iter().any(holds)
    }
}

struct Cedar {
    policies: cedar_policy::PolicySet,
    request: cedar_policy::Request,
    entities: cedar_policy::Entities,
    authorizer: cedar_policy::Authorizer,
}

pub fn cedar(rules: &[Rule], asked: &Asked) -> Option<Box<dyn Decide>> {
    use cedar_policy::{Authorizer, Entities, EntityUid, PolicySet, Request, RestrictedExpression};
    let text: String = rules.iter().map(cedar_text).collect();
    let string = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let mut members = vec![("tool".to_owned(), string(asked.tool))];
    members.extend(asked.path.map(|path| ("path".to_owned(), string(path))));
    members.extend(
        asked.amount.map(|amount| ("amount".to_owned(), RestrictedExpression::new_long(amount.into()))),
    );
    let uid = |text: String| EntityUid::from_str(&text).expect("an entity");
    let request = Request::new(
        uid("User::\"local\"".to_owned()),
        uid(format!("Action::\"{}/{}\"", asked.server, asked.tool)),
        uid("Server::\"any\"".to_owned()),
        cedar_policy::Context::from_pairs(members).expect("a context"),
        None,
    );
    Some(Box::new(Cedar {
        policies: PolicySet::from_str(&text).expect("Cedar"),
        request: request.expect("a request"),
        entities: Entities::empty(),
        authorizer: Authorizer::new(),
    }))
}

fn cedar_text(rule: &Rule) -> String {
    let effect = if rule.effect == "deny" { "forbid" } else { "permit" };
    let mut out = match &rule.tools {
        Tools::One(server, tool) => {
            format!("{effect}(principal, action == Action::\"{server}/{tool}\", resource)")
        }
        Tools::Every | Tools::Prefix(_) => format!("{effect}(principal, action, resource)"),
    };
    if let Tools::Prefix(prefix) = &rule.tools {
        let _ = write!(out, " when {{ context.tool like \"{prefix}*\" }}");
    }
    let _ = match &rule.wants {
        Wants::Nothing => Ok(()),
        Wants::Below(folder) => {
            write!(out, " when {{ context has path && context.path like \"{folder}/*\" }}")
        }
        Wants::AtMost(most) => write!(out, " when {{ context has amount && context.amount <= {most} }}"),
    };
    out + ";\n"
}

impl Decide for Cedar {
    fn allows(&mut self) -> bool {
        let response = self.authorizer.is_authorized(&self.request, &self.policies, &self.entities);
        response.decision() == cedar_policy::Decision::Allow
    }
}

struct Rego {
    machine: RegoVM,
    input: regorus::Value,
}

const ENTRY: &str = "data.bench.allowed";

/// `None`: more rules than its programs may hold.
pub fn rego(rules: &[Rule], asked: &Asked) -> Option<Box<dyn Decide>> {
    let mut text = String::from(
        "package bench\nimport rego.v1\ndefault allowed := false\ndefault deny := false\ndefault allow := false\n\
         allowed if { not deny; allow }\n",
    );
    rules.iter().for_each(|rule| text.push_str(&rego_text(rule)));
    let mut engine = regorus::Engine::new();
    engine.add_policy("bench.rego".to_owned(), text).expect("Rego");
    let compiled = engine.compile_with_entrypoint(&ENTRY.into()).expect("a policy");
    let program = Compiler::compile_from_policy(&compiled, &[ENTRY]).ok()?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    let arguments = scenario::arguments(asked);
    let args = arguments.trim_start_matches('{');
    let comma = if args == "}" { "" } else { "," };
    let input = format!("{{\"server\":\"{}\",\"tool\":\"{}\"{comma}{args}", asked.server, asked.tool);
    Some(Box::new(Rego { machine, input: regorus::Value::from_json_str(&input).expect("JSON") }))
}

fn rego_text(rule: &Rule) -> String {
    let tools = match &rule.tools {
        Tools::Every => "true".to_owned(),
        Tools::One(server, tool) => format!("input.tool == \"{tool}\"; input.server == \"{server}\""),
        Tools::Prefix(prefix) => format!("startswith(input.tool, \"{prefix}\")"),
    };
    let wants = match &rule.wants {
        Wants::Nothing => "true".to_owned(),
        Wants::Below(folder) => format!("startswith(input.path, \"{folder}/\")"),
        Wants::AtMost(most) => format!("input.amount <= {most}"),
    };
    format!("{} if {{ {tools}; {wants} }}\n", rule.effect)
}

impl Decide for Rego {
    fn allows(&mut self) -> bool {
        self.machine.set_input(self.input.clone());
        matches!(self.machine.execute(), Ok(regorus::Value::Bool(true)))
    }
}
