//! An MCP server that does as little as a server can: finds the id and the method, and answers from templates.

#[path = "../../../bench/http/src/template.rs"]
mod template;

use anyhow::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::fd::AsFd;
pub(super) use template::text;

/// Answers until the end of input; flushes whenever nothing more is waiting. `varied`: with texts of many kinds in turn.
pub(crate) fn run(varied: bool) -> Result<bool> {
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let texts =
        if varied { VARIED.iter().map(|text| text.as_bytes().to_vec()).collect() } else { vec![text()] };
    let mut texts = texts.iter().cycle();
    let mut line = Vec::new();
    let mut answer = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        answer.clear();
        reply(&line, texts.next().map_or(&[], Vec::as_slice), &mut answer);
        output.write_all(&answer)?;
        line.clear();
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
    output.flush()?;
    Ok(true)
}

/// The answer to a call, as the client expects it byte for byte.
pub(super) fn call_answer(id: &[u8], text: &[u8], out: &mut Vec<u8>) {
    template::call_answer(id, text, out);
    out.push(b'\n');
}

fn reply(line: &[u8], text: &[u8], out: &mut Vec<u8>) {
    let Some(id) = field(line, b"\"id\":") else { return };
    template::reply(id, field(line, b"\"method\":").unwrap_or_default(), text, out);
    out.push(b'\n');
}

/// The value after the first `key`: an id or a method, so it ends at the next comma or brace.
fn field<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = line.windows(key.len()).position(|window| window == key)?;
    let value = line.get(at + key.len()..)?;
    let end = value.iter().position(|byte| [b',', b'}', b'\n'].contains(byte))?;
    value.get(..end)
}

const BUFFER_BYTES: usize = 64 << 10;

/// What tools answer with, escaped as JSON wants it.
const VARIED: &[&str] = &[
    "ok",
    "The ledger was kept by hand until the summer. After that every entry was typed, and the old pages went to the cellar, where they stayed dry for thirty years.\\nNobody asked for them until the roof was mended.",
    "[DIR] src\\n[DIR] tests\\n[FILE] Cargo.toml\\n[FILE] README.md\\n[FILE] build.rs\\n[FILE] notes-2026-03.txt\\n[DIR] target",
    "fn area(width: u32, height: u32) -> Option<u32> {\\n    // Overflow is an answer, too.\\n    width.checked_mul(height)\\n}\\n\\n#[test]\\nfn a_square() {\\n    assert_eq!(area(3, 3), Some(9), \\\"nine\\\");\\n}\\n",
    "{\\\"total\\\":3,\\\"items\\\":[{\\\"id\\\":\\\"a1\\\",\\\"size\\\":1024,\\\"tags\\\":[\\\"new\\\",\\\"blue\\\"]},{\\\"id\\\":\\\"a2\\\",\\\"size\\\":2048,\\\"tags\\\":[]},{\\\"id\\\":\\\"a3\\\",\\\"size\\\":64,\\\"tags\\\":null}]}",
    "# Release 2.4\\n\\n* **Faster** start: the index is read on demand.\\n* Mended: a [crash](https://example.org/issues/17) on empty input.\\n\\n| part | before | now |\\n|---|---|---|\\n| start | 310 ms | 40 ms |\\n| search | 12 ms | 11 ms |\\n",
    "2026-03-01T10:00:01Z INFO  server listening on 127.0.0.1:8080\\n2026-03-01T10:00:04Z WARN  slow query, 1204 ms, table=orders\\n2026-03-01T10:00:09Z INFO  GET /health 200 1ms\\n2026-03-01T10:00:12Z ERROR connection reset by peer (os error 104)\\n",
    "Die Brücke über den Fluss wurde im März geöffnet; am Ostersonntag fährt keine Fähre.\\nПаром отходит каждый час. 橋は三月に開通した。",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn replied(line: &str) -> String {
        let mut out = Vec::new();
        reply(line.as_bytes(), b"hi", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn answers_are_json_with_the_askers_id() {
        for (line, id) in [
            ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{}}\n", "7"),
            ("{\"method\":\"tools/list\",\"jsonrpc\":\"2.0\",\"id\":\"own-1\"}\n", "\"own-1\""),
            ("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{}}\n", "0"),
            ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}\n", "1"),
        ] {
            let answer: serde_json::Value = serde_json::from_str(&replied(line)).unwrap();
            assert_eq!(answer.get("id").unwrap().to_string(), id);
        }
        assert_eq!(replied("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"), "");
    }
}
