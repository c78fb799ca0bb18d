//! Commands: any text is read within its bounds, always in the same way, and a shell inside of a shell hides nothing.
#![no_main]

use bailiwick_semantic::command::{COMMANDS_MAX, Script, read, read_words};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let script = read(text);
    assert!(script.commands.len() <= COMMANDS_MAX);
    assert_eq!(read(text), script, "the same text, the same commands");
    let _ = read_words(text.split(' '));
    let nested = read(&format!("sh -c '{}'", text.replace('\'', r"'\''")));
    // Deeper inside, a bound is reached earlier.
    if script.doubt.is_none() && nested.doubt.is_none() {
        let inner = words(&nested);
        for command in words(&script) {
            assert!(inner.contains(&command), "{command:?} is hidden in {inner:?}");
        }
    }
});

fn words(script: &Script) -> Vec<Vec<&str>> {
    script
        .commands
        .iter()
        .map(|simple| simple.words.iter().map(|word| word.text.as_str()).collect())
        .collect()
}
