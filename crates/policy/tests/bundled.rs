//! The bundled policies as policies of their own and as layers of each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bailiwick_policy::{BUNDLED, Context, Load, Policy, Source, bundled, compile};

struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

/// As layers beside each other, in this order.
fn layered(names: &[&str], context: &Context) -> Policy {
    let source = |name: &&str| Source { name: (*name).into(), text: bundled(name).unwrap().into() };
    let compiled = compile(names.iter().map(source).collect(), &mut Nothing, context);
    assert!(compiled.is_ok(), "{names:?}: {:?}", compiled.err());
    compiled.unwrap()
}

#[test]
fn bundled_policies_compile_alone_and_together() {
    let context = Context { workspace: Some("/work/app".into()), home: Some("/home/ana".into()) };
    for first in BUNDLED {
        assert_eq!(layered(&[first], &context).name(), *first);
        for second in BUNDLED.iter().filter(|second| *second != first) {
            layered(&[first, second], &context);
        }
    }
    layered(&["permissive", "standard", "paranoid"], &context);
    layered(&["paranoid", "standard", "permissive"], &context);
    assert_eq!(bundled("nothing"), None);
    // Without a workspace and a home too.
    layered(&["standard"], &Context::default());
}
