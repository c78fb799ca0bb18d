//! The start that most conversations share: the handshake and the first list of tools.

use super::Way;
use super::fields::Fields;
use super::transcript::{Deed, Step, Wanted};

/// The modern version, which has no handshake.
const MODERN: &str = "2026-07-28";

/// The steps for `opens` (a protocol version), with `tools` (names, or whole tools), `capabilities` of the client and
/// `instructions` of the server. Without `opens` the transcript is all that is said.
pub(super) fn steps(head: &mut Fields) -> Vec<Step> {
    let tools: Vec<String> = head.raws("tools").iter().map(|raw| tool(raw)).collect();
    let capabilities = head.raw("capabilities").unwrap_or_else(|| "{}".to_owned());
    let instructions =
        head.raw("instructions").map(|text| format!(r#","instructions":{text}"#)).unwrap_or_default();
    let Some(version) = head.text("opens") else {
        assert!(tools.is_empty(), "{}: `tools` without `opens`", head.place());
        return Vec::new();
    };
    let tools = tools.join(",");
    if version == MODERN {
        let meta = format!(
            r#"{{"io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientInfo":{{"name":"case","version":"1"}},"io.modelcontextprotocol/clientCapabilities":{capabilities}}}"#
        );
        return vec![
            said(
                Way::ToServer,
                format!(
                    r#"{{"jsonrpc":"2.0","id":"open-2","method":"tools/list","params":{{"_meta":{meta}}}}}"#
                ),
            ),
            said(
                Way::ToClient,
                format!(
                    r#"{{"jsonrpc":"2.0","id":"open-2","result":{{"resultType":"complete","tools":[{tools}],"ttlMs":0,"cacheScope":"private"}}}}"#
                ),
            ),
        ];
    }
    vec![
        said(
            Way::ToServer,
            format!(
                r#"{{"jsonrpc":"2.0","id":"open-1","method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{capabilities},"clientInfo":{{"name":"case","version":"1"}}}}}}"#
            ),
        ),
        said(
            Way::ToClient,
            format!(
                r#"{{"jsonrpc":"2.0","id":"open-1","result":{{"protocolVersion":"{version}","capabilities":{{}},"serverInfo":{{"name":"puppet","version":"1"}}{instructions}}}}}"#
            ),
        ),
        said(Way::ToServer, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned()),
        said(Way::ToServer, r#"{"jsonrpc":"2.0","id":"open-2","method":"tools/list"}"#.to_owned()),
        said(Way::ToClient, format!(r#"{{"jsonrpc":"2.0","id":"open-2","result":{{"tools":[{tools}]}}}}"#)),
    ]
}

/// A tool by its name, or a whole one as it is written.
pub(super) fn tool(raw: &str) -> String {
    if raw.starts_with('"') {
        format!(r#"{{"name":{raw},"inputSchema":{{"type":"object"}}}}"#)
    } else {
        raw.to_owned()
    }
}

fn said(way: Way, text: String) -> Step {
    let deed = Deed::Say { way, line: text.into_bytes() };
    Step { place: "opening".to_owned(), at_ms: 0, deed, wanted: Wanted::default() }
}
