//! What a trace of the gateway says of where paths led.

use std::fs;
use std::process::Command;

use bailiwick_testkit::gateway::Gateway;
use bailiwick_testkit::http::{Upstream, ask, post};
use bailiwick_testkit::serde_json::{self, Value};
use bailiwick_testkit::workplace::Workplace;

use crate::{BUILT, INITIALIZE, call, plain};

const POLICY: &str = "version: 1\nname: p\ndefault: deny\nrules:\n  - { id: reads, effect: allow, on: ['*/read'], args: { path: { path: './src/**' } } }\n";

#[test]
fn paths_of_a_server_at_an_address_start_in_no_folder_of_ours_and_a_replay_takes_them_so() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("work")).expect("a folder");
    let upstream = Upstream::start(plain);
    let (policy, work) = (place.file("policy.yaml", POLICY).display().to_string(), place.at("work"));
    let (audit, traces) = (place.at("audit.jsonl"), place.at("traces"));
    let flags =
        ["--policy", &policy, "--workspace", &work, "--audit", &audit, "--trace", &traces, "--server", "s"];
    let mut gateway = Gateway::start(BUILT, &place, &upstream.url(), flags);
    let begun = ask(gateway.address, post(INITIALIZE, ""));
    let session = format!("Mcp-Session-Id: {}\r\n", begun.header("mcp-session-id").expect("a session"));
    let denied = |id: i64, path: &str| {
        let answer = ask(gateway.address, post(&call(id, path).to_string(), &session));
        answer.json()["result"]["isError"] == true
    };
    assert!(!denied(1, "src/a") && denied(2, "work/src/a"));
    assert_eq!(gateway.stop(), Some(0));

    let trace = fs::read_dir(&traces).expect("traces").next().expect("one").expect("a file");
    let trace = fs::read_to_string(trace.path()).expect("a trace");
    let header: Value = serde_json::from_str(trace.lines().next().expect("a line")).expect("JSON");
    assert!(header["workspace"] == work.as_str() && header.get("directory").is_none(), "{header}");
    let again = Command::new(BUILT)
        .args(["replay", "--policy", &policy, "--trace", &traces, "--format", "json"])
        .current_dir(place.path())
        .env_clear()
        .envs(place.environment())
        .output()
        .expect("it runs");
    let report: Value = serde_json::from_slice(&again.stdout).expect("a report");
    let exact = &report["traffic"]["exact"];
    assert!(exact["decisions"].as_u64() > Some(3) && exact["same"] == exact["decisions"], "{report}");
}
