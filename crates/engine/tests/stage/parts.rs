//! What tests of the whole engine begin with: policies from their texts, and an engine under them.

use std::sync::{Arc, LazyLock};

use bailiwick_engine::{Engine, Mode, Scanner, Settings};
use bailiwick_mcp::Limits;
use bailiwick_policy::{Context, Load, Policy, Principal, Source, compile};

/// No policy extends a file.
struct Nothing;

impl Load for Nothing {
    fn load(&mut self, _from: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));

/// These layers as one policy.
pub(crate) fn policy(texts: &[&str]) -> Arc<Policy> {
    let source =
        |(index, text): (usize, &&str)| Source { name: format!("{index}.yaml"), text: (*text).to_owned() };
    let context = Context { workspace: Some("/work".to_owned()), home: Some("/home/ana".to_owned()) };
    let compiled = compile(texts.iter().enumerate().map(source).collect(), &mut Nothing, &context);
    Arc::new(compiled.unwrap_or_else(|problems| panic!("{}", problems.render(false))))
}

/// An engine for the server `s`.
pub(crate) fn engine(mode: Mode, limits: Limits, policy: Arc<Policy>) -> Engine {
    let principal = Arc::new(Principal::default());
    let settings = Settings { mode, server: "s".into(), principal, limits, nonce: "n".to_owned() };
    Engine::new(settings, policy, Arc::clone(&SCANNER), None)
}
