//! One upstream of a gateway's file.

use std::collections::BTreeMap;

use bailiwick_gateway::http::HeaderName;
use bailiwick_policy::document::Node;

use super::read::{MODES, Reader};
use super::words::{DAY, UPSTREAM, WEEK};
use super::{At, Upstream, Value, beside};
use crate::command::gateway::begin;

impl Reader<'_> {
    pub(super) fn upstream(&mut self, name: &str, node: &Node, silent: &Upstream) -> Option<Upstream> {
        let members = self.document.members(node, &UPSTREAM, "an upstream");
        let mut upstream = Upstream { name: name.to_owned(), ..silent.clone() };
        if let Some(node) = members.get("headers") {
            upstream.headers = self.headers(node);
        }
        if let Some(node) = members.get("forward-headers") {
            for (at, text) in self.document.texts(node, "`forward-headers`") {
                match begin::header_name(text) {
                    Ok(name) => upstream.forward.push(name),
                    Err(why) => self.document.wrong(at, why.message, "name a header of clients"),
                }
            }
        }
        if let Some(node) = members.get("run-by")
            && let Some(text) = self.document.text(node, "`run-by`")
        {
            match text.parse() {
                Ok(by) => upstream.run_by = Some(by),
                Err(why) => self.document.wrong(node, why, "say what names a run without a session"),
            }
        }
        if let Some(node) = members.get("ca") {
            upstream.ca = self.place(node, "`ca`");
        }
        if let Some(node) = members.get("policy") {
            upstream.policies = self.policies(node);
        }
        if let Some(mode) = members.get("mode").and_then(|node| self.document.choice(node, "mode", &MODES)) {
            upstream.mode = mode;
        }
        if let Some(lock) = members.get("lock").and_then(|node| self.place(node, "`lock`")) {
            upstream.lock = Some(lock);
        }
        let limits = &mut upstream.limits;
        self.time(members.get("answer-timeout").copied(), "`answer-timeout`", DAY, &mut limits.answer_time);
        self.time(members.get("stream-idle").copied(), "`stream-idle`", WEEK, &mut limits.stream_idle);
        self.time(members.get("session-idle").copied(), "`session-idle`", WEEK, &mut limits.session_idle);
        self.count(members.get("sessions").copied(), "`sessions`", 1..=1_000_000, &mut limits.sessions_max);
        let At::Command { mut processes_max, .. } = upstream.at else { return None };
        self.count(members.get("processes").copied(), "`processes`", 1..=10_000, &mut processes_max);
        upstream.at = self.at(node, &members, processes_max)?;
        Some(upstream)
    }

    /// Where the server is: at a URL, or behind a command.
    fn at(&mut self, node: &Node, members: &BTreeMap<&str, &Node>, processes_max: usize) -> Option<At> {
        let for_http = ["headers", "ca", "forward-headers", "transport"];
        let legacy = members
            .get("transport")
            .and_then(|node| self.document.choice(node, "transport", &[("http", false), ("sse", true)]));
        Some(match (members.get("url"), members.get("command")) {
            (Some(at), None) => {
                if let Some(node) = members.get("processes") {
                    self.document.wrong(node, "`processes` of an upstream by URL", "remove it");
                }
                let text = self.document.text(at, "`url`")?;
                match begin::url(text) {
                    Ok(uri) if legacy == Some(true) => At::Events(uri),
                    Ok(uri) => At::Url(uri),
                    Err(why) => {
                        self.document.wrong(at, why.message, why.help.unwrap_or_default());
                        return None;
                    }
                }
            }
            (None, Some(words)) => {
                for key in for_http.iter().filter_map(|key| members.get(key)) {
                    self.document.wrong(
                        key,
                        "an upstream over stdio has no headers or certificates",
                        "remove it",
                    );
                }
                let words = self.document.texts(words, "`command`");
                At::Command { words: words.into_iter().map(|(_, word)| word.into()).collect(), processes_max }
            }
            (Some(_), Some(at)) => {
                self.document.wrong(at, "an upstream with `url` and `command`", "keep one of the two");
                return None;
            }
            (None, None) => {
                self.document.wrong(node, "an upstream has no `url` or `command`", "say where the server is");
                return None;
            }
        })
    }

    fn headers(&mut self, node: &Node) -> Vec<(HeaderName, Value)> {
        let mut out = Vec::new();
        for (key, name, value) in self.document.pairs(node, "`headers`") {
            let name = begin::header_name(name);
            let Some(text) = self.document.text(value, "the source of a header") else { continue };
            match (name, begin::value(text)) {
                (Ok(name), Some(Value::File(path))) => {
                    out.push((name, Value::File(beside(self.path, &path.to_string_lossy()))));
                }
                (Ok(name), Some(value)) => out.push((name, value)),
                (Err(why), _) => self.document.wrong(key, why.message, "name a header of the server's own"),
                // Without the text: someone may have written the secret itself.
                (Ok(_), None) => {
                    let help = "write `env:VARIABLE` or `file:PATH`; secrets do not belong in this file";
                    self.document.wrong(value, "a header's value is named, not written", help);
                }
            }
        }
        out
    }
}
