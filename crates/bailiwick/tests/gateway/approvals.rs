//! Calls that wait for a person: asked over a socket of the same user, answered once, denied by silence.

use std::process::Command;
use std::time::Duration;

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Connection, Upstream, ask};
use bailiwick_testkit::process::Signal;
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, call, post, said, server, session};

struct Asking {
    place: Workplace,
    one: Upstream,
    gateway: Gateway,
    session: String,
}

/// A gateway that asks about every call, for as long as `ttl`.
fn asking(ttl: &str) -> Asking {
    let (place, one) = (Workplace::new(), server("one"));
    let policy = format!(
        "version: 1\nname: asks\ndefault: deny\nrules:\n  - {{ id: reads, effect: ask, on: ['*/read'], reason: 'look first', approval: {{ ttl: {ttl} }} }}\n"
    );
    place.file("asks.yaml", &policy);
    let text = format!(
        "version: 1\naudit: audit.jsonl\npolicy: asks.yaml\nlisteners: {{ a: {{ address: '127.0.0.1:0' }} }}\nupstreams: {{ one: {{ url: '{}' }} }}\nroutes: [{{ path: /mcp, upstream: one }}]\n",
        one.url()
    );
    let gateway = Gateway::configured(BUILT, &place, &text, []);
    let session = session(gateway.address, "/mcp");
    Asking { place, one, gateway, session }
}

impl Asking {
    /// Begins a call that waits.
    fn call(&self, id: i64, path: &str) -> Connection {
        let mut connection = Connection::open(self.gateway.address);
        connection.send(post("/mcp", &self.session, &call(id, path)));
        connection
    }

    /// `bailiwick approvals ARGUMENTS`: status and output.
    fn approvals(&self, arguments: &[&str]) -> (i32, String) {
        let out = Command::new(bailiwick_testkit::route::binary(BUILT))
            .arg("approvals")
            .args(arguments)
            .env_clear()
            .envs(self.place.environment())
            .env("BAILIWICK_STATE_DIR", self.place.at("state"))
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.code().unwrap_or(-1), text)
    }

    /// Waits for a question with `words` in it; its name.
    fn question(&self, words: &str) -> (String, String) {
        for _ in 0..200 {
            let (_, text) = self.approvals(&["list"]);
            if text.contains(words) {
                let line = text.lines().find(|line| line.contains("denied in")).expect("a name");
                return (line.split(' ').next().expect("a name").to_owned(), text);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it was not asked");
    }

    fn calls(&self) -> usize {
        self.one.seen().iter().filter(|text| text.text().contains("tools/call")).count()
    }
}

#[test]
fn an_approved_call_goes_on_once_and_a_denied_one_does_not() {
    let asking = asking("1m");
    let mut waits = asking.call(1, "a\u{202e}b");
    let (name, text) = asking.question("reads");
    for words in ["look first", "tools/call", "user:local", "⟨U+202E⟩"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(asking.calls(), 0, "nothing is sent before");
    assert_eq!(asking.approvals(&["approve", &name]).0, 0);
    assert!(said(&waits.answer()).starts_with("one "));
    let (status, text) = asking.approvals(&["approve", &name]);
    assert!(status == 1 && text.contains("not asked any more"), "{text}");
    let mut waits = asking.call(2, "/srv/../etc//hosts");
    let (name, text) = asking.question("/srv/..");
    assert!(text.contains("  path      /etc/hosts\n"), "what the policy made of it: {text}");
    assert_eq!(asking.approvals(&["deny", &name]).0, 0);
    assert!(said(&waits.answer()).contains("denied with `bailiwick approvals`"));
    assert_eq!(asking.calls(), 1);
    let audit = std::fs::read_to_string(asking.place.at("audit.jsonl")).expect("a log");
    assert!(audit.contains("with `bailiwick approvals`"), "{audit}");
    assert_eq!(asking.approvals(&["list"]).0, 3);
    assert_eq!(asking.approvals(&["approve", "1-1"]).0, 2);
}

#[test]
fn silence_is_a_denial_and_so_is_the_end() {
    let mut asking = asking("1s");
    let mut waits = asking.call(1, "a");
    assert!(said(&waits.answer()).contains("nobody answered in time"));
    let mut waits = asking.call(2, "b");
    asking.question("\"b\"");
    asking.gateway.signal(Signal::TERM);
    assert!(said(&waits.answer()).contains("the gateway ends"));
    assert_eq!(asking.gateway.stop(), Some(0));
    assert_eq!(asking.calls(), 0);
    assert_eq!(asking.approvals(&["list"]).0, 3);
}

#[test]
fn a_call_whose_client_left_is_not_sent_when_it_is_approved() {
    let asking = asking("1m");
    let waits = asking.call(1, "a");
    let (name, _) = asking.question("\"a\"");
    drop(waits);
    std::thread::sleep(Duration::from_millis(200));
    let _ = asking.approvals(&["approve", &name]);
    let other = ask(
        asking.gateway.address,
        post(
            "/mcp",
            &asking.session,
            &bailiwick_testkit::serde_json::json!({"jsonrpc": "2.0", "id": 9, "method": "ping"}),
        ),
    );
    assert_eq!(other.status(), 200);
    assert_eq!(asking.calls(), 0);
}
