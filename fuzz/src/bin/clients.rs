//! Clients' configurations: any text is read or refused, and what is wrapped comes back byte for byte.
#![no_main]

use bailiwick_clients::config::read;
use bailiwick_clients::table::Table;
use bailiwick_clients::wrap::{Change, State, Wrapper, edit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let table = Table::bundled().expect("the bundled table is read");
    let wrapper = Wrapper {
        binary: "/opt/bailiwick".to_owned(),
        server: "a".to_owned(),
        policies: vec!["/p.yaml".to_owned()],
        lock: None,
        trace: None,
    };
    for client in ["cursor", "vscode", "zed", "opencode", "codex", "goose", "continue"] {
        let Some(file) = table.clients.get(client).and_then(|client| client.files.first()) else { continue };
        let reading = file.reading();
        let Ok(config) = read(text, &reading) else { continue };
        for (at, server) in config.servers.iter().enumerate().take(8) {
            assert!(text.get(server.name_span.clone()).is_some(), "a name's place is in the text");
            if State::of(server) != State::Bare {
                continue;
            }
            let change = Change { server: at, pieces: &[], wrapper: Some(&wrapper) };
            let Ok(wrapped) = edit(text, &reading, &[change]) else { continue };
            let change = Change { server: at, pieces: &wrapped.pieces, wrapper: None };
            let restored =
                edit(&wrapped.text, &reading, &[change]).expect("what was put in can be taken out");
            assert_eq!(restored.text, text);
        }
    }
});
