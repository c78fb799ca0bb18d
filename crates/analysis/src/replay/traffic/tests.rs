//! What a trace holds beside its messages is decided over too.

use std::sync::{Arc, LazyLock};

use bailiwick_engine::{Lane, Scanner};
use bailiwick_mcp::headers::Repeated;
use bailiwick_mcp::{Direction, Limits, Timestamp};
use bailiwick_policy::{Context, Load, Policy, Principal, Source, compile};

use super::{Exactly, Place, Recorded, Replayer, RunAbout};
use crate::replay::Traffic;

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::new()));

struct Alone;

impl Load for Alone {
    fn load(&mut self, _: &str, reference: &str) -> Result<Source, String> {
        Err(reference.to_owned())
    }
}

fn open() -> Arc<Policy> {
    let text = "version: 1\ndefault: deny\nrules:\n  - { id: all, effect: allow, on: \"*/*\" }\n".to_owned();
    let source = Source { name: "policy".to_owned(), text };
    Arc::new(compile(vec![source], &mut Alone, &Context::default()).unwrap())
}

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

fn about() -> RunAbout {
    RunAbout {
        run: "r".to_owned(),
        server: "s".to_owned(),
        principal: Principal { id: "user:ana".to_owned(), ..Principal::default() },
        nonce: "n".to_owned(),
        counted: "r".to_owned(),
        limits: Limits::DEFAULT,
        pins: None,
    }
}

/// A list whose tool marks an argument, and a call of it in `eu` with this header beside it, which was refused then.
fn refused(region: &str) -> Traffic {
    let mut replayer = Replayer::new(Arc::clone(&SCANNER));
    replayer.begin(&about(), &open());
    let list = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{META}}}}}"#);
    let listed = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[{"name":"query","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}}"#;
    let call = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{"name":"query","arguments":{{"region":"eu"}},{META}}}}}"#
    );
    let beside = Repeated(vec![("region".to_owned(), region.as_bytes().to_vec())]);
    for (line, (to, text, beside)) in [
        (Direction::ToServer, list.as_str(), Some(&Repeated::default())),
        (Direction::ToClient, listed, None),
        (Direction::ToServer, &call, Some(&beside)),
    ]
    .into_iter()
    .enumerate()
    {
        let at = Timestamp(i64::try_from(line).unwrap());
        replayer.message("r", at, (to, Lane::default()), (text, beside));
    }
    let recorded = Recorded {
        event: "decision",
        method: "tools/call",
        verdict: "deny",
        effect: "refused",
        ..Recorded::default()
    };
    replayer.decision("r", Timestamp(3), Place { file: "f", line: 4 }, &recorded);
    replayer.finish(Exactly::new(Arc::clone(&SCANNER))).0
}

#[test]
fn a_call_that_was_refused_for_its_headers_is_refused_again() {
    let traffic = refused("us");
    assert_eq!((traffic.calls, traffic.same, traffic.now_allowed), (1, 1, 0), "{traffic:?}");
    let traffic = refused("eu");
    assert_eq!((traffic.calls, traffic.same, traffic.now_allowed), (1, 0, 1), "{traffic:?}");
}

/// The record of a call that was refused, in a log alone: it says of arguments what the check found, or what rules looked at.
fn told(unruled: bool, arguments: &str) -> Traffic {
    let mut replayer = Replayer::new(Arc::clone(&SCANNER));
    replayer.begin(&about(), &open());
    let recorded = Recorded {
        event: "decision",
        call: 1,
        method: "tools/call",
        target: Some("query"),
        arguments: Some(arguments),
        verdict: "deny",
        effect: "refused",
        unruled,
        ..Recorded::default()
    };
    replayer.audited("r", Timestamp(1), Place { file: "f", line: 2 }, &recorded);
    replayer.finish(Exactly::new(Arc::clone(&SCANNER))).0
}

#[test]
fn what_no_rule_looked_at_is_not_decided_by_what_its_record_holds_in_the_place_of_arguments() {
    let traffic = told(false, r#"{"region":"eu"}"#);
    assert_eq!((traffic.calls, traffic.now_allowed), (1, 1), "{traffic:?}");
    let traffic = told(true, r#"{"name":"query","Name":"other"}"#);
    assert_eq!((traffic.calls, traffic.now_allowed), (0, 0), "{traffic:?}");
}
