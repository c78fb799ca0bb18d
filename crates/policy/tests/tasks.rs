//! What the target `task` means for the tasks of a client.
#![expect(clippy::panic, reason = "a test must fail when its policy is none")]

use bailiwick_policy::{Call, Context, Load, Policy, Principal, Source, Target, Verdict, compile};

struct NoFiles;

impl Load for NoFiles {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(format!("there is no `{reference}`"))
    }
}

fn policy_of(text: &str) -> Policy {
    let source = Source { name: "p.yaml".into(), text: text.into() };
    let context = Context { workspace: None, home: None };
    compile(vec![source], &mut NoFiles, &context).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn of_the_clients_own_tasks_silence_is_no_denial() {
    let principal = Principal::default();
    let said = |text: &str, target: Target<'_>| {
        let policy = policy_of(text);
        let call = Call { target, arguments: None, principal: &principal };
        let verdict = policy.evaluate(&call, &mut Vec::new());
        assert_eq!(policy.explain(&call).verdict(), verdict, "{text}");
        (verdict, policy.could_allow(&target, &principal), policy.restricts_tasks())
    };
    let (own, theirs) = (Target::OwnTask { server: "a" }, Target::Task { server: "a" });
    let silent = "version: 1\nrules: [{ id: x, effect: allow, on: \"a/*\" }]\n";
    assert_eq!(said(silent, own), (Verdict::Allow, true, false));
    assert_eq!(said(silent, theirs), (Verdict::Deny, false, false));
    let allows = "version: 1\nrules: [{ id: x, effect: allow, on: task, for: { roles: [dev] } }]\n";
    assert_eq!(said(allows, own), (Verdict::Allow, true, false));
    for (effect, verdict, possible) in [("deny", Verdict::Deny, false), ("ask", Verdict::Ask, true)] {
        let text = format!("version: 1\nrules: [{{ id: x, effect: {effect}, on: \"task:a\" }}]\n");
        assert_eq!(said(&text, own), (verdict, possible, true));
        assert_eq!(said(&text, Target::OwnTask { server: "b" }), (Verdict::Allow, true, true));
    }
    let limited =
        "version: 1\nlimits: [{ id: x, on: task, max: 3 }]\nrules: [{ id: y, effect: allow, on: \"a/*\" }]\n";
    assert_eq!(said(limited, own), (Verdict::Allow, true, true));
}
