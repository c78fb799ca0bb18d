//! The JSON form, version 1: members are added, never changed.

use serde_json::{Value, json};

use crate::issues::issues;
use crate::page::{Drift, Log, Pack, Page, Server, Slice, Tool};

/// The whole report as one document.
#[must_use]
pub fn json(page: &Page) -> String {
    let list = |values: Vec<Value>| Value::Array(values);
    json!({
        "version": 1,
        "made": page.made,
        "program": page.program,
        "files": page.files,
        "servers": list(page.servers.iter().map(server).collect()),
        "findings": list(issues(page).findings.iter().map(bailiwick_analysis::render::finding).collect()),
        "findingsOmitted": page.findings.omitted,
        "policy": page.policy.as_ref().map(|policy| json!({
            "layers": policy.layers, "digest": policy.digest, "rules": policy.rules,
        })),
        "tools": list(page.tools.iter().map(tool).collect()),
        "timeline": list(page.timeline.iter().map(slice).collect()),
        "attacks": page.attacks.as_ref().map(|packs| list(packs.iter().map(pack).collect())),
        "drift": page.drift.as_ref().map(|all| list(all.iter().map(drift).collect())),
        "approvals": list(page.approvals.iter().map(|approval| json!({
            "at": approval.at, "server": approval.server, "tool": approval.tool,
            "approved": approval.is_approved, "why": approval.why,
        })).collect()),
        "auditLogs": list(page.logs.iter().map(log).collect()),
        "notInspected": list(page.not_inspected.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect()),
    })
    .to_string()
}

fn server(server: &Server) -> Value {
    json!({
        "client": server.client, "name": server.name, "state": server.standing.as_str(), "policies": server.policies,
    })
}

fn tool(tool: &Tool) -> Value {
    json!({
        "server": tool.server, "name": tool.name, "state": tool.state(), "allowed": tool.allowed, "asked": tool.asked,
        "denied": tool.denied, "failed": tool.failed, "locked": tool.is_locked,
    })
}

fn slice(slice: &Slice) -> Value {
    json!({ "from": slice.from, "allowed": slice.allowed, "asked": slice.asked, "denied": slice.denied })
}

fn pack(pack: &Pack) -> Value {
    let passing: Vec<Value> = pack
        .passing
        .iter()
        .map(|attack| json!({ "name": attack.name, "call": attack.call, "why": attack.why }))
        .collect();
    json!({
        "name": pack.name, "denied": pack.denied, "asked": pack.asked, "notExercised": pack.not_exercised,
        "passing": passing,
    })
}

fn drift(drift: &Drift) -> Value {
    json!({ "server": drift.server, "what": drift.what, "at": drift.at })
}

fn log(log: &Log) -> Value {
    json!({
        "path": log.path, "state": log.trust.as_str(), "records": log.records, "from": log.from, "to": log.to,
        "signedUpTo": log.signed_up_to, "findings": log.findings,
    })
}
