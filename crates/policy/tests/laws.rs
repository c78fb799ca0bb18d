//! Laws over random policies and calls.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test reads its data, and must fail when it cannot"
)]

use bailiwick_mcp::{Limits, Parser};
use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, compile};
use proptest::prelude::*;

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn policy(layers: &[String]) -> Policy {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    let name = |(index, text): (usize, &String)| Source { name: format!("layer{index}"), text: text.clone() };
    let sources = layers.iter().enumerate().map(name).collect();
    compile(sources, &mut Nothing, &context).unwrap_or_else(|problems| panic!("{problems}\n{layers:?}"))
}

/// A rule without its id.
fn rule(effects: &'static [&'static str]) -> impl Strategy<Value = String> {
    let on = prop::sample::select(vec![
        "*/*",
        "fs/read",
        "fs/*",
        "*/re*",
        "*/write",
        "x/?ead",
        "resource:*",
        "resource:file:///work/**",
    ]);
    let key = prop::sample::select(vec!["path", "**", "*", "a.b", "n", "**.path"]);
    let matcher = prop::sample::select(vec![
        "path: [\"./src/**\"]",
        "url: [\"https://*.example.com/**\", \"http://localhost\"]",
        "url: { scheme: https, path: \"/a/**\" }",
        "host: [\"@private\", \"*.example.com\", \"10.0.0.0/8\"]",
        "path: [\"~/.ssh/**\", \"**/.env*\"]",
        "command: [ls, \"a *\", \"src *\"]",
        "command: { program: [a, \"s*\"], paths: [\"./**\"], flags: { none: [-c] } }",
        "glob: \"*a*\"",
        "regex: \"^[a-z/.]+$\"",
        "prefix: \"/\"",
        "in: [1, src, true]",
        "range: [0, 10]",
        "len: [1, 5]",
        "max_bytes: 6",
        "type: [string, number]",
    ]);
    let args = prop::option::of(
        (key, matcher).prop_map(|(key, matcher)| format!("{{ \"{key}\": {{ {matcher} }} }}")),
    );
    let who =
        prop::sample::select(vec!["", "", ", for: { roles: [dev] }", ", for: { principals: [\"u*\"] }"]);
    (prop::sample::select(effects), on, args.clone(), args, who).prop_map(
        |(effect, on, args, unless, who)| {
            let args = match (args, effect) {
                (Some(args), _) => format!(", args: {args}"),
                (None, "require") => ", args: { \"**\": { max_bytes: 9 } }".to_owned(),
                (None, _) => String::new(),
            };
            let unless = unless.map(|unless| format!(", unless: {{ args: {unless} }}")).unwrap_or_default();
            format!("effect: {effect}, on: \"{on}\"{args}{unless}{who}")
        },
    )
}

fn layer(prefix: &str, default: &str, rules: &[String]) -> String {
    let mut text = format!("version: 1\n{default}\n");
    if !rules.is_empty() {
        text.push_str("rules:\n");
    }
    for (index, rule) in rules.iter().enumerate() {
        text.push_str(&format!("  - {{ id: {prefix}{index}, {rule} }}\n"));
    }
    text
}

const ANY: &[&str] = &["allow", "ask", "deny", "require"];

fn rules(effects: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(rule(effects), 1..most)
}

/// JSON arguments that the rules above are about.
fn arguments() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "src/a",
        "/work/app/src/b",
        "~/.ssh/id",
        "src/../.env",
        "a",
        "src",
        "%2e%2e/x",
        "file:///etc/passwd",
        "A\\\\b",
        "",
        "\\u0000",
        "日本",
        "https://a.example.com/a/b",
        "http:\\\\127.1",
        "see http://10.0.0.1, or not",
        "x.example.com",
    ]);
    let leaf = prop_oneof![
        text.prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec!["1", "5.0", "-3", "9007199254740993", "true", "null", "{}", "[]"])
            .prop_map(str::to_owned),
    ];
    let key = prop::sample::select(vec!["path", "Path", "a", "b", "n", ".env", "a.b"]);
    let value = leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(key.clone(), inner, 0..3).prop_map(object),
        ]
    });
    let key = prop::sample::select(vec!["path", "Path", "a", "n", "content"]);
    prop::collection::btree_map(key, value, 0..4).prop_map(object)
}

fn object(members: std::collections::BTreeMap<&str, String>) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn targets() -> impl Strategy<Value = Target<'static>> {
    prop::sample::select(vec![
        Target::Tool { server: "fs", name: "read" },
        Target::Tool { server: "fs", name: "write" },
        Target::Tool { server: "x", name: "Read" },
        Target::Resource { server: "fs", uri: "file:///work/app/x" },
        Target::Resource { server: "fs", uri: "file:///work/app/.env" },
        Target::Prompt { server: "fs", name: "p" },
    ])
}

fn principals() -> impl Strategy<Value = Principal> {
    let roles = prop::sample::select(vec![Vec::new(), vec!["dev".to_owned()]]);
    (prop::sample::select(vec!["user", "bob"]), roles).prop_map(|(id, roles)| Principal {
        id: id.to_owned(),
        roles,
        ..Principal::default()
    })
}

/// The verdict, and the ids of the rules that spoke, in no order.
fn decide(
    policy: &Policy,
    target: Target<'_>,
    arguments: &str,
    principal: &Principal,
) -> (Verdict, Vec<String>) {
    let mut parser = Parser::default();
    let document = parser.parse(arguments.as_bytes(), &Limits::DEFAULT).unwrap();
    let call = Call { target, arguments: Some(document.root()), principal };
    let mut hits = Vec::new();
    let verdict = policy.evaluate(&call, &mut hits);
    assert_eq!(policy.explain(&call).verdict(), verdict, "explain says otherwise");
    let mut ids: Vec<String> = hits.iter().map(|hit| policy.rules()[hit.rule as usize].id.clone()).collect();
    ids.sort();
    (verdict, ids)
}

/// What a layer may say of silence.
const LAYERED: [&str; 4] =
    ["default: deny", "default: ask", "default: pass", "default: allow\nunsafe-default: allow"];

const DEFAULTS: [&str; 3] = ["default: deny", "default: ask", "default: allow\nunsafe-default: allow"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rules_does_not_matter(
        default in prop::sample::select(DEFAULTS.to_vec()), rules in rules(ANY, 8), target in targets(),
        arguments in arguments(), principal in principals(), turn in 0usize..8,
    ) {
        let one = policy(&[layer("r", default, &rules)]);
        let ids: Vec<usize> = (0..rules.len()).map(|index| (index + turn) % rules.len()).rev().collect();
        let mut text = format!("version: 1\n{default}\nrules:\n");
        for index in ids {
            text.push_str(&format!("  - {{ id: r{index}, {} }}\n", rules[index]));
        }
        let other = policy(&[text]);
        prop_assert_eq!(decide(&one, target, &arguments, &principal), decide(&other, target, &arguments, &principal));
    }

    /// What is remembered of a tool is what a policy that never saw it would find out.
    #[test]
    fn what_was_decided_before_does_not_matter(
        default in prop::sample::select(DEFAULTS.to_vec()), rules in rules(ANY, 8),
        calls in prop::collection::vec((targets(), arguments(), principals()), 1..9),
    ) {
        let text = [layer("r", default, &rules)];
        let old = policy(&text);
        for (target, arguments, principal) in &calls {
            let fresh = policy(&text);
            let wanted = decide(&fresh, *target, arguments, principal);
            prop_assert_eq!(decide(&old, *target, arguments, principal), wanted);
        }
    }

    #[test]
    fn denies_and_requires_only_narrow(
        default in prop::sample::select(DEFAULTS.to_vec()), base in rules(ANY, 6), more in rules(&["deny", "require"], 4),
        target in targets(), arguments in arguments(), principal in principals(),
    ) {
        let layers = [layer("base", default, &base), layer("more", "default: pass", &more)];
        let before = decide(&policy(&layers[..1]), target, &arguments, &principal).0;
        let after = decide(&policy(&layers), target, &arguments, &principal).0;
        prop_assert!(after >= before, "{before:?} became {after:?}");
    }

    /// Law 4: whatever a layer says, and whatever it extends, what the others decide is never wider for it.
    #[test]
    fn adding_a_layer_never_widens(
        base in prop::collection::vec((prop::sample::select(LAYERED.to_vec()), rules(ANY, 6)), 1..4),
        more in rules(ANY, 6), own in prop::sample::select(LAYERED.to_vec()), place in 0usize..4,
        target in targets(), arguments in arguments(), principal in principals(),
    ) {
        let mut layers: Vec<String> =
            base.iter().enumerate().map(|(at, (default, rules))| layer(&format!("l{at}x"), default, rules)).collect();
        // Layers that all pass deny everything: there the first one that decides is the policy.
        layers.push(layer("last", "default: ask", &[]));
        let one = policy(&layers);
        let before = decide(&one, target, &arguments, &principal).0;
        let hidden = !one.could_allow(&target, &principal);
        layers.insert(place.min(layers.len()), layer("more", own, &more));
        let both = policy(&layers);
        let after = decide(&both, target, &arguments, &principal).0;
        prop_assert!(after >= before, "{before:?} became {after:?}");
        prop_assert!(!hidden || !both.could_allow(&target, &principal), "a layer shows what another hides");
        // The strictest of the layers by themselves is the verdict of all.
        let alone = layers.iter().filter(|text| !text.contains("default: pass"));
        let strictest = alone.map(|text| decide(&policy(std::slice::from_ref(text)), target, &arguments, &principal).0).max();
        prop_assert!(Some(after) >= strictest);
    }

    #[test]
    fn no_layer_undoes_what_a_rule_denies(
        base in rules(ANY, 6), more in rules(ANY, 6), target in targets(), arguments in arguments(),
        principal in principals(), default in prop::sample::select(DEFAULTS.to_vec()),
    ) {
        let layers = [layer("base", "default: ask", &base), layer("more", default, &more)];
        let alone = policy(&layers[..1]);
        let both = policy(&layers);
        let before = decide(&alone, target, &arguments, &principal);
        let after = decide(&both, target, &arguments, &principal);
        if before.0 == Verdict::Deny {
            prop_assert_eq!(after.0, Verdict::Deny);
        }
        prop_assert!(before.1.iter().all(|id| after.1.contains(id)), "a rule fell silent");
    }

    #[test]
    fn what_discovery_hides_no_arguments_allow(
        default in prop::sample::select(DEFAULTS.to_vec()), rules in rules(ANY, 8), target in targets(),
        arguments in prop::collection::vec(arguments(), 8), principal in principals(),
    ) {
        let policy = policy(&[layer("r", default, &rules)]);
        if !policy.could_allow(&target, &principal) {
            // A resource has its URI and no arguments.
            let resource = matches!(target, Target::Resource { .. });
            for arguments in arguments {
                let arguments = if resource { "{}".to_owned() } else { arguments };
                prop_assert_eq!(decide(&policy, target, &arguments, &principal).0, Verdict::Deny);
            }
        }
    }

    #[test]
    fn a_template_that_is_hidden_expands_to_nothing_that_may_be_read(
        default in prop::sample::select(DEFAULTS.to_vec()),
        effects in prop::collection::vec((prop::sample::select(vec!["allow", "deny", "ask"]), uri_pattern()), 1..5),
        start in uri_pieces(), rest in prop::collection::vec(uri_pieces(), 6),
    ) {
        let rules: Vec<String> = effects.iter().map(|(effect, on)| format!("effect: {effect}, on: \"resource:{on}\"")).collect();
        let policy = policy(&[layer("r", default, &rules)]);
        let template = format!("{start}{{+x}}");
        if !policy.could_allow(&Target::Resource { server: "fs", uri: &template }, &Principal::default()) {
            for rest in rest {
                let uri = format!("{start}{rest}");
                let target = Target::Resource { server: "fs", uri: &uri };
                let call = Call { target, arguments: None, principal: &Principal::default() };
                prop_assert_eq!(policy.evaluate(&call, &mut Vec::new()), Verdict::Deny, "{}", uri);
            }
        }
    }

    #[test]
    fn a_path_that_is_allowed_stays_inside(text in path_text()) {
        let policy = policy(&[layer("r", "default: deny", &["effect: allow, on: \"*/*\", args: { p: { path: \"./src/**\" } }".into()])]);
        let arguments = format!("{{\"p\":{}}}", json_text(&text));
        let target = Target::Tool { server: "fs", name: "read" };
        if decide(&policy, target, &arguments, &Principal::default()).0 == Verdict::Allow {
            let decoded = text.replace("%2e", ".").replace("%2F", "/").replace('\\', "/").replace('．', ".");
            let mut depth = Vec::new();
            let below = decoded.strip_prefix("/work/app").unwrap_or(&decoded);
            for segment in below.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
                if segment == ".." { prop_assert!(depth.pop().is_some(), "{text:?} climbs out"); } else { depth.push(segment); }
            }
            // Windows drops dots and blanks at the end of a name.
            prop_assert_eq!(depth.first().map(|name| name.trim_end_matches(['.', ' '])), Some("src"));
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,60}", bytes in prop::collection::vec(any::<char>(), 0..20)) {
        let policy = policy(&[layer("r", "default: deny", &["effect: deny, on: \"*/*\", args: { \"**\": { path: \"~/.ssh/**\" } }".into()])]);
        for text in [text, bytes.into_iter().collect()] {
            let arguments = format!("{{\"p\":{}}}", json_text(&text));
            decide(&policy, Target::Tool { server: "fs", name: "read" }, &arguments, &Principal::default());
        }
    }

    #[test]
    fn any_policy_text_is_read_without_panic(text in "[a-z:\\-\\[\\]{}\"'&*!|>#%@~, \\n\\t.\\PC]{0,200}") {
        let source = Source { name: "p".into(), text: format!("version: 1\ndefault: deny\n{text}") };
        if let Err(problems) = compile(vec![source], &mut Nothing, &Context::default()) {
            prop_assert!(!problems.render(true).is_empty());
        }
    }
}

/// Patterns of URIs that random pieces have a chance to match.
fn uri_pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["*", "file:///work/**", "db://*", "db://a*", "*a*", "FILE:///**", "d?://**"])
}

fn uri_pieces() -> impl Strategy<Value = String> {
    let piece =
        prop::sample::select(vec!["db:", "//", "file:", "/", "work", "a", "..", "%2e", "FILE:", "DB:", "d"]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Paths made of the pieces that bypasses are made of.
fn path_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "src",
        "a",
        "..",
        ".",
        "/",
        "\\",
        "%2e",
        "%2F",
        "．",
        " ",
        "file:",
        "~",
        "$HOME",
        "/work/app",
        "C:",
        "etc",
        "...",
        "%25",
    ]);
    let start = prop::sample::select(vec!["src/", "./src/", "/work/app/src/", ""]);
    (start, prop::collection::vec(piece, 0..8))
        .prop_map(|(start, pieces)| format!("{start}{}", pieces.concat()))
}

fn json_text(text: &str) -> String {
    let mut out = Vec::new();
    bailiwick_mcp::json::escape_into(text, &mut out);
    String::from_utf8(out).unwrap()
}
