//! Answers of several servers as one.

use bailiwick_mcp::splice::Splice;
use bailiwick_mcp::{Body, Id, Limits, Packet, Parser, Value};
use hyper::body::Bytes;

use super::{List, quoted};

/// One server's part of a merged answer: its name, and its own answer.
type Part<'p> = (&'p str, Bytes);

/// One list of all items of `parts`, in their order. `absent` says who is missing, and why.
pub(in super::super) fn merged_list(
    of: &List,
    id: &Id<'_>,
    parts: &[Part<'_>],
    absent: &[String],
    limits: &Limits,
    modern: bool,
) -> Bytes {
    let (mut items, mut cursors) = (Vec::new(), Vec::new());
    for (name, bytes) in parts {
        result_of(bytes, limits, |result, text| {
            for item in result.get(of.key).into_iter().flat_map(Value::elements) {
                let mut splice = Splice::default();
                let page =
                    item.get("_meta").and_then(|meta| meta.get("ui")).and_then(|ui| ui.get("resourceUri"));
                // Where a tool has a page of its own (MCP Apps), that is a resource of the same server.
                for (value, mark) in [(item.get(of.field), of.mark()), (page, "+")] {
                    if let Some(value) = value
                        && let Some(inner) = value.text()
                    {
                        splice.replace(value.span(), quoted(&format!("{name}{mark}{inner}")));
                    }
                }
                let (start, end) = item.span();
                items.push(splice.apply(text.get(start..end).unwrap_or_default(), start));
            }
            if let Some(cursor) = result.get("nextCursor").and_then(Value::text) {
                let coded = data_encoding::BASE64URL_NOPAD.encode(cursor.as_bytes());
                cursors.push(format!("{name}:{coded}"));
            }
        });
    }
    let mut out = begin(id);
    out.push(b'"');
    out.extend_from_slice(of.key.as_bytes());
    out.extend_from_slice(b"\":[");
    out.extend_from_slice(&items.join(&b','));
    out.push(b']');
    if !cursors.is_empty() {
        member(&mut out, "nextCursor", quoted(&cursors.join(",")));
    }
    end(out, absent, modern)
}

/// One answer to `initialize` or `server/discover` of all `parts`.
pub(in super::super) fn merged_hello(
    id: &Id<'_>,
    parts: &[Part<'_>],
    absent: &[String],
    limits: &Limits,
    modern: bool,
) -> Bytes {
    let mut capabilities = Capabilities::default();
    let (mut instructions, mut versions) = (String::new(), Vec::new());
    let mut lowest: Option<String> = None;
    for (index, (name, bytes)) in parts.iter().enumerate() {
        result_of(bytes, limits, |result, _| {
            if let Some(own) = result.get("capabilities") {
                capabilities.unite(own);
            }
            if let Some(text) = result.get("instructions").and_then(Value::text) {
                instructions.push_str(&format!("# {name}\n\n{text}\n\n"));
            }
            // All of them must be able to go on in it.
            let supported = result.get("supportedVersions").into_iter().flat_map(Value::elements);
            let supported: Vec<String> = supported.filter_map(|v| Some(v.text()?.into_owned())).collect();
            match index {
                0 => versions = supported,
                _ => versions.retain(|version| supported.contains(version)),
            }
            let agreed = result.get("protocolVersion").and_then(Value::text).map(|text| text.into_owned());
            lowest = match (lowest.take(), agreed) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        });
    }
    let mut out = begin(id);
    out.extend_from_slice(format!("\"capabilities\":{{{}}}", capabilities.members().join(",")).as_bytes());
    if let Some(version) = lowest {
        member(&mut out, "protocolVersion", quoted(&version));
        let own = format!("{{\"name\":\"bailiwick\",\"version\":\"{}\"}}", env!("CARGO_PKG_VERSION"));
        member(&mut out, "serverInfo", own.into_bytes());
    }
    if modern {
        let quoted: Vec<String> = versions.iter().map(|version| format!("\"{version}\"")).collect();
        member(&mut out, "supportedVersions", format!("[{}]", quoted.join(",")).into_bytes());
    }
    if !instructions.is_empty() {
        member(&mut out, "instructions", quoted(instructions.trim_end()));
    }
    end(out, absent, modern)
}

/// What several servers can do together.
#[derive(Default)]
struct Capabilities {
    /// Each with those of its flags that are set.
    plain: Vec<(&'static str, Vec<&'static str>)>,
    /// Of [`TASKS`].
    tasks: Vec<&'static str>,
    /// As the first server that has it says.
    extensions: Vec<(&'static str, String)>,
}

const FLAGS: [(&str, &[&str]); 5] = [
    ("tools", &["listChanged"]),
    ("prompts", &["listChanged"]),
    ("resources", &["listChanged", "subscribe"]),
    ("logging", &[]),
    ("completions", &[]),
];
/// Parts of the capability `tasks` (2025-11-25), and the extensions that are served for several servers together.
const TASKS: [(&str, &str); 3] = [
    ("list", r#""list":{}"#),
    ("cancel", r#""cancel":{}"#),
    ("requests.tools.call", r#""requests":{"tools":{"call":{}}}"#),
];
const EXTENSIONS: [&str; 2] = ["io.modelcontextprotocol/tasks", "io.modelcontextprotocol/ui"];

impl Capabilities {
    fn unite(&mut self, own: Value<'_>) {
        for (capability, flags) in FLAGS {
            let Some(given) = own.get(capability) else { continue };
            let at = self.plain.iter().position(|(known, _)| *known == capability).unwrap_or_else(|| {
                self.plain.push((capability, Vec::new()));
                self.plain.len() - 1
            });
            let set = flags.iter().filter(|flag| given.get(flag).and_then(Value::boolean) == Some(true));
            if let Some((_, known)) = self.plain.get_mut(at) {
                known.extend(set);
            }
        }
        let tasks = own.get("tasks");
        for (words, _) in TASKS {
            let there = tasks.and_then(|tasks| words.split('.').try_fold(tasks, |value, key| value.get(key)));
            self.tasks.extend(there.map(|_| words));
        }
        for name in EXTENSIONS {
            if let Some(own) = own.get("extensions").and_then(|all| all.get(name))
                && self.extensions.iter().all(|(known, _)| *known != name)
            {
                self.extensions.push((name, own.raw().to_owned()));
            }
        }
    }

    fn members(mut self) -> Vec<String> {
        let mut members = Vec::new();
        for (capability, flags) in &mut self.plain {
            flags.sort_unstable();
            flags.dedup();
            let flags: Vec<String> = flags.iter().map(|flag| format!("\"{flag}\":true")).collect();
            members.push(format!("\"{capability}\":{{{}}}", flags.join(",")));
        }
        let tasks = TASKS.iter().filter(|(words, _)| self.tasks.contains(words));
        let tasks: Vec<&str> = tasks.map(|(_, text)| *text).collect();
        if !tasks.is_empty() {
            members.push(format!("\"tasks\":{{{}}}", tasks.join(",")));
        }
        let extensions = self.extensions.iter().map(|(name, raw)| format!("\"{name}\":{raw}"));
        let extensions: Vec<String> = extensions.collect();
        if !extensions.is_empty() {
            members.push(format!("\"extensions\":{{{}}}", extensions.join(",")));
        }
        members
    }
}

/// An empty result.
pub(in super::super) fn empty(id: &Id<'_>) -> Bytes {
    let mut out = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    id.write(&mut out);
    out.extend_from_slice(b",\"result\":{}}");
    out.into()
}

fn begin(id: &Id<'_>) -> Vec<u8> {
    let mut out = br#"{"jsonrpc":"2.0","id":"#.to_vec();
    id.write(&mut out);
    out.extend_from_slice(b",\"result\":{");
    out
}

fn end(mut out: Vec<u8>, absent: &[String], modern: bool) -> Bytes {
    if modern {
        out.extend_from_slice(br#","resultType":"complete","ttlMs":0,"cacheScope":"private""#);
    }
    if !absent.is_empty() {
        let quoted: Vec<Vec<u8>> = absent.iter().map(|why| quoted(why)).collect();
        let mut list = b"{\"bailiwick/unavailable\":[".to_vec();
        list.extend_from_slice(&quoted.join(&b','));
        list.extend_from_slice(b"]}");
        member(&mut out, "_meta", list);
    }
    out.extend_from_slice(b"}}");
    out.into()
}

fn member(out: &mut Vec<u8>, key: &str, value: Vec<u8>) {
    out.extend_from_slice(format!(",\"{key}\":").as_bytes());
    out.extend_from_slice(&value);
}

/// Lets `look` see the result in `bytes`, if it is one.
fn result_of(bytes: &Bytes, limits: &Limits, look: impl FnOnce(Value<'_>, &str)) {
    let mut parser = Parser::default();
    if let (Ok(Packet::One(message)), Ok(text)) =
        (Packet::parse(&mut parser, bytes, limits), std::str::from_utf8(bytes))
        && let Body::Result { result, .. } = &message.body
    {
        look(*result, text);
    }
}
