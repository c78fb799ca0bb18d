//! An MCP server that does as little as a server can: finds the id and the method, and answers from templates.

#[path = "../../../bench/http/src/template.rs"]
mod template;

use anyhow::Result;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::fd::AsFd;
pub(super) use template::text;

/// Answers until the end of input; flushes whenever nothing more is waiting.
pub(crate) fn run() -> Result<bool> {
    let input = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
    let text = text();
    let mut line = Vec::new();
    let mut answer = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        answer.clear();
        reply(&line, &text, &mut answer);
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
