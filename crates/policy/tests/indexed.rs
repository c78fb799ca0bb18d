//! The index leaves no rule out: what is decided with it is what is decided by looking at every rule.
use bailiwick_policy::{Call, Context, Load, Principal, Source, Target, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

const PATTERNS: [&str; 26] = [
    "*/*",
    "fs/*",
    "FS/read",
    "fs/re*",
    "*/read_*",
    "*/*_file",
    "*/*ad_f*",
    "f*/read_file",
    "[fx]s/read_file",
    "*/?ead_file",
    "*/{read,write}_file",
    "*/re[a-d]d*",
    "*/[]]x",
    "*/r*d*e",
    "*/*r*",
    "*/\\read_file",
    "*/wr*te*",
    "fs/{a,b}*{c,d}",
    "*/ſ*",
    "x/*",
    "*/list_*",
    "*/*list",
    "*/delete_*",
    "*/create_*",
    "*/move_*",
    "*/*_many_*",
];

const NAMES: [&str; 12] = [
    "read",
    "read_file",
    "READ_FILE",
    "write_file",
    "read_files",
    "list_dir",
    "x",
    "a_c",
    "so_many_things",
    "]x",
    "ſet",
    "redface",
];

#[test]
fn no_rule_is_left_out() {
    for repeat in [1, 40] {
        let mut text = String::from("version: 1\ndefault: ask\nrules:\n");
        for round in 0..repeat {
            for (number, pattern) in PATTERNS.iter().enumerate() {
                for effect in ["allow", "deny"] {
                    let id = format!("r{round}-{number}-{effect}");
                    // The further rounds only make the index large.
                    let on =
                        if round == 0 { (*pattern).to_owned() } else { format!("srv{round}/tool{number}_*") };
                    let on = on.replace('\\', "\\\\");
                    text.push_str(&format!("  - {{ id: {id}, effect: {effect}, on: \"{on}\" }}\n"));
                }
            }
        }
        let source = Source { name: "p".into(), text };
        let policy = compile(vec![source], &mut Nothing, &Context::default()).unwrap();
        let principal = Principal::default();
        let mut hits = Vec::new();
        for server in ["fs", "FS", "xs", "srv1"] {
            for name in NAMES {
                let call =
                    Call { target: Target::Tool { server, name }, arguments: None, principal: &principal };
                policy.evaluate(&call, &mut hits);
                let indexed: Vec<String> = hits
                    .iter()
                    .filter_map(|hit| Some(policy.rules().get(hit.rule as usize)?.id.clone()))
                    .collect();
                let all: Vec<String> =
                    policy.explain(&call).considered().iter().map(|rule| rule.id.clone()).collect();
                assert_eq!(indexed, all, "{server}/{name}");
            }
        }
    }
}

/// More tools than are kept, some of which take each other's place.
#[test]
fn what_is_kept_of_a_tool_is_never_anothers() {
    let mut text = String::from("version: 1\ndefault: ask\nrules:\n");
    for (number, pattern) in PATTERNS.iter().enumerate() {
        let on = pattern.replace('\\', "\\\\");
        text.push_str(&format!("  - {{ id: r{number}, effect: deny, on: \"{on}\" }}\n"));
    }
    text.push_str("limits:\n");
    for (number, pattern) in PATTERNS.iter().enumerate() {
        let on = pattern.replace('\\', "\\\\");
        text.push_str(&format!("  - {{ id: l{number}, on: \"{on}\", max: 5/1m, per: run }}\n"));
    }
    let compiled = || {
        let source = Source { name: "p".into(), text: text.clone() };
        compile(vec![source], &mut Nothing, &Context::default()).unwrap()
    };
    let principal = Principal::default();
    let old = compiled();
    let names: Vec<String> = NAMES
        .iter()
        .map(|name| (*name).to_owned())
        .chain((0..150).map(|number| format!("read_{number}_x")))
        .collect();
    for round in 0..3 {
        for name in &names {
            for server in ["fs", "xs"] {
                let target = Target::Tool { server, name };
                let call = Call { target, arguments: None, principal: &principal };
                let told = |policy: &bailiwick_policy::Policy| {
                    let mut hits = Vec::new();
                    policy.evaluate(&call, &mut hits);
                    let limits: Vec<usize> = policy.limits_for(&call).map(|(index, ..)| index).collect();
                    (hits.iter().map(|hit| hit.rule).collect::<Vec<_>>(), limits)
                };
                // One that never saw another tool.
                let fresh =
                    if round == 0 || NAMES.contains(&name.as_str()) { told(&compiled()) } else { told(&old) };
                assert_eq!(told(&old), fresh, "{server}/{name}");
            }
        }
    }
}
